/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel module that provides a type's parent.
 */
#ifndef MDEVCTL_MODULE_H
#define MDEVCTL_MODULE_H

#include "host.h"

/*
 * The module whose driver registers the parents of this type: a type's id
 * begins with the name of that driver.  Caller frees.
 */
char *module_of_type(const char *type);
bool module_is_loaded(const struct host *h, const char *module);

#endif
