/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices and types on standard output, as text or JSON.  Nothing else prints
 * them.
 */
#ifndef MDEVCTL_OUTPUT_H
#define MDEVCTL_OUTPUT_H

#include "device/compat.h"
#include "device/place.h"
#include "doctor/finding.h"
#include "model/document.h"
#include "model/mdev.h"

/*
 * Each returns 0, or a negative value after it has told why standard output
 * did not take it.
 *
 * Lists are sorted.  @of_definitions: these are definitions, so what is worth
 * a mark is that one is active; else that a device is defined.
 */
int output_mdevs_text(const struct mdev_list *list, bool of_definitions, bool verbose);
int output_mdevs_json(const struct mdev_list *list);
/* The definition object alone. */
int output_mdev_json(const struct mdev *m);
int output_types_text(const struct mdev_type_list *list);
int output_types_json(const struct mdev_type_list *list);
/* What a virtual machine's configuration needs to have the device: the hostdev
 * element of a libvirt domain, QEMU's option.  @api: the type's device_api. */
int output_libvirt_xml(const struct mdev *m, const char *api);
int output_qemu_args(const struct mdev *m, const char *api);
/* What doctor found, one line each. */
int output_findings_text(const struct findings *all);
int output_findings_json(const struct findings *all);
/* A line; @verbose: and what it says and has, a line each. */
int output_pool_text(const struct pool *pool, const struct pool_use *use, bool verbose);
/* A new reference. */
json_t *output_pool_to_json(const struct pool *pool, const struct pool_use *use);
/* What compat found of each place, and together: what is the same on several parents of one
 * card is told once. */
int output_judgements_text(const struct judgements *all);
int output_judgements_json(const struct judgements *all);
int output_document(const struct document *d);
/* Whatever it is. */
int output_json(const json_t *json);
/* A line each. */
int output_lines(const struct strv *lines);
/* A UUID alone on a line. */
int output_uuid(const char *uuid);
/* What would be made: "UUID PARENT TYPE", @uuid "-" where one would be made too. */
int output_plan(const char *uuid, const char *parent, const char *type);

/* Whether everything printed has reached standard output. */
int output_finish(void);

#endif
