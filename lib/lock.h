/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeping other processes of this program away meanwhile.
 *
 * Whoever can read a directory can hold its lock for ever.  So root, on the
 * running system, locks a file that only root can open, /run/mdevctl/NAME.
 * Below --root, for others, for a directory that others may write to as well,
 * and where there is no /run to write to, it is the directory itself.
 */
#ifndef MDEVCTL_LOCK_H
#define MDEVCTL_LOCK_H

#include "lib/host.h"

/*
 * Waits until it has the lock @name: @ms at most, -ETIMEDOUT; -EINTR if a signal
 * is to end us.  @dir is the directory that it is about, borrowed.  A descriptor,
 * with whose closing the lock ends, or another -errno.
 */
int lock_take(const struct host *h, const char *name, int dir, unsigned ms);
/* What is locked, for messages; caller frees. */
char *lock_path(const struct host *h, const char *name, int dir, const char *dir_path);

/*
 * Replaces file @name of directory @path, which it makes; there may be others that do so, or
 * that remove both (host_forget()).  0 or -errno.
 */
int lock_replace_file(const struct host *h, const char *path, const char *name, const char *text);

/*
 * A note below /run/mdevctl, gone with the next boot: where there are no locks of
 * root's own, none is kept.  Text of the note, caller frees, or NULL.
 */
char *lock_read_note(const struct host *h, const char *name);
void lock_write_note(const struct host *h, const char *name, const char *text);

#endif
