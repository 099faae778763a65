/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modify: change a definition, or with --live the running device.
 */
#include "cmd/choice.h"
#include "cmd/cmd.h"
#include "cmd/pin.h"
#include "config.h"
#include "device/bus.h"
#include "device/place.h"
#include "lib/interrupt.h"
#include "script/callout.h"

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

	if (!m->n_attrs && has(a, O(INDEX)))
		return fail("cannot modify %s: there is no position %zu: it has no attributes%s", a->uuid, a->index,
			    has(a, O(ADDATTR)) ? "; leave out --index" : "");
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

/* Another type is another one to be pinned: that of the name given, if it is there. */
static int change_type(const struct host *h, const struct args *a, struct mdev *m, bool tell)
{
	bool was_pinned = mdev_key(m, KEY_TYPE_DESCRIPTION);
	int r = choice_set_type(h, a, m, "cannot modify");

	if (r < 0 || !was_pinned || has(a, O(PIN)))
		return r;
	mdev_set_key(m, KEY_TYPE_DESCRIPTION, NULL);
	if (!pin_type(h, m) && tell)
		notice("%s is no longer pinned: %s does not offer %s at present", m->uuid, m->parent, m->type);
	return 0;
}

static int change(const struct host *h, const struct args *a, struct mdev *m, bool tell)
{
	int r = 0;

	if (has(a, O(AUTO)))
		m->autostart = true;
	if (has(a, O(MANUAL)))
		m->autostart = false;
	if (has(a, O(TYPE)))
		r = change_type(h, a, m, tell);
	if (r == 0 && has(a, O(PIN)))
		r = pin_as_asked(h, a, m, "cannot modify");
	return r < 0 ? r : change_attrs(a, m);
}

/* Whose id may have moved: what runs has the one that its name has now. */
static bool is_same_type(const struct host *h, const struct mdev *m, const struct mdev *old)
{
	struct mdev now = { .parent = old->parent, .type = old->type, .extra = old->extra };
	_cleanup_(error_done) struct error error = {};

	if (str_eq(old->type, m->type))
		return true;
	return mdev_key(old, KEY_TYPE_NAME) && place_settle_type(h, &now, &error) >= 0 && str_eq(now.type, m->type);
}

/*
 * What this program has put beside a definition is kept where --jsonfile does not say
 * otherwise: libvirt writes definitions anew from what it knows of them.
 */
static void keep_keys(const struct host *h, struct mdev *m, const struct mdev *old)
{
	static const struct {
		const char *key;
		bool of_type; /* that of another type is no use */
	} keys[] = { { KEY_NAME, false }, { KEY_POOL, false }, { KEY_TYPE_NAME, true }, { KEY_TYPE_DESCRIPTION, true } };
	bool same_type = is_same_type(h, m, old);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].of_type && !same_type)
			continue;
		if (!json_object_get(m->extra, keys[i].key))
			mdev_set_key(m, keys[i].key, mdev_key(old, keys[i].key));
	}
	if (mdev_flag(old, KEY_STRICT) && !json_object_get(m->extra, KEY_STRICT))
		mdev_set_flag(m, KEY_STRICT);
}

/* @m is to take the place of a definition, which need not be readable: it may be what is
 * mended.  -ENOENT: there is none. */
static int replace(const struct host *h, const struct args *a, struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev old = {};
	int r = config_load(h, m->uuid, m->parent, &old, &error);

	if (r == 0) {
		keep_keys(h, m, &old);
	} else if (r != -ENOENT) {
		r = config_has(h, m->uuid, m->parent);
		if (r < 0)
			return fail_errno(r, "cannot modify %s: cannot read the definitions", m->uuid);
		r = r ? 0 : -ENOENT;
	}
	set_name(a, m);
	return r;
}

/*
 * The definition as it is to be: what is there with the change applied, or
 * @file, that of --jsonfile, in its place.  @tell: what the change brings about, once.
 * @ret_mdev is written on success.
 */
static int make_new(const struct host *h, const struct args *a, const struct mdev *file, bool tell,
		    struct mdev *ret_mdev)
{
	_cleanup_(mdev_done) struct mdev m = {};
	const char *parent;
	int r;

