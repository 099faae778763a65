/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Physical and virtual PCI functions, and how VFs are enabled: by a number in
 * sriov_numvfs, or, as NVIDIA's driver refuses that, by NVIDIA's program.
 */
#include "hardware/sriov.h"
#include "hardware/attr.h"
#include "hardware/sriov-manage.h"
#include "lib/lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#define DEVICES "sys/bus/pci/devices"

/* Another process that is just doing this may take all of the time that
 * sriov_manage_enable() does. */
#define LOCK_MS 150000

static int open_pf(const struct host *h, const char *pf)
{
	return host_openf(h, O_RDONLY | O_DIRECTORY, DEVICES "/%s", pf);
}

static int look_at(int pf, struct sriov *ret_sriov)
{
	struct sriov s = {};
	int r;

	r = attr_read_number(pf, "sriov_totalvfs", &s.total);
	if (r == 0 && !s.total)
		r = -ENOENT;
	if (r == 0)
		r = attr_read_number(pf, "sriov_numvfs", &s.enabled);
	if (r == 0)
		*ret_sriov = s;
	return r;
}

int sriov_look(const struct host *h, const char *pf, struct sriov *ret_sriov)
{
	_cleanup_close_ int fd = -1;

	if (!strchr(pf, ':'))
		return -ENOENT;
	fd = open_pf(h, pf);
	return fd < 0 ? fd : look_at(fd, ret_sriov);
}

bool sriov_is_device(const struct host *h, const char *name)
{
	_cleanup_close_ int fd = open_pf(h, name);

	return fd >= 0;
}

bool sriov_is_address(const char *name)
{
	static const char hex[] = "0123456789abcdef", form[] = ":hh:hh.f";
	size_t domain = strspn(name, hex);

	if (domain < 4 || domain > 8 || strlen(name + domain) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++) {
		char c = name[domain + i];

		if (form[i] == 'h' ? !strchr(hex, c) : form[i] == 'f' ? c < '0' || c > '7' : c != form[i])
			return false;
	}
	return true;
}

void sriov_list_pfs(const struct host *h, struct strv *pfs)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;

	if (host_opendirf(h, &dir, DEVICES) < 0)
		return;
	while ((e = dir_next(dir))) {
		struct sriov s;

		if (sriov_look(h, e->d_name, &s) == 0)
			strv_add(pfs, xstrdup(e->d_name));
	}
}

int sriov_find_pf(const struct host *h, const char *vf, char **ret_pf)
{
	_cleanup_close_ int fd = open_pf(h, vf);

	return fd < 0 ? fd : link_basename(fd, "physfn", ret_pf);
}

int sriov_driver(const struct host *h, const char *function, char **ret_driver)
{
	_cleanup_close_ int fd = open_pf(h, function);

	return fd < 0 ? fd : link_basename(fd, "driver", ret_driver);
}

/* The driver's directory is made when it is registered, and has another inode then. */
char *sriov_driver_epoch(const struct host *h, const char *pf)
{
	_cleanup_free_ char *driver = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (sriov_driver(h, pf, &driver) < 0)
		return NULL;
	fd = host_openf(h, O_PATH, "sys/bus/pci/drivers/%s", driver);
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	return xasprintf("%s %ju", driver, (uintmax_t)st.st_ino);
}

void sriov_list_vfs(const struct host *h, const char *pf, struct strv *vfs)
{
	_cleanup_close_ int fd = open_pf(h, pf);
	struct sriov s = {};

	if (fd < 0 || look_at(fd, &s) < 0)
		return;
	for (unsigned long i = 0; i < s.enabled; i++) {
		char link[32], *name;

		snprintf(link, sizeof(link), "virtfn%lu", i);
		if (link_basename(fd, link, &name) == 0)
			strv_add(vfs, name);
	}
}

static int store_number(int pf, unsigned long count)
{
	_cleanup_close_ int fd = openat(pf, "sriov_numvfs", O_WRONLY | O_CLOEXEC);
	_cleanup_free_ char *text = xasprintf("%lu", count);

	return fd < 0 ? -errno : write_store(fd, text, strlen(text));
}

static void explain_store(int r, bool needs_manage, struct error *error)
{
	if (needs_manage && r == -ENOENT)
		error_set(error, "NVIDIA's driver enables VFs by /" SRIOV_MANAGE " only, which is not on this system; it comes with the host driver for vGPUs");
	else if (r == -ENOENT)
		error_set(error, "its driver does not enable VFs, or it has none");
	else if ((r == -EACCES || r == -EPERM) && geteuid() != 0)
		error_set(error, "only root may enable VFs");
	else
		error_set(error, "the driver refused: %s", strerror(-r));
}

/* NVIDIA's program enables all that there can be. */
static int check_enabled(const struct sriov *s, const char *pf, unsigned long count,
			 bool needs_manage, struct error *error)
{
	_cleanup_free_ char *how = needs_manage ? xasprintf("run /" SRIOV_MANAGE " -d %s", pf) :
						  xstrdup("write 0 to sriov_numvfs");

	if (s->enabled == count || (needs_manage && s->enabled > count))
		return 0;
	if (!s->enabled)
		error_set(error, "none is enabled, although the driver said that it had done so");
	else
		error_set(error, "%lu VFs are enabled already, not %lu, and are left alone: changing their number would remove them and what runs on them; if nothing does, %s first",
			  s->enabled, count, how);
	return -EBUSY;
}

/* As root, or whom root has given the file: others need not try. */
static bool may_enable(int pf)
{
	return geteuid() == 0 || faccessat(pf, "sriov_numvfs", W_OK, AT_EACCESS) == 0 ||
	       (errno != EACCES && errno != EPERM);
}

static int enable(const struct host *h, const char *pf, int fd, const struct sriov *before,
		  unsigned long count, struct error *error)
{
	bool needs_manage = sriov_manage_is_needed(h, pf);
	struct sriov s = *before;
	int r = 0;

	if (!s.enabled && !may_enable(fd)) {
		r = -EACCES;
		explain_store(r, needs_manage, error);
	} else if (!s.enabled && needs_manage && sriov_manage_is_there(h)) {
		r = sriov_manage_enable(h, pf, error);
	} else if (!s.enabled) {
		r = store_number(fd, count);
		if (r < 0)
			explain_store(r, needs_manage, error);
	}
	if (r < 0)
		return r;
	r = look_at(fd, &s);
	if (r < 0)
		error_set(error, "it went meanwhile");
	return r < 0 ? r : check_enabled(&s, pf, count, needs_manage, error);
}

int sriov_enable(const struct host *h, const char *pf, unsigned long count, struct error *error)
{
	_cleanup_close_ int fd = open_pf(h, pf), lock = -1;
	_cleanup_free_ char *name = NULL;
	struct sriov s = {};
	int r;

	r = fd < 0 ? fd : look_at(fd, &s);
	if (r < 0) {
		error_set(error, fd < 0 ? "there is no such PCI device" : "it can have no VFs");
		return r;
	}
	if (!count)
		count = s.total;
	if (count > s.total) {
		error_set(error, "it can have %lu VFs, not %lu", s.total, count);
		return -ERANGE;
	}
	/* A second event of the same PF finds it done. */
	name = xasprintf("vfs-%s", pf);
	lock = lock_take(h, name, fd, LOCK_MS);
	if (lock < 0)
		debug("going on without a lock of %s: %s", pf, strerror(-lock));
	if (look_at(fd, &s) < 0)
		s.enabled = 0;
	return enable(h, pf, fd, &s, count, error);
}
