/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the work costs at least: the system calls that it cannot do without,
 * and nothing done with what they tell.
 *
 *	limit defined	the definitions, and whether each of their devices runs
 *	limit running	the devices, and the definition of each
 *	limit types	the four attributes of each type
 *	limit one UUID PARENT	one definition, and whether its device runs
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUS "/sys/bus/mdev/devices"
#define CLASS "/sys/class/mdev_bus"
#define DEFINITIONS "/etc/mdevctl.d"

static DIR *open_dir_at(int above, const char *path)
{
	int fd = openat(above, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		err(1, "%s", path);
	return dir;
}

static DIR *open_dir(const char *path)
{
	return open_dir_at(AT_FDCWD, path);
}

static const char *next_name(DIR *dir)
{
	struct dirent *e;

	do
		e = readdir(dir);
	while (e && (*e->d_name == '.' || strcmp(e->d_name, "scripts.d") == 0));
	return e ? e->d_name : NULL;
}

static void read_file(int dir, const char *path)
{
	char text[4096];
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text)) < 0)
		err(1, "%s", path);
	close(fd);
}

static void read_link(int dir, const char *path, char target[PATH_MAX])
{
	ssize_t n = readlinkat(dir, path, target, PATH_MAX - 1);

	if (n < 0)
		err(1, "%s", path);
	target[n] = '\0';
}

static void defined(void)
{
	DIR *top = open_dir(DEFINITIONS), *class = open_dir(CLASS);
	const char *parent, *uuid;
	char path[PATH_MAX], target[PATH_MAX];

	while ((parent = next_name(top))) {
		DIR *dir = open_dir_at(dirfd(top), parent);

		while ((uuid = next_name(dir))) {
			read_file(dirfd(dir), uuid);
			snprintf(path, sizeof(path), "%s/%s/mdev_type", parent, uuid);
			read_link(dirfd(class), path, target);
		}
		closedir(dir);
	}
}

/* The definitions are read a directory at a time, as nothing says that a
 * device's must be read just after its links. */
static void running(void)
{
	DIR *bus = open_dir(BUS), *top;
	const char *parent, *uuid;
	char path[PATH_MAX], target[PATH_MAX];

	while ((uuid = next_name(bus))) {
		read_link(dirfd(bus), uuid, target);
		snprintf(path, sizeof(path), "%s/mdev_type", uuid);
		read_link(dirfd(bus), path, target);
	}
	top = open_dir(DEFINITIONS);
	while ((parent = next_name(top))) {
		DIR *dir = open_dir_at(dirfd(top), parent);

		while ((uuid = next_name(dir)))
			read_file(dirfd(dir), uuid);
		closedir(dir);
	}
}

static void types(void)
{
	static const char *const files[] = { "available_instances", "device_api", "name",
					     "description" };
	DIR *class = open_dir(CLASS);
	const char *parent, *type;
	char path[PATH_MAX];

	while ((parent = next_name(class))) {
		DIR *dir;

		snprintf(path, sizeof(path), "%s/mdev_supported_types", parent);
		dir = open_dir_at(dirfd(class), path);
		while ((type = next_name(dir))) {
			for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
				snprintf(path, sizeof(path), "%s/%s", type, files[i]);
				read_file(dirfd(dir), path);
			}
		}
		closedir(dir);
	}
}

static void one(const char *uuid, const char *parent)
{
	char path[PATH_MAX], target[PATH_MAX];

	snprintf(path, sizeof(path), DEFINITIONS "/%s/%s", parent, uuid);
	read_file(AT_FDCWD, path);
	snprintf(path, sizeof(path), CLASS "/%s/%s/mdev_type", parent, uuid);
	read_link(AT_FDCWD, path, target);
}

int main(int argc, char *argv[])
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "defined") == 0)
		defined();
	else if (strcmp(what, "running") == 0)
		running();
	else if (strcmp(what, "types") == 0)
		types();
	else if (strcmp(what, "one") == 0 && argc == 4)
		one(argv[2], argv[3]);
	else
		errx(2, "usage: limit defined | running | types | one UUID PARENT");
	return 0;
}
