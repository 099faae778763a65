/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading debugfs, and asking a VFIO device.
 */
#include "hardware/migration.h"
#include "hardware/module.h"

#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>

#define DEBUGFS "sys/kernel/debug/vfio"
#define TYPE1_MODULE "vfio_iommu_type1"

/* Headers older than 6.2 lack it. */
#ifndef VFIO_MIGRATION_PRE_COPY
#define VFIO_MIGRATION_PRE_COPY (1 << 2)
#endif

/* In the words that debugfs has for them. */
static const struct {
	__u64 flag;
	const char *name;
} abilities[] = {
	{ VFIO_MIGRATION_STOP_COPY, "stop-copy" },
	{ VFIO_MIGRATION_P2P, "p2p" },
	{ VFIO_MIGRATION_PRE_COPY, "pre-copy" },
};

static void set_source(struct migration *migration, const char *source)
{
	free(migration->source);
	migration->source = xstrdup(source);
	strv_done(&migration->features);
}

static void add_words(struct strv *words, const char *text)
{
	static const char space[] = " \t\n";

	while (*(text += strspn(text, space))) {
		size_t length = strcspn(text, space);

		strv_add(words, xasprintf("%.*s", (int)length, text));
		text += length;
	}
}

/* Where they are not shown: what every driver that can migrate at all has. */
static void read_features(int dir, struct migration *migration)
{
	_cleanup_free_ char *features = NULL;

	read_text_at(dir, "state", &migration->state);
	if (read_text_at(dir, "features", &features) == 0)
		add_words(&migration->features, features);
	else
		strv_add(&migration->features, xstrdup("stop-copy"));
}

void migration_read(const struct host *h, const char *name, struct migration *migration)
{
	_cleanup_close_ int device = host_openf(h, O_RDONLY | O_DIRECTORY, DEBUGFS "/%s", name), dir = -1;

	if (device < 0)
		return;
	set_source(migration, "debugfs");
	dir = openat(device, "migration", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* A device whose driver cannot migrate it has none. */
	if (dir >= 0)
		read_features(dir, migration);
}

static int fail_step(struct error *error, const char *what)
{
	int r = -errno;

	error_set(error, "%s: %s", what, strerror(-r));
	return r;
}

static int open_group(const struct host *h, const char *number, struct error *error)
{
	int group = host_openf(h, O_RDWR, "dev/vfio/%s", number);

	if (group == -ENOENT)
		group = host_openf(h, O_RDWR, "dev/vfio/noiommu-%s", number);
	if (group == -EBUSY)
		error_set(error, "it is in use");
	else if (group < 0)
		error_set(error, "cannot open its VFIO group %s/dev/vfio/%s: %s", h->root, number, strerror(-group));
	return group;
}

/* The module is not among those that VFIO's drivers need. */
static int set_iommu(int container)
{
	_cleanup_(error_done) struct error why = {};

	if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) == 0)
		return 0;
	if (module_load(TYPE1_MODULE, &why) < 0)
		debug("%s: %s", TYPE1_MODULE, why.text);
	if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) == 0)
		return 0;
	return ioctl(container, VFIO_SET_IOMMU, VFIO_NOIOMMU_IOMMU);
}

static int join(int container, int group, struct error *error)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) < 0)
		return fail_step(error, "VFIO does not tell of its group");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		error_set(error, "not all devices of its IOMMU group are bound to VFIO drivers");
		return -EPERM;
	}
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0)
		return fail_step(error, "VFIO does not take its group");
	if (set_iommu(container) < 0)
		return fail_step(error, "VFIO has no IOMMU for it");
	return 0;
}

static int get_features(int device, struct migration *migration, struct error *error)
{
	struct vfio_device_feature_migration answer = {};
	size_t size = sizeof(struct vfio_device_feature) + sizeof(answer);
	_cleanup_free_ struct vfio_device_feature *question = xcalloc(1, size);

	question->argsz = (__u32)size;
	question->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION;
	/* ENOTTY: it has no such feature. */
	if (ioctl(device, VFIO_DEVICE_FEATURE, question) == 0)
		memcpy(&answer, question->data, sizeof(answer));
	else if (errno != ENOTTY)
		return fail_step(error, "VFIO does not tell what it can");
	set_source(migration, "vfio");
	for (size_t i = 0; i < ARRAY_SIZE(abilities); i++)
		if (answer.flags & abilities[i].flag)
			strv_add(&migration->features, xstrdup(abilities[i].name));
	return 0;
}

int migration_ask(const struct host *h, const char *group_number, const char *name, struct migration *migration,
		  struct error *error)
{
	_cleanup_close_ int container = host_openf(h, O_RDWR, "dev/vfio/vfio"), group = -1, device = -1;
	int r;

	if (container < 0) {
		error_set(error, "cannot open %s/dev/vfio/vfio: %s", h->root, strerror(-container));
		return container;
	}
	group = open_group(h, group_number, error);
	if (group < 0)
		return group;
	r = join(container, group, error);
	if (r < 0)
		return r;
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
	if (device < 0)
		return fail_step(error, "VFIO does not open it");
	return get_features(device, migration, error);
}
