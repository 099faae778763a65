/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was found.
 */
#include "doctor/finding.h"

void findings_add(struct findings *all, enum health health, const char *check, char *seen, char *mend)
{
	all->f = xgrow(all->f, all->n, sizeof(*all->f));
	all->f[all->n++] = (struct finding){ health, check, seen, mend };
}

bool findings_have(const struct findings *all, enum health health)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->f[i].health == health)
			return true;
	return false;
}

void findings_done(struct findings *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->f[i].seen);
		free(all->f[i].mend);
	}
	free(all->f);
	*all = (struct findings){};
}
