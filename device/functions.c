/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole virtual functions as a provider: those of cards that are kept with a VFIO driver
 * (kept.h).  Each has room for one device, which is the function itself; its type is the
 * driver, and it runs while a VFIO driver has it.
 */
#include "device/bus.h"
#include "device/explain.h"
#include "device/kept.h"
#include "device/provider.h"
#include "hardware/function.h"
#include "hardware/pci.h"
#include "hardware/sriov.h"
#include "hardware/vfio-driver.h"

#include <fcntl.h>

/* A virtual function that is ours to give. */
struct vf {
	struct kept kept;
	int fd; /* its directory */
};
#define NO_VF { .fd = -1 }

static void vf_done(struct vf *vf)
{
	closep(&vf->fd);
}

/* One that offers types of its own on the mdev bus is not given away. */
static int open_vf(const struct host *h, const char *name, struct vf *vf)
{
	int r = kept_of_vf(h, name, &vf->kept);

	if (r < 0)
		return r;
	vf->fd = function_open(h, name);
	if (vf->fd < 0)
		return vf->fd;
	return faccessat(vf->fd, "mdev_supported_types", F_OK, 0) == 0 ? -ENOENT : 0;
}

static bool has_parent(const struct host *h, const char *parent)
{
	_cleanup_(vf_done) struct vf vf = NO_VF;

	return open_vf(h, parent, &vf) == 0;
}

static int list_parents(const struct host *h, struct strv *parents)
{
	_cleanup_(strv_done) struct strv pfs = {}, vfs = {};

	kept_list(h, &pfs);
	for (size_t i = 0; i < pfs.n; i++)
		sriov_list_vfs(h, pfs.s[i], &vfs);
	for (size_t i = 0; i < vfs.n; i++)
		if (has_parent(h, vfs.s[i]))
			strv_add(parents, xstrdup(vfs.s[i]));
	return 0;
}

static bool is_free(const struct vf *vf)
{
	_cleanup_free_ char *holder = NULL;

	return function_holder(vf->fd, vf->kept.driver, &holder) == -ENOENT;
}

static void add_type(const struct host *h, const char *parent, struct mdev_type_list *list)
{
	_cleanup_free_ char *id = NULL;
	_cleanup_(vf_done) struct vf vf = NO_VF;
	_cleanup_close_ int devices = -1;
	struct mdev_type t;

	if (open_vf(h, parent, &vf) < 0)
		return;
	devices = pci_open(h);
	id = pci_id(devices, parent);
	t = (struct mdev_type){
		.parent = xstrdup(parent),
		.id = xstrdup(vf.kept.driver),
		.name = id ? xasprintf("VF of %s", id) : NULL,
		.device_api = xstrdup("vfio-pci"),
		.available = is_free(&vf),
	};
	mdev_type_list_take(list, &t);
}

static int list_types(const struct host *h, const char *parent, enum type_fields fields,
		      struct mdev_type_list *list)
{
	_cleanup_(strv_done) struct strv vfs = {};

	(void)fields;
	if (parent && strchr(parent, ':'))
		add_type(h, parent, list);
	if (parent)
		return 0;
	list_parents(h, &vfs);
	for (size_t i = 0; i < vfs.n; i++)
		add_type(h, vfs.s[i], list);
	return 0;
}

static bool has_type(const struct host *h, const char *parent, const char *type)
{
	_cleanup_(vf_done) struct vf vf = NO_VF;

	return open_vf(h, parent, &vf) == 0 && str_eq(vf.kept.driver, type);
}

/* What it is kept with changes only by somebody's command. */
static bool is_ready(const struct host *h, const char *parent, const char *type)
{
	(void)type;
	return has_parent(h, parent);
}

static int device_api(const struct host *h, const struct mdev *m, char **ret_api)
{
	(void)h, (void)m;
	*ret_api = xstrdup("vfio-pci");
	return 0;
}

static int find_held(const struct host *h, const char *parent, struct mdev *ret_mdev)
{
	_cleanup_(vf_done) struct vf vf = NO_VF;
	_cleanup_free_ char *driver = NULL;
	int r = open_vf(h, parent, &vf);

	if (r == 0)
		r = function_holder(vf.fd, vf.kept.driver, &driver);
	/* With a driver of the host it is no device. */
	if (r < 0)
		return r == -EBUSY ? -ENOENT : r;
	*ret_mdev = (struct mdev){
		.parent = str_intern(parent),
		.type = str_intern(driver),
		.active = true,
		.is_pci = true,
	};
	return 0;
}

static int list(const struct host *h, const char *parent, struct mdev_list *list)
{
	_cleanup_(strv_done) struct strv vfs = {};

	if (parent)
		strv_add(&vfs, xstrdup(parent));
	else
		list_parents(h, &vfs);
	for (size_t i = 0; i < vfs.n; i++) {
		_cleanup_(mdev_done) struct mdev m = {};

		if (find_held(h, vfs.s[i], &m) == 0)
			mdev_list_take(list, &m);
	}
	return 0;
}

