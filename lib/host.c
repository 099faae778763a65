/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files below the root directory of the machine that is looked at.  Knows
 * nothing of what they mean.
 */
#include "lib/host.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int host_init(struct host *h, const char *root)
{
	int fd;

	if (!root || str_eq(root, "/"))
		root = "";
	fd = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*h = (struct host){ .root_fd = fd, .root = root };
	return 0;
}

void host_done(struct host *h)
{
	closep(&h->root_fd);
	h->root_fd = -1;
}

bool host_is_subtree(const struct host *h)
{
	return *h->root;
}

/* Room for a path and for what its links expand to. */
struct walk {
	char done[PATH_MAX]; /* without links, relative to the root, "" at it */
	char left[PATH_MAX];
};

static int put_path(char to[PATH_MAX], const char *dir, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s%s%s", dir, *dir && *name ? "/" : "", name);

	if (n < 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(to, path, (size_t)n + 1);
	return 0;
}

/* One component: up, down, or what a link says in its place. */
static int step(const struct host *h, struct walk *w, const char *name)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;
	int r;

	if (str_eq(name, "..")) {
		char *slash = strrchr(w->done, '/');

		*(slash ? slash : w->done) = '\0';
		return 0;
	}
	r = put_path(path, w->done, name);
	if (r < 0)
		return r;
	n = readlinkat(h->root_fd, path, target, sizeof(target) - 1);
	if (n < 0 && errno != EINVAL)
		return -errno;
	if (n < 0)
		return put_path(w->done, path, "");
	target[n] = '\0';
	if (*target == '/')
		*w->done = '\0';
	return put_path(w->left, target, w->left);
}

/* openat2() for kernels before 5.6: good against links that lead out of the
 * root, not against somebody who exchanges them at the same time. */
