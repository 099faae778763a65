/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vGPUs on virtual functions of NVIDIA GPUs.  Knows nothing of definitions
 * and prints nothing.
 *
 * A VF's directory nvidia/ has creatable_vgpu_types, what it could become
 * now, and current_vgpu_type, the number of what it is, or 0.  The first is
 * empty once the VF holds a vGPU or the GPU is full.  A write of a number
 * creates, of 0 removes; one number over another is refused.
 */
#include "hardware/nvidia.h"
#include "hardware/attr.h"
#include "hardware/sriov.h"
#include "hardware/vgpu-type.h"
#include "lib/lock.h"

#include <fcntl.h>
#include <limits.h>

#define DRIVER "sys/bus/pci/drivers/nvidia"
#define DEVICES "sys/bus/pci/devices"
#define CURRENT "nvidia/current_vgpu_type"

/* How long another mdevctl's change of the same VF is waited for. */
#define CHANGE_MS 10000

int nvidia_look(const struct host *h)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH | O_DIRECTORY, DRIVER);

	return fd < 0 ? fd : 0;
}

/* What has no nvidia/ is found out by the same call. */
static int open_vf(const struct host *h, const char *vf)
{
	return host_openf(h, O_RDONLY | O_DIRECTORY, DEVICES "/%s/nvidia/..", vf);
}

int nvidia_open_device(const struct host *h, const struct mdev *m)
{
	return open_vf(h, m->parent);
}

/* What has no colon is no PCI address, and costs nothing. */
bool nvidia_has_parent(const struct host *h, const char *parent)
{
	_cleanup_close_ int fd = -1;

	if (strchr(parent, ':'))
		fd = host_openf(h, O_PATH, DEVICES "/%s/" VGPU_CREATABLE, parent);
	return fd >= 0;
}

/* Adds the PCI functions that the driver has, and that have this file. */
static int list_functions(const struct host *h, const char *file, struct strv *names)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int r;

	r = host_opendirf(h, &dir, DRIVER);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((e = dir_next(dir))) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", e->d_name, file);
		if (strchr(e->d_name, ':') && !name_problem(e->d_name) &&
		    faccessat(dirfd(dir), path, F_OK, 0) == 0)
			strv_add(names, xstrdup(e->d_name));
	}
	return -errno;
}

int nvidia_list_parents(const struct host *h, struct strv *parents)
{
	return list_functions(h, VGPU_CREATABLE, parents);
}

void nvidia_list_idle(const struct host *h, struct strv *gpus)
{
	_cleanup_(strv_done) struct strv able = {};

	list_functions(h, "sriov_totalvfs", &able);
	for (size_t i = 0; i < able.n; i++) {
		struct sriov s;

		if (sriov_look(h, able.s[i], &s) == 0 && !s.enabled)
			strv_add(gpus, xstrdup(able.s[i]));
	}
	strv_sort(gpus);
}

/* The number of what the VF holds; -ENOENT: nothing. */
static int read_held(int vf, unsigned long *ret_id)
{
	int r = attr_read_number(vf, CURRENT, ret_id);

	return r == 0 && !*ret_id ? -ENOENT : r;
}

static int read_current(int vf, const char *parent, struct mdev *ret_mdev)
{
	_cleanup_free_ char *type = NULL;
	unsigned long id;
	int r;

	r = read_held(vf, &id);
	if (r < 0)
		return r;
	type = vgpu_type_name(id);
	*ret_mdev = (struct mdev){
		.parent = str_intern(parent),
		.type = str_intern(type),
		.active = true,
		.is_pci = true,
	};
	return 0;
}

int nvidia_find(const struct host *h, const char *parent, struct mdev *ret_mdev)
{
	_cleanup_close_ int vf = -1;

	if (!strchr(parent, ':'))
		return -ENOENT;
	vf = open_vf(h, parent);
	return vf < 0 ? vf : read_current(vf, parent, ret_mdev);
}

static int list_vfs(const struct host *h, const char *parent, struct strv *vfs)
{
	if (!parent)
		return nvidia_list_parents(h, vfs);
	strv_add(vfs, xstrdup(parent));
	return 0;
}

