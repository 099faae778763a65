/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan on standard output, step by step, as text or JSON.
 */
#ifndef MDEVCTL_CLI_PLAN_H
#define MDEVCTL_CLI_PLAN_H

#include "device/plan.h"

/* "+ define vm1 0000:41:00.0 nvidia-700"; caller frees. */
char *plan_step_text(const struct step *step);
/* A new reference. */
json_t *plan_step_to_json(const struct step *step);
/* Its line; 0 or a negative value, as output.h's. */
int output_step(const struct step *step);
/* What stays otherwise, and how much was or is to be done of what. */
int output_plan_end(const struct strv *notes, const size_t n_of_kind[N_STEP_KINDS], size_t n_as_wanted);
/* All of it as one object; takes @steps. */
int output_plan_json(json_t *steps, const struct strv *notes, size_t n_as_wanted);

#endif
