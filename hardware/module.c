/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel modules, as far as a parent device depends on one.
 *
 * libkmod is opened only when a module is to be loaded: linked, it and the
 * libraries that it needs would double the start-up of every call.
 */
#include "hardware/module.h"
#include "lib/program.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <libkmod.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define LIBKMOD "libkmod.so.2"
/*
 * What is opened only where it is needed is not among what the program is
 * linked with; packagers' tools read from a note in the program that it is
 * wanted: https://uapi-group.org/specifications/specs/elf_dlopen_metadata/
 */
__asm__(".pushsection .note.dlopen, \"a\", %note\n"
	"	.balign 4\n"
	"	.long 1f - 0f, 3f - 2f, 0x407c0c0a\n"
	"0:	.asciz \"FDO\"\n"
	"1:	.balign 4\n"
	"2:	.asciz \"[{\\\"feature\\\":\\\"kmod\\\",\\\"description\\\":\\\"Loading the module of a parent\\\","
	"\\\"priority\\\":\\\"recommended\\\",\\\"soname\\\":[\\\"" LIBKMOD "\\\"]}]\"\n"
	"3:	.balign 4\n"
	".popsection\n");

/* What is used of libkmod. */
struct libkmod {
	void *library;
	struct kmod_ctx *ctx;
	__typeof__(&kmod_new) new;
	__typeof__(&kmod_unref) unref;
	__typeof__(&kmod_set_log_fn) set_log_fn;
	__typeof__(&kmod_list_next) list_next;
	__typeof__(&kmod_module_new_from_lookup) module_new_from_lookup;
	__typeof__(&kmod_module_get_module) module_get_module;
	__typeof__(&kmod_module_get_name) module_get_name;
	__typeof__(&kmod_module_probe_insert_module) module_probe_insert_module;
	__typeof__(&kmod_module_unref) module_unref;
	__typeof__(&kmod_module_unref_list) module_unref_list;
};

char *module_of_type(const char *type)
{
	/* Where the mdev support of a driver is a module of its own. */
	static const struct {
		const char *driver, *module;
	} apart[] = {
		{ "i915", "kvmgt" },
		{ "nvidia", "nvidia_vgpu_vfio" },
	};
	char *module = xstrdup(type);

	module[strcspn(module, "-")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(apart); i++) {
		if (str_eq(module, apart[i].driver)) {
			free(module);
			return xstrdup(apart[i].module);
		}
	}
	return module;
}

/* A module that is built in has no initstate, and a directory only if it has
 * parameters or a version. */
bool module_is_loaded(const struct host *h, const char *module)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH | O_DIRECTORY, "sys/module/%s", module);
	_cleanup_free_ char *state = NULL;

	return fd >= 0 && (read_text_at(fd, "initstate", &state) < 0 || str_eq(state, "live"));
}

void module_read_version(const struct host *h, const char *module, char **ret_version, char **ret_srcversion)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH | O_DIRECTORY, "sys/module/%s", module);

	*ret_version = *ret_srcversion = NULL;
	if (fd < 0)
		return;
	read_text_at(fd, "version", ret_version);
	read_text_at(fd, "srcversion", ret_srcversion);
}

static void libkmod_close(struct libkmod *k)
{
	if (k->ctx)
		k->unref(k->ctx);
	if (k->library)
		dlclose(k->library);
}

static int libkmod_open(struct libkmod *k, struct error *error)
{
	const struct {
		const char *name;
		void **pointer;
	} functions[] = {
		{ "kmod_new", (void **)&k->new },
		{ "kmod_unref", (void **)&k->unref },
		{ "kmod_set_log_fn", (void **)&k->set_log_fn },
		{ "kmod_list_next", (void **)&k->list_next },
		{ "kmod_module_new_from_lookup", (void **)&k->module_new_from_lookup },
		{ "kmod_module_get_module", (void **)&k->module_get_module },
		{ "kmod_module_get_name", (void **)&k->module_get_name },
		{ "kmod_module_probe_insert_module", (void **)&k->module_probe_insert_module },
		{ "kmod_module_unref", (void **)&k->module_unref },
		{ "kmod_module_unref_list", (void **)&k->module_unref_list },
	};

	k->library = dlopen(LIBKMOD, RTLD_NOW | RTLD_LOCAL);
	if (!k->library) {
		debug("%s", dlerror());
		error_set(error, "loading modules needs %s, which is not on this system", LIBKMOD);
		return -ENOPKG;
	}
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		*functions[i].pointer = dlsym(k->library, functions[i].name);
		if (!*functions[i].pointer) {
			error_set(error, "%s has no %s", LIBKMOD, functions[i].name);
			return -ENOPKG;
		}
	}
	k->ctx = k->new(NULL, NULL);
	if (k->ctx)
		return 0;
	error_set(error, "%s cannot read its configuration", LIBKMOD);
	return -EIO;
}

static void _printf_(6, 0) on_log(void *data, int priority, const char *file, int line,
				  const char *function, const char *format, va_list ap)
{
	_cleanup_free_ char *text = xvasprintf(format, ap);

	(void)data, (void)priority, (void)file, (void)line, (void)function;
	text[strcspn(text, "\n")] = '\0';
	debug("libkmod: %s", text);
}

/* An install command of modprobe.d: what it prints is no result of ours. */
static int run_install_command(struct kmod_module *m, const char *command, void *data)
{
	const struct libkmod *k = data;
	const char *name = k->module_get_name(m);
	int status, null;
	pid_t pid;

	debug("running '%s' to load %s", command, name);
	program_keep_children();
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		null = open("/dev/null", O_RDONLY);
		if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
		    dup2(STDERR_FILENO, STDOUT_FILENO) < 0 || setenv("MODPROBE_MODULE", name, 1) < 0)
			_exit(127);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status == 0 ? 0 : -ECHILD;
}

static int insert(const struct libkmod *k, const struct kmod_list *item)
{
	struct kmod_module *m = k->module_get_module(item);
	int r = k->module_probe_insert_module(m, KMOD_PROBE_APPLY_BLACKLIST, NULL,
					      run_install_command, k, NULL);

	k->module_unref(m);
	return r;
}

/* An alias may stand for several modules.  -ESRCH: there is no such module. */
static int load(const struct libkmod *k, const char *module)
{
	struct kmod_list *found = NULL, *item;
	int r;

	r = k->module_new_from_lookup(k->ctx, module, &found);
	if (r == 0 && !found)
		return -ESRCH;
	for (item = found; r == 0 && item; item = k->list_next(found, item))
		r = insert(k, item);
	k->module_unref_list(found);
	return r;
}

static void explain(int r, struct error *error)
{
	struct utsname u;

	if (r == KMOD_PROBE_APPLY_BLACKLIST) {
		error_set(error, "it is blacklisted in modprobe.d");
	} else if (r == -ESRCH) {
		error_set(error, "kernel %s has no module of that name",
			  uname(&u) == 0 ? u.release : "");
	} else if (r == -ECHILD) {
		error_set(error, "its install command in modprobe.d failed");
	} else if (r == -EPERM && geteuid() != 0) {
		error_set(error, "only root may load modules");
	} else {
		error_set(error, "%s; dmesg may tell more", strerror(-r));
	}
}

int module_load(const char *module, struct error *error)
{
	_cleanup_(libkmod_close) struct libkmod k = {};
	int r;

	r = libkmod_open(&k, error);
	if (r < 0)
		return r;
	k.set_log_fn(k.ctx, on_log, NULL);
	r = load(&k, module);
	if (r == 0)
		return 0;
	explain(r, error);
	return r < 0 ? r : -ECANCELED;
}
