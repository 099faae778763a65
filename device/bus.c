/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who answers for a parent, and what needs the definitions for its answer: the
 * UUIDs of vGPUs.
 */
#include "device/bus.h"
#include "hardware/attr.h"
#include "config.h"
#include "hardware/nvidia.h"
#include "hardware/vgpu-type.h"

#include <fcntl.h>

struct bus_ops {
	bool (*has_type)(const struct host *h, const char *parent, const char *type);
	bool (*is_ready)(const struct host *h, const char *parent, const char *type);
	int (*device_api)(const struct host *h, const struct mdev *m, char **ret_api);
	int (*lock_parent)(const struct host *h, const char *parent);
	bool (*may_create)(const struct host *h, const struct mdev *m);
	bool (*may_remove)(const struct host *h, const struct mdev *m);
	int (*create)(const struct host *h, const struct mdev *m);
	int (*open)(const struct host *h, const struct mdev *m);
	bool (*is_gone)(int device);
	int (*set_attr)(int device, const char *name, const char *value, bool *ret_written);
	int (*remove)(int device, const struct mdev *m);
};

static int remove_mdev(int device, const struct mdev *m)
{
	(void)m;
	return sysfs_remove_at(device);
}

static const struct bus_ops mdev_ops = {
	.has_type = sysfs_has_type,
	.is_ready = sysfs_has_type,
	.device_api = sysfs_device_api,
	.lock_parent = sysfs_lock_parent,
	.may_create = sysfs_may_create,
	.may_remove = sysfs_may_remove,
	.create = sysfs_create,
	.open = sysfs_open_device,
	.is_gone = sysfs_is_gone,
	.set_attr = attr_write,
	.remove = remove_mdev,
};

static bool vgpu_is_ready(const struct host *h, const char *parent, const char *type)
{
	(void)type;
	return nvidia_is_ready(h, parent);
}

static int vgpu_device_api(const struct host *h, const struct mdev *m, char **ret_api)
{
	(void)h, (void)m;
	*ret_api = xstrdup("vfio-pci");
	return 0;
}

/* The UUID of a vGPU that is not defined. */
static void make_uuid(struct mdev *m)
{
	_cleanup_free_ char *text = xasprintf("vgpu:%s:%lu", m->parent, vgpu_type_id(m->type));

	uuid_of_text(text, m->uuid);
}

/* One that nobody starts by itself must not take the place of one that is to be. */
static bool comes_before(const struct mdev *a, const struct mdev *b)
{
	if (a->autostart != b->autostart)
		return a->autostart;
	return strcmp(a->uuid, b->uuid) < 0;
}

/* Makes a vGPU, running or to be, the one that its definition says. */
static void identify(const struct host *h, struct mdev *m, struct strv *problems)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {};
	const struct mdev *first = NULL;

	config_list(h, m->parent, &defined, problems, NULL);
	for (size_t i = 0; i < defined.n; i++) {
		const struct mdev *d = &defined.m[i];

		if (str_eq(d->type, m->type) && (!first || comes_before(d, first)))
			first = d;
	}
	if (first) {
		memcpy(m->uuid, first->uuid, sizeof(m->uuid));
		m->defined = true;
		m->autostart = first->autostart;
	} else {
		make_uuid(m);
	}
}

static void identify_quietly(const struct host *h, struct mdev *m)
{
	_cleanup_(strv_done) struct strv problems = {};

	identify(h, m, &problems);
}

static int create_vgpu(const struct host *h, const struct mdev *m)
{
	_cleanup_(mdev_done) struct mdev held = {};
	int r = nvidia_create(h, m);

	if (r != -EEXIST || bus_find_holder(h, m->parent, &held) < 0)
		return r;
	return str_eq(m->uuid, held.uuid) ? -EEXIST : -EADDRINUSE;
}

static int remove_vgpu(int device, const struct mdev *m)
{
	return nvidia_remove_at(device, m->type);
}

