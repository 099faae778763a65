/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether what is defined can come true.
 */
#include "config.h"
#include "device/bus.h"
#include "device/compat.h"
#include "device/explain.h"
#include "device/match.h"
#include "device/unfinished.h"
#include "doctor/doctor.h"

struct definitions {
	struct mdev_list list;
	struct mdev_type_list types;
	struct strv parents;
	struct strv unfinished; /* of those, UUIDs whose start was cut off, if they run */
};

static void definitions_done(struct definitions *d)
{
	mdev_list_done(&d->list);
	mdev_type_list_done(&d->types);
	strv_done(&d->parents);
	strv_done(&d->unfinished);
}

static const struct mdev_type *find_type(const struct definitions *d, const struct mdev *m)
{
	for (size_t i = 0; i < d->types.n; i++)
		if (str_eq(d->types.t[i].parent, m->parent) && str_eq(d->types.t[i].id, m->type))
			return &d->types.t[i];
	return NULL;
}

/* Whether the parent offers a type of the name that decides, which the definition has. */
static const struct mdev_type *find_named(const struct definitions *d, const struct mdev *m)
{
	const char *name = mdev_key(m, KEY_TYPE_NAME);
	const struct mdev_type *found = NULL;
	enum naming best = NAMED_NOT;

	for (size_t i = 0; name && i < d->types.n; i++) {
		const struct mdev_type *t = &d->types.t[i];
		enum naming naming = t->name && str_eq(t->parent, m->parent) ? match_name(name, "", t->name) : NAMED_NOT;

		/* Of several of one name it stays the same. */
		if (naming > best || (naming == best && best != NAMED_NOT && str_eq(t->id, m->type)))
			found = t;
		best = naming > best ? naming : best;
	}
	return found;
}

static void check_description(const struct mdev *m, const struct mdev_type *t, struct findings *all)
{
	const char *was = mdev_key(m, KEY_TYPE_DESCRIPTION);
	_cleanup_free_ char *change = NULL;
	bool strict = mdev_flag(m, KEY_STRICT);

	if (was)
		change = compat_description_change(was, t->description ? t->description : "");
	if (change)
		findings_add(all, strict && m->autostart ? HEALTH_FAIL : HEALTH_WARN, "types",
			     xasprintf("%s: its type %s is not what it was when it was pinned%s: %s", m->uuid,
				       t->name ? t->name : t->id, strict ? ", and it is not started" : "", change),
			     xasprintf("mdevctl modify -u %s -p %s --pin, if the guest may see that", m->uuid, m->parent));
}

/*
 * What a driver has made of a type since the device was defined: another id, another
 * description, or another name of the id.
 */
static void check_drift(const struct definitions *d, const struct mdev *m, struct findings *all)
{
	const struct mdev_type *t = find_type(d, m), *named = find_named(d, m);
	const char *name = mdev_key(m, KEY_TYPE_NAME);

	if (json_object_get(m->extra, KEY_TYPE_DESCRIPTION) && !mdev_key(m, KEY_TYPE_DESCRIPTION))
		findings_add(all, HEALTH_WARN, "types",
			     xasprintf("%s: its \"type_description\" is no string, and does not count", m->uuid),
			     xasprintf("mdevctl modify -u %s -p %s --pin", m->uuid, m->parent));
	if (json_object_get(m->extra, KEY_STRICT) && !json_is_boolean(json_object_get(m->extra, KEY_STRICT)))
		findings_add(all, HEALTH_WARN, "types", xasprintf("%s: its \"strict\" is neither true nor false, and does not count", m->uuid),
			     xasprintf("mdevctl modify -u %s -p %s --pin --strict", m->uuid, m->parent));
	if (named && !str_eq(named->id, m->type))
		findings_add(all, HEALTH_WARN, "types",
			     xasprintf("%s: its type %s is %s now, and was %s when it was defined; the name decides", m->uuid,
				       name, named->id, m->type),
			     xasprintf("nothing has to be done; mdevctl modify -u %s -p %s --type '%s' has the definition say so",
				       m->uuid, m->parent, name));
	else if (name && !named && t && t->name && match_name(name, t->id, t->name) == NAMED_NOT)
		findings_add(all, m->autostart ? HEALTH_FAIL : HEALTH_WARN, "types",
			     xasprintf("%s: %s offers no type of the name %s any more, and %s is %s now", m->uuid, m->parent, name,
				       m->type, t->name),
			     xasprintf("mdevctl modify -u %s -p %s --type TYPE", m->uuid, m->parent));
	if (named || t)
		check_description(m, named ? named : t, all);
}

