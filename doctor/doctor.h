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
/* Cards with virtual functions, but those among @kept; @quiet: not that there are none. */
void doctor_cards(const struct host *h, bool have_parents, const struct strv *kept, bool quiet, struct findings *all);
/* Of the cards that something is kept for, those whose virtual functions are kept with a
 * driver; how many there are. */
size_t doctor_functions(const struct host *h, const struct strv *pfs, struct findings *all);
/* Definitions; @ret_automatic: whether a device is to start by itself. */
void doctor_definitions(const struct host *h, struct findings *all, bool *ret_automatic);
/* What is installed: scripts, and what starts automatic devices, or enables VFs. */
void doctor_setup(const struct host *h, bool automatic, struct findings *all);

#endif
