/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions on disk.  Knows nothing of running devices and prints nothing.
 *
 * A directory below the configuration directory is a parent, a file in it
 * whose name is a UUID is a definition.  Names that begin with a dot are
 * temporary files and are passed over.
 */
#include "config.h"
#include "lib/lock.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Only the holder of the lock writes, so one name does; a leftover of a
 * killed writer is replaced by the next. */
#define TEMP_NAME ".mdevctl.tmp"
/* How long other writers are waited for. */
#define LOCK_MS 30000
#define LOCK_NAME "definitions"

char *config_dir(const struct host *h)
{
	return xasprintf("%s/%s", h->root, CONFIG_DIR);
}

char *config_path(const struct host *h, const char *parent, const char *uuid)
{
	return xasprintf("%s/%s/%s/%s", h->root, CONFIG_DIR, parent, uuid);
}

/*
 * Opens what should be a definition, and never a device or, for ever, a FIFO.
 * What is known to be a regular file needs no look; a link is followed below
 * the root only.  -ENOLINK: a symbolic link to nothing.
 */
static int open_definition(const struct host *h, int dirfd, const char *parent, const char *uuid,
			   bool known_regular)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	_cleanup_close_ int found = -1;
	struct stat st;
	int fd;

	if (!known_regular && fstatat(dirfd, uuid, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (known_regular || S_ISREG(st.st_mode)) {
		fd = openat(dirfd, uuid, flags);
		return fd < 0 ? -errno : fd;
	}
	if (!S_ISLNK(st.st_mode))
		return -ENOTSUP;
	found = host_openf(h, O_PATH, "%s/%s/%s", CONFIG_DIR, parent, uuid);
	if (found < 0)
		return found == -ENOENT ? -ENOLINK : found;
	if (fstat(found, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOTSUP;
	return host_openf(h, flags, "%s/%s/%s", CONFIG_DIR, parent, uuid);
}

static void explain_unread(int r, struct error *error)
{
	if (r == -ENOTSUP)
		error_set(error, " is not a regular file");
	else if (r == -ENOLINK)
		error_set(error, " is a symbolic link to nothing");
	else if (r == -EFBIG)
		error_set(error, " is larger than 1 MB, which no definition is");
	else
		error_set(error, ": %s", strerror(-r));
}

/* Errors are told with the path, which otherwise need not be made. */
static int read_definition(const struct host *h, int dirfd, bool known_regular,
			   struct mdev *m, struct error *error)
{
	_cleanup_free_ char *text = NULL, *path = NULL;
	_cleanup_close_ int fd = -1;
	size_t length;
	int r;

	fd = open_definition(h, dirfd, m->parent, m->uuid, known_regular);
	r = fd < 0 ? fd : read_all(fd, DEFINITION_MAX, true, &text, &length);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		explain_unread(r, error);
	else
		r = mdev_from_json(m, text, length, "", error);
	if (r < 0) {
		path = config_path(h, m->parent, m->uuid);
		error_prefix(error, path);
		return r;
	}
	m->defined = true;
	return 0;
}

bool config_is_no_definition(int r)
{
	return r == -EINVAL || r == -ENOTSUP || r == -ENOLINK || r == -EFBIG || r == -ELOOP;
}

int config_read_file(const struct host *h, const char *parent, const char *name, char **ret_text,
		     size_t *ret_length)
{
	_cleanup_close_ int fd = host_openf(h, O_RDONLY | O_NONBLOCK | O_NOCTTY, "%s/%s/%s", CONFIG_DIR,
					    parent, name);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* Never a device or, for ever, a FIFO. */
	if (!S_ISREG(st.st_mode))
		return -ENOTSUP;
	return read_all(fd, DEFINITION_MAX, true, ret_text, ret_length);
}

/* The name is for people, and the UUID is what everybody else knows. */
static void check_name(const struct host *h, const struct mdev *m, struct strv *problems)
{
	const char *name = mdev_key(m, KEY_NAME);
	_cleanup_free_ char *path = NULL;

	if (mdev_name_is_right(m))
		return;
	path = config_path(h, m->parent, m->uuid);
	strv_add(problems, xasprintf("%s: its \"name\"%s%s is not the one that gives this UUID, and does not count",
				     path, name ? " " : "", name ? name : ""));
}

/* Adds one definition to the list, or what is wrong with it to the problems;
 * true if that may be another time. */
static bool add_definition(const struct host *h, int dirfd, const char *parent, const char *uuid,
			   bool known_regular, struct mdev_list *list, struct strv *problems)
{
	_cleanup_(mdev_done) struct mdev m = { .parent = str_intern(parent) };
	_cleanup_(error_done) struct error error = {};
	int r;

	memcpy(m.uuid, uuid, sizeof(m.uuid));
	r = read_definition(h, dirfd, known_regular, &m, &error);
	if (r == 0) {
		check_name(h, &m, problems);
		mdev_list_take(list, &m);
	} else if (r != -ENOENT) {
		strv_add(problems, take(error.text));
	}
	return r < 0 && r != -ENOENT && !config_is_no_definition(r);
}

static char *unread_dir(const struct host *h, const char *parent, int r)
{
	return xasprintf("cannot read %s/%s/%s: %s", h->root, CONFIG_DIR, parent, strerror(-r));
}

static bool scan_entry(const struct host *h, int dirfd, const char *parent, const struct dirent *e,
		       struct mdev_list *list, struct strv *problems)
{
	if (*e->d_name == '.' || str_eq(e->d_name, CONFIG_VFS))
		return false;
	if (!uuid_is_normal(e->d_name)) {
		_cleanup_free_ char *path = config_path(h, parent, e->d_name);

		strv_add(problems, xasprintf("%s is ignored: its name is not a UUID in lower case; move it elsewhere", path));
		return false;
	}
	return add_definition(h, dirfd, parent, e->d_name, e->d_type == DT_REG, list, problems);
}

/* True if not everything could be read. */
static bool scan_parent(const struct host *h, const char *parent, struct mdev_list *list,
			struct strv *problems)
{
	_cleanup_closedir_ DIR *dir = NULL;
	bool unread = false;
	struct dirent *e;
	int r;

	r = host_opendirf(h, &dir, "%s/%s", CONFIG_DIR, parent);
	if (r == 0) {
		while ((e = dir_next(dir)))
			unread |= scan_entry(h, dirfd(dir), parent, e, list, problems);
		r = -errno;
	}
	if (r == 0 || r == -ENOENT)
		return unread;
	strv_add(problems, unread_dir(h, parent, r));
	return true;
}

static bool is_directory(const struct host *h, const struct dirent *e)
{
	_cleanup_close_ int fd = -1;

	if (e->d_type == DT_LNK || e->d_type == DT_UNKNOWN)
		fd = host_openf(h, O_PATH | O_DIRECTORY, "%s/%s", CONFIG_DIR, e->d_name);
	return e->d_type == DT_DIR || fd >= 0;
}

/* The names of the parents' directories.  Anything else in their place is a
 * problem worth a word only if @problems is wanted. */
static int list_parents(const struct host *h, struct strv *parents, struct strv *problems)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int r;

	r = host_opendirf(h, &dir, "%s", CONFIG_DIR);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((e = dir_next(dir))) {
		if (parent_name_problem(e->d_name))
			continue;
		if (is_directory(h, e))
			strv_add(parents, xstrdup(e->d_name));
		else if (problems)
			strv_add(problems, xasprintf("%s/%s/%s is ignored: only a directory named for a parent device belongs there",
						     h->root, CONFIG_DIR, e->d_name));
	}
	return -errno;
}

int config_list(const struct host *h, const char *parent, struct mdev_list *list,
		struct strv *problems, bool *ret_unread)
{
	_cleanup_(strv_done) struct strv parents = {};
	bool unread = false;
	int r = 0;

	if (parent)
		strv_add(&parents, xstrdup(parent));
	else
		r = list_parents(h, &parents, problems);
	for (size_t i = 0; i < parents.n; i++)
		unread |= scan_parent(h, parents.s[i], list, problems);
	if (ret_unread)
		*ret_unread = unread;
	return r;
}

static int open_parent_dir(const struct host *h, const char *parent)
{
	return host_openf(h, O_RDONLY | O_DIRECTORY, "%s/%s", CONFIG_DIR, parent);
}

int config_find(const struct host *h, const char *uuid, const char *parent,
		struct mdev_list *list, struct strv *problems)
{
	_cleanup_(strv_done) struct strv parents = {};
	int r = 0;

	if (parent)
		strv_add(&parents, xstrdup(parent));
	else
		r = list_parents(h, &parents, NULL);
	for (size_t i = 0; i < parents.n; i++) {
		_cleanup_close_ int dir = open_parent_dir(h, parents.s[i]);

		if (dir >= 0)
			add_definition(h, dir, parents.s[i], uuid, false, list, problems);
		else if (dir != -ENOENT)
			strv_add(problems, unread_dir(h, parents.s[i], dir));
	}
	return r;
}

int config_load(const struct host *h, const char *uuid, const char *parent,
		struct mdev *ret_mdev, struct error *error)
{
	_cleanup_(mdev_done) struct mdev m = { .parent = str_intern(parent) };
	_cleanup_close_ int dir = open_parent_dir(h, parent);
	int r;

	if (dir < 0 && dir != -ENOENT)
		error_set(error, "cannot read %s/%s/%s: %s", h->root, CONFIG_DIR, parent, strerror(-dir));
	if (dir < 0)
		return dir;
	memcpy(m.uuid, uuid, sizeof(m.uuid));
	r = read_definition(h, dir, false, &m, error);
	if (r < 0)
		return r;
	*ret_mdev = take(m);
	return 0;
}

struct name {
	char uuid[UUID_LEN + 1];
	bool is_regular;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->uuid, ((const struct name *)b)->uuid);
}

/* What could be definitions among a directory's entries, sorted; the caller
 * frees them.  errno is 0, or that of reading the directory. */
static size_t list_names(DIR *dir, struct name **ret_names)
{
	struct name *names = NULL;
	struct dirent *e;
	size_t n = 0;
	int saved;

	while ((e = dir_next(dir))) {
		if (!uuid_is_normal(e->d_name))
			continue;
		names = xgrow(names, n, sizeof(*names));
		memcpy(names[n].uuid, e->d_name, sizeof(names[n].uuid));
		names[n++].is_regular = e->d_type == DT_REG;
	}
	saved = errno;
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	errno = saved;
	*ret_names = names;
	return n;
}

static void join_one(const struct host *h, int dirfd, bool known_regular, struct mdev *m,
		     struct strv *problems)
{
	_cleanup_(mdev_done) struct mdev defined = { .parent = m->parent };
	_cleanup_(error_done) struct error error = {};
	int r;

	memcpy(defined.uuid, m->uuid, sizeof(defined.uuid));
	r = read_definition(h, dirfd, known_regular, &defined, &error);
	if (r == 0) {
		m->defined = true;
		m->autostart = defined.autostart;
		if (mdev_name_is_right(&defined))
			mdev_set_key(m, KEY_NAME, mdev_key(&defined, KEY_NAME));
	} else if (r != -ENOENT) {
		strv_add(problems, take(error.text));
	}
}

/* The devices of one parent: to list its directory, once, costs less than to
 * look for the file of each. */
static void join_parent(const struct host *h, struct mdev *m, size_t n, struct strv *problems)
{
	_cleanup_close_ int fd = open_parent_dir(h, m->parent);
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_free_ struct name *names = NULL;
	size_t n_names, i, j = 0;
	int r = fd;

	if (fd >= 0 && n == 1) {
		join_one(h, fd, false, m, problems);
		return;
	}
	if (fd >= 0)
		r = dir_of_fd(take_fd(&fd), &dir);
	if (r < 0 && r != -ENOENT)
		strv_add(problems, unread_dir(h, m->parent, r));
	if (r < 0)
		return;
	n_names = list_names(dir, &names);
	if (errno)
		strv_add(problems, unread_dir(h, m->parent, -errno));
	for (i = 0; i < n; i++) {
		while (j < n_names && strcmp(names[j].uuid, m[i].uuid) < 0)
			j++;
		if (j < n_names && str_eq(names[j].uuid, m[i].uuid))
			join_one(h, dirfd(dir), names[j].is_regular, &m[i], problems);
	}
}

void config_join(const struct host *h, struct mdev_list *sorted, struct strv *problems)
{
	size_t first = 0, next;

	for (; first < sorted->n; first = next) {
		struct mdev *m = &sorted->m[first];

		next = first + 1;
		while (next < sorted->n && str_eq(sorted->m[next].parent, m->parent))
			next++;
		/* Which of those that is is known from its definition already. */
		if (!m->is_pci)
			join_parent(h, m, next - first, problems);
	}
}

int config_has(const struct host *h, const char *uuid, const char *parent)
{
	_cleanup_close_ int dir = open_parent_dir(h, parent);
	struct stat st;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	if (fstatat(dir, uuid, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

int config_has_parent(const struct host *h, const char *parent)
{
	_cleanup_close_ int dir = open_parent_dir(h, parent);

	return dir == -ENOENT ? 0 : dir < 0 ? dir : 1;
}

int config_parents_of(const struct host *h, const char *uuid, struct strv *parents)
{
	_cleanup_(strv_done) struct strv all = {};
	int r = list_parents(h, &all, NULL);

	for (size_t i = 0; i < all.n; i++) {
		int found = config_has(h, uuid, all.s[i]);

		if (found > 0)
			strv_add(parents, xstrdup(all.s[i]));
		else if (found < 0)
			r = found;
	}
	strv_sort(parents);
	return r;
}

int config_check_writable(const struct host *h, const char *parent)
{
	_cleanup_free_ char *path = xasprintf("./%s/%s", CONFIG_DIR, parent);
	_cleanup_close_ int dir = host_openf(h, O_PATH | O_DIRECTORY, "%s", path);
	char *slash;

	while (dir == -ENOENT && (slash = strrchr(path, '/'))) {
		*slash = '\0';
		dir = host_openf(h, O_PATH | O_DIRECTORY, "%s", path);
	}
	if (dir < 0)
		return dir;
	return faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

int config_lock(const struct host *h, struct config_writer *ret_writer)
{
	_cleanup_close_ int dir = host_make_dir(h, CONFIG_DIR);
	int lock;

	if (dir < 0)
		return dir;
	lock = lock_take(h, LOCK_NAME, dir, LOCK_MS);
	if (lock < 0)
		return lock;
	*ret_writer = (struct config_writer){ .dir = take_fd(&dir), .lock = lock };
	return 0;
}

void config_unlock(struct config_writer *w)
{
	closep(&w->dir);
	closep(&w->lock);
	*w = CONFIG_NO_WRITER;
}

char *config_lock_path(const struct host *h)
{
	_cleanup_close_ int dir = host_openf(h, O_RDONLY | O_DIRECTORY, "%s", CONFIG_DIR);
	_cleanup_free_ char *path = config_dir(h);

	return lock_path(h, LOCK_NAME, dir, path);
}

static int make_parent_dir(const struct host *h, const struct config_writer *w, const char *parent)
{
	int dir = open_parent_dir(h, parent);

	if (dir != -ENOENT)
		return dir;
	dir = dir_make(w->dir, parent);
	return dir < 0 ? dir : open_parent_dir(h, parent);
}

/* What a killed writer has left; 0 or -errno. */
static int remove_temp(int dirfd)
{
	return unlinkat(dirfd, TEMP_NAME, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* A new file in @dirfd with this text, durable; 0 or -errno. */
static int write_temp(int dirfd, const char *text)
{
	_cleanup_close_ int fd = -1;
	size_t length = strlen(text);

	fd = openat(dirfd, TEMP_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	/* Whatever the umask: s390-tools' zdev reads it. */
	if (fchmod(fd, 0644) < 0)
		return -errno;
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			length -= (size_t)n;
		}
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Whether the file says just @text. */
static bool says(const struct host *h, int dirfd, const char *parent, const char *name,
		 const char *text)
{
	_cleanup_close_ int fd = open_definition(h, dirfd, parent, name, true);
	_cleanup_free_ char *old = NULL;
	size_t length;

	return fd >= 0 && read_all(fd, DEFINITION_MAX, true, &old, &length) == 0 &&
	       length == strlen(text) && memcmp(old, text, length) == 0;
}

int config_write_file(const struct host *h, const struct config_writer *w, const char *parent,
		      const char *name, const char *text, bool replace, bool *ret_done)
{
	_cleanup_close_ int dir = make_parent_dir(h, w, parent);
	struct stat st;
	int r;

	*ret_done = false;
	if (dir < 0)
		return dir;
	r = remove_temp(dir);
	if (r < 0)
		return r;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return -errno;
	} else {
		if (!replace)
			return -EEXIST;
		/* What is not ours to replace: a link into another tree (NixOS),
		 * or a directory, which rename would refuse less clearly. */
		if (!S_ISREG(st.st_mode))
			return S_ISLNK(st.st_mode) ? -ELOOP : -ENOTSUP;
		/* Perhaps by one that was killed before it had synced that. */
		if (says(h, dir, parent, name, text))
			return dir_sync(dir);
	}
	r = write_temp(dir, text);
	if (r == 0 && renameat(dir, TEMP_NAME, dir, name) < 0)
		r = -errno;
	if (r < 0) {
		remove_temp(dir);
		/* If it was made for this, and is empty. */
		unlinkat(w->dir, parent, AT_REMOVEDIR);
		return r;
	}
	*ret_done = true;
	return dir_sync(dir);
}

int config_write(const struct host *h, const struct config_writer *w, const struct mdev *m,
		 bool replace, bool *ret_done)
{
	_cleanup_free_ char *text = mdev_to_text(m);

	*ret_done = false;
	/* What could not be read again is not written. */
	if (strlen(text) > DEFINITION_MAX)
		return -E2BIG;
	return config_write_file(h, w, m->parent, m->uuid, text, replace, ret_done);
}

int config_remove(const struct host *h, const char *uuid, const char *parent, bool *ret_done)
{
	_cleanup_close_ int dir = open_parent_dir(h, parent);

	*ret_done = false;
	if (dir < 0)
		return dir;
	if (unlinkat(dir, uuid, 0) < 0)
		return -errno;
	*ret_done = true;
	remove_temp(dir);
	return dir_sync(dir);
}

void config_remove_empty(const struct config_writer *w, const char *parent)
{
	unlinkat(w->dir, parent, AT_REMOVEDIR);
}
