/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why there are no types, why a device did not start: what is looked at.
 */
#ifndef MDEVCTL_DOCTOR_H
#define MDEVCTL_DOCTOR_H

#include "doctor/finding.h"
#include "lib/host.h"

/* The kernel: its mdev bus, IOMMU, drivers, parents; whether there are any. */
bool doctor_kernel(const struct host *h, struct findings *all);
/* Cards with virtual functions. */
void doctor_cards(const struct host *h, bool have_parents, struct findings *all);
/* Definitions; @ret_automatic: whether a device is to start by itself. */
void doctor_definitions(const struct host *h, struct findings *all, bool *ret_automatic);
/* What is installed: scripts, and what starts automatic devices. */
void doctor_setup(const struct host *h, bool automatic, struct findings *all);

#endif
