/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts that were cut off.  A device gets its attributes once it is there, and one whose
 * start was killed in between runs without the rest of them, which nothing in sysfs
 * tells.  So a start of a device with attributes has a mark in /run/mdevctl-unfinished,
 * named by the UUID and locked by whoever is at it; one that nobody has locked is of a
 * start that will never be finished.  A device that is stopped to be started again has
 * another one, UUID.stopped, until that or another command has started or stopped it.
 */
#ifndef MDEVCTL_UNFINISHED_H
#define MDEVCTL_UNFINISHED_H

#include "lib/host.h"
#include "model/mdev.h"

struct unfinished {
	int dir, fd;
	bool was_there; /* the mark of an earlier start, of which the device may still run */
};

#define UNFINISHED_NONE ((struct unfinished){ .dir = -1, .fd = -1 })

/* Marks the start of @uuid.  Where no mark can be kept, the start goes on without one. */
void unfinished_begin(const struct host *h, const char *uuid, struct unfinished *ret_mark);
/* The device is gone again, or never was what the mark was made for. */
void unfinished_end(struct unfinished *mark, const char *uuid);
/* Nothing was made: a mark of ours goes, an earlier one stays. */
void unfinished_cancel(struct unfinished *mark, const char *uuid);
/* Lets go of the mark, which stays. */
void unfinished_close(struct unfinished *mark);

/* Marks that it is stopped to be started again, if that can be kept. */
void unfinished_note_stop(const struct host *h, const char *uuid);
/* It could not be stopped, or nobody wants it started any more. */
void unfinished_unnote_stop(const struct host *h, const char *uuid);
/* It has been started, with all its attributes, or stopped: removes its marks. */
void unfinished_forget(const struct host *h, const char *uuid);

/*
 * Adds those of @running whose start was cut off to @uuids, and every device that was
 * stopped to be started again to @stopped, unless that is NULL.  Who has listed what runs
 * before does not take one that is just being started for one of them.  0 or -errno.
 */
int unfinished_list(const struct host *h, const struct mdev_list *running, struct strv *uuids, struct strv *stopped);

#endif
