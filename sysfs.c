/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's mdev bus.  Knows nothing of definitions and prints nothing.
 */
#include "sysfs.h"
#include "hardware/attr.h"

#include <fcntl.h>
#include <limits.h>

#define DEVICES "sys/bus/mdev/devices"
#define PARENTS "sys/class/mdev_bus"

/* How long another process's half-made device is waited for. */
#define COMPLETE_MS 5000
#define POLL_MS 10

/* Below so many devices of a parent it is not worth it to look at its types. */
#define MANY_DEVICES 16
/* What it costs to list the devices of a type, in links read. */
#define LINKS_PER_TYPE 4
/* The same for the devices of a parent. */
#define LINKS_PER_PARENT 6

/*
 * The bus link reads ../../../devices/.../PARENT/UUID; the name of a parent's
 * directory is its dev_name(), which is its name in mdev_bus too.
 */
static int read_parent(int busfd, const char *uuid, char name[NAME_MAX + 1])
{
	char target[PATH_MAX], *end, *start;
	ssize_t n = readlinkat(busfd, uuid, target, sizeof(target) - 1);

	/* EINVAL: no link, and so no device. */
	if (n < 0)
		return errno == EINVAL ? -ENODEV : -errno;
	target[n] = '\0';
	end = strrchr(target, '/');
	if (!end)
		return -ENODEV;
	*end = '\0';
	start = strrchr(target, '/');
	start = start ? start + 1 : target;
	if (name_problem(start))
		return -ENODEV;
	memcpy(name, start, strlen(start) + 1);
	return 0;
}

static int open_bus(const struct host *h)
{
	return host_openf(h, O_RDONLY | O_DIRECTORY, DEVICES);
}

/* The type of a device, if that is complete. */
static int read_type_of(int dirfd, const char *uuid, const char **ret_type)
{
	char link[UUID_LEN + sizeof("/mdev_type")];
	_cleanup_free_ char *type = NULL;
	int r;

	snprintf(link, sizeof(link), "%s/mdev_type", uuid);
	r = link_basename(dirfd, link, &type);
	if (r < 0)
		return r;
	if (name_problem(type))
		return -ENODEV;
	*ret_type = str_intern(type);
	return 0;
}

static int read_device(int busfd, const char *uuid, struct mdev *ret_mdev)
{
	char parent[NAME_MAX + 1];
	const char *type;
	int r;

	r = read_parent(busfd, uuid, parent);
	if (r < 0)
		return r;
	r = read_type_of(busfd, uuid, &type);
	if (r < 0)
		return r;
	*ret_mdev = (struct mdev){ .parent = str_intern(parent), .type = type, .active = true };
	memcpy(ret_mdev->uuid, uuid, sizeof(ret_mdev->uuid));
	return 0;
}

static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -ENOTDIR || r == -ELOOP;
}

/* Adds a parent's devices, which are directories in its own, without their types. */
static int list_names(DIR *dir, const char *parent, struct mdev_list *list)
{
	struct dirent *e;

	while ((e = dir_next(dir))) {
		struct mdev m = { .parent = str_intern(parent), .active = true };

		if (!uuid_is_normal(e->d_name))
			continue;
		memcpy(m.uuid, e->d_name, sizeof(m.uuid));
		mdev_list_take(list, &m);
	}
	return -errno;
}

static int compare_uuids(const void *uuid, const void *mdev)
{
	return strcmp(uuid, ((const struct mdev *)mdev)->uuid);
}

static void take_devices_of(int types, const char *type, struct mdev_list *sorted)
{
	_cleanup_closedir_ DIR *dir = NULL;
	char path[PATH_MAX];
	struct dirent *e;

	snprintf(path, sizeof(path), "%s/devices", type);
	if (dir_open_at(types, path, &dir) < 0)
		return;
	while ((e = dir_next(dir))) {
		struct mdev *m = bsearch(e->d_name, sorted->m, sorted->n, sizeof(*m), compare_uuids);

		if (m)
			m->type = str_intern(type);
	}
}

/* To ask each type for its devices costs less than to ask each device for its
 * type, if there are a few for each.  Who is not found here is asked.  The
 * kernel makes a type's link to the device just before the device's to its
 * type (mdev_create_sysfs_files() of 6.1): a device is seen so much earlier. */
