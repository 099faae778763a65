/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of this host at one moment: all that choosing a parent needs, and
 * no more than that, as on large hosts each question counts.
 */
#ifndef MDEVCTL_SCAN_H
#define MDEVCTL_SCAN_H

#include "lib/host.h"
#include "model/mdev.h"
#include "model/wish.h"

/* A parent; its card is the physical function, or itself. */
struct place_parent {
	const char *name, *card; /* of str_intern() */
	char *id, *card_id; /* "VENDOR:DEVICE"; NULL: no PCI function, or not asked for */
	long node; /* ANY_NODE: it is not known, or was not asked for */
};

/* Where a device was refused although it seemed free. */
struct refusal {
	const char *parent, *type; /* of str_intern() */
	int r;
};

struct scan {
	struct mdev_type_list types; /* sorted */
	struct mdev_list defined; /* sorted; active is set */
	struct mdev_list running; /* sorted; only if it was asked for */
	struct place_parent *parents; /* those of the types, sorted by name */
	size_t n_parents;
	struct refusal *refused; /* kept from one look at the host to the next */
	size_t n_refused;
};

/*
 * Looks at the host, or at one @parent of it, for what @wish asks; at what runs only
 * if the wish depends on that, or @running.  Files that are no definitions are passed
 * over.  0 or -errno.
 */
int scan_host(struct scan *scan, const struct host *h, const struct wish *wish, const char *parent,
	      bool running);
/* The two halves of it, for an empty scan: parents and types; definitions and, if
 * @running, what runs.  What should be definitions and is none is added to @problems;
 * @ret_unread, as config_list()'s: whether anything could not be read. */
int scan_offers(struct scan *scan, const struct host *h, const struct wish *wish, const char *parent);
int scan_devices(struct scan *scan, const struct host *h, const char *parent, bool running, struct strv *problems,
		 bool *ret_unread);
/* The next choice is not this one; @r is the kernel's answer. */
void scan_refuse(struct scan *scan, const char *parent, const char *type, int r);
void scan_done(struct scan *scan);

/* The same for a parent that offers no types. */
struct place_parent scan_look_at(int devices, const struct wish *wish, const char *name);
void scan_parent_done(struct place_parent *p);

/* NULL: it offers no types. */
const struct place_parent *scan_find_parent(const struct scan *scan, const char *name);
/* The types of a parent: from *@ret_first on, so many. */
size_t scan_types_of(const struct scan *scan, const char *parent, const struct mdev_type **ret_first);
/* The definitions of a parent. */
size_t scan_defined_on(const struct scan *scan, const char *parent, const struct mdev **ret_first);
/* The definition of a running device, or NULL. */
const struct mdev *scan_definition_of(const struct scan *scan, const struct mdev *m);

#endif
