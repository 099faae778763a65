/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NVIDIA's program that enables the virtual functions of its cards, whose driver
 * has no sriov_numvfs of its own.  Nothing that it says is believed, as it is
 * known to say success without VFs, to fail for a moment, and to leave the card
 * without its driver: what counts is what there is afterwards.
 *
 * Written from what is documented and was seen on hosts; tested on a simulation
 * of that, not on hardware.
 */
#ifndef MDEVCTL_SRIOV_MANAGE_H
#define MDEVCTL_SRIOV_MANAGE_H

#include "lib/host.h"
#include "lib/say.h"

#define SRIOV_MANAGE "usr/lib/nvidia/sriov-manage"

/* Whether the VFs of this PF are enabled by it rather than by sriov_numvfs. */
bool sriov_manage_is_needed(const struct host *h, const char *pf);
bool sriov_manage_is_there(const struct host *h);
/*
 * Enables all VFs that there can be, if the nvidia driver has the PF, and makes
 * sure that each is bound and has its directory.  Tries again, with growing
 * pauses, for two minutes; one at a time on the whole host.  0, or -errno with
 * @error saying what the last try came to.
 */
int sriov_manage_enable(const struct host *h, const char *pf, struct error *error);

#endif
