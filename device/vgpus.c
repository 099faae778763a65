/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NVIDIA's vendor-specific VFIO as a provider: nvidia.c, and why a vGPU cannot be
 * made.
 */
#include "device/bus.h"
#include "device/explain.h"
#include "device/provider.h"
#include "hardware/nvidia.h"
#include "hardware/sriov.h"
#include "hardware/vgpu-type.h"

static bool is_there(const struct host *h)
{
	return nvidia_look(h) == 0;
}

static int list_types(const struct host *h, const char *parent, enum type_fields fields,
		      struct mdev_type_list *list)
{
	(void)fields;
	return nvidia_list_types(h, parent, list);
}

static bool is_ready(const struct host *h, const char *parent, const char *type)
{
	(void)type;
	return nvidia_is_ready(h, parent);
}

static int device_api(const struct host *h, const struct mdev *m, char **ret_api)
{
	(void)h, (void)m;
	*ret_api = xstrdup("vfio-pci");
	return 0;
}

static void make_uuid(struct mdev *m)
{
	_cleanup_free_ char *text = xasprintf("vgpu:%s:%lu", m->parent, vgpu_type_id(m->type));

	uuid_of_text(text, m->uuid);
}

/* "nvidia-558 (2)": what the VFs of the same GPU hold; empty: nothing. */
static char *held_by_gpu(const struct host *h, const struct mdev *m)
{
	_cleanup_(mdev_list_done) struct mdev_list held = {};
	_cleanup_(strv_done) struct strv types = {}, counted = {};

	nvidia_list_neighbours(h, m->parent, &held);
	for (size_t i = 0; i < held.n; i++)
		strv_add(&types, xstrdup(held.m[i].type));
	strv_sort(&types);
	for (size_t i = 0, n; i < types.n; i += n) {
		for (n = 1; i + n < types.n && str_eq(types.s[i], types.s[i + n]); n++)
			;
		strv_add(&counted, xasprintf("%s (%zu)", types.s[i], n));
	}
	return strv_join(&counted, 5);
}

/* Whether any VF of the same GPU offers anything. */
static bool gpu_offers(const struct host *h, const struct mdev_type_list *types, const struct mdev *m)
{
	_cleanup_(strv_done) struct strv vfs = {};
	_cleanup_free_ char *pf = NULL;

	strv_add(&vfs, xstrdup(m->parent));
	if (sriov_find_pf(h, m->parent, &pf) == 0)
		sriov_list_vfs(h, pf, &vfs);
	for (size_t i = 0; i < types->n; i++)
		if (types->t[i].available > 0 && strv_has(&vfs, types->t[i].parent))
			return true;
	return false;
}

/* The VF is empty, and could not hold the type or was refused it. */
static void explain_no_room(const struct host *h, const struct mdev *m, int r, struct error *error)
{
	_cleanup_free_ char *here = NULL, *elsewhere = NULL, *held = held_by_gpu(h, m), *gpu = NULL;
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	bool offers;

	bus_list_types(h, NULL, 0, &types);
	mdev_type_list_sort(&types);
	here = explain_free_here(&types, m);
	elsewhere = explain_free_elsewhere(&types, m);
	offers = gpu_offers(h, &types, m);
	if (!offers && *held)
		gpu = xasprintf("the GPU is full, it holds %s", held);
	else if (!offers)
		gpu = xstrdup("the GPU offers nothing, and holds nothing: is its vGPU manager running?");
	else if (r == -ENOSPC)
		gpu = xasprintf("the driver has no room for it%s%s", *held ? " beside " : "", held);
	else if (str_eq(here, "nothing"))
		gpu = xstrdup("this virtual function offers nothing, although others of its GPU do");
	else if (*held)
		gpu = xasprintf("the GPU holds %s, and takes no other size beside them unless its mode is heterogeneous", held);
	else
		gpu = xstrdup("the GPU has no such type");
	error_set(error, "%s cannot hold %s now: %s; free there: %s; %s", m->parent, m->type, gpu,
		  here, elsewhere);
}

static void explain_refusal(const struct host *h, const struct mdev *m, int r, struct error *error)
{
	switch (r) {
	case -ENOENT:
	case -ENOSPC:
	case -EINVAL:
		explain_no_room(h, m, r, error);
		break;
	case -EIO:
		/* The released driver says this whatever the reason; the list may have changed. */
		if (!nvidia_has_type(h, m->parent, m->type)) {
			explain_no_room(h, m, -ENOENT, error);
			break;
		}
		error_set(error, "the driver of %s could not make %s: if that is a MIG type, it needs a GPU instance of its profile first ('nvidia-smi mig -cgi'); else dmesg may tell more",
			  m->parent, m->type);
		break;
	case -ENODEV:
		error_set(error, "the driver of %s has no %s, although it lists it, or is just being unloaded",
			  m->parent, m->type);
		break;
	case -EREMOTEIO:
		error_set(error, "the driver of %s took %s and shows something else", m->parent, m->type);
		break;
	default:
		error_set(error, "the driver of %s refused %s: %s", m->parent, m->type, strerror(-r));
	}
}

const struct provider vgpu_provider = {
	.noun = "vGPU",
	.is_there = is_there,
	.has_parent = nvidia_has_parent,
	.list_parents = nvidia_list_parents,
	.list_types = list_types,
	.has_type = nvidia_has_type,
	.is_ready = is_ready,
	.device_api = device_api,
	.list = nvidia_list,
	.find_held = nvidia_find,
	.make_uuid = make_uuid,
	.list_neighbours = nvidia_list_neighbours,
	.open_parent = nvidia_open_parent,
	.may_create = nvidia_may_change,
	.may_remove = nvidia_may_change,
	.create = nvidia_create,
	.open = nvidia_open_device,
	.is_gone = nvidia_is_gone,
	.set_attr = nvidia_set_attr,
	.remove = nvidia_remove_at,
	.explain_create = explain_refusal,
};