static void find_types(int parent, struct mdev_list *sorted)
{
	_cleanup_(strv_done) struct strv types = {};
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;

	if (sorted->n < MANY_DEVICES || dir_open_at(parent, "mdev_supported_types", &dir) < 0)
		return;
	while ((e = dir_next(dir)))
		if (!name_problem(e->d_name))
			strv_add(&types, xstrdup(e->d_name));
	if (sorted->n < types.n * LINKS_PER_TYPE)
		return;
	for (size_t i = 0; i < types.n; i++)
		take_devices_of(dirfd(dir), types.s[i], sorted);
}

/*
 * In the order of mdev_list_sort().  At most one readlink for each device,
 * where the bus would need two.  0, also if the parent is gone or
 * unregistering, or -errno.
 */
static int list_parent(const struct host *h, const char *parent, struct mdev_list *list)
{
	_cleanup_(mdev_list_done) struct mdev_list found = {};
	_cleanup_closedir_ DIR *dir = NULL;
	int result, r;

	r = name_problem(parent) ? -ENOENT : host_opendirf(h, &dir, PARENTS "/%s", parent);
	if (r < 0)
		return is_gone(r) ? 0 : r;
	r = list_names(dir, parent, &found);
	result = is_gone(r) ? 0 : r;
	mdev_list_sort(&found);
	find_types(dirfd(dir), &found);
	for (size_t i = 0; i < found.n; i++) {
		struct mdev *m = &found.m[i];

		r = m->type ? 0 : read_type_of(dirfd(dir), m->uuid, &m->type);
		if (r == 0)
			mdev_list_take(list, m);
		else if (!is_gone(r))
			result = r;
	}
	return result;
}

static int compare_names(const void *name, const void *element)
{
	return strcmp(name, *(char *const *)element);
}

/* By the bus, two readlinks for each device, unless there are too many of them
 * (-E2BIG) or it is not there (-ENOENT).  Of a parent that is not registered,
 * or not any more, nothing is listed here either. */
static int list_few(const struct host *h, const struct strv *parents, struct mdev_list *list)
{
	_cleanup_closedir_ DIR *bus = NULL;
	struct dirent *e;
	size_t n = 0;
	int r, result;

	result = host_opendirf(h, &bus, DEVICES);
	if (result < 0)
		return result;
	while ((e = dir_next(bus)))
		if (uuid_is_normal(e->d_name) && n++ == parents->n * LINKS_PER_PARENT)
			return -E2BIG;
	result = is_gone(-errno) ? 0 : -errno;
	errno = 0;
	rewinddir(bus);
	if (errno)
		return -errno;
	while (result == 0 && (e = dir_next(bus))) {
		struct mdev m;

		r = uuid_is_normal(e->d_name) ? read_device(dirfd(bus), e->d_name, &m) : -ENOENT;
		if (r < 0 && !is_gone(r))
			result = r;
		if (r == 0 && bsearch(m.parent, parents->s, parents->n, sizeof(*parents->s), compare_names))
			mdev_list_take(list, &m);
	}
	return result < 0 || is_gone(-errno) ? result : -errno;
}

int sysfs_list(const struct host *h, const char *parent, struct mdev_list *list)
{
	_cleanup_(strv_done) struct strv parents = {};
	int r;

	if (parent)
		return list_parent(h, parent, list);
	r = sysfs_list_parents(h, &parents);
	if (r == 0)
		r = list_few(h, &parents, list);
	if (r != -E2BIG && r != -ENOENT)
		return r;
	r = 0;
	for (size_t i = 0; r == 0 && i < parents.n; i++)
		r = list_parent(h, parents.s[i], list);
	return r;
}

int sysfs_find(const struct host *h, const char *uuid, struct mdev *ret_mdev)
{
	_cleanup_close_ int bus = open_bus(h);

	return bus < 0 ? bus : read_device(bus, uuid, ret_mdev);
}

void sysfs_query_begin(const struct host *h, struct sysfs_query *ret_query)
{
	ret_query->parents_fd = host_openf(h, O_PATH | O_DIRECTORY, PARENTS);
}

void sysfs_query_end(struct sysfs_query *q)
{
	closep(&q->parents_fd);
}

