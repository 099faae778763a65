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

/* What cannot be done is told with where it is asked for; what stays otherwise, or cannot be told
 * yet, is noted. */
void planner_problem(struct planner *p, const struct wanted *w, const char *fmt, ...) _printf_(3, 4);
void planner_note(struct planner *p, const char *fmt, ...) _printf_(2, 3);
/* A new step, the caller's to fill; valid until the next one is added. */
struct step *planner_add(struct planner *p, enum step_kind kind, const char *label);
struct step *planner_add_stop(struct planner *p, const char *label, const struct mdev *running, const struct mdev *defined,
			      const struct wanted *w);
/* What turns one into the other, or NULL; takes both. */
char *planner_change_json(json_t *from, json_t *to);
/* The same of definitions, which are borrowed. */
char *planner_change(const struct mdev *from, const struct mdev *to);

/* The first of a sorted index with this UUID, and how many there are. */
size_t planner_find_all(const struct mdev *const *index, size_t n, const char *uuid, size_t *ret_first);
/* NULL: there is none. */
const struct mdev *planner_running(const struct planner *p, const char *uuid);
const struct mdev *planner_definition_on(const struct planner *p, const char *uuid, const char *parent);
/* Of a definition of the survey, for its fate. */
size_t planner_index_of(const struct planner *p, const struct mdev *defined);
bool planner_has_parent(const struct planner *p, const char *parent);
/* Its parent is to be chosen. */
void planner_open(struct planner *p, const struct wanted *w);
/* The definition that goes, as this one is to be elsewhere; NULL: none does. */
const struct mdev *planner_moved(const struct planner *p, const struct wanted *w);
/* Whether an earlier step has stopped it to have it started again. */
bool planner_was_stopped(const struct planner *p, const char *uuid);
/* What is asked for, as survey_wish(); false: there is no such pool, which is told, or what is
 * wrong with it has been. */
bool planner_wish(struct planner *p, const struct wanted *w, struct wish *ret_wish, const struct pool **ret_pool);

/* The definition as it is to be on @parent, with the type of @like if that is what is asked
 * for.  0, or negative after a problem was told. */
int planner_describe(struct planner *p, const struct wanted *w, const char *parent, const struct mdev *like,
		     struct mdev *ret_mdev);
/* The steps from @old, NULL: no definition there, to @m, which is taken, and of what runs. */
void planner_settle(struct planner *p, const struct wanted *w, struct mdev *m, const struct mdev *old);
/* One of "as many as fit", which lives as long as the plan. */
struct wanted *planner_make_member(struct planner *p, const struct wanted *rest, const char *name);
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
