/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where scripts lie, and whether somebody else could have written one.
 */
#ifndef MDEVCTL_FILES_H
#define MDEVCTL_FILES_H

#include "lib/host.h"

/* What lies where scripts are looked for. */
enum script_state {
	SCRIPT_FINE,
	SCRIPT_NO_FILE, /* a directory, a link to nothing */
	SCRIPT_NOT_EXECUTABLE,
	SCRIPT_UNTRUSTED, /* others than root and our own user could have written it */
};

struct script_file {
	char *path;
	bool is_notifier;
	enum script_state state;
};

struct script_files {
	struct script_file *f;
	size_t n;
};

/* Adds all of them, in the order in which scripts are asked.  0, or -errno: not
 * everything could be looked at. */
int script_files_list(const struct host *h, struct script_files *files);
void script_files_done(struct script_files *files);

/*
 * Whether it can be run still: 0, -EPERM if others than root and our own user
 * could have exchanged it, or another -errno.  @ret_file: the path by which to
 * run it, @path itself where that leads to the same file; caller frees.
 */
int script_check(const struct host *h, const char *path, char **ret_file);
/* Whether an error of looking at a script or of starting it is the script's own
 * fault, so that it is passed over. */
bool script_is_none(int r);

#endif
