/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Single-root I/O virtualization: a PCI device (PF) and its virtual functions
 * (VFs), which are there only once they have been enabled.  Knows nothing of
 * what the VFs are used for.
 */
#ifndef MDEVCTL_SRIOV_H
#define MDEVCTL_SRIOV_H

#include "lib/host.h"
#include "lib/say.h"
#include "model/vfs.h"

/* What @pf has.  -ENOENT: there is no such device, or it can have no VFs. */
struct sriov {
	unsigned long total, enabled;
};
int sriov_look(const struct host *h, const char *pf, struct sriov *ret_sriov);
/* How many it can have, which can be read without a wait also while VFs are just being disabled and one of them is in
 * use.  -ENOENT as above. */
int sriov_total(const struct host *h, const char *pf, unsigned long *ret_total);
/* Whether there is a PCI device of this name, with VFs or without. */
bool sriov_is_device(const struct host *h, const char *name);
/* Whether it is written as the kernel writes the address of a PCI device. */
bool sriov_is_address(const char *name);
/* Adds the PCI devices that can have VFs, unsorted. */
void sriov_list_pfs(const struct host *h, struct strv *pfs);
/* The PF of a VF; caller frees.  -ENOENT: there is no such VF. */
int sriov_find_pf(const struct host *h, const char *vf, char **ret_pf);
/* Adds the names of the enabled VFs, in the PF's own order; never waits.  0, or -errno if that
 * need not be all. */
int sriov_list_vfs(const struct host *h, const char *pf, struct strv *vfs);
/* The driver that has a PCI function; caller frees.  -ENOENT: none, or no such function. */
int sriov_driver(const struct host *h, const char *function, char **ret_driver);
/* What tells one loading of the PF's driver from another; caller frees, NULL: it has none. */
char *sriov_driver_epoch(const struct host *h, const char *pf);

/* Whether the card's driver is NVIDIA's, which has its VFs for itself. */
bool sriov_needs_own_vfs(const struct host *h, const char *pf);
/* Whether somebody is just enabling VFs so that none of the host's own drivers gets them, or has died meanwhile. */
bool sriov_keeps_drivers_off(const struct host *h, const char *pf);
/* Puts right what that one has left; who enables VFs next does that, too. */
void sriov_let_drivers_on(const struct host *h, const char *pf);
/*
 * Enables the VFs that are kept for a card, after its attributes have been set; with a
 * VFIO driver, so that none of the host's own gets them.  VFs that are enabled stay as
 * they are: changing their number would first remove them all.  0, or -errno with
 * @error saying why.
 */
int sriov_enable(const struct host *h, const struct vfs *vfs, struct error *error);

#endif
