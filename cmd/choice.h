/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What --type, --need, --parent, --numa, --policy and --pool ask for, as start and
 * define take it: the parent and the type chosen by place.h, or just as they are
 * given; and what is said of it.
 */
#ifndef MDEVCTL_CHOICE_H
#define MDEVCTL_CHOICE_H

#include "cli/args.h"
#include "device/place.h"

struct choice {
	const struct host *h; /* borrowed, as the next two */
	const struct args *a;
	const char *what; /* "cannot start", for messages */
	struct pool pool; /* its wish is narrowed by the options; without --pool it has no name */
	struct scan scan;
	struct place place; /* that was chosen last */
	bool is_open; /* the program chooses the parent */
	bool is_narrow; /* by more than a parent and a type */
	int lock; /* while what the kernel does not count is chosen from */
};

/* Each returns 0 or, after it has told why, a negative value. */

/* @transient: the device is not going to have a definition. */
int choice_begin(struct choice *c, const struct host *h, const struct args *a, const char *what,
		 bool transient);
void choice_end(struct choice *c);
/* Whether the options ask for anything that a device could be otherwise. */
bool choice_asks(const struct choice *c);
/* Gives @m its parent and type, and the keys that say how they were chosen.  What @m is
 * already wins over what it would be. */
int choice_make(struct choice *c, struct mdev *m);
/* The type that --jsonfile asks for: where the file has a name of it, that decides. */
void choice_ask_for(struct choice *c, const struct mdev *file);
/* The keys and attributes of a device of --pool, if there is one. */
void choice_set_pool(const struct choice *c, struct mdev *m);
/* Whether another parent may have what this one had not in the end (@r); notes that. */
bool choice_goes_on(struct choice *c, const struct mdev *m, int r);
/* Whether @m, "active" or "defined", is what is asked for. */
int choice_check(struct choice *c, const struct mdev *m, const char *state);
/* The same, and whether definition @m has the attributes that are @wanted, and, @to_define,
 * the same start and pool. */
int choice_check_same(struct choice *c, const struct mdev *m, const struct mdev *wanted, bool to_define);

/* The type that --type names on the device's parent, by id or by name, becomes its own. */
int choice_set_type(const struct host *h, const struct args *a, struct mdev *m, const char *what);
/* At start the type's name decides, where the definition has one; and what is pinned is
 * compared: @strict: a change is an error also where the definition does not say so. */
int choice_settle_type(const struct host *h, struct mdev *m, bool strict, const char *what);

/* Keeps others from choosing what the kernel does not count, and from applying a host's
 * description, until the descriptor is closed; they are waited for so long.  -errno: it is not told. */
int choice_lock_host(const struct host *h, unsigned ms);
/* "a device", or its UUID if that was told. */
const char *choice_label(const struct args *a);
/* Keeps others from starting a device of the same name, until the descriptor is closed. */
int choice_lock_name(const struct host *h, const struct args *a, int *ret_lock);

#endif
