// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * FUSE: the tree as a file system in which nothing is ever cached.  Knows nodes, and nothing of
 * what they stand for.
 *
 * The kernel holds an inode's lock over a FUSE write, so two creates on one file would wait for
 * each other.  In sysfs they do not: every lookup of a writable attribute therefore gives a new
 * node id, and with that a new inode.
 */
#define FUSE_USE_VERSION 312

#include "fake.h"

#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 4000

struct entry {
	char *name;
	mode_t mode;
	uint64_t ino;
};

/* An open file or directory, with what its last read has seen and not yet handed out. */
struct handle {
	LIST_ENTRY(handle) list;
	struct node *node;
	char *text;
	size_t len, pos;
	struct entry *entries;
	size_t n_entries;
};

/* What the kernel still knows when it is over: it does not say goodbye one by one. */
static LIST_HEAD(ident_list, ident) idents = LIST_HEAD_INITIALIZER(idents);
static LIST_HEAD(handle_list, handle) handles = LIST_HEAD_INITIALIZER(handles);
static struct timespec mounted;

static void lock(void)
{
	pthread_mutex_lock(&sim.lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&sim.lock);
}

static struct ident *ident(fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? &sim.root->id : (struct ident *)(uintptr_t)ino;
}

static struct node *node_of(fuse_ino_t ino)
{
	return ident(ino)->node;
}

/* As sysfs says it: a page for a file, nothing for a link however long its target. */
static struct stat node_stat(const struct node *n)
{
	return (struct stat) {
		.st_ino = n->ino,
		.st_mode = n->mode,
		.st_uid = n->uid,
		.st_gid = n->gid,
		.st_nlink = S_ISDIR(n->mode) ? 2 + n->subdirs : 1,
		.st_size = S_ISREG(n->mode) ? SYSFS_MAX : 0,
		.st_blksize = SYSFS_MAX,
		.st_atim = mounted,
		.st_mtim = mounted,
		.st_ctim = mounted,
	};
}

static void forget_one(fuse_ino_t ino, uint64_t count)
{
	struct ident *id = ident(ino);
	struct node *n = id->node;

	if (ino == FUSE_ROOT_ID)
		return;
	id->lookups -= count;
	if (id->lookups)
		return;
	LIST_REMOVE(id, list);
	if (id != &n->id)
		free(id);
	node_unref(n);
}

static fuse_ino_t ident_get(struct node *n)
{
	struct ident *id = &n->id;

	if (S_ISREG(n->mode) && n->mode & 0222 && n->ops->store) {
		id = xcalloc(1, sizeof(*id));
		id->node = n;
	}
	if (!id->lookups++) {
		LIST_INSERT_HEAD(&idents, id, list);
		node_ref(n);
	}
	return (uintptr_t)id;
}

/* For measuring: a list of 10000 devices looks up the same few directories again and again. */
static double entry_timeout(const struct node *n)
{
	char uuid[UUID_LEN + 1];
	bool device = strlen(n->name) == UUID_LEN && uuid_parse_kernel(n->name, uuid);

	return sim.cached && S_ISDIR(n->mode) && !device ? 3600 : 0;
}

static void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = { .generation = 1 };
	struct node *dir = node_of(parent), *n;
	int r;

	lock();
	r = fault_check(OP_LOOKUP, dir, name, NULL);
	n = r ? NULL : node_child(dir, name);
	if (n) {
		e.attr = node_stat(n);
		e.entry_timeout = entry_timeout(n);
		e.ino = ident_get(n);
	}
	unlock();
	if (!n)
		fuse_reply_err(req, r ? -r : ENOENT);
	else if (fuse_reply_entry(req, &e) < 0) {
		lock();
		forget_one(e.ino, 1);
		unlock();
	}
}

static void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	lock();
	forget_one(ino, count);
	unlock();
	fuse_reply_none(req);
}

static void fs_forget_multi(fuse_req_t req, size_t n, struct fuse_forget_data *v)
{
	lock();
	for (size_t i = 0; i < n; i++)
		forget_one(v[i].ino, v[i].nlookup);
	unlock();
	fuse_reply_none(req);
}

static void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	lock();
	st = node_stat(node_of(ino));
	unlock();
	fuse_reply_attr(req, &st, 0);
}

/* Mode and owner can be changed, as in sysfs; length and times are accepted and forgotten. */
static void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int set,
		       struct fuse_file_info *fi)
{
	struct node *n = node_of(ino);
	struct stat st;

	(void)fi;
	lock();
	if (set & FUSE_SET_ATTR_MODE)
		n->mode = (n->mode & S_IFMT) | (attr->st_mode & 07777);
	if (set & FUSE_SET_ATTR_UID)
		n->uid = attr->st_uid;
	if (set & FUSE_SET_ATTR_GID)
		n->gid = attr->st_gid;
	st = node_stat(n);
	unlock();
	fuse_reply_attr(req, &st, 0);
}

static void fs_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct node *n = node_of(ino);
	char *target;
	int r;

	lock();
	r = fault_check(OP_READLINK, n, NULL, NULL);
	target = xstrdup(n->text);
	unlock();
	if (r)
		fuse_reply_err(req, -r);
	else
		fuse_reply_readlink(req, target);
	free(target);
}

