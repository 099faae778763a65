/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The types of NVIDIA's vGPUs: numbers in the driver's files, "nvidia-558"
 * among the types of other parents.
 */
#ifndef MDEVCTL_VGPU_TYPE_H
#define MDEVCTL_VGPU_TYPE_H

#include "lib/host.h"
#include "model/mdev.h"

#define VGPU_CREATABLE "nvidia/creatable_vgpu_types"

/* Of "nvidia-558" 558; 0: it is no name of such a type. */
unsigned long vgpu_type_id(const char *type);
char *vgpu_type_name(unsigned long id);

/* Whether @type is among the types from index @from on. */
bool vgpu_type_is_in(const struct mdev_type_list *list, size_t from, const char *type);
/* Adds a type, unless it is among those from index @from on. */
void vgpu_type_add(struct mdev_type_list *list, size_t from, const char *parent, unsigned long id,
		   const char *name, bool available);
/*
 * Adds what the VF of directory @vf could become now, @available or not.  Rows
 * that are not understood, and second ones of a number, are passed over.  0,
 * or -errno if there is no such list.
 */
int vgpu_types_read(int vf, const char *parent, bool available, struct mdev_type_list *list);

#endif
