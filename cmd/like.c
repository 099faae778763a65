/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a document to what options would say.
 */
#include "cmd/like.h"
#include "config.h"
#include "device/bus.h"
#include "device/place.h"

/* A definition of the same device, as one that has been here before has it, where it may be. */
static bool is_same(const struct host *h, const struct args *a, const struct document *like, const struct mdev *m)
{
	_cleanup_(error_done) struct error differs = {};
	_cleanup_(scan_done) struct scan scan = {};
	struct wish wish = WISH_ANYTHING;

	wish.parent = a->value[OPT_PARENT];
	wish.kind.type = like->type.name ? like->type.name : like->m.type;
	scan_host(&scan, h, &wish, m->parent, false);
	return place_allows(&scan, &wish, m, &differs) && mdev_has_same_attrs(m, &like->m);
}

/* Who has the UUID here; caller frees, NULL: nobody, or this very device.  Failure is told. */
static int find_taken(const struct host *h, const struct args *a, const struct document *like, char **ret_taken)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {};
	_cleanup_(strv_done) struct strv problems = {};
	_cleanup_(mdev_done) struct mdev running = {};
	int r;

	*ret_taken = NULL;
	if (bus_find(h, like->m.uuid, &running) == 0) {
		/* A name finds what is active. */
		if (!mdev_key(&like->m, KEY_NAME))
			*ret_taken = xasprintf("a device that is active on %s as %s", running.parent, running.type);
		return 0;
	}
	r = config_find(h, like->m.uuid, NULL, &defined, &problems);
	if (problems.n)
		return fail("cannot start %s: %s", like->m.uuid, problems.s[0]);
	if (r < 0)
		return fail_errno(r, "cannot start %s: cannot read the definitions", like->m.uuid);
	if (defined.n > 1 || (defined.n && !is_same(h, a, like, &defined.m[0])))
		*ret_taken = xasprintf("a device that is defined on %s as %s", defined.m[0].parent, defined.m[0].type);
	return 0;
}

int like_ask_for(const struct host *h, const struct document *like, struct args *a)
{
	const char *name = mdev_key(&like->m, KEY_NAME);
	_cleanup_free_ char *taken = NULL;
	int r = has(a, O_DEVICE) ? 0 : find_taken(h, a, like, &taken);

	a->given |= O(TYPE);
	a->value[OPT_TYPE] = like->type.name ? like->type.name : like->m.type;
	if (r < 0 || has(a, O_DEVICE))
		return r;
	if (taken) {
		notice("the UUID %s is that of %s: this device gets another one", like->m.uuid, taken);
		return 0;
	}
	memcpy(a->uuid, like->m.uuid, sizeof(a->uuid));
	a->given |= name ? O(NAME) : O(UUID);
	a->value[name ? OPT_NAME : OPT_UUID] = name ? name : like->m.uuid;
	return 0;
}
