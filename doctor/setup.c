/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether what starts automatic devices, and the scripts that are asked, are
 * installed as they should be.
 */
#include "doctor/doctor.h"
#include "lib/program.h"
#include "script/files.h"

#include <fcntl.h>

#define RULE "60-mdevctl.rules"
#define UNIT "mdevctl.service"
#define SYSTEMCTL_MS 10000

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

/* Of the programs of RUN+="PROGRAM ...", but for comments, ours, or if there is none of
 * that name the first; caller frees. */
static char *program_of(const char *rule)
{
	const char *line = rule;
	char *found = NULL;

	while (line && *line) {
		const char *end = strchrnul(line, '\n'), *run = strstr(line, "RUN+=\"");

		if (*line != '#' && run && run < end) {
			_cleanup_free_ char *program = NULL;

			run += strlen("RUN+=\"");
			program = xasprintf("%.*s", (int)strcspn(run, " \"\n"), run);
			if (!found || str_eq(base_name(program), "mdevctl")) {
				free(found);
				found = take(program);
			}
		}
		line = *end ? end + 1 : NULL;
	}
	return found;
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

/* The state that systemd has of the unit, "failed" or so; NULL: it cannot be asked. */
static char *unit_state(const struct host *h)
{
	static const char path[] = "/usr/bin/systemctl";
	char *const argv[] = { (char *)path, (char *)"show", (char *)"--property=ActiveState",
			       (char *)"--value", (char *)UNIT, NULL };
	const struct program_options options = { .timeout = SYSTEMCTL_MS };
	_cleanup_(program_done) struct program p = {};
	struct program *const runs[] = { &p };

	if (host_is_subtree(h) || !host_exists(h, "run/systemd/system") ||
	    program_start(&p, path, path, argv, &options) < 0)
		return NULL;
	program_wait_any(runs, 1);
	if (p.end != PROGRAM_EXITED || p.status != 0 || !p.out.data)
		return NULL;
	p.out.data[strcspn(p.out.data, "\n")] = '\0';
	return take(p.out.data);
}

static bool is_unit_installed(const struct host *h)
{
	static const char *const dirs[] = {
		"etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system",
		"usr/lib/systemd/system", "lib/systemd/system",
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_free_ char *path = xasprintf("%s/" UNIT, dirs[i]);

		if (host_exists(h, path))
			return true;
	}
	return false;
}

/* What starts automatic devices at boot, before libvirt's virtual machines. */
static void check_unit(const struct host *h, bool is_needed, struct findings *all)
{
	enum health health = is_needed ? HEALTH_FAIL : HEALTH_WARN;
	_cleanup_free_ char *state = NULL;

	if (!host_exists(h, "usr/lib/systemd/systemd") && !host_exists(h, "lib/systemd/systemd"))
		return;
	state = unit_state(h);
	if (!is_unit_installed(h))
		findings_add(all, health, "unit",
			     xstrdup(UNIT " is not installed, so that devices may come after libvirt's virtual machines"),
			     xstrdup("install it, by mdevctl's package or make install, and systemctl enable " UNIT));
	else if (!host_exists(h, "etc/systemd/system/multi-user.target.wants/" UNIT))
		findings_add(all, health, "unit", xstrdup(UNIT " is not enabled"),
			     xstrdup("systemctl enable " UNIT));
	else if (state && str_eq(state, "failed"))
		findings_add(all, health, "unit", xstrdup(UNIT " has failed: not everything automatic was started"),
			     xstrdup("journalctl -b -u " UNIT " tells why; systemctl restart " UNIT " tries again"));
	else
		findings_add(all, HEALTH_OK, "unit", xasprintf(UNIT " is enabled%s%s", state ? ", and " : "",
							       state ? state : ""), NULL);
}

void doctor_setup(const struct host *h, bool automatic, struct findings *all)
{
	check_scripts(h, all);
	check_udev(h, automatic, all);
	check_unit(h, automatic, all);
}
