/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes, below the directory ROOT, what sysfs has for parents with TYPES types
 * each, and DEVICES devices spread over them, of which each runs and is
 * defined.  As deep as on a real machine, as depth is what path lookups cost.
 *
 *	tree ROOT PARENTS TYPES DEVICES
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUS "sys/bus/mdev/devices"
#define CLASS "sys/class/mdev_bus"
#define DEFINITIONS "etc/mdevctl.d"
/* Below sys/: virtual functions behind a bridge. */
#define ABOVE_PARENTS "devices/pci0000:3a/0000:3a:00.0"
/* 32 slots of 8 functions. */
#define MAX_PARENTS 1024

#define PRINTF(f, a) __attribute__((format(printf, f, a)))

static void PRINTF(1, 2) make_dir(const char *fmt, ...)
{
	char path[PATH_MAX], *slash = path;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	while ((slash = strchr(slash, '/'))) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash++ = '/';
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		err(1, "cannot make %s", path);
}

static void PRINTF(2, 3) make_file(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	f = fopen(path, "we");
	if (!f || fputs(text, f) == EOF || fclose(f) == EOF)
		err(1, "cannot make %s", path);
}

static void PRINTF(2, 3) make_link(const char *target, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (symlink(target, path) < 0)
		err(1, "cannot make %s", path);
}

static void parent_name(unsigned n, char name[32])
{
	snprintf(name, 32, "0000:%02x:%02x.%u", 0x3b + n / 256, n % 256 / 8, n % 8);
}

static void make_type(const char *parent, unsigned n)
{
	char type[PATH_MAX], text[256];

	snprintf(type, sizeof(type), "sys/" ABOVE_PARENTS "/%s/mdev_supported_types/nvidia-%u",
		 parent, 63 + n);
	make_dir("%s/devices", type);
	make_file("", "%s/create", type);
	make_file("16\n", "%s/available_instances", type);
	make_file("vfio-pci\n", "%s/device_api", type);
	snprintf(text, sizeof(text), "GRID V100-%uQ\n", n);
	make_file(text, "%s/name", type);
	snprintf(text, sizeof(text),
		 "num_heads=4, frl_config=60, framebuffer=%uM, max_resolution=4096x2160, max_instance=16\n",
		 1024 * (n + 1));
	make_file(text, "%s/description", type);
}

static void make_parent(unsigned n, unsigned types)
{
	char name[32], target[PATH_MAX];

	parent_name(n, name);
	make_dir("sys/" ABOVE_PARENTS "/%s", name);
	snprintf(target, sizeof(target), "../../" ABOVE_PARENTS "/%s", name);
	make_link(target, CLASS "/%s", name);
	make_dir(DEFINITIONS "/%s", name);
	for (unsigned i = 0; i < types; i++)
		make_type(name, i);
}

/* Their order is not that of their numbers, but the same in every run. */
static uint64_t scramble(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static void make_uuid(unsigned n, char uuid[37])
{
	uint64_t a = scramble(2 * (uint64_t)n), b = scramble(2 * (uint64_t)n + 1);

	snprintf(uuid, 37, "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-a%03" PRIx64 "-%012" PRIx64,
		 a >> 32, (a >> 16) & 0xffff, a & 0xfff, b >> 52, b & 0xffffffffffff);
}

static void make_device(unsigned n, unsigned parents, unsigned types)
{
	char parent[32], uuid[37], device[PATH_MAX], text[PATH_MAX];
	unsigned type = 63 + n / parents % types;

	parent_name(n % parents, parent);
	make_uuid(n, uuid);
	snprintf(device, sizeof(device), "sys/" ABOVE_PARENTS "/%s/%s", parent, uuid);
	make_dir("%s", device);
	make_file("", "%s/remove", device);
	make_file("", "%s/uevent", device);
	snprintf(text, sizeof(text), "../mdev_supported_types/nvidia-%u", type);
	make_link(text, "%s/mdev_type", device);
	snprintf(text, sizeof(text), "../../../%s", uuid);
	make_link(text, "sys/" ABOVE_PARENTS "/%s/mdev_supported_types/nvidia-%u/devices/%s", parent,
		  type, uuid);
	snprintf(text, sizeof(text), "../../../" ABOVE_PARENTS "/%s/%s", parent, uuid);
	make_link(text, BUS "/%s", uuid);
	snprintf(text, sizeof(text),
		 "{\n  \"mdev_type\": \"nvidia-%u\",\n  \"start\": \"%s\",\n  \"attrs\": []\n}\n", type,
		 n % 2 ? "auto" : "manual");
	make_file(text, DEFINITIONS "/%s/%s", parent, uuid);
}

static unsigned number(const char *text, unsigned most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n > most)
		errx(2, "%s is no number from 0 to %u", text, most);
	return (unsigned)n;
}

int main(int argc, char *argv[])
{
	unsigned parents, types, devices;

	if (argc != 5)
		errx(2, "usage: tree ROOT PARENTS TYPES DEVICES");
	parents = number(argv[2], MAX_PARENTS);
	types = number(argv[3], 1000);
	devices = number(argv[4], 10000000);
	if (devices && (!parents || !types))
		errx(2, "devices need a parent and a type");
	if (chdir(argv[1]) < 0)
		err(1, "%s", argv[1]);
	make_dir(BUS);
	make_dir(CLASS);
	make_dir(DEFINITIONS);
	for (unsigned i = 0; i < parents; i++)
		make_parent(i, types);
	for (unsigned i = 0; i < devices; i++)
		make_device(i, parents, types);
	return 0;
}