/* Whether the type that it runs with has this name. */
static bool has_type_name(const struct sysfs_query *q, const struct mdev *m, const char *type_name)
{
	_cleanup_free_ char *name = NULL;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/mdev_type/name", m->parent, m->uuid);
	return read_text_at(q->parents_fd, path, &name) == 0 && str_eq(name, type_name);
}

bool sysfs_query_runs(const struct sysfs_query *q, const struct mdev *m, const char *type_name)
{
	_cleanup_free_ char *type = NULL;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/mdev_type", m->parent, m->uuid);
	if (q->parents_fd < 0 || link_basename(q->parents_fd, path, &type) < 0)
		return false;
	return str_eq(type, m->type) || (type_name && has_type_name(q, m, type_name));
}

/* The path of a type's file from the directory of types.  With snprintf() a
 * fifth of the program's own work for `types` would be this. */
static const char *type_path(char path[2 * NAME_MAX + 2], const struct mdev_type *t, const char *file)
{
	stpcpy(stpcpy(stpcpy(path, t->id), "/"), file);
	return path;
}

/* A type's name and description are optional before kernel 6.1. */
static int read_type(int dirfd, const char *parent, const char *id, enum type_fields fields,
		     struct mdev_type *ret_type)
{
	_cleanup_(mdev_type_done) struct mdev_type t = {
		.parent = xstrdup(parent),
		.id = xstrdup(id),
	};
	char path[2 * NAME_MAX + 2];
	int r;

	r = attr_read_integer(dirfd, type_path(path, &t, "available_instances"), &t.available);
	if (r == 0 && (fields & TYPE_API))
		r = read_text_at(dirfd, type_path(path, &t, "device_api"), &t.device_api);
	if (r < 0)
		return r;
	read_text_at(dirfd, type_path(path, &t, "name"), &t.name);
	if (fields & TYPE_DESCRIPTION)
		read_text_at(dirfd, type_path(path, &t, "description"), &t.description);
	*ret_type = take(t);
	return 0;
}

static int list_types_of(const struct host *h, const char *parent, enum type_fields fields,
			 struct mdev_type_list *list)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int r;

	r = host_opendirf(h, &dir, PARENTS "/%s/mdev_supported_types", parent);
	if (r < 0)
		return r;
	while ((e = dir_next(dir))) {
		_cleanup_(mdev_type_done) struct mdev_type t = {};

		if (!name_problem(e->d_name) && read_type(dirfd(dir), parent, e->d_name, fields, &t) == 0)
			mdev_type_list_take(list, &t);
	}
	return 0;
}

int sysfs_list_types(const struct host *h, const char *parent, enum type_fields fields,
		     struct mdev_type_list *list)
{
	_cleanup_(strv_done) struct strv parents = {};
	int r;

	if (parent) {
		list_types_of(h, parent, fields, list);
		return 0;
	}
	r = sysfs_list_parents(h, &parents);
	for (size_t i = 0; i < parents.n; i++)
		list_types_of(h, parents.s[i], fields, list);
	return r;
}

int sysfs_list_parents(const struct host *h, struct strv *parents)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int r;

	r = host_opendirf(h, &dir, PARENTS);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((e = dir_next(dir)))
		if (!name_problem(e->d_name))
			strv_add(parents, xstrdup(e->d_name));
	r = -errno;
	strv_sort(parents);
	return r;
}

bool sysfs_has_parent(const struct host *h, const char *parent)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH | O_DIRECTORY,
					    PARENTS "/%s/mdev_supported_types", parent);

	return fd >= 0;
}

bool sysfs_has_type(const struct host *h, const char *parent, const char *type)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH | O_DIRECTORY,
					    PARENTS "/%s/mdev_supported_types/%s", parent, type);

	return fd >= 0;
}

int sysfs_device_api(const struct host *h, const struct mdev *m, char **ret_api)
{
	_cleanup_close_ int type = host_openf(h, O_RDONLY | O_DIRECTORY,
					      PARENTS "/%s/mdev_supported_types/%s", m->parent,
					      m->type);

	return type < 0 ? type : read_text_at(type, "device_api", ret_api);
}

