// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which driver has a PCI function with virtual functions, or one of those: bus/pci/drivers/NAME with
 * bind and unbind, and what comes and goes with a function's own driver.  Other drivers that take any
 * function, or one whose ids they have been told: vfio-pci and pci-pf-stub.
 */
#include "fake.h"

#include <stdlib.h>

#define STUB "pci-pf-stub"

/* What pci-pf-stub has been told, one list for all cards: "10de 2235". */
static struct dynamic_id {
	char *id;
	struct dynamic_id *next;
} *stub_ids;

static char *line_of(const char *buf, size_t len)
{
	len = strnlen(buf, len);
	return xstrndup(buf, len && buf[len - 1] == '\n' ? len - 1 : len);
}

static struct dynamic_id **find_id(const char *id)
{
	struct dynamic_id **d = &stub_ids;

	while (*d && !streq((*d)->id, id))
		d = &(*d)->next;
	return d;
}

/* As pci-pf-stub would write it. */
static char *id_of(const struct parent *p)
{
	const struct node *vendor = node_child(p->dir, "vendor"), *device = node_child(p->dir, "device");
	char *id = NULL;

	if (vendor && device && vendor->text && device->text)
		id = xprintf("%.4s %.4s", vendor->text + 2, device->text + 2);
	return id;
}

static bool matches(const struct parent *p, const char *driver)
{
	char *id;
	bool known;

	if (streq(driver, "vfio-pci"))
		return true;
	if (!streq(driver, STUB))
		return p->driver && streq(p->driver, driver);
	id = id_of(p);
	known = id && *find_id(id);
	free(id);
	return known;
}

static struct node *driver_dir(const char *driver)
{
	return node_dir(node_mkpath(sim.root, "bus/pci/drivers"), driver);
}

static void link_driver(struct parent *p, const char *driver)
{
	p->bound = driver;
	node_link_to(p->dir, "driver", driver_dir(driver));
	node_link_to(driver_dir(driver), p->name, p->dir);
}

static void unlink_driver(struct parent *p)
{
	node_remove_child(driver_dir(p->bound), p->name);
	node_remove_child(p->dir, "driver");
	p->bound = NULL;
}

/* What its own driver gives a function, or takes with it. */
static void begin(struct parent *p)
{
	if (p->pf && p->vgpu)
		vgpu_plug(p->vgpu);
	else if (p->pf && p->n_types)
		parent_register(p);
}

static int end(struct parent *p)
{
	if (p->sriov)
		return sriov_set(p, 0);
	if (p->vgpu)
		vgpu_unplug(p->vgpu);
	else if (p->n_types)
		parent_unregister(p);
	return 0;
}

static struct parent *function(const char *buf, size_t len)
{
	char *name = line_of(buf, len);
	struct parent *p = parent_find(name);

	free(name);
	return p && p->dir && (p->sriov || p->pf) ? p : NULL;
}

static int bind_store(struct node *n, const char *buf, size_t len)
{
	const char *driver = n->priv;
	struct parent *p = function(buf, len);

	if (!p || p->bound || !matches(p, driver))
		return -ENODEV;
	link_driver(p, driver);
	if (p->driver && streq(p->driver, driver))
		begin(p);
	return 0;
}

static int unbind_store(struct node *n, const char *buf, size_t len)
{
	struct parent *p = function(buf, len);
	int r = 0;

	if (!p || !p->bound || !streq(p->bound, n->priv))
		return -ENODEV;
	if (p->driver && streq(p->driver, p->bound))
		r = end(p);
	if (r == 0)
		unlink_driver(p);
	return r;
}

/* A function without a driver that matches is bound at once, as by the kernel. */
static int new_id_store(struct node *n, const char *buf, size_t len)
{
	struct dynamic_id *d;
	char *id = line_of(buf, len);

	(void)n;
	if (*find_id(id)) {
		free(id);
		return -EEXIST;
	}
	d = xcalloc(1, sizeof(*d));
	d->id = id;
	d->next = stub_ids;
	stub_ids = d;
	for (struct parent *p = parent_first(); p; p = p->next)
		if (p->sriov && p->dir && !p->bound && matches(p, STUB))
			link_driver(p, STUB);
	return 0;
}

static int remove_id_store(struct node *n, const char *buf, size_t len)
{
	char *id = line_of(buf, len);
	struct dynamic_id **d = find_id(id), *gone = *d;

	(void)n;
	free(id);
	if (!gone)
		return -ENODEV;
	*d = gone->next;
	free(gone->id);
	free(gone);
	return 0;
}

static void make_driver(const char *driver)
{
	static const struct attr_ops bind_ops = { .store = bind_store }, unbind_ops = { .store = unbind_store };
	static const struct attr_ops new_ops = { .store = new_id_store }, remove_ops = { .store = remove_id_store };
	struct node *dir = driver_dir(driver);

	if (node_child(dir, "bind"))
		return;
	node_attr(dir, "bind", 0200, &bind_ops, (void *)driver);
	node_attr(dir, "unbind", 0200, &unbind_ops, (void *)driver);
	if (!streq(driver, STUB))
		return;
	node_attr(dir, "new_id", 0200, &new_ops, NULL);
	node_attr(dir, "remove_id", 0200, &remove_ops, NULL);
}

void pci_drivers_plug(struct parent *pf)
{
	if (!pf->driver || !pf->subsystem || !streq(pf->subsystem, "bus/pci"))
		return;
	make_driver(pf->driver);
	make_driver("vfio-pci");
	if (pf->sriov->card)
		make_driver(STUB);
}

void pci_drivers_done(void)
{
	while (stub_ids) {
		struct dynamic_id *d = stub_ids;

		stub_ids = d->next;
		free(d->id);
		free(d);
	}
}
