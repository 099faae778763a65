/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attributes below a device's directory.
 */
#include "hardware/attr.h"
#include "lib/say.h"

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

static bool is_number(const char *text, unsigned long long *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(text, &end, 0);
	return isdigit((unsigned char)*text) && !*end && !errno;
}

/* What it reads; -EFBIG also for what is no text. */
static int read_beneath(int dir, const char *path, char **ret_text)
{
	_cleanup_close_ int fd = open_beneath(dir, path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r = fd < 0 ? fd : read_all(fd, ATTR_MAX, false, &text, &length);

	if (r == 0 && strlen(text) != length)
		r = -EFBIG;
	if (r == 0)
		*ret_text = take(text);
	return r;
}

void attr_log_done(struct attr_log *log)
{
	for (size_t i = 0; i < log->n; i++) {
		free(log->change[i].name);
		free(log->change[i].path);
		free(log->change[i].before);
		free(log->change[i].after);
	}
	free(log->change);
	*log = (struct attr_log){};
}

static void add_change(struct attr_log *log, const char *path, const char *name, char *before, char *after)
{
	log->change = xgrow(log->change, log->n, sizeof(*log->change));
	log->change[log->n++] = (struct attr_change){ xstrdup(name), xstrdup(path), before, after };
}

/* What cannot be read says nothing. */
static void tell_made(const char *name, const char *value, int r, const char *shown)
{
	_cleanup_free_ char *line = shown ? xasprintf("%.*s", (int)strcspn(shown, "\n"), shown) : NULL;
	unsigned long long given, made;

	if (!is_number(value, &given))
		return;
	if (r == -EUCLEAN)
		notice("attribute '%s' was set to %s, and the parts of the card differ in what they made of it", name, value);
	if (line && is_number(line, &made) && made != given)
		notice("attribute '%s' was set to %s, of which the hardware has made %s", name, value, line);
}

int attr_write_told(int dir, const char *path, const char *name, const char *value, struct attr_log *log,
		    bool *ret_written)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	int r, looked;

	*ret_written = false;
	if (attr_name_problem(path))
		return -EXDEV;
	read_beneath(dir, path, &before);
	r = attr_write(dir, path, value, ret_written);
	if (!*ret_written)
		return r;
	looked = read_beneath(dir, path, &after);
	/* Of a value that is refused a part may have been taken. */
	if (before && after ? !str_eq(before, after) : r == 0)
		add_change(log, path, name, take(before), after ? xstrdup(after) : NULL);
	if (r == 0)
		tell_made(name, value, looked, after);
	return r;
}

/* Of "low [normal] high" the one that is chosen, else the line. */
static char *value_shown(const char *text)
{
	const char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;
	size_t length = strlen(text);

	if (close && close > open + 1 && !strchr(close, '[') && (open == text || open[-1] == ' '))
		return xasprintf("%.*s", (int)(close - open - 1), open + 1);
	length -= length && text[length - 1] == '\n';
	/* Of nothing there would be no write. */
	return length ? xasprintf("%.*s", (int)length, text) : xstrdup("\n");
}

static int put_back(int dir, const struct attr_change *change)
{
	_cleanup_free_ char *now = NULL, *value = NULL;
	int r = read_beneath(dir, change->path, &now);
	bool written;

	if (r < 0 && change->after)
		return r;
	if (now && str_eq(now, change->before))
		return 0;
	if (now && !(change->after && str_eq(now, change->after)))
		return -ESTALE;
	value = value_shown(change->before);
	return attr_write(dir, change->path, value, &written);
}

int attr_put_back(int dir, const struct attr_change *change)
{
	return change->before ? put_back(dir, change) : -ENODATA;
}

static char *explain_open(const char *whose, const struct mdev_attr *attr, int r)
{
	switch (r) {
	case -ENOENT:
	case -EISDIR:
	case -ENOTDIR:
		return xasprintf("%s has no attribute '%s'", whose, attr->name);
	case -ELOOP:
	case -EXDEV:
		return xasprintf("the attribute '%s' leads out of the device's directory", attr->name);
	case -EACCES:
		return xasprintf("the attribute '%s' cannot be written", attr->name);
	default:
		return xasprintf("cannot open the attribute '%s': %s", attr->name, strerror(-r));
	}
}

/* Documentation/ABI/testing/sysfs-driver-intel-xe-sriov. */
static const char *explain_xe(const struct mdev_attr *attr, int r)
{
	if (!strstr(attr->name, "sriov_admin/"))
		return "";
	return r == -EPERM ? ": this card or its firmware has no such setting" :
	       r == -EIO   ? ": its firmware does not allow that" : "";
}

/* What the driver's answer to a value means. */
static char *explain_value(const struct mdev_attr *attr, int r)
{
	switch (r) {
	/* vfio_ap: another device or the host's own driver has the queue. */
	case -EADDRINUSE:
		return xasprintf("the attribute '%s' cannot be \"%s\": another device has that",
				 attr->name, attr->value);
	case -EADDRNOTAVAIL:
		return xasprintf("the attribute '%s' cannot be \"%s\": that is reserved for the host",
				 attr->name, attr->value);
	case -ENODEV:
	case -ERANGE:
		return xasprintf("the attribute '%s' cannot be \"%s\": there is nothing of that number",
				 attr->name, attr->value);
	case -E2BIG:
		return xasprintf("the attribute '%s' cannot be that long (%zu bytes)", attr->name,
				 strlen(attr->value));
	case -EREMOTEIO:
		return xasprintf("the driver did not take all of the value of attribute '%s', which is \"%s\"",
				 attr->name, attr->value);
	case -EMSGSIZE:
		return xasprintf("the driver took only a part of the value of attribute '%s'",
				 attr->name);
	default:
		return xasprintf("the driver refused attribute '%s' with value \"%s\": %s%s", attr->name,
				 attr->value, strerror(-r), explain_xe(attr, r));
	}
}

char *attr_explain(const char *whose, const struct mdev_attr *attr, int r, bool written)
{
	return written ? explain_value(attr, r) : explain_open(whose, attr, r);
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
