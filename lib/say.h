/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one way in which the program speaks to its user: errors, warnings,
 * progress.
 */
#ifndef MDEVCTL_SAY_H
#define MDEVCTL_SAY_H

#include "lib/util.h"

/* A sentence that errno cannot say, filled by the lower files. */
struct error {
	char *text;
};
void error_set(struct error *e, const char *fmt, ...) _printf_(2, 3);
/* Puts the text before that of the error. */
void error_prefix(struct error *e, const char *prefix);
void error_done(struct error *e);

enum verbosity { SAY_ERROR, SAY_WARNING, SAY_NOTICE, SAY_INFO, SAY_DEBUG };

/* Reads MDEVCTL_LOG; messages go to stderr, after say_to_syslog() to syslog
 * as well (udev drops the stderr of what it runs), unless it is the journal. */
void say_init(void);
void say_to_syslog(void);
/* What the messages from now on are about, before each of them; borrowed. */
void say_about(const char *name);

/* A line of a script's stderr, after the script's name. */
void say_from(const char *script, const char *line);
/* Each prints one line, control characters escaped: messages quote names and
 * texts that come from files and drivers. */
void warn(const char *fmt, ...) _printf_(1, 2);
void notice(const char *fmt, ...) _printf_(1, 2);
void info(const char *fmt, ...) _printf_(1, 2);
void debug(const char *fmt, ...) _printf_(1, 2);
/* Print the message, with fail_errno() followed by what -@r means, and
 * return a negative value for the command to return. */
int fail(const char *fmt, ...) _printf_(1, 2);
int fail_errno(int r, const char *fmt, ...) _printf_(2, 3);
/* A further line of the last message, as of a table. */
void fail_more(const char *fmt, ...) _printf_(1, 2);

/*
 * Long work says on a terminal how far it is: nothing in its first second, then
 * a line that the next one overwrites, and that is gone before any message and
 * at progress_end().
 */
struct progress {
	const char *what; /* "starting the devices of mtty" */
	size_t total;
	uint64_t begun, shown;
};
struct progress progress_begin(const char *what, size_t total);
void progress_show(struct progress *p, size_t done);
void progress_end(const struct progress *p);

#endif
