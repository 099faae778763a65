/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What VFIO knows of a device's migration (linux/vfio.h: VFIO_DEVICE_FEATURE_MIGRATION).
 * That the device can migrate says nothing of where to.
 */
#ifndef MDEVCTL_MIGRATION_H
#define MDEVCTL_MIGRATION_H

#include "lib/host.h"
#include "lib/say.h"
#include "model/document.h"

/*
 * What the kernel shows of device @name, its UUID or its PCI address, in debugfs
 * (CONFIG_VFIO_DEBUGFS, from 6.8; the features from 6.18), which is root's.  Leaves
 * @migration alone if that is nothing.
 */
void migration_read(const struct host *h, const char *name, struct migration *migration);
/*
 * Opens device @name of IOMMU group @group, as a virtual machine would, and asks it:
 * nobody else can use it meanwhile.  0, or -errno with @error set; -EBUSY: it is in use.
 */
int migration_ask(const struct host *h, const char *group, const char *name, struct migration *migration,
		  struct error *error);

#endif
