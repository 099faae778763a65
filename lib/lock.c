/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks of root's own, or of directories.
 */
#include "lib/lock.h"
#include "lib/interrupt.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LOCK_DIR "run/mdevctl"
#define POLL_MS 5
/* How long, and how often, other writers of a small file are waited for. */
#define REPLACE_MS 10000
#define REPLACE_TRIES 100

static bool is_of_others(int dir)
{
	struct stat st;

	return fstat(dir, &st) < 0 || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool wants_own_lock(const struct host *h, int dir)
{
	return !host_is_subtree(h) && geteuid() == 0 && !is_of_others(dir);
}

static int open_lock_dir(const struct host *h)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (mkdirat(h->root_fd, LOCK_DIR, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(h->root_fd, LOCK_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == 0 && !(st.st_mode & 0077) ? take_fd(&fd) : -EPERM;
}

/* A file is never removed: another process may just be locking it. */
static int open_own_lock(const struct host *h, const char *name)
{
	_cleanup_close_ int dir = open_lock_dir(h);
	int fd;

	if (dir < 0)
		return dir;
	fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int wait_for(int fd, unsigned ms)
{
	uint64_t deadline = now_ms() + ms;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (interrupted())
			return -EINTR;
		if (now_ms() >= deadline)
			return -ETIMEDOUT;
		sleep_ms(POLL_MS);
	}
	return 0;
}

int lock_take(const struct host *h, const char *name, int dir, unsigned ms)
{
	_cleanup_close_ int fd = wants_own_lock(h, dir) ? open_own_lock(h, name) : -1;
	int r;

	/* A descriptor of its own, with whose closing the lock ends. */
	if (fd < 0)
		fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = wait_for(fd, ms);
	return r < 0 ? r : take_fd(&fd);
}

char *lock_path(const struct host *h, const char *name, int dir, const char *dir_path)
{
	_cleanup_close_ int own = wants_own_lock(h, dir) ? open_own_lock(h, name) : -1;

	return own >= 0 ? xasprintf("/" LOCK_DIR "/%s", name) : xstrdup(dir_path);
}

static int replace_file(const struct host *h, const char *path, const char *name, const char *text)
{
	_cleanup_close_ int dir = host_make_dir(h, path), lock = dir < 0 ? dir : lock_take(h, "files", dir, REPLACE_MS);

	return lock == -ENOENT || dir < 0 ? lock : file_replace_at(dir, name, text);
}

int lock_replace_file(const struct host *h, const char *path, const char *name, const char *text)
{
	int r = -ENOENT;

	/* The directory has gone in between. */
	for (int i = 0; i < REPLACE_TRIES && r == -ENOENT; i++)
		r = replace_file(h, path, name, text);
	return r;
}

char *lock_read_note(const struct host *h, const char *name)
{
	_cleanup_close_ int dir = host_is_subtree(h) || geteuid() != 0 ? -1 : open_lock_dir(h);
	char *text = NULL;

	if (dir >= 0)
		read_text_at(dir, name, &text);
	return text;
}

void lock_write_note(const struct host *h, const char *name, const char *text)
{
	_cleanup_close_ int dir = host_is_subtree(h) || geteuid() != 0 ? -1 : open_lock_dir(h), fd = -1;

	if (dir >= 0)
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		unlinkat(dir, name, 0);
}
