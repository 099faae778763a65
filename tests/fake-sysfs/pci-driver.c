// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which driver has a PCI function with virtual functions, or one of those: bus/pci/drivers/NAME with
 * bind and unbind, and what comes and goes with a function's own driver.  Other drivers that take any
 * function, or one whose ids they have been told: vfio-pci and pci-pf-stub.
 */
#include "fake.h"

#include <fnmatch.h>
#include <stdlib.h>

#define STUB "pci-pf-stub"

/* A driver that gives functions to virtual machines: those whose "VENDOR:DEVICE" is @takes, and whose
 * probe fails for others. */
static struct vfio_driver {
	char *name, *takes;
	struct vfio_driver *next;
} *vfio_drivers;
static bool given; /* by the host file: vfio-pci is not there by itself */

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

static struct vfio_driver *find_vfio(const char *name)
{
	struct vfio_driver *d = vfio_drivers;

	while (d && !streq(d->name, name))
		d = d->next;
	return d;
}

/* With a driver_override no other driver matches, and that one does. */
static bool matches(const struct parent *p, const char *driver)
{
	char *id;
	bool known;

	if (p->override)
		return streq(p->override, driver);
	if (find_vfio(driver))
		return false;
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

/* Whether a driver's probe succeeds. */
static bool takes(const struct parent *p, const struct vfio_driver *d)
{
	char *id = id_of(p);
	bool yes = !d || streq(d->takes, "*") || (id && (id[4] = ':', fnmatch(d->takes, id, 0) == 0));

	free(id);
	return yes;
}

/* What its own driver gives a function, or takes with it. */
static void begin(struct parent *p)
{
	if (find_vfio(p->bound)) {
		if (p->group)
			vfio_device_add(p->group, p->dir);
		return;
	}
	if (!p->driver || !streq(p->driver, p->bound))
		return;
	if (p->pf && p->vgpu)
		vgpu_plug(p->vgpu);
	else if (p->pf && p->n_types)
		parent_register(p);
}

static int end(struct parent *p)
{
	if (p->sriov)
		return p->sriov->keeps ? 0 : sriov_set(p, 0);
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

	if (!p || !matches(p, driver))
		return -ENODEV;
	if (p->bound)
		return -EBUSY;
	if (!takes(p, find_vfio(driver)))
		return -EINVAL;
	link_driver(p, driver);
	begin(p);
	return 0;
}

/* VFIO's own part waits for who has it open, and the driver's link is gone meanwhile. */
static void leave_vfio(struct parent *p)
{
	unlink_driver(p);
	if (p->group)
		vfio_device_remove(p->group, p->name, p->dir);
}

static int unbind_store(struct node *n, const char *buf, size_t len)
{
	struct parent *p = function(buf, len);
	int r = 0;

	if (!p || !p->bound || !streq(p->bound, n->priv))
		return -ENODEV;
	if (find_vfio(p->bound)) {
		leave_vfio(p);
		return 0;
	}
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

/* The driver that the kernel would find for a function without one, or NULL. */
static const char *find_driver(const struct parent *p)
{
	const struct vfio_driver *d = p->override ? find_vfio(p->override) : NULL;

	if (p->override && !(p->driver && streq(p->override, p->driver)))
		return d ? d->name : NULL;
	/* pci_device_can_probe() */
	return !p->pf || p->override || p->pf->sriov->autoprobe ? p->driver : NULL;
}

/* Whether a driver has taken it cannot be seen from the answer. */
static int probe_store(struct node *n, const char *buf, size_t len)
{
	struct parent *p = function(buf, len);
	const char *driver;

	(void)n;
	if (!p)
		return -ENODEV;
	/* One that just leaves it holds the device. */
	driver = p->bound || node_child(p->dir, "vfio-dev") ? NULL : find_driver(p);
	if (driver && takes(p, find_vfio(driver))) {
		link_driver(p, driver);
		begin(p);
	}
	return 0;
}

static int override_show(struct node *n, FILE *out)
{
	const struct parent *p = n->priv;

	fprintf(out, "%s\n", p->override ? p->override : "(null)");
	return 0;
}

static int override_store(struct node *n, const char *buf, size_t len)
{
	struct parent *p = (struct parent *)n->priv;
	char *text;

	if (len >= SYSFS_MAX - 1)
		return -EINVAL;
	text = xstrndup(buf, strnlen(buf, len));
	text[strcspn(text, "\n")] = '\0';
	free(p->override);
	p->override = *text ? text : NULL;
	if (!p->override)
		free(text);
	return 0;
}

void function_plug(struct parent *p)
{
	static const struct attr_ops override_ops = { .show = override_show, .store = override_store };

	node_attr(p->dir, "driver_override", 0644, &override_ops, p);
}

/* What each VF has, whoever has it. */
void vf_plug(struct parent *vf)
{
	function_plug(vf);
	if (!vf->vgpu)
		vf->group = vfio_group_add(vf->name, vf->dir);
}

void vf_unplug(struct parent *vf)
{
	if (vf->bound && find_vfio(vf->bound))
		leave_vfio(vf);
	if (vf->group)
		vfio_group_remove(vf->group, vf->dir);
	vf->group = NULL;
	free(vf->override);
	vf->override = NULL;
}

void vfio_drivers_given(void)
{
	given = true;
}

int vfio_driver_add(const char *name, const char *takes_ids)
{
	struct vfio_driver *d;

	if (find_vfio(name))
		return -EEXIST;
	d = xcalloc(1, sizeof(*d));
	d->name = xstrdup(name);
	d->takes = xstrdup(takes_ids);
	d->next = vfio_drivers;
	vfio_drivers = d;
	make_driver(d->name);
	/* As any driver that is registered, it is offered what has none. */
	for (struct parent *p = parent_first(); p; p = p->next)
		if (p->pf && p->dir && !p->bound && p->override && streq(p->override, name) && takes(p, d)) {
			link_driver(p, d->name);
			begin(p);
		}
	return 0;
}

/* rmmod: refused while a function is in use. */
int vfio_driver_remove(const char *name)
{
	struct vfio_driver *d = find_vfio(name), **at = &vfio_drivers;

	if (!d)
		return -ENOENT;
	for (struct parent *p = parent_first(); p; p = p->next)
		if (p->bound && streq(p->bound, name) && p->group && p->group->busy)
			return -EBUSY;
	for (struct parent *p = parent_first(); p; p = p->next)
		if (p->bound && streq(p->bound, name))
			leave_vfio(p);
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	node_remove(driver_dir(name));
	free(d->name);
	free(d->takes);
	free(d);
	return 0;
}

void pci_drivers_plug(struct parent *pf)
{
	static const struct attr_ops probe_ops = { .store = probe_store };
	struct node *bus = node_mkpath(sim.root, "bus/pci");

	if (!pf->driver || !pf->subsystem || !streq(pf->subsystem, "bus/pci"))
		return;
	make_driver(pf->driver);
	if (!given)
		vfio_driver_add("vfio-pci", "*");
	if (!node_child(bus, "drivers_probe"))
		node_attr(bus, "drivers_probe", 0200, &probe_ops, NULL);
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
	while (vfio_drivers) {
		struct vfio_driver *d = vfio_drivers;

		vfio_drivers = d->next;
		free(d->name);
		free(d->takes);
		free(d);
	}
}
