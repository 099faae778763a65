/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel modules, as far as a parent device depends on one.
 */
#ifndef MDEVCTL_MODULE_H
#define MDEVCTL_MODULE_H

#include "lib/host.h"
#include "lib/say.h"

/*
 * The module that registers parents offering this type: a type's id begins
 * with the name of the parent's driver.  Caller frees.
 */
char *module_of_type(const char *type);
/* Whether it is loaded, and done with its initialisation. */
bool module_is_loaded(const struct host *h, const char *module);
/* What it says of itself, callers free: its version, and a checksum of its sources; NULL:
 * nothing, as of most in the kernel's own tree, whose version is the kernel's. */
void module_read_version(const struct host *h, const char *module, char **ret_version, char **ret_srcversion);
/*
 * Loads a module of the running kernel as modprobe(8) does: with what it
 * depends on, and with the aliases, options, install commands and blacklist of
 * modprobe.d.  What install commands print goes to stderr.  0, also when it is
 * loaded already; else -errno, and @error says why in half a sentence.
 */
int module_load(const char *module, struct error *error);

#endif