int nvidia_list(const struct host *h, const char *parent, struct mdev_list *list)
{
	_cleanup_(strv_done) struct strv vfs = {};
	int r = list_vfs(h, parent, &vfs);

	for (size_t i = 0; i < vfs.n; i++) {
		_cleanup_(mdev_done) struct mdev m = {};

		if (nvidia_find(h, vfs.s[i], &m) == 0)
			mdev_list_take(list, &m);
	}
	return r;
}

static int list_types_of(const struct host *h, const char *parent, struct mdev_type_list *list)
{
	_cleanup_close_ int vf = open_vf(h, parent);
	size_t from = list->n;
	unsigned long id;
	int r;

	r = vf < 0 ? vf : attr_read_number(vf, CURRENT, &id);
	if (r == 0)
		r = vgpu_types_read(vf, parent, !id, list);
	if (r == 0 && id)
		vgpu_type_add(list, from, parent, id, NULL, false);
	return r;
}

static const char *name_of(const struct mdev_type_list *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->t[i].name && str_eq(list->t[i].id, id))
			return list->t[i].name;
	return NULL;
}

/* What a VF holds is not in its own list, but may be in another's. */
static void name_held(struct mdev_type_list *list, const struct mdev_type_list *others)
{
	for (size_t i = 0; i < list->n; i++) {
		struct mdev_type *t = &list->t[i];
		const char *name = t->name || t->available ? NULL : name_of(others, t->id);

		if (name)
			t->name = xstrdup(name);
	}
}

static void list_types_of_all(const struct host *h, const struct strv *vfs,
			      struct mdev_type_list *list)
{
	for (size_t i = 0; i < vfs->n; i++)
		list_types_of(h, vfs->s[i], list);
}

static bool is_unnamed(const struct mdev_type_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!list->t[i].name && !list->t[i].available)
			return true;
	return false;
}

int nvidia_list_types(const struct host *h, const char *parent, struct mdev_type_list *list)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list found = {}, others = {};
	_cleanup_(strv_done) struct strv vfs = {}, siblings = {};
	int r;

	if (parent && !strchr(parent, ':'))
		return 0;
	r = list_vfs(h, parent, &vfs);
	list_types_of_all(h, &vfs, &found);
	if (parent && is_unnamed(&found)) {
		nvidia_list_parents(h, &siblings);
		list_types_of_all(h, &siblings, &others);
	}
	name_held(&found, parent ? &others : &found);
	for (size_t i = 0; i < found.n; i++)
		mdev_type_list_take(list, &found.t[i]);
	found.n = 0;
	return r;
}

bool nvidia_has_type(const struct host *h, const char *parent, const char *type)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};

	list_types_of(h, parent, &types);
	return vgpu_type_is_in(&types, 0, type);
}

/* Whether both are VFs of one GPU. */
static bool are_siblings(const struct host *h, const char *a, const char *b)
{
	_cleanup_close_ int fd_a = open_vf(h, a), fd_b = open_vf(h, b);
	_cleanup_free_ char *gpu_a = NULL, *gpu_b = NULL;

	return fd_a >= 0 && fd_b >= 0 && link_basename(fd_a, "physfn", &gpu_a) == 0 &&
	       link_basename(fd_b, "physfn", &gpu_b) == 0 && str_eq(gpu_a, gpu_b);
}

int nvidia_list_neighbours(const struct host *h, const char *parent, struct mdev_list *list)
{
	_cleanup_(mdev_list_done) struct mdev_list held = {};
	int r = nvidia_list(h, NULL, &held);

	for (size_t i = 0; i < held.n; i++)
		if (are_siblings(h, parent, held.m[i].parent))
			mdev_list_take(list, &held.m[i]);
	return r;
}

bool nvidia_is_ready(const struct host *h, const char *parent)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	_cleanup_(mdev_list_done) struct mdev_list held = {};

	list_types_of(h, parent, &types);
	if (!types.n)
		nvidia_list_neighbours(h, parent, &held);
	return types.n || held.n;
}

