/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding out what a document has.
 */
#ifndef MDEVCTL_DESCRIBE_H
#define MDEVCTL_DESCRIBE_H

#include "lib/host.h"
#include "lib/say.h"
#include "model/document.h"

/* What there is, or could be: a device of @m's type on its parent, and the host.  What
 * cannot be seen now is left out. */
void describe_place(const struct host *h, const struct mdev *m, struct document *ret_document);
/* The same of a device, which takes over what @m has: its attributes, and what the kernel
 * tells of its migration if it runs. */
void describe_device(const struct host *h, struct mdev *m, struct document *ret_document);
/* Asks the running device itself, which must not be in use: 0, or -errno with @error set. */
int describe_probe(const struct host *h, struct document *d, struct error *error);
/* Gives a document's migration version to the driver of @m's parent and type, as
 * sysfs_check_migration_version(). */
int describe_check_version(const struct host *h, const struct mdev *m, const char *version);
/* The release of the kernel; caller frees, NULL: it is that of a tree without /proc. */
char *describe_kernel(const struct host *h);

#endif
