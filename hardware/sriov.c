/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Physical and virtual PCI functions, and how VFs are enabled: by a number in
 * sriov_numvfs, or, as NVIDIA's driver refuses that, by NVIDIA's program.
 */
#include "hardware/sriov.h"
#include "hardware/attr.h"
#include "hardware/function.h"
#include "hardware/sriov-manage.h"
#include "lib/lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#define DEVICES "sys/bus/pci/devices"
#define AUTOPROBE "sriov_drivers_autoprobe"
/* A file for each card of which somebody is just enabling VFs. */
#define NOTES "run/mdevctl-autoprobe"

/* Another process that is just doing this may take all of the time that
 * sriov_manage_enable() does. */
#define LOCK_MS 150000

static int open_pf(const struct host *h, const char *pf)
{
	return host_openf(h, O_RDONLY | O_DIRECTORY, DEVICES "/%s", pf);
}

static int read_total(int pf, unsigned long *ret_total)
{
	unsigned long total = 0;
	int r = attr_read_number(pf, "sriov_totalvfs", &total);

	if (r == 0 && !total)
		r = -ENOENT;
	if (r == 0)
		*ret_total = total;
	return r;
}

static int look_at(int pf, struct sriov *ret_sriov)
{
	struct sriov s = {};
	int r = read_total(pf, &s.total);

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

int sriov_total(const struct host *h, const char *pf, unsigned long *ret_total)
{
	_cleanup_close_ int fd = strchr(pf, ':') ? open_pf(h, pf) : -ENOENT;

	return fd < 0 ? fd : read_total(fd, ret_total);
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
		unsigned long total;

		if (sriov_total(h, e->d_name, &total) == 0)
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

/* By the links: while somebody disables VFs, and waits for the user of one, their number
 * cannot be read without waiting, too. */
int sriov_list_vfs(const struct host *h, const char *pf, struct strv *vfs)
{
	_cleanup_close_ int fd = open_pf(h, pf);
	int r = fd < 0 ? fd : 0;
	char *name;

	for (unsigned long i = 0; r == 0; i++) {
		char link[32];

		snprintf(link, sizeof(link), "virtfn%lu", i);
		r = link_basename(fd, link, &name);
		if (r == 0)
			strv_add(vfs, name);
	}
	return r == -ENOENT ? 0 : r;
}

static int store_text(int pf, const char *name, const char *text)
{
	_cleanup_close_ int fd = openat(pf, name, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : write_store(fd, text, strlen(text));
}

static int lock_card(const struct host *h, const char *pf, int fd, unsigned ms)
{
	_cleanup_free_ char *name = xasprintf("vfs-%s", pf);

	return lock_take(h, name, fd, ms);
}

static int store_number(int pf, unsigned long count)
{
	_cleanup_free_ char *text = xasprintf("%lu", count);

	return store_text(pf, "sriov_numvfs", text);
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

bool sriov_needs_own_vfs(const struct host *h, const char *pf)
{
	return sriov_manage_is_needed(h, pf);
}

/* Before there are VFs: the driver divides the card among them by these. */
static int set_attrs(int pf, const struct vfs *vfs, struct attr_log *log, struct error *error)
{
	for (size_t i = 0; i < vfs->like.n_attrs; i++) {
		const struct mdev_attr *attr = &vfs->like.attrs[i];
		_cleanup_free_ char *why = NULL;
		bool came_to_it;
		int r = function_set_pf_attr(pf, attr->name, attr->value, log, &came_to_it);

		if (r == 0)
			continue;
		why = attr_explain("it", attr, r, came_to_it);
		error_set(error, "%s", why);
		return r;
	}
	return 0;
}

static char *join_names(const struct attr_log *log)
{
	_cleanup_(strv_done) struct strv names = {};

	for (size_t i = 0; i < log->n; i++)
		if (!strv_has(&names, log->change[i].name))
			strv_add(&names, xstrdup(log->change[i].name));
	return strv_join(&names, names.n);
}

/* Says what was written, where none could be enabled. */
static void put_attrs_back(int pf, const struct attr_log *log, struct error *error)
{
	_cleanup_free_ char *why = take(error->text), *written = join_names(log), *names = NULL;
	_cleanup_(strv_done) struct strv left = {};

	function_put_back(pf, log, &left);
	names = strv_join(&left, left.n);
	if (!log->n)
		error_set(error, "%s; none is enabled", why);
	else if (!left.n)
		error_set(error, "%s; none is enabled, and what was written before that is as it was: %s", why, written);
	else
		error_set(error, "%s; none is enabled, these were written before that: %s, and what they were cannot be put back of: %s",
			  why, written, names);
}

/*
 * While VFs are enabled, the host's own drivers are kept off.  Who dies meanwhile leaves
 * a note of how that was, and the next who enables VFs of the card puts it back.
 */
static int keep_drivers_off(const struct host *h, const char *pf, int fd)
{
	_cleanup_free_ char *before = NULL;
	int r = read_text_at(fd, AUTOPROBE, &before);

	if (r < 0 || str_eq(before, "0"))
		return r;
	r = lock_replace_file(h, NOTES, pf, before);
	return r < 0 ? r : store_text(fd, AUTOPROBE, "0");
}

static int let_drivers_on(const struct host *h, const char *pf, int fd)
{
	_cleanup_close_ int dir = host_openf(h, O_PATH | O_DIRECTORY, NOTES);
	_cleanup_free_ char *before = NULL;
	int r = dir < 0 ? dir : read_text_at(dir, pf, &before);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = store_text(fd, AUTOPROBE, before);
	if (r == 0)
		host_forget(h, NOTES, pf);
	return r;
}

bool sriov_keeps_drivers_off(const struct host *h, const char *pf)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH, NOTES "/%s", pf);

	return fd >= 0;
}

/* Who is just enabling VFs has the lock, and does this by itself. */
void sriov_let_drivers_on(const struct host *h, const char *pf)
{
	_cleanup_close_ int fd = sriov_keeps_drivers_off(h, pf) ? open_pf(h, pf) : -ENOENT;
	_cleanup_close_ int lock = fd < 0 ? fd : lock_card(h, pf, fd, 0);
	int r = lock == -ETIMEDOUT ? 0 : fd < 0 ? fd : let_drivers_on(h, pf, fd);

	if (r < 0 && r != -ENOENT)
		debug(AUTOPROBE " of %s cannot be set back to what it was: %s", pf, strerror(-r));
}

static int enable_bare(const struct host *h, const struct vfs *vfs, int fd, unsigned long count,
		       struct error *error)
{
	int r = keep_drivers_off(h, vfs->pf, fd), back;

	if (r < 0) {
		error_set(error, "the host's own drivers cannot be kept off (" AUTOPROBE "): %s", strerror(-r));
		return r;
	}
	r = store_number(fd, count);
	if (r < 0)
		explain_store(r, false, error);
	back = let_drivers_on(h, vfs->pf, fd);
	if (r == 0 && back < 0)
		error_set(error, AUTOPROBE " cannot be set back to what it was: %s", strerror(-back));
	return r < 0 ? r : back;
}

static int enable_with_attrs(const struct host *h, const struct vfs *vfs, int fd, unsigned long count,
			     struct attr_log *log, struct error *error)
{
	bool needs_manage = sriov_manage_is_needed(h, vfs->pf);
	int r = set_attrs(fd, vfs, log, error);

	if (r < 0)
		return r;
	if (needs_manage && sriov_manage_is_there(h))
		return sriov_manage_enable(h, vfs->pf, error);
	if (vfs->driver)
		return enable_bare(h, vfs, fd, count, error);
	r = store_number(fd, count);
	if (r < 0)
		explain_store(r, needs_manage, error);
	return r;
}

static bool has_vfs(int pf)
{
	return faccessat(pf, "virtfn0", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int enable(const struct host *h, const struct vfs *vfs, int fd, unsigned long count, struct error *error)
{
	_cleanup_(attr_log_done) struct attr_log log = {};
	int r;

	if (!may_enable(fd)) {
		explain_store(-EACCES, sriov_manage_is_needed(h, vfs->pf), error);
		return -EACCES;
	}
	r = enable_with_attrs(h, vfs, fd, count, &log, error);
	if (r < 0 && vfs->like.n_attrs && !has_vfs(fd))
		put_attrs_back(fd, &log, error);
	return r;
}

static int enable_locked(const struct host *h, const struct vfs *vfs, int fd, unsigned long count,
			 struct error *error)
{
	struct sriov s = {};
	int r = 0;

	/* A second event of the same PF finds it done. */
	if (look_at(fd, &s) < 0)
		s.enabled = 0;
	if (vfs->driver)
		let_drivers_on(h, vfs->pf, fd);
	if (!s.enabled)
		r = enable(h, vfs, fd, count, error);
	if (r < 0)
		return r;
	r = look_at(fd, &s);
	if (r < 0)
		error_set(error, "it went meanwhile");
	return r < 0 ? r : check_enabled(&s, vfs->pf, count, sriov_manage_is_needed(h, vfs->pf), error);
}

int sriov_enable(const struct host *h, const struct vfs *vfs, struct error *error)
{
	_cleanup_close_ int fd = open_pf(h, vfs->pf), lock = -1;
	unsigned long count = vfs->count;
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
	lock = lock_card(h, vfs->pf, fd, LOCK_MS);
	if (lock < 0)
		debug("going on without a lock of %s: %s", vfs->pf, strerror(-lock));
	return enable_locked(h, vfs, fd, count, error);
}
