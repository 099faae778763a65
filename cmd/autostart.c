/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start-parent-mdevs: what udev runs when a parent device appears.
 *
 * Runs for one parent wait for each other.  What still cannot be started at
 * once, because somebody else is just making or removing a device of that
 * UUID, or because the parent's driver is late with its types, is waited for
 * after everything else has been started.
 */
#include "cmd/choice.h"
#include "cmd/cmd.h"
#include "config.h"
#include "device/activate.h"
#include "device/bus.h"
#include "device/explain.h"
#include "device/kept.h"
#include "hardware/sriov.h"
#include "lib/interrupt.h"
#include "script/callout.h"

/* How long a device that somebody else is making or removing is waited for. */
#define OTHERS_MS 5000
/* The same for a parent or types that are not there, as udev ends what takes long. */
#define LATE_MS 10000
#define POLL_MS 10
/* How often types that are late are looked for, which takes some reading. */
#define LOOK_MS 100
/* A UUID that is taken, though nothing shows why: scripts are not to be asked
 * again every few ms meanwhile. */
#define RETRY_MS 250

/* A device that has to be waited for. */
struct pending {
	struct mdev m;
	bool is_late; /* its type is not there, else its UUID is taken */
	uint64_t next, deadline;
};

struct run {
	struct callouts *all;
	const char *parent;
	struct mdev_list wanted;
	struct pending *pending;
	size_t n_pending;
	unsigned late_ms; /* how long a parent or types that are not there are waited for */
	uint64_t late_deadline;
	bool tells_problems;
	const char *binds; /* the driver that the parent is to have, whatever is defined; NULL: none */
	bool only_binds;
	bool stopped; /* by what concerns all devices, and was told */
	bool unread; /* not every definition could be */
};

static void run_done(struct run *run)
{
	mdev_list_done(&run->wanted);
	for (size_t i = 0; i < run->n_pending; i++)
		mdev_done(&run->pending[i].m);
	free(run->pending);
}

static int fail_interrupted(struct run *run)
{
	run->stopped = true;
	return fail("interrupted: not every automatic device of %s was started", run->parent);
}

static int fail_not_root(struct run *run)
{
	run->stopped = true;
	return fail("cannot start the devices of %s: only root may create devices", run->parent);
}

static int fail_taken(const struct mdev *m, const struct mdev *running)
{
	return fail("cannot start %s on %s as %s: the UUID is active on %s as %s", m->uuid,
		    m->parent, m->type, running->parent, running->type);
}

/* 0: it runs, 1: it does not; else the UUID is another device's, which is told. */
static int check_active(const struct host *h, struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev running = {};

	/* What is wrong with that is told when it is started. */
	place_settle_type(h, m, &error);
	if (bus_find(h, m->uuid, &running) < 0)
		return 1;
	return mdev_is_same_kind(m, &running) ? 0 : fail_taken(m, &running);
}

/* Since it was read we may have waited: 1: it still is to be started, 0: it is
 * no longer defined, or no longer automatic. */
static int read_again(const struct run *run, struct mdev *m)
{
	const struct host *h = run->all->h;
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev now = {};
	int r;

	r = config_load(h, m->uuid, m->parent, &now, &error);
	if (r == -ENOENT)
		return run->binds && !m->defined;
	if (r < 0)
		return fail("cannot start %s: %s", m->uuid, error.text ? error.text : strerror(-r));
	mdev_done(m);
	*m = take(now);
	return m->autostart || run->binds;
}

/* Without a word, -EEXIST: somebody else is making or removing it; -EAGAIN: its type
 * is not there yet. */
static int create(const struct callouts *all, struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};
	int r;

	/* Again, as a script may have waited for who made it. */
	r = all->scripts.n ? check_active(all->h, m) : 1;
	if (r <= 0)
		return r;
	r = activate(all->h, m, &error);
	if (r == 0)
		info("started %s on %s as %s", m->uuid, m->parent, m->type);
	if (r == 0 || r == -EEXIST)
		return r;
	if (r == -ENOENT && !bus_is_ready(all->h, m->parent, m->type))
		return -EAGAIN;
	return fail("cannot start %s: %s", m->uuid, error.text);
}

static int start(struct run *run, struct mdev *m)
{
	const struct host *h = run->all->h;
	struct callout c;
	int r;

	r = read_again(run, m);
	if (r > 0 && choice_settle_type(h, m, false, "cannot start") < 0)
		return -ECANCELED;
	if (r <= 0)
		return r;
	if (geteuid() != 0 && !bus_may_create(h, m))
		return fail_not_root(run);
	r = callout_begin(&c, run->all, m, ACTION_START, false);
	return r < 0 ? r : callout_end(&c, create(run->all, m));
}

