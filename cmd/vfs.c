/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * define-vfs, undefine-vfs: the virtual functions that a PCI device is to have
 * whenever it appears.  They are parents, or hold what parents hold, and none
 * of them outlives a reboot.
 */
#include "cmd/cmd.h"
#include "config.h"
#include "device/bus.h"
#include "hardware/sriov.h"
#include "lib/lock.h"

int check_vfs(const struct host *h, const struct vfs *vfs, struct error *error)
{
	_cleanup_free_ char *own_pf = NULL;
	struct sriov s;
	int r = sriov_look(h, vfs->pf, &s);

	if (!sriov_is_address(vfs->pf))
		error_set(error, "that is no PCI address, such as 0000:41:00.0");
	else if (sriov_find_pf(h, vfs->pf, &own_pf) == 0)
		error_set(error, "it is one itself; its physfn has them");
	else if (r == 0 && vfs->count > s.total)
		error_set(error, "it can have %lu, not %lu", s.total, vfs->count);
	else if (r < 0 && sriov_is_device(h, vfs->pf))
		error_set(error, "it can have none");
	return error->text ? -EINVAL : 0;
}

static int fail_to_write_vfs(const struct host *h, int r, bool done, const char *what,
			     const char *pf)
{
	return fail_to_write(h, r, done, what, pf, CONFIG_VFS);
}

int cmd_define_vfs(const struct host *h, const struct args *a)
{
	const char *pf = a->value[OPT_PARENT];
	const struct vfs vfs = { .pf = pf, .count = a->count };
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	_cleanup_(error_done) struct error error = {};
	bool done;
	int r;

	if (check_vfs(h, &vfs, &error) < 0)
		return fail("cannot define virtual functions of %s: %s", pf, error.text);
	r = lock_definitions(h, "cannot define virtual functions", &w);
	if (r < 0)
		return r;
	r = config_write_vfs(h, &w, &vfs, &done);
	return r < 0 ? fail_to_write_vfs(h, r, done, "cannot define virtual functions:", pf) : 0;
}

int cmd_undefine_vfs(const struct host *h, const struct args *a)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	const char *pf = a->value[OPT_PARENT];
	bool done;
	int r;

	r = lock_definitions(h, "cannot undefine virtual functions", &w);
	if (r < 0)
		return r;
	r = config_remove_vfs(h, &w, pf, &done);
	if (r == -ENOENT)
		return fail("cannot undefine virtual functions of %s: none are defined", pf);
	return r < 0 ? fail_to_write_vfs(h, r, done, "cannot undefine virtual functions:", pf) : 0;
}

/* Whether they were enabled since the driver was loaded, and somebody has disabled
 * them (sriov-manage -d). */
static bool were_disabled(const struct host *h, const char *pf, const char *note)
{
	_cleanup_free_ char *before = lock_read_note(h, note), *now = NULL;
	struct sriov s;

	if (!before || sriov_look(h, pf, &s) < 0 || s.enabled)
		return false;
	now = sriov_driver_epoch(h, pf);
	return now && str_eq(before, now);
}

int enable_defined_vfs(const struct host *h, const char *pf, bool unless_disabled)
{
	_cleanup_free_ char *note = xasprintf("enabled-%s", pf), *epoch = NULL;
	_cleanup_(error_done) struct error error = {};
	_cleanup_(vfs_done) struct vfs vfs = {};
	int r;

	/* What is no PCI address has none, and costs nothing. */
	if (!strchr(pf, ':'))
		return 0;
	r = config_read_vfs(h, pf, &vfs, &error);
	if (r == -ENOENT)
		return 0;
	if (r == 0 && unless_disabled && were_disabled(h, pf, note)) {
		notice("the virtual functions of %s were enabled before, and somebody has disabled them: they are left so; 'mdevctl start-parent-mdevs %s' enables them",
		       pf, pf);
		return 0;
	}
	if (r == 0)
		r = sriov_enable(h, pf, vfs.count, &error);
	if (r == 0) {
		epoch = sriov_driver_epoch(h, pf);
		if (epoch)
			lock_write_note(h, note, epoch);
		return 0;
	}
	return fail("cannot enable the virtual functions of %s: %s", pf, error.text);
}
