/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan in the making; for the files of the planner only.
 */
#ifndef MDEVCTL_PLANNER_H
#define MDEVCTL_PLANNER_H

#include "device/plan.h"
#include "device/room.h"

/* What becomes of a definition. */
enum fate {
	FATE_UNKNOWN, /* nobody has spoken of it yet */
	FATE_STAYS, /* perhaps changed */
	FATE_IS_CHOSEN, /* and stays where there was room: nothing else takes that */
	FATE_GOES,
};

struct planner {
	const struct blueprint *want;
	const struct survey *now;
	const struct plan_options *options;
	struct plan *plan;
	struct strv *problems;
	const struct mdev **defined, **running; /* of the survey, sorted by UUID */
	enum fate *fate; /* of each definition of the survey */
	struct room room;
	const struct wanted **open; /* devices whose parent has to be chosen */
	size_t n_open;
	bool is_enabling; /* virtual functions, which are parents nobody knows yet */
};

/* A new step, the caller's to fill; valid until the next one is added. */
struct step *planner_add(struct planner *p, enum step_kind kind, const char *label);
/* What turns one definition into the other, or NULL. */
char *planner_change(const struct mdev *from, const struct mdev *to);
/* The definition of this index goes, and its device if that runs; @by: who is asked for instead. */
void planner_remove(struct planner *p, size_t i, const struct wanted *by);
/* Whether --prune removes a definition: nobody asks for it, and something is asked for where it is. */
bool planner_prunes(const struct planner *p, const struct mdev *defined);
/* Whether it is called NAME-1, NAME-2 ... */
bool planner_is_member(const struct mdev *m, const char *family);

/* Of devices that have a parent, or are somewhere already, what has to be done. */
void planner_settle_devices(struct planner *p);
/* Whether there is room for what is to start, and where, for what may be anywhere. */
void planner_place_devices(struct planner *p);

#endif
