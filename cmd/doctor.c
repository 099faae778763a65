/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor: why there is nothing in 'types', why a device did not start.
 */
#include "cli/output.h"
#include "cmd/cmd.h"
#include "doctor/doctor.h"

int cmd_doctor(const struct host *h, const struct args *a)
{
	_cleanup_(findings_done) struct findings all = {};
	bool automatic = false, have_parents;
	int r;

	have_parents = doctor_kernel(h, &all);
	doctor_cards(h, have_parents, &all);
	doctor_definitions(h, &all, &automatic);
	doctor_setup(h, automatic, &all);
	r = has(a, O(DUMPJSON)) ? output_findings_json(&all) : output_findings_text(&all);
	if (r == 0 && findings_have(&all, HEALTH_FAIL))
		return -ECANCELED;
	return r;
}
