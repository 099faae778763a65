/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start-parent-mdevs: what udev runs when a parent device appears.
 *
 * Runs for one parent wait for each other.  What still cannot be started at
 * once, because somebody else is just making or removing a device of that
 * UUID, or because the parent's driver is late with its types, is waited for
 * after everything else has been started.
 */
#include "activate.h"
#include "bus.h"
#include "callout.h"
#include "cmd.h"
#include "config.h"
#include "explain.h"
#include "interrupt.h"

/* How long devices that somebody else is making are waited for, in all. */
#define OTHERS_MS 5000
/* The same for a parent or types that are not there. */
#define LATE_MS 10000
#define POLL_MS 10
/* A UUID that is taken but not on the bus is that of a removal which somebody
 * holds up; scripts are not to be asked again every few ms meanwhile. */
#define RETRY_MS 250

/* The devices to be started, in three parts: those not yet tried, and those
 * that have to be waited for. */
struct run {
	struct callouts *all;
	const char *parent;
	struct mdev_list wanted, others, late;
	uint64_t late_deadline;
	bool stopped; /* by a signal, which was told */
	bool unread; /* not every definition could be */
};

static void run_done(struct run *run)
{
	mdev_list_done(&run->wanted);
	mdev_list_done(&run->others);
	mdev_list_done(&run->late);
}

static int fail_taken(const struct mdev *m, const struct mdev *running)
{
	return fail("cannot start %s on %s as %s: the UUID is active on %s as %s", m->uuid,
		    m->parent, m->type, running->parent, running->type);
}

/* 0: it runs, 1: it does not; else the UUID is another device's, which is told. */
static int check_active(const struct host *h, const struct mdev *m)
{
	_cleanup_(mdev_done) struct mdev running = {};

	if (bus_find(h, m->uuid, &running) < 0)
		return 1;
	return mdev_is_same_kind(m, &running) ? 0 : fail_taken(m, &running);
}

/* -EEXIST without a word: somebody else is making or removing it. */
static int start(const struct host *h, const struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};
	int r;

	/* Again, as a script may have waited for the run that made it. */
	r = check_active(h, m);
	if (r <= 0)
		return r;
	r = activate(h, m, &error);
	if (r == 0)
		info("started %s on %s as %s", m->uuid, m->parent, m->type);
	if (r == 0 || r == -EEXIST)
		return r;
	return fail("cannot start %s: %s", m->uuid, error.text);
}

static int start_one(struct callouts *all, const struct mdev *m)
{
	struct callout c;
	int r;

	r = check_active(all->h, m);
	if (r <= 0)
		return r;
	r = callout_begin(&c, all, m, ACTION_START, false);
	return r < 0 ? r : callout_end(&c, start(all->h, m));
}

/* Somebody else has the UUID: what it becomes is ours, theirs, or nothing. */
static int start_after_other(struct callouts *all, const struct mdev *m, uint64_t deadline)
{
	for (;;) {
		bool on_bus = bus_is_changing(all->h, m->uuid);
		int r = check_active(all->h, m);

		if (r == 1 && !on_bus)
			r = start_one(all, m);
		if (r != 1 && r != -EEXIST)
			return r;
		if (now_ms() >= deadline || interrupted())
			return fail("cannot start %s: another device of this UUID is half made or being removed, and stays so",
				    m->uuid);
		sleep_ms(on_bus ? POLL_MS : RETRY_MS);
	}
}

static int stop_run(struct run *run)
{
	run->stopped = true;
	return fail("interrupted: not every automatic device was started");
}

/* Moves what has to be waited for to its list. */
static int start_wanted(struct run *run)
{
	struct progress progress = progress_begin("starting devices", run->wanted.n);
	const struct host *h = run->all->h;
	int r, result = 0;

	for (size_t i = 0; i < run->wanted.n; i++) {
		struct mdev *m = &run->wanted.m[i];

		progress_show(&progress, i);
		if (interrupted())
			return stop_run(run);
		if (!bus_is_ready(h, m->parent, m->type) && check_active(h, m) == 1) {
			mdev_list_take(&run->late, m);
			continue;
		}
		r = start_one(run->all, m);
		if (r == -EEXIST)
			mdev_list_take(&run->others, m);
		else if (r < 0)
			result = r;
	}
	progress_end(&progress);
	return result;
}

