/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --like: a device as it was described, perhaps on another host.
 */
#ifndef MDEVCTL_LIKE_H
#define MDEVCTL_LIKE_H

#include "cli/args.h"
#include "lib/host.h"
#include "model/document.h"

/*
 * Makes @a what asks for the device of the document: its type, and, where the options name
 * no device and nobody here has it, its UUID, or the name that gives it.  A UUID that is
 * taken is told.  0 or, after it has told why, a negative value.
 */
int like_ask_for(const struct host *h, const struct document *like, struct args *a);

#endif
