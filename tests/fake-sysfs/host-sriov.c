// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The part of a host file about virtual functions and NVIDIA's vGPUs on them: the keys "sriov" and
 * "vgpu" of a parent (README.md).
 */
#include "fake.h"
#include "host.h"

#include <stdlib.h>

/* A VF is read as any other parent, in the place and under the name that its PF gives it. */
static struct parent *load_vf(const struct parent *pf, long i, const json_t *vf,
			      const struct at *at, const json_t *sets)
{
	json_t *obj = vf ? json_deep_copy(vf) : json_object();
	char *name = sriov_vf_name(pf, i);
	struct parent *p;

	if (!name)
		js_bad(at, "%s is no PCI address", pf->name);
	json_object_set_new(obj, "name", json_string(name));
	json_object_set_new(obj, "path", json_string(pf->path));
	if (pf->subsystem && !json_object_get(obj, "subsystem"))
		json_object_set_new(obj, "subsystem", json_string(pf->subsystem));
	p = host_parent(obj, at, sets, (struct parent *)pf);
	json_decref(obj);
	free(name);
	return p;
}

static struct sriov *load_numbers(const json_t *obj, const struct at *at)
{
	struct sriov *s = xcalloc(1, sizeof(*s));

	js_keys(obj, at, " total offset stride numvfs refuse keeps xe vf ");
	s->total = js_int(obj, at, "total", 0);
	s->offset = js_int(obj, at, "offset", 1);
	s->stride = js_int(obj, at, "stride", 1);
	s->errno_refuse = js_errno(obj, at, "refuse", 0);
	s->keeps = js_bool(obj, at, "keeps", false);
	s->autoprobe = true;
	if (s->total < 1 || s->total > 256)
		js_bad(at, "\"total\" is 1 to 256");
	if (s->offset < 1 || s->stride < 1)
		js_bad(at, "\"offset\" and \"stride\" are 1 or more");
	s->vfs = xcalloc(s->total, sizeof(struct parent *));
	return s;
}

static struct xe *load_xe(struct parent *pf, const json_t *sriov, const struct at *at)
{
	json_t *obj = js_object(sriov, at, "xe");
	struct xe_model model;

	at = AT_KEY(at, "xe");
	if (!obj)
		return NULL;
	js_keys(obj, at, " vram unit quantum_max scheduling fixed_priority ");
	model = (struct xe_model) {
		.vram = js_int(obj, at, "vram", 0),
		.unit = js_int(obj, at, "unit", 1 << 21),
		.quantum_max = js_int(obj, at, "quantum_max", 60000),
		.no_scheduling = !js_bool(obj, at, "scheduling", true),
		.fixed_priority = js_bool(obj, at, "fixed_priority", false),
	};
	return xe_new(pf, &model);
}

static void load_type(struct vgpu_type *t, const json_t *obj, const struct at *at)
{
	js_keys(obj, at, " id name framebuffer max gpu_instance ");
	t->id = js_int(obj, at, "id", 0);
	t->name = js_need(obj, at, "name");
	t->framebuffer = js_int(obj, at, "framebuffer", 1);
	t->max = js_int(obj, at, "max", -1);
	t->profile = js_text(obj, at, "gpu_instance", NULL);
	if (!t->id)
		js_bad(at, "\"id\" is missing, or 0");
}

static void load_types(struct vgpu_card *card, const json_t *obj, const struct at *at)
{
	json_t *list = js_array(obj, at, "types"), *v;
	size_t i;

	at = AT_KEY(at, "types");
	card->types = xcalloc(json_array_size(list), sizeof(*card->types));
	json_array_foreach (list, i, v) {
		load_type(&card->types[i], v, AT_INDEX(at, i));
		if (card_type(card, card->types[i].id))
			js_bad(AT_INDEX(at, i), "a second type %lu", card->types[i].id);
		card->n_types++;
	}
}

/* Of a card as it is before anybody enables VFs. */
static struct vgpu_card *load_card(struct parent *pf, const json_t *obj, const struct at *at)
{
	struct vgpu_card *card = xcalloc(1, sizeof(*card));
	char *form;