int nvidia_open_parent(const struct host *h, const char *parent)
{
	return open_vf(h, parent);
}

/* Keeps other mdevctls from changing this VF between our looking at it and our
 * write; for a while, as where a directory is locked anybody could. */
static int lock_change(const struct host *h, const char *parent, int vf)
{
	_cleanup_close_ int dir = openat(vf, "nvidia", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *name = xasprintf("vgpu-%s", parent);
	int lock = dir < 0 ? -errno : lock_take(h, name, dir, CHANGE_MS);

	if (lock < 0)
		debug("going on without a lock of nvidia/: %s", strerror(-lock));
	return lock;
}

bool nvidia_may_change(const struct host *h, const struct mdev *m)
{
	_cleanup_close_ int fd = host_openf(h, O_WRONLY, DEVICES "/%s/" CURRENT, m->parent);

	return fd != -EACCES && fd != -EPERM;
}

static int store_current(int vf, unsigned long id)
{
	_cleanup_close_ int fd = openat(vf, CURRENT, O_WRONLY | O_CLOEXEC);
	_cleanup_free_ char *text = xasprintf("%lu", id);

	return fd < 0 ? -errno : write_store(fd, text, strlen(text));
}

/* Whether the VF could become that at this moment. */
static int check_creatable(int vf, const char *parent, const char *type)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	int r = vgpu_types_read(vf, parent, true, &types);

	return r < 0 ? r : vgpu_type_is_in(&types, 0, type) ? 0 : -ENOENT;
}

static int remove_locked(int vf, const char *type)
{
	unsigned long id;
	int r = read_held(vf, &id);

	if (r < 0)
		return r;
	if (id != vgpu_type_id(type))
		return -ESTALE;
	r = store_current(vf, 0);
	/* The released driver's word for: a virtual machine has it open. */
	return r == -EPERM && read_held(vf, &id) == 0 ? -EBUSY : r;
}

int nvidia_create(const struct host *h, const struct mdev *m)
{
	_cleanup_close_ int vf = open_vf(h, m->parent), lock = -1;
	unsigned long id = vgpu_type_id(m->type), now;
	int r;

	if (vf < 0)
		return vf;
	lock = lock_change(h, m->parent, vf);
	r = lock == -ENOENT ? lock : attr_read_number(vf, CURRENT, &now);
	if (r < 0)
		return r;
	if (now)
		return -EEXIST;
	r = check_creatable(vf, m->parent, m->type);
	if (r == 0)
		r = store_current(vf, id);
	/* Others than mdevctl take no lock. */
	if (r == -EPERM && read_held(vf, &now) == 0)
		return -EEXIST;
	if (r < 0)
		return r;
	r = attr_read_number(vf, CURRENT, &now);
	if (r == 0 && now == id)
		return 0;
	/* It cannot be relied upon; what others put there is left. */
	remove_locked(vf, m->type);
	return r < 0 ? r : -EREMOTEIO;
}

bool nvidia_is_gone(int vf)
{
	return faccessat(vf, CURRENT, F_OK, 0) < 0 && errno == ENOENT;
}

bool nvidia_is_params(const char *name)
{
	return str_eq(name, "nvidia/vgpu_params");
}

int nvidia_set_attr(int vf, const char *name, const char *value, bool *ret_written)
{
	static const char prefix[] = "nvidia/";
	_cleanup_close_ int dir = openat(vf, "nvidia", O_PATH | O_DIRECTORY | O_CLOEXEC);

	*ret_written = false;
	if (dir < 0)
		return -errno;
	if (strncmp(name, prefix, strlen(prefix)) == 0)
		name += strlen(prefix);
	if (str_eq(name, "current_vgpu_type"))
		return -EXDEV;
	if (str_eq(name, "vgpu_params"))
		return attr_write_line(dir, name, value, ret_written);
	return attr_write(dir, name, value, ret_written);
}

int nvidia_remove_at(const struct host *h, int vf, const struct mdev *m)
{
	_cleanup_close_ int lock = lock_change(h, m->parent, vf);

	return lock == -ENOENT ? lock : remove_locked(vf, m->type);
}
