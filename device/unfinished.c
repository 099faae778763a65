/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Marks of starts.
 */
#include "device/unfinished.h"

#include <fcntl.h>
#include <sys/file.h>

#define DIR_PATH "run/mdevctl-unfinished"
#define STOPPED ".stopped"

/* Who may open it may lock it: so root alone. */
static int open_mark(int dir, const char *uuid, bool *ret_was_there)
{
	int fd = openat(dir, uuid, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	*ret_was_there = fd < 0 && errno == EEXIST;
	if (*ret_was_there)
		fd = openat(dir, uuid, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void unfinished_begin(const struct host *h, const char *uuid, struct unfinished *ret_mark)
{
	struct unfinished mark = UNFINISHED_NONE;

	mark.dir = host_make_dir(h, DIR_PATH);
	mark.fd = mark.dir < 0 ? mark.dir : open_mark(mark.dir, uuid, &mark.was_there);
	if (mark.fd < 0)
		debug("going on without a mark of the start of %s: %s", uuid, strerror(-mark.fd));
	else if (flock(mark.fd, LOCK_EX | LOCK_NB) < 0)
		debug("another process is just starting %s", uuid);
	*ret_mark = mark;
}

void unfinished_close(struct unfinished *mark)
{
	closep(&mark->fd);
	closep(&mark->dir);
	*mark = UNFINISHED_NONE;
}

void unfinished_end(struct unfinished *mark, const char *uuid)
{
	if (mark->fd >= 0)
		unlinkat(mark->dir, uuid, 0);
	unfinished_close(mark);
}

void unfinished_cancel(struct unfinished *mark, const char *uuid)
{
	if (mark->was_there)
		unfinished_close(mark);
	else
		unfinished_end(mark, uuid);
}

void unfinished_note_stop(const struct host *h, const char *uuid)
{
	_cleanup_free_ char *name = xasprintf("%s" STOPPED, uuid);
	_cleanup_close_ int dir = host_make_dir(h, DIR_PATH), fd = -1;

	if (dir >= 0)
		fd = openat(dir, name, O_RDONLY | O_CREAT | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		debug("going on without a mark that %s is to be started again", uuid);
}

/* @with_start: that of its start as well. */
static void remove_marks(const struct host *h, const char *uuid, bool with_start)
{
	_cleanup_close_ int dir = host_openf(h, O_PATH | O_DIRECTORY, DIR_PATH);
	_cleanup_free_ char *name = NULL;

	if (dir < 0)
		return;
	name = xasprintf("%s" STOPPED, uuid);
	unlinkat(dir, name, 0);
	if (with_start)
		unlinkat(dir, uuid, 0);
}

void unfinished_unnote_stop(const struct host *h, const char *uuid)
{
	remove_marks(h, uuid, false);
}

void unfinished_forget(const struct host *h, const char *uuid)
{
	remove_marks(h, uuid, true);
}

static bool is_locked(int dir, const char *uuid)
{
	_cleanup_close_ int fd = openat(dir, uuid, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 ? flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK : errno == ENOENT;
}

int unfinished_list(const struct host *h, const struct mdev_list *running, struct strv *uuids, struct strv *stopped)
{
	_cleanup_(strv_done) struct strv marks = {};
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int r = host_opendirf(h, &dir, DIR_PATH);

	/* Where there can be none, none have been kept. */
	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR || r == -ELOOP ? 0 : r;
	while ((e = dir_next(dir))) {
		char *end = strchr(e->d_name, '.');

		if (!end)
			strv_add(&marks, xstrdup(e->d_name));
		else if (stopped && str_eq(end, STOPPED))
			strv_add(stopped, xasprintf("%.*s", (int)(end - e->d_name), e->d_name));
	}
	if (errno)
		return -errno;
	for (size_t i = 0; i < running->n; i++) {
		const char *uuid = running->m[i].uuid;

		if (strv_has(&marks, uuid) && !is_locked(dirfd(dir), uuid))
			strv_add(uuids, xstrdup(uuid));
	}
	return 0;
}
