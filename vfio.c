/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who holds a VFIO device open.  Knows nothing of mediated devices.
 */
#include "vfio.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

/* How long a holder that cannot be seen must stay to be believed. */
#define UNSEEN_MS 300
#define POLL_MS 10

/* The same node, also when the process sees it through another /dev. */
static bool is_node(const struct stat *st, const struct stat *node)
{
	if (S_ISCHR(node->st_mode))
		return S_ISCHR(st->st_mode) && st->st_rdev == node->st_rdev;
	return st->st_dev == node->st_dev && st->st_ino == node->st_ino;
}

/*
 * Looks at the text of a descriptor's link before it is followed: following
 * one into a dead network file system would hang.
 */
static bool fd_leads_to(int fds, const char *fd, const char *suffix, const struct stat *node)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fds, fd, target, sizeof(target));
	size_t length = strlen(suffix);
	struct stat st;

	if (n < (ssize_t)length || memcmp(target + n - length, suffix, length) != 0)
		return false;
	return fstatat(fds, fd, &st, 0) == 0 && is_node(&st, node);
}

static bool process_holds(const struct host *h, const char *pid, const char *suffix,
			  const struct stat *node)
{
	_cleanup_closedir_ DIR *fds = NULL;
	struct dirent *e;

	if (host_opendirf(h, &fds, "proc/%s/fd", pid) < 0)
		return false;
	while ((e = dir_next(fds)))
		if (fd_leads_to(dirfd(fds), e->d_name, suffix, node))
			return true;
	return false;
}

static void find_holders(const struct host *h, const char *node, struct strv *holders)
{
	_cleanup_close_ int path = host_openf(h, O_PATH, "dev/%s", node);
	_cleanup_free_ char *suffix = xasprintf("/%s", node);
	_cleanup_closedir_ DIR *proc = NULL;
	struct dirent *e;
	struct stat st;

	if (path < 0 || fstat(path, &st) < 0 || host_opendirf(h, &proc, "proc") < 0)
		return;
	while ((e = dir_next(proc))) {
		_cleanup_free_ char *comm = NULL, *file = NULL;

		if (!isdigit((unsigned char)*e->d_name) || !process_holds(h, e->d_name, suffix, &st))
			continue;
		file = xasprintf("%s/comm", e->d_name);
		read_text_at(dirfd(proc), file, &comm);
		if (!comm || !str_eq(comm, "mdevctl"))
			strv_add(holders, xasprintf("%s (%s)", e->d_name, comm ? comm : "?"));
	}
}

static bool is_busy(const struct host *h, const char *node)
{
	_cleanup_close_ int fd = host_openf(h, O_RDWR, "dev/%s", node);

	return fd == -EBUSY;
}

/* Another mdevctl that probes just now holds the group for a moment, too: only
 * a holder that can be seen, or one that stays, counts. */
static bool group_in_use(const struct host *h, const char *node, const char *device_node,
			 struct strv *holders)
{
	uint64_t deadline = now_ms() + UNSEEN_MS;

	while (is_busy(h, node)) {
		find_holders(h, node, holders);
		if (device_node)
			find_holders(h, device_node, holders);
		if (holders->n || now_ms() >= deadline)
			return true;
		sleep_ms(POLL_MS);
	}
	return false;
}

bool vfio_in_use(const struct host *h, const char *group, const char *device, struct strv *holders)
{
	_cleanup_free_ char *node = NULL, *unsafe = NULL, *device_node = NULL;

	if (device)
		device_node = xasprintf("vfio/devices/%s", device);
	if (group) {
		node = xasprintf("vfio/%s", group);
		unsafe = xasprintf("vfio/noiommu-%s", group);
		if (group_in_use(h, node, device_node, holders) ||
		    group_in_use(h, unsafe, device_node, holders))
			return true;
	}
	if (device_node)
		find_holders(h, device_node, holders);
	return holders->n > 0;
}
