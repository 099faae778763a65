// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sriov_admin/ of a physical function of Intel's driver xe (Documentation/ABI/testing/
 * sysfs-driver-intel-xe-sriov): how the card's time and memory are divided among it and its VFs.
 */
#include "fake.h"

#include <stdlib.h>

enum field { QUANTUM, TIMEOUT, PRIORITY, VRAM, STOP };

static const struct {
	const char *name;
	bool of_vfs; /* only */
} fields[] = {
	[QUANTUM] = { "exec_quantum_ms", false },
	[TIMEOUT] = { "preempt_timeout_us", false },
	[PRIORITY] = { "sched_priority", false },
	[VRAM] = { "vram_quota", true },
};

static const char *const priorities[] = { "low", "normal", "high" };

struct profile {
	unsigned long value[STOP];
};

/* What an attribute is about; index -1: all. */
struct xe_attr {
	struct xe *xe;
	long index;
	enum field field;
};

struct xe {
	struct parent *pf;
	struct xe_model model;
	struct profile *profiles; /* of the PF, then of each VF */
	struct xe_attr *attrs;
	size_t n_attrs;
	bool provisioned; /* by hand: not by itself, when VFs are enabled */
};

struct xe *xe_new(struct parent *pf, const struct xe_model *model)
{
	struct xe *xe = xcalloc(1, sizeof(*xe));

	xe->pf = pf;
	xe->model = *model;
	xe->profiles = xcalloc(pf->sriov->total + 1, sizeof(*xe->profiles));
	xe->attrs = xcalloc((pf->sriov->total + 2) * 5, sizeof(*xe->attrs));
	return xe;
}

static int show(struct node *n, FILE *out)
{
	const struct xe_attr *a = n->priv;
	unsigned long value = a->xe->profiles[a->index].value[a->field];

	if (a->field != PRIORITY) {
		fprintf(out, "%lu\n", value);
		return 0;
	}
	for (size_t i = 0; i < 3; i++)
		fprintf(out, i == value ? "%s[%s]" : "%s%s", i ? " " : "", priorities[i]);
	fputc('\n', out);
	return 0;
}

static unsigned long quotas_but(const struct xe *xe, long index)
{
	unsigned long sum = 0;

	for (long i = 1; i <= xe->pf->sriov->total; i++)
		if (i != index)
			sum += xe->profiles[i].value[VRAM];
	return sum;
}

/* Of one VF, or of all. */
static int set_vram(struct xe *xe, long index, unsigned long value)
{
	long total = xe->pf->sriov->total;
	unsigned long all;

	value = (value + xe->model.unit - 1) / xe->model.unit * xe->model.unit;
	all = index < 0 ? value * total : value + quotas_but(xe, index);
	if (index < 0 ? xe->pf->sriov->numvfs : index <= xe->pf->sriov->numvfs)
		return -EBUSY;
	if (all > xe->model.vram)
		return -EIO;
	for (long i = 1; i <= total; i++)
		if (index < 0 || i == index)
			xe->profiles[i].value[VRAM] = value;
	xe->provisioned = true;
	return 0;
}

static int parse(const struct xe *xe, enum field field, const char *buf, size_t len, unsigned long *ret_value)
{
	size_t length = len && buf[len - 1] == '\n' ? len - 1 : len;

	if (field != PRIORITY && kstrtoul(buf, len, ret_value) < 0)
		return -EINVAL;
	if (field != PRIORITY)
		return field == QUANTUM && *ret_value > xe->model.quantum_max ? -EIO : 0;
	for (size_t i = 0; i < 3; i++) {
		if (strlen(priorities[i]) == length && strncmp(priorities[i], buf, length) == 0) {
			*ret_value = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int store(struct node *n, const char *buf, size_t len)
{
	const struct xe_attr *a = n->priv;
	struct xe *xe = a->xe;
	unsigned long value = 0;
	int r;

	if (a->field != VRAM && xe->model.no_scheduling)
		return -EPERM;
	r = parse(xe, a->field, buf, len, &value);
	if (r < 0)
		return r;
	if (a->field == VRAM)
		return set_vram(xe, a->index, value);
	for (long i = 0; i <= xe->pf->sriov->total; i++)
		if (a->index < 0 || i == a->index)
			xe->profiles[i].value[a->field] = value;
	return 0;
}

/* A bool; of a VF that is there. */
static int stop_store(struct node *n, const char *buf, size_t len)
{
	const struct xe_attr *a = n->priv;

	if (!len || !strchr("01yYnN", *buf))
		return -EINVAL;
	return a->index <= a->xe->pf->sriov->numvfs ? 0 : -EIO;
}

static void add(struct xe *xe, struct node *dir, const char *name, long index, enum field field)
{
	static const struct attr_ops ops = { .show = show, .store = store }, all_ops = { .store = store };
	static const struct attr_ops stop_ops = { .store = stop_store };
	struct xe_attr *a = &xe->attrs[xe->n_attrs++];
	bool fixed = field == PRIORITY && xe->model.fixed_priority;

	*a = (struct xe_attr) { xe, index, field };
	if (field == STOP)
		node_attr(dir, name, 0200, &stop_ops, a);
	else if (index < 0)
		node_attr(dir, name, 0200, &all_ops, a);
	else
		node_attr(dir, name, fixed ? 0444 : 0644, &ops, a);
}

static void add_profile(struct xe *xe, struct node *dir, long index)
{
	for (enum field f = QUANTUM; f <= VRAM; f++) {
		if (f == VRAM && !xe->model.vram)
			continue;
		if (index < 0 ? !(f == PRIORITY && xe->model.fixed_priority) : index > 0 || !fields[f].of_vfs)
			add(xe, dir, fields[f].name, index, f);
	}
}

void xe_plug(struct xe *xe)
{
	struct node *admin = node_dir(xe->pf->dir, "sriov_admin"), *dir = node_dir(admin, "pf");

	add_profile(xe, node_dir(admin, ".bulk_profile"), -1);
	add_profile(xe, node_dir(dir, "profile"), 0);
	node_link_to(dir, "device", xe->pf->dir);
	for (long i = 1; i <= xe->pf->sriov->total; i++) {
		char name[32];

		snprintf(name, sizeof(name), "vf%ld", i);
		dir = node_dir(admin, name);
		add_profile(xe, node_dir(dir, "profile"), i);
		add(xe, dir, "stop", i, STOP);
	}
}

static struct node *vf_dir(const struct xe *xe, long i)
{
	char path[64];

	snprintf(path, sizeof(path), "sriov_admin/vf%ld", i);
	return node_mkpath(xe->pf->dir, path);
}

/* What nobody has provisioned the driver does, in equal parts. */
void xe_enabled(struct xe *xe)
{
	const struct sriov *s = xe->pf->sriov;

	for (long i = 1; i <= s->numvfs; i++) {
		if (!xe->provisioned)
			xe->profiles[i].value[VRAM] = xe->model.vram / s->numvfs / xe->model.unit * xe->model.unit;
		node_link_to(vf_dir(xe, i), "device", s->vfs[i - 1]->dir);
	}
}

void xe_disabled(struct xe *xe)
{
	for (long i = 0; i <= xe->pf->sriov->total; i++)
		xe->profiles[i] = (struct profile) { { 0 } };
	for (long i = 1; i <= xe->pf->sriov->total; i++)
		node_remove_child(vf_dir(xe, i), "device");
	xe->provisioned = false;
}

void xe_free(struct xe *xe)
{
	free(xe->profiles);
	free(xe->attrs);
	free(xe);
}
