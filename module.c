/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel modules, as far as a parent device depends on one.
 */
#include "module.h"

#include <fcntl.h>

char *module_of_type(const char *type)
{
	/* Where the mdev support of a driver is a module of its own. */
	static const struct {
		const char *driver, *module;
	} apart[] = {
		{ "i915", "kvmgt" },
		{ "nvidia", "nvidia_vgpu_vfio" },
	};
	char *module = xstrdup(type);

	module[strcspn(module, "-")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(apart); i++) {
		if (str_eq(module, apart[i].driver)) {
			free(module);
			return xstrdup(apart[i].module);
		}
	}
	return module;
}

bool module_is_loaded(const struct host *h, const char *module)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH | O_DIRECTORY, "sys/module/%s", module);

	return fd >= 0;
}
