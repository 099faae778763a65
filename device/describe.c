/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filling a document.
 */
#include "device/describe.h"
#include "device/bus.h"
#include "hardware/migration.h"
#include "hardware/module.h"
#include "hardware/pci.h"
#include "hardware/vfio.h"

#include <fcntl.h>

char *describe_kernel(const struct host *h)
{
	_cleanup_close_ int proc = host_openf(h, O_PATH | O_DIRECTORY, "proc/sys/kernel");
	char *release = NULL;

	if (proc >= 0)
		read_text_at(proc, "osrelease", &release);
	return release;
}

static bool is_there(const struct host *h, const char *module)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH, "sys/module/%s", module);

	return fd >= 0;
}

/* Of a device that is on no bus, such as mtty's, the type's id tells the driver. */
static void read_driver(const struct host *h, const struct mdev *m, struct document *d)
{
	_cleanup_close_ int parent = bus_open_parent(h, m->parent);
	_cleanup_free_ char *of_type = module_of_type(m->type);

	if (parent < 0)
		return;
	link_basename(parent, "driver", &d->driver);
	if (!d->driver || link_basename(parent, "driver/module", &d->module) < 0)
		d->module = is_there(h, of_type) ? take(of_type) : NULL;
	if (d->module)
		module_read_version(h, d->module, &d->module_version, &d->module_srcversion);
}

static void read_type(const struct host *h, const struct mdev *m, struct document *d)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};

	bus_list_types(h, m->parent, TYPE_ALL, &types);
	for (size_t i = 0; i < types.n; i++)
		if (str_eq(types.t[i].id, m->type))
			d->type = take(types.t[i]);
	/* The driver names no type of a full card; we may have. */
	if (!d->type.name && mdev_key(m, KEY_TYPE_NAME))
		d->type.name = xstrdup(mdev_key(m, KEY_TYPE_NAME));
}

void describe_place(const struct host *h, const struct mdev *m, struct document *ret_document)
{
	_cleanup_close_ int devices = pci_open(h);
	struct document d = { .m = { .parent = m->parent, .type = m->type } };

	d.pci_id = pci_id(devices, m->parent);
	d.subsystem_id = pci_subsystem_id(devices, m->parent);
	read_driver(h, m, &d);
	read_type(h, m, &d);
	d.kernel = describe_kernel(h);
	*ret_document = d;
}

/* By which VFIO knows the device. */
static const char *vfio_name(const struct host *h, const struct mdev *m)
{
	return bus_has_one_place(h, m->parent) ? m->parent : m->uuid;
}

void describe_device(const struct host *h, struct mdev *m, struct document *ret_document)
{
	struct document d;

	describe_place(h, m, &d);
	d.m = take(*m);
	d.migration.version = sysfs_migration_version(h, &d.m);
	if (d.m.active)
		migration_read(h, vfio_name(h, &d.m), &d.migration);
	*ret_document = d;
}

int describe_check_version(const struct host *h, const struct mdev *m, const char *version)
{
	return sysfs_check_migration_version(h, m, version);
}

int describe_probe(const struct host *h, struct document *d, struct error *error)
{
	_cleanup_free_ char *group = NULL, *device = NULL, *names = NULL;
	_cleanup_(bus_close) struct bus_device open = BUS_NO_DEVICE;
	_cleanup_(strv_done) struct strv holders = {};
	int r = bus_open(h, &d->m, &open);

	if (r == 0)
		r = bus_iommu_group(&open, &group);
	if (r < 0) {
		error_set(error, "it has no VFIO group: %s", strerror(-r));
		return r;
	}
	bus_vfio_device(&open, &device);
	if (!vfio_in_use(h, group, device, &holders))
		return migration_ask(h, group, vfio_name(h, &d->m), &d->migration, error);
	names = strv_join(&holders, 5);
	error_set(error, "it is in use%s%s", holders.n ? " by " : "", names);
	return -EBUSY;
}
