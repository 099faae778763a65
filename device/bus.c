/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks the provider that a parent belongs to.
 */
#include "device/bus.h"
#include "device/identity.h"
#include "device/provider.h"
#include "device/note.h"
#include "hardware/vfio.h"
#include "lib/lock.h"

/* How long another start of the same parent's devices is waited for. */
#define LOCK_MS 30000

/* What belongs to none of the others, a parent that is not there too, is the mdev
 * bus's, which is asked first where all are. */
static const struct provider *const providers[] = { &mdev_provider, &vgpu_provider, &function_provider };

static const struct provider *provider_of(const struct host *h, const char *parent)
{
	for (size_t i = 1; i < ARRAY_SIZE(providers); i++)
		if (providers[i]->has_parent(h, parent))
			return providers[i];
	return &mdev_provider;
}

int bus_list(const struct host *h, const char *parent, struct mdev_list *list,
	     struct strv *problems)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(providers); i++) {
		size_t first = list->n;

		r = providers[i]->list(h, parent, list);
		for (size_t j = first; !providers[i]->find && j < list->n; j++)
			identity_give(h, providers[i], &list->m[j], problems);
	}
	return r;
}

int bus_find_holder(const struct host *h, const char *parent, struct mdev *ret_mdev)
{
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(providers); i++)
		if (!providers[i]->find)
			r = identity_find_held(h, providers[i], parent, ret_mdev);
	return r;
}

/* Among the devices whose UUID the kernel does not know. */
static int find_by_definition(const struct host *h, const char *uuid, struct mdev *ret_mdev)
{
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(providers); i++)
		if (!providers[i]->find && providers[i]->is_there(h))
			r = identity_find(h, providers[i], uuid, ret_mdev);
	return r;
}

int bus_find(const struct host *h, const char *uuid, struct mdev *ret_mdev)
{
	int r = sysfs_find(h, uuid, ret_mdev);

	return r == -ENOENT ? find_by_definition(h, uuid, ret_mdev) : r;
}

int bus_find_wait(const struct host *h, const char *uuid, struct mdev *ret_mdev)
{
	int r = sysfs_find_wait(h, uuid, ret_mdev);

	return r == -ENOENT ? find_by_definition(h, uuid, ret_mdev) : r;
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
	ret_query->others = false;
	for (size_t i = 1; i < ARRAY_SIZE(providers); i++)
		ret_query->others |= providers[i]->is_there(h);
}

void bus_query_end(struct bus_query *q)
{
	sysfs_query_end(&q->mdevs);
}

void bus_query_look(const struct bus_query *q, const struct host *h, struct mdev *m)
{
	const struct provider *p = q->others ? provider_of(h, m->parent) : &mdev_provider;
	_cleanup_(mdev_done) struct mdev held = {};

	m->is_pci = !p->find;
	if (m->is_pci)
		m->active = identity_find_held(h, p, m->parent, &held) == 0 &&
			    str_eq(held.uuid, m->uuid);
	else
		m->active = sysfs_query_runs(&q->mdevs, m, mdev_key(m, KEY_TYPE_NAME));
}

bool bus_fixed_uuid(const struct host *h, struct mdev *m)
{
	const struct provider *p = provider_of(h, m->parent);

	if (p->find)
		return false;
	identity_give_new(h, p, m);
	return true;
}

int bus_list_neighbours(const struct host *h, const char *parent, struct mdev_list *list)
{
	const struct provider *p = provider_of(h, parent);

	return p->list_neighbours ? p->list_neighbours(h, parent, list) : 0;
}

int bus_list_types(const struct host *h, const char *parent, enum type_fields fields,
		   struct mdev_type_list *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(providers); i++)
		r = providers[i]->list_types(h, parent, fields, list);
	return r;
}

int bus_list_parents(const struct host *h, struct strv *parents)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(providers); i++)
		r = providers[i]->list_parents(h, parents);
	strv_sort(parents);
	return r;
}

bool bus_has_parent(const struct host *h, const char *parent)
{
	return provider_of(h, parent)->has_parent(h, parent);
}

bool bus_has_type(const struct host *h, const char *parent, const char *type)
{
	return provider_of(h, parent)->has_type(h, parent, type);
}

bool bus_is_ready(const struct host *h, const char *parent, const char *type)
{
	return provider_of(h, parent)->is_ready(h, parent, type);
}

bool bus_has_one_place(const struct host *h, const char *parent)
{
	return !provider_of(h, parent)->find;
}

const char *bus_noun(const struct host *h, const char *parent)
{
	return provider_of(h, parent)->noun;
}