static const struct bus_ops vgpu_ops = {
	.has_type = nvidia_has_type,
	.is_ready = vgpu_is_ready,
	.device_api = vgpu_device_api,
	.lock_parent = nvidia_lock_parent,
	.may_create = nvidia_may_change,
	.may_remove = nvidia_may_change,
	.create = create_vgpu,
	.open = nvidia_open_device,
	.is_gone = nvidia_is_gone,
	.set_attr = nvidia_set_attr,
	.remove = remove_vgpu,
};

/* What no vGPU can be on is the mdev bus's, a parent that is not there too. */
static const struct bus_ops *ops_of(const struct host *h, const char *parent)
{
	return nvidia_has_parent(h, parent) ? &vgpu_ops : &mdev_ops;
}

int bus_list(const struct host *h, const char *parent, struct mdev_list *list,
	     struct strv *problems)
{
	size_t first;
	int r;

	r = sysfs_list(h, parent, list);
	first = list->n;
	if (r == 0)
		r = nvidia_list(h, parent, list);
	for (size_t i = first; i < list->n; i++)
		identify(h, &list->m[i], problems);
	return r;
}

int bus_find_holder(const struct host *h, const char *parent, struct mdev *ret_mdev)
{
	_cleanup_(mdev_done) struct mdev m = {};
	int r = nvidia_find(h, parent, &m);

	if (r < 0)
		return r;
	identify_quietly(h, &m);
	*ret_mdev = take(m);
	return 0;
}

static int find_defined_vgpu(const struct host *h, const char *uuid, struct mdev *ret_mdev)
{
	_cleanup_(strv_done) struct strv parents = {};

	config_parents_of(h, uuid, &parents);
	for (size_t i = 0; i < parents.n; i++) {
		_cleanup_(mdev_done) struct mdev m = {};

		if (bus_find_holder(h, parents.s[i], &m) == 0 && str_eq(m.uuid, uuid)) {
			*ret_mdev = take(m);
			return 0;
		}
	}
	return -ENOENT;
}

/* One that is known by its VF and type only. */
static int find_undefined_vgpu(const struct host *h, const char *uuid, struct mdev *ret_mdev)
{
	_cleanup_(mdev_list_done) struct mdev_list held = {};

	nvidia_list(h, NULL, &held);
	for (size_t i = 0; i < held.n; i++) {
		struct mdev *m = &held.m[i];

		make_uuid(m);
		if (!str_eq(m->uuid, uuid))
			continue;
		identify_quietly(h, m);
		if (!str_eq(m->uuid, uuid))
			return -ENOENT;
		*ret_mdev = take(*m);
		return 0;
	}
	return -ENOENT;
}

static int find_vgpu(const struct host *h, const char *uuid, struct mdev *ret_mdev)
{
	const size_t version_at = 14;
	int r;

	r = nvidia_look(h);
	if (r < 0)
		return r;
	r = find_defined_vgpu(h, uuid, ret_mdev);
	return r == -ENOENT && uuid[version_at] == '5' ? find_undefined_vgpu(h, uuid, ret_mdev) : r;
}

int bus_find(const struct host *h, const char *uuid, struct mdev *ret_mdev)
{
	int r = sysfs_find(h, uuid, ret_mdev);

	return r == -ENOENT ? find_vgpu(h, uuid, ret_mdev) : r;
}

int bus_find_wait(const struct host *h, const char *uuid, struct mdev *ret_mdev)
{
	int r = sysfs_find_wait(h, uuid, ret_mdev);

	return r == -ENOENT ? find_vgpu(h, uuid, ret_mdev) : r;
}

bool bus_is_changing(const struct host *h, const char *uuid)
{
	return sysfs_exists(h, uuid);
}

bool bus_is_leaving(const struct host *h, const char *uuid)
{
	return sysfs_is_leaving(h, uuid);
}

void bus_query_begin(const struct host *h, struct bus_query *ret_query)
{
	sysfs_query_begin(h, &ret_query->mdevs);
	ret_query->has_vgpus = nvidia_look(h) == 0;
}

void bus_query_end(struct bus_query *q)
{
	sysfs_query_end(&q->mdevs);
}

