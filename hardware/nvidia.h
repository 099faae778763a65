/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vGPUs of NVIDIA's vendor-specific VFIO framework (kernels from 6.8): each
 * virtual function (VF) of the GPU is a parent that holds one vGPU or none.
 * Knows nothing of definitions, and so of no UUIDs.
 *
 * Written from what is documented and was seen on real hosts; tested on a
 * simulation of that, not on hardware.
 */
#ifndef MDEVCTL_NVIDIA_H
#define MDEVCTL_NVIDIA_H

#include "lib/host.h"
#include "model/mdev.h"

/* Whether NVIDIA's driver is there at all, which is all that other hosts are
 * asked: 0, -ENOENT, or another -errno. */
int nvidia_look(const struct host *h);
/* Whether @parent is such a VF. */
bool nvidia_has_parent(const struct host *h, const char *parent);
/* Adds the names of the VFs, unsorted. */
int nvidia_list_parents(const struct host *h, struct strv *parents);
/* Adds the GPUs that could have VFs and have none enabled, sorted. */
void nvidia_list_idle(const struct host *h, struct strv *gpus);

/*
 * Adds what the VFs (@parent only, if not NULL) hold, unsorted: parent and
 * type, without UUIDs.  A VF that goes meanwhile is passed over.
 */
int nvidia_list(const struct host *h, const char *parent, struct mdev_list *list);
/* What VF @parent holds; -ENOENT: nothing, or no such VF. */
int nvidia_find(const struct host *h, const char *parent, struct mdev *ret_mdev);

/* Adds what the VFs of the same GPU hold, @parent included. */
int nvidia_list_neighbours(const struct host *h, const char *parent, struct mdev_list *list);

/*
 * Adds what the VFs (@parent only, if not NULL) could hold now, unsorted, and
 * what they do hold, of which none is available.
 */
int nvidia_list_types(const struct host *h, const char *parent, struct mdev_type_list *list);
bool nvidia_has_type(const struct host *h, const char *parent, const char *type);
/*
 * Whether the GPU of VF @parent is up: it offers something, there or, being
 * full, has given it to this or another VF.
 */
bool nvidia_is_ready(const struct host *h, const char *parent);

/* As sysfs_open_parent(). */
int nvidia_open_parent(const struct host *h, const char *parent);
/*
 * Has VF @m->parent hold a vGPU of the type.  -EEXIST: it holds one already;
 * -ENOENT: no such VF, or it could not hold that now, and nothing was written;
 * -EREMOTEIO: the driver took the type, but does not show it; else as the
 * driver answers.
 */
int nvidia_create(const struct host *h, const struct mdev *m);
/* Whether the caller may have a VF hold something, or nothing: false only if
 * permissions hinder. */
bool nvidia_may_change(const struct host *h, const struct mdev *m);
/* The directory of the VF; a descriptor of the caller's, or -errno. */
int nvidia_open_device(const struct host *h, const struct mdev *m);
bool nvidia_is_gone(int vf);
/* Whether this attribute of a device, mdev or vGPU, is what needs attr_write_line(). */
bool nvidia_is_params(const char *name);
/* As attr_write(), of what is in the VF's nvidia/: @name with or without that.
 * -EXDEV: it is elsewhere, or the type itself. */
int nvidia_set_attr(int vf, const char *name, const char *value, bool *ret_written);
/*
 * Has the VF hold nothing, if it holds a vGPU of this type.  -ENOENT: it holds
 * none, -ESTALE: another, which is left alone, -EBUSY: it is in use.
 */
int nvidia_remove_at(const struct host *h, int vf, const struct mdev *m);

#endif
