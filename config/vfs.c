/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SYSCONFDIR/mdevctl.d/PF/vfs.json: {"vfs": NUMBER} or {"vfs": "max"}.
 */
#include "config.h"

#include <fcntl.h>

static int parse(const char *text, size_t length, unsigned long *ret_count)
{
	json_auto_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *vfs = json_object_get(json, "vfs");
	json_int_t count = json_integer_value(vfs);

	if (json_is_string(vfs) && str_eq(json_string_value(vfs), "max"))
		count = 0;
	else if (count < 1 || count > UINT16_MAX)
		return -EINVAL;
	*ret_count = (unsigned long)count;
	return 0;
}

int config_read_vfs(const struct host *h, const char *parent, unsigned long *ret_count,
		    struct error *error)
{
	_cleanup_free_ char *path = config_path(h, parent, CONFIG_VFS), *text = NULL;
	size_t length;
	int r;

	r = config_read_file(h, parent, CONFIG_VFS, &text, &length);
	if (r == -ENOENT)
		return r;
	if (r < 0) {
		error_set(error, "cannot read %s: %s", path,
			  r == -ENOTSUP ? "it is not a regular file" : strerror(-r));
		return r;
	}
	r = parse(text, length, ret_count);
	if (r < 0)
		error_set(error, "%s does not say {\"vfs\": N} or {\"vfs\": \"max\"}", path);
	return r;
}

int config_write_vfs(const struct host *h, const struct config_writer *w, const char *parent, unsigned long count,
		     bool *ret_done)
{
	_cleanup_free_ char *number = count ? xasprintf("%lu", count) : xstrdup("\"max\"");
	_cleanup_free_ char *text = xasprintf("{\n  \"vfs\": %s\n}\n", number);

	return config_write_file(h, w, parent, CONFIG_VFS, text, true, ret_done);
}

int config_remove_vfs(const struct host *h, const struct config_writer *w, const char *parent, bool *ret_done)
{
	int r = config_remove(h, CONFIG_VFS, parent, ret_done);

	/* Whether it is there makes no difference to anybody. */
	if (r == 0)
		unlinkat(w->dir, parent, AT_REMOVEDIR);
	return r;
}
