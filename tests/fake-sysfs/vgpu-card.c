// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the vGPUs of one NVIDIA GPU share: its types and how they are listed, its framebuffer, its
 * GPU instances, and the lock without which the driver does not let go of it.  Knows nothing of how
 * a VF gets or loses its vGPU.
 */
#include "fake.h"

#include <stdlib.h>

/* How creatable_vgpu_types looks; all of them have been seen on real hosts. */
enum form { FORM_HEADER, FORM_HEADER_OR_EMPTY, FORM_ROWS, FORM_NAME_ID, N_FORMS };
static const char *const form_names[N_FORMS] = { "header", "header-or-empty", "rows", "name-id" };

const struct vgpu_type *card_type(const struct vgpu_card *card, unsigned long id)
{
	for (size_t i = 0; i < card->n_types; i++)
		if (card->types[i].id == id)
			return &card->types[i];
	return NULL;
}

/* The VF's vGPU from the moment its room is taken, or NULL. */
static const struct vgpu *vgpu_of_vf(const struct vgpu_card *card, long i)
{
	const struct vgpu *g = card->pf->sriov->vfs[i]->vgpu;

	return g->type ? g : NULL;
}

bool card_in_use(const struct vgpu_card *card)
{
	const struct sriov *s = card->pf->sriov;

	for (long i = 0; i < s->numvfs; i++) {
		const struct vgpu *g = vgpu_of_vf(card, i);

		if (g && g->vfio->busy)
			return true;
	}
	return false;
}

/* One that is free; if there is none at all, NULL. */
struct gpu_instance *card_instance(const struct vgpu_card *card, const char *profile)
{
	struct gpu_instance *found = NULL;

	for (size_t i = 0; i < card->n_instances; i++) {
		if (!streq(card->instances[i].profile, profile))
			continue;
		found = &card->instances[i];
		if (!found->user)
			break;
	}
	return found;
}

static int check_mig(const struct vgpu_card *card, const struct vgpu_type *t)
{
	const struct gpu_instance *instance = card_instance(card, t->profile);

	if (!instance)
		return -EIO;
	return instance->user ? -ENOSPC : 0;
}

/* What a create of this type on an empty VF would say. */
int card_check(const struct vgpu_card *card, const struct vgpu_type *t)
{
	const struct sriov *s = card->pf->sriov;
	long used = 0, same = 0;

	if (card->unmanaged)
		return -EIO;
	if (!!t->profile != card->mig)
		return -card->errno_unknown;
	if (card->mig && check_mig(card, t) == -EIO)
		return -EIO;
	for (long i = 0; i < s->numvfs; i++) {
		const struct vgpu *g = vgpu_of_vf(card, i);

		if (!g)
			continue;
		if (!card->mig && card->equal_size && g->type->framebuffer != t->framebuffer)
			return -EINVAL;
		used += g->type->framebuffer;
		same += g->type->framebuffer == t->framebuffer;
	}
	if (card->full)
		return -ENOSPC;
	if (card->mig)
		return check_mig(card, t);
	if (used + t->framebuffer > card->framebuffer || (t->max >= 0 && same >= t->max))
		return -ENOSPC;
	return 0;
}

/* If @mig_listed, only a create says EIO of what needs a GPU instance that is not there. */
static bool listed(const struct vgpu_card *card, const struct vgpu_type *t)
{
	int r = card_check(card, t);

	return !r || (r == -EIO && card->mig_listed && !card->full && !card->unmanaged);
}

/* @none: nothing can be created on this VF, whatever the card has left. */
void card_show_creatable(const struct vgpu_card *card, FILE *out, bool none)
{
	bool header = card->form == FORM_HEADER || card->form == FORM_HEADER_OR_EMPTY;
	size_t rows = 0;

	for (size_t i = 0; !none && i < card->n_types; i++) {
		const struct vgpu_type *t = &card->types[i];

		if (!listed(card, t))
			continue;
		if (!rows++ && header)
			fputs("ID    : vGPU Name\n", out);
		if (card->form == FORM_NAME_ID)
			fprintf(out, "%s %lu\n", t->name, t->id);
		else
			fprintf(out, "%-6lu: %s\n", t->id, t->name);
	}
	if (!rows && card->form == FORM_HEADER)
		fputs("ID    : vGPU Name\n", out);
}

static int parse_bool(const char *value, bool *ret)
{
	if (!streq(value, "yes") && !streq(value, "no"))
		return -EINVAL;
	*ret = streq(value, "yes");
	return 0;
}

