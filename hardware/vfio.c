/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who holds a VFIO device open.  Knows nothing of mediated devices.
 */
#include "hardware/vfio.h"

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
static bool fd_leads_to(int fds, const char *fd, const char *target, const char *suffix,
			const struct stat *node)
{
	size_t n = strlen(target), length = strlen(suffix);
	struct stat st;

	return n >= length && str_eq(target + n - length, suffix) &&
	       fstatat(fds, fd, &st, 0) == 0 && is_node(&st, node);
}

/* @ret_device: whether it has some VFIO device open, which one cannot be seen. */
static bool process_holds(const struct host *h, const char *pid, const char *suffix,
			  const struct stat *node, bool *ret_device)
{
	_cleanup_closedir_ DIR *fds = NULL;
	bool holds = false;
	struct dirent *e;

	*ret_device = false;
	if (host_opendirf(h, &fds, "proc/%s/fd", pid) < 0)
		return false;
	while ((e = dir_next(fds))) {
		char target[PATH_MAX];
		ssize_t n = readlinkat(dirfd(fds), e->d_name, target, sizeof(target) - 1);

		if (n < 0)
			continue;
		target[n] = '\0';
		if (str_eq(target, "anon_inode:[vfio-device]"))
			*ret_device = true;
		else if (fd_leads_to(dirfd(fds), e->d_name, target, suffix, node))
			holds = true;
	}
	return holds;
}

static char *parent_of(const struct host *h, const char *pid)
{
	_cleanup_close_ int proc = host_openf(h, O_PATH | O_DIRECTORY, "proc");
	_cleanup_free_ char *file = xasprintf("%s/stat", pid), *text = NULL;
	const char *parent;
	size_t length;

	if (proc < 0 || read_text_at(proc, file, &text) < 0)
		return NULL;
	/* "PID (NAME) STATE PARENT ...", and NAME may be anything. */
	parent = strrchr(text, ')');
	if (!parent || strlen(parent) < strlen(") S 1"))
		return NULL;
	parent += strlen(") S ");
	length = strspn(parent, "0123456789");
	return length == 0 || *parent == '0' ? NULL : xasprintf("%.*s", (int)length, parent);
}

/* The processes on whose behalf this one runs. */
static void find_callers(const struct host *h, struct strv *callers)
{
	char *pid = parent_of(h, "self");

	while (pid) {
		strv_add(callers, pid);
		pid = parent_of(h, pid);
	}
}

/*
 * Adds who holds the node to @holders, but for a caller who has no VFIO device
 * open: libvirtd keeps the group to itself while it has the device stopped, and
 * that does not make the kernel wait.  Returns whether there is such a caller.
 */
static bool find_holders(const struct host *h, const char *node, const struct strv *callers,
			 struct strv *holders)
{
	_cleanup_close_ int path = host_openf(h, O_PATH, "dev/%s", node);
	_cleanup_free_ char *suffix = xasprintf("/%s", node);
	_cleanup_closedir_ DIR *proc = NULL;
	bool called = false, device;
	struct dirent *e;
	struct stat st;

	if (path < 0 || fstat(path, &st) < 0 || host_opendirf(h, &proc, "proc") < 0)
		return false;
	while ((e = dir_next(proc))) {
		_cleanup_free_ char *comm = NULL, *file = NULL;

		if (!isdigit((unsigned char)*e->d_name) ||
		    !process_holds(h, e->d_name, suffix, &st, &device))
			continue;
		if (!device && strv_has(callers, e->d_name)) {
			called = true;
			continue;
		}
		file = xasprintf("%s/comm", e->d_name);
		read_text_at(dirfd(proc), file, &comm);
		if (!comm || !str_eq(comm, "mdevctl"))
			strv_add(holders, xasprintf("%s (%s)", e->d_name, comm ? comm : "?"));
	}
	return called;
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
	_cleanup_(strv_done) struct strv callers = {};
	bool called;

	while (is_busy(h, node)) {
		if (!callers.n)
			find_callers(h, &callers);
		called = find_holders(h, node, &callers, holders);
		if (device_node)
			find_holders(h, device_node, &(struct strv){}, holders);
		if (holders->n || called)
			return holders->n;
		if (now_ms() >= deadline)
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
		find_holders(h, device_node, &(struct strv){}, holders);
	return holders->n > 0;
}
