/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether what is configured can come true: definitions, scripts, the udev
 * rule that starts automatic devices.
 */
#include "device/bus.h"
#include "script/files.h"
#include "config.h"
#include "doctor/doctor.h"
#include "device/explain.h"

#include <fcntl.h>

#define RULE "60-mdevctl.rules"

struct definitions {
	struct mdev_list list;
	struct mdev_type_list types;
	struct strv parents;
};

static void definitions_done(struct definitions *d)
{
	mdev_list_done(&d->list);
	mdev_type_list_done(&d->types);
	strv_done(&d->parents);
}

static const struct mdev_type *find_type(const struct definitions *d, const struct mdev *m)
{
	for (size_t i = 0; i < d->types.n; i++)
		if (str_eq(d->types.t[i].parent, m->parent) && str_eq(d->types.t[i].id, m->type))
			return &d->types.t[i];
	return NULL;
}

static char *offered(const struct definitions *d, const char *parent)
{
	_cleanup_(strv_done) struct strv ids = {};

	for (size_t i = 0; i < d->types.n; i++)
		if (str_eq(d->types.t[i].parent, parent))
			strv_add(&ids, xstrdup(d->types.t[i].id));
	return ids.n ? strv_join(&ids, 8) : xstrdup("nothing");
}

static bool gpu_holds_something(const struct host *h, const char *parent)
{
	_cleanup_(mdev_list_done) struct mdev_list held = {};

	bus_list_neighbours(h, parent, &held);
	return held.n;
}

/*
 * What a VF offers follows from what its GPU holds: a type that is not there
 * now says nothing against the definition.  False: there is no such reason.
 */
static bool check_vgpu(const struct host *h, const struct definitions *d, const struct mdev *m,
		       struct findings *all)
{
	_cleanup_(mdev_done) struct mdev holder = {};
	_cleanup_(error_done) struct error error = {};

	if (m->active)
		return true;
	if (bus_find_holder(h, m->parent, &holder) == 0) {
		if (m->autostart)
			findings_add(all, HEALTH_FAIL, "definitions",
				     xasprintf("%s: it is automatic, but %s holds %s (%s) instead", m->uuid,
					       m->parent, holder.uuid, holder.type),
				     xasprintf("mdevctl stop -u %s, or define one of both on another virtual function",
					       holder.uuid));
		return true;
	}
	if (find_type(d, m) || !gpu_holds_something(h, m->parent))
		return false;
	explain_create(h, m, -ENOENT, &error);
	findings_add(all, m->autostart ? HEALTH_FAIL : HEALTH_WARN, "definitions",
		     xasprintf("%s: %s", m->uuid, error.text),
		     xstrdup("stop what the GPU holds, or define the device on another GPU"));
	return true;
}

static void check_definition(const struct host *h, const struct definitions *d,
			     const struct mdev *m, struct findings *all)
{
	enum health health = m->autostart ? HEALTH_FAIL : HEALTH_WARN;

	if (m->is_pci && check_vgpu(h, d, m, all))
		return;

	if (!strv_has(&d->parents, m->parent)) {
		findings_add(all, health, "definitions",
			     xasprintf("%s: its parent %s is not there", m->uuid, m->parent),
			     xasprintf("see drivers and sr-iov; or, if it is gone for good: mdevctl undefine -u %s -p %s",
				       m->uuid, m->parent));
	} else if (!find_type(d, m)) {
		_cleanup_free_ char *ids = offered(d, m->parent);

		findings_add(all, health, "definitions",
			     xasprintf("%s: %s does not offer its type %s", m->uuid, m->parent, m->type),
			     xasprintf("mdevctl modify -u %s -p %s --type TYPE, one of: %s", m->uuid,
				       m->parent, ids));
	} else if (m->autostart && !m->active) {
		findings_add(all, HEALTH_FAIL, "definitions",
			     xasprintf("%s: it is automatic, but not active on %s", m->uuid, m->parent),
			     xasprintf("mdevctl start-parent-mdevs %s", m->parent));
	}
}

