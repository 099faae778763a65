/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counting claims on room.
 */
#include "device/claims.h"

static bool is_of_type(const struct mdev *m, const struct mdev_type *t)
{
	const char *name = mdev_key(m, KEY_TYPE_NAME);

	return name && t->name ? str_eq(name, t->name) : str_eq(m->type, t->id);
}

struct claim claims_promised(const struct scan *scan, const struct mdev_type *t)
{
	const struct mdev *defined;
	size_t n = scan_defined_on(scan, t->parent, &defined);
	struct claim claim = {};

	for (size_t i = 0; i < n; i++) {
		const struct mdev *d = &defined[i];

		if (d->active || !d->autostart || !(d->is_pci || is_of_type(d, t)))
			continue;
		claim.first = claim.n++ ? claim.first : d;
	}
	return claim;
}

struct claim claims_kept(const struct scan *scan, const struct mdev_type *t)
{
	const struct mdev *defined;
	size_t n = scan_defined_on(scan, t->parent, &defined);
	struct claim claim = {};

	for (size_t i = 0; i < n; i++) {
		const struct mdev *d = &defined[i];

		if (d->active || d->autostart || !d->is_pci)
			continue;
		/* One of the same type counts most: it would be the device's UUID. */
		if (!claim.n++ || is_of_type(d, t))
			claim.first = d;
	}
	return claim;
}

int claims_refused(const struct scan *scan, const struct mdev_type *t)
{
	for (size_t i = scan->n_refused; i > 0; i--) {
		const struct refusal *refusal = &scan->refused[i - 1];

		if (str_eq(refusal->parent, t->parent) && str_eq(refusal->type, t->id))
			return refusal->r;
	}
	return 0;
}

long claims_free(const struct scan *scan, const struct wish *wish, const struct mdev_type *t, bool sparing)
{
	struct claim kept = claims_kept(scan, t);

	if (t->available <= 0 || claims_refused(scan, t))
		return 0;
	/* A device without a definition of its own would be that one. */
	if (kept.n && (sparing || (wish->is_transient && is_of_type(kept.first, t))))
		return 0;
	return t->available - (long)claims_promised(scan, t).n;
}

size_t claims_running(const struct scan *scan, const char *card, const char *type)
{
	size_t n = 0;

	for (size_t i = 0; i < scan->running.n; i++) {
		const struct mdev *m = &scan->running.m[i];
		const struct place_parent *p = scan_find_parent(scan, m->parent);

		n += str_eq(p ? p->card : m->parent, card) && (!type || str_eq(m->type, type));
	}
	return n;
}
