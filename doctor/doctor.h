/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why there are no types, why a device did not start: what is looked at, and
 * what was found.
 */
#ifndef MDEVCTL_DOCTOR_H
#define MDEVCTL_DOCTOR_H

#include "lib/host.h"

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

/* The kernel: its mdev bus, IOMMU, parents, their drivers, virtual functions. */
void doctor_kernel(const struct host *h, struct findings *all);
/* What is configured: definitions, scripts, the udev rule. */
void doctor_config(const struct host *h, struct findings *all);

#endif