/* Of the list, which is sorted by parent, those that are still to be started. */
static size_t count_waiting(const struct definitions *d, const struct mdev *like)
{
	size_t n = 0;

	for (size_t i = 0; i < d->list.n; i++) {
		const struct mdev *m = &d->list.m[i];

		n += m->autostart && !m->active && mdev_is_same_kind(m, like);
	}
	return n;
}

/*
 * A VF has room for one vGPU, and one of its definitions for each type: told
 * of each definition that comes after another.
 */
static void check_alone(const struct definitions *d, size_t at, struct findings *all)
{
	const struct mdev *m = &d->list.m[at];

	for (size_t i = 0; i < at; i++) {
		const struct mdev *other = &d->list.m[i];
		bool both = m->autostart && other->autostart;

		if (!str_eq(other->parent, m->parent) || !(both || str_eq(other->type, m->type)))
			continue;
		findings_add(all, both ? HEALTH_FAIL : HEALTH_WARN, "definitions",
			     xasprintf("%s: %s has room for one vGPU, and %s is defined for it as %s, too",
				       m->uuid, m->parent, other->uuid,
				       both ? "automatic" : "the same type"),
			     xasprintf("mdevctl undefine -p %s -u %s or -u %s", m->parent, other->uuid,
				       m->uuid));
		return;
	}
}

static void check_room(const struct host *h, const struct definitions *d, struct findings *all)
{
	for (size_t i = 0; i < d->types.n; i++) {
		const struct mdev_type *t = &d->types.t[i];
		const struct mdev like = { .parent = t->parent, .type = t->id };
		size_t waiting = count_waiting(d, &like);

		/* Virtual functions have a check of their own. */
		if (!waiting || (t->available > 0 && waiting <= (size_t)t->available) || bus_has_one_place(h, t->parent))
			continue;
		findings_add(all, HEALTH_FAIL, "definitions",
			     xasprintf("%zu automatic devices of type %s on %s are not active, and there is room for %ld",
				       waiting, t->id, t->parent, t->available > 0 ? t->available : 0),
			     xasprintf("stop a device on %s, or define fewer: mdevctl list -d -p %s",
				       t->parent, t->parent));
	}
}

/* @ret_automatic: whether a device is to start by itself. */
static void check_definitions(const struct host *h, struct findings *all, bool *ret_automatic)
{
	_cleanup_(definitions_done) struct definitions d = {};
	_cleanup_(bus_query_end) struct bus_query query = { { -1 }, false };
	_cleanup_(strv_done) struct strv problems = {};
	size_t before = all->n;

	config_list(h, NULL, &d.list, &problems, NULL);
	bus_list_types(h, NULL, &d.types);
	bus_list_parents(h, &d.parents);
	mdev_type_list_sort(&d.types);
	mdev_list_sort(&d.list);
	bus_query_begin(h, &query);
	for (size_t i = 0; i < d.list.n; i++) {
		bus_query_look(&query, h, &d.list.m[i]);
		check_definition(h, &d, &d.list.m[i], all);
		if (d.list.m[i].is_pci)
			check_alone(&d, i, all);
		*ret_automatic = *ret_automatic || d.list.m[i].autostart;
	}
	check_room(h, &d, all);
	if (all->n == before)
		findings_add(all, HEALTH_OK, "definitions",
			     d.list.n ? xasprintf("%zu definitions, each of which can be started", d.list.n) :
					xstrdup("nothing is defined"),
			     NULL);
	strv_sort(&problems);
	for (size_t i = 0; i < problems.n; i++)
		findings_add(all, HEALTH_WARN, "files", xstrdup(problems.s[i]),
			     xstrdup("mend or remove the file"));
	if (!problems.n)
		findings_add(all, HEALTH_OK, "files", xstrdup("no file is in the way"), NULL);
}

