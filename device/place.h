/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Choosing the parent and the type of a device that people have described by what
 * it shall be.  Pure: all is in the scan and in the wish.
 */
#ifndef MDEVCTL_PLACE_H
#define MDEVCTL_PLACE_H

#include "device/scan.h"
#include "lib/say.h"
#include "model/pool.h"

struct place {
	const char *parent, *type; /* of str_intern() */
	const char *type_name; /* the driver's, if the type was asked for by name; else NULL */
};

/*
 * 0; -ENOENT: nothing fits (place_tell()); -EINVAL: the wish has no clear meaning
 * here, with @error set: a name of several types, a key that no type has.
 */
int place_choose(const struct scan *scan, const struct wish *wish, struct place *ret_place,
		 struct error *error);
/*
 * The type that a text means on one parent: its id, else its name, else the end of
 * its name.  0; -ENOENT: none; -EINVAL with @error set: several.
 */
int place_find_type(const struct scan *scan, const char *parent, const char *text,
		    struct place *ret_place, struct error *error);
/* Whether the kernel's answer to making a device says that another parent may have room. */
bool place_is_lost(int r);
/* Whether @m, running or defined, is what is wished, wherever there is room; else
 * @error says what differs. */
bool place_allows(const struct scan *scan, const struct wish *wish, const struct mdev *m,
		  struct error *error);

/* Why a parent, or several of one card for the same reason, was not taken. */
struct reason {
	const char *parent, *card;
	size_t n; /* so many parents */
	long free;
	char *why;
};
struct reasons {
	struct reason *r;
	size_t n;
};
/* Adds why nothing fits, in the order of the parents; those that no pattern names are
 * passed over. */
void place_tell(const struct scan *scan, const struct host *h, const struct wish *wish, struct reasons *reasons);
void reasons_done(struct reasons *reasons);

/* Why a type has no room for a device that is wished; caller frees, NULL: it has. */
char *place_tell_full(const struct scan *scan, const struct wish *wish, const struct mdev_type *t);

/* What a pool has on this host; lists of a scan for its wish, with what runs. */
struct pool_use {
	struct strv parents, types; /* that are its, those of the other */
	size_t running, defined; /* its devices; a running one may be defined, too */
	size_t used; /* both, none twice */
	long free;
	bool at_most; /* VFs share their card's room, and it may be less */
};
void place_count_pool(const struct scan *scan, const struct pool *pool, struct pool_use *ret_use);
void pool_use_done(struct pool_use *use);

/*
 * At start a type's name decides, where the definition has one: gives @m the id that the
 * type of that name has now.  1: that is another than the definition's, 0: the same, or
 * it cannot be seen now, -ENOENT with @error set: another type has the id now.
 */
int place_settle_type(const struct host *h, struct mdev *m, struct error *error);

#endif
