/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who makes devices: what each provider of parents answers to bus.c, and nobody
 * else asks.  A further one is a file beside vgpus.c with one of these, and a
 * line in bus.c.
 */
#ifndef MDEVCTL_PROVIDER_H
#define MDEVCTL_PROVIDER_H

#include "hardware/attr.h"
#include "lib/host.h"
#include "model/mdev.h"

struct provider {
	const char *noun; /* what its devices are called in messages */
	/* Whether this host has any of it at all, which is all that others are asked. */
	bool (*is_there)(const struct host *h);
	bool (*has_parent)(const struct host *h, const char *parent);
	int (*list_parents)(const struct host *h, struct strv *parents);
	int (*list_types)(const struct host *h, const char *parent, enum type_fields fields,
			  struct mdev_type_list *list);
	bool (*has_type)(const struct host *h, const char *parent, const char *type);
	/* Whether waiting for the type is no use. */
	bool (*is_ready)(const struct host *h, const char *parent, const char *type);
	int (*device_api)(const struct host *h, const struct mdev *m, char **ret_api);

	/* Without UUIDs, where find is NULL. */
	int (*list)(const struct host *h, const char *parent, struct mdev_list *list);
	/* By UUID; NULL: the kernel knows no UUIDs of these devices (identity.c). */
	int (*find)(const struct host *h, const char *uuid, struct mdev *ret_mdev);
	/* If there is no find: what a parent, which has room for one device, holds, and
	 * the UUID of one that is not defined.  -ENOENT: nothing, or none of its parents. */
	int (*find_held)(const struct host *h, const char *parent, struct mdev *ret_mdev);
	void (*make_uuid)(struct mdev *m);
	/* Adds what runs on the parents of the same card, without UUIDs; or NULL. */
	int (*list_neighbours)(const struct host *h, const char *parent, struct mdev_list *list);

	/* The kernel module that has to be loaded before anything can be created there; caller
	 * frees, NULL: none, as always where it makes the parents. */
	char *(*missing_driver)(const struct host *h, const char *parent);
	int (*open_parent)(const struct host *h, const char *parent);
	bool (*may_create)(const struct host *h, const struct mdev *m);
	bool (*may_remove)(const struct host *h, const struct mdev *m);
	/*
	 * Where a device's attributes are there before it, and are set first, so that it is there
	 * with all of them; else these three are NULL.  The first one returns the directory that
	 * they are in, or -errno as create() would answer, and keeps others from changing anything
	 * there until create() has returned and @ret_lock (negative: none) is closed.
	 */
	int (*prepare)(const struct host *h, const struct mdev *m, int *ret_lock);
	int (*prepare_attr)(int place, const char *name, const char *value, struct attr_log *log, bool *ret_written);
	/* Puts back what that has changed; adds what cannot be put back to @left. */
	void (*put_back)(int place, const struct attr_log *log, struct strv *left);
	int (*create)(const struct host *h, const struct mdev *m);
	/* What is done through the descriptor is done to this device. */
	int (*open)(const struct host *h, const struct mdev *m);
	bool (*is_gone)(int device);
	/* NULL where they are set first. */
	int (*set_attr)(int device, const char *name, const char *value, bool *ret_written);
	int (*remove)(const struct host *h, int device, const struct mdev *m);
	/* What the answer of create() means; NULL: as on the mdev bus. */
	void (*explain_create)(const struct host *h, const struct mdev *m, int r, struct error *error);
};

extern const struct provider mdev_provider, vgpu_provider, function_provider;

#endif
