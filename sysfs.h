/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running devices, parents and types on the kernel's mdev bus.  Knows nothing
 * of definitions.  Kernel facts: Documentation/driver-api/vfio-mediated-device
 * and drivers/vfio/mdev, measured on 6.1 and 6.12.
 */
#ifndef MDEVCTL_SYSFS_H
#define MDEVCTL_SYSFS_H

#include "lib/host.h"
#include "model/mdev.h"

/*
 * Adds every complete device (on @parent only, if not NULL), unsorted, with
 * uuid, parent and type.  A device that is half-made or going is passed over:
 * it has no mdev_type link.  0 or -errno; no mdev bus is no devices.
 */
int sysfs_list(const struct host *h, const char *parent, struct mdev_list *list);
/* The complete device @uuid; -ENOENT if there is none. */
int sysfs_find(const struct host *h, const char *uuid, struct mdev *ret_mdev);
/*
 * The same, after a bounded wait for a device that somebody else is still
 * creating.  -EINPROGRESS: it did not become complete.
 */
int sysfs_find_wait(const struct host *h, const char *uuid, struct mdev *ret_mdev);

/*
 * Answers "does this device run?" for many definitions, with one system call
 * each, or none where the kernel has no mdevs.
 */
struct sysfs_query {
	int parents_fd;
};
void sysfs_query_begin(const struct host *h, struct sysfs_query *ret_query);
void sysfs_query_end(struct sysfs_query *q);
/* Whether @m runs, complete, on its parent and with its type, or else with one of this
 * name, if not NULL. */
bool sysfs_query_runs(const struct sysfs_query *q, const struct mdev *m, const char *type_name);

/* Adds the types of every parent (of @parent only, if not NULL), unsorted, of which these
 * @fields are read.  What vanishes or lacks a file meanwhile is passed over. */
int sysfs_list_types(const struct host *h, const char *parent, enum type_fields fields,
		     struct mdev_type_list *list);
/* Adds the names of the registered parents, sorted. */
int sysfs_list_parents(const struct host *h, struct strv *parents);
bool sysfs_has_parent(const struct host *h, const char *parent);
bool sysfs_has_type(const struct host *h, const char *parent, const char *type);
/* The device_api of a type, which names the device that a virtual machine gets
 * ("vfio-pci"); caller frees.  -ENOENT: no such parent or type. */
int sysfs_device_api(const struct host *h, const struct mdev *m, char **ret_api);
/*
 * The migration_version that was proposed for the kernel in 2019, and that drivers outside
 * of it may have: an opaque text of the device, or of the type, that tells its make, and
 * that the same file of another host takes or refuses.  Caller frees; NULL: there is none.
 */
char *sysfs_migration_version(const struct host *h, const struct mdev *m);
/* Gives it to the type: 0: the driver can take such a device's state; -ENOENT: it does not
 * say; else another -errno of the driver's. */
int sysfs_check_migration_version(const struct host *h, const struct mdev *m, const char *version);
/* Its directory: a descriptor of the caller's, or -errno. */
int sysfs_open_parent(const struct host *h, const char *parent);

/*
 * One write of the UUID to the type's `create`.  When this returns 0 the
 * device is complete, attributes included.  -errno as the kernel gives it:
 * -ENOENT no such parent or type, -EEXIST the UUID is taken, -ENOSPC or
 * -EUSERS no free instance, -ENODEV parent is being unregistered.
 */
int sysfs_create(const struct host *h, const struct mdev *m);
/* Whether the caller may do that, judged by opening the file: false only if
 * that is what hinders. */
bool sysfs_may_create(const struct host *h, const struct mdev *m);
bool sysfs_may_remove(const struct host *h, const struct mdev *m);
/*
 * The directory of the device: what is done through it is done to this
 * device, and fails once it is gone, even if another has taken its UUID.
 * A descriptor of the caller's, or -errno.
 */
int sysfs_open_device(const struct host *h, const struct mdev *m);
bool sysfs_is_gone(int device);
/*
 * Removes the device.  -ENOENT: not active, -EINPROGRESS: not complete, and
 * left alone: writing to `remove` before the mdev_type link exists makes a
 * device that nothing can remove (kernel hazard, seen on 6.1 and 6.12).
 * Blocks while the device is in use.
 */
int sysfs_remove_at(int device);
/* Whether the bus has the device, complete or not. */
bool sysfs_exists(const struct host *h, const char *uuid);
/* Whether it has left the bus, but its removal waits for its user. */
bool sysfs_is_leaving(const struct host *h, const char *uuid);

#endif
