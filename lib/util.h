/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every other file leans on: clean-up of locals, memory, strings and lists
 * of them, time.
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

/* What follows the last slash. */
static inline const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Allocation failure ends the program, jansson's too (json.c sees to that):
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
