/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions on disk: SYSCONFDIR/mdevctl.d/PARENT/UUID.  Knows nothing of
 * running devices.
 */
#ifndef MDEVCTL_CONFIG_H
#define MDEVCTL_CONFIG_H

#include "lib/host.h"
#include "model/mdev.h"
#include "model/pool.h"
#include "model/vfs.h"

/* Relative to the root; SYSCONFDIR is absolute. */
#define CONFIG_DIR (&SYSCONFDIR "/mdevctl.d"[1])
/* Beside the definitions of a PCI device: the virtual functions that it is to
 * have (config/vfs.c). */
#define CONFIG_VFS "vfs.json"
/* Beside the parents: the directory of pools (config/pools.c). */
#define CONFIG_POOLS "pools.d"

/*
 * What stands in the way of reading a definition is collected as one sentence
 * each in @problems: one bad file never hides the others.
 */

/* Adds every definition (of @parent only, if not NULL), unsorted.  A missing
 * directory is no definitions.  0, or -errno if the configuration directory
 * itself cannot be read.  @ret_unread: whether another file or directory could
 * not be, as against one that is no definition; may be NULL. */
int config_list(const struct host *h, const char *parent, struct mdev_list *list,
		struct strv *problems, bool *ret_unread);
/* Whether config_load()'s error is that of a file which another try would not
 * find to be a definition either. */
bool config_is_no_definition(int r);
/*
 * Adds the definitions of @uuid (under @parent only, if not NULL), looking at
 * no other file.
 */
int config_find(const struct host *h, const char *uuid, const char *parent,
		struct mdev_list *list, struct strv *problems);
/*
 * Reads the definition of @uuid under @parent.  -ENOENT: none; -EINVAL with
 * @error set: a file, but no definition; other errors are those of the file
 * system, with @error set too.
 */
int config_load(const struct host *h, const char *uuid, const char *parent,
		struct mdev *ret_mdev, struct error *error);
/* Marks those of a sorted list of devices that are defined on their parent, and
 * start by themselves. */
void config_join(const struct host *h, struct mdev_list *sorted, struct strv *problems);
/* Whether @parent has a file for @uuid, readable or not: 1, 0, or -errno. */
int config_has(const struct host *h, const char *uuid, const char *parent);
/* Whether there is a directory for @parent: 1, 0, or -errno. */
int config_has_parent(const struct host *h, const char *parent);
/* The parents under which there is a file for @uuid, readable or not; sorted.
 * 0, or -errno if not everything could be looked at. */
int config_parents_of(const struct host *h, const char *uuid, struct strv *parents);
/* Where the definition is, for messages; caller frees. */
char *config_path(const struct host *h, const char *parent, const char *uuid);
/* The directory of definitions, for messages; caller frees. */
char *config_dir(const struct host *h);

/* Whether the caller may write definitions of @parent, also where directories
 * are yet to be made: 0, or -errno. */
int config_check_writable(const struct host *h, const char *parent);

/* The only writer of definitions, until config_unlock(). */
struct config_writer {
	int dir, lock;
};
#define CONFIG_NO_WRITER ((struct config_writer){ -1, -1 })
/*
 * Makes the calling process the only writer, and the directory of definitions if
 * it is missing (lock.h).  0, or -errno; -ETIMEDOUT: somebody has held the lock
 * for long, -EINTR: a signal came meanwhile.
 */
int config_lock(const struct host *h, struct config_writer *ret_writer);
void config_unlock(struct config_writer *w);
/* What is locked, for messages; caller frees. */
char *config_lock_path(const struct host *h);
/*
 * Under the lock: write the definition so that a reader and a crash see the
 * old or the new one.  Nothing is written if the file says just that already.
 * @replace false: -EEXIST if there is one.  0 or -errno.
 * @ret_done: whether the new one is there, so that an error means only that a
 * loss of power may undo that.
 */
int config_write(const struct host *h, const struct config_writer *w, const struct mdev *m,
		 bool replace, bool *ret_done);
/* The same for any file of @parent. */
int config_write_file(const struct host *h, const struct config_writer *w, const char *parent,
		      const char *name, const char *text, bool replace, bool *ret_done);
/* Under the lock: remove the definition file, whatever it contains. */
int config_remove(const struct host *h, const char *uuid, const char *parent, bool *ret_done);

/* Under the lock: removes the directory of @parent if it is empty, which is no difference to anybody. */
void config_remove_empty(const struct config_writer *w, const char *parent);

/* Reads any file of @parent, if it is a regular one (else -ENOTSUP); caller frees. */
int config_read_file(const struct host *h, const char *parent, const char *name, char **ret_text,
		     size_t *ret_length);

/* -ENOENT: there is no such pool; else -errno, or -EINVAL, with @error set. */
int config_read_pool(const struct host *h, const char *name, struct pool *ret_pool, struct error *error);
/* Adds the names of all pools, sorted, readable or not, and what is no pool to the problems. */
int config_list_pools(const struct host *h, struct strv *names, struct strv *problems);
/* Adds all pools that can be read, sorted by name, and what stands in the way of others to
 * the problems. */
void config_read_pools(const struct host *h, struct pool **pools, size_t *n, struct strv *problems);
/* Under the lock, as config_write() and config_remove(). */
int config_write_pool(const struct host *h, const struct config_writer *w, const struct pool *pool,
		      bool replace, bool *ret_done);
int config_remove_pool(const struct host *h, const struct config_writer *w, const char *name, bool *ret_done);
/* Where a pool is, for messages; caller frees. */
char *config_pool_path(const struct host *h, const char *name);

/* What is kept for a physical function.  -ENOENT: nothing; else -errno, or -EINVAL, with
 * @error set. */
int config_read_vfs(const struct host *h, const char *pf, struct vfs *ret_vfs, struct error *error);
/* Under the lock. */
int config_write_vfs(const struct host *h, const struct config_writer *w, const struct vfs *vfs, bool *ret_done);
/* Under the lock; with the directory of @pf, if that was all in it. */
int config_remove_vfs(const struct host *h, const struct config_writer *w, const char *pf, bool *ret_done);

#endif
