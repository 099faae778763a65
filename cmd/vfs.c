/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * define-vfs, undefine-vfs: the virtual functions that a PCI device is to have
 * whenever it appears.  They are parents, or hold what parents hold, and none
 * of them outlives a reboot.
 */
#include "cmd/cmd.h"
#include "config.h"
#include "device/kept.h"
#include "hardware/module.h"
#include "hardware/sriov.h"
#include "hardware/vfio-driver.h"
#include "lib/lock.h"

/* Why virtual functions cannot be kept with that driver, or NULL; caller frees. */
static char *driver_problem(const struct host *h, const struct vfs *vfs)
{
	_cleanup_(strv_done) struct strv known = {};
	_cleanup_free_ char *names = NULL, *own = NULL;
	enum vfio_driver_state state = VFIO_DRIVER_FINE;

	if (vfs->driver && sriov_needs_own_vfs(h, vfs->pf))
		return xstrdup("NVIDIA's driver needs them itself; leave --driver out");
	if (!vfs->driver || str_eq(vfs->driver, VFS_DRIVER_AUTO))
		return NULL;
	if (sriov_driver(h, vfs->pf, &own) == 0 && vfio_driver_is(own, vfs->driver))
		return xasprintf("%s is the driver of %s itself, and none for VFIO", own, vfs->pf);
	state = vfio_driver_look(h, vfs->driver);
	if (state == VFIO_DRIVER_FINE)
		return NULL;
	vfio_driver_list(h, &known);
	names = strv_join(&known, known.n);
	return xasprintf("%s %s; %s%s", state == VFIO_DRIVER_OTHER ? "there is no VFIO driver by the name" : "this kernel has no driver",
			 vfs->driver, known.n ? "there is " : "it has no VFIO driver at all", names);
}

int check_vfs(const struct host *h, const struct vfs *vfs, struct error *error)
{
	_cleanup_free_ char *own_pf = NULL, *driver = NULL;
	unsigned long total;
	int r = sriov_total(h, vfs->pf, &total);

	if (!sriov_is_address(vfs->pf))
		error_set(error, "that is no PCI address, such as 0000:41:00.0");
	else if (sriov_find_pf(h, vfs->pf, &own_pf) == 0)
		error_set(error, "it is one itself; its physfn has them");
	else if (r == 0 && vfs->count > total)
		error_set(error, "it can have %lu, not %lu", total, vfs->count);
	else if (r < 0 && sriov_is_device(h, vfs->pf))
		error_set(error, "it can have none");
	else if ((driver = driver_problem(h, vfs)))
		error_set(error, "%s", driver);
	return error->text ? -EINVAL : 0;
}

/* What the options say of what the file may say as well. */
static void add_options(const struct args *a, json_t *json)
{
	if (has(a, O(COUNT)))
		json_object_set_new(json, "vfs", a->count ? json_integer((json_int_t)a->count) : json_string("max"));
	if (has(a, O(DRIVER)))
		json_object_set_new(json, "driver", json_string(a->value[OPT_DRIVER]));
	if (has(a, O(BIND)))
		json_object_set_new(json, "bind", json_true());
}

/* What is to be kept, by the options and --jsonfile. */
static int describe_vfs(const struct args *a, struct vfs *vfs)
{
	const char *pf = a->value[OPT_PARENT], *file = a->value[OPT_JSONFILE], *source = "the options";
	_cleanup_(error_done) struct error error = {};
	struct json_source src = { .error = &error };
	const struct json_at top = { .src = &src };
	_cleanup_free_ char *text = NULL;
	json_auto_t *json = NULL;
	size_t length;

	if (file && read_file(file, DEFINITION_MAX, &text, &length, &source) < 0)
		return -EIO;
	json = file ? json_parse(text, length, source, &error) : json_object();
	src.name = source;
	src.text = text ? text : "";
	add_options(a, json);
	if (!json || vfs_read(pf, json, &top, vfs) < 0)
		return fail("%s", error.text);
	return 0;
}

static int fail_to_write_vfs(const struct host *h, int r, bool done, const char *what,
			     const char *pf)
{
	return fail_to_write(h, r, done, what, pf, CONFIG_VFS);
}

/* Where they are enabled already they are parents from now on, or are none. */
static void note_vfs(const struct host *h, const struct vfs *vfs)
{
	int r = 0;

	if (vfs->driver && sriov_is_device(h, vfs->pf))
		r = kept_note(h, vfs);
	else if (kept_any(h))
		kept_forget(h, vfs->pf);
	if (r < 0)
		debug("%s is not noted: %s", vfs->pf, strerror(-r));
}

int cmd_define_vfs(const struct host *h, const struct args *a)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	const char *pf = a->value[OPT_PARENT];
	_cleanup_(error_done) struct error error = {};
	_cleanup_(vfs_done) struct vfs vfs = {};
	bool done;
	int r = describe_vfs(a, &vfs);

	if (r < 0)
		return r;
	if (check_vfs(h, &vfs, &error) < 0)
		return fail("cannot define virtual functions of %s: %s", pf, error.text);
	r = lock_definitions(h, "cannot define virtual functions", &w);
	if (r < 0)
		return r;
	r = config_write_vfs(h, &w, &vfs, &done);
	if (r < 0)
		return fail_to_write_vfs(h, r, done, "cannot define virtual functions:", pf);
	note_vfs(h, &vfs);
	return 0;
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
	if (r < 0)
		return fail_to_write_vfs(h, r, done, "cannot undefine virtual functions:", pf);
	if (kept_any(h))
		kept_forget(h, pf);
	return 0;
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

/* The driver that they are kept with has to be there before they are. */
static int bring_driver(const struct host *h, const struct vfs *vfs, struct error *error)
{
	_cleanup_free_ char *problem = driver_problem(h, vfs), *registered = NULL;
	_cleanup_(error_done) struct error why = {};
	const char *driver = kept_driver(h, vfs);
	int r = 0;

	if (problem) {
		error_set(error, "%s", problem);
		return -EINVAL;
	}
	registered = vfio_driver_registered(h, driver);
	/* Below --root is not the system that runs this kernel. */
	if (!registered && !host_is_subtree(h))
		r = module_load(driver, &why);
	if (r < 0)
		error_set(error, "their driver %s cannot be loaded: %s", driver, why.text);
	return r;
}

/* Says that they are parents, before the first of them is there. */
static int take_in_hand(const struct host *h, const struct vfs *vfs, struct error *error)
{
	int r;

	if (!vfs->driver) {
		if (kept_any(h))
			kept_forget(h, vfs->pf);
		return 0;
	}
	r = bring_driver(h, vfs, error);
	if (r < 0)
		return r;
	r = kept_note(h, vfs);
	if (r < 0)
		error_set(error, "cannot note that in %s/run: %s", h->root, strerror(-r));
	return r;
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
		r = take_in_hand(h, &vfs, &error);
	if (r == 0)
		r = sriov_enable(h, &vfs, &error);
	if (r == 0) {
		epoch = sriov_driver_epoch(h, pf);
		if (epoch)
			lock_write_note(h, note, epoch);
		return 0;
	}
	return fail("cannot enable the virtual functions of %s: %s", pf, error.text);
}
