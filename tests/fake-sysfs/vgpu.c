// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * NVIDIA's vendor-specific VFIO framework: the directory nvidia/ of a virtual function, which holds
 * one vGPU or none, and the errnos of asking it for something else.  Knows nothing of how VFs come
 * and go, nor of what else the card has (vgpu-card.c).
 */
#include "fake.h"

#include <stdlib.h>

static struct vgpu *vgpu_of(const struct node *n)
{
	return (struct vgpu *)n->priv;
}

/* One change at a time on one VF.  False: the VF went away meanwhile. */
static bool lock(struct vgpu *g)
{
	const struct node *dir = g->vf->dir;

	while (g->changing)
		sim_wait();
	if (!dir || g->vf->dir != dir)
		return false;
	g->changing = true;
	return true;
}

static void unlock(struct vgpu *g)
{
	g->changing = false;
	sim_wake();
}

static void release(struct vgpu *g)
{
	if (g->instance)
		g->instance->user = NULL;
	free(g->params);
	g->instance = NULL;
	g->params = NULL;
	g->type = NULL;
	g->active = false;
	g->placement = g->warm_update = 0;
}

static int create(struct vgpu *g, unsigned long id)
{
	const struct vgpu_type *t = card_type(g->card, id);
	int r;

	if (!t)
		return g->card->patched ? -g->card->errno_unknown : -EIO;
	r = card_check(g->card, t);
	if (r < 0)
		return g->card->patched ? r : -EIO;
	g->type = t;
	if (t->profile) {
		g->instance = card_instance(g->card, t->profile);
		g->instance->user = g;
	}
	hold_wait("create", g->vf->name);
	g->active = true;
	return 0;
}

int vgpu_set(struct vgpu *g, unsigned long id)
{
	int r = 0;

	if (!lock(g))
		return -ENODEV;
	if (g->active && g->vfio->busy) {
		r = g->card->patched ? -EBUSY : -EPERM;
	} else if (!id == !g->active) {
		r = -EPERM;
	} else if (id) {
		r = create(g, id);
	} else {
		hold_wait("remove", g->vf->name);
		release(g);
	}
	unlock(g);
	return r;
}

static int creatable_show(struct node *n, FILE *out)
{
	const struct vgpu *g = vgpu_of(n);

	card_show_creatable(g->card, out, g->type);
	return 0;
}

static int current_show(struct node *n, FILE *out)
{
	const struct vgpu *g = vgpu_of(n);

	fprintf(out, "%lu\n", g->active ? g->type->id : 0);
	return 0;
}

static int current_store(struct node *n, const char *buf, size_t len)
{
	unsigned long id;

	return kstrtoul(buf, len, &id) < 0 ? -EINVAL : vgpu_set(vgpu_of(n), id);
}

/* What may be changed while there is a vGPU that nobody uses. */
static int changeable(const struct vgpu *g, int without)
{
	if (!g->active)
		return -without;
	return g->vfio->busy ? -EPERM : 0;
}

static int params_show(struct node *n, FILE *out)
{
	const struct vgpu *g = vgpu_of(n);

	fprintf(out, "%s\n", g->params ? g->params : "");
	return 0;
}

/* All of it is replaced; a single space stands for nothing.  The driver copies with a limit of as
 * many bytes as were written, the end mark among them: the last one is lost. */
static int params_store(struct node *n, const char *buf, size_t len)
{
	struct vgpu *g = vgpu_of(n);
	int r = changeable(g, ENXIO);

	if (r < 0)
		return r;
	if (len > (size_t)g->card->params_max)
		return -E2BIG;
	len = strnlen(buf, len ? len - 1 : 0);
	free(g->params);
	g->params = len == 1 && *buf == ' ' ? NULL : xstrndup(buf, len);
	return 0;
}

static int instance_show(struct node *n, FILE *out)
{
	const struct vgpu *g = vgpu_of(n);

	if (!g->active)
		return -ENXIO;
	fprintf(out, "%u\n",
		g->instance ? (unsigned int)(g->instance - g->card->instances) + 1 : UINT32_MAX);
	return 0;
}

/* Another instance of the same profile. */
static int instance_store(struct node *n, const char *buf, size_t len)
{
	struct vgpu *g = vgpu_of(n);
	int r = changeable(g, ENXIO);
	struct gpu_instance *to;
	unsigned long id;

	if (r < 0)
		return r;
	if (kstrtoul(buf, len, &id) < 0 || !g->instance || id < 1 || id > g->card->n_instances)
		return -EINVAL;
	to = &g->card->instances[id - 1];
	if (!streq(to->profile, g->type->profile))
		return -EINVAL;
	if (to->user && to->user != g)
		return -EBUSY;
	g->instance->user = NULL;
	g->instance = to;
	to->user = g;
	return 0;
}

static int placement_show(struct node *n, FILE *out)
{
	const struct vgpu *g = vgpu_of(n);

	if (!g->active)
		return -ENXIO;
	fprintf(out, "%lu\n", g->placement);
	return 0;
}

static int placement_store(struct node *n, const char *buf, size_t len)
{
	struct vgpu *g = vgpu_of(n);
	int r = changeable(g, ENXIO);

	if (r < 0)
		return r;
	return kstrtoul(buf, len, &g->placement) < 0 ? -EINVAL : 0;
}

static int warm_update_show(struct node *n, FILE *out)
{
	fprintf(out, "%lu\n", vgpu_of(n)->warm_update);
	return 0;
}

static int warm_update_store(struct node *n, const char *buf, size_t len)
{
	unsigned long value;

	if (kstrtoul(buf, len, &value) < 0 || value > 1)
		return -EINVAL;
	vgpu_of(n)->warm_update = value;
	return 0;
}

void vgpu_plug(struct vgpu *g)
{
	static const struct {
		const char *name;
		struct attr_ops ops;
	} attrs[] = {
		{ "creatable_vgpu_types", { .show = creatable_show } },
		{ "current_vgpu_type", { .show = current_show, .store = current_store } },
		{ "vgpu_params", { .show = params_show, .store = params_store } },
		{ "gpu_instance_id", { .show = instance_show, .store = instance_store } },
		{ "placement_id", { .show = placement_show, .store = placement_store } },
		{ "warm_update", { .show = warm_update_show, .store = warm_update_store } },
	};
	struct node *dir = node_dir(g->vf->dir, "nvidia");

	for (size_t i = 0; i < sizeof(attrs) / sizeof(*attrs); i++)
		node_attr(dir, attrs[i].name, attrs[i].ops.store ? 0644 : 0444, &attrs[i].ops, g);
	g->vfio = vfio_add(g->vf->name, g->vf->dir);
}

/* A change under way comes to its end first. */
void vgpu_unplug(struct vgpu *g)
{
	lock(g);
	node_remove_child(g->vf->dir, "nvidia");
	vfio_remove(g->vfio, g->vf->name, g->vf->dir);
	g->vfio = NULL;
	release(g);
	unlock(g);
}

void vgpu_free(struct vgpu *g)
{
	if (g)
		free(g->params);
	free(g);
}