	if (file) {
		m = mdev_copy(file);
		r = replace(h, a, &m);
	} else {
		r = pick_definition(h, a, a->value[OPT_PARENT], "cannot modify", &m);
	}
	parent = file ? file->parent : a->value[OPT_PARENT];
	if (r == -ENOENT)
		return fail("cannot modify %s: it is not defined%s%s; 'mdevctl define' does that",
			    a->uuid, parent ? " on " : "", parent ? parent : "");
	if (r == 0)
		r = change(h, a, &m, tell);
	if (r < 0)
		return r;
	mdev_done(ret_mdev);
	*ret_mdev = take(m);
	return 0;
}

/* Reads, changes and writes under the lock, so that no other change is lost. */
static int store(const struct host *h, const struct args *a, const struct mdev *file)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	_cleanup_(mdev_done) struct mdev m = {};
	bool done;
	int r;

	r = lock_definitions(h, "cannot modify the definition", &w);
	if (r < 0)
		return r;
	r = make_new(h, a, file, false, &m);
	if (r < 0)
		return r;
	r = config_write(h, &w, &m, true, &done);
	return r < 0 ? fail_to_write(h, r, done, "cannot modify", m.parent, m.uuid) : 0;
}

/* The scripts run without the lock: they may take their time, or run mdevctl. */
static int modify_defined(const struct host *h, const struct args *a, struct callouts *all,
			  const struct mdev *file, const struct mdev *new)
{
	struct callout c;
	int r;

	r = callout_begin(&c, all, new, ACTION_MODIFY, has(a, O(FORCE)));
	return r < 0 ? r : callout_end(&c, store(h, a, file));
}

/* What is live and what is kept must stay the same device. */
static int check_live_definition(const struct host *h, const struct mdev *file)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev m = {};

	/* What cannot be read is what is mended. */
	if (config_load(h, file->uuid, file->parent, &m, &error) < 0 || str_eq(m.type, file->type))
		return 0;
	return fail("cannot modify %s while it runs and its definition: it runs as %s, but is defined as %s; leave out --live or --defined",
		    file->uuid, file->type, m.type);
}

/* The running device that --live changes is on a parent, which need not be given. */
static int complete_live(const struct host *h, const struct args *a, struct mdev *file)
{
	_cleanup_(mdev_done) struct mdev running = {};
	const char *parent = a->value[OPT_PARENT];

	if (bus_find(h, a->uuid, &running) < 0)
		return fail("cannot modify %s while it runs: it is not active; leave --live out to change its definition",
			    a->uuid);
	if (parent && !str_eq(parent, running.parent))
		return fail("cannot modify %s while it runs: it is active on %s, not on %s", a->uuid,
			    running.parent, parent);
	if (!str_eq(file->type, running.type))
		return fail("cannot modify %s while it runs: its type is %s and cannot become %s",
			    a->uuid, running.type, file->type);
	file->parent = running.parent;
	return has(a, O(DEFINED)) ? check_live_definition(h, file) : 0;
}

int cmd_modify(const struct host *h, const struct args *a)
{
	_cleanup_(callouts_close) struct callouts all = {};
	_cleanup_(mdev_done) struct mdev file = {}, new = {};
	const char *parent = a->value[OPT_PARENT];
	bool from_file = has(a, O(JSONFILE));
	bool defined = has(a, O(DEFINED)) || !has(a, O(LIVE));
	int r = 0;

	memcpy(file.uuid, a->uuid, sizeof(file.uuid));
	file.parent = parent ? str_intern(parent) : NULL;
	if (from_file)
		r = read_jsonfile(&file, a->value[OPT_JSONFILE]);
	if (r == 0 && from_file && has(a, O(LIVE)))
		r = complete_live(h, a, &file);
	if (r == 0 && defined)
		r = make_new(h, a, from_file ? &file : NULL, true, &new);
	if (r == 0 && defined)
		r = check_may_write(h, "cannot modify", &new);
	if (r < 0)
		return r;
	callouts_open(&all, h);
	if (has(a, O(LIVE)))
		r = callout_live(&all, &file);
	if (r == 0 && defined && has(a, O(LIVE)) && interrupted())
		return fail("interrupted after %s was changed live: its definition is as before", a->uuid);
	if (r == 0 && defined)
		r = modify_defined(h, a, &all, from_file ? &file : NULL, &new);
	return r;
}
