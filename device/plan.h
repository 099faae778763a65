/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what a host is to be and what it is to the steps between.  Pure: the same two
 * give the same plan, and nothing is asked or changed.
 */
#ifndef MDEVCTL_PLAN_H
#define MDEVCTL_PLAN_H

#include "device/survey.h"
#include "model/blueprint.h"

/* In the order in which they are taken: room is made before it is used. */
enum step_kind {
	STEP_DEFINE_VFS,
	STEP_MODIFY_VFS,
	STEP_ENABLE_VFS,
	STEP_DEFINE_POOL,
	STEP_MODIFY_POOL,
	STEP_STOP,
	STEP_UNDEFINE,
	STEP_DEFINE,
	STEP_MODIFY,
	STEP_LEAVE, /* undefine what is defined elsewhere by now, so that no moment is without a definition of it */
	STEP_START,
	N_STEP_KINDS,
};

struct step {
	enum step_kind kind;
	const char *label; /* of a device its name or UUID, else of a pool or a physical function; of str_intern() */
	const struct vfs *vfs; /* what is to be kept; borrowed, as all that follow */
	const struct pool *pool;
	const struct mdev *old; /* the definition so far; NULL: there is none, or it cannot be read */
	const struct wanted *wanted; /* NULL: nobody wants the device any more */
	struct mdev m; /* the device as it will be, or, before it goes, as it is; parent NULL: not chosen yet */
	char *change; /* from what to what, or why; NULL: all of it is new, or goes */
	bool is_placed; /* the parent was chosen, and may be another as long as the device does not run */
	bool is_optional; /* one of as many as fit */
};

struct plan {
	struct step *s;
	size_t n;
	struct wanted **made; /* members of "as many as fit", which steps borrow */
	size_t n_made;
	size_t n_as_wanted; /* devices that nothing has to be done for */
	struct strv notes; /* what stays otherwise than wanted, or cannot be told yet, and why */
	bool is_partial; /* the rest can be told once the steps before STEP_DEFINE are done */
};

struct plan_options {
	bool prune; /* what is not wanted goes, where anything is wanted */
	bool restart; /* what runs otherwise than wanted is stopped and started */
	bool files_only; /* nothing is chosen, and nothing runs or is to run */
	bool is_rest; /* the steps before STEP_DEFINE are done: what does not fit now will not */
	const struct strv *stopped; /* UUIDs of devices that were stopped to be started again; or NULL */
};

/*
 * What cannot be done is added to @problems, each as a sentence that begins with where it
 * is asked for; with any of them the plan is none.  @want and @now must outlive it.
 */
void plan_make(struct plan *ret_plan, const struct blueprint *want, const struct survey *now,
	       const struct plan_options *options, struct strv *problems);
void plan_done(struct plan *plan);
void step_done(struct step *step);

#endif
