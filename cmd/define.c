/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * define, undefine: make and remove definitions.
 */
#include "cli/output.h"
#include "cmd/choice.h"
#include "cmd/cmd.h"
#include "cmd/pin.h"
#include "config.h"
#include "device/bus.h"
#include "device/unfinished.h"
#include "lib/interrupt.h"
#include "script/callout.h"
#include "script/query.h"

/* Parent and type are those of the running device where they are not given. */
static int complete_from(const struct args *a, struct mdev *m, const struct mdev *running)
{
	if (!has(a, O_DEVICE))
		return fail("cannot define a device on %s: its type is not given; add --type or --jsonfile",
			    a->value[OPT_PARENT]);
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

/* What the device is, as far as it is given: the rest is chosen, or that of the running
 * device.  @ret_runs: whether the attributes are to be those of the running device. */
static int describe(struct choice *c, struct mdev *m, bool *ret_runs)
{
	const struct args *a = c->a;
	const char *parent = a->value[OPT_PARENT], *type = a->value[OPT_TYPE];
	_cleanup_(mdev_done) struct mdev running = {};
	int r = 0;

	*ret_runs = false;
	if (has(a, O_DEVICE))
		memcpy(m->uuid, a->uuid, sizeof(m->uuid));
	else
		uuid_make(m->uuid);
	m->parent = parent && !is_pattern(parent) ? str_intern(parent) : NULL;
	if (has(a, O(JSONFILE))) {
		r = read_jsonfile(m, a->value[OPT_JSONFILE]);
		choice_ask_for(c, m);
		set_name(a, m);
		return r;
	}
	m->type = type ? str_intern(type) : NULL;
	m->autostart = has(a, O(AUTO));
	set_name(a, m);
	if (has(a, O_DEVICE))
		r = bus_find(c->h, a->uuid, &running);
	if (r < 0 && r != -ENOENT && r != -ENODEV)
		return fail_errno(r, "cannot define %s: cannot see whether it is active", a->uuid);
	r = 0;
	/* Nothing is chosen without a word of what it shall be. */
	if (c->is_open && !running.parent && !has(a, O(TYPE) | O(NEED) | O(POOL)))
		c->is_open = false;
	/* One that runs is where it is. */
	if (c->is_open && running.parent) {
		r = c->is_narrow ? choice_check(c, &running, "active") : 0;
		c->is_open = false;
		choice_set_pool(c, m);
	}
	if (r == 0 && !c->is_open && (!m->parent || !m->type))
		r = complete_from(a, m, &running);
	*ret_runs = r == 0 && running.parent && !c->is_open && mdev_is_same_kind(m, &running);
	return r;
}

/* A name is defined once: whether it is, as asked (1), otherwise (an error that is told), or
 * not (0).  @ret_mdev: the definition, if there is one. */
static int find_named(struct choice *c, const struct mdev *wanted, bool any_attributes, struct mdev *ret_mdev)
{
	_cleanup_(mdev_done) struct mdev m = {}, same = {};
	int r;

	if (!has(c->a, O(NAME)))
		return 0;
	r = pick_definition(c->h, c->a, NULL, c->what, &m);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	same = mdev_copy(any_attributes ? &m : wanted);
	same.autostart = wanted->autostart;
	if (c->pool.name && !same.n_attrs)
		mdev_copy_attrs(&same, &c->pool.like);
	r = choice_check_same(c, &m, &same, true);
	if (r < 0)
		return r;
	*ret_mdev = take(m);
	return 1;
}

/* Under the lock, as another process may have defined the name meanwhile. */
static int write_definition(struct choice *c, const struct config_writer *w, const struct mdev *m, bool runs,
			    bool *ret_done)
{
	_cleanup_(mdev_done) struct mdev found = {};
	int r = find_named(c, m, runs, &found);

	*ret_done = false;
	if (r != 0)
		return r < 0 ? r : 0;
	r = config_write(c->h, w, m, false, ret_done);
	if (r < 0)
		fail_to_write(c->h, r, *ret_done, c->what, m->parent, m->uuid);
	return r;
}

static int store(struct choice *c, const struct mdev *m, bool runs)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	bool done;
	int r;

	r = lock_definitions(c->h, "cannot define the device", &w);
	if (r < 0)
		return r;
	r = write_definition(c, &w, m, runs, &done);
	/* A definition whose UUID nobody was told would be lost. */
	if (r == 0 && !has(c->a, O(UUID)))
		r = output_uuid(m->uuid);
	if (r < 0 && done) {
		int undo = config_remove(c->h, m->uuid, m->parent, &done);

		if (undo < 0)
			fail_to_write(c->h, undo, done, "cannot undefine", m->parent, m->uuid);
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
		warn("%s has room for one %s, and is defined already as %s", m->parent, bus_noun(h, m->parent), names);
}

/* The definition is described, and has a parent and a type. */
static int define(struct choice *c, struct mdev *m, bool runs)
{
	_cleanup_(callouts_close) struct callouts all = {};
	const struct args *a = c->a;
	struct callout callout;
	int r = check_may_write(c->h, "cannot define", m);

	/* Before any script is asked, and again under the lock. */
	if (r == 0 && has(a, O(UUID)) && config_has(c->h, m->uuid, m->parent) > 0)
		r = fail_to_write(c->h, -EEXIST, false, "cannot define", m->parent, m->uuid);
	if (r == 0 && has(a, O(PIN)))
		r = pin_as_asked(c->h, a, m, "cannot define");
	if (r == 0 && has(a, O(DRY_RUN)))
		return output_plan(has(a, O_DEVICE) ? m->uuid : "-", m->parent, m->type);
	if (r < 0)
		return r;
	callouts_open(&all, c->h);
	if (runs)
		r = callout_get_attributes(&all, m);
	if (r == 0)
		r = callout_begin(&callout, &all, m, ACTION_DEFINE, has(a, O(FORCE)));
	if (r < 0)
		return r;
	r = callout_end(&callout, store(c, m, runs));
	if (r == 0)
		warn_of_others(c->h, m);
	if (r == 0 && has(a, O(PARENT)))
		notice_parent(c->h, m->parent, true);
	return r;
}

static int define_requested(struct choice *c)
{
	_cleanup_(mdev_done) struct mdev m = {}, found = {};
	bool runs;
	int r = describe(c, &m, &runs);

	if (r == 0)
		r = find_named(c, &m, runs, &found);
	if (r > 0 && has(c->a, O(DRY_RUN)))
		return output_plan(found.uuid, found.parent, found.type);
	if (r > 0)
		return output_uuid(found.uuid);
	if (r == 0)
		r = choice_make(c, &m);
	return r < 0 ? r : define(c, &m, runs);
}

int cmd_define(const struct host *h, const struct args *a)
{
	struct choice c;
	int r = choice_begin(&c, h, a, "cannot define", false);

	if (r == 0)
		r = define_requested(&c);
	choice_end(&c);
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
	if (removed)
		unfinished_unnote_stop(h, a->uuid);
	if (first < 0 || removed)
		return first;
	return fail("cannot undefine %s: it is not defined%s%s; 'mdevctl list --defined' shows what is",
		    a->uuid, parent ? " on " : "", parent ? parent : "");
}
