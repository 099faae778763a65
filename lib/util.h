/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every other file leans on: clean-up of locals, strings and string
 * lists, and the one way in which the program speaks to its user.  Knows
 * nothing of devices.
 */
#ifndef MDEVCTL_UTIL_H
#define MDEVCTL_UTIL_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

static inline void freep(void *p)
{
	free(*(void **)p);
}

/* Closing must not disturb the errno that the function is about to return. */
static inline void closep(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

/* Hand over what a cleanup attribute would otherwise release. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* The same for a pointer or a struct: its value, leaving it empty. */
#define take(x)                             \
	({                                  \
		__typeof__(x) t_ = (x);     \
		(x) = (__typeof__(x)){ 0 }; \
		t_;                         \
	})

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Allocation failure ends the program, jansson's too (jansson.c sees to that):
 * nothing useful can follow it, and a definition must not be written without
 * what there was no memory for. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) _printf_(1, 2);
char *xvasprintf(const char *fmt, va_list ap) _printf_(1, 0);
/* Makes room for one more element in @array of @n elements of @size bytes. */
void *xgrow(void *array, size_t n, size_t size);

/*
 * The one copy of a text, which lives until the program ends: thousands of
 * devices share a few parents and types.
 */
const char *str_intern(const char *s);

struct strv {
	char **s;
	size_t n;
};
void strv_add(struct strv *v, char *take);
void strv_sort(struct strv *v);
bool strv_has(const struct strv *v, const char *s);
void strv_done(struct strv *v);
/* "a, b and N more" of at most @most names; caller frees. */
char *strv_join(const struct strv *v, size_t most);
/* The entry of @v that @s is most likely a misspelling of, or NULL. */
const char *strv_nearest(const struct strv *v, const char *s);
/* Whether @s could be a misspelling of @candidate; less is nearer. */
bool str_resembles(const char *s, const char *candidate, size_t *ret_distance);

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
 * as well (udev drops the stderr of what it runs). */
void say_init(void);
void say_to_syslog(void);

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

/* @s with control characters (C0, DEL and C1) and what is not UTF-8 as \xNN, so
 * that a driver's or a file's text cannot steer a terminal; caller frees. */
char *str_escape(const char *s);
/* False only if str_escape() would not change it. */
bool str_needs_escape(const char *s);

/* Milliseconds of a clock that only goes forward. */
uint64_t now_ms(void);
/* A sleep that ends with the time, not with a signal. */
void sleep_ms(unsigned ms);

#endif
