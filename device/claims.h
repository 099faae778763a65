/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of a parent's room is somebody's already: what runs, what is promised to
 * automatic definitions, what has been refused.
 */
#ifndef MDEVCTL_CLAIMS_H
#define MDEVCTL_CLAIMS_H

#include "device/scan.h"

/* A definition that does not run, and has a claim on the room of a type. */
struct claim {
	size_t n; /* so many */
	const struct mdev *first; /* one of them */
};
/* Those that start by themselves.  Where there is room for one device only, a
 * definition of any type claims it. */
struct claim claims_promised(const struct scan *scan, const struct mdev_type *t);
/* Those that are kept for starting by hand, where there is room for one only. */
struct claim claims_kept(const struct scan *scan, const struct mdev_type *t);
/* The kernel's answer to our last attempt there, or 0. */
int claims_refused(const struct scan *scan, const struct mdev_type *t);

/* What the kernel shows less what is promised, kept or refused; @sparing: what is
 * kept for another type, or for a definition as this is to be one, counts too. */
long claims_free(const struct scan *scan, const struct wish *wish, const struct mdev_type *t, bool sparing);

/* How many of a type run on all parents of a card; @type NULL: of any. */
size_t claims_running(const struct scan *scan, const char *card, const char *type);

#endif