static void put_off(struct run *run, struct mdev *m, bool is_late)
{
	uint64_t now = now_ms();
	struct pending p = {
		.is_late = is_late,
		.next = now + (is_late ? POLL_MS : RETRY_MS),
		.deadline = is_late ? run->late_deadline : now + OTHERS_MS,
	};

	p.m = take(*m);
	run->pending = xgrow(run->pending, run->n_pending, sizeof(*run->pending));
	run->pending[run->n_pending++] = p;
}

/* Starts what can be started, and puts off what has to be waited for. */
static int start_wanted(struct run *run)
{
	struct progress progress = progress_begin("starting devices", run->wanted.n);
	const struct host *h = run->all->h;
	int r, result = 0;

	for (size_t i = 0; i < run->wanted.n && !run->stopped; i++) {
		struct mdev *m = &run->wanted.m[i];

		progress_show(&progress, i);
		r = interrupted() ? fail_interrupted(run) : check_active(h, m);
		/* A script may have to make what the type needs before it is offered. */
		if (r == 1 && !(run->all->scripts.n && geteuid() == 0) && !bus_is_ready(h, m->parent, m->type))
			r = -EAGAIN;
		if (r == 1)
			r = start(run, m);
		if (r == -EEXIST || r == -EAGAIN)
			put_off(run, m, r == -EAGAIN);
		else if (r < 0)
			result = r;
	}
	progress_end(&progress);
	return result;
}

static int give_up(const struct host *h, const struct pending *p)
{
	_cleanup_(error_done) struct error error = {};

	if (!p->is_late)
		return fail("cannot start %s: another device of this UUID is half made or being removed, and stays so",
			    p->m.uuid);
	explain_create(h, &p->m, -ENOENT, &error);
	return fail("cannot start %s: %s", p->m.uuid, error.text);
}

/* -EAGAIN: it has to be waited for still. */
static int try_again(struct run *run, struct pending *p)
{
	const struct host *h = run->all->h;
	int r;

	if (p->is_late && now_ms() < p->next)
		return -EAGAIN;
	r = check_active(h, &p->m);
	if (r <= 0)
		return r;
	if (!bus_is_ready(h, p->m.parent, p->m.type)) {
		p->next = now_ms() + LOOK_MS;
		return -EAGAIN;
	}
	if (p->is_late) {
		p->is_late = false;
		p->deadline = now_ms() + OTHERS_MS;
	}
	if (bus_is_changing(h, p->m.uuid) || bus_is_leaving(h, p->m.uuid) || now_ms() < p->next)
		return -EAGAIN;
	r = start(run, &p->m);
	if (r == -EAGAIN) {
		/* Its type has gone again. */
		p->is_late = true;
		p->deadline = run->late_deadline;
		p->next = now_ms() + LOOK_MS;
	}
	if (r != -EEXIST)
		return r;
	p->next = now_ms() + RETRY_MS;
	return -EAGAIN;
}

/* One look at each that is waited for; those that are settled are dropped. */
static int try_pending(struct run *run)
{
	size_t left = 0;
	int result = 0;

	for (size_t i = 0; i < run->n_pending; i++) {
		struct pending *p = &run->pending[i];
		int r = run->stopped ? -EAGAIN : try_again(run, p);

		if (r == -EAGAIN && !run->stopped && now_ms() >= p->deadline)
			r = give_up(run->all->h, p);
		if (r == -EAGAIN) {
			struct pending kept = take(*p);

			run->pending[left++] = kept;
			continue;
		}
		if (r < 0)
			result = r;
		mdev_done(&p->m);
	}
	run->n_pending = left;
	return result;
}

static int start_pending(struct run *run)
{
	int r, result = 0;

	while (run->n_pending && !run->stopped) {
		if (interrupted())
			return fail_interrupted(run);
		r = try_pending(run);
		if (r < 0)
			result = r;
		if (run->n_pending)
			sleep_ms(POLL_MS);
	}
	return result;
}

static int fail_absent(const struct host *h, struct run *run)
{
	_cleanup_(strv_done) struct strv uuids = {};
	_cleanup_free_ char *names = NULL, *unkept = explain_unkept(h, &run->wanted.m[0]);

	for (size_t i = 0; i < run->wanted.n; i++)
		strv_add(&uuids, xstrdup(run->wanted.m[i].uuid));
	names = strv_join(&uuids, 5);
	if (unkept)
		return fail("cannot start %s: %s", names, unkept);
	return fail("cannot start %s: the parent %s is not registered; is its driver loaded? 'mdevctl doctor' looks for that",
		    names, run->parent);
}

static int wait_for_parent(const struct host *h, struct run *run)
{
	uint64_t begun = now_ms();
	bool told = !isatty(STDERR_FILENO);

	while (!bus_has_parent(h, run->parent)) {
		if (interrupted())
			return fail_interrupted(run);
		if (now_ms() >= run->late_deadline)
			return fail_absent(h, run);
		if (!told && now_ms() - begun >= 1000) {
			notice("waiting for the parent %s, %u s at most", run->parent, run->late_ms / 1000);
			told = true;
		}
		sleep_ms(POLL_MS);
	}
	return 0;
}

