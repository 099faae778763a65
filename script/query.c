/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking the scripts, and running several questions side by side.
 */
#include "script/query.h"
#include "lib/interrupt.h"

#include <sched.h>

/* A list must end, even where a script does not. */
#define LIST_TIMEOUT_MS 10000
/* A script waits for what it starts, and for hardware, while another computes. */
#define QUERIES_PER_CPU 3
/* Each may print 1 MB, and a descriptor limit of 1024 has room for them. */
#define QUERIES_MAX 64

/* One question about a device: one script after the other, until one answers. */
struct query {
	struct callouts *all;
	struct mdev *m;
	enum action action; /* ACTION_CAPABILITIES or ACTION_ATTRIBUTES */
	struct capability capability; /* that was asked for, or who answers for the attributes */
	const char *input;
	struct program run;
	size_t next; /* script to ask */
	bool waiting; /* for its next script to be started */
	char *why; /* what went wrong */
};

static void query_done(struct query *q)
{
	program_done(&q->run);
	free(q->why);
	q->why = NULL;
}

static const char *next_script(struct query *q)
{
	const struct capability *can = &q->capability;

	if (!can->script)
		return q->next < q->all->scripts.n ? q->all->scripts.s[q->next++] : NULL;
	if (q->next++ || !(can->events & BIT(EVENT_GET)) ||
	    !(can->actions & BIT(ACTION_ATTRIBUTES)))
		return NULL;
	return can->script;
}

/* What passes when others end, if we have started some of them. */
static bool is_shortage(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -EAGAIN || r == -ENOMEM;
}

/* Starts the next script that can be: 1, or 0 if there is none left.  Or
 * -errno if there is no room for one: it can be tried again. */
static int query_continue(struct query *q)
{
	const struct ask ask = { EVENT_GET, q->action, STATE_NONE };
	const char *script;

	program_done(&q->run);
	while ((script = next_script(q))) {
		int r = -ENOENT;

		free(take(q->why));
		if (!callout_is_hung(q->all, script))
			r = callout_start(q->all, &q->run, script, q->m, &ask, q->input);
		if (r == 0)
			return 1;
		if (script_is_none(r))
			continue;
		q->why = xasprintf("the script %s could not be started: %s", script, strerror(-r));
		if (is_shortage(r)) {
			q->next--;
			return r;
		}
		/* It is told when the script is to do something. */
		if (q->action != ACTION_CAPABILITIES)
			break;
	}
	return 0;
}

/* Takes the answer of the script that has ended; whether the next one is to be asked. */
static bool take_capabilities(struct query *q)
{
	const struct program *s = &q->run;

	/* Twice: this question has nothing to do with one device. */
	if (s->end == PROGRAM_TIMED_OUT) {
		strv_add(&q->all->hung, xstrdup(s->path));
		callout_note_hung(q->all, s);
	}
	/* Any other status will do, if the answer is one. */
	return s->end != PROGRAM_EXITED || callout_is_not_mine(s) ||
	       !capability_from_json(&q->capability, s->out.data, s->out.length, s->path);
}

static void read_attributes(struct query *q)
{
	_cleanup_free_ char *source = xasprintf("the answer of the script %s", q->run.path);
	_cleanup_(error_done) struct error error = {};

	if (mdev_attrs_from_json(q->m, q->run.out.data, q->run.out.length, source, &error) < 0)
		q->why = take(error.text);
}

static bool take_attributes(struct query *q, bool strict)
{
	const struct program *s = &q->run;

	if (callout_succeeded(s)) {
		read_attributes(q);
		return false;
	}
	if (s->end == PROGRAM_TIMED_OUT) {
		callout_note_hung(q->all, s);
		return false;
	}
	if (callout_is_not_mine(s) && !q->capability.script)
		return true;
	q->why = callout_describe_end(s);
	if (s->end != PROGRAM_SIGNALED || strict || q->capability.script || interrupted())
		return false;
	warn("%s; the next one is asked for the attributes of %s", q->why, q->m->uuid);
	return true;
}

static bool query_take(struct query *q, bool strict)
{
	return q->action == ACTION_CAPABILITIES ? take_capabilities(q) : take_attributes(q, strict);
}

/* One question alone: 0, or -errno with q->why if a script could not be asked. */
static int query_run(struct query *q)
{
	struct program *const runs[] = { &q->run };
	int r = 0;

	while (!interrupted() && (r = query_continue(q)) > 0) {
		program_wait_any(runs, 1);
		if (!query_take(q, true))
			break;
	}
	return r < 0 ? r : 0;
}

static bool is_known(const struct callouts *all, const struct mdev *m, struct capability *ret_capability)
{
	for (size_t i = 0; i < all->n_capabilities; i++) {
		const struct capability *c = &all->capabilities[i];

		if (!str_eq(c->parent, m->parent) || !str_eq(c->type, m->type))
			continue;
		*ret_capability = *c;
		return true;
	}
	return false;
}

static void note_capability(const struct query *q)
{
	struct capability *c;

	q->all->capabilities = xgrow(q->all->capabilities, q->all->n_capabilities, sizeof(*c));
	c = &q->all->capabilities[q->all->n_capabilities++];
	*c = q->capability;
	c->parent = xstrdup(q->m->parent);
	c->type = xstrdup(q->m->type);
}

static int ask_capability(struct callouts *all, const struct mdev *m, struct capability *ret_capability,
			  struct error *error)
{
	_cleanup_free_ char *input = capability_question(all->offers_compat);
	_cleanup_(query_done) struct query q = {
		.all = all,
		.m = (struct mdev *)m,
		.action = ACTION_CAPABILITIES,
		.input = input,
	};
	int r = query_run(&q);

