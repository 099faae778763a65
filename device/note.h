/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who a device is that has no UUID in the kernel, and no definition that would say so
 * either: one that was started by its own or its type's name, as the driver names no
 * type of a full card, or whose type's id has changed since it was defined.  A note for
 * each parent in /run/mdevctl-devices, which everybody can read, and which goes with the
 * next boot as the device does.
 */
#ifndef MDEVCTL_NOTE_H
#define MDEVCTL_NOTE_H

#include "lib/host.h"
#include "model/mdev.h"

/* Whether one may have another UUID than its parent and type give it. */
bool note_may_name(const struct mdev *m);
/* Keeps others from noting something of this parent.  A descriptor, or -errno (lock.h). */
int note_lock(const struct host *h, const char *parent);
/* Notes UUID, type and names; 0 or -errno. */
int note_keep(const struct host *h, const struct mdev *m);
/* Whether there is a note of a device of this parent and type: gives @m its UUID and names. */
bool note_recall(const struct host *h, struct mdev *m);
/* Adds the parents that something with this UUID was noted of; it need not be there any more. */
void note_find(const struct host *h, const char *uuid, struct strv *parents);
/* @uuid NULL: of whatever device. */
void note_forget(const struct host *h, const char *parent, const char *uuid);

#endif