static void check_scripts(const struct host *h, struct findings *all)
{
	_cleanup_(script_files_done) struct script_files files = {};
	size_t fine = 0, before = all->n;

	script_files_list(h, &files);
	for (size_t i = 0; i < files.n; i++) {
		const char *path = files.f[i].path;

		switch (files.f[i].state) {
		case SCRIPT_FINE:
			fine++;
			break;
		case SCRIPT_NO_FILE:
			findings_add(all, HEALTH_WARN, "scripts", xasprintf("%s is no regular file", path),
				     xasprintf("remove %s", path));
			break;
		case SCRIPT_NOT_EXECUTABLE:
			findings_add(all, HEALTH_WARN, "scripts",
				     xasprintf("%s is not executable, so it is not run", path),
				     xasprintf("chmod 755 %s", path));
			break;
		case SCRIPT_UNTRUSTED:
			findings_add(all, HEALTH_FAIL, "scripts",
				     xasprintf("%s is not run: others than root may write to it or to a directory that leads to it",
					       path),
				     xasprintf("namei -l %s, then chown root and chmod go-w what is listed so", path));
			break;
		}
	}
	if (all->n == before)
		findings_add(all, HEALTH_OK, "scripts", xasprintf("%zu callout scripts", fine), NULL);
}

/* The text of the rule that udev reads: the first directory that has it. */
static char *read_rule(const struct host *h, char **ret_path)
{
	static const char *const dirs[] = {
		"etc/udev/rules.d", "run/udev/rules.d", "usr/local/lib/udev/rules.d",
		"usr/lib/udev/rules.d", "lib/udev/rules.d",
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_close_ int fd = host_openf(h, O_RDONLY | O_NONBLOCK, "%s/" RULE, dirs[i]);
		char *text = NULL;
		size_t length;

		if (fd < 0 || read_all(fd, 1 << 20, false, &text, &length) < 0)
			continue;
		*ret_path = xasprintf("%s/%s/" RULE, h->root, dirs[i]);
		return text;
	}
	return NULL;
}

/* The program of the first RUN+="PROGRAM ..." that is no comment; caller frees. */
static char *program_of(const char *rule)
{
	const char *line = rule;

	while (line && *line) {
		const char *end = strchrnul(line, '\n'), *run = strstr(line, "RUN+=\"");

		if (*line != '#' && run && run < end) {
			run += strlen("RUN+=\"");
			return xasprintf("%.*s", (int)strcspn(run, " \"\n"), run);
		}
		line = *end ? end + 1 : NULL;
	}
	return NULL;
}

static bool is_program(const struct host *h, const char *path)
{
	_cleanup_close_ int fd = host_openf(h, O_PATH, "%s", path + 1);
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return fd >= 0 && access(self, X_OK) == 0;
}

static void check_udev(const struct host *h, bool is_needed, struct findings *all)
{
	_cleanup_free_ char *path = NULL, *rule = read_rule(h, &path), *program = NULL;
	enum health health = is_needed ? HEALTH_FAIL : HEALTH_WARN;
	char *seen, *mend;

	program = rule ? program_of(rule) : NULL;
	if (program && *program == '/' && is_program(h, program)) {
		findings_add(all, HEALTH_OK, "udev", xasprintf("%s runs %s", path, program), NULL);
		return;
	}
	if (!rule) {
		seen = xstrdup("the rule " RULE " is not installed, so no device starts by itself");
		mend = xstrdup("install it, by mdevctl's package or make install, and udevadm control --reload");
	} else if (!program) {
		seen = xasprintf("%s runs nothing, so no device starts by itself", path);
		mend = xasprintf("rm %s, if it hides that of the package, and udevadm control --reload", path);
	} else {
		seen = xasprintf("%s runs %s, which is not there", path, program);
		mend = xasprintf("write the path of mdevctl into %s, and udevadm control --reload", path);
	}
	findings_add(all, health, "udev", seen, mend);
}

void doctor_config(const struct host *h, struct findings *all)
{
	bool automatic = false;

	check_definitions(h, all, &automatic);
	check_scripts(h, all);
	check_udev(h, automatic, all);
}
