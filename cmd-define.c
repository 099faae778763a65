/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * define, undefine: make and remove definitions.
 */
#include "cmd.h"
#include "config.h"
#include "output.h"
#include "sysfs.h"

/* Parent and type are those of the running device where they are not given. */
static int complete_from_running(const struct host *h, const struct args *a, struct mdev *m)
{
	_cleanup_(mdev_done) struct mdev running = {};

	if (!has(a, O(UUID)))
		return fail("cannot define a device on %s: its type is not given; add --type or --jsonfile",
			    m->parent);
	if (sysfs_find(h, a->uuid, &running) < 0)
		return fail("cannot define %s: it is not active, so %s needed", a->uuid,
			    m->parent ? "--type or --jsonfile is" :
			    m->type ? "--parent is" : "--parent and --type are");
	if (!m->parent)
		m->parent = take(running.parent);
	if (!m->type)
		m->type = take(running.type);
	return 0;
}

static int describe(const struct host *h, const struct args *a, struct mdev *m)
{
	const char *parent = a->value[OPT_PARENT], *type = a->value[OPT_TYPE];

	if (has(a, O(UUID)))
		memcpy(m->uuid, a->uuid, sizeof(m->uuid));
	else
		uuid_make(m->uuid);
	m->parent = parent ? xstrdup(parent) : NULL;
	if (has(a, O(JSONFILE)))
		return read_jsonfile(m, a->value[OPT_JSONFILE]);
	m->type = type ? xstrdup(type) : NULL;
	m->autostart = has(a, O(AUTO));
	return m->parent && m->type ? 0 : complete_from_running(h, a, m);
}

int cmd_define(const struct host *h, const struct args *a)
{
	_cleanup_(mdev_done) struct mdev m = {};
	_cleanup_close_ int lock = -1;
	int r;

	r = describe(h, a, &m);
	if (r < 0)
		return r;
	lock = lock_definitions(h, "cannot define the device", true);
	if (lock < 0)
		return lock;
	r = config_write(h, lock, &m, false);
	if (r < 0)
		return fail_to_write(h, r, "cannot define", m.parent, m.uuid);
	/* A definition whose UUID nobody was told would be lost. */
	if (!has(a, O(UUID)) && output_uuid(m.uuid) < 0) {
		config_remove(h, m.uuid, m.parent);
		return -EIO;
	}
	return 0;
}

static int remove_from(const struct host *h, const char *uuid, const struct strv *parents,
		       size_t *removed)
{
	int first = 0;

	for (size_t i = 0; i < parents->n; i++) {
		int r = config_remove(h, uuid, parents->s[i]);

		if (r == 0)
			(*removed)++;
		else if (r != -ENOENT)
			first = fail_to_write(h, r, "cannot undefine", parents->s[i], uuid);
	}
	return first;
}

int cmd_undefine(const struct host *h, const struct args *a)
{
	const char *parent = a->value[OPT_PARENT];
	_cleanup_(strv_done) struct strv parents = {};
	_cleanup_close_ int lock = -1;
	size_t removed = 0;
	int r = 0;

	lock = lock_definitions(h, "cannot undefine the device", false);
	if (lock < 0 && lock != -ENOENT)
		return lock;
	if (parent)
		strv_add(&parents, xstrdup(parent));
	else
		r = config_parents_of(h, a->uuid, &parents);
	if (r < 0)
		return fail_errno(r, "cannot undefine %s: cannot read the definitions", a->uuid);
	if (lock >= 0)
		r = remove_from(h, a->uuid, &parents, &removed);
	if (r < 0 || removed)
		return r;
	return fail("cannot undefine %s: it is not defined%s%s; 'mdevctl list --defined' shows what is",
		    a->uuid, parent ? " on " : "", parent ? parent : "");
}
