/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is kept for a physical function: how many virtual functions it is to have
 * whenever it appears, and what they are for.  Knows nothing of files, nor of what a
 * host has.
 */
#ifndef MDEVCTL_VFS_H
#define MDEVCTL_VFS_H

#include "model/mdev.h"

/* What stands for the VFIO driver that modules.alias names for the device. */
#define VFS_DRIVER_AUTO "auto"

struct vfs {
	const char *pf; /* of str_intern() */
	unsigned long count; /* 0: as many as there can be */
	const char *driver; /* the VFIO driver they are for; NULL: theirs is not our affair; of str_intern() */
	bool bind; /* each gets the driver as soon as it is there */
	struct mdev like; /* its attributes are written to the PF before VFs are enabled */
};

/*
 * Reads the text of what is kept for @pf, which comes from @source (a name for
 * messages).  0, or -EINVAL with @error set to "SOURCE:LINE: ...".
 */
int vfs_from_json(const char *pf, const char *text, size_t length, const char *source, struct vfs *ret_vfs,
		  struct error *error);
/* The same of a value that is parsed already, borrowed, and stands there. */
int vfs_read(const char *pf, json_t *json, const struct json_at *at, struct vfs *ret_vfs);
/* Keys that say nothing are left out; a new reference. */
json_t *vfs_to_json(const struct vfs *vfs);
/* The text of its file; caller frees. */
char *vfs_to_text(const struct vfs *vfs);
/* Whether both ask for the same. */
bool vfs_is_same(const struct vfs *a, const struct vfs *b);
void vfs_done(struct vfs *vfs);

#endif
