/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether somebody holds a device open through VFIO, and who.
 */
#ifndef MDEVCTL_VFIO_H
#define MDEVCTL_VFIO_H

#include "host.h"

/*
 * Whether the VFIO group is held open: a group has one opener at a time, so
 * opening its node answers EBUSY while there is one.  Adds "PID (COMMAND)" of
 * each process found to @holders, which stays empty if /proc does not tell.
 */
bool vfio_group_in_use(const struct host *h, const char *group, struct strv *holders);

#endif
