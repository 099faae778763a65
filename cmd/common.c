/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What several commands share: finding the definition that is meant, reading
 * --jsonfile, and the sentences for definitions that cannot be written.
 */
#include "cmd/cmd.h"
#include "config.h"
#include "device/bus.h"

#include <fcntl.h>

void warn_of(struct strv *problems)
{
	strv_sort(problems);
	for (size_t i = 0; i < problems->n; i++)
		warn("%s", problems->s[i]);
}

void notice_parent(const struct host *h, const char *parent, bool only_near)
{
	_cleanup_(strv_done) struct strv parents = {};
	const char *nearest;

	if (!isatty(STDERR_FILENO) || bus_has_parent(h, parent))
		return;
	bus_list_parents(h, &parents);
	nearest = strv_nearest(&parents, parent);
	if (nearest)
		notice("there is no parent '%s', did you mean '%s'?", parent, nearest);
	else if (!only_near)
		notice("there is no parent '%s'", parent);
}

int read_file(const char *file, size_t max, char **ret_text, size_t *ret_length, const char **ret_source)
{
	bool from_stdin = str_eq(file, "-") || str_eq(file, "/dev/stdin");
	_cleanup_close_ int fd = -1;
	int r;

	if (from_stdin)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		fd = open(file, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	r = fd < 0 ? -errno : read_all(fd, max, false, ret_text, ret_length);
	if (r == -EFBIG)
		return fail("%s is larger than %zu MB, which no %s is", file, max >> 20,
			    max == DEFINITION_MAX ? "definition" : "description of a host");
	if (r < 0)
		return fail_errno(r, "cannot read %s", from_stdin ? "standard input" : file);
	*ret_source = from_stdin ? "standard input" : file;
	return 0;
}

int read_jsonfile(struct mdev *m, const char *file)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_free_ char *text = NULL;
	const char *source = NULL;
	size_t length = 0;
	int r = read_file(file, DEFINITION_MAX, &text, &length, &source);

	if (r == 0 && mdev_from_json(m, text, length, source, &error) < 0)
		r = fail("%s", error.text);
	return r;
}

void set_name(const struct args *a, struct mdev *m)
{
	const char *name = mdev_key(m, KEY_NAME);

	if (has(a, O(NAME))) {
		mdev_set_key(m, KEY_NAME, a->value[OPT_NAME]);
	} else if (!mdev_name_is_right(m)) {
		if (name)
			warn("the name '%s' is that of another UUID than %s, and is left out", name, m->uuid);
		mdev_set_key(m, KEY_NAME, NULL);
	}
}

int pick_definition(const struct host *h, const struct args *a, const char *parent, const char *what,
		    struct mdev *ret_mdev)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_(strv_done) struct strv parents = {};
	_cleanup_free_ char *names = NULL;
	int r = 0;

	if (!parent) {
		r = config_parents_of(h, a->uuid, &parents);
		/* One that was found is not hidden by a directory that cannot be read. */
		if (parents.n)
			r = 0;
		else if (r == 0)
			return -ENOENT;
		names = strv_join(&parents, 5);
		if (parents.n > 1)
			return fail("%s %s: it is defined on several parents (%s); say which with --parent",
				    what, a->uuid, names);
		parent = parents.n ? parents.s[0] : "";
	}
	if (r == 0)
		r = config_load(h, a->uuid, parent, ret_mdev, &error);
	if (r == 0 && !mdev_name_is_right(ret_mdev))
		warn("the \"name\" in the definition of %s is not the one that gives this UUID, and does not count",
		     a->uuid);
	if (r == 0 || (r == -ENOENT && !error.text))
		return r;
	if (error.text)
		return fail("%s %s: %s", what, a->uuid, error.text);
	return fail_errno(r, "%s %s: cannot read its definition", what, a->uuid);
}

int find_device(const struct host *h, const struct args *a, const char *what, struct mdev *ret_mdev)
{
	_cleanup_(mdev_done) struct mdev running = {};
	const char *parent = a->value[OPT_PARENT];
	int r;

	if (!has(a, O(DEFINED)) && bus_find(h, a->uuid, &running) == 0 &&
	    (!parent || str_eq(parent, running.parent))) {
		running.active = true;
		*ret_mdev = take(running);
		return 0;
	}
	r = pick_definition(h, a, parent, what, ret_mdev);
	if (r == -ENOENT)
		return fail("%s %s: it is %s defined%s%s", what, a->uuid,
			    has(a, O(DEFINED)) ? "not" : "neither active nor", parent ? " on " : "",
			    parent ? parent : "");
	return r;
}

static const char *root_needed(int r)
{
	return (r == -EACCES || r == -EPERM) && geteuid() != 0 ? "; root is needed" : "";
}

int check_may_write(const struct host *h, const char *what, const struct mdev *m)
{
	_cleanup_free_ char *dir = config_dir(h);
	int r = geteuid() == 0 ? 0 : config_check_writable(h, m->parent);

	if (r != -EACCES && r != -EPERM)
		return 0;
	return fail("%s %s: you may not write to %s/%s; root is needed", what, m->uuid, dir, m->parent);
}

int lock_definitions(const struct host *h, const char *what, struct config_writer *ret_writer)
{
	_cleanup_free_ char *dir = config_dir(h);
	_cleanup_free_ char *path = NULL;
	int r = config_lock(h, ret_writer);

	if (r == 0)
		return 0;
	path = config_lock_path(h);
	if (r == -EINTR)
		return fail("%s: interrupted while another process had locked %s", what, path);
	if (r == -ETIMEDOUT)
		return fail("%s: another process has locked %s for 30 s; 'fuser -v %s' names it", what,
			    path, path);
	return fail("%s: cannot lock %s for writing: %s%s", what, dir, strerror(-r), root_needed(r));
}

int fail_to_write(const struct host *h, int r, bool done, const char *what, const char *parent,
		  const char *uuid)
{
	_cleanup_free_ char *path = config_path(h, parent, uuid);

	if (done)
		return fail("%s %s for good: %s is changed, but that may not survive a loss of power: %s",
			    what, uuid, path, strerror(-r));
	switch (r) {
	case -EEXIST:
		return fail("%s %s: it is already defined on %s; 'mdevctl modify' changes it", what,
			    uuid, parent);
	case -ELOOP:
		return fail("%s %s: %s is a symbolic link, which is not replaced; change the file that it leads to",
			    what, uuid, path);
	case -ENOTSUP:
		return fail("%s %s: %s is not a regular file; move it away first", what, uuid, path);
	case -E2BIG:
		return fail("%s %s: it would be larger than 1 MB, which no definition is", what, uuid);
	default:
		return fail("%s %s: cannot write %s: %s%s", what, uuid, path, strerror(-r),
			    root_needed(r));
	}
}
