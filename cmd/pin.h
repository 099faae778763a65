/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pinning a device to what its type is now, by name and description, so that a driver
 * that changes it is noticed; and keeping the definition that has that.
 */
#ifndef MDEVCTL_PIN_H
#define MDEVCTL_PIN_H

#include "cli/args.h"
#include "lib/host.h"
#include "model/document.h"
#include "script/run.h"

/* Gives @m the keys that pin it.  False: its parent does not offer the type. */
bool pin_type(const struct host *h, struct mdev *m);
/* Each returns 0 or, after it has told why, a negative value. */

int pin_now(const struct host *h, struct mdev *m, const char *what);
/* The same for --pin, with --strict or without, of a definition. */
int pin_as_asked(const struct host *h, const struct args *a, struct mdev *m, const char *what);
/* Compares what is pinned, if it is: what has changed is told, and an error if @strict or
 * the definition says so. */
int pin_check(const struct host *h, const struct mdev *m, bool strict, const char *what);
/* The same of a document that the device is to be like. */
int pin_check_like(const struct host *h, const struct document *like, const struct mdev *m, bool strict,
		   const char *what);
/* Keeps the pinned definition @m that is not there yet, as 'mdevctl define' would. */
int pin_keep(const struct host *h, const struct args *a, struct callouts *all, const struct mdev *m);
/* Takes that back, as the device could not be started. */
void pin_drop(const struct host *h, const struct mdev *m);
/* Pins the definition of a device that is started, if it has one that is not pinned, or
 * keeps one. */
int pin_started(const struct host *h, const struct args *a, const struct mdev *m);

#endif
