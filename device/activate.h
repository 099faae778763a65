/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a device run, as one operation: it is there with all its attributes,
 * or it is not there.
 */
#ifndef MDEVCTL_ACTIVATE_H
#define MDEVCTL_ACTIVATE_H

#include "lib/host.h"
#include "model/mdev.h"

/*
 * Creates the device and sets its attributes in order.  0, or -errno with
 * @error saying why and what would help; then nothing is left behind unless
 * @error says so.  -EEXIST: the kernel says the UUID is taken, perhaps by this very
 * device.
 */
int activate(const struct host *h, const struct mdev *m, struct error *error);

/*
 * Loads the module that provides the device's parent, if the parent is not
 * there and the module not loaded, and waits for the parent (5 s at most); or that
 * which a parent that is there needs.  0,
 * also when there is nothing to do; else -errno, with @error saying why.
 */
int activate_bring_parent(const struct host *h, const struct mdev *m, struct error *error);

#endif