static int set_form(struct vgpu_card *card, const char *value)
{
	for (int i = 0; i < N_FORMS; i++) {
		if (streq(value, form_names[i])) {
			card->form = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_unknown(struct vgpu_card *card, const char *value)
{
	int err = errno_by_name(value);

	if (!err)
		return -EINVAL;
	card->errno_unknown = err;
	return 0;
}

static int parse_errnos(const char *value, bool *ret_patched)
{
	if (!streq(value, "released") && !streq(value, "patches"))
		return -EINVAL;
	*ret_patched = streq(value, "patches");
	return 0;
}

/* The names are those of the host file. */
int card_set(struct vgpu_card *card, const char *key, const char *value)
{
	if (streq(key, "full"))
		return parse_bool(value, &card->full);
	if (streq(key, "equal_size"))
		return parse_bool(value, &card->equal_size);
	if (streq(key, "unmanaged"))
		return parse_bool(value, &card->unmanaged);
	if (streq(key, "mig"))
		return parse_bool(value, &card->mig);
	if (streq(key, "mig_listed"))
		return parse_bool(value, &card->mig_listed);
	if (streq(key, "form"))
		return set_form(card, value);
	if (streq(key, "errnos"))
		return parse_errnos(value, &card->patched);
	if (streq(key, "unknown"))
		return set_unknown(card, value);
	return -EINVAL;
}

int card_set_instances(struct vgpu_card *card, char **profiles, size_t n)
{
	for (size_t i = 0; i < card->n_instances; i++)
		if (card->instances[i].user)
			return -EBUSY;
	for (size_t i = 0; i < card->n_instances; i++)
		free(card->instances[i].profile);
	free(card->instances);
	card->instances = xcalloc(n, sizeof(*card->instances));
	card->n_instances = n;
	for (size_t i = 0; i < n; i++)
		card->instances[i].profile = xstrdup(profiles[i]);
	return 0;
}

/* One more, beside those that are in use; a number that has become free is used again. */
void card_add_instance(struct vgpu_card *card, const char *profile)
{
	struct gpu_instance *more;
	size_t i = 0;

	while (i < card->n_instances && *card->instances[i].profile)
		i++;
	if (i < card->n_instances) {
		free(card->instances[i].profile);
		card->instances[i].profile = xstrdup(profile);
		return;
	}
	more = xcalloc(card->n_instances + 1, sizeof(*more));
	for (i = 0; i < card->n_instances; i++) {
		more[i] = card->instances[i];
		if (more[i].user)
			more[i].user->instance = &more[i];
	}
	more[card->n_instances++].profile = xstrdup(profile);
	free(card->instances);
	card->instances = more;
}

int card_remove_instance(struct vgpu_card *card, unsigned long id)
{
	struct gpu_instance *instance;

	if (!id || id > card->n_instances)
		return -ENOENT;
	instance = &card->instances[id - 1];
	if (!*instance->profile)
		return -ENOENT;
	if (instance->user)
		return -EBUSY;
	*instance->profile = '\0';
	return 0;
}

/* Enabling VFs ends heterogeneous mode and the GPU instances; MIG mode itself stays. */
void card_reset(struct vgpu_card *card)
{
	card->equal_size = true;
	card->full = false;
	card->locked = false;
	card_set_instances(card, NULL, 0);
}

static struct vgpu_card *card_of(const struct node *n)
{
	return (struct vgpu_card *)n->priv;
}

static int lock_show(struct node *n, FILE *out)
{
	fprintf(out, "%d\n", card_of(n)->locked);
	return 0;
}

/* The write succeeds in any case: who wants the lock reads whether it was to be had. */
static int lock_store(struct node *n, const char *buf, size_t len)
{
	struct vgpu_card *card = card_of(n);
	unsigned long value;

	if (kstrtoul(buf, len, &value) < 0 || value > 1)
		return -EINVAL;
	if (value && card->lock_refusals > 0)
		card->lock_refusals--;
	else
		card->locked = value && !card_in_use(card);
	return 0;
}

/* For a stand-in for nvidia-smi; no file of a real kernel. */
static int card_show(struct node *n, FILE *out)
{
	const struct vgpu_card *card = card_of(n);

	fprintf(out, "mig %s\nequal_size %s\n", card->mig ? "yes" : "no",
		card->equal_size ? "yes" : "no");
	for (size_t i = 0; i < card->n_instances; i++) {
		const struct gpu_instance *instance = &card->instances[i];

		if (*instance->profile)
			fprintf(out, "instance %zu %s %s\n", i + 1, instance->profile,
				instance->user ? instance->user->vf->name : "-");
	}
	for (long i = 0; i < card->pf->sriov->numvfs; i++) {
		const struct vgpu *g = vgpu_of_vf(card, i);

		if (g)
			fprintf(out, "vgpu %s %lu\n", g->vf->name, g->type->id);
	}
	for (size_t i = 0; i < card->n_types; i++) {
		const struct vgpu_type *t = &card->types[i];

		fprintf(out, "type %lu %ld %s %s\n", t->id, t->framebuffer,
			t->profile ? t->profile : "-", t->name);
	}
	return 0;
}

/* The lock on a real host: /proc/driver/nvidia/gpus/PF/unbindLock. */
void card_plug(struct vgpu_card *card)
{
	static const struct attr_ops lock = { .show = lock_show, .store = lock_store };
	static const struct attr_ops state = { .show = card_show, .unlimited = true };

	node_attr(node_mkpath(sim.root, "fake/unbindLock"), card->pf->name, 0644, &lock, card);
	node_attr(node_mkpath(sim.root, "fake/card"), card->pf->name, 0444, &state, card);
}

void card_free(struct vgpu_card *card)
{
	for (size_t i = 0; i < card->n_types; i++) {
		free(card->types[i].name);
		free(card->types[i].profile);
	}
	for (size_t i = 0; i < card->n_instances; i++)
		free(card->instances[i].profile);
	free(card->types);
	free(card->instances);
	free(card);
}
