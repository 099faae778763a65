/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two halves of reading a host file need of each other. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include "json.h"

struct parent *host_parent(const json_t *obj, const struct at *at, const json_t *sets,
			   struct parent *pf);
void host_sriov(struct parent *pf, const json_t *obj, const struct at *at, const json_t *sets);

#endif
