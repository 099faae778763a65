/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a PCI function is and where it sits.  What has no colon in its name is none,
 * and costs nothing to be asked for.
 */
#ifndef MDEVCTL_PCI_H
#define MDEVCTL_PCI_H

#include "lib/host.h"

/* The directory of all functions, for the others: a descriptor of the caller's, or -errno. */
int pci_open(const struct host *h);
/* The physical function of a virtual one; caller frees, NULL: it is none. */
char *pci_physfn(int devices, const char *name);
/* -1: it is not known, as on most machines that have but one. */
long pci_numa_node(int devices, const char *name);
/* "VENDOR:DEVICE" in hexadecimal; caller frees, NULL: it is no PCI function. */
char *pci_id(int devices, const char *name);
/* The same of what it is a part of: "SUBVENDOR:SUBDEVICE". */
char *pci_subsystem_id(int devices, const char *name);

#endif
