/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether parents and types of a scan are those of a wish, whatever is free.
 */
#ifndef MDEVCTL_MATCH_H
#define MDEVCTL_MATCH_H

#include "device/scan.h"

/* How well a text names a type; only the best counts on each parent. */
enum naming { NAMED_NOT, NAMED_BY_END, NAMED_BY_NAME, NAMED_BY_ID };
enum naming match_name(const char *text, const char *id, const char *name);

/*
 * Whether a text can only be a type's name: the kernel makes ids of the driver's name, a
 * dash and what the driver calls the type (drivers/vfio/mdev/mdev_sysfs.c): none has a
 * space, and drivers are not written in capitals.
 */
bool match_is_name(const char *text);
/* Whether @entry of a pool's parents, a pattern or VENDOR:DEVICE, names the parent. */
bool match_entry(const char *entry, const struct place_parent *p);
/* The same of what --parent says. */
bool match_pattern(const char *pattern, const struct place_parent *p);
bool match_parent(const struct wish *wish, const struct place_parent *p);
bool match_node(const struct wish *wish, const struct place_parent *p);
/* Whether a type of the parent is of this kind. */
bool match_kind(const struct scan *scan, const struct kind *kind, const struct place_parent *p,
		const struct mdev_type *t);
/* The first need that the type does not meet, or NULL. */
const struct need *match_needs(const struct needs *needs, const struct place_parent *p,
			       const struct mdev_type *t);
/* Adds the words that needs can name here. */
void match_list_keys(const struct scan *scan, struct strv *keys);

#endif
