/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The UUIDs of devices that have none in the kernel: those of parents that have
 * room for one device.  It is that of the definition of its parent with its type,
 * else that of a note (note.h), and without either made from both.  Of several definitions an automatic one is
 * meant rather than a manual one, then the first in byte order.
 */
#ifndef MDEVCTL_IDENTITY_H
#define MDEVCTL_IDENTITY_H

#include "device/provider.h"

/* Gives @m, running, its UUID and what its definition says. */
void identity_give(const struct host *h, const struct provider *p, struct mdev *m,
		   struct strv *problems);
/* The same for one that is to be, of which no note can be. */
void identity_give_new(const struct host *h, const struct provider *p, struct mdev *m);
/* What @parent holds; -ENOENT: nothing, or it is none of the provider's. */
int identity_find_held(const struct host *h, const struct provider *p, const char *parent,
		       struct mdev *ret_mdev);
/* The running device @uuid; -ENOENT if there is none. */
int identity_find(const struct host *h, const struct provider *p, const char *uuid,
		  struct mdev *ret_mdev);

#endif
