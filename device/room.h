/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What will be free while a plan is carried out: what the kernel shows, less what has been
 * planned already.  How types share a card only its driver knows: where something is
 * stopped first, and between types of one card, only trying tells.
 */
#ifndef MDEVCTL_ROOM_H
#define MDEVCTL_ROOM_H

#include "device/place.h"
#include "device/survey.h"

/* How many devices a pool has with those that are planned. */
struct room_pool {
	const struct pool *pool;
	size_t used;
};

struct room {
	const struct survey *now;
	struct scan view; /* the survey's, with less free; what it points to is the survey's */
	long *left; /* of each type of it: what the kernel shows less what starts, promised or not */
	struct strv freed; /* cards on which something is stopped first */
	struct room_pool *pools;
	size_t n_pools;
};

/* @planned: the definitions as they will be, sorted; taken, and what they point to borrowed. */
void room_begin(struct room *room, const struct survey *now, struct mdev_list *planned);
void room_done(struct room *room);
/* It will not be defined there after all. */
void room_unplan(struct room *room, const char *uuid, const char *parent);
/* The device is stopped first. */
void room_free(struct room *room, const char *parent);
bool room_is_freed(const struct room *room, const char *parent);
/* One of the type will be there.  @promised: by a planned definition, which claims its place already. */
void room_take(struct room *room, const struct mdev *m, bool promised);
/* It is a further one of its pool, besides those that are planned. */
void room_count(struct room *room, const struct mdev *m);
/* Why the device could not start on its parent, or NULL; caller frees. */
char *room_problem(const struct room *room, const struct mdev *m);
/* Whether any parent that would do offers what is wished at all, with room or without. */
bool room_offers(const struct room *room, const struct wish *wish);
/* As place_choose(); -EDQUOT: the pool has as many as it may. */
int room_choose(struct room *room, const struct wish *wish, const struct pool *pool, struct place *ret_place,
		struct error *error);

#endif
