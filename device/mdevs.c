/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's mdev bus as a provider: sysfs.c, which knows devices by UUID.
 */
#include "device/provider.h"
#include "hardware/attr.h"
#include "hardware/nvidia.h"
#include "sysfs.h"

static bool is_there(const struct host *h)
{
	(void)h;
	return true;
}

static int remove_mdev(const struct host *h, int device, const struct mdev *m)
{
	(void)h, (void)m;
	return sysfs_remove_at(device);
}

static int set_attr(int device, const char *name, const char *value, bool *ret_written)
{
	if (nvidia_is_params(name))
		return attr_write_line(device, name, value, ret_written);
	return attr_write(device, name, value, ret_written);
}

const struct provider mdev_provider = {
	.noun = "device",
	.is_there = is_there,
	.has_parent = sysfs_has_parent,
	.list_parents = sysfs_list_parents,
	.list_types = sysfs_list_types,
	.has_type = sysfs_has_type,
	.is_ready = sysfs_has_type,
	.device_api = sysfs_device_api,
	.list = sysfs_list,
	.find = sysfs_find,
	.open_parent = sysfs_open_parent,
	.may_create = sysfs_may_create,
	.may_remove = sysfs_may_remove,
	.create = sysfs_create,
	.open = sysfs_open_device,
	.is_gone = sysfs_is_gone,
	.set_attr = set_attr,
	.remove = remove_mdev,
};
