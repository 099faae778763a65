/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory, strings, lists of strings, time.
 */
#include "lib/util.h"

#include <ctype.h>
#include <search.h>
#include <time.h>

static void *check_alloc(void *p)
{
	if (p)
		return p;
	fputs("mdevctl: out of memory\n", stderr);
	exit(EXIT_FAILURE);
}

void *xmalloc(size_t size)
{
	return check_alloc(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return check_alloc(calloc(n, size));
}

void *xrealloc(void *p, size_t size)
{
	return check_alloc(realloc(p, size));
}

char *xstrdup(const char *s)
{
	return check_alloc(strdup(s));
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	return check_alloc(vasprintf(&s, fmt, ap) < 0 ? NULL : s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void *xgrow(void *array, size_t n, size_t size)
{
	/* Room doubles when the count reaches a power of two. */
	if (n & (n - 1))
		return array;
	return check_alloc(reallocarray(array, n ? 2 * n : 1, size));
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

const char *str_intern(const char *s)
{
	static void *pool;
	static const char *last;
	const char **found;

	/* Devices are looked at parent by parent. */
	if (last && str_eq(last, s))
		return last;
	found = tfind(s, &pool, compare_texts);
	if (!found)
		found = tsearch(xstrdup(s), &pool, compare_texts);
	last = *(const char **)check_alloc(found);
	return last;
}

void strv_add(struct strv *v, char *take)
{
	v->s = xgrow(v->s, v->n, sizeof(*v->s));
	v->s[v->n++] = take;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *v)
{
	if (v->n)
		qsort(v->s, v->n, sizeof(*v->s), compare_strings);
}

bool strv_has(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->s[i], s))
			return true;
	return false;
}

void strv_done(struct strv *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->s[i]);
	free(v->s);
	*v = (struct strv){};
}

char *strv_join(const struct strv *v, size_t most)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < v->n; i++) {
		_cleanup_free_ char *old = text;

		if (i == most && v->n > most + 1) {
			text = xasprintf("%s and %zu more", old, v->n - most);
			break;
		}
		text = xasprintf("%s%s%s", old, i ? ", " : "", v->s[i]);
	}
	return text;
}

/* Levenshtein's distance; names here are short. */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	_cleanup_free_ size_t *row = xcalloc(lb + 1, sizeof(*row));

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t above = row[j];
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[lb];
}

/* @s without what numbers it: "nvidia-" of nvidia-63, "::." of 0000:3b:00.0. */
static char *skeleton(const char *s)
{
	bool is_address = isdigit((unsigned char)*s);
	char *bones = xstrdup(s), *to = bones;

	for (; *s; s++)
		if (!isdigit((unsigned char)*s) && !(is_address && isxdigit((unsigned char)*s)))
			*to++ = *s;
	*to = '\0';
	return bones;
}

bool str_resembles(const char *s, const char *candidate, size_t *ret_distance)
{
	_cleanup_free_ char *bones = skeleton(s), *others = skeleton(candidate);
	size_t length = strlen(s), d;

	/* One number is not a misspelling of another. */
	if (length > 255 || str_eq(bones, others))
		return false;
	/* A PCI address without its domain is the commonest slip. */
	if (length >= 4 && strlen(candidate) > length && strstr(candidate, s))
		d = 1;
	else
		d = distance(s, candidate);
	if (d > 1 + length / 4)
		return false;
	*ret_distance = d;
	return true;
}

const char *strv_nearest(const struct strv *v, const char *s)
{
	const char *nearest = NULL;
	size_t best = (size_t)-1;

	for (size_t i = 0; i < v->n; i++) {
		size_t d;

		if (str_resembles(s, v->s[i], &d) && d < best) {
			best = d;
			nearest = v->s[i];
		}
	}
	return nearest;
}

bool str_needs_escape(const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p; p++)
		if (*p < 0x20 || *p >= 0x7f)
			return true;
	return false;
}

/* Length of the character of several bytes at @p, 0 if it is none or a control
 * character: a stray byte from 0x80 on is one to terminals of Latin-1. */
static size_t multibyte_length(const unsigned char *p)
{
	size_t n = *p >= 0xc2 && *p <= 0xdf ? 2 : *p >= 0xe0 && *p <= 0xef ? 3 :
		   *p >= 0xf0 && *p <= 0xf4 ? 4 : 0;

	if (n == 0 || (*p == 0xc2 && p[1] < 0xa0))
		return 0;
	/* Longer than need be, a surrogate, beyond Unicode. */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

char *str_escape(const char *s)
{
	char *escaped = xcalloc(strlen(s) + 1, 4), *to = escaped;

	for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
		size_t length = multibyte_length(p);

		if (length) {
			memcpy(to, p, length);
			to += length;
			p += length - 1;
		} else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
			to += sprintf(to, "\\x%02x", *++p);
		} else if (*p < 0x20 || *p >= 0x7f) {
			to += sprintf(to, "\\x%02x", *p);
		} else {
			*to++ = (char)*p;
		}
	}
	return escaped;
}

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void sleep_ms(unsigned ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000L };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}