static void make_uuid(struct mdev *m)
{
	_cleanup_free_ char *text = xasprintf("vf:%s:%s", m->parent, m->type);

	uuid_of_text(text, m->uuid);
}

static int open_parent(const struct host *h, const char *parent)
{
	_cleanup_(vf_done) struct vf vf = NO_VF;
	int r = open_vf(h, parent, &vf);

	return r < 0 ? r : take_fd(&vf.fd);
}

static int open_device(const struct host *h, const struct mdev *m)
{
	return open_parent(h, m->parent);
}

static bool may_change(const struct host *h, const struct mdev *m)
{
	return function_may_change(h, m->parent);
}

/* The function is there before it is anything, and so are its attributes. */
static int prepare(const struct host *h, const struct mdev *m, int *ret_lock)
{
	_cleanup_(vf_done) struct vf vf = NO_VF;
	int r = open_vf(h, m->parent, &vf);

	if (r == 0 && !str_eq(vf.kept.driver, m->type))
		r = -ENOENT;
	if (r == 0)
		*ret_lock = function_lock(h, vf.fd, m->parent);
	/* Who waits for a driver that hangs has the kernel's lock as well. */
	if (r == 0 && *ret_lock == -ETIMEDOUT)
		r = -ETIMEDOUT;
	if (r == 0)
		r = function_check(h, vf.fd, vf.kept.driver);
	return r < 0 ? r : take_fd(&vf.fd);
}

static int create(const struct host *h, const struct mdev *m)
{
	_cleanup_(vf_done) struct vf vf = NO_VF;
	int r = open_vf(h, m->parent, &vf);

	if (r == 0 && !str_eq(vf.kept.driver, m->type))
		r = -ENOENT;
	return r < 0 ? r : function_give(h, vf.fd, m->parent, m->type);
}

static int remove_device(const struct host *h, int device, const struct mdev *m)
{
	return function_take_back(h, device, m->parent, m->type);
}

static char *missing_driver(const struct host *h, const char *parent)
{
	_cleanup_(vf_done) struct vf vf = NO_VF;
	_cleanup_free_ char *registered = NULL;

	if (open_vf(h, parent, &vf) < 0)
		return NULL;
	registered = vfio_driver_registered(h, vf.kept.driver);
	return registered ? NULL : xstrdup(vf.kept.driver);
}

static void explain_taken_by_host(const struct host *h, const struct mdev *m, struct error *error)
{
	_cleanup_free_ char *driver = NULL;

	if (sriov_driver(h, m->parent, &driver) < 0)
		driver = xstrdup("?");
	error_set(error, "the host itself has %s, by its driver %s; if nothing of the host needs it, 'echo %s >/sys/bus/pci/drivers/%s/unbind' frees it",
		  m->parent, driver, m->parent, driver);
}

static void explain_refusal(const struct host *h, const struct mdev *m, int r, struct error *error)
{
	_cleanup_close_ int vf = function_open(h, m->parent);
	_cleanup_free_ char *override = NULL;

	switch (r) {
	case -ENOENT:
		explain_type(h, m, error);
		break;
	case -EBUSY:
		explain_taken_by_host(h, m, error);
		break;
	case -ETIMEDOUT:
		error_set(error, "another mdevctl has been giving %s to a driver, or taking it away, for a while; dmesg may tell whether the driver hangs",
			  m->parent);
		break;
	case -EINPROGRESS:
		error_set(error, "the driver of %s is just leaving it, and waits for who has it open", m->parent);
		break;
	case -ENOPKG:
		error_set(error, "the driver %s is not loaded; try 'modprobe %s'", m->type, m->type);
		break;
	case -EKEYREJECTED:
		override = function_override(vf);
		error_set(error, "somebody has reserved %s for the driver %s; if nobody needs that, 'echo >/sys/bus/pci/devices/%s/driver_override' ends it",
			  m->parent, override ? override : "?", m->parent);
		break;
	case -EREMOTEIO:
		if (faccessat(vf, "iommu_group", F_OK, 0) < 0)
			error_set(error, "%s did not take %s, which has no IOMMU group: is the IOMMU on? 'mdevctl doctor' tells",
				  m->type, m->parent);
		else
			error_set(error, "%s did not take %s; dmesg may tell why", m->type, m->parent);
		break;
	default:
		error_set(error, "%s cannot have %s: %s", m->type, m->parent, strerror(-r));
	}
}

const struct provider function_provider = {
	.noun = "device",
	.is_there = kept_any,
	.has_parent = has_parent,
	.list_parents = list_parents,
	.list_types = list_types,
	.has_type = has_type,
	.is_ready = is_ready,
	.device_api = device_api,
	.list = list,
	.find_held = find_held,
	.make_uuid = make_uuid,
	.missing_driver = missing_driver,
	.open_parent = open_parent,
	.may_create = may_change,
	.may_remove = may_change,
	.prepare = prepare,
	.prepare_attr = function_set_attr,
	.put_back = function_put_back,
	.create = create,
	.open = open_device,
	.is_gone = function_is_gone,
	.remove = remove_device,
	.explain_create = explain_refusal,
};
