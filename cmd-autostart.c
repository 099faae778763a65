/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start-parent-mdevs: what udev runs when a parent device appears.
 *
 * Udev may run it twice at once for one parent, so a device that another run
 * is just making is waited for, after everything else has been started.
 */
#include "activate.h"
#include "cmd.h"
#include "config.h"
#include "sysfs.h"

/* How long devices that somebody else is making are waited for, in all. */
#define OTHERS_MS 5000
#define POLL_MS 10

static bool is_active(const struct mdev *wanted, const struct mdev *running)
{
	return str_eq(wanted->parent, running->parent) && str_eq(wanted->type, running->type);
}

static int fail_taken(const struct mdev *m, const struct mdev *running)
{
	return fail("cannot start %s on %s as %s: the UUID is active on %s as %s", m->uuid,
		    m->parent, m->type, running->parent, running->type);
}

/* 0 started or active already; -EEXIST without a word: perhaps being made. */
static int start_one(const struct host *h, const struct mdev *m)
{
	_cleanup_(mdev_done) struct mdev running = {};
	_cleanup_(error_done) struct error error = {};
	int r;

	if (sysfs_find(h, m->uuid, &running) == 0)
		return is_active(m, &running) ? 0 : fail_taken(m, &running);
	r = activate(h, m, &error);
	if (r == 0)
		info("started %s on %s as %s", m->uuid, m->parent, m->type);
	if (r == 0 || r == -EEXIST)
		return r;
	return fail("cannot start %s: %s", m->uuid, error.text);
}

/* Somebody else has the UUID: what it becomes is ours, theirs, or nothing. */
static int start_after_other(const struct host *h, const struct mdev *m, unsigned *ms)
{
	for (;;) {
		int r = start_one(h, m);

		if (r != -EEXIST)
			return r;
		if (*ms < POLL_MS)
			return fail("cannot start %s: another device of this UUID is half made or being removed, and stays so",
				    m->uuid);
		sleep_ms(POLL_MS);
		*ms -= POLL_MS;
	}
}

static int start_all(const struct host *h, struct mdev_list *wanted)
{
	_cleanup_(mdev_list_done) struct mdev_list others = {};
	unsigned ms = OTHERS_MS;
	int result = 0;

	for (size_t i = 0; i < wanted->n; i++) {
		int r = start_one(h, &wanted->m[i]);

		if (r == -EEXIST)
			mdev_list_take(&others, &wanted->m[i]);
		else if (r < 0)
			result = r;
	}
	for (size_t i = 0; i < others.n; i++) {
		int r = start_after_other(h, &others.m[i], &ms);

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
	return fail("cannot start %s: their parent %s is not registered; is its driver loaded?", names,
		    parent);
}

int cmd_start_parent_mdevs(const struct host *h, const struct args *a)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {}, wanted = {};
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
	return start_all(h, &wanted);
}
