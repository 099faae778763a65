/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A libkmod.so.2 for the simulated host, with those functions that mdevctl
 * uses.  No test may load modules into the kernel that it runs on; the real
 * library does so in tests/vm.  The modules are lines of the file that
 * FAKE_KMOD names: NAME WHAT [ARGUMENT], WHAT being
 *	loads WORDS	writes them to the simulated kernel's /sys/fake/control
 *	install COMMAND	has an install command in modprobe.d
 *	blacklist	is blacklisted there
 *	fails ERRNO	is refused by the kernel, with that number
 */
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kmod_ctx {
	void (*log_fn)(void *data, int priority, const char *file, int line, const char *fn,
		       const char *format, va_list args);
	void *log_data;
};

struct kmod_module {
	struct kmod_ctx *ctx;
	char name[64], what[16], argument[256];
};

struct kmod_list {
	struct kmod_module module;
};

struct kmod_ctx *kmod_new(const char *dirname, const char *const *config_paths)
{
	(void)dirname, (void)config_paths;
	return getenv("FAKE_KMOD") ? calloc(1, sizeof(struct kmod_ctx)) : NULL;
}

struct kmod_ctx *kmod_unref(struct kmod_ctx *ctx)
{
	free(ctx);
	return NULL;
}

void kmod_set_log_fn(struct kmod_ctx *ctx,
		     void (*log_fn)(void *data, int priority, const char *file, int line,
				    const char *fn, const char *format, va_list args),
		     const void *data)
{
	ctx->log_fn = log_fn;
	ctx->log_data = (void *)data;
}

int kmod_module_new_from_lookup(struct kmod_ctx *ctx, const char *given_alias,
				struct kmod_list **list)
{
	FILE *f = fopen(getenv("FAKE_KMOD"), "re");
	struct kmod_list *item = calloc(1, sizeof(*item));
	struct kmod_module *m = &item->module;
	char line[512];

	*list = NULL;
	while (f && !*list && fgets(line, sizeof(line), f)) {
		*m->argument = '\0';
		if (sscanf(line, "%63s %15s %255[^\n]", m->name, m->what, m->argument) >= 2 &&
		    strcmp(m->name, given_alias) == 0)
			*list = item;
	}
	if (f)
		fclose(f);
	if (!*list)
		free(item);
	m->ctx = ctx;
	return 0;
}

struct kmod_list *kmod_list_next(const struct kmod_list *list, const struct kmod_list *curr)
{
	(void)list, (void)curr;
	return NULL;
}

struct kmod_module *kmod_module_get_module(const struct kmod_list *entry)
{
	return (struct kmod_module *)&entry->module;
}

const char *kmod_module_get_name(const struct kmod_module *mod)
{
	return mod->name;
}

struct kmod_module *kmod_module_unref(struct kmod_module *mod)
{
	(void)mod;
	return NULL;
}

int kmod_module_unref_list(struct kmod_list *list)
{
	free(list);
	return 0;
}

static void say(struct kmod_ctx *ctx, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (ctx->log_fn)
		ctx->log_fn(ctx->log_data, 3, "", 0, "", format, ap);
	va_end(ap);
}

static int register_parent(const char *words)
{
	int fd = open("/sys/fake/control", O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0 || write(fd, words, strlen(words)) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

int kmod_module_probe_insert_module(struct kmod_module *mod, unsigned int flags,
				    const char *extra_options,
				    int (*run_install)(struct kmod_module *m, const char *cmdline,
						       void *data),
				    const void *data,
				    void (*print_action)(struct kmod_module *m, bool install,
							 const char *options))
{
	(void)extra_options, (void)print_action;
	if (geteuid() != 0)
		return -EPERM;
	if (strcmp(mod->what, "blacklist") == 0)
		return (int)(flags & KMOD_PROBE_APPLY_BLACKLIST);
	if (strcmp(mod->what, "install") == 0)
		return run_install(mod, mod->argument, (void *)data);
	if (strcmp(mod->what, "fails") == 0) {
		say(mod->ctx, "could not insert '%s'\n", mod->name);
		return -atoi(mod->argument);
	}
	return register_parent(mod->argument);
}
