/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that is known of a device and of where it is: what has to be the same when it is
 * made again, here or on another host.  Knows nothing of how that is found out.
 */
#ifndef MDEVCTL_DOCUMENT_H
#define MDEVCTL_DOCUMENT_H

#include "model/mdev.h"

/* What is told of a device's migration; who tells it: NULL, nobody. */
struct migration {
	char *source; /* "vfio", which was asked, or "debugfs" */
	struct strv features; /* in the kernel's words: "stop-copy", "p2p", "pre-copy"; none: it cannot */
	char *state; /* "RUNNING" */
	char *version; /* the driver's migration_version, which means something to drivers only */
};

struct document {
	struct mdev m; /* with its name, where that gives the UUID */
	/* Without a device_api nothing of it was known but the id, and perhaps the name. */
	struct mdev_type type;
	/* Of the parent; each NULL where it has none, or it was not there. */
	char *pci_id, *subsystem_id; /* "10de:13f2" */
	char *driver, *module;
	char *module_version, *module_srcversion; /* of modules in the kernel's tree often NULL */
	char *kernel; /* its release */
	struct migration migration;
};

/* A new reference. */
json_t *document_to_json(const struct document *d);
/*
 * Reads the text of a document that comes from @source (a name for messages).  Keys that
 * are not known are passed over, as a later version may write more.  0, or -EINVAL with
 * @error set to "SOURCE:LINE: ...".
 */
int document_from_json(const char *text, size_t length, const char *source, struct document *ret_document,
		       struct error *error);
void document_done(struct document *d);

#endif