char *bus_missing_driver(const struct host *h, const char *parent)
{
	const struct provider *p = provider_of(h, parent);

	return p->missing_driver ? p->missing_driver(h, parent) : NULL;
}

int bus_device_api(const struct host *h, const struct mdev *m, char **ret_api)
{
	return provider_of(h, m->parent)->device_api(h, m, ret_api);
}

int bus_open_parent(const struct host *h, const char *parent)
{
	return provider_of(h, parent)->open_parent(h, parent);
}

int bus_lock_parent(const struct host *h, const char *parent)
{
	_cleanup_close_ int dir = bus_open_parent(h, parent);
	_cleanup_free_ char *name = xasprintf("parent-%s", parent);

	return dir < 0 ? dir : lock_take(h, name, dir, LOCK_MS);
}

bool bus_may_create(const struct host *h, const struct mdev *m)
{
	return provider_of(h, m->parent)->may_create(h, m);
}

bool bus_may_remove(const struct host *h, const struct mdev *m)
{
	return provider_of(h, m->parent)->may_remove(h, m);
}

/* Whose is what is there. */
static int settle_existing(const struct host *h, const struct provider *p, const struct mdev *m, int r)
{
	_cleanup_(mdev_done) struct mdev held = {};

	if (r != -EEXIST || p->find || identity_find_held(h, p, m->parent, &held) < 0)
		return r;
	return str_eq(m->uuid, held.uuid) ? -EEXIST : -EADDRINUSE;
}

int bus_create(const struct host *h, const struct mdev *m)
{
	const struct provider *p = provider_of(h, m->parent);

	return settle_existing(h, p, m, p->create(h, m));
}

bool bus_explain_create(const struct host *h, const struct mdev *m, int r, struct error *error)
{
	const struct provider *p = provider_of(h, m->parent);

	if (p->explain_create)
		p->explain_create(h, m, r, error);
	return p->explain_create;
}

int bus_open(const struct host *h, const struct mdev *m, struct bus_device *ret_device)
{
	const struct provider *p = provider_of(h, m->parent);
	int fd = p->open(h, m);

	if (fd >= 0)
		*ret_device = (struct bus_device){ .h = h, .provider = p, .m = m, .fd = fd, .lock = -1 };
	return fd < 0 ? fd : 0;
}

bool bus_is_prepared(const struct host *h, const char *parent)
{
	return provider_of(h, parent)->prepare;
}

int bus_prepare(const struct host *h, const struct mdev *m, struct bus_device *ret_place)
{
	const struct provider *p = provider_of(h, m->parent);
	/* What it was a moment ago cannot be seen now. */
	int lock = -1, fd = p->prepare ? p->prepare(h, m, &lock) : -ENODEV;

	if (fd < 0) {
		closep(&lock);
		return settle_existing(h, p, m, fd);
	}
	*ret_place = (struct bus_device){ .h = h, .provider = p, .m = m, .fd = fd, .lock = lock };
	return 0;
}

void bus_put_back(const struct bus_device *place, struct strv *left)
{
	place->provider->put_back(place->fd, &place->log, left);
}

void bus_close(struct bus_device *d)
{
	attr_log_done(&d->log);
	closep(&d->lock);
	closep(&d->fd);
}

bool bus_is_gone(const struct bus_device *d)
{
	return d->provider->is_gone(d->fd);
}

int bus_set_attr(struct bus_device *d, const char *name, const char *value,
		 bool *ret_written)
{
	if (d->provider->prepare_attr)
		return d->provider->prepare_attr(d->fd, name, value, &d->log, ret_written);
	return d->provider->set_attr(d->fd, name, value, ret_written);
}

int bus_remove(const struct bus_device *d)
{
	int r = d->provider->remove(d->h, d->fd, d->m);

	if (r == 0 && !d->provider->find)
		note_forget(d->h, d->m->parent, NULL);
	return r;
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

/*
 * The kernel lets `remove` of a device in use block until it is released,
 * unkillably after the first signal: so look first.
 */
bool bus_in_use(const struct host *h, const struct mdev *m, struct strv *holders)
{
	_cleanup_(bus_close) struct bus_device d = BUS_NO_DEVICE;
	_cleanup_free_ char *group = NULL, *device = NULL;

	/* What went meanwhile is found out by its removal. */
	if (bus_open(h, m, &d) < 0)
		return false;
	bus_iommu_group(&d, &group);
	bus_vfio_device(&d, &device);
	if (!vfio_in_use(h, group, device, holders))
		return false;
	if (!holders->n)
		strv_add(holders, xstrdup("a process that cannot be seen from here"));
	return true;
}