static char *offered(const struct definitions *d, const char *parent)
{
	_cleanup_(strv_done) struct strv ids = {};

	for (size_t i = 0; i < d->types.n; i++)
		if (str_eq(d->types.t[i].parent, parent))
			strv_add(&ids, xstrdup(d->types.t[i].id));
	return ids.n ? strv_join(&ids, 8) : xstrdup("nothing");
}

static bool gpu_holds_something(const struct host *h, const char *parent)
{
	_cleanup_(mdev_list_done) struct mdev_list held = {};

	bus_list_neighbours(h, parent, &held);
	return held.n;
}

/*
 * What a VF offers follows from what its GPU holds: a type that is not there
 * now says nothing against the definition.  False: there is no such reason.
 */
static bool check_vgpu(const struct host *h, const struct definitions *d, const struct mdev *m,
		       struct findings *all)
{
	_cleanup_(mdev_done) struct mdev holder = {};
	_cleanup_(error_done) struct error error = {};

	if (m->active)
		return true;
	if (bus_find_holder(h, m->parent, &holder) == 0) {
		if (m->autostart)
			findings_add(all, HEALTH_FAIL, "definitions",
				     xasprintf("%s: it is automatic, but %s holds %s (%s) instead", m->uuid,
					       m->parent, holder.uuid, holder.type),
				     xasprintf("mdevctl stop -u %s, or define one of both on another virtual function",
					       holder.uuid));
		return true;
	}
	if (find_type(d, m) || !gpu_holds_something(h, m->parent))
		return false;
	explain_create(h, m, -ENOENT, &error);
	findings_add(all, m->autostart ? HEALTH_FAIL : HEALTH_WARN, "definitions",
		     xasprintf("%s: %s", m->uuid, error.text),
		     xstrdup("stop what the GPU holds, or define the device on another GPU"));
	return true;
}

static bool check_unfinished(const struct definitions *d, const struct mdev *m, struct findings *all)
{
	if (!m->active || !strv_has(&d->unfinished, m->uuid))
		return false;
	findings_add(all, HEALTH_FAIL, "definitions",
		     xasprintf("%s: it is active without all of its attributes, as its start was cut off", m->uuid),
		     xasprintf("mdevctl stop -u %s, then mdevctl start -u %s -p %s", m->uuid, m->uuid, m->parent));
	return true;
}

static void check_definition(const struct host *h, const struct definitions *d,
			     const struct mdev *m, struct findings *all)
{
	enum health health = m->autostart ? HEALTH_FAIL : HEALTH_WARN;

	if (check_unfinished(d, m, all) || (m->is_pci && check_vgpu(h, d, m, all)))
		return;

	if (!strv_has(&d->parents, m->parent)) {
		_cleanup_free_ char *unkept = explain_unkept(h, m);

		findings_add(all, health, "definitions",
			     unkept ? xasprintf("%s: %s", m->uuid, unkept) :
				      xasprintf("%s: its parent %s is not there", m->uuid, m->parent),
			     xasprintf("see drivers and sr-iov; or, if it is gone for good: mdevctl undefine -u %s -p %s",
				       m->uuid, m->parent));
	} else if (!find_type(d, m) && !find_named(d, m)) {
		_cleanup_free_ char *ids = offered(d, m->parent);

		findings_add(all, health, "definitions",
			     xasprintf("%s: %s does not offer its type %s", m->uuid, m->parent, m->type),
			     xasprintf("mdevctl modify -u %s -p %s --type TYPE, one of: %s", m->uuid,
				       m->parent, ids));
	} else if (m->autostart && !m->active) {
		findings_add(all, HEALTH_FAIL, "definitions",
			     xasprintf("%s: it is automatic, but not active on %s", m->uuid, m->parent),
			     xasprintf("mdevctl start-parent-mdevs %s", m->parent));
	}
}

