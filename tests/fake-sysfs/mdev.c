// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mdev core (drivers/vfio/mdev): create, remove, the order of their steps, and which errno
 * wins. Knows a driver's attributes only as lists, and of parents only their counters.
 */
#include "fake.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 16384

static struct mdev_list table[BUCKETS];

static unsigned int bucket(const char *uuid)
{
	uint32_t h = 2166136261u;

	for (; *uuid; uuid++)
		h = (h ^ (unsigned char)*uuid) * 16777619u;
	return (h ^ h >> 15) % BUCKETS;
}

struct mdev *mdev_find(const char *uuid)
{
	struct mdev *m;

	for (m = LIST_FIRST(&table[bucket(uuid)]); m; m = LIST_NEXT(m, hash)) {
		if (streq(m->uuid, uuid))
			return m;
	}
	return NULL;
}

/* As guid_parse: 36 characters of any version and variant; what follows them is not looked at. */
bool uuid_parse_kernel(const char *s, char ret_uuid[UUID_LEN + 1])
{
	char uuid[UUID_LEN + 1];

	for (int i = 0; i < UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
		uuid[i] = (char)tolower((unsigned char)s[i]);
	}
	uuid[UUID_LEN] = '\0';
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return true;
}

static int remove_store(struct node *n, const char *buf, size_t len)
{
	struct mdev *m = (struct mdev *)n->priv;
	unsigned long value;

	if (kstrtoul(buf, len, &value) < 0)
		return -EINVAL;
	if (!value)
		return 0;
	node_remove(n); /* device_remove_file_self: before anything is checked */
	return mdev_remove(m);
}

static struct node *bus_devices(void)
{
	return node_mkpath(sim.root, "bus/mdev/devices");
}

static struct node *driver_dir(const struct parent *p)
{
	return node_dir(node_mkpath(sim.root, "bus/mdev/drivers"), p->mdev_driver);
}

/* What device_add makes. */
static void add_device(struct mdev *m)
{
	static const struct attr_ops remove_ops = { .store = remove_store, .removes_itself = true };

	m->dir = node_ref(node_dir(m->parent->dir, m->uuid));
	node_attr(m->dir, "remove", 0200, &remove_ops, m);
	attr_uevent(m->dir, "");
	attr_power(m->dir);
	node_link_to(m->dir, "subsystem", node_mkpath(sim.root, "bus/mdev"));
	node_link_to(bus_devices(), m->uuid, m->dir);
}

/* The driver's probe and its groups, then the core's links, in this order. */
static void bind_device(struct mdev *m)
{
	struct parent *p = m->parent;
	struct type *t = m->type;
	char *uevent = xprintf("DRIVER=%s", p->mdev_driver);

	if (p->vfio)
		m->vfio = vfio_add(m->uuid, m->dir);
	node_link_to(m->dir, "driver", driver_dir(p));
	node_link_to(driver_dir(p), m->uuid, m->dir);
	attr_uevent(m->dir, uevent);
	free(uevent);
	for (size_t i = 0; i < p->mdev_attrs.n; i++)
		attr_make(m->dir, &p->mdev_attrs.v[i], m->uuid);
	for (size_t i = 0; i < t->attrs.n; i++)
		attr_make(m->dir, &t->attrs.v[i], m->uuid);
	if (p->ap) {
		m->ap = ap_add(m);
		ap_attrs(m);
	}
	node_link_to(t->list, m->uuid, m->dir);
	node_link_to(m->dir, "mdev_type", t->dir);
}

/* device_del: everything but what VFIO keeps until its user is gone. */
static void unbind_device(struct mdev *m)
{
	struct child *list;
	size_t n;

	node_remove_child(m->dir, "mdev_type");
	if (m->type->list)
		node_remove_child(m->type->list, m->uuid);
	node_remove_child(bus_devices(), m->uuid);
	node_remove_child(driver_dir(m->parent), m->uuid);
	list = node_children(m->dir, &n);
	for (size_t i = 0; i < n; i++)
		if (!streq(list[i].node->name, "vfio-dev") &&
		    !streq(list[i].node->name, "iommu_group"))
			node_remove(list[i].node);
	free(list);
}

static void mdev_free(struct mdev *m)
{
	if (m->counted)
		type_give(m->type);
	LIST_REMOVE(m, hash);
	LIST_REMOVE(m, sibling);
	node_remove(m->dir);
	node_unref(m->dir);
	free(m);
}

void mdev_teardown(struct mdev *m)
{
	m->active = false;
	unbind_device(m);
	hold_wait("remove", m->uuid);
	if (m->vfio)
		vfio_remove(m->vfio, m->uuid, m->dir);
	if (m->ap)
		ap_remove(m->ap);
	mdev_free(m);
}

static void op_begin(struct parent *p)
{
	p->ops++;
}

static void op_end(struct parent *p)
{
	p->ops--;
	sim_wake();
}

int mdev_remove(struct mdev *m)
{
	struct parent *p = m->parent;

	if (!m->active)
		return -EAGAIN;
	m->active = false;
	if (p->unregistering)
		return -ENODEV;
	op_begin(p);
	mdev_teardown(m);
	op_end(p);
	return 0;
}

static bool take(struct mdev *m)
{
	if (!m->counted && type_available(m->type) > 0) {
		type_take(m->type);
		m->counted = true;
	}
	return m->counted;
}

static struct mdev *mdev_new(struct type *t, const char *uuid)
{
	struct mdev *m = xcalloc(1, sizeof(*m));

	memcpy(m->uuid, uuid, UUID_LEN);
	m->type = t;
	m->parent = t->parent;
	LIST_INSERT_HEAD(&table[bucket(uuid)], m, hash);
	LIST_INSERT_HEAD(&t->parent->mdevs, m, sibling);
	return m;
}

/* A driver with get_available (ENOSPC) refuses in its probe: the device was there for a moment. */
int mdev_create(struct type *t, const char *uuid)
{
	struct parent *p = t->parent;
	struct mdev *m;
	int r = 0;

	if (mdev_find(uuid))
		return -EEXIST;
	if (p->errno_full == EUSERS && type_available(t) < 1)
		return -EUSERS;
	if (!p->registered || p->unregistering)
		return -ENODEV;
	m = mdev_new(t, uuid);
	take(m);
	op_begin(p);
	add_device(m);
	hold_wait("create", m->uuid);
	if (take(m)) {
		bind_device(m);
		m->active = true;
	} else {
		unbind_device(m);
		mdev_free(m);
		r = -p->errno_full;
	}
	op_end(p);
	return r;
}

static int create_store(struct node *n, const char *buf, size_t len)
{
	char uuid[UUID_LEN + 1];

	if (len < UUID_LEN || len > UUID_LEN + 1 || !uuid_parse_kernel(buf, uuid))
		return -EINVAL;
	return mdev_create((struct type *)n->priv, uuid);
}

const struct attr_ops create_ops = { .store = create_store };
