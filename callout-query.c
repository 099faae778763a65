/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking the scripts, and running several questions side by side.
 */
#include "callout-query.h"
#include "interrupt.h"

#include <sched.h>

/* A list must end, even where a script does not. */
#define LIST_TIMEOUT_MS 10000
/* A script waits for what it starts, and for hardware, while another computes. */
#define QUERIES_PER_CPU 3

/* One question about a device: one script after the other, until one answers. */
struct query {
	struct callouts *all;
	struct mdev *m;
	enum action action; /* ACTION_CAPABILITIES or ACTION_ATTRIBUTES */
	struct capability capability; /* that was asked for, or who answers for the attributes */
	const char *input;
	struct script run;
	size_t next; /* script to ask */
	char *why; /* what went wrong */
};

static void query_done(struct query *q)
{
	script_done(&q->run);
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

/* Starts the next script that can be; false if there is none left. */
static bool query_continue(struct query *q)
{
	const struct ask ask = { EVENT_GET, q->action, STATE_NONE };
	const char *script;

	script_done(&q->run);
	while ((script = next_script(q))) {
		int r = -ENOENT;

		if (!callout_is_hung(q->all, script))
			r = callout_start(q->all, &q->run, script, q->m, &ask, q->input);
		if (r == 0)
			return true;
		/* It is told when the script is to do something. */
		if (callout_is_no_script(r) || q->action == ACTION_CAPABILITIES)
			continue;
		q->why = xasprintf("the script %s could not be started: %s", script, strerror(-r));
		break;
	}
	return false;
}

static bool take_capabilities(struct query *q)
{
	const struct script *s = &q->run;

	/* Twice: this question has nothing to do with one device. */
	if (s->end == SCRIPT_TIMED_OUT) {
		strv_add(&q->all->hung, xstrdup(s->path));
		callout_note_hung(q->all, s);
	}
	/* Any other status will do, if the answer is one. */
	if (s->end == SCRIPT_EXITED && !callout_is_not_mine(s) &&
	    capability_from_json(&q->capability, s->out.data, s->out.length, s->path))
		return false;
	return query_continue(q);
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
	const struct script *s = &q->run;

	if (callout_succeeded(s)) {
		read_attributes(q);
		return false;
	}
	if (s->end == SCRIPT_TIMED_OUT) {
		callout_note_hung(q->all, s);
		return false;
	}
	if (callout_is_not_mine(s) && !q->capability.script)
		return query_continue(q);
	q->why = callout_describe_end(s);
	if (s->end != SCRIPT_SIGNALED || strict || q->capability.script || interrupted())
		return false;
	warn("%s; the next one is asked for the attributes of %s", q->why, q->m->uuid);
	free(take(q->why));
	return query_continue(q);
}

/* Takes the answer of the script that has ended; false: the query is over. */
static bool query_take(struct query *q, bool strict)
{
	return q->action == ACTION_CAPABILITIES ? take_capabilities(q) : take_attributes(q, strict);
}

static void query_run(struct query *q)
{
	struct script *const runs[] = { &q->run };
	bool running;

	for (running = query_continue(q); running; running = query_take(q, true))
		script_wait_any(runs, 1);
}

static const struct capability *known_capability(const struct callouts *all, const struct mdev *m)
{
	for (size_t i = 0; i < all->n_capabilities; i++)
		if (str_eq(all->capabilities[i].parent, m->parent) &&
		    str_eq(all->capabilities[i].type, m->type))
			return &all->capabilities[i];
	return NULL;
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

struct capability callout_capability(struct callouts *all, const struct mdev *m)
{
	const struct capability *known = known_capability(all, m);
	_cleanup_free_ char *input = known ? NULL : capability_question();
	_cleanup_(query_done) struct query q = {
		.all = all,
		.m = (struct mdev *)m,
		.action = ACTION_CAPABILITIES,
		.input = input,
	};

	if (known)
		return *known;
	query_run(&q);
	note_capability(&q);
	return q.capability;
}

int callout_get_attributes(struct callouts *all, struct mdev *m)
{
	_cleanup_(query_done) struct query q = { .all = all, .m = m, .action = ACTION_ATTRIBUTES };

	interrupt_defer();
	q.capability = callout_capability(all, m);
	query_run(&q);
	return q.why ? fail("cannot read the attributes of %s: %s", m->uuid, q.why) : 0;
}

static size_t count_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

static void wait_for_some(struct query *running[], size_t n)
{
	struct script *runs[n];

	for (size_t i = 0; i < n; i++)
		runs[i] = &running[i]->run;
	script_wait_any(runs, n);
}

/* Lets the ended ones go on or leave; the number that is still running. */
static size_t collect(struct query *running[], size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		struct query *q = running[i];

		if (q->run.end == SCRIPT_RUNNING || query_take(q, false))
			running[left++] = q;
		else
			script_done(&q->run); /* up to 1 MB */
	}
	return left;
}

/* 0, or -EINTR if a signal ended it; the caller has query_done() to call for each. */
static int run_side_by_side(struct query *queries, size_t n_queries, const char *what)
{
	struct progress progress = progress_begin(what, n_queries);
	size_t width = QUERIES_PER_CPU * count_cpus(), n = 0, next = 0;
	struct query *running[width];

	while (!interrupted()) {
		for (; n < width && next < n_queries; next++)
			if (query_continue(&queries[next]))
				running[n++] = &queries[next];
		if (!n)
			break;
		progress_show(&progress, next - n);
		wait_for_some(running, n);
		n = collect(running, n);
	}
	progress_end(&progress);
	return n || interrupted() ? -EINTR : 0;
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
	_cleanup_free_ char *input = capability_question();
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
		note_capability(&queries[i]);
		query_done(&queries[i]);
	}
	return r;
}

static int list_attributes(struct callouts *all, struct mdev_list *list, struct query *queries)
{
	int r;

	for (size_t i = 0; i < list->n; i++)
		queries[i] = (struct query){
			.all = all,
			.m = &list->m[i],
			.action = ACTION_ATTRIBUTES,
			.capability = *known_capability(all, &list->m[i]),
		};
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
	if (r < 0)
		fail("interrupted");
	return r;
}
