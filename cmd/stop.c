/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stop: end a running device.
 */
#include "cmd/cmd.h"
#include "config.h"
#include "device/bus.h"
#include "device/unfinished.h"
#include "lib/interrupt.h"
#include "script/callout.h"

/* How often a vGPU in use is looked at until it is not. */
#define BUSY_POLL_MS 100

/* The place of a vGPU is where another may be by now, which is not ours to end. */
static int fail_not_active(const struct host *h, const char *uuid)
{
	_cleanup_(strv_done) struct strv parents = {};

	if (bus_is_leaving(h, uuid))
		return fail("cannot stop %s: it is being removed already, and goes when its user releases it",
			    uuid);
	config_parents_of(h, uuid, &parents);
	for (size_t i = 0; i < parents.n; i++) {
		_cleanup_(mdev_done) struct mdev holder = {};

		if (bus_find_holder(h, parents.s[i], &holder) == 0)
			return fail("cannot stop %s: it is not active; %s holds the %s %s (%s), which is left alone",
				    uuid, holder.parent, bus_noun(h, holder.parent), holder.uuid, holder.type);
	}
	return fail("cannot stop %s: it is not active; 'mdevctl list' shows what is", uuid);
}

/* What has the place that this device had, where it is defined. */
static const char *noun_of(const struct host *h, const char *uuid)
{
	_cleanup_(strv_done) struct strv parents = {};

	config_parents_of(h, uuid, &parents);
	return parents.n ? bus_noun(h, parents.s[0]) : "device";
}

int fail_to_remove(const struct host *h, const char *uuid, int r)
{
	switch (r) {
	case -ENOENT:
		return fail_not_active(h, uuid);
	case -ESTALE:
		return fail("cannot stop %s: another %s has taken its place, and is left alone", uuid, noun_of(h, uuid));
	case -EINTR:
		return fail("cannot stop %s: interrupted; it is in use still, and active", uuid);
	case -EBUSY:
		return fail("cannot stop %s: it is in use (%s); end that first, or wait for it with --force",
			    uuid, strerror(-r));
	case -EINPROGRESS:
		return fail("cannot stop %s: it is half made, and removing it now would leave it stuck; if its creation does not end, only unloading the driver of its parent removes it",
			    uuid);
	case -EACCES:
	case -EPERM:
		if (geteuid() != 0)
			return fail("cannot stop %s: only root may remove devices", uuid);
		/* fall through */
	default:
		return fail_errno(r, "cannot stop %s: the kernel refused to remove it", uuid);
	}
}

/* A device in use makes this wait, or, being a vGPU, is -EBUSY: then @wait does. */
static int remove_device(const struct host *h, const struct mdev *m, bool wait)
{
	int r;

	while ((r = bus_remove_named(h, m)) == -EBUSY && wait) {
		if (interrupted())
			return -EINTR;
		sleep_ms(BUSY_POLL_MS);
	}
	return r;
}

static int check_in_use(const struct host *h, const struct args *a, const struct mdev *m)
{
	_cleanup_(strv_done) struct strv holders = {};
	_cleanup_free_ char *names = NULL;

	if (!bus_in_use(h, m, &holders))
		return 0;
	names = strv_join(&holders, 5);
	if (has(a, O(FORCE))) {
		warn("%s is in use by %s; waiting until it is released", a->uuid, names);
		return 0;
	}
	return fail("cannot stop %s: it is in use by %s; end that first, or wait for it with --force",
		    a->uuid, names);
}

static int stop(const struct host *h, const struct args *a, const struct mdev *m)
{
	int r;

	debug("removing %s", a->uuid);
	r = remove_device(h, m, has(a, O(FORCE)));
	if (r == 0)
		unfinished_forget(h, a->uuid);
	return r < 0 ? fail_to_remove(h, a->uuid, r) : 0;
}

int cmd_stop(const struct host *h, const struct args *a)
{
	_cleanup_(callouts_close) struct callouts all = {};
	_cleanup_(mdev_done) struct mdev m = {};
	struct callout c;
	int r;

	r = bus_find_wait(h, a->uuid, &m);
	if (r < 0)
		return fail_to_remove(h, a->uuid, r);
	if (geteuid() != 0 && !bus_may_remove(h, &m))
		return fail_to_remove(h, a->uuid, -EACCES);
	r = check_in_use(h, a, &m);
	if (r < 0)
		return r;
	callouts_open(&all, h);
	r = callout_begin(&c, &all, &m, ACTION_STOP, has(a, O(FORCE)));
	return r < 0 ? r : callout_end(&c, stop(h, a, &m));
}
