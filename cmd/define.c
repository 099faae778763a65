/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * define, undefine: make and remove definitions.
 */
#include "cli/output.h"
#include "cmd/cmd.h"
#include "config.h"
#include "device/bus.h"
#include "lib/interrupt.h"
#include "script/callout.h"
#include "script/query.h"

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
		m->parent = running->parent;
	if (!m->type)
		m->type = running->type;
	return 0;
}

/* @ret_runs: whether the attributes are to be those of the running device. */
static int describe(const struct host *h, const struct args *a, struct mdev *m, bool *ret_runs)
{
	const char *parent = a->value[OPT_PARENT], *type = a->value[OPT_TYPE];
	_cleanup_(mdev_done) struct mdev running = {};
	int r = 0;

	*ret_runs = false;
	if (has(a, O(UUID)))
		memcpy(m->uuid, a->uuid, sizeof(m->uuid));
	else
		uuid_make(m->uuid);
	m->parent = parent ? str_intern(parent) : NULL;
	if (has(a, O(JSONFILE)))
		return read_jsonfile(m, a->value[OPT_JSONFILE]);
	m->type = type ? str_intern(type) : NULL;
	m->autostart = has(a, O(AUTO));
	if (has(a, O(UUID)))
		r = bus_find(h, a->uuid, &running);
	if (r < 0 && r != -ENOENT && r != -ENODEV)
		return fail_errno(r, "cannot define %s: cannot see whether it is active", a->uuid);
	r = 0;
	if (!m->parent || !m->type)
		r = complete_from(a, m, &running);
	*ret_runs = r == 0 && running.parent && mdev_is_same_kind(m, &running);
	return r;
}

static int store(const struct host *h, const struct args *a, const struct mdev *m)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	bool done;
	int r;

	r = lock_definitions(h, "cannot define the device", &w);
	if (r < 0)
		return r;
	r = config_write(h, &w, m, false, &done);
	if (r < 0)
		fail_to_write(h, r, done, "cannot define", m->parent, m->uuid);
	/* A definition whose UUID nobody was told would be lost. */
	else if (!has(a, O(UUID)))
		r = output_uuid(m->uuid);
	if (r < 0 && done) {
		int undo = config_remove(h, m->uuid, m->parent, &done);

		if (undo < 0)
			fail_to_write(h, undo, done, "cannot undefine", m->parent, m->uuid);
	}
	return r;
}

/* Another definition of a VF is good for taking turns only. */
static void warn_of_others(const struct host *h, const struct mdev *m)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {};
	_cleanup_(strv_done) struct strv problems = {}, others = {};
	_cleanup_free_ char *names = NULL;

	if (!bus_has_one_place(h, m->parent))
		return;
	config_list(h, m->parent, &defined, &problems, NULL);
	mdev_list_sort(&defined);
	for (size_t i = 0; i < defined.n; i++)
		if (!str_eq(defined.m[i].uuid, m->uuid))
			strv_add(&others, xasprintf("%s (%s)", defined.m[i].uuid, defined.m[i].type));
	names = strv_join(&others, 4);
	if (others.n)
		warn("%s has room for one vGPU, and is defined already as %s", m->parent, names);
}

int cmd_define(const struct host *h, const struct args *a)
{
	_cleanup_(callouts_close) struct callouts all = {};
	_cleanup_(mdev_done) struct mdev m = {};
	struct callout c;
	bool runs;
	int r;

	r = describe(h, a, &m, &runs);
	if (r == 0)
		r = check_may_write(h, "cannot define", &m);
	/* Before any script is asked, and again under the lock. */
	if (r == 0 && has(a, O(UUID)) && config_has(h, m.uuid, m.parent) > 0)
		r = fail_to_write(h, -EEXIST, false, "cannot define", m.parent, m.uuid);
	if (r < 0)
		return r;
	callouts_open(&all, h);
	if (runs)
		r = callout_get_attributes(&all, &m);
	if (r == 0)
		r = callout_begin(&c, &all, &m, ACTION_DEFINE, has(a, O(FORCE)));
	if (r < 0)
		return r;
	r = callout_end(&c, store(h, a, &m));
	if (r == 0)
		warn_of_others(h, &m);
	if (r == 0 && has(a, O(PARENT)))
		notice_parent(h, m.parent, true);
	return r;
}

static int remove_file(const struct host *h, const char *uuid, const char *parent)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	bool done;
	int r;

	r = lock_definitions(h, "cannot undefine the device", &w);
	if (r < 0)
		return r;
	r = config_remove(h, uuid, parent, &done);
	return r < 0 && r != -ENOENT ? fail_to_write(h, r, done, "cannot undefine", parent, uuid) : r;
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
	/* What is no definition has no type whose scripts could be asked. */
	if (r < 0 && !config_is_no_definition(r) && !has(a, O(FORCE)))
		return fail("cannot undefine %s: %s; --force removes it unread", a->uuid, error.text);
	if (r < 0)
		return remove_file(h, a->uuid, parent);
	r = check_may_write(h, "cannot undefine", &m);
	if (r == 0)
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
		first = fail_errno(r, "cannot undefine %s%s: cannot read the definitions", a->uuid,
				   parents.n ? " everywhere" : "");
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
