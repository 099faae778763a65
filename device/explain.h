/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why a device cannot be made, in one sentence: what is wrong, what there is
 * instead, what to do.
 */
#ifndef MDEVCTL_EXPLAIN_H
#define MDEVCTL_EXPLAIN_H

#include "lib/host.h"
#include "model/mdev.h"

/* There is no such parent.  @module_state: what is to be said of the module
 * that would provide it, NULL: whether it is loaded. */
void explain_parent(const struct host *h, const struct mdev *m, const char *module_state,
		    struct error *error);
/* What has to be done before the parent, a virtual function that is there, is one for whole
 * functions, as the device asks; NULL: that is no matter; caller frees. */
char *explain_unkept(const struct host *h, const struct mdev *m);
/* The parent does not offer the type. */
void explain_type(const struct host *h, const struct mdev *m, struct error *error);
/* Whether the UUID is active already: where. */
bool explain_taken(const struct host *h, const struct mdev *m, struct error *error);
/*
 * Whether @m cannot be on its parent, which has room for one, whatever is free:
 * -EADDRINUSE: another device is there, -ECANCELED: a vGPU there is known by another
 * UUID; 0, or 1: it is another UUID than its parent and type give it, which a note
 * has to tell.
 */
int explain_misfit(const struct host *h, const struct mdev *m, struct error *error);
/* "mtty-1 (3), mtty-2 (1)": what of @types, which are sorted, is free on @m's
 * parent, and where else its type is; callers free. */
char *explain_free_here(const struct mdev_type_list *types, const struct mdev *m);
char *explain_free_elsewhere(const struct mdev_type_list *types, const struct mdev *m);
/* bus_create() returned @r. */
void explain_create(const struct host *h, const struct mdev *m, int r, struct error *error);

#endif
