/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SIGINT, SIGTERM and SIGHUP between a pre script and its post: the work ends at the
 * next safe place, is undone, and post still runs.
 */
#ifndef MDEVCTL_INTERRUPT_H
#define MDEVCTL_INTERRUPT_H

#include <stdbool.h>

/* From here on those that are not ignored only set a mark, and SIGPIPE is the error EPIPE. */
void interrupt_defer(void);
/* Whether one of them has come. */
bool interrupted(void);
/* Whatever has come or comes: what is undone after it is undone wholly. */
void interrupt_disregard(void);
/* The signal that came since the last call, once, or 0: for a script that is waited for. */
int interrupt_to_forward(void);

#endif
