/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices and types on standard output, as text or JSON.  Nothing else prints
 * them.
 */
#ifndef MDEVCTL_OUTPUT_H
#define MDEVCTL_OUTPUT_H

#include "mdev.h"

/* Each prints a sorted list.  @of_definitions: these are definitions, so what
 * is worth a mark is that one is active; else that a device is defined. */
void output_mdevs_text(const struct mdev_list *list, bool of_definitions, bool verbose);
void output_mdevs_json(const struct mdev_list *list);
/* The definition object alone. */
void output_mdev_json(const struct mdev *m);
void output_types_text(const struct mdev_type_list *list);
void output_types_json(const struct mdev_type_list *list);

/* 0, or the -errno of what did not reach standard output. */
int output_finish(void);

#endif
