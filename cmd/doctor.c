/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor: why there is nothing in 'types', why a device did not start.
 */
#include "cli/output.h"
#include "cmd/cmd.h"
#include "config.h"
#include "doctor/doctor.h"

int cmd_doctor(const struct host *h, const struct args *a)
{
	_cleanup_(findings_done) struct findings all = {};
	_cleanup_(strv_done) struct strv pfs = {};
	bool automatic = false, have_parents;
	size_t n_kept;
	int r;

	config_parents_of(h, CONFIG_VFS, &pfs);
	have_parents = doctor_kernel(h, &all);
	n_kept = doctor_functions(h, &pfs, &all);
	doctor_cards(h, have_parents, &pfs, n_kept, &all);
	doctor_definitions(h, &all, &automatic);
	doctor_setup(h, automatic || pfs.n, &all);
	r = has(a, O(DUMPJSON)) ? output_findings_json(&all) : output_findings_text(&all);
	if (r == 0 && findings_have(&all, HEALTH_FAIL))
		return -ECANCELED;
	return r;
}