static int start_others(struct run *run)
{
	uint64_t deadline = now_ms() + OTHERS_MS;
	int result = 0;

	for (size_t i = 0; i < run->others.n; i++) {
		int r;

		if (interrupted())
			return stop_run(run);
		r = start_after_other(run->all, &run->others.m[i], deadline);
		if (r < 0)
			result = r;
	}
	return result;
}

static int start_late_one(struct run *run, const struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};
	const struct host *h = run->all->h;
	int r;

	while (!bus_is_ready(h, m->parent, m->type)) {
		if (now_ms() >= run->late_deadline) {
			explain_create(h, m, -ENOENT, &error);
			return fail("cannot start %s: %s", m->uuid, error.text);
		}
		if (interrupted())
			return stop_run(run);
		sleep_ms(POLL_MS);
	}
	r = start_one(run->all, m);
	return r == -EEXIST ? start_after_other(run->all, m, now_ms() + OTHERS_MS) : r;
}

static int start_late(struct run *run)
{
	int r, result = 0;

	for (size_t i = 0; i < run->late.n; i++) {
		if (interrupted())
			return stop_run(run);
		r = start_late_one(run, &run->late.m[i]);
		if (r < 0)
			result = r;
	}
	return result;
}

static int start_all(struct run *run)
{
	int (*const parts[])(struct run *) = { start_wanted, start_others, start_late };
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && !run->stopped; i++) {
		int r = parts[i](run);

		if (r < 0)
			result = r;
	}
	return result;
}

static int fail_absent(const char *parent, const struct mdev_list *wanted)
{
	_cleanup_(strv_done) struct strv uuids = {};
	_cleanup_free_ char *names = NULL;

	for (size_t i = 0; i < wanted->n; i++)
		strv_add(&uuids, xstrdup(wanted->m[i].uuid));
	names = strv_join(&uuids, 5);
	return fail("cannot start %s: the parent %s is not registered; is its driver loaded?", names,
		    parent);
}

static bool wait_for_parent(const struct host *h, const struct run *run)
{
	while (!bus_has_parent(h, run->parent)) {
		if (now_ms() >= run->late_deadline || interrupted())
			return false;
		sleep_ms(POLL_MS);
	}
	return true;
}

/* Messages here are for syslog too: udev drops the stderr of what it runs. */
static int find_wanted(const struct host *h, struct run *run)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {};
	_cleanup_(strv_done) struct strv problems = {};
	int r;

	r = config_list(h, run->parent, &defined, &problems, &run->unread);
	warn_of(&problems);
	if (r < 0)
		return fail_errno(r, "cannot read the definitions of %s", run->parent);
	for (size_t i = 0; i < defined.n; i++)
		if (defined.m[i].autostart)
			mdev_list_take(&run->wanted, &defined.m[i]);
	mdev_list_sort(&run->wanted);
	return 0;
}

static int fail_unread(const struct run *run)
{
	return fail("not every definition of %s could be read: perhaps not every automatic device was started",
		    run->parent);
}

static int start_wanted_devices(const struct host *h, struct run *run)
{
	_cleanup_close_ int lock = -1;
	int r;

	r = find_wanted(h, run);
	if (r < 0)
		return r;
	if (!run->wanted.n)
		return run->unread ? fail_unread(run) : 0;
	run->late_deadline = now_ms() + LATE_MS;
	if (!wait_for_parent(h, run))
		return fail_absent(run->parent, &run->wanted);
	if (geteuid() != 0 && !bus_may_create(h, &run->wanted.m[0]))
		return fail("cannot start the devices of %s: only root may create devices", run->parent);
	lock = bus_lock_parent(h, run->parent);
	if (lock < 0)
		debug("going on without a lock of %s: %s", run->parent, strerror(-lock));
	callouts_open(run->all, h);
	r = start_all(run);
	return r == 0 && run->unread ? fail_unread(run) : r;
}

int cmd_start_parent_mdevs(const struct host *h, const struct args *a)
{
	_cleanup_(callouts_close) struct callouts all = {};
	_cleanup_(run_done) struct run run = { .all = &all, .parent = a->operand };
	const char *problem = parent_name_problem(a->operand);
	int r, vfs;

	if (problem)
		return usage_error("the parent name '%s' %s", a->operand, problem);
	/* The log is that of the running system, not of one below --root. */
	if (!host_is_subtree(h))
		say_to_syslog();
	vfs = enable_defined_vfs(h, run.parent);
	r = start_wanted_devices(h, &run);
	return r < 0 ? r : vfs;
}
