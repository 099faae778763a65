/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine that is looked at: its root directory, opened once, and reading
 * and writing below it.  Knows nothing of what the files mean.
 */
#ifndef MDEVCTL_HOST_H
#define MDEVCTL_HOST_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/util.h"

#define _cleanup_closedir_ _cleanup_(closedirp)

static inline void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

struct host {
	int root_fd;
	const char *root; /* as the user wrote it, for messages; "" for "/" */
};

/* @root NULL or "/" is the running system.  0 or -errno. */
int host_init(struct host *h, const char *root);
void host_done(struct host *h);
/* Whether this is a tree below a directory rather than the running system. */
bool host_is_subtree(const struct host *h);

/*
 * Open the path that the format makes, relative to the root, with
 * O_CLOEXEC.  Below --root, symbolic links are resolved as a chroot there
 * would.  A descriptor of the caller's, or -errno.
 */
int host_openf(const struct host *h, int flags, const char *fmt, ...) _printf_(3, 4);
int host_opendirf(const struct host *h, DIR **ret_dir, const char *fmt, ...) _printf_(3, 4);
/* Whether there is such a file. */
bool host_exists(const struct host *h, const char *path);
/* Its text; caller frees.  NULL: it cannot be read, or has more than 16 MB. */
char *host_read(const struct host *h, const char *path);
/* Adds the names of a directory's entries, sorted; a missing one has none. */
void host_list_names(const struct host *h, const char *path, struct strv *names);
/* Removes file @name of directory @path, and that if there is nothing else in it. */
void host_forget(const struct host *h, const char *path, const char *name);
/* Open directory @path, making what is missing of it (mode 0755, durably). */
int host_make_dir(const struct host *h, const char *path);

int dir_open_at(int dirfd, const char *path, DIR **ret_dir);
/* Of the descriptor, which it takes; a negative one is an errno, and handed on. */
int dir_of_fd(int fd, DIR **ret_dir);
/* The next entry that is not "." or "..", or NULL; errno as readdir's. */
struct dirent *dir_next(DIR *dir);
/* Makes a directory of mode 0755 whatever the umask, durably; 0 or -errno. */
int dir_make(int dirfd, const char *name);
/* Makes what happened in the directory durable; 0 or -errno. */
int dir_sync(int dirfd);
/* Last component of the target of a link: allocated; 0 or -errno. */
int link_basename(int dirfd, const char *path, char **ret_name);
/* Text of a small file without white space around it; 0 or -errno. */
int read_text_at(int dirfd, const char *path, char **ret_text);
/*
 * Whole contents from @fd, NUL-terminated, in memory of the caller's; at most
 * @max bytes, else -EFBIG.  @regular: a short read is the end of the file,
 * which spares the read that would say so.
 */
int read_all(int fd, size_t max, bool regular, char **ret_data, size_t *ret_length);
/*
 * A store as sysfs wants it: one write(2) of the exact bytes, never creating
 * or truncating.  0, or -errno; -EMSGSIZE when only a part was taken.
 */
int write_store(int fd, const char *data, size_t length);
/*
 * Writes a small file that lasts until the next boot: a reader sees the old text or
 * the new one.  Of several writers of one file, who has its lock calls this.
 */
int file_replace_at(int dirfd, const char *name, const char *text);

#endif
