/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs NVIDIA's sriov-manage until there are VFs.  Its steps: the unbindLock of
 * /proc/driver/nvidia/gpus/PF, the PF from nvidia to pci-pf-stub, sriov_numvfs
 * there, and back.  pci-pf-stub has one list of ids for all cards, so that two
 * of these at a time disturb each other.
 */
#include "hardware/sriov-manage.h"
#include "hardware/sriov.h"
#include "lib/interrupt.h"
#include "lib/lock.h"
#include "lib/program.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define DRIVERS "sys/bus/pci/drivers"
#define OWN_DRIVER "nvidia"
#define STUB_DRIVER "pci-pf-stub"

/* So long it is tried again: seen to be needed, 30 s; udev ends what it runs after 180 s. */
#define LIMIT_MS 120000
#define FIRST_PAUSE_MS 500
#define MAX_PAUSE_MS 16000
/* How long the VFs may take to get their driver and their directory. */
#define VFS_MS 10000
#define POLL_MS 100
/* So much of the end of what it prints is looked at. */
#define LOG_READ (64 << 10)

bool sriov_manage_is_needed(const struct host *h, const char *pf)
{
	_cleanup_free_ char *path = xasprintf("sys/bus/pci/devices/%s/vendor", pf), *vendor = NULL;

	vendor = host_read(h, path);
	return vendor && strncmp(vendor, "0x10de", strlen("0x10de")) == 0;
}

bool sriov_manage_is_there(const struct host *h)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH, SRIOV_MANAGE);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

