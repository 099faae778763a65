// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Parents: the devices that offer types, how many instances each type has left, and how a parent
 * comes and goes.  Knows nothing of how a device is made.
 */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

static struct parent *parents, **last = &parents;
static struct pool *pools;

void parent_insert(struct parent *p)
{
	*last = p;
	last = &p->next;
}

struct parent *parent_first(void)
{
	return parents;
}

struct parent *parent_find(const char *name)
{
	for (struct parent *p = parents; p; p = p->next)
		if (streq(p->name, name))
			return p;
	return NULL;
}

struct type *parent_type(const struct parent *p, const char *id)
{
	for (size_t i = 0; i < p->n_types; i++)
		if (streq(p->types[i].id, id))
			return &p->types[i];
	return NULL;
}

struct pool *pool_find(const char *name)
{
	for (struct pool *pool = pools; pool; pool = pool->next)
		if (streq(pool->name, name))
			return pool;
	return NULL;
}

struct pool *pool_new(const char *name)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->name = xstrdup(name);
	pool->next = pools;
	pools = pool;
	return pool;
}

long type_available(const struct type *t)
{
	const struct parent *p = t->parent;
	const struct pool *pool = p->pool;
	long n = (pool->units - pool->used) / t->cost;

	if (pool->exclusive && pool->devices && !streq(pool->type, t->id))
		return 0;
	if (t->max >= 0 && t->max - t->devices < n)
		n = t->max - t->devices;
	if (p->max_devices >= 0 && p->max_devices - p->devices < n)
		n = p->max_devices - p->devices;
	return n < 0 ? 0 : n;
}

void type_take(struct type *t)
{
	struct pool *pool = t->parent->pool;

	pool->used += t->cost;
	if (!pool->devices++) {
		free(pool->type);
		pool->type = xstrdup(t->id);
	}
	t->devices++;
	t->parent->devices++;
}

void type_give(struct type *t)
{
	t->parent->pool->used -= t->cost;
	t->parent->pool->devices--;
	t->devices--;
	t->parent->devices--;
}

static int available_show(struct node *n, FILE *out)
{
	fprintf(out, "%ld\n", type_available(n->priv));
	return 0;
}

static void type_register(struct type *t, struct node *types)
{
	static const struct attr_ops available_ops = { .show = available_show };

	t->dir = node_ref(node_dir(types, t->id));
	node_attr(t->dir, "create", 0200, &create_ops, t);
	node_attr(t->dir, "available_instances", 0444, &available_ops, t);
	attr_text(t->dir, "device_api", 0444, t->api);
	if (t->name)
		attr_text(t->dir, "name", 0444, t->name);
	if (t->description)
		attr_text(t->dir, "description", 0444, t->description);
	t->list = node_ref(node_dir(t->dir, "devices"));
}

static void type_unregister(struct type *t)
{
	node_unref(t->list);
	node_unref(t->dir);
	t->list = t->dir = NULL;
}

void module_add(const char *name)
{
	struct node *dir = node_dir(node_mkpath(sim.root, "module"), name);

	attr_text(dir, "initstate", 0444, "live");
	attr_text(dir, "refcnt", 0444, "0");
	if (streq(name, "mdev"))
		mdev_class_add();
}

void mdev_class_add(void)
{
	node_mkpath(sim.root, "class/mdev_bus");
	node_mkpath(sim.root, "bus/mdev/devices");
	node_mkpath(sim.root, "bus/mdev/drivers");
}

/* The device itself: its directory and what leads to it. */
void parent_plug(struct parent *p)
{
	char *path = xprintf("%s/%s", p->path, p->name);
	const char *driver = !p->pf || p->pf->sriov->autoprobe ? p->driver : NULL;
	char *uevent = driver ? xprintf("DRIVER=%s", driver) : xstrdup("");
	struct node *subsystem, *list;

	p->dir = node_ref(node_mkpath(sim.root, path));
	attr_uevent(p->dir, uevent);
	attr_power(p->dir);
	free(path);
	free(uevent);
	if (p->module)
		module_add(p->module);
	if (p->subsystem) {
		bool bus = starts_with(p->subsystem, "bus/");

		subsystem = node_mkpath(sim.root, p->subsystem);
		list = bus ? node_dir(subsystem, "devices") : subsystem;
		node_link_to(p->dir, "subsystem", subsystem);
		node_link_to(list, p->name, p->dir);
		if (driver) {
			struct node *to = node_dir(node_dir(subsystem, "drivers"), driver);

			node_link_to(p->dir, "driver", to);
			node_link_to(to, p->name, p->dir);
			p->bound = p->driver;
		}
	}
	for (size_t i = 0; i < p->attrs.n; i++)
		attr_make(p->dir, &p->attrs.v[i], NULL);
}

