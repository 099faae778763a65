/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cards whose virtual functions are kept with a VFIO driver.
 */
#include "device/kept.h"
#include "config.h"
#include "hardware/function.h"
#include "hardware/sriov.h"
#include "hardware/vfio-driver.h"
#include "lib/lock.h"

#include <fcntl.h>

#define DIR_PATH "run/mdevctl-vfs"

bool kept_any(const struct host *h)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH | O_DIRECTORY, DIR_PATH);

	return fd >= 0;
}

/* What the note says of the driver; caller frees.  -ENOENT: there is none. */
static int read_note(const struct host *h, const char *pf, char **ret_driver)
{
	_cleanup_close_ int dir = host_openf(h, O_PATH | O_DIRECTORY, DIR_PATH);

	return dir < 0 ? dir : read_text_at(dir, pf, ret_driver);
}

int kept_of_pf(const struct host *h, const char *pf, struct kept *ret_kept)
{
	_cleanup_free_ char *noted = NULL;
	_cleanup_(error_done) struct error error = {};
	_cleanup_(vfs_done) struct vfs vfs = {};
	/* What is no PCI address is no card, and costs nothing. */
	int r = strchr(pf, ':') ? read_note(h, pf, &noted) : -ENOENT;

	if (r == 0)
		r = config_read_vfs(h, pf, &vfs, &error);
	/* What is wrong with the file is told by those that act by it. */
	if (r < 0)
		return r == -EINVAL ? -ENOENT : r;
	if (!vfs.driver)
		return -ENOENT;
	/* A driver that somebody has written into the file since may be one of the host's. */
	if (!str_eq(vfs.driver, VFS_DRIVER_AUTO) && !str_eq(vfs.driver, noted))
		return -ENOENT;
	*ret_kept = (struct kept){
		.pf = vfs.pf,
		.driver = str_intern(noted),
		.bind = vfs.bind,
	};
	return 0;
}

int kept_of_vf(const struct host *h, const char *vf, struct kept *ret_kept)
{
	_cleanup_free_ char *pf = NULL;

	if (!strchr(vf, ':') || !kept_any(h))
		return -ENOENT;
	return sriov_find_pf(h, vf, &pf) < 0 ? -ENOENT : kept_of_pf(h, pf, ret_kept);
}

void kept_list(const struct host *h, struct strv *pfs)
{
	_cleanup_(strv_done) struct strv names = {};
	struct kept kept;

	host_list_names(h, DIR_PATH, &names);
	for (size_t i = 0; i < names.n; i++)
		if (sriov_is_address(names.s[i]) && kept_of_pf(h, names.s[i], &kept) == 0)
			strv_add(pfs, xstrdup(names.s[i]));
}

const char *kept_driver(const struct host *h, const struct vfs *vfs)
{
	_cleanup_free_ char *module = NULL, *registered = NULL;

	if (!str_eq(vfs->driver, VFS_DRIVER_AUTO))
		return vfs->driver;
	module = vfio_driver_choose(h, vfs->pf);
	registered = vfio_driver_registered(h, module);
	/* Of a module that is not loaded the driver's name can only be guessed. */
	return str_intern(registered ? registered : vfio_driver_is(module, VFIO_PCI) ? VFIO_PCI : module);
}

/* At boot there may be several at once. */
int kept_note(const struct host *h, const struct vfs *vfs)
{
	_cleanup_free_ char *noted = NULL;
	const char *driver = NULL;

	if (!vfs->driver) {
		kept_forget(h, vfs->pf);
		return 0;
	}
	driver = kept_driver(h, vfs);
	read_note(h, vfs->pf, &noted);
	return noted && str_eq(noted, driver) ? 0 : lock_replace_file(h, DIR_PATH, vfs->pf, driver);
}

void kept_forget(const struct host *h, const char *pf)
{
	host_forget(h, DIR_PATH, pf);
	sriov_let_drivers_on(h, pf);
}

bool kept_is_done(const struct host *h, const char *pf)
{
	_cleanup_(strv_done) struct strv vfs = {};
	struct kept kept;

	if (kept_of_pf(h, pf, &kept) < 0 || sriov_keeps_drivers_off(h, pf))
		return false;
	if (kept.bind)
		sriov_list_vfs(h, pf, &vfs);
	for (size_t i = 0; i < vfs.n; i++) {
		_cleanup_close_ int fd = function_open(h, vfs.s[i]);
		_cleanup_free_ char *holder = NULL;

		if (fd >= 0 && function_holder(fd, kept.driver, &holder) == -ENOENT)
			return false;
	}
	return true;
}
