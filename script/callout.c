/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which script is asked for an operation, and what its answer means.
 *
 * A versioned script (one that answered "capabilities") is the one script for
 * its type, and asked for nothing that it did not list.  Without one, the
 * first that does not say "not my type" serves the operation.
 */
#include "script/callout.h"
#include "lib/interrupt.h"
#include "script/query.h"

static const char *const verbs[] = {
	[ACTION_START] = "start",   [ACTION_STOP] = "stop",	[ACTION_DEFINE] = "define",
	[ACTION_MODIFY] = "modify", [ACTION_UNDEFINE] = "undefine",
};

static char *definition_json(const struct mdev *m)
{
	json_auto_t *json = mdev_to_json(m);

	return json_dumps(json, JSON_COMPACT);
}

static void notify(const struct callout *c, enum state state)
{
	const struct ask ask = { EVENT_NOTIFY, c->action, state };

	for (size_t i = 0; i < c->all->notifiers.n; i++) {
		_cleanup_(program_done) struct program s = { 0 };

		if (callout_run(c->all, &s, c->all->notifiers.s[i], c->m, &ask, NULL) == 0 &&
		    !callout_succeeded(&s)) {
			_cleanup_free_ char *why = callout_describe_end(&s);

			debug("%s", why);
		}
	}
}

/* A refusal by pre: an error, or with --force a warning. */
static int refuse(const struct callout *c, const char *why)
{
	const char *verb = verbs[c->action];

	if (!c->force || interrupted())
		return fail("cannot %s %s: %s", verb, c->m->uuid, why);
	warn("%s; %s %s goes on because of --force", why, verb, c->m->uuid);
	return 0;
}

static int run_pre(struct callout *c, const char *script, const char *json, bool *ret_mine)
{
	const struct ask ask = { EVENT_PRE, c->action, STATE_NONE };
	_cleanup_(program_done) struct program s = { 0 };
	bool versioned = c->capability.script;
	_cleanup_free_ char *why = NULL;
	int r;

	*ret_mine = false;
	r = callout_run(c->all, &s, script, c->m, &ask, json);
	if (r < 0 && !versioned && script_is_none(r))
		return 0;
	if (r < 0)
		why = xasprintf("the script %s could not be started: %s", script, strerror(-r));
	else if (callout_is_not_mine(&s) && !versioned)
		return 0;
	else if (!callout_succeeded(&s))
		why = callout_describe_end(&s);
	if (why && s.end == PROGRAM_SIGNALED && !versioned && !interrupted()) {
		warn("%s; the next one is asked", why);
		return 0;
	}
	*ret_mine = true;
	c->script = script;
	return why ? refuse(c, why) : 0;
}

static int pre_versioned(struct callout *c, const char *json)
{
	const struct capability *can = &c->capability;
	_cleanup_free_ char *why = NULL;
	bool mine;

	if ((can->events & BIT(EVENT_PRE)) && (can->actions & BIT(c->action)))
		return run_pre(c, can->script, json, &mine);
	why = xasprintf("the script %s for type %s does not support %s", can->script, c->m->type,
			can->events & BIT(EVENT_PRE) ? verbs[c->action] : "the event pre");
	/* With --force, its post is run all the same. */
	c->script = can->script;
	return refuse(c, why);
}

static int pre(struct callout *c)
{
	_cleanup_free_ char *json = definition_json(c->m);
	bool mine = false;
	int r = 0;

	if (c->capability.script)
		return pre_versioned(c, json);
	for (size_t i = 0; i < c->all->scripts.n && !mine && r == 0 && !interrupted(); i++)
		r = run_pre(c, c->all->scripts.s[i], json, &mine);
	return r;
}

/* Its status changes nothing.  Whether the script felt responsible. */
static bool run_post(const struct callout *c, const char *script, const char *json,
		     enum state state)
{
	const struct ask ask = { EVENT_POST, c->action, state };
	_cleanup_(program_done) struct program s = { 0 };
	_cleanup_free_ char *why = NULL;
	int r;

	r = callout_run(c->all, &s, script, c->m, &ask, json);
	if (r < 0)
		why = xasprintf("the script %s could not be started: %s", script, strerror(-r));
	else if (callout_succeeded(&s))
		return true;
	else
		why = callout_describe_end(&s);
	/* Of those that have not run at pre, what is not theirs is no wonder. */
	if (c->script || (r == 0 && !callout_is_not_mine(&s)))
		warn("after %s of %s: %s", verbs[c->action], c->m->uuid, why);
	return r == 0 && !callout_is_not_mine(&s) && s.end != PROGRAM_SIGNALED;
}

static void post(const struct callout *c, enum state state)
{
	_cleanup_free_ char *json = definition_json(c->m);
	const struct capability *can = &c->capability;

	if (c->script) {
		if (!can->script || ((can->events & BIT(EVENT_POST)) && (can->actions & BIT(c->action))))
			run_post(c, c->script, json, state);
		return;
	}
	for (size_t i = 0; !can->script && i < c->all->scripts.n; i++)
		if (run_post(c, c->all->scripts.s[i], json, state))
			return;
}

int callout_begin(struct callout *c, struct callouts *all, const struct mdev *m,
		  enum action action, bool force)
{
	_cleanup_(error_done) struct error error = {};
	int r = 0;

	*c = (struct callout){ .all = all, .m = m, .action = action, .force = force };
	interrupt_defer();
	if (all->error) {
		_cleanup_free_ char *why = xasprintf("cannot look for its scripts: %s",
						     strerror(-all->error));

		r = refuse(c, why);
	}
	if (r == 0 && all->scripts.n && callout_capability(all, m, &c->capability, &error) < 0)
		r = refuse(c, error.text);
	if (r == 0 && all->scripts.n && !interrupted())
		r = pre(c);
	if (r < 0) {
		notify(c, STATE_NONE);
		return r;
	}
	if (interrupted())
		return callout_end(c, fail("cannot %s %s: interrupted, and nothing was done", verbs[action],
						 m->uuid));
	return 0;
}

int callout_end(struct callout *c, int result)
{
	enum state state = result < 0 ? STATE_FAILURE : STATE_SUCCESS;

	if (c->all->scripts.n)
		post(c, state);
	notify(c, state);
	return result;
}

int callout_live(struct callouts *all, const struct mdev *m)
{
	struct callout c = { .all = all, .m = m, .action = ACTION_MODIFY };
	const struct ask ask = { EVENT_LIVE, ACTION_MODIFY, STATE_NONE };
	_cleanup_(program_done) struct program s = { 0 };
	_cleanup_(error_done) struct error error = {};
	_cleanup_free_ char *json = NULL, *why = NULL;
	struct capability can;
	int r;

	interrupt_defer();
	if (callout_capability(all, m, &can, &error) < 0)
		return fail("cannot modify %s while it runs: %s", m->uuid, error.text);
	if (!can.script || !(can.events & BIT(EVENT_LIVE)) || !(can.actions & BIT(ACTION_MODIFY)))
		return fail("cannot modify %s while it runs: there is no callout script for type %s that can; stop it, and start it again with the new definition",
			    m->uuid, m->type);
	json = definition_json(m);
	r = callout_run(all, &s, can.script, m, &ask, json);
	if (r < 0)
		why = xasprintf("the script %s could not be started: %s", can.script, strerror(-r));
	else if (!callout_succeeded(&s))
		why = callout_describe_end(&s);
	if (why)
		r = fail("cannot modify %s while it runs: %s", m->uuid, why);
	notify(&c, STATE_NONE);
	return r;
}
