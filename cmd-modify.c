/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modify: change a definition.
 */
#include "cmd.h"
#include "config.h"

/* The attributes with their positions, for the message. */
static char *list_attrs(const struct mdev *m)
{
	_cleanup_(strv_done) struct strv attrs = {};

	for (size_t i = 0; i < m->n_attrs; i++)
		strv_add(&attrs, xasprintf("%zu: %s=%s", i, m->attrs[i].name, m->attrs[i].value));
	return strv_join(&attrs, 20);
}

static int fail_index(const struct args *a, const struct mdev *m)
{
	_cleanup_free_ char *attrs = list_attrs(m);

	if (!m->n_attrs)
		return fail("cannot modify %s: it has no attributes", a->uuid);
	return fail("cannot modify %s: there is no attribute at index %zu; it has %s", a->uuid,
		    a->index, attrs);
}

static int change_attrs(const struct args *a, struct mdev *m)
{
	if (has(a, O(ADDATTR))) {
		size_t index = has(a, O(INDEX)) ? a->index : m->n_attrs;

		if (index > m->n_attrs)
			return fail_index(a, m);
		mdev_insert_attr(m, index, a->value[OPT_ADDATTR], a->value[OPT_VALUE]);
	}
	if (has(a, O(DELATTR))) {
		size_t index = has(a, O(INDEX)) ? a->index : m->n_attrs - 1;

		if (index >= m->n_attrs)
			return fail_index(a, m);
		mdev_remove_attr(m, index);
	}
	return 0;
}

static int change(const struct args *a, struct mdev *m)
{
	if (has(a, O(AUTO)))
		m->autostart = true;
	if (has(a, O(MANUAL)))
		m->autostart = false;
	if (has(a, O(TYPE))) {
		free(m->type);
		m->type = xstrdup(a->value[OPT_TYPE]);
	}
	return change_attrs(a, m);
}

/* What --jsonfile replaces need not be readable: it may be what is mended. */
static int check_defined(const struct host *h, const struct mdev *m)
{
	_cleanup_(strv_done) struct strv parents = {};
	int r = config_parents_of(h, m->uuid, &parents);

	if (r < 0)
		return fail_errno(r, "cannot modify %s: cannot read the definitions", m->uuid);
	return strv_has(&parents, m->parent) ? 0 : -ENOENT;
}

static int fail_undefined(const struct args *a)
{
	const char *parent = a->value[OPT_PARENT];

	return fail("cannot modify %s: it is not defined%s%s; 'mdevctl define' does that", a->uuid,
		    parent ? " on " : "", parent ? parent : "");
}

int cmd_modify(const struct host *h, const struct args *a)
{
	_cleanup_(mdev_done) struct mdev m = {};
	_cleanup_close_ int lock = -1;
	int r;

	/* Before the lock is taken: the input may be somebody's typing. */
	if (has(a, O(JSONFILE))) {
		memcpy(m.uuid, a->uuid, sizeof(m.uuid));
		m.parent = xstrdup(a->value[OPT_PARENT]);
		r = read_jsonfile(&m, a->value[OPT_JSONFILE]);
		if (r < 0)
			return r;
	}
	lock = lock_definitions(h, "cannot modify the definition", false);
	if (lock < 0)
		return lock == -ENOENT ? fail_undefined(a) : lock;
	if (has(a, O(JSONFILE)))
		r = check_defined(h, &m);
	else
		r = pick_definition(h, a, "cannot modify", &m);
	if (r < 0)
		return r == -ENOENT ? fail_undefined(a) : r;
	r = change(a, &m);
	if (r < 0)
		return r;
	r = config_write(h, lock, &m, true);
	return r < 0 ? fail_to_write(h, r, "cannot modify", m.parent, m.uuid) : 0;
}