	if (r < 0) {
		error_set(error, "%s", q.why);
		return r;
	}
	note_capability(&q);
	*ret_capability = q.capability;
	return 0;
}

int callout_capability(struct callouts *all, const struct mdev *m, struct capability *ret_capability,
		       struct error *error)
{
	return is_known(all, m, ret_capability) ? 0 : ask_capability(all, m, ret_capability, error);
}

int callout_get_attributes(struct callouts *all, struct mdev *m)
{
	_cleanup_(query_done) struct query q = { .all = all, .m = m, .action = ACTION_ATTRIBUTES };
	_cleanup_(error_done) struct error error = {};

	interrupt_defer();
	if (callout_capability(all, m, &q.capability, &error) < 0)
		return fail("cannot read the attributes of %s: %s", m->uuid, error.text);
	query_run(&q);
	if (!q.why && interrupted())
		q.why = xstrdup("interrupted");
	return q.why ? fail("cannot read the attributes of %s: %s", m->uuid, q.why) : 0;
}

static size_t count_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

/* Of those that wait none is started any more after a shortage, or a signal,
 * which program_start() takes for one that came before.  Those that are over
 * leave.  How many run, or -errno: none does, as there is no room for one. */
static int start_waiting(struct query *queries[], size_t *n)
{
	size_t left = 0;
	int runs = 0, r = 0;

	for (size_t i = 0; i < *n; i++) {
		struct query *q = queries[i];

		if (q->waiting && r >= 0 && !interrupted()) {
			r = query_continue(q);
			if (r == 0)
				continue;
			q->waiting = r < 0;
		}
		runs += !q->waiting;
		queries[left++] = q;
	}
	*n = left;
	return runs || r >= 0 ? runs : r;
}

static void wait_for_some(struct query *queries[], size_t n)
{
	struct program *runs[n];
	size_t n_runs = 0;

	for (size_t i = 0; i < n; i++)
		if (!queries[i]->waiting)
			runs[n_runs++] = &queries[i]->run;
	program_wait_any(runs, n_runs);
}

/* Of the scripts that have ended: their questions wait for the next one, or leave. */
static void collect(struct query *queries[], size_t *n)
{
	size_t left = 0;

	for (size_t i = 0; i < *n; i++) {
		struct query *q = queries[i];

		if (!q->waiting && q->run.end != PROGRAM_RUNNING) {
			q->waiting = query_take(q, false);
			program_done(&q->run); /* up to 1 MB */
			if (!q->waiting)
				continue;
		}
		queries[left++] = q;
	}
	*n = left;
}

/*
 * 0, -EINTR if a signal ended it, or -errno if there is no room for a script,
 * which is told.  The caller has query_done() to call for each.
 */
static int run_side_by_side(struct query *all, size_t n_all, const char *what)
{
	struct progress progress = progress_begin(what, n_all);
	size_t most = QUERIES_PER_CPU * count_cpus(), width = most < QUERIES_MAX ? most : QUERIES_MAX;
	struct query *queries[width];
	size_t n = 0, next = 0;
	int r = 0;

	while (r >= 0 && (n || next < n_all) && !interrupted()) {
		for (; n < width && next < n_all; next++) {
			all[next].waiting = true;
			queries[n++] = &all[next];
		}
		r = start_waiting(queries, &n);
		progress_show(&progress, next - n);
		if (r <= 0 || interrupted())
			continue;
		wait_for_some(queries, n);
		collect(queries, &n);
	}
	progress_end(&progress);
	if (r < 0)
		warn("attributes are not shown: %s", queries[0]->why);
	return interrupted() ? -EINTR : r < 0 ? r : 0;
}

static bool is_asked_for(const struct query *queries, size_t n, const struct mdev *m)
{
	/* Devices of a kind are often neighbours. */
	while (n)
		if (mdev_is_same_kind(queries[--n].m, m))
			return true;
	return false;
}

/* Before any of the devices is asked for: each of these answers is needed first. */
static int list_capabilities(struct callouts *all, struct mdev_list *list, struct query *queries)
{
	_cleanup_free_ char *input = capability_question(all->offers_compat);
	size_t n = 0;
	int r;

	for (size_t i = 0; i < list->n; i++)
		if (!is_asked_for(queries, n, &list->m[i]))
			queries[n++] = (struct query){
				.all = all,
				.m = &list->m[i],
				.action = ACTION_CAPABILITIES,
				.input = input,
			};
	r = run_side_by_side(queries, n, "asking scripts what they can do");
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			note_capability(&queries[i]);
		query_done(&queries[i]);
	}
	return r;
}

static int list_attributes(struct callouts *all, struct mdev_list *list, struct query *queries)
{
	int r;

	for (size_t i = 0; i < list->n; i++) {
		queries[i] = (struct query){ .all = all, .m = &list->m[i], .action = ACTION_ATTRIBUTES };
		is_known(all, &list->m[i], &queries[i].capability);
	}
	r = run_side_by_side(queries, list->n, "asking scripts for attributes");
	for (size_t i = 0; i < list->n; i++) {
		if (queries[i].why)
			debug("the attributes of %s are not shown: %s", list->m[i].uuid, queries[i].why);
		query_done(&queries[i]);
	}
	return r;
}

int callout_list_attributes(struct callouts *all, struct mdev_list *list)
{
	_cleanup_free_ struct query *queries = NULL;
	int r;

	if (!all->scripts.n)
		return 0;
	interrupt_defer();
	all->timeout = LIST_TIMEOUT_MS;
	queries = xcalloc(list->n + 1, sizeof(*queries));
	r = list_capabilities(all, list, queries);
	if (r == 0)
		r = list_attributes(all, list, queries);
	if (r == -EINTR)
		fail("interrupted");
	return r == -EINTR ? r : 0;
}
