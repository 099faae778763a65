/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where scripts lie, and whether somebody else could have written one.
 */
#include "script/files.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

/* As the kernel: more are a loop. */
#define LINKS_MAX 40

static const char *const script_dirs[] = {
	"usr/lib/mdevctl/scripts.d",
	&SYSCONFDIR "/mdevctl.d/scripts.d"[1],
};

bool script_is_none(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES || r == -ENOEXEC || r == -EPERM ||
	       r == -ELOOP || r == -EISDIR;
}

/* Whether nobody but root and our own user can have written this.  In a sticky
 * directory (/tmp) others cannot replace what is not theirs. */
static bool is_trusted(const struct stat *st)
{
	/* A link, whose mode says nothing, is exchanged by who may write to its directory. */
	bool open_to_others = !S_ISLNK(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH));

	if (st->st_uid != 0 && st->st_uid != geteuid())
		return false;
	return !open_to_others || (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX));
}

/* The same file by a path without links; caller frees.  NULL with errno set. */
static char *resolve(const struct host *h, const char *path)
{
	const char *below = path + strlen(h->root);
	_cleanup_close_ int fd = host_openf(h, O_PATH, "%s", *below ? below : ".");
	char link[64], real[PATH_MAX];
	ssize_t n;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	if (n < 0)
		return NULL;
	real[n] = '\0';
	return xstrdup(real);
}

/* @path with what the link at its first @length bytes says in their place. */
static char *follow(const struct host *h, const char *path, size_t length)
{
	_cleanup_free_ char *link = xasprintf("%.*s", (int)length, path);
	char target[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n < 0)
		return NULL;
	target[n] = '\0';
	if (*target == '/')
		return xasprintf("%s%s%s", h->root, target, path + length);
	*(strrchr(link, '/') + 1) = '\0';
	return xasprintf("%s%s%s", link, target, path + length);
}

/*
 * 0 if nobody else can exchange what this path leads to, nor a directory or a
 * link on the way, after the first @above bytes: up to there it is the caller's
 * choice.  -EPERM if others can; else -errno of looking.
 */
static int check_way(const struct host *h, const char *path, size_t above, unsigned links)
{
	for (size_t length = above; length < strlen(path);) {
		_cleanup_free_ char *prefix = NULL, *next = NULL;
		struct stat st;

		length += 1 + strcspn(path + length + 1, "/");
		prefix = xasprintf("%.*s", (int)length, path);
		if (lstat(prefix, &st) < 0)
			return -errno;
		if (!is_trusted(&st))
			return -EPERM;
		if (!S_ISLNK(st.st_mode))
			continue;
		if (links == LINKS_MAX)
			return -EPERM;
		next = follow(h, path, length);
		return next ? check_way(h, next, strlen(h->root), links + 1) : -errno;
	}
	return 0;
}

/* Of a path without links. */
static int check_real(const struct host *h, const char *real)
{
	_cleanup_free_ char *root = host_is_subtree(h) ? resolve(h, h->root) : xstrdup("");

	if (!root)
		return -errno;
	if (strncmp(real, root, strlen(root)) != 0)
		return -EPERM;
	return check_way(h, real, strlen(root), LINKS_MAX);
}

static int check_trust(const struct host *h, const char *path, const char *real)
{
	int r = check_way(h, path, strlen(h->root), 0);

	return r < 0 ? r : check_real(h, real);
}

/* 0, or -errno if what @path is cannot be known (no descriptor is left). */
static int judge(const struct host *h, const char *path, enum script_state *ret_state)
{
	_cleanup_free_ char *real = resolve(h, path);
	struct stat st = {};
	int r = !real || stat(real, &st) < 0 ? -errno : 0;

	if (r == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111))
		r = check_trust(h, path, real);
	if (r < 0 && r != -EPERM && !(script_is_none(r) && !st.st_mode))
		return r;
	if (!S_ISREG(st.st_mode))
		*ret_state = SCRIPT_NO_FILE;
	else if (!(st.st_mode & 0111))
		*ret_state = SCRIPT_NOT_EXECUTABLE;
	else
		*ret_state = r < 0 ? SCRIPT_UNTRUSTED : SCRIPT_FINE;
	return 0;
}

static int list_dir(const struct host *h, const char *dir, bool is_notifier,
		    struct script_files *files)
{
	_cleanup_(strv_done) struct strv names = {};
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *e;
	int r, result;

	result = host_opendirf(h, &d, "%s/%s", dir, is_notifier ? "notifiers" : "callouts");
	if (result == -ENOENT || result == -ENOTDIR)
		return 0;
	while (result == 0 && (e = dir_next(d)))
		strv_add(&names, xstrdup(e->d_name));
	if (result == 0 && errno)
		result = -errno;
	strv_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		struct script_file f = { .is_notifier = is_notifier };

		f.path = xasprintf("%s/%s/%s/%s", h->root, dir, is_notifier ? "notifiers" : "callouts",
				   names.s[i]);
		r = judge(h, f.path, &f.state);
		if (r < 0) {
			free(f.path);
			result = r;
			continue;
		}
		files->f = xgrow(files->f, files->n, sizeof(*files->f));
		files->f[files->n++] = f;
	}
	return result;
}

int script_files_list(const struct host *h, struct script_files *files)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(script_dirs); i++) {
		int r = list_dir(h, script_dirs[i], false, files);
		int r2 = list_dir(h, script_dirs[i], true, files);

		if (r < 0 || r2 < 0)
			result = r < 0 ? r : r2;
	}
	return result;
}

void script_files_done(struct script_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->f[i].path);
	free(files->f);
	*files = (struct script_files){};
}

/* A script that is reached by a link goes by the link's name, as programs that
 * have several names do.  Below --root, a link may lead elsewhere for us. */
int script_check(const struct host *h, const char *path, char **ret_file)
{
	_cleanup_free_ char *real = resolve(h, path), *plain = NULL;
	int r;

	if (!real)
		return -errno;
	r = check_trust(h, path, real);
	if (r < 0)
		return r;
	plain = realpath(path, NULL);
	*ret_file = plain && str_eq(plain, real) ? xstrdup(path) : take(real);
	return 0;
}
