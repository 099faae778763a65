/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running external scripts, several side by side.  Knows nothing of what they
 * are for.
 */
#ifndef MDEVCTL_SCRIPT_H
#define MDEVCTL_SCRIPT_H

#include <sys/types.h>

#include "util.h"

/* What a script may print; more is an error. */
#define SCRIPT_OUTPUT_MAX ((size_t)1 << 20)

enum script_end {
	SCRIPT_RUNNING,
	SCRIPT_EXITED,    /* see status */
	SCRIPT_SIGNALED,  /* status is the signal */
	SCRIPT_TIMED_OUT, /* and was killed with its process group */
	SCRIPT_FLOODED,   /* printed too much, and was killed */
};

struct buffer {
	char *data; /* NUL-terminated once there is anything */
	size_t length;
};

struct script {
	const char *path; /* borrowed */
	const char *input; /* borrowed; NULL: nothing to read */
	size_t written;
	pid_t pid;
	int pid_fd, in_fd, out_fd, err_fd;
	uint64_t started; /* ms, monotonic */
	unsigned timeout; /* ms, 0: as long as it needs */
	bool noted; /* that it takes long */
	bool shielded; /* it does not get the SIGTERM that we get */
	struct buffer out, err;
	enum script_end end;
	int status;
};

/*
 * Starts @path with @argv as a direct child, no shell in between, and no
 * descriptor but 0 to 2.  @timeout in ms: it is killed, in a process group of
 * its own, when it takes longer; 0: no limit, and it gets the terminal's
 * signals with us.  @input and @path must live as long as the run.  0 or
 * -errno if it could not be started.
 */
int script_start(struct script *s, const char *path, char *const argv[], const char *input,
		 unsigned timeout);
/*
 * Goes on until at least one of the runs is over, passing stderr on line by
 * line, with the script's name before it.  Says once of each that has no
 * timeout and takes more than 10 s that it is waited for.
 */
void script_wait_any(struct script *const runs[], size_t n);
/* Ends a run that is not over, and frees what it holds. */
void script_done(struct script *s);
/* File name without directories. */
const char *script_name(const struct script *s);

#endif
