/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Questions that the scripts answer in JSON, one script after the other, for
 * many devices side by side: what they are capable of, and attributes; and whether a
 * device of another host can come here (compat.c).
 */
#ifndef MDEVCTL_QUERY_H
#define MDEVCTL_QUERY_H

#include "script/run.h"

/*
 * Which script is the one for this type and parent, if any, and what it is
 * capable of.  The scripts are asked once per command.  0, or -errno with
 * @error set: a script could not be asked for want of descriptors, processes
 * or memory, so that nobody knows.
 */
int callout_capability(struct callouts *all, const struct mdev *m, struct capability *ret_capability,
		       struct error *error);

/*
 * Attributes of a running device, replacing @m's.  For a definition: a script
 * that fails or answers nonsense is an error, and told.
 */
int callout_get_attributes(struct callouts *all, struct mdev *m);
/*
 * The same for many devices, three side by side for each CPU, 64 at most.  A
 * script that fails leaves its device without attributes; one that takes
 * longer than 10 s is killed, with a warning.  Where there is no room for so
 * many scripts, fewer run; where there is none for one, a warning says so.
 * 0, or -EINTR if a signal ended it, which has been told.
 */
int callout_list_attributes(struct callouts *all, struct mdev_list *list);

/* What a vendor's script says of a device of another host. */
struct compat_answer {
	enum compat_word { COMPAT_SILENT, COMPAT_YES, COMPAT_NO, COMPAT_FAILED } word; /* silent: there is none to ask */
	const char *script; /* borrowed */
	char *reason; /* its own, or NULL */
	char *failure; /* why it could not say */
};
/*
 * Whether the device of the document, a JSON text, can come to @m's parent and type: asked
 * only of a script that has listed the action "compat".
 */
void callout_compat(struct callouts *all, const struct mdev *m, const char *document,
		    struct compat_answer *ret_answer);
void compat_answer_done(struct compat_answer *answer);

#endif
