// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * VFIO below an mdev: its iommu group, its vfio-dev entry, and the group's node in fake/dev/vfio,
 * which has one opener at a time.  Knows nothing of types or parents.
 */
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* FUSE hears of a last close only just after close() has returned; so long an open waits for it. */
#define CLOSE_GRACE_MS 300

struct ida {
	unsigned char *used;
	int size, low; /* nothing is free below low */
};

static struct ida groups, indexes;

static int ida_get(struct ida *a)
{
	int i = a->low;

	while (i < a->size && a->used[i])
		i++;
	if (i == a->size) {
		unsigned char *more = xcalloc(a->size * 2 + 64, 1);

		if (a->used)
			memcpy(more, a->used, a->size);
		free(a->used);
		a->used = more;
		a->size = a->size * 2 + 64;
	}
	a->used[i] = 1;
	a->low = i + 1;
	return i;
}

static void ida_put(struct ida *a, int i)
{
	a->used[i] = 0;
	if (i < a->low)
		a->low = i;
	if (!memchr(a->used, 1, a->size)) {
		free(a->used);
		*a = (struct ida) { .used = NULL };
	}
}

static struct vfio *vfio_of(const struct node *n)
{
	return (struct vfio *)n->priv;
}

static long ms_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - t->tv_sec) * 1000 + (now.tv_nsec - t->tv_nsec) / 1000000;
}

static int group_open(struct node *n)
{
	struct vfio *v = vfio_of(n);

	while (!n->dead && v->busy && v->flushed.tv_sec && ms_since(&v->flushed) < CLOSE_GRACE_MS)
		sim_wait_ms(2);
	if (n->dead)
		return -ENODEV;
	if (v->busy)
		return -EBUSY;
	v->busy = true;
	v->flushed.tv_sec = 0;
	return 0;
}

/* close() of one of the opener's descriptors; there may be others. */
static void group_flush(struct node *n)
{
	if (!n->dead)
		clock_gettime(CLOCK_MONOTONIC, &vfio_of(n)->flushed);
}

static void group_close(struct node *n)
{
	if (n->dead)
		return;
	vfio_of(n)->busy = false;
	sim_wake();
}

static const struct attr_ops group_ops = {
	.open = group_open,
	.flush = group_flush,
	.close = group_close,
	.unlogged = true,
};

static struct node *group_nodes(void)
{
	static const struct attr_ops container_ops = { .unlogged = true };
	struct node *dir = node_mkpath(sim.root, "fake/dev/vfio");

	if (!node_child(dir, "vfio"))
		node_attr(dir, "vfio", 0666, &container_ops, NULL);
	return dir;
}

struct vfio *vfio_group_add(const char *name, struct node *dir)
{
	struct vfio *v = xcalloc(1, sizeof(*v));
	struct node *group;
	char path[64];

	v->group = ida_get(&groups);
	snprintf(path, sizeof(path), "kernel/iommu_groups/%d", v->group);
	group = node_mkpath(sim.root, path);
	attr_text(group, "name", 0444, "vfio-noiommu");
	attr_text(group, "reserved_regions", 0444, "");
	attr_text(group, "type", 0444, "unknown");
	node_link_to(node_dir(group, "devices"), name, dir);
	node_link_to(dir, "iommu_group", group);
	return v;
}

void vfio_device_add(struct vfio *v, struct node *dir)
{
	struct node *vdev, *class = node_mkpath(sim.root, "class/vfio-dev");
	char name[32];

	v->index = ida_get(&indexes);
	snprintf(name, sizeof(name), "vfio-dev/vfio%d", v->index);
	vdev = node_mkpath(dir, name);
	node_link_to(vdev, "device", dir);
	node_link_to(vdev, "subsystem", class);
	node_link_to(class, vdev->name, vdev);
	attr_uevent(vdev, "");
	attr_power(vdev);
	snprintf(name, sizeof(name), "%d", v->group);
	node_attr(group_nodes(), name, 0600, &group_ops, v);
}

struct vfio *vfio_add(const char *uuid, struct node *dir)
{
	struct vfio *v = vfio_group_add(uuid, dir);

	vfio_device_add(v, dir);
	return v;
}

/* Waits for the user. */
void vfio_device_remove(struct vfio *v, const char *name, struct node *dir)
{
	char text[32];

	hold_blocked(name, &v->busy);
	snprintf(text, sizeof(text), "%d", v->group);
	node_remove_child(node_mkpath(sim.root, "fake/dev/vfio"), text);
	snprintf(text, sizeof(text), "vfio%d", v->index);
	node_remove_child(node_mkpath(sim.root, "class/vfio-dev"), text);
	node_remove_child(dir, "vfio-dev");
	ida_put(&indexes, v->index);
}

void vfio_group_remove(struct vfio *v, struct node *dir)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", v->group);
	node_remove_child(node_mkpath(sim.root, "kernel/iommu_groups"), text);
	node_remove_child(dir, "iommu_group");
	ida_put(&groups, v->group);
	free(v);
}

/* Of the device's directory only VFIO's part is left by then. */
void vfio_remove(struct vfio *v, const char *uuid, struct node *dir)
{
	vfio_device_remove(v, uuid, dir);
	vfio_group_remove(v, dir);
}
