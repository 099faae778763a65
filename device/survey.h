/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a host has and keeps, as far as a description of it has to be compared with that.
 */
#ifndef MDEVCTL_SURVEY_H
#define MDEVCTL_SURVEY_H

#include "device/scan.h"
#include "model/blueprint.h"

/* What is kept for a physical function, and what it has. */
struct survey_vfs {
	struct vfs kept; /* pf NULL: nothing */
	bool is_there; /* and can have VFs */
	unsigned long enabled;
	bool is_half_done; /* of what is kept with a driver: not all of them are parents, and bound where they are to be */
};

struct survey {
	struct scan scan; /* without types where none are needed */
	bool has_types;
	bool *one_place; /* of each parent of the scan: it has room for one device only */
	/* UUIDs of what runs without all of its attributes, and of what was stopped to be
	 * started again by one who could not (unfinished.h). */
	struct strv unfinished, stopped;
	struct strv parents; /* that are there; only where something may have to be started */
	struct survey_vfs *vfs; /* as many, and in the same order, as are wanted */
	size_t n_vfs;
	struct pool *pools; /* that are kept here */
	size_t n_pools;
	bool is_unread; /* not every definition could be read, as against files that are none */
	struct strv broken; /* "PARENT/UUID" of wanted devices: a file is there that is no definition */
};

/*
 * Looks at what @want speaks of, and no further than that needs.  @files_only: nothing but
 * what is kept.  What should be a definition or a pool and is none is added to @problems.
 * 0 or -errno.
 */
int survey_host(struct survey *survey, const struct host *h, const struct blueprint *want, bool files_only,
		struct strv *problems);
void survey_done(struct survey *survey);

/* The pool of that name that is wanted, else that is kept here, or NULL. */
const struct pool *survey_pool(const struct survey *survey, const struct blueprint *want, const char *name);
/* What is asked for, as a choice that borrows all of it; false: there is no such pool.
 * @ret_pool: the pool, or NULL. */
bool survey_wish(const struct survey *survey, const struct blueprint *want, const struct wanted *w,
		 struct wish *ret_wish, const struct pool **ret_pool);
/* Whether a definition is of the type that is wanted, so far as its own words tell. */
bool survey_is_type(const struct wanted *w, const struct mdev *definition);

#endif
