/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A virtual PCI function and the driver that has it: giving it to a VFIO driver, so
 * that a virtual machine can have it as a whole, and taking it back.  Knows nothing
 * of definitions.  Kernel facts: Documentation/ABI/testing/sysfs-bus-pci and
 * drivers/pci/pci-driver.c.
 */
#ifndef MDEVCTL_FUNCTION_H
#define MDEVCTL_FUNCTION_H

#include "hardware/attr.h"
#include "lib/host.h"

/* Its directory: a descriptor of the caller's, or -errno; -ENOENT: it is no such function. */
int function_open(const struct host *h, const char *name);
/* Whether it is none, or none any more. */
bool function_is_gone(int function);
/*
 * The VFIO driver that has it, as @wanted if it is that; caller frees.  -ENOENT: no driver
 * has it, -EBUSY: one of the host's own, whose name is there as well, -EINPROGRESS: one is
 * leaving it, and waits for who has it open.
 */
int function_holder(int function, const char *wanted, char **ret_driver);
/* Waits for a while for others that change who has it.  A descriptor that keeps them
 * waiting; -ETIMEDOUT: they take too long, other errors: there is no lock. */
int function_lock(const struct host *h, int function, const char *name);
/*
 * Whether @driver could be given it now, by what can be seen: 0, or as function_give();
 * -EKEYREJECTED: it has a driver_override that is none of @driver.
 */
int function_check(const struct host *h, int function, const char *driver);
/*
 * Has @driver take the function; the caller has its lock, and has checked.  -ENOENT: the function
 * has gone, -ENOPKG: there is no such driver, -EREMOTEIO: the driver did not take it, -EEXIST, -EBUSY, -EINPROGRESS: as
 * function_holder() would say, a VFIO driver has it, one of the host's own, one is just
 * leaving it, else the kernel's answer; then it is as it was.
 */
int function_give(const struct host *h, int function, const char *name, const char *driver);
/* What its driver_override says; caller frees, NULL: it has none. */
char *function_override(int function);
/*
 * Has no driver have it.  -ENOENT: none has, -ESTALE: another than @driver, which is left
 * alone, -EBUSY: somebody has it open, -EINPROGRESS: a driver is leaving it, or another
 * change of it does not end.
 */
int function_take_back(const struct host *h, int function, const char *name, const char *driver);
/* Whether the caller may do either; false only if permissions hinder. */
bool function_may_change(const struct host *h, const char *name);

/* Its number among the virtual functions of its card, from 1; 0: it is none of one. */
unsigned long function_number(int function);
/*
 * As attr_write_told(); what begins with "pf/" is below the card's directory, and "%n" is the
 * function's number.  -EACCES also for what decides about drivers and functions.
 */
int function_set_attr(int function, const char *name, const char *value, struct attr_log *log, bool *ret_written);
/* The same of the card's own directory. */
int function_set_pf_attr(int pf, const char *name, const char *value, struct attr_log *log, bool *ret_written);
/* Puts back what either has written, the last first; adds the names of those for which that
 * cannot be done to @left. */
void function_put_back(int function, const struct attr_log *log, struct strv *left);

#endif
