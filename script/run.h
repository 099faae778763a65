/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running one callout script.  What its answer means for an operation is the
 * business of callout.c.
 */
#ifndef MDEVCTL_CALLOUT_RUN_H
#define MDEVCTL_CALLOUT_RUN_H

#include "lib/host.h"
#include "model/mdev.h"
#include "lib/program.h"

enum action {
	ACTION_START,
	ACTION_STOP,
	ACTION_DEFINE,
	ACTION_UNDEFINE,
	ACTION_MODIFY,
	ACTION_ATTRIBUTES,
	ACTION_CAPABILITIES,
};

/* The scripts of a host, and what they said of themselves; one per command. */
struct callouts {
	const struct host *h;
	struct strv scripts, notifiers; /* paths, in the order in which they are asked */
	struct strv hung; /* path of a script for each time that it timed out */
	int error; /* why the scripts could not be looked for, or 0 */
	unsigned timeout; /* ms for one script, 0: as long as it needs */
	struct capability *capabilities; /* what was asked already */
	size_t n_capabilities;
};

/* Finds the scripts; warns of those that somebody else could have written. */
void callouts_open(struct callouts *all, const struct host *h);
void callouts_close(struct callouts *all);

/* What lies where scripts are looked for. */
enum script_state {
	SCRIPT_FINE,
	SCRIPT_NO_FILE, /* a directory, a link to nothing */
	SCRIPT_NOT_EXECUTABLE,
	SCRIPT_UNTRUSTED, /* others than root and our own user could have written it */
};

struct script_file {
	char *path;
	bool is_notifier;
	enum script_state state;
};

struct script_files {
	struct script_file *f;
	size_t n;
};

/* Adds all of them, in the order in which scripts are asked.  0, or -errno: not
 * everything could be looked at. */
int callout_list_files(const struct host *h, struct script_files *files);
void script_files_done(struct script_files *files);

/* What the scripts answered for a type on a parent. */
struct capability {
	char *parent, *type;
	const char *script; /* the versioned one, or NULL */
	unsigned actions, events; /* what it listed, BIT() by enum */
};
#define BIT(n) (1U << (n))

/* What the question for capabilities gives to a script to read; caller frees. */
char *capability_question(void);
/*
 * Fills script and what it listed from the answer of @script, which must
 * outlive @c; trailing NULs are allowed.  False: it is no answer.
 */
bool capability_from_json(struct capability *c, const char *text, size_t length, const char *script);

enum event { EVENT_PRE, EVENT_POST, EVENT_NOTIFY, EVENT_GET, EVENT_LIVE };
enum state { STATE_NONE, STATE_SUCCESS, STATE_FAILURE };

/* What a script is asked, as -e, -a and -s. */
struct ask {
	enum event event;
	enum action action;
	enum state state;
};

/*
 * Starts it, if nobody else can have written it by now.  0, or -errno if it
 * could not be started: callout_is_no_script() tells whether that is the
 * script's fault, so that it is passed over, or ours.
 */
int callout_start(struct callouts *all, struct program *s, const char *path, const struct mdev *m,
		  const struct ask *ask, const char *input);
/* Runs it to its end; errors as above. */
int callout_run(struct callouts *all, struct program *s, const char *path, const struct mdev *m,
		const struct ask *ask, const char *input);
bool callout_is_no_script(int r);

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
