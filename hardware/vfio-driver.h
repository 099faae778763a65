/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Drivers that give PCI functions to virtual machines: vfio-pci, which takes any, and
 * those that know a device, and can migrate it.  Their modules are found by aliases that
 * begin with "vfio_pci:", as libvirt 10 does it.
 */
#ifndef MDEVCTL_VFIO_DRIVER_H
#define MDEVCTL_VFIO_DRIVER_H

#include "lib/host.h"

#define VFIO_PCI "vfio-pci"

/* The kernel takes '-' and '_' in names of modules for the same, and drivers have either. */
bool vfio_driver_is(const char *a, const char *b);
/* The name under which the driver is registered; caller frees, NULL: it is not. */
char *vfio_driver_registered(const struct host *h, const char *driver);
/* The module that modules.alias names for the virtual functions of a card, else vfio-pci;
 * caller frees. */
char *vfio_driver_choose(const struct host *h, const char *pf);

enum vfio_driver_state {
	VFIO_DRIVER_FINE, /* or it cannot be told */
	VFIO_DRIVER_UNKNOWN, /* the running kernel has no such module or driver */
	VFIO_DRIVER_OTHER, /* it is none for VFIO */
};
enum vfio_driver_state vfio_driver_look(const struct host *h, const char *driver);
/* Adds the names of those that the running kernel has, sorted. */
void vfio_driver_list(const struct host *h, struct strv *drivers);

#endif