/* What has room for one device, is to be bound, and is not: that of a definition, if one
 * is kept for it.  Why it cannot be is told when it is started. */
static int add_bound(const struct host *h, struct run *run)
{
	_cleanup_(mdev_done) struct mdev m = { .parent = str_intern(run->parent), .type = run->binds }, holder = {};

	if (run->only_binds && run->wanted.n) {
		mdev_list_done(&run->wanted);
		return 0;
	}
	if (run->wanted.n || bus_find_holder(h, run->parent, &holder) == 0)
		return 0;
	if (!bus_fixed_uuid(h, &m))
		return fail("cannot start a device on %s: that has gone, or cannot be looked at", run->parent);
	mdev_list_take(&run->wanted, &m);
	return 0;
}

/* Messages here are for syslog too: udev drops the stderr of what it runs. */
static int find_wanted(const struct host *h, struct run *run)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {};
	_cleanup_(strv_done) struct strv problems = {};
	int r;

	r = config_list(h, run->parent, &defined, &problems, &run->unread);
	if (run->tells_problems)
		warn_of(&problems);
	if (r < 0)
		return fail_errno(r, "cannot read the definitions of %s", run->parent);
	for (size_t i = 0; i < defined.n; i++)
		if (defined.m[i].autostart)
			mdev_list_take(&run->wanted, &defined.m[i]);
	mdev_list_sort(&run->wanted);
	return run->binds ? add_bound(h, run) : 0;
}

static int start_all(const struct host *h, struct run *run)
{
	_cleanup_close_ int lock = bus_lock_parent(h, run->parent);
	int r, later;

	if (lock == -EINTR)
		return fail_interrupted(run);
	if (lock == -ETIMEDOUT)
		warn("another process has locked %s for 30 s; going on all the same", run->parent);
	callouts_open(run->all, h);
	r = start_wanted(run);
	later = start_pending(run);
	return later < 0 ? later : r;
}

static int start_wanted_devices(const struct host *h, struct run *run)
{
	int r;

	r = find_wanted(h, run);
	if (r < 0)
		return r;
	run->late_deadline = now_ms() + run->late_ms;
	if (run->wanted.n)
		r = wait_for_parent(h, run);
	if (r == 0 && run->wanted.n)
		r = start_all(h, run);
	if (r == 0 && run->unread)
		return fail("not every definition of %s could be read: perhaps not every automatic device was started",
			    run->parent);
	return r;
}

int autostart_parent(const struct host *h, const char *parent, unsigned late_ms, bool problems)
{
	_cleanup_(callouts_close) struct callouts all = {};
	_cleanup_(run_done) struct run run = {
		.all = &all,
		.parent = parent,
		.late_ms = late_ms,
		.tells_problems = problems,
	};

	return start_wanted_devices(h, &run);
}

int autostart_vfs(const struct host *h, const char *pf, bool defined)
{
	_cleanup_(strv_done) struct strv vfs = {};
	struct kept kept;
	int r, result = 0;

	r = kept_of_pf(h, pf, &kept);
	if (r < 0 && r != -ENOENT)
		return fail_errno(r, "cannot start the devices of the virtual functions of %s: what is kept for it cannot be read", pf);
	if (r < 0 || !(defined || kept.bind))
		return 0;
	r = sriov_list_vfs(h, pf, &vfs);
	if (r < 0)
		result = fail_errno(r, "perhaps not every device of the virtual functions of %s is started: they cannot be listed", pf);
	for (size_t i = 0; i < vfs.n && !interrupted(); i++) {
		_cleanup_(callouts_close) struct callouts all = {};
		_cleanup_(run_done) struct run run = {
			.all = &all,
			.parent = vfs.s[i],
			.late_ms = LATE_MS,
			.tells_problems = defined,
			.binds = kept.bind ? kept.driver : NULL,
			.only_binds = !defined,
		};

		r = start_wanted_devices(h, &run);
		result = r < 0 ? r : result;
	}
	return result;
}

int cmd_start_parent_mdevs(const struct host *h, const struct args *a)
{
	const char *parent = a->operand, *problem = parent ? parent_name_problem(parent) : NULL;
	int r, vfs, functions;

	if (problem)
		return usage_error("the parent name '%s' %s", parent, problem);
	/* The log is that of the running system, not of one below --root. */
	if (!host_is_subtree(h))
		say_to_syslog();
	/* Of a unit (systemd.exec(5)), whose messages stand among those of others. */
	if (secure_getenv("INVOCATION_ID"))
		say_about(parent);
	interrupt_defer();
	if (!parent)
		return autostart_all(h);
	vfs = enable_defined_vfs(h, parent, false);
	r = autostart_parent(h, parent, LATE_MS, true);
	functions = autostart_vfs(h, parent, true);
	return r < 0 ? r : vfs < 0 ? vfs : functions;
}
