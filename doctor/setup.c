/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether what starts automatic devices, and the scripts that are asked, are
 * installed as they should be.
 */
#include "doctor/doctor.h"
#include "script/files.h"

#include <fcntl.h>

#define RULE "60-mdevctl.rules"

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
		_cleanup_free_ char *path = xasprintf("%s/" RULE, dirs[i]), *text = host_read(h, path);

		if (!text)
			continue;
		*ret_path = xasprintf("%s/%s", h->root, path);
		return take(text);
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

void doctor_setup(const struct host *h, bool automatic, struct findings *all)
{
	check_scripts(h, all);
	check_udev(h, automatic, all);
}
