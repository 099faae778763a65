/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running devices, parents and types, whoever provides them: the kernel's
 * mdev bus (sysfs.c) or NVIDIA's vendor-specific VFIO (nvidia.c).  What the
 * commands ask; each question goes to the one that the parent belongs to.
 *
 * A vGPU has no UUID in the kernel.  Its UUID is that of the definition of its
 * VF with its type, and without one version 5 of the namespace for URLs and the
 * text "vgpu:VF:NUMBER".  Of several definitions an automatic one is meant
 * rather than a manual one, then the first in byte order.
 */
#ifndef MDEVCTL_BUS_H
#define MDEVCTL_BUS_H

#include "lib/host.h"
#include "model/mdev.h"
#include "sysfs.h"

/*
 * Adds every running device (on @parent only, if not NULL), unsorted; vGPUs
 * with what their definition says.  Files that should be their definitions and
 * are not are added to @problems.  0 or -errno.
 */
int bus_list(const struct host *h, const char *parent, struct mdev_list *list,
	     struct strv *problems);
/* The running device @uuid; -ENOENT if there is none. */
int bus_find(const struct host *h, const char *uuid, struct mdev *ret_mdev);
/* The same, after a bounded wait for one that somebody else is still
 * creating.  -EINPROGRESS: it did not become complete. */
int bus_find_wait(const struct host *h, const char *uuid, struct mdev *ret_mdev);
/*
 * What runs on @parent in place of another device of it, as there is room for
 * one only.  -ENOENT: nothing, or there is no such limit.
 */
int bus_find_holder(const struct host *h, const char *parent, struct mdev *ret_mdev);
/* Adds the cards that could have virtual functions, and with them parents, and
 * have none enabled; sorted. */
void bus_list_idle_cards(const struct host *h, struct strv *cards);
/* Adds what runs on the parents that share their card with VF @parent, without UUIDs. */
int bus_list_neighbours(const struct host *h, const char *parent, struct mdev_list *list);
/* Whether the UUID is that of a device which is being created or removed. */
bool bus_is_changing(const struct host *h, const char *uuid);
bool bus_is_leaving(const struct host *h, const char *uuid);

/* Which of many definitions run, and which of them are of vGPUs. */
struct bus_query {
	struct sysfs_query mdevs;
	bool has_vgpus;
};
void bus_query_begin(const struct host *h, struct bus_query *ret_query);
void bus_query_end(struct bus_query *q);
/* Sets active and is_vgpu. */
void bus_query_look(const struct bus_query *q, const struct host *h, struct mdev *m);

/*
 * The UUID that a device of @m's parent and type is going to have, if that is
 * no free choice: returns whether it is not.  @m gets it, and `defined` if it
 * is that of a definition.
 */
bool bus_fixed_uuid(const struct host *h, struct mdev *m);

int bus_list_types(const struct host *h, const char *parent, struct mdev_type_list *list);
/* Sorted. */
int bus_list_parents(const struct host *h, struct strv *parents);
bool bus_has_parent(const struct host *h, const char *parent);
bool bus_has_type(const struct host *h, const char *parent, const char *type);
/* Whether waiting is no use: the type is there, or is not going to come. */
bool bus_is_ready(const struct host *h, const char *parent, const char *type);
bool bus_is_vgpu_parent(const struct host *h, const char *parent);
/* "vfio-pci" or so; caller frees.  -ENOENT: no such parent or type. */
int bus_device_api(const struct host *h, const struct mdev *m, char **ret_api);
/*
 * Waits until no other mdevctl starts the automatic devices of this parent:
 * for a while, as anybody can lock a directory of sysfs.  A descriptor that
 * keeps the others waiting, or -errno.
 */
int bus_lock_parent(const struct host *h, const char *parent);

/*
 * Creates the device.  -EEXIST: its UUID is taken, perhaps by this very
 * device; -ENOENT: no such parent or type; -EADDRINUSE: the parent has room for one
 * device, and holds another; else as the driver answers (sysfs.h, nvidia.h).
 */
int bus_create(const struct host *h, const struct mdev *m);
/* Whether the caller may do that: false only if permissions hinder. */
bool bus_may_create(const struct host *h, const struct mdev *m);
bool bus_may_remove(const struct host *h, const struct mdev *m);

/* One running device. */
struct bus_device {
	const struct bus_ops *ops;
	const struct mdev *m; /* borrowed */
	int fd; /* its directory */
};
#define BUS_NO_DEVICE { .fd = -1 }
int bus_open(const struct host *h, const struct mdev *m, struct bus_device *ret_device);
void bus_close(struct bus_device *d);
bool bus_is_gone(const struct bus_device *d);
/* As attr_write(). */
int bus_set_attr(const struct bus_device *d, const char *name, const char *value,
		 bool *ret_written);
/*
 * Removes it.  -ENOENT: it is not active, -EINPROGRESS: it is not complete,
 * -ESTALE: another has taken its place.  One in use: -EBUSY, or this blocks.
 */
int bus_remove(const struct bus_device *d);
int bus_remove_named(const struct host *h, const struct mdev *m);
/* Number of its IOMMU group; caller frees.  -ENOENT: it has none. */
int bus_iommu_group(const struct bus_device *d, char **ret_group);
/* Name of its VFIO device, "vfio0" or so (kernels from 6.0); caller frees. */
int bus_vfio_device(const struct bus_device *d, char **ret_name);

#endif
