/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start-parent-mdevs: what udev runs when a parent device appears.
 *
 * Udev may run it twice at once for one parent, so a device that another run
 * is just making is waited for, after everything else has been started.
 */
#include "activate.h"
#include "callout.h"
#include "cmd.h"
#include "config.h"
#include "interrupt.h"
#include "sysfs.h"

/* How long devices that somebody else is making are waited for, in all. */
#define OTHERS_MS 5000
#define POLL_MS 10
/* A UUID that is taken but not on the bus is that of a removal which somebody
 * holds up; scripts are not to be asked again every few ms meanwhile. */
#define RETRY_MS 250

static int fail_taken(const struct mdev *m, const struct mdev *running)
{
	return fail("cannot start %s on %s as %s: the UUID is active on %s as %s", m->uuid,
		    m->parent, m->type, running->parent, running->type);
}

/* 0: it runs, 1: it does not; else the UUID is another device's, which is told. */
static int check_active(const struct host *h, const struct mdev *m)
{
	_cleanup_(mdev_done) struct mdev running = {};

	if (sysfs_find(h, m->uuid, &running) < 0)
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
		bool on_bus = sysfs_exists(all->h, m->uuid);
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

static int start_all(struct callouts *all, struct mdev_list *wanted)
{
	_cleanup_(mdev_list_done) struct mdev_list others = {};
	uint64_t deadline;
	int r, result = 0;
	size_t i, j;

	for (i = 0; i < wanted->n && !interrupted(); i++) {
		r = start_one(all, &wanted->m[i]);
		if (r == -EEXIST)
			mdev_list_take(&others, &wanted->m[i]);
		else if (r < 0)
			result = r;
	}
	deadline = now_ms() + OTHERS_MS;
	for (j = 0; j < others.n && !interrupted(); j++) {
		r = start_after_other(all, &others.m[j], deadline);
		if (r < 0)
			result = r;
	}
	if (i < wanted->n || j < others.n)
		return fail("interrupted: not every automatic device was started");
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

int cmd_start_parent_mdevs(const struct host *h, const struct args *a)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {}, wanted = {};
	_cleanup_(callouts_close) struct callouts all = {};
	_cleanup_(strv_done) struct strv problems = {};
	const char *parent = a->operand, *problem = parent_name_problem(parent);
	int r;

	if (problem)
		return usage_error("the parent name '%s' %s", parent, problem);
	/* The log is that of the running system, not of one below --root. */
	if (!host_is_subtree(h))
		say_to_syslog();
	r = config_list(h, parent, &defined, &problems);
	warn_of(&problems);
	if (r < 0)
		return fail_errno(r, "cannot read the definitions of %s", parent);
	for (size_t i = 0; i < defined.n; i++)
		if (defined.m[i].autostart)
			mdev_list_take(&wanted, &defined.m[i]);
	mdev_list_sort(&wanted);
	if (wanted.n && !sysfs_has_parent(h, parent))
		return fail_absent(parent, &wanted);
	callouts_open(&all, h);
	return start_all(&all, &wanted);
}
