/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running external programs, scripts mostly, several side by side.  Knows
 * nothing of what they are for.
 */
#ifndef MDEVCTL_PROGRAM_H
#define MDEVCTL_PROGRAM_H

#include <sys/types.h>

#include "lib/say.h"

/* What a program may print; more is an error. */
#define PROGRAM_OUTPUT_MAX ((size_t)1 << 20)

enum program_end {
	PROGRAM_RUNNING,
	PROGRAM_EXITED,    /* see status */
	PROGRAM_SIGNALED,  /* status is the signal */
	PROGRAM_TIMED_OUT, /* and was killed with its process group */
	PROGRAM_FLOODED,   /* printed too much, and was killed */
	PROGRAM_UNREAD,    /* ended, but what it printed could not be read; status: errno */
};

struct buffer {
	char *data; /* NUL-terminated once there is anything */
	size_t length;
};

struct program_options {
	const char *input; /* borrowed; NULL: nothing to read */
	unsigned timeout; /* ms, 0: as long as it needs */
	/* In a process group of its own: a timeout kills what it has begun as
	 * well, and a terminal's Ctrl-C does not reach it. */
	bool own_group;
	bool shielded; /* nor is the signal that we get passed on to it */
	bool discard; /* its standard output is of no interest */
	/* An open file that both its outputs go to rather than to us, so that it
	 * lives on when we do not; 0: none. */
	int log_fd;
};

struct program {
	const char *path; /* borrowed; for messages */
	struct program_options options;
	size_t written;
	pid_t pid;
	int pid_fd, in_fd, out_fd, err_fd;
	uint64_t started; /* ms, monotonic */
	bool noted; /* that it takes long */
	struct buffer out, err;
	int read_error; /* of out, an errno */
	enum program_end end;
	int status;
};

/* Before a child is made that is to be waited for. */
void program_keep_children(void);
/*
 * Starts @file with @argv as a direct child, no shell in between, and no
 * descriptor but 0 to 2.  @path and what @options point to must live as long
 * as the run.  0 or -errno if it could not be started.
 */
int program_start(struct program *s, const char *path, const char *file, char *const argv[],
		 const struct program_options *options);
/*
 * Goes on until at least one of the runs is over, passing stderr on line by
 * line, with the program's name before it.  Says once of each that has no
 * timeout and takes more than 10 s that it is waited for.
 */
void program_wait_any(struct program *const runs[], size_t n);
/* Ends a run that is not over, and frees what it holds. */
void program_done(struct program *s);

#endif