static bool same(const char *a, const char *b)
{
	return a && b && streq(a, b);
}

/* By another parent that is there. */
static bool module_used(const struct parent *self)
{
	for (const struct parent *p = parents; p; p = p->next)
		if (p != self && p->registered &&
		    (same(p->module, self->module) || same(p->mdev_driver, self->mdev_driver)))
			return true;
	return false;
}

static void remove_path(char *path)
{
	struct node *n = node_find(path);

	if (n)
		node_remove(n);
	free(path);
}

static void remove_if_empty(struct node *dir)
{
	if (LIST_EMPTY(&dir->children))
		node_remove(dir);
}

/* With rmmod, what the module brought goes with it. */
void parent_unplug(struct parent *p)
{
	struct node *above = p->dir->parent;

	if (p->subsystem) {
		remove_path(xprintf("%s/devices/%s", p->subsystem, p->name));
		remove_path(xprintf("%s/%s", p->subsystem, p->name));
		remove_if_empty(node_mkpath(sim.root, p->subsystem));
	}
	if (p->subsystem && p->bound)
		remove_path(xprintf("%s/drivers/%s/%s", p->subsystem, p->bound, p->name));
	p->bound = NULL;
	if (p->vanishes && !module_used(p)) {
		remove_path(xprintf("bus/mdev/drivers/%s", p->mdev_driver));
		if (p->module)
			remove_path(xprintf("module/%s", p->module));
	}
	node_remove(p->dir);
	remove_if_empty(above);
	node_unref(p->dir);
	p->dir = NULL;
}

int parent_register(struct parent *p)
{
	struct node *types;

	if (p->registered || p->unregistering)
		return -EEXIST;
	if (!p->n_types)
		return -EINVAL;
	if (p->pf && !p->dir)
		return -ENODEV;
	if (!p->dir)
		parent_plug(p);
	module_add("mdev");
	node_dir(node_mkpath(sim.root, "bus/mdev/drivers"), p->mdev_driver);
	types = node_dir(p->dir, "mdev_supported_types");
	for (size_t i = 0; i < p->n_types; i++)
		type_register(&p->types[i], types);
	node_link_to(node_mkpath(sim.root, "class/mdev_bus"), p->name, p->dir);
	p->registered = true;
	return 0;
}

int parent_unregister(struct parent *p)
{
	struct mdev *m;

	if (!p->registered || p->unregistering)
		return -ENODEV;
	p->unregistering = true;
	while (p->ops)
		sim_wait();
	node_remove_child(node_mkpath(sim.root, "class/mdev_bus"), p->name);
	while ((m = LIST_FIRST(&p->mdevs)))
		mdev_teardown(m);
	node_remove_child(p->dir, "mdev_supported_types");
	for (size_t i = 0; i < p->n_types; i++)
		type_unregister(&p->types[i]);
	p->registered = p->unregistering = false;
	sim_wake();
	if (p->vanishes)
		parent_unplug(p);
	return 0;
}

static void type_free(struct type *t)
{
	attrs_free(&t->attrs);
	free(t->id);
	free(t->name);
	free(t->description);
	free(t->api);
}

static void ap_host_free(struct ap_host *ap)
{
	for (size_t i = 0; ap && i < ap->n_reserved; i++)
		free(ap->reserved[i]);
	if (ap)
		free(ap->reserved);
	free(ap);
}

static void parent_free(struct parent *p)
{
	if (p->dir)
		node_unref(p->dir);
	for (size_t i = 0; i < p->n_types; i++)
		type_free(&p->types[i]);
	free(p->types);
	attrs_free(&p->attrs);
	attrs_free(&p->mdev_attrs);
	ap_host_free(p->ap);
	sriov_free(p->sriov);
	vgpu_free(p->vgpu);
	free(p->name);
	free(p->path);
	free(p->subsystem);
	free(p->driver);
	free(p->module);
	free(p->mdev_driver);
	free(p->override);
	free(p);
}

void parent_done(void)
{
	for (struct parent *p = parents; p; p = p->next)
		if (p->sriov)
			sriov_reboot(p);
	pci_drivers_done();
	for (struct parent *p = parents; p; p = p->next)
		parent_unregister(p);
	for (struct parent *p = parents, *next; p; p = next) {
		next = p->next;
		parent_free(p);
	}
	for (struct pool *pool = pools, *next; pool; pool = next) {
		next = pool->next;
		free(pool->name);
		free(pool->type);
		free(pool);
	}
}
