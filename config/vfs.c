/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SYSCONFDIR/mdevctl.d/PF/vfs.json.
 */
#include "config.h"

int config_read_vfs(const struct host *h, const char *pf, struct vfs *ret_vfs, struct error *error)
{
	_cleanup_free_ char *path = config_path(h, pf, CONFIG_VFS), *text = NULL;
	size_t length;
	int r;

	r = config_read_file(h, pf, CONFIG_VFS, &text, &length);
	if (r == -ENOENT)
		return r;
	if (r == 0)
		return vfs_from_json(pf, text, length, path, ret_vfs, error);
	error_set(error, "cannot read %s: %s", path, r == -ENOTSUP ? "it is not a regular file" : strerror(-r));
	return r;
}

int config_write_vfs(const struct host *h, const struct config_writer *w, const struct vfs *vfs, bool *ret_done)
{
	_cleanup_free_ char *text = vfs_to_text(vfs);

	return config_write_file(h, w, vfs->pf, CONFIG_VFS, text, true, ret_done);
}

int config_remove_vfs(const struct host *h, const struct config_writer *w, const char *pf, bool *ret_done)
{
	int r = config_remove(h, CONFIG_VFS, pf, ret_done);

	if (r == 0)
		config_remove_empty(w, pf);
	return r;
}