/* What the program has printed, in the end of it; caller frees. */
static char *read_log(int log)
{
	char *text = xcalloc(1, LOG_READ + 1);
	struct stat st;
	ssize_t n = -1;

	if (fstat(log, &st) == 0)
		n = pread(log, text, LOG_READ, st.st_size > LOG_READ ? st.st_size - LOG_READ : 0);
	for (ssize_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	return text;
}

/* One line of what the program printed, for a message. */
static char *last_line(char *text)
{
	char *newline;

	for (size_t n = strlen(text); n && strchr("\n ", text[n - 1]); n--)
		text[n - 1] = '\0';
	if (!*text)
		return xstrdup("it printed nothing");
	newline = strrchr(text, '\n');
	return xasprintf("it printed \"%.300s\"", newline ? newline + 1 : text);
}

/*
 * Meanwhile the GPU has no driver: a program that was ended half-way would
 * leave it so.  No signal that we get ends it, nor our own end, as what it
 * prints goes to a file.
 */
static int run_to_end(const char *path, const char *pf, int log)
{
	char *const argv[] = { (char *)path, (char *)"-e", (char *)pf, NULL };
	const struct program_options options = { .own_group = true, .shielded = true, .log_fd = log };
	_cleanup_(program_done) struct program s = {};
	struct program *const runs[] = { &s };
	int r;

	interrupt_defer();
	debug("running %s -e %s", path, pf);
	r = program_start(&s, path, path, argv, &options);
	if (r == 0)
		program_wait_any(runs, 1);
	return r;
}

/* -errno if it could not be run; @ret_line is what it said last. */
static int run_once(const char *path, const char *pf, char **ret_line)
{
	_cleanup_close_ int log = memfd_create("sriov-manage", MFD_CLOEXEC);
	_cleanup_free_ char *printed = NULL;
	int r = log < 0 ? -errno : run_to_end(path, pf, log);

	if (r < 0)
		return r;
	printed = read_log(log);
	if (*printed)
		debug("%s: %s", path, printed);
	*ret_line = last_line(printed);
	return 0;
}

/* Writes @function to bind or unbind of a driver. */
static int store_driver(const struct host *h, const char *driver, const char *file, const char *function)
{
	_cleanup_close_ int fd = host_openf(h, O_WRONLY, DRIVERS "/%s/%s", driver, file);

	debug("%s of %s for %s", file, driver, function);
	return fd < 0 ? fd : write_store(fd, function, strlen(function));
}

/*
 * Gives the PF back its driver, where a try has left it without or with the
 * stub.  -EBUSY: another driver has it now, which somebody else has wanted.
 */
static int restore_driver(const struct host *h, const char *pf, struct error *error)
{
	_cleanup_free_ char *driver = NULL;
	int r = sriov_driver(h, pf, &driver);

	if (r == 0 && str_eq(driver, OWN_DRIVER))
		return 0;
	if (r == 0 && !str_eq(driver, STUB_DRIVER)) {
		error_set(error, "the driver %s has it, not " OWN_DRIVER ", and it is left there", driver);
		return -EBUSY;
	}
	if (r == 0)
		store_driver(h, STUB_DRIVER, "unbind", pf);
	r = store_driver(h, OWN_DRIVER, "bind", pf);
	if (r == 0)
		info("%s had been left without its driver, and has it again", pf);
	return 0;
}

static bool has_directory(const struct host *h, const char *vf)
{
	_cleanup_free_ char *vgpus = xasprintf("sys/bus/pci/devices/%s/nvidia", vf);
	_cleanup_free_ char *mdevs = xasprintf("sys/bus/pci/devices/%s/mdev_supported_types", vf);

	return host_exists(h, vgpus) || host_exists(h, mdevs);
}

/* The first of the VFs that cannot be used yet, and why; NULL: all can.  One without
 * a driver is bound; caller frees. */
static char *find_unready(const struct host *h, const struct strv *vfs)
{
	for (size_t i = 0; i < vfs->n; i++) {
		_cleanup_free_ char *driver = NULL;

		if (sriov_driver(h, vfs->s[i], &driver) < 0) {
			store_driver(h, OWN_DRIVER, "bind", vfs->s[i]);
			if (sriov_driver(h, vfs->s[i], &driver) < 0)
				return xasprintf("virtual function %s has no driver", vfs->s[i]);
		}
		if (!has_directory(h, vfs->s[i]))
			return xasprintf("virtual function %s offers no types", vfs->s[i]);
	}
	return NULL;
}

/* What there is, after a moment: 0, or -EAGAIN with @ret_why. */
static int count_vfs(const struct host *h, const char *pf, char **ret_why)
{
	uint64_t deadline = now_ms() + VFS_MS;

	for (;;) {
		_cleanup_(strv_done) struct strv vfs = {};
		_cleanup_free_ char *why = NULL;
		struct sriov now = {};

		if (sriov_look(h, pf, &now) < 0 || !now.enabled) {
			*ret_why = xstrdup("none is enabled");
			return -EAGAIN;
		}
		sriov_list_vfs(h, pf, &vfs);
		if (vfs.n < now.enabled)
			why = xasprintf("%lu are enabled, and %zu can be seen", now.enabled, vfs.n);
		else
			why = find_unready(h, &vfs);
		if (!why)
			return 0;
		if (now_ms() >= deadline || interrupted()) {
			*ret_why = take(why);
			return -EAGAIN;
		}
		sleep_ms(POLL_MS);
	}
}

/* 0; -EAGAIN: worth another try; else not. */
static int try_once(const struct host *h, const char *path, const char *pf, uint64_t deadline,
		    struct error *error)
{
	_cleanup_close_ int dir = host_openf(h, O_RDONLY | O_DIRECTORY, DRIVERS "/" OWN_DRIVER), lock = -1;
	_cleanup_(error_done) struct error ignored = {};
	_cleanup_free_ char *line = NULL, *why = NULL;
	uint64_t now = now_ms();
	int r;

	if (dir >= 0)
		lock = lock_take(h, "sriov-manage", dir, now < deadline ? (unsigned)(deadline - now) : 0);
	if (lock == -EINTR || lock == -ETIMEDOUT) {
		error_set(error, "another %s was running all the time", path);
		return -EAGAIN;
	}
	r = restore_driver(h, pf, error);
	if (r < 0)
		return r;
	r = run_once(path, pf, &line);
	if (r < 0) {
		error_set(error, "cannot run %s: %s", path, strerror(-r));
		return r;
	}
	r = count_vfs(h, pf, &why);
	if (r == 0)
		return 0;
	error_set(error, "%s has been run, and %s; %s", path, why, line);
	/* It must not stay without. */
	restore_driver(h, pf, &ignored);
	return r;
}

int sriov_manage_enable(const struct host *h, const char *pf, struct error *error)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", h->root, SRIOV_MANAGE), *driver = NULL, *why = NULL;
	uint64_t deadline = now_ms() + LIMIT_MS;
	unsigned pause = FIRST_PAUSE_MS, tries = 0;
	int r = sriov_driver(h, pf, &driver);

	if (r < 0 || !str_eq(driver, OWN_DRIVER)) {
		error_set(error, r < 0 ? "no driver has it" :
			  "the driver %s has it, not " OWN_DRIVER ", and it is left there", driver);
		return -EBUSY;
	}
	while ((r = try_once(h, path, pf, deadline, error)) == -EAGAIN) {
		tries++;
		if (interrupted() || now_ms() + pause >= deadline)
			break;
		notice("%s: %s; trying again", pf, error->text);
		for (unsigned slept = 0; slept < pause && !interrupted(); slept += POLL_MS)
			sleep_ms(POLL_MS);
		pause = pause * 2 < MAX_PAUSE_MS ? pause * 2 : MAX_PAUSE_MS;
	}
	if (r == -EAGAIN) {
		why = take(error->text);
		error_set(error, "%s after %u tr%s: %s", interrupted() ? "interrupted" : "given up", tries,
			  tries == 1 ? "y" : "ies", why);
	}
	return r;
}
