/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running one callout script.  What its answer means for an operation is the
 * business of callout.c.
 */
#ifndef MDEVCTL_RUN_H
#define MDEVCTL_RUN_H

#include "lib/program.h"
#include "model/mdev.h"
#include "script/capability.h"
#include "script/files.h"

/* The scripts of a host, and what they said of themselves; one per command. */
struct callouts {
	const struct host *h;
	struct strv scripts, notifiers; /* paths, in the order in which they are asked */
	struct strv hung; /* path of a script for each time that it timed out */
	int error; /* why the scripts could not be looked for, or 0 */
	/* Only the command compat tells scripts of that action, so that all others are asked as
	 * ever. */
	bool offers_compat;
	unsigned timeout; /* ms for one script, 0: as long as it needs */
	struct capability *capabilities; /* what was asked already */
	size_t n_capabilities;
};

/* Finds the scripts; warns of those that somebody else could have written. */
void callouts_open(struct callouts *all, const struct host *h);
void callouts_close(struct callouts *all);

enum state { STATE_NONE, STATE_SUCCESS, STATE_FAILURE };

/* What a script is asked, as -e, -a and -s. */
struct ask {
	enum event event;
	enum action action;
	enum state state;
};

/*
 * Starts it, if nobody else can have written it by now.  0, or -errno if it
 * could not be started: script_is_none() tells whether that is the
 * script's fault, so that it is passed over, or ours.
 */
int callout_start(struct callouts *all, struct program *s, const char *path, const struct mdev *m,
		  const struct ask *ask, const char *input);
/* Runs it to its end; errors as above. */
int callout_run(struct callouts *all, struct program *s, const char *path, const struct mdev *m,
		const struct ask *ask, const char *input);

bool callout_succeeded(const struct program *s);
/* Status 2. */
bool callout_is_not_mine(const struct program *s);
/* What went wrong with a run that did not succeed; caller frees. */
char *callout_describe_end(const struct program *s);

/* Tells that a script timed out; after two times it is not asked again by
 * this command, so that a list ends. */
void callout_note_hung(struct callouts *all, const struct program *s);
bool callout_is_hung(const struct callouts *all, const char *path);

#endif
