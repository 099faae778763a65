/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a document to what options would say.
 */
#include "cmd/like.h"
#include "config.h"
#include "device/bus.h"
#include "device/place.h"

/* A definition of the same device, as one that has been here before has it. */
static bool is_same(const struct host *h, const struct document *like, const struct mdev *m)
{
	_cleanup_(error_done) struct error differs = {};
	_cleanup_(scan_done) struct scan scan = {};
	struct wish wish = WISH_ANYTHING;

	wish.kind.type = like->type.name ? like->type.name : like->m.type;
	scan_host(&scan, h, &wish, m->parent, false);
	return place_allows(&scan, &wish, m, &differs) && mdev_has_same_attrs(m, &like->m);
}

/* Who has the UUID here; caller frees, NULL: nobody, or this very device. */
static char *tell_taken(const struct host *h, const struct document *like)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {};
	_cleanup_(strv_done) struct strv problems = {};
	_cleanup_(mdev_done) struct mdev running = {};

	if (bus_find(h, like->m.uuid, &running) == 0) {
		/* A name finds what is active. */
		if (mdev_key(&like->m, KEY_NAME))
			return NULL;
		return xasprintf("a device that is active on %s as %s", running.parent, running.type);
	}
	config_find(h, like->m.uuid, NULL, &defined, &problems);
	if (!defined.n && !problems.n)
		return NULL;
	if (defined.n == 1 && !problems.n && is_same(h, like, &defined.m[0]))
		return NULL;
	if (!defined.n)
		return xstrdup("a file that is no definition");
	return xasprintf("a device that is defined on %s as %s", defined.m[0].parent, defined.m[0].type);
}

int like_ask_for(const struct host *h, const struct document *like, struct args *a)
{
	const char *name = mdev_key(&like->m, KEY_NAME);
	_cleanup_free_ char *taken = NULL;

	a->given |= O(TYPE);
	a->value[OPT_TYPE] = like->type.name ? like->type.name : like->m.type;
	if (has(a, O_DEVICE))
		return 0;
	taken = tell_taken(h, like);
	if (taken) {
		notice("the UUID %s is that of %s: this device gets another one", like->m.uuid, taken);
		return 0;
	}
	memcpy(a->uuid, like->m.uuid, sizeof(a->uuid));
	a->given |= name ? O(NAME) : O(UUID);
	a->value[name ? OPT_NAME : OPT_UUID] = name ? name : like->m.uuid;
	return 0;
}
