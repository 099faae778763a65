/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Joins devices that have no UUID in the kernel with definitions.
 */
#include "device/identity.h"
#include "config.h"
#include "device/note.h"

/* One that nobody starts by itself must not take the place of one that is to be. */
static bool comes_before(const struct mdev *a, const struct mdev *b)
{
	if (a->autostart != b->autostart)
		return a->autostart;
	return strcmp(a->uuid, b->uuid) < 0;
}

static void take_definition(struct mdev *m, const struct mdev *d)
{
	memcpy(m->uuid, d->uuid, sizeof(m->uuid));
	m->defined = true;
	m->autostart = d->autostart;
	if (mdev_name_is_right(d))
		mdev_set_key(m, KEY_NAME, mdev_key(d, KEY_NAME));
	mdev_set_key(m, KEY_TYPE_NAME, mdev_key(d, KEY_TYPE_NAME));
}

/* By its parent and type. */
static bool give_by_type(const struct mdev_list *defined, struct mdev *m)
{
	const struct mdev *first = NULL;

	for (size_t i = 0; i < defined->n; i++) {
		const struct mdev *d = &defined->m[i];

		if (str_eq(d->type, m->type) && (!first || comes_before(d, first)))
			first = d;
	}
	if (first)
		take_definition(m, first);
	return first;
}

/* One whose type's id has changed since is defined all the same; what type it is the note knows. */
static bool give_by_note(const struct host *h, const struct mdev_list *defined, struct mdev *m)
{
	_cleanup_free_ char *type_name = NULL;

	if (!note_recall(h, m))
		return false;
	if (mdev_key(m, KEY_TYPE_NAME))
		type_name = xstrdup(mdev_key(m, KEY_TYPE_NAME));
	for (size_t i = 0; i < defined->n; i++)
		if (str_eq(defined->m[i].uuid, m->uuid))
			take_definition(m, &defined->m[i]);
	mdev_set_key(m, KEY_TYPE_NAME, type_name);
	return true;
}

void identity_give(const struct host *h, const struct provider *p, struct mdev *m,
		   struct strv *problems)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {};

	config_list(h, m->parent, &defined, problems, NULL);
	if (!give_by_type(&defined, m) && !give_by_note(h, &defined, m))
		p->make_uuid(m);
}

void identity_give_new(const struct host *h, const struct provider *p, struct mdev *m)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {};
	_cleanup_(strv_done) struct strv problems = {};

	config_list(h, m->parent, &defined, &problems, NULL);
	if (!give_by_type(&defined, m))
		p->make_uuid(m);
}

static void give_quietly(const struct host *h, const struct provider *p, struct mdev *m)
{
	_cleanup_(strv_done) struct strv problems = {};

	identity_give(h, p, m, &problems);
}

int identity_find_held(const struct host *h, const struct provider *p, const char *parent,
		       struct mdev *ret_mdev)
{
	_cleanup_(mdev_done) struct mdev m = {};
	int r = p->find_held(h, parent, &m);

	if (r < 0)
		return r;
	give_quietly(h, p, &m);
	*ret_mdev = take(m);
	return 0;
}

static int find_on(const struct host *h, const struct provider *p, const char *uuid, const struct strv *parents,
		   struct mdev *ret_mdev)
{
	for (size_t i = 0; i < parents->n; i++) {
		_cleanup_(mdev_done) struct mdev m = {};

		if (identity_find_held(h, p, parents->s[i], &m) == 0 && str_eq(m.uuid, uuid)) {
			*ret_mdev = take(m);
			return 0;
		}
	}
	return -ENOENT;
}

static int find_defined(const struct host *h, const struct provider *p, const char *uuid,
			struct mdev *ret_mdev)
{
	_cleanup_(strv_done) struct strv parents = {};

	config_parents_of(h, uuid, &parents);
	return find_on(h, p, uuid, &parents, ret_mdev);
}

/* One whose definition has moved, or gone, while it runs. */
static int find_noted(const struct host *h, const struct provider *p, const char *uuid, struct mdev *ret_mdev)
{
	_cleanup_(strv_done) struct strv parents = {};

	note_find(h, uuid, &parents);
	return find_on(h, p, uuid, &parents, ret_mdev);
}

/* One that is known by its parent and type only. */
static int find_undefined(const struct host *h, const struct provider *p, const char *uuid,
			  struct mdev *ret_mdev)
{
	_cleanup_(mdev_list_done) struct mdev_list held = {};

	p->list(h, NULL, &held);
	for (size_t i = 0; i < held.n; i++) {
		struct mdev *m = &held.m[i];

		p->make_uuid(m);
		if (!str_eq(m->uuid, uuid) && !(note_recall(h, m) && str_eq(m->uuid, uuid)))
			continue;
		give_quietly(h, p, m);
		if (!str_eq(m->uuid, uuid))
			return -ENOENT;
		*ret_mdev = take(*m);
		return 0;
	}
	return -ENOENT;
}

int identity_find(const struct host *h, const struct provider *p, const char *uuid,
		  struct mdev *ret_mdev)
{
	/* What is made from a text is of version 5. */
	const size_t version_at = 14;
	int r = find_defined(h, p, uuid, ret_mdev);

	if (r != -ENOENT)
		return r;
	return uuid[version_at] == '5' ? find_undefined(h, p, uuid, ret_mdev) : find_noted(h, p, uuid, ret_mdev);
}
