// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory, strings, errno names, the kernel's number parser, and waiting.  Knows nothing of sysfs.
 * Out of memory ends the program: a test host that is half there would only mislead.
 */
#include "fake.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sim sim = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return need(calloc(n ? n : 1, size));
}

char *xstrdup(const char *s)
{
	return s ? need(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
	char *copy = xcalloc(n + 1, 1);

	return memcpy(copy, s, n);
}

char *xprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	return s;
}

char *str_replace(const char *s, const char *what, const char *by)
{
	char *out = xstrdup("");

	for (const char *hit; (hit = strstr(s, what)); s = hit + strlen(what)) {
		char *more = xprintf("%s%.*s%s", out, (int)(hit - s), s, by);

		free(out);
		out = more;
	}
	char *all = xprintf("%s%s", out, s);

	free(out);
	return all;
}

int errno_by_name(const char *name)
{
	for (int e = 1; e < 200; e++) {
		const char *n = strerrorname_np(e);

		if (n && streq(n, name))
			return e;
	}
	return 0;
}

const char *errno_name(int err, char buf[16])
{
	const char *n = strerrorname_np(err);

	if (n)
		return n;
	snprintf(buf, 16, "%d", err);
	return buf;
}

/* As lib/kstrtox.c, base 0: one '+', no blanks, one newline at the end; a NUL byte ends it. */
int kstrtoul(const char *buf, size_t len, unsigned long *ret_value)
{
	size_t n = strnlen(buf, len), i = 0, digits = 0;
	unsigned long value = 0;
	unsigned int base = 10;
	bool over = false;

	if (i < n && buf[i] == '+')
		i++;
	if (i < n && buf[i] == '0') {
		base = 8;
		if (i + 2 < n && tolower(buf[i + 1]) == 'x' &&
		    isxdigit((unsigned char)buf[i + 2])) {
			base = 16;
			i += 2;
		}
	}
	for (; i < n; i++, digits++) {
		int c = tolower((unsigned char)buf[i]);
		unsigned int d = c >= '0' && c <= '9'   ? c - '0'
				 : c >= 'a' && c <= 'f' ? c - 'a' + 10
							: 99;

		if (d >= base)
			break;
		if (__builtin_mul_overflow(value, (unsigned long)base, &value) ||
		    __builtin_add_overflow(value, (unsigned long)d, &value))
			over = true;
	}
	if (over)
		return -ERANGE;
	if (i < n && buf[i] == '\n')
		i++;
	if (!digits || i < n)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

void sim_init(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sim.cond, &attr);
	pthread_condattr_destroy(&attr);
}

void sim_wait(void)
{
	pthread_cond_wait(&sim.cond, &sim.lock);
}

/* Lets others work for so long, or until the program ends. */
void sim_wait_ms(long ms)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += ms % 1000 * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	while (!sim.exiting && pthread_cond_timedwait(&sim.cond, &sim.lock, &end) != ETIMEDOUT)
		;
}

void sim_wake(void)
{
	pthread_cond_broadcast(&sim.cond);
}

void sim_exit(void)
{
	pthread_mutex_lock(&sim.lock);
	sim.exiting = true;
	sim_wake();
	pthread_mutex_unlock(&sim.lock);
}
