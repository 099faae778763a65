/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running one callout script.  What its answer means for an operation is the
 * business of callout.c.
 */
#ifndef MDEVCTL_CALLOUT_RUN_H
#define MDEVCTL_CALLOUT_RUN_H

#include "callout.h"
#include "script.h"

enum event { EVENT_PRE, EVENT_POST, EVENT_NOTIFY, EVENT_GET, EVENT_LIVE };
enum state { STATE_NONE, STATE_SUCCESS, STATE_FAILURE };

/* What a script is asked, as -e, -a and -s. */
struct ask {
	enum event event;
	enum action action;
	enum state state;
};

/* Starts it; 0 or -errno if it could not be. */
int callout_start(struct script *s, const char *path, const struct mdev *m, const struct ask *ask,
		  const char *input, unsigned timeout);
/* Runs it to its end; 0 or -errno if it could not be started. */
int callout_run(struct script *s, const char *path, const struct mdev *m, const struct ask *ask,
		const char *input, unsigned timeout);

bool callout_succeeded(const struct script *s);
/* Status 2. */
bool callout_is_not_mine(const struct script *s);
/* What went wrong with a run that did not succeed; caller frees. */
char *callout_describe_end(const struct script *s);

/* A script that timed out is told of once, and not asked again by this command. */
void callout_note_hung(struct callouts *all, const struct script *s);
bool callout_is_hung(const struct callouts *all, const char *path);

/*
 * Which script is the one for this type and parent, if any, and what it is
 * capable of.  The scripts are asked once per command.
 */
struct capability callout_capability(struct callouts *all, const struct mdev *m);

#endif