/* Of the list, which is sorted by parent, those that are still to be started. */
static size_t count_waiting(const struct definitions *d, const struct mdev *like)
{
	size_t n = 0;

	for (size_t i = 0; i < d->list.n; i++) {
		const struct mdev *m = &d->list.m[i];

		n += m->autostart && !m->active && mdev_is_same_kind(m, like);
	}
	return n;
}

/*
 * A VF has room for one device, and one of its definitions for each type: told
 * of each definition that comes after another.
 */
static void check_alone(const struct host *h, const struct definitions *d, size_t at, struct findings *all)
{
	const struct mdev *m = &d->list.m[at];

	for (size_t i = 0; i < at; i++) {
		const struct mdev *other = &d->list.m[i];
		bool both = m->autostart && other->autostart;

		if (!str_eq(other->parent, m->parent) || !(both || str_eq(other->type, m->type)))
			continue;
		findings_add(all, both ? HEALTH_FAIL : HEALTH_WARN, "definitions",
			     xasprintf("%s: %s has room for one %s, and %s is defined for it as %s, too",
				       m->uuid, m->parent, bus_noun(h, m->parent), other->uuid,
				       both ? "automatic" : "the same type"),
			     xasprintf("mdevctl undefine -p %s -u %s or -u %s", m->parent, other->uuid,
				       m->uuid));
		return;
	}
}

static void check_room(const struct host *h, const struct definitions *d, struct findings *all)
{
	for (size_t i = 0; i < d->types.n; i++) {
		const struct mdev_type *t = &d->types.t[i];
		const struct mdev like = { .parent = t->parent, .type = t->id };
		size_t waiting = count_waiting(d, &like);

		/* Virtual functions have a check of their own. */
		if (!waiting || (t->available > 0 && waiting <= (size_t)t->available) || bus_has_one_place(h, t->parent))
			continue;
		findings_add(all, HEALTH_FAIL, "definitions",
			     xasprintf("%zu automatic devices of type %s on %s are not active, and there is room for %ld",
				       waiting, t->id, t->parent, t->available > 0 ? t->available : 0),
			     xasprintf("stop a device on %s, or define fewer: mdevctl list -d -p %s",
				       t->parent, t->parent));
	}
}

void doctor_definitions(const struct host *h, struct findings *all, bool *ret_automatic)
{
	_cleanup_(definitions_done) struct definitions d = {};
	_cleanup_(bus_query_end) struct bus_query query = { { -1 }, false };
	_cleanup_(strv_done) struct strv problems = {};
	size_t before = all->n;

	config_list(h, NULL, &d.list, &problems, NULL);
	bus_list_types(h, NULL, TYPE_ALL, &d.types);
	bus_list_parents(h, &d.parents);
	mdev_type_list_sort(&d.types);
	mdev_list_sort(&d.list);
	unfinished_list(h, &d.list, &d.unfinished, NULL);
	bus_query_begin(h, &query);
	for (size_t i = 0; i < d.list.n; i++) {
		bus_query_look(&query, h, &d.list.m[i]);
		check_definition(h, &d, &d.list.m[i], all);
		check_drift(&d, &d.list.m[i], all);
		if (d.list.m[i].is_pci)
			check_alone(h, &d, i, all);
		*ret_automatic = *ret_automatic || d.list.m[i].autostart;
	}
	check_room(h, &d, all);
	if (all->n == before)
		findings_add(all, HEALTH_OK, "definitions",
			     d.list.n ? xasprintf("%zu definitions, each of which can be started", d.list.n) :
					xstrdup("nothing is defined"),
			     NULL);
	strv_sort(&problems);
	for (size_t i = 0; i < problems.n; i++)
		findings_add(all, HEALTH_WARN, "files", xstrdup(problems.s[i]),
			     xstrdup("mend or remove the file"));
	if (!problems.n)
		findings_add(all, HEALTH_OK, "files", xstrdup("no file is in the way"), NULL);
}
