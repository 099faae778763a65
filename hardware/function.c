/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Giving virtual functions to VFIO drivers.
 *
 * The kernel offers a function to the drivers when its address is written to
 * drivers_probe, and while it has a driver_override to none but that one.  Who may
 * have it is asked under a lock, as other mdevctls change it, too.
 */
#include "hardware/function.h"
#include "hardware/attr.h"
#include "hardware/vfio-driver.h"
#include "hardware/vfio.h"
#include "lib/lock.h"
#include "lib/say.h"

#include <fcntl.h>
#include <sys/stat.h>

#define DEVICES "sys/bus/pci/devices"
#define DRIVERS "sys/bus/pci/drivers"
#define PROBE "sys/bus/pci/drivers_probe"
#define OVERRIDE "driver_override"

/* How long another mdevctl's change of the same function is waited for. */
#define CHANGE_MS 10000

int function_open(const struct host *h, const char *name)
{
	/* What has no colon is no PCI address, and costs nothing. */
	return strchr(name, ':') ? host_openf(h, O_RDONLY | O_DIRECTORY, DEVICES "/%s", name) : -ENOENT;
}

bool function_is_gone(int function)
{
	return faccessat(function, OVERRIDE, F_OK, 0) < 0 && errno == ENOENT;
}

static bool is_for_vfio(int function, const char *driver)
{
	return vfio_driver_is(driver, VFIO_PCI) || faccessat(function, "vfio-dev", F_OK, 0) == 0;
}

int function_holder(int function, const char *wanted, char **ret_driver)
{
	_cleanup_free_ char *driver = NULL;
	int r = link_basename(function, "driver", &driver);

	/* A driver that waits for who has the function open has no link any more: then many
	 * of its files would have us wait, too. */
	if (r == -ENOENT && faccessat(function, "vfio-dev", F_OK, 0) == 0)
		return -EINPROGRESS;
	if (r < 0)
		return r;
	if (vfio_driver_is(driver, wanted)) {
		*ret_driver = xstrdup(wanted);
		return 0;
	}
	r = is_for_vfio(function, driver) ? 0 : -EBUSY;
	*ret_driver = take(driver);
	return r;
}

char *function_override(int function)
{
	char *driver = NULL;

	if (read_text_at(function, OVERRIDE, &driver) == 0 && *driver && !str_eq(driver, "(null)"))
		return driver;
	free(driver);
	return NULL;
}

/* Where no driver has it nobody waits for a user, which would make reading the override wait. */
int function_check(const struct host *h, int function, const char *driver)
{
	_cleanup_free_ char *holder = NULL, *registered = NULL, *override = NULL;
	int r = function_holder(function, driver, &holder);

	if (r != -ENOENT)
		return r == 0 ? -EEXIST : r;
	if (function_is_gone(function))
		return -ENOENT;
	override = function_override(function);
	if (override && !vfio_driver_is(override, driver))
		return -EKEYREJECTED;
	registered = vfio_driver_registered(h, driver);
	return registered ? 0 : -ENOPKG;
}

static int store(int fd, const char *text)
{
	int r = fd < 0 ? fd : write_store(fd, text, strlen(text));

	closep(&fd);
	return r;
}

/* A line without anything on it takes the override away. */
static int store_override(int function, const char *driver)
{
	int fd = openat(function, OVERRIDE, O_WRONLY | O_CLOEXEC);

	return store(fd < 0 ? -errno : fd, driver ? driver : "\n");
}

static int probe(const struct host *h, const char *name)
{
	return store(host_openf(h, O_WRONLY, PROBE), name);
}

static int unbind(const struct host *h, const char *name, const char *driver)
{
	return store(host_openf(h, O_WRONLY, DRIVERS "/%s/unbind", driver), name);
}

/* Where directories are locked, the function's own is that of its parent (bus.h). */
int function_lock(const struct host *h, int function, const char *name)
{
	_cleanup_close_ int dir = openat(function, "power", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *lock_name = xasprintf("vf-%s", name);
	int lock = dir < 0 ? -errno : lock_take(h, lock_name, dir, CHANGE_MS);

	if (lock < 0)
		debug("going on without a lock of %s: %s", name, strerror(-lock));
	return lock;
}

/* An errno of the driver's own does not come through drivers_probe. */
static int give(const struct host *h, int function, const char *name, const char *registered)
{
	_cleanup_free_ char *holder = NULL;
	int r = store_override(function, registered), looked;

	if (r < 0)
		return r;
	r = probe(h, name);
	looked = link_basename(function, "driver", &holder);
	if (looked == 0 && str_eq(holder, registered))
		return 0;
	store_override(function, NULL);
	if (function_is_gone(function))
		return -ENOENT;
	if (looked == 0 || looked == -ENOENT)
		return r < 0 ? r : -EREMOTEIO;
	/* The driver may have taken it, unseen. */
	unbind(h, name, registered);
	return looked;
}

int function_give(const struct host *h, int function, const char *name, const char *driver)
{
	_cleanup_free_ char *registered = NULL;
	int r = function_check(h, function, driver);

	if (r < 0)
		return r;
	registered = vfio_driver_registered(h, driver);
	return registered ? give(h, function, name, registered) : -ENOPKG;
}

static char *vfio_name(int function)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;

	if (dir_open_at(function, "vfio-dev", &dir) < 0)
		return NULL;
	e = dir_next(dir);
	return e ? xstrdup(e->d_name) : NULL;
}

