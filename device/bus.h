/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running devices, parents and types, whoever provides them (provider.h): the
 * kernel's mdev bus, NVIDIA's vendor-specific VFIO, or virtual functions that are
 * given away as a whole.  What the commands ask; each question goes to the one that the parent belongs to, and nobody above
 * knows which that is.
 */
#ifndef MDEVCTL_BUS_H
#define MDEVCTL_BUS_H

#include "hardware/attr.h"
#include "lib/host.h"
#include "model/mdev.h"
#include "sysfs.h"

/*
 * Adds every running device (on @parent only, if not NULL), unsorted; those
 * without a UUID in the kernel with what their definition says.  Files that should be their definitions and
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
/* Adds what runs on the parents that share their card with VF @parent, without UUIDs. */
int bus_list_neighbours(const struct host *h, const char *parent, struct mdev_list *list);
/* Whether the UUID is that of a device which is being created or removed. */
bool bus_is_changing(const struct host *h, const char *uuid);
bool bus_is_leaving(const struct host *h, const char *uuid);

/* Which of many definitions run, and which of them are no mediated devices. */
struct bus_query {
	struct sysfs_query mdevs;
	bool others; /* the mdev bus is not alone */
};
void bus_query_begin(const struct host *h, struct bus_query *ret_query);
void bus_query_end(struct bus_query *q);
/* Sets active and is_pci. */
void bus_query_look(const struct bus_query *q, const struct host *h, struct mdev *m);

/*
 * The UUID that a device of @m's parent and type is going to have, if that is
 * no free choice: returns whether it is not.  @m gets it, and `defined` if it
 * is that of a definition.
 */
bool bus_fixed_uuid(const struct host *h, struct mdev *m);

/* With these @fields of each at least, unsorted. */
int bus_list_types(const struct host *h, const char *parent, enum type_fields fields,
		   struct mdev_type_list *list);
/* Sorted. */
int bus_list_parents(const struct host *h, struct strv *parents);
bool bus_has_parent(const struct host *h, const char *parent);
bool bus_has_type(const struct host *h, const char *parent, const char *type);
/* Whether waiting is no use: the type is there, or is not going to come. */
bool bus_is_ready(const struct host *h, const char *parent, const char *type);
/* Whether it has room for one device only, which a virtual machine gets as the PCI
 * function that the parent is. */
bool bus_has_one_place(const struct host *h, const char *parent);
/* What its devices are called: "device", "vGPU". */
const char *bus_noun(const struct host *h, const char *parent);
/* The module that is needed before a parent that is there can have devices; caller frees,
 * NULL: none. */
char *bus_missing_driver(const struct host *h, const char *parent);
/* "vfio-pci" or so; caller frees.  -ENOENT: no such parent or type. */
int bus_device_api(const struct host *h, const struct mdev *m, char **ret_api);
/* The directory of a parent: a descriptor of the caller's, or -errno. */
int bus_open_parent(const struct host *h, const char *parent);
/*
 * Waits for a while until no other mdevctl starts the automatic devices of this
 * parent.  A descriptor that keeps the others waiting, or -errno (lock.h).
 */
int bus_lock_parent(const struct host *h, const char *parent);

/*
 * Creates the device.  -EEXIST: its UUID is taken, perhaps by this very
 * device; -ENOENT: no such parent or type; -EADDRINUSE: the parent has room for one
 * device, and holds another; else as the driver answers (provider.h).
 */
int bus_create(const struct host *h, const struct mdev *m);
/* The sentence for that error, if the provider has one of its own for it. */
bool bus_explain_create(const struct host *h, const struct mdev *m, int r, struct error *error);
/* Whether the caller may do that: false only if permissions hinder. */
bool bus_may_create(const struct host *h, const struct mdev *m);
bool bus_may_remove(const struct host *h, const struct mdev *m);

/* One running device. */
struct bus_device {
	const struct host *h; /* borrowed */
	const struct provider *provider;
	const struct mdev *m; /* borrowed */
	int fd; /* its directory */
	int lock; /* of a place that is prepared: keeps others from it; or -1 */
	struct attr_log log; /* what its attributes were */
};
#define BUS_NO_DEVICE { .fd = -1, .lock = -1 }
int bus_open(const struct host *h, const struct mdev *m, struct bus_device *ret_device);
/*
 * Whether the attributes of the parent's devices are set before these are created; then
 * their place, which bus_set_attr() takes for a device.  -errno as bus_create()'s.
 */
bool bus_is_prepared(const struct host *h, const char *parent);
int bus_prepare(const struct host *h, const struct mdev *m, struct bus_device *ret_place);
/* Its attributes get back what they had; adds those that do not to @left. */
void bus_put_back(const struct bus_device *place, struct strv *left);
void bus_close(struct bus_device *d);
bool bus_is_gone(const struct bus_device *d);
/* As attr_write(). */
int bus_set_attr(struct bus_device *d, const char *name, const char *value,
		 bool *ret_written);
/*
 * Removes it.  -ENOENT: it is not active, -EINPROGRESS: it is not complete,
 * -ESTALE: another has taken its place.  One in use: -EBUSY, or this blocks.
 */
int bus_remove(const struct bus_device *d);
int bus_remove_named(const struct host *h, const struct mdev *m);
/* Whether somebody uses it, so that its removal would block or be refused; adds who. */
bool bus_in_use(const struct host *h, const struct mdev *m, struct strv *holders);
/* Number of its IOMMU group; caller frees.  -ENOENT: it has none. */
int bus_iommu_group(const struct bus_device *d, char **ret_group);
/* Name of its VFIO device, "vfio0" or so (kernels from 6.0); caller frees. */
int bus_vfio_device(const struct bus_device *d, char **ret_name);

#endif
