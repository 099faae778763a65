/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether somebody holds a device open through VFIO, and who.
 */
#ifndef MDEVCTL_VFIO_H
#define MDEVCTL_VFIO_H

#include "lib/host.h"

/*
 * Whether the device is held open by its VFIO group (@group, its number) or by
 * its own node (@device, "vfioN", kernels from 6.6, the only way where these
 * are built without groups); NULL: it has none.  A group has one opener at a
 * time, and answers EBUSY while there is one, also one of the device's node
 * that uses it; that node may be opened often.  Adds "PID (COMMAND)" of each
 * process found to @holders, which stays empty if /proc does not tell.  Who has
 * this process run does not count for having the group alone.
 */
bool vfio_in_use(const struct host *h, const char *group, const char *device, struct strv *holders);

#endif