/* Unbinding would wait for that, and nothing could end the wait. */
static bool is_in_use(const struct host *h, int function)
{
	_cleanup_free_ char *group = NULL, *device = vfio_name(function);
	_cleanup_(strv_done) struct strv holders = {};

	link_basename(function, "iommu_group", &group);
	return vfio_in_use(h, group, device, &holders);
}

/* The override goes first: who dies in between has left what is stopped once more. */
int function_take_back(const struct host *h, int function, const char *name, const char *driver)
{
	_cleanup_free_ char *holder = NULL, *bound = NULL;
	_cleanup_close_ int lock = -1;
	int r;

	lock = function_lock(h, function, name);
	if (lock == -ETIMEDOUT)
		return -EINPROGRESS;
	r = function_holder(function, driver, &holder);
	if (r == -EBUSY || (r == 0 && !str_eq(holder, driver)))
		return -ESTALE;
	if (r == 0 && is_in_use(h, function))
		return -EBUSY;
	if (r == 0)
		r = link_basename(function, "driver", &bound);
	if (r == 0)
		r = store_override(function, NULL);
	if (r < 0)
		return r;
	r = unbind(h, name, bound);
	/* It went while we looked. */
	return r == -ENODEV ? -ENOENT : r;
}

bool function_may_change(const struct host *h, const char *name)
{
	_cleanup_close_ int fd = host_openf(h, O_WRONLY, DEVICES "/%s/" OVERRIDE, name);

	return fd != -EACCES && fd != -EPERM;
}

/* Which of its card's links leads to it. */
unsigned long function_number(int function)
{
	_cleanup_close_ int pf = openat(function, "physfn", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat own, st;

	if (pf < 0 || fstat(function, &own) < 0)
		return 0;
	for (unsigned long i = 0;; i++) {
		char link[32];

		snprintf(link, sizeof(link), "virtfn%lu", i);
		if (fstatat(pf, link, &st, 0) < 0)
			return 0;
		if (st.st_dev == own.st_dev && st.st_ino == own.st_ino)
			return i + 1;
	}
}

/* What makes functions, or gives them to drivers, is not a property of one. */
static bool is_forbidden(const char *name)
{
	static const char *const names[] = {
		OVERRIDE, "sriov_numvfs", "sriov_drivers_autoprobe", "remove", "rescan", "reset",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

static int set_attr(int dir, const char *path, const char *name, const char *value, struct attr_log *log,
		    bool *ret_written)
{
	*ret_written = false;
	return is_forbidden(path) ? -EACCES : attr_write_told(dir, path, name, value, log, ret_written);
}

int function_set_pf_attr(int pf, const char *name, const char *value, struct attr_log *log, bool *ret_written)
{
	return set_attr(pf, name, name, value, log, ret_written);
}

/* Each "%n" as the number. */
static char *expand(const char *name, unsigned long number)
{
	char *text = xstrdup("");

	for (const char *at; (at = strstr(name, "%n")); name = at + 2) {
		char *more = xasprintf("%s%.*s%lu", text, (int)(at - name), name, number);

		free(text);
		text = more;
	}
	{
		_cleanup_free_ char *begun = text;

		return xasprintf("%s%s", begun, name);
	}
}

/* What is left of the name if it is that of the card's attribute, else NULL. */
static const char *name_of_card(const char *name)
{
	static const char prefix[] = "pf/";

	return strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : NULL;
}

static int open_dir_of(int function, const char *name)
{
	int fd = openat(function, name_of_card(name) ? "physfn" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int function_set_attr(int function, const char *name, const char *value, struct attr_log *log, bool *ret_written)
{
	const char *of_card = name_of_card(name);
	_cleanup_close_ int dir = open_dir_of(function, name);
	_cleanup_free_ char *expanded = NULL;
	unsigned long number = strstr(name, "%n") ? function_number(function) : 1;

	*ret_written = false;
	if (dir < 0)
		return dir;
	if (!number)
		return -ENOENT;
	expanded = expand(of_card ? of_card : name, number);
	return set_attr(dir, expanded, name, value, log, ret_written);
}

static const char *reason(int r)
{
	return r == -ENODATA ? "it cannot be read" : r == -ESTALE ? "it has changed since" : strerror(-r);
}

void function_put_back(int function, const struct attr_log *log, struct strv *left)
{
	for (size_t i = log->n; i-- > 0;) {
		const struct attr_change *change = &log->change[i];
		_cleanup_close_ int dir = open_dir_of(function, change->name);
		int r = dir < 0 ? dir : attr_put_back(dir, change);

		if (r < 0)
			strv_add(left, xasprintf("%s (%s)", change->name, reason(r)));
	}
}