static int walk_in_root(const struct host *h, const char *path, int flags)
{
	struct walk w = { .done = "" };
	int fd, links = 0, r = put_path(w.left, "", path);

	while (r == 0 && *w.left) {
		char name[PATH_MAX];
		size_t skip = strspn(w.left, "/"), length = strcspn(w.left + skip, "/");

		memcpy(name, w.left + skip, length);
		name[length] = '\0';
		memmove(w.left, w.left + skip + length, strlen(w.left + skip + length) + 1);
		if (length && !str_eq(name, "."))
			r = step(h, &w, name);
		if (++links > PATH_MAX)
			r = -ELOOP;
	}
	if (r < 0)
		return r;
	fd = openat(h->root_fd, *w.done ? w.done : ".", flags | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

/* As a chroot to the root directory would resolve it. */
static int open_in_root(const struct host *h, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags,
		.resolve = RESOLVE_IN_ROOT,
	};
	int fd, tries = 1000;

	/* EAGAIN: something somewhere was renamed or mounted while a ".." was
	 * resolved (openat2(2)); sysfs links are full of them. */
	do {
		fd = (int)syscall(SYS_openat2, h->root_fd, path, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN && --tries);
	/* Kernels before 5.6, and seccomp filters that answer EPERM. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return walk_in_root(h, path, flags);
	return fd < 0 ? -errno : fd;
}

static int open_below(const struct host *h, const char *path, int flags)
{
	int fd;

	flags |= O_CLOEXEC;
	if (host_is_subtree(h))
		return open_in_root(h, path, flags);
	fd = openat(h->root_fd, path, flags);
	return fd < 0 ? -errno : fd;
}

static int _printf_(3, 0) vopenf(const struct host *h, int flags, const char *fmt, va_list ap)
{
	char path[PATH_MAX];
	int n = vsnprintf(path, sizeof(path), fmt, ap);

	if (n < 0 || n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return open_below(h, path, flags);
}

int host_openf(const struct host *h, int flags, const char *fmt, ...)
{
	va_list ap;
	int fd;

	va_start(ap, fmt);
	fd = vopenf(h, flags, fmt, ap);
	va_end(ap);
	return fd;
}

int dir_of_fd(int fd, DIR **ret_dir)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd < 0)
		return fd;
	if (!dir) {
		closep(&fd);
		return -errno;
	}
	*ret_dir = dir;
	return 0;
}

int host_opendirf(const struct host *h, DIR **ret_dir, const char *fmt, ...)
{
	va_list ap;
	int fd;

	va_start(ap, fmt);
	fd = vopenf(h, O_RDONLY | O_DIRECTORY, fmt, ap);
	va_end(ap);
	return dir_of_fd(fd, ret_dir);
}

bool host_exists(const struct host *h, const char *path)
{
	_cleanup_close_ int fd = open_below(h, path, O_PATH);

	return fd >= 0;
}

char *host_read(const struct host *h, const char *path)
{
	_cleanup_close_ int fd = open_below(h, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	size_t length;

	if (fd >= 0)
		read_all(fd, 16 << 20, false, &text, &length);
	return text;
}

void host_list_names(const struct host *h, const char *path, struct strv *names)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;

	if (host_opendirf(h, &dir, "%s", path) < 0)
		return;
	while ((e = dir_next(dir)))
		strv_add(names, xstrdup(e->d_name));
	strv_sort(names);
}

int dir_open_at(int dirfd, const char *path, DIR **ret_dir)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir_of_fd(fd < 0 ? -errno : fd, ret_dir);
}

/* Opens @prefix, whose last component is @name in directory @above. */
static int open_or_make(const struct host *h, const char *prefix, int above, const char *name)
{
	int r, fd = open_below(h, prefix, O_RDONLY | O_DIRECTORY);

	if (fd != -ENOENT)
		return fd;
	r = dir_make(above, name);
	return r < 0 && r != -EEXIST ? r : open_below(h, prefix, O_RDONLY | O_DIRECTORY);
}

int host_make_dir(const struct host *h, const char *path)
{
	_cleanup_close_ int fd = open_below(h, path, O_RDONLY | O_DIRECTORY);
	_cleanup_free_ char *prefix = xstrdup(path);
	char *name = prefix;

	if (fd != -ENOENT)
		return take_fd(&fd);
	fd = open_below(h, ".", O_RDONLY | O_DIRECTORY);
	while (fd >= 0 && name) {
		_cleanup_close_ int above = take_fd(&fd);
		char *slash = strchr(name, '/');

		if (slash)
			*slash = '\0';
		fd = open_or_make(h, prefix, above, name);
		if (slash)
			*slash++ = '/';
		name = slash;
	}
	return take_fd(&fd);
}

struct dirent *dir_next(DIR *dir)
{
	struct dirent *e;

	do {
		errno = 0;
		e = readdir(dir);
	} while (e && (str_eq(e->d_name, ".") || str_eq(e->d_name, "..")));
	return e;
}

int dir_make(int dirfd, const char *name)
{
	int r;

	if (mkdirat(dirfd, name, 0755) < 0)
		return -errno;
	r = fchmodat(dirfd, name, 0755, 0) < 0 ? -errno : dir_sync(dirfd);
	/* Who finds it later would take it for one that is readable and durable. */
	if (r < 0)
		unlinkat(dirfd, name, AT_REMOVEDIR);
	return r;
}

int dir_sync(int dirfd)
{
	return fsync(dirfd) < 0 ? -errno : 0;
}

int link_basename(int dirfd, const char *path, char **ret_name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, path, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	*ret_name = xstrdup(base_name(target));
	return 0;
}

int read_all(int fd, size_t max, bool regular, char **ret_data, size_t *ret_length)
{
	size_t length = 0, size = 4096;
	_cleanup_free_ char *data = xmalloc(size);

	for (;;) {
		size_t room = size - length - 1;
		ssize_t n = read(fd, data + length, room);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		length += (size_t)n;
		if (length > max)
			return -EFBIG;
		if (n == 0 || (regular && (size_t)n < room))
			break;
		if ((size_t)n == room) {
			size *= 4;
			data = xrealloc(data, size);
		}
	}
	data[length] = '\0';
	*ret_data = take(data);
	*ret_length = length;
	return 0;
}

int read_text_at(int dirfd, const char *path, char **ret_text)
{
	/* A sysfs attribute is at most one page. */
	char text[4096 + 1], *start = text;
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	while (isspace((unsigned char)*start))
		start++;
	*ret_text = xstrdup(start);
	return 0;
}

int write_store(int fd, const char *data, size_t length)
{
	ssize_t n = write(fd, data, length);

	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EMSGSIZE;
}

int file_replace_at(int dirfd, const char *name, const char *text)
{
	_cleanup_free_ char *temp = xasprintf(".%s", name);
	_cleanup_close_ int fd = -1;
	int r;

	/* What a killed process has left. */
	unlinkat(dirfd, temp, 0);
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	r = fd < 0 ? -errno : write_store(fd, text, strlen(text));
	if (r == 0 && renameat(dirfd, temp, dirfd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dirfd, temp, 0);
	return r;
}

void host_forget(const struct host *h, const char *path, const char *name)
{
	_cleanup_free_ char *above = xasprintf("%.*s", (int)(base_name(path) - path), path);
	_cleanup_close_ int up = host_openf(h, O_PATH | O_DIRECTORY, "%s", above);
	_cleanup_free_ char *file = xasprintf("%s/%s", base_name(path), name);

	if (up < 0)
		return;
	unlinkat(up, file, 0);
	unlinkat(up, base_name(path), AT_REMOVEDIR);
}
