/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carrying out the steps of a plan so that all of them are done, or none.
 */
#ifndef MDEVCTL_STEPS_H
#define MDEVCTL_STEPS_H

#include "device/plan.h"
#include "lib/host.h"
#include "script/callout.h"

struct steps {
	const struct host *h; /* borrowed */
	const struct blueprint *want; /* borrowed */
	const struct survey *now; /* what the plan was made from; borrowed */
	struct scan scan; /* with what was refused */
	struct callouts all;
	struct done *done; /* what has been done so far, in order */
	size_t n_done;
	struct made **made; /* steps that no plan has */
	size_t n_made;
	struct strv stopped; /* UUIDs of what was stopped to be started again */
	size_t n_of_kind[N_STEP_KINDS];
	bool is_quiet; /* no line is printed for a step */
};

void steps_begin(struct steps *steps, const struct host *h, const struct blueprint *want, bool quiet);
/*
 * Does one step, with the scripts of the command that does the same; prints its line once it
 * is done.  0, or a negative value after it has told why not; then nothing of the step
 * is left.  @step must outlive @steps, and its parent may be another afterwards.
 */
int steps_do(struct steps *steps, struct step *step);
/*
 * The same for a device of as many as fit, and its start, if that is a step, too.  -ENOSPC without a word:
 * it does not fit.
 */
int steps_do_optional(struct steps *steps, struct step *define, struct step *start);
/* What has been done, in order; a new reference. */
json_t *steps_to_json(const struct steps *steps);
/* Undoes all that was done, last first, and tells so; what cannot be undone is named. */
void steps_undo(struct steps *steps);
void steps_end(struct steps *steps);

#endif
