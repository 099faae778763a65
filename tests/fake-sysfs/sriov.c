// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Single-root I/O virtualization (drivers/pci/iov.c): a physical function (PF) whose virtual
 * functions (VFs) are in the tree while they are enabled.  A VF is a struct parent for the whole
 * time; whether it offers types to the mdev core or has a vGPU of NVIDIA's own framework is not
 * decided here.
 */
#include "fake.h"

#include <stdlib.h>

/* Domain, bus, device and function. */
static bool parse_address(const char *name, unsigned long ret_part[4])
{
	static const char after[] = { ':', ':', '.', '\0' };

	for (int i = 0; i < 4; i++) {
		char *end;

		ret_part[i] = strtoul(name, &end, 16);
		if (end == name || *end != after[i])
			return false;
		name = end + 1;
	}
	return true;
}

/* From the PF's own number on, and over the end of its bus. */
char *sriov_vf_name(const struct parent *pf, long i)
{
	unsigned long part[4], n;

	if (!parse_address(pf->name, part))
		return NULL;
	n = (part[1] << 8 | part[2] << 3 | part[3]) + pf->sriov->offset + pf->sriov->stride * i;
	return xprintf("%04lx:%02lx:%02lx.%lx", part[0], n >> 8, n >> 3 & 0x1f, n & 7);
}

static void link_vf(struct parent *pf, long i)
{
	char *name = xprintf("virtfn%ld", i);

	node_link_to(pf->dir, name, pf->sriov->vfs[i]->dir);
	node_link_to(pf->sriov->vfs[i]->dir, "physfn", pf->dir);
	free(name);
}

static void unlink_vf(struct parent *pf, long i)
{
	char *name = xprintf("virtfn%ld", i);

	node_remove_child(pf->dir, name);
	node_remove_child(pf->sriov->vfs[i]->dir, "physfn");
	free(name);
}

static void enable(struct parent *pf, long n)
{
	struct sriov *s = pf->sriov;

	if (s->card)
		card_reset(s->card);
	for (long i = 0; i < n; i++) {
		struct parent *vf = s->vfs[i];

		parent_plug(vf);
		vf_plug(vf);
		link_vf(pf, i);
		if (vf->driver && !vf->bound)
			continue;
		if (vf->vgpu)
			vgpu_plug(vf->vgpu);
		else if (vf->n_types)
			parent_register(vf);
	}
	s->numvfs = n;
	if (s->xe)
		xe_enabled(s->xe);
}

/* sriov_del_vfs: in order; a driver's remove waits for who uses the VF. */
static void disable(struct parent *pf)
{
	struct sriov *s = pf->sriov;

	for (long i = 0; i < s->numvfs; i++) {
		unlink_vf(pf, i);
		if (s->vfs[i]->vgpu && s->vfs[i]->vgpu->vfio)
			vgpu_unplug(s->vfs[i]->vgpu);
		while (parent_unregister(s->vfs[i]) < 0 && s->vfs[i]->unregistering)
			sim_wait();
		vf_unplug(s->vfs[i]);
		parent_unplug(s->vfs[i]);
	}
	s->numvfs = 0;
	if (s->xe)
		xe_disabled(s->xe);
}

static void pf_lock(struct sriov *s)
{
	while (s->changing)
		sim_wait();
	s->changing = true;
}

static void pf_unlock(struct sriov *s)
{
	s->changing = false;
	sim_wake();
}

static int set_locked(struct parent *pf, long n)
{
	struct sriov *s = pf->sriov;

	if (n == s->numvfs)
		return 0;
	if (n && s->numvfs)
		return -EBUSY;
	if (s->card && card_in_use(s->card))
		return -EBUSY;
	if (n)
		enable(pf, n);
	else
		disable(pf);
	return 0;
}

/* The driver's own way, past sysfs: what sriov-manage ends in. */
int sriov_set(struct parent *pf, long n)
{
	int r;

	if (n > pf->sriov->total)
		return -ERANGE;
	pf_lock(pf->sriov);
	r = set_locked(pf, n);
	pf_unlock(pf->sriov);
	return r;
}