static struct handle *handle_new(struct node *n)
{
	struct handle *h = xcalloc(1, sizeof(*h));

	h->node = node_ref(n);
	LIST_INSERT_HEAD(&handles, h, list);
	return h;
}

static void entries_free(struct handle *h)
{
	for (size_t i = 0; i < h->n_entries; i++)
		free(h->entries[i].name);
	free(h->entries);
	h->entries = NULL;
	h->n_entries = 0;
}

static void handle_free(struct handle *h, bool opened)
{
	struct node *n = h->node;

	if (opened && S_ISREG(n->mode) && n->ops->close)
		n->ops->close(n);
	LIST_REMOVE(h, list);
	node_unref(n);
	entries_free(h);
	free(h->text);
	free(h);
}

static struct handle *handle(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

/* Tells the kernel of the open, unless @r is an error. */
static void reply_open(fuse_req_t req, struct fuse_file_info *fi, struct handle *h, int r)
{
	fi->fh = (uintptr_t)h;
	if (r)
		fuse_reply_err(req, -r);
	else if (!fuse_reply_open(req, fi))
		return;
	lock();
	handle_free(h, !r);
	unlock();
}

static void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct handle *h;
	int r;

	lock();
	h = handle_new(node_of(ino));
	r = attr_open(h->node, fi->flags);
	unlock();
	fi->direct_io = 1;
	fi->noflush = !h->node->ops->flush;
	reply_open(req, fi, h, r);
}

static void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node *n = handle(fi)->node;

	(void)ino;
	lock();
	if (n->ops->flush)
		n->ops->flush(n);
	unlock();
	fuse_reply_err(req, 0);
}

static void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	lock();
	handle_free(handle(fi), true);
	unlock();
	fuse_reply_err(req, 0);
}

/*
 * As seq_read: the text is made by the first read, and again by one that does not go on where the
 * last one stopped. The rest of it can still be had when the file is gone, its end no more.
 */
static int handle_fill(struct handle *h, off_t off)
{
	char *text;
	size_t len;
	int r;

	if (off && (size_t)off == h->pos)
		return h->pos >= h->len && h->node->dead ? -ENODEV : 0;
	r = attr_read(h->node, &text, &len);
	if (r < 0)
		return r;
	free(h->text);
	h->text = text;
	h->len = len;
	return 0;
}

static void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct handle *h = handle(fi);
	char *part = NULL;
	size_t len = 0;
	int r;

	(void)ino;
	lock();
	r = handle_fill(h, off);
	if (!r) {
		size_t from = (size_t)off < h->len ? (size_t)off : h->len;

		len = h->len - from < size ? h->len - from : size;
		part = xstrndup(h->text + from, len);
		h->pos = off + len;
	}
	unlock();
	if (r)
		fuse_reply_err(req, -r);
	else
		fuse_reply_buf(req, part, len);
	free(part);
}

static void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	ssize_t r;

	(void)ino;
	(void)off;
	lock();
	r = attr_write(handle(fi)->node, buf, size);
	unlock();
	if (r < 0)
		fuse_reply_err(req, (int)-r);
	else
		fuse_reply_write(req, r);
}

static void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct handle *h;
	int r;

	lock();
	h = handle_new(node_of(ino));
	r = fault_check(OP_OPEN, h->node, NULL, NULL);
	unlock();
	reply_open(req, fi, h, r);
}

static void entries_fill(struct handle *h)
{
	struct node *dir = h->node, *above = dir->parent ? dir->parent : dir;
	struct child *list;
	size_t n;

	entries_free(h);
	list = node_children(dir, &n);
	h->entries = xcalloc(n + 2, sizeof(*h->entries));
	h->entries[h->n_entries++] = (struct entry) { xstrdup("."), S_IFDIR, dir->ino };
	h->entries[h->n_entries++] = (struct entry) { xstrdup(".."), S_IFDIR, above->ino };
	for (size_t i = 0; i < n; i++)
		h->entries[h->n_entries++] =
			(struct entry) { xstrdup(list[i].node->name), list[i].node->mode,
					 list[i].node->ino };
	free(list);
}

static void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	struct handle *h = handle(fi);
	char *buf = xcalloc(1, size);
	size_t used = 0;
	int r = 0;

	(void)ino;
	lock();
	if (!off || !h->entries) {
		r = fault_check(OP_READDIR, h->node, NULL, NULL);
		if (!r)
			entries_fill(h);
	}
	for (size_t i = off; !r && i < h->n_entries; i++) {
		const struct entry *e = &h->entries[i];
		struct stat st = { .st_ino = e->ino, .st_mode = e->mode };
		size_t len = fuse_add_direntry(req, buf + used, size - used, e->name, &st,
					       (off_t)i + 1);

		if (len > size - used)
			break;
		used += len;
	}
	unlock();
	if (r)
		fuse_reply_err(req, -r);
	else
		fuse_reply_buf(req, buf, used);
	free(buf);
}

