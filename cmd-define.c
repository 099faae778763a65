/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * define, undefine: make and remove definitions.
 */
#include "callout.h"
#include "cmd.h"
#include "config.h"
#include "interrupt.h"
#include "output.h"
#include "sysfs.h"

/* Parent and type are those of the running device where they are not given. */
static int complete_from(const struct args *a, struct mdev *m, const struct mdev *running)
{
	if (!has(a, O(UUID)))
		return fail("cannot define a device on %s: its type is not given; add --type or --jsonfile",
			    m->parent);
	if (!running->parent)
		return fail("cannot define %s: it is not active, so %s needed", a->uuid,
			    m->parent ? "--type or --jsonfile is" :
			    m->type ? "--parent is" : "--parent and --type are");
	if (!m->parent)
		m->parent = xstrdup(running->parent);
	if (!m->type)
		m->type = xstrdup(running->type);
	return 0;
}

static int describe(const struct host *h, const struct args *a, struct callouts *all,
		    struct mdev *m)
{
	const char *parent = a->value[OPT_PARENT], *type = a->value[OPT_TYPE];
	_cleanup_(mdev_done) struct mdev running = {};
	int r = 0;

	if (has(a, O(UUID)))
		memcpy(m->uuid, a->uuid, sizeof(m->uuid));
	else
		uuid_make(m->uuid);
	m->parent = parent ? xstrdup(parent) : NULL;
	if (has(a, O(JSONFILE)))
		return read_jsonfile(m, a->value[OPT_JSONFILE]);
	m->type = type ? xstrdup(type) : NULL;
	m->autostart = has(a, O(AUTO));
	if (has(a, O(UUID)))
		sysfs_find(h, a->uuid, &running);
	if (!m->parent || !m->type)
		r = complete_from(a, m, &running);
	if (r < 0 || !running.parent || !mdev_is_same_kind(m, &running))
		return r;
	return callout_get_attributes(all, m);
}

static int store(const struct host *h, const struct args *a, const struct mdev *m)
{
	_cleanup_close_ int lock = lock_definitions(h, "cannot define the device");
	int r;

	if (lock < 0)
		return lock;
	r = config_write(h, lock, m, false);
	if (r < 0)
		return fail_to_write(h, r, "cannot define", m->parent, m->uuid);
	/* A definition whose UUID nobody was told would be lost. */
	if (!has(a, O(UUID)) && output_uuid(m->uuid) < 0) {
		r = config_remove(h, m->uuid, m->parent);
		if (r < 0)
			fail_to_write(h, r, "cannot undefine", m->parent, m->uuid);
		return -EIO;
	}
	return 0;
}

int cmd_define(const struct host *h, const struct args *a)
{
	_cleanup_(callouts_close) struct callouts all = {};
	_cleanup_(mdev_done) struct mdev m = {};
	struct callout c;
	int r;

	callouts_open(&all, h);
	r = describe(h, a, &all, &m);
	if (r == 0)
		r = callout_begin(&c, &all, &m, ACTION_DEFINE, has(a, O(FORCE)));
	if (r < 0)
		return r;
	return callout_end(&c, store(h, a, &m));
}

static int remove_file(const struct host *h, const char *uuid, const char *parent)
{
	_cleanup_close_ int lock = lock_definitions(h, "cannot undefine the device");
	int r;

	if (lock < 0)
		return lock;
	r = config_remove(h, uuid, parent);
	return r < 0 && r != -ENOENT ? fail_to_write(h, r, "cannot undefine", parent, uuid) : r;
}

/* -ENOENT without a word if there is none. */
static int undefine_on(const struct host *h, const struct args *a, struct callouts *all,
		       const char *parent)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev m = {};
	struct callout c;
	int r;

	r = config_load(h, a->uuid, parent, &m, &error);
	if (r == -ENOENT && !error.text)
		return r;
	/* What cannot be read has no type whose scripts could be asked. */
	if (r < 0)
		return remove_file(h, a->uuid, parent);
	r = callout_begin(&c, all, &m, ACTION_UNDEFINE, has(a, O(FORCE)));
	return r < 0 ? r : callout_end(&c, remove_file(h, a->uuid, parent));
}

int cmd_undefine(const struct host *h, const struct args *a)
{
	const char *parent = a->value[OPT_PARENT];
	_cleanup_(callouts_close) struct callouts all = {};
	_cleanup_(strv_done) struct strv parents = {};
	size_t removed = 0;
	int r = 0, first = 0;

	if (parent)
		strv_add(&parents, xstrdup(parent));
	else
		r = config_parents_of(h, a->uuid, &parents);
	if (r < 0)
		return fail_errno(r, "cannot undefine %s: cannot read the definitions", a->uuid);
	callouts_open(&all, h);
	for (size_t i = 0; i < parents.n && !interrupted(); i++) {
		r = undefine_on(h, a, &all, parents.s[i]);
		if (r == 0)
			removed++;
		else if (r != -ENOENT && first == 0)
			first = r;
	}
	if (first < 0 || removed)
		return first;
	return fail("cannot undefine %s: it is not defined%s%s; 'mdevctl list --defined' shows what is",
		    a->uuid, parent ? " on " : "", parent ? parent : "");
}