static void drop_users(struct parent *vf)
{
	struct mdev *m;

	if (vf->vgpu && vf->vgpu->vfio)
		vf->vgpu->vfio->busy = false;
	if (vf->group)
		vf->group->busy = false;
	for (m = LIST_FIRST(&vf->mdevs); m; m = LIST_NEXT(m, sibling)) {
		if (m->vfio)
			m->vfio->busy = false;
	}
}

/* The guests are gone, too, and with them all that keeps a VF. */
void sriov_reboot(struct parent *pf)
{
	struct sriov *s = pf->sriov;

	for (long i = 0; i < s->numvfs; i++)
		drop_users(s->vfs[i]);
	sim_wake();
	pf_lock(s);
	disable(pf);
	pf_unlock(s);
	if (s->card)
		card_reset(s->card);
}

static struct parent *pf_of(const struct node *n)
{
	return (struct parent *)n->priv;
}

static int numvfs_show(struct node *n, FILE *out)
{
	fprintf(out, "%ld\n", pf_of(n)->sriov->numvfs);
	return 0;
}

/* sriov_numvfs_store: in its order.  A driver without sriov_configure is found out late. */
static int numvfs_store(struct node *n, const char *buf, size_t len)
{
	struct parent *pf = pf_of(n);
	struct sriov *s = pf->sriov;
	unsigned long value;
	bool own = pf->driver && pf->bound && streq(pf->driver, pf->bound);
	bool able = own ? !s->errno_refuse : pf->bound && streq(pf->bound, "pci-pf-stub");
	int r = 0;

	if (kstrtoul(buf, len, &value) < 0 || value > UINT16_MAX)
		return -EINVAL;
	if ((long)value > s->total)
		return -ERANGE;
	pf_lock(s);
	if ((long)value != s->numvfs)
		r = able ? set_locked(pf, (long)value) : -(own ? s->errno_refuse : ENOENT);
	pf_unlock(s);
	return r;
}

static int autoprobe_show(struct node *n, FILE *out)
{
	fprintf(out, "%d\n", pf_of(n)->sriov->autoprobe);
	return 0;
}

/* kstrtobool(): the first letters count. */
static int autoprobe_store(struct node *n, const char *buf, size_t len)
{
	bool *autoprobe = &pf_of(n)->sriov->autoprobe;

	if (!len)
		return -EINVAL;
	if (strchr("1yYtT", *buf) || (len > 1 && strncasecmp(buf, "on", 2) == 0))
		*autoprobe = true;
	else if (strchr("0nNfF", *buf) || (len > 1 && strncasecmp(buf, "of", 2) == 0))
		*autoprobe = false;
	else
		return -EINVAL;
	return 0;
}

static void vf_device_attr(struct parent *pf)
{
	const struct attr_defs *attrs = &pf->sriov->vfs[0]->attrs;

	for (size_t i = 0; i < attrs->n; i++)
		if (streq(attrs->v[i].name, "device") && attrs->v[i].value && strlen(attrs->v[i].value) > 2)
			attr_text(pf->dir, "sriov_vf_device", 0444, attrs->v[i].value + 2);
}

static void number_attr(struct node *dir, const char *name, long value)
{
	char *text = xprintf("%ld", value);

	attr_text(dir, name, 0444, text);
	free(text);
}

void sriov_plug(struct parent *pf)
{
	static const struct attr_ops numvfs_ops = { .show = numvfs_show, .store = numvfs_store };
	static const struct attr_ops autoprobe_ops = { .show = autoprobe_show, .store = autoprobe_store };

	number_attr(pf->dir, "sriov_totalvfs", pf->sriov->total);
	number_attr(pf->dir, "sriov_offset", pf->sriov->offset);
	number_attr(pf->dir, "sriov_stride", pf->sriov->stride);
	function_plug(pf);
	vf_device_attr(pf);
	node_attr(pf->dir, "sriov_drivers_autoprobe", 0644, &autoprobe_ops, pf);
	node_attr(pf->dir, "sriov_numvfs", 0644, &numvfs_ops, pf);
	if (pf->sriov->card)
		card_plug(pf->sriov->card);
	pci_drivers_plug(pf);
	if (pf->sriov->xe)
		xe_plug(pf->sriov->xe);
}

void sriov_free(struct sriov *s)
{
	if (!s)
		return;
	if (s->card)
		card_free(s->card);
	if (s->xe)
		xe_free(s->xe);
	free(s->vfs);
	free(s);
}
