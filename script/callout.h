/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Callout and notifier scripts, by the contract that vendors' scripts rely on:
 * which script is asked for what, in which order, and what its answer means.
 */
#ifndef MDEVCTL_CALLOUT_H
#define MDEVCTL_CALLOUT_H

#include "script/run.h"

/* One operation on one device, from its pre to its notification. */
struct callout {
	struct callouts *all;
	const struct mdev *m; /* borrowed */
	enum action action;
	bool force;
	struct capability capability;
	const char *script; /* that was asked at pre and serves this operation, or NULL */
};

/*
 * Asks the pre scripts.  0: go on, and call callout_end() whatever happens.
 * Otherwise the operation must not be done, which has been told, and the
 * notifiers know.  @m and @all must outlive the operation.
 */
int callout_begin(struct callout *c, struct callouts *all, const struct mdev *m,
		  enum action action, bool force);
/* Runs post and the notifiers; returns @result, that of the operation. */
int callout_end(struct callout *c, int result);

/*
 * Has the device changed while it runs, by the one script that announced it,
 * and tells the notifiers.  Failure is told.
 */
int callout_live(struct callouts *all, const struct mdev *m);

#endif