	js_keys(obj, at,
		" types framebuffer form unmanaged errnos unknown params_max mig mig_listed equal_size"
		" full gpu_instances running ");
	card->pf = pf;
	card->framebuffer = js_int(obj, at, "framebuffer", 1);
	card->errno_unknown = js_errno(obj, at, "unknown", EINVAL);
	card->params_max = js_int(obj, at, "params_max", 1024);
	card->mig = js_bool(obj, at, "mig", false);
	card->mig_listed = js_bool(obj, at, "mig_listed", false);
	card->unmanaged = js_bool(obj, at, "unmanaged", false);
	load_types(card, obj, at);
	form = js_text(obj, at, "errnos", "released");
	if (card_set(card, "errnos", form) < 0)
		js_bad(AT_KEY(at, "errnos"), "unknown errnos \"%s\"", form);
	free(form);
	form = js_text(obj, at, "form", "header");
	if (card_set(card, "form", form) < 0)
		js_bad(AT_KEY(at, "form"), "unknown form \"%s\"", form);
	free(form);
	for (long i = 0; i < pf->sriov->total; i++) {
		struct vgpu *g = xcalloc(1, sizeof(*g));

		g->vf = pf->sriov->vfs[i];
		g->card = card;
		g->vf->vgpu = g;
	}
	return card;
}

static void load_instances(struct vgpu_card *card, const json_t *obj, const struct at *at)
{
	json_t *list = js_array(obj, at, "gpu_instances"), *v;
	char **profiles = xcalloc(json_array_size(list), sizeof(char *));
	size_t i;

	json_array_foreach (list, i, v) {
		if (!json_is_string(v))
			js_bad(AT_INDEX(AT_KEY(at, "gpu_instances"), i), "expected a profile");
		profiles[i] = (char *)json_string_value(v);
	}
	card_set_instances(card, profiles, json_array_size(list));
	free(profiles);
}

/* What has been done since the VFs were enabled. */
static void load_state(struct vgpu_card *card, const json_t *obj, const struct at *at)
{
	json_t *list = js_array(obj, at, "running"), *v;
	char number[16];
	size_t i;

	card->equal_size = js_bool(obj, at, "equal_size", true);
	load_instances(card, obj, at);
	json_array_foreach (list, i, v) {
		const struct at *here = AT_INDEX(AT_KEY(at, "running"), i);
		long id = json_is_integer(v) ? (long)json_integer_value(v) : -1;
		int r = 0;

		if (id < 0 || (long)i >= card->pf->sriov->numvfs)
			js_bad(here, "expected the ids of types, one for each enabled VF");
		if (id)
			r = vgpu_set(card->pf->sriov->vfs[i]->vgpu, id);
		if (r < 0)
			js_bad(here, "cannot create vGPU %ld: %s", id, errno_name(-r, number));
	}
	card->full = js_bool(obj, at, "full", false);
}

void host_sriov(struct parent *pf, const json_t *obj, const struct at *at, const json_t *sets)
{
	json_t *sriov = js_object(obj, at, "sriov"), *vgpu = js_object(obj, at, "vgpu"), *vf;
	const struct at *here = AT_KEY(at, "sriov");
	long numvfs;

	if (!sriov && vgpu)
		js_bad(AT_KEY(at, "vgpu"), "a card without \"sriov\" has no VFs for vGPUs");
	if (!sriov)
		return;
	if (pf->vanishes)
		js_bad(here, "a PCI card does not vanish");
	pf->sriov = load_numbers(sriov, here);
	numvfs = js_int(sriov, here, "numvfs", 0);
	vf = js_object(sriov, here, "vf");
	if (vf)
		js_keys(vf, AT_KEY(here, "vf"),
			" subsystem driver attrs units pool exclusive full max_devices types "
			"mdev ");
	for (long i = 0; i < pf->sriov->total; i++)
		pf->sriov->vfs[i] = load_vf(pf, i, vf, AT_KEY(here, "vf"), sets);
	if (vgpu)
		pf->sriov->card = load_card(pf, vgpu, AT_KEY(at, "vgpu"));
	pf->sriov->xe = load_xe(pf, sriov, here);
	sriov_plug(pf);
	if (sriov_set(pf, numvfs) < 0)
		js_bad(AT_KEY(here, "numvfs"), "there are at most %ld", pf->sriov->total);
	if (vgpu)
		load_state(pf->sriov->card, vgpu, AT_KEY(at, "vgpu"));
}
