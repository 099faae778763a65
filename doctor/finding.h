/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the checks have found.
 */
#ifndef MDEVCTL_FINDING_H
#define MDEVCTL_FINDING_H

#include "lib/util.h"

enum health { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

struct finding {
	enum health health;
	const char *check; /* short name of what was looked at */
	char *seen;
	char *mend; /* what helps, a command where there is one; NULL: nothing is wrong */
};

struct findings {
	struct finding *f;
	size_t n;
};

/* Both texts are the list's from then on. */
void findings_add(struct findings *all, enum health health, const char *check, char *seen,
		  char *mend);
bool findings_have(const struct findings *all, enum health health);
void findings_done(struct findings *all);

#endif
