/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attributes below a device's directory.
 */
#include "hardware/attr.h"
#include "model/mdev.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

/* A sysfs attribute is at most one page, of 64 kB on some machines. */
#define ATTR_MAX ((size_t)64 << 10)

/* Kernels before 5.6 have no openat2: walk down, refusing links at each step. */
static int open_beneath_by_steps(int dirfd, const char *path, int flags)
{
	_cleanup_free_ char *copy = xstrdup(path);
	_cleanup_close_ int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	char *name = copy, *slash;

	while (at >= 0 && (slash = strchr(name, '/'))) {
		int next;

		*slash = '\0';
		next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		closep(&at);
		at = next;
		name = slash + 1;
	}
	if (at < 0)
		return -1;
	return openat(at, name, flags | O_NOFOLLOW);
}

static int open_beneath(int dirfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open_beneath_by_steps(dirfd, path, flags);
	return fd < 0 ? -errno : fd;
}

int attr_write(int dir, const char *name, const char *value, bool *ret_written)
{
	_cleanup_close_ int fd = -1;

	*ret_written = false;
	if (attr_name_problem(name))
		return -EXDEV;
	fd = open_beneath(dir, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	*ret_written = true;
	return write_store(fd, value, strlen(value));
}

/* Whether every word of @wanted is one of @shown. */
static bool has_words(const char *shown, const char *wanted)
{
	static const char between[] = " \t\r\n,;";

	for (const char *w = wanted + strspn(wanted, between); *w; w += strspn(w, between)) {
		size_t length = strcspn(w, between);
		const char *s = shown + strspn(shown, between);

		while (*s && (strcspn(s, between) != length || memcmp(s, w, length) != 0)) {
			s += strcspn(s, between);
			s += strspn(s, between);
		}
		if (!*s)
			return false;
		w += length;
	}
	return true;
}

int attr_write_line(int dir, const char *name, const char *value, bool *ret_written)
{
	size_t length = strlen(value);
	bool ended = length && value[length - 1] == '\n';
	_cleanup_free_ char *line = xasprintf("%s%s", value, ended ? "" : "\n"), *shown = NULL;
	_cleanup_close_ int fd = -1;
	int r = attr_write(dir, name, line, ret_written);

	if (r < 0)
		return r;
	fd = open_beneath(dir, name, O_RDONLY | O_CLOEXEC);
	/* What cannot be read says nothing. */
	if (fd < 0 || read_all(fd, ATTR_MAX, false, &shown, &length) < 0)
		return 0;
	return has_words(shown, value) ? 0 : -EREMOTEIO;
}

int attr_read_integer(int dir, const char *path, long *ret_number)
{
	_cleanup_free_ char *text = NULL;
	long number;
	char *end;
	int r;

	r = read_text_at(dir, path, &text);
	if (r < 0)
		return r;
	errno = 0;
	number = strtol(text, &end, 10);
	/* strtol() takes a plus. */
	if (errno || !isdigit((unsigned char)text[*text == '-']) || *end)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

int attr_read_number(int dir, const char *path, unsigned long *ret_number)
{
	long number;
	int r = attr_read_integer(dir, path, &number);

	if (r == 0 && number < 0)
		r = -EINVAL;
	if (r == 0)
		*ret_number = (unsigned long)number;
	return r;
}
