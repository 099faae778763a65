/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --pin, --strict, and the definition of what --like makes.
 */
#include "cmd/pin.h"
#include "cmd/cmd.h"
#include "config.h"
#include "device/bus.h"
#include "device/compat.h"
#include "device/place.h"
#include "script/callout.h"
#include "script/query.h"

#define WHAT "cannot pin"

/* The type as it is now: false if the parent does not offer it. */
static bool find_type(const struct host *h, const struct mdev *m, struct mdev_type *ret_type)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	size_t i = 0;

	bus_list_types(h, m->parent, TYPE_ALL, &types);
	while (i < types.n && !str_eq(types.t[i].id, m->type))
		i++;
	if (i == types.n)
		return false;
	*ret_type = take(types.t[i]);
	return true;
}

bool pin_type(const struct host *h, struct mdev *m)
{
	/* Whose name it has, whatever the id is by now. */
	struct mdev now = { .parent = m->parent, .type = m->type, .extra = m->extra };
	_cleanup_(mdev_type_done) struct mdev_type t = {};
	_cleanup_(error_done) struct error error = {};

	if (place_settle_type(h, &now, &error) < 0 || !find_type(h, &now, &t))
		return false;
	if (t.name)
		mdev_set_key(m, KEY_TYPE_NAME, t.name);
	mdev_set_key(m, KEY_TYPE_DESCRIPTION, t.description ? t.description : "");
	return true;
}

int pin_now(const struct host *h, struct mdev *m, const char *what)
{
	if (pin_type(h, m))
		return 0;
	return fail("%s %s: %s does not offer %s at present, so that nobody can tell what there is to be pinned", what,
		    m->uuid, m->parent, m->type);
}

int pin_as_asked(const struct host *h, const struct args *a, struct mdev *m, const char *what)
{
	if (has(a, O(STRICT)))
		mdev_set_flag(m, KEY_STRICT);
	return pin_now(h, m, what);
}

/* @change: what differs, or NULL. */
static int judge(const struct mdev *m, const char *change, bool strict, const char *what, const char *since,
		 const char *mend)
{
	const char *name = mdev_key(m, KEY_TYPE_NAME);

	if (!change)
		return 0;
	if (strict)
		return fail("%s %s: its type %s is not what it was %s: %s%s", what, m->uuid, name ? name : m->type, since,
			    change, mend);
	warn("%s is another device for the guest: its type %s is not what it was %s: %s", m->uuid,
	     name ? name : m->type, since, change);
	return 0;
}

int pin_check(const struct host *h, const struct mdev *m, bool strict, const char *what)
{
	_cleanup_(mdev_type_done) struct mdev_type t = {};
	const char *was = mdev_key(m, KEY_TYPE_DESCRIPTION);
	_cleanup_free_ char *change = NULL;

	if (!was || !find_type(h, m, &t))
		return 0;
	change = compat_description_change(was, t.description ? t.description : "");
	return judge(m, change, strict || mdev_flag(m, KEY_STRICT), what, "when it was pinned",
		     "; 'mdevctl modify --pin' has it accepted");
}

int pin_check_like(const struct host *h, const struct document *like, const struct mdev *m, bool strict,
		   const char *what)
{
	_cleanup_(mdev_type_done) struct mdev_type t = {};
	const char *was = like->type.description ? like->type.description : "";
	_cleanup_free_ char *change = NULL;

	if (!find_type(h, m, &t))
		return 0;
	if (like->type.name && t.name && !str_eq(like->type.name, t.name))
		return fail("%s %s: %s of %s is '%s', not '%s'", what, m->uuid, m->type, m->parent, t.name, like->type.name);
	if (!like->type.device_api) {
		if (strict)
			return fail("%s %s: its document does not say what its type was", what, m->uuid);
		return 0;
	}
	if (!str_eq(like->type.device_api, t.device_api))
		change = xasprintf("its device API was %s and is %s", like->type.device_api, t.device_api);
	else
		change = compat_description_change(was, t.description ? t.description : "");
	return judge(m, change, strict, what, "when it was described", "");
}

static int write_locked(const struct host *h, const struct mdev *m, bool replace, const char *what)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	bool done;
	int r = lock_definitions(h, what, &w);

	if (r < 0)
		return r;
	r = config_write(h, &w, m, replace, &done);
	return r < 0 ? fail_to_write(h, r, done, what, m->parent, m->uuid) : 0;
}

int pin_keep(const struct host *h, const struct args *a, struct callouts *all, const struct mdev *m)
{
	struct callout c;
	int r = check_may_write(h, "cannot define", m);

	if (r == 0)
		r = callout_begin(&c, all, m, ACTION_DEFINE, has(a, O(FORCE)));
	return r < 0 ? r : callout_end(&c, write_locked(h, m, false, "cannot define"));
}

void pin_drop(const struct host *h, const struct mdev *m)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	bool done;
	int r = lock_definitions(h, "cannot undefine the device", &w);

	if (r == 0)
		r = config_remove(h, m->uuid, m->parent, &done);
	if (r < 0)
		fail("the definition of %s on %s could not be removed again: it stays until 'mdevctl undefine -u %s'", m->uuid,
		     m->parent, m->uuid);
}

/* Under the lock nobody else changes it meanwhile. */
static int pin_definition(const struct host *h, const struct mdev *m)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev now = {};
	bool done;
	int r = lock_definitions(h, WHAT " the device", &w);

	if (r == 0 && config_load(h, m->uuid, m->parent, &now, &error) < 0)
		r = fail(WHAT " %s: %s", m->uuid, error.text ? error.text : "it is no longer defined");
	if (r == 0)
		r = pin_now(h, &now, WHAT);
	if (r < 0)
		return r;
	r = config_write(h, &w, &now, true, &done);
	return r < 0 ? fail_to_write(h, r, done, WHAT, m->parent, m->uuid) : 0;
}

int pin_started(const struct host *h, const struct args *a, const struct mdev *m)
{
	_cleanup_(callouts_close) struct callouts all = {};
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev defined = {}, new = {};
	struct callout c;
	int r = config_load(h, m->uuid, m->parent, &defined, &error);

	if (r < 0 && (r != -ENOENT || error.text))
		return fail(WHAT " %s: %s", m->uuid, error.text);
	if (r == 0 && mdev_key(&defined, KEY_TYPE_DESCRIPTION))
		return 0;
	callouts_open(&all, h);
	new = mdev_copy(r == 0 ? &defined : m);
	if (r == -ENOENT) {
		r = callout_get_attributes(&all, &new);
		set_name(a, &new);
		if (r == 0)
			r = pin_now(h, &new, WHAT);
		return r < 0 ? r : pin_keep(h, a, &all, &new);
	}
	r = pin_now(h, &new, WHAT);
	if (r == 0)
		r = check_may_write(h, WHAT, &new);
	if (r == 0)
		r = callout_begin(&c, &all, &new, ACTION_MODIFY, has(a, O(FORCE)));
	return r < 0 ? r : callout_end(&c, pin_definition(h, m));
}