void bus_query_look(const struct bus_query *q, const struct host *h, struct mdev *m)
{
	_cleanup_(mdev_done) struct mdev held = {};

	m->is_vgpu = q->has_vgpus && nvidia_has_parent(h, m->parent);
	if (m->is_vgpu)
		m->active = bus_find_holder(h, m->parent, &held) == 0 && str_eq(held.uuid, m->uuid);
	else
		m->active = sysfs_query_runs(&q->mdevs, m);
}

bool bus_fixed_uuid(const struct host *h, struct mdev *m)
{
	if (!nvidia_has_parent(h, m->parent))
		return false;
	identify_quietly(h, m);
	return true;
}

void bus_list_idle_cards(const struct host *h, struct strv *cards)
{
	nvidia_list_idle(h, cards);
}

int bus_list_neighbours(const struct host *h, const char *parent, struct mdev_list *list)
{
	return nvidia_list_neighbours(h, parent, list);
}

int bus_list_types(const struct host *h, const char *parent, struct mdev_type_list *list)
{
	int r = sysfs_list_types(h, parent, list);

	return r < 0 ? r : nvidia_list_types(h, parent, list);
}

int bus_list_parents(const struct host *h, struct strv *parents)
{
	int r = sysfs_list_parents(h, parents);

	if (r == 0)
		r = nvidia_list_parents(h, parents);
	strv_sort(parents);
	return r;
}

bool bus_has_parent(const struct host *h, const char *parent)
{
	return nvidia_has_parent(h, parent) || sysfs_has_parent(h, parent);
}

bool bus_has_type(const struct host *h, const char *parent, const char *type)
{
	return ops_of(h, parent)->has_type(h, parent, type);
}

bool bus_is_ready(const struct host *h, const char *parent, const char *type)
{
	return ops_of(h, parent)->is_ready(h, parent, type);
}

bool bus_is_vgpu_parent(const struct host *h, const char *parent)
{
	return nvidia_has_parent(h, parent);
}

int bus_device_api(const struct host *h, const struct mdev *m, char **ret_api)
{
	return ops_of(h, m->parent)->device_api(h, m, ret_api);
}

int bus_lock_parent(const struct host *h, const char *parent)
{
	return ops_of(h, parent)->lock_parent(h, parent);
}

bool bus_may_create(const struct host *h, const struct mdev *m)
{
	return ops_of(h, m->parent)->may_create(h, m);
}

bool bus_may_remove(const struct host *h, const struct mdev *m)
{
	return ops_of(h, m->parent)->may_remove(h, m);
}

int bus_create(const struct host *h, const struct mdev *m)
{
	return ops_of(h, m->parent)->create(h, m);
}

int bus_open(const struct host *h, const struct mdev *m, struct bus_device *ret_device)
{
	const struct bus_ops *ops = ops_of(h, m->parent);
	int fd = ops->open(h, m);

	if (fd >= 0)
		*ret_device = (struct bus_device){ .ops = ops, .m = m, .fd = fd };
	return fd < 0 ? fd : 0;
}

void bus_close(struct bus_device *d)
{
	closep(&d->fd);
}

bool bus_is_gone(const struct bus_device *d)
{
	return d->ops->is_gone(d->fd);
}

int bus_set_attr(const struct bus_device *d, const char *name, const char *value,
		 bool *ret_written)
{
	return d->ops->set_attr(d->fd, name, value, ret_written);
}

int bus_remove(const struct bus_device *d)
{
	return d->ops->remove(d->fd, d->m);
}

int bus_remove_named(const struct host *h, const struct mdev *m)
{
	_cleanup_(bus_close) struct bus_device d = BUS_NO_DEVICE;
	int r = bus_open(h, m, &d);

	return r < 0 ? r : bus_remove(&d);
}

int bus_iommu_group(const struct bus_device *d, char **ret_group)
{
	return link_basename(d->fd, "iommu_group", ret_group);
}

int bus_vfio_device(const struct bus_device *d, char **ret_name)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int r;

	r = dir_open_at(d->fd, "vfio-dev", &dir);
	if (r < 0)
		return r;
	e = dir_next(dir);
	if (!e)
		return errno ? -errno : -ENOENT;
	*ret_name = xstrdup(e->d_name);
	return 0;
}