char *sysfs_migration_version(const struct host *h, const struct mdev *m)
{
	_cleanup_close_ int device = host_openf(h, O_PATH | O_DIRECTORY, DEVICES "/%s", m->uuid);
	_cleanup_close_ int type = host_openf(h, O_PATH | O_DIRECTORY, PARENTS "/%s/mdev_supported_types/%s",
					      m->parent, m->type);
	char *version = NULL;

	if (device >= 0 && read_text_at(device, "migration_version", &version) == 0)
		return version;
	if (type >= 0)
		read_text_at(type, "migration_version", &version);
	return version;
}

int sysfs_check_migration_version(const struct host *h, const struct mdev *m, const char *version)
{
	_cleanup_close_ int fd = host_openf(h, O_WRONLY, PARENTS "/%s/mdev_supported_types/%s/migration_version",
					    m->parent, m->type);

	return fd < 0 ? fd : write_store(fd, version, strlen(version));
}

int sysfs_open_parent(const struct host *h, const char *parent)
{
	return host_openf(h, O_RDONLY | O_DIRECTORY, PARENTS "/%s", parent);
}

int sysfs_create(const struct host *h, const struct mdev *m)
{
	_cleanup_close_ int fd = host_openf(h, O_WRONLY, PARENTS "/%s/mdev_supported_types/%s/create",
					    m->parent, m->type);

	return fd < 0 ? fd : write_store(fd, m->uuid, UUID_LEN);
}

bool sysfs_may_create(const struct host *h, const struct mdev *m)
{
	_cleanup_close_ int fd = host_openf(h, O_WRONLY, PARENTS "/%s/mdev_supported_types/%s/create",
					    m->parent, m->type);

	return fd != -EACCES && fd != -EPERM;
}

bool sysfs_may_remove(const struct host *h, const struct mdev *m)
{
	_cleanup_close_ int fd = host_openf(h, O_WRONLY, DEVICES "/%s/remove", m->uuid);

	return fd != -EACCES && fd != -EPERM;
}

int sysfs_open_device(const struct host *h, const struct mdev *m)
{
	return host_openf(h, O_RDONLY | O_DIRECTORY, DEVICES "/%s", m->uuid);
}

bool sysfs_is_gone(int device)
{
	return faccessat(device, "uevent", F_OK, 0) < 0 && errno == ENOENT;
}

/*
 * The `remove` file is opened before mdev_type is looked for, both through
 * one descriptor of the device's directory: so the device that was seen to be
 * complete is the one that is removed, and not its half-made successor of the
 * same UUID (for whose predecessor the write gives ENODEV).
 */
int sysfs_remove_at(int device)
{
	_cleanup_close_ int fd = openat(device, "remove", O_WRONLY | O_CLOEXEC);
	char type[1];
	int r;

	/* ENODEV: it is just going. */
	if (fd < 0 && errno != ENOENT)
		return errno == ENODEV ? -ENOENT : -errno;
	if (fd < 0 || readlinkat(device, "mdev_type", type, sizeof(type)) < 0)
		return sysfs_is_gone(device) ? -ENOENT : -EINPROGRESS;
	r = write_store(fd, "1", 1);
	/* It went while we looked. */
	return r == -ENODEV ? -ENOENT : r;
}

int sysfs_find_wait(const struct host *h, const char *uuid, struct mdev *ret_mdev)
{
	uint64_t deadline = now_ms() + COMPLETE_MS;

	for (;;) {
		int r = sysfs_find(h, uuid, ret_mdev);

		if (r != -ENOENT || !sysfs_exists(h, uuid))
			return r;
		if (now_ms() >= deadline)
			return -EINPROGRESS;
		sleep_ms(POLL_MS);
	}
}

bool sysfs_exists(const struct host *h, const char *uuid)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH, DEVICES "/%s", uuid);

	return fd >= 0;
}

bool sysfs_is_leaving(const struct host *h, const char *uuid)
{
	_cleanup_(strv_done) struct strv parents = {};

	if (sysfs_exists(h, uuid))
		return false;
	sysfs_list_parents(h, &parents);
	for (size_t i = 0; i < parents.n; i++) {
		_cleanup_close_ int fd = host_openf(h, O_PATH, PARENTS "/%s/%s", parents.s[i], uuid);

		if (fd >= 0)
			return true;
	}
	return false;
}
