/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which cards have virtual functions that are kept with a VFIO driver, so that each is a
 * parent.  What is kept stands in the configuration (config/vfs.c); a note of the card in
 * /run/mdevctl-vfs, which everybody can read and which goes with the next boot, says that
 * this is one of them, and which driver "auto" has come to.  So a host that keeps none
 * is asked for nothing but that directory.
 */
#ifndef MDEVCTL_KEPT_H
#define MDEVCTL_KEPT_H

#include "lib/host.h"
#include "model/vfs.h"

struct kept {
	const char *pf, *driver; /* of str_intern() */
	bool bind; /* each is to be given to the driver as soon as it is there */
};

/* Whether there are any at all. */
bool kept_any(const struct host *h);
/* What is kept for a card, or for that of a virtual function.  -ENOENT: nothing; other
 * errors: it cannot be read. */
int kept_of_pf(const struct host *h, const char *pf, struct kept *ret_kept);
int kept_of_vf(const struct host *h, const char *vf, struct kept *ret_kept);
/* Adds the cards, sorted. */
void kept_list(const struct host *h, struct strv *pfs);

/* The driver that is meant: of "auto" that which suits what is there; of str_intern(). */
const char *kept_driver(const struct host *h, const struct vfs *vfs);
/* Notes what is kept for a card now, or that nothing is.  0 or -errno. */
int kept_note(const struct host *h, const struct vfs *vfs);
void kept_forget(const struct host *h, const char *pf);
/* Whether all of what is kept with a driver for a card whose functions are enabled has been
 * done: they are parents, and have that driver if they are to be bound. */
bool kept_is_done(const struct host *h, const char *pf);

#endif
