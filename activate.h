/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a device run, as one operation: it is there with all its attributes,
 * or it is not there.
 */
#ifndef MDEVCTL_ACTIVATE_H
#define MDEVCTL_ACTIVATE_H

#include "host.h"
#include "mdev.h"

/*
 * Creates the device and sets its attributes in order.  0, or -errno with
 * @error saying why and what would help; then nothing is left behind unless
 * @error says so.  -EEXIST: the kernel says the UUID is taken, perhaps by this very
 * device.
 */
int activate(const struct host *h, const struct mdev *m, struct error *error);

/* Whether the UUID is active already, with @error saying where. */
bool activate_is_taken(const struct host *h, const struct mdev *m, struct error *error);

#endif