/* kernfs has no ->create: EACCES; the VFS says ENOENT in a directory that has been removed. */
static void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	bool dead;

	(void)name;
	(void)mode;
	(void)fi;
	lock();
	dead = node_of(parent)->dead;
	unlock();
	fuse_reply_err(req, dead ? ENOENT : EACCES);
}

static void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	(void)parent;
	(void)name;
	(void)mode;
	fuse_reply_err(req, EPERM);
}

static void fs_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	(void)rdev;
	(void)parent;
	(void)name;
	fuse_reply_err(req, S_ISREG(mode) ? EACCES : EPERM);
}

static void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	fs_mkdir(req, parent, name, 0);
}

static void fs_symlink(fuse_req_t req, const char *link, fuse_ino_t parent, const char *name)
{
	(void)link;
	fs_mkdir(req, parent, name, 0);
}

static void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
		      const char *newname, unsigned int flags)
{
	(void)newparent;
	(void)newname;
	(void)flags;
	fs_mkdir(req, parent, name, 0);
}

static void fs_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	fs_mkdir(req, ino, newname, 0);
	(void)newparent;
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = fs_lookup,
	.forget = fs_forget,
	.forget_multi = fs_forget_multi,
	.getattr = fs_getattr,
	.setattr = fs_setattr,
	.readlink = fs_readlink,
	.open = fs_open,
	.read = fs_read,
	.write = fs_write,
	.flush = fs_flush,
	.release = fs_release,
	.opendir = fs_opendir,
	.readdir = fs_readdir,
	.releasedir = fs_release,
	.create = fs_create,
	.mknod = fs_mknod,
	.mkdir = fs_mkdir,
	.unlink = fs_unlink,
	.rmdir = fs_unlink,
	.symlink = fs_symlink,
	.rename = fs_rename,
	.link = fs_link,
};

static struct fuse_session *mount_with(const char *mountpoint, const char *options)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *se = NULL;

	if (!fuse_opt_add_arg(&args, "fake-sysfs") && !fuse_opt_add_arg(&args, "-o") &&
	    !fuse_opt_add_arg(&args, options))
		se = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	fuse_opt_free_args(&args);
	if (se && fuse_session_mount(se, mountpoint) < 0) {
		fuse_session_destroy(se);
		se = NULL;
	}
	return se;
}

static struct {
	struct fuse_session *se;
	pthread_t main;
	sigset_t signals;
	bool done;
} loop;

/*
 * Only its main thread ends libfuse's loop, and only if a signal finds it waiting: hence again and
 * again. A loop that has ended by itself (umount -f) still has to let go of those who wait here.
 */
static void *signal_thread(void *arg)
{
	const struct timespec poll = { .tv_nsec = 200000000 };

	while (sigtimedwait(&loop.signals, NULL, &poll) < 0 && !fuse_session_exited(loop.se))
		;
	fuse_session_exit(loop.se);
	sim_exit();
	while (!__atomic_load_n(&loop.done, __ATOMIC_ACQUIRE)) {
		pthread_kill(loop.main, SIGUSR1);
		nanosleep(&(struct timespec) { .tv_nsec = 2000000 }, NULL);
	}
	return arg;
}

static void on_wake(int sig)
{
	(void)sig;
}

static void run_loop(struct fuse_session *se)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	struct sigaction wake = { .sa_handler = on_wake };
	pthread_t thread;

	loop.se = se;
	loop.main = pthread_self();
	sigaction(SIGUSR1, &wake, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&loop.signals);
	sigaddset(&loop.signals, SIGTERM);
	sigaddset(&loop.signals, SIGINT);
	sigaddset(&loop.signals, SIGHUP);
	sigaddset(&loop.signals, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &loop.signals, NULL);
	if (pthread_create(&thread, NULL, signal_thread, NULL))
		abort();
	fuse_loop_cfg_set_max_threads(config, MAX_THREADS);
	fuse_session_loop_mt(se, config);
	fuse_loop_cfg_destroy(config);
	__atomic_store_n(&loop.done, true, __ATOMIC_RELEASE);
	pthread_kill(thread, SIGUSR2);
	pthread_join(thread, NULL);
}

static void forget_all(void)
{
	struct handle *h;
	struct ident *id;

	while ((h = LIST_FIRST(&handles)))
		handle_free(h, true);
	while ((id = LIST_FIRST(&idents)))
		forget_one((uintptr_t)id, id->lookups);
}

int fs_main(const char *mountpoint, bool foreground)
{
	static const char options[] = "default_permissions,fsname=fake-sysfs,subtype=fake-sysfs";
	char *shared = xprintf("allow_other,%s", options);
	struct fuse_session *se = mount_with(mountpoint, shared);

	free(shared);
	if (!se)
		se = mount_with(mountpoint, options);
	if (!se)
		return 1;
	clock_gettime(CLOCK_REALTIME, &mounted);
	if (fuse_daemonize(foreground) < 0)
		return 1;
	run_loop(se);
	fuse_session_unmount(se);
	fuse_session_destroy(se);
	forget_all();
	return 0;
}
