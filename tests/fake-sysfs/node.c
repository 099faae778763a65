// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The tree: directories, attributes and links, found by (parent, name) in one hash table.  A node
 * that has been removed is dead but lives on, with its path, for whoever holds a reference.  Knows
 * nothing of devices or of what an attribute means.
 */
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUCKETS (1u << 17)

static struct node_list *table;
static uint64_t next_ino = 1;

static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h ^ h >> 15;
}

static struct node_list *bucket(const struct node *parent, const char *name)
{
	return &table[(name_hash(name) ^ (uint32_t)parent->ino * 2654435761u) % BUCKETS];
}

struct node *node_ref(struct node *n)
{
	n->refs++;
	return n;
}

void node_unref(struct node *n)
{
	while (n && !--n->refs) {
		struct node *parent = n->parent;

		free(n->name);
		free(n->text);
		free(n);
		n = parent;
	}
}

struct node *node_child(const struct node *parent, const char *name)
{
	struct node *n;

	for (n = LIST_FIRST(bucket(parent, name)); n; n = LIST_NEXT(n, hash)) {
		if (n->parent == parent && streq(n->name, name))
			return n;
	}
	return NULL;
}

static struct node *node_alloc(const char *name, mode_t mode)
{
	struct node *n = xcalloc(1, sizeof(*n));

	n->name = xstrdup(name);
	n->mode = mode;
	n->uid = geteuid();
	n->gid = getegid();
	n->ino = next_ino++;
	n->refs = 1;
	n->id.node = n;
	return n;
}

static struct node *node_new(struct node *parent, const char *name, mode_t mode)
{
	struct node *n = node_alloc(name, mode);

	node_remove_child(parent, name);
	n->parent = node_ref(parent);
	LIST_INSERT_HEAD(bucket(parent, name), n, hash);
	LIST_INSERT_HEAD(&parent->children, n, sibling);
	if (S_ISDIR(mode))
		parent->subdirs++;
	return n;
}

struct node *node_dir(struct node *parent, const char *name)
{
	struct node *n = node_child(parent, name);

	return n ? n : node_new(parent, name, S_IFDIR | 0755);
}

struct node *node_mkpath(struct node *from, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len) {
			char *name = xstrndup(path, len);

			from = node_dir(from, name);
			free(name);
		}
		path += len + (path[len] == '/');
	}
	return from;
}

struct node *node_link(struct node *parent, const char *name, const char *target)
{
	struct node *n = node_new(parent, name, S_IFLNK | 0777);

	n->text = xstrdup(target);
	return n;
}

static bool node_above(const struct node *above, const struct node *n)
{
	for (; n; n = n->parent)
		if (n == above)
			return true;
	return false;
}

/* As kernfs does: up to a directory above the target, then down, even if the link is below it. */
struct node *node_link_to(struct node *parent, const char *name, const struct node *target)
{
	const struct node *common = parent;
	char *up = xstrdup(""), *full = node_path(target), *top, *path;
	struct node *n;

	for (; !node_above(common, target->parent); common = common->parent) {
		char *more = xprintf("../%s", up);

		free(up);
		up = more;
	}
	top = node_path(common);
	path = xprintf("%s%s", up, full + strlen(top) + (*top ? 1 : 0));
	n = node_link(parent, name, path);
	free(up);
	free(full);
	free(top);
	free(path);
	return n;
}

struct node *node_attr(struct node *parent, const char *name, mode_t mode,
		       const struct attr_ops *ops, const void *priv)
{
	struct node *n = node_new(parent, name, S_IFREG | (mode & 0777));

	n->ops = ops;
	n->priv = priv;
	return n;
}

struct node *node_find(const char *path)
{
	struct node *n = sim.root;

	while (n && *path) {
		size_t len = strcspn(path, "/");

		if (len) {
			char *name = xstrndup(path, len);

			n = node_child(n, name);
			free(name);
		}
		path += len + (path[len] == '/');
	}
	return n;
}

void node_remove(struct node *n)
{
	struct node *child;

	if (n->dead)
		return;
	while ((child = LIST_FIRST(&n->children)))
		node_remove(child);
	n->dead = true;
	if (n->parent) {
		LIST_REMOVE(n, hash);
		LIST_REMOVE(n, sibling);
		if (S_ISDIR(n->mode))
			n->parent->subdirs--;
	}
	node_unref(n);
}

void node_remove_child(const struct node *parent, const char *name)
{
	struct node *n = node_child(parent, name);

	if (n)
		node_remove(n);
}

void node_set_text(struct node *n, const char *text, size_t len)
{
	free(n->text);
	n->text = xstrndup(text, len);
}

/* Relative to the mount; the root is "". */
char *node_path(const struct node *n)
{
	size_t len = 0;
	char *path;

	for (const struct node *i = n; i->parent; i = i->parent)
		len += strlen(i->name) + 1;
	path = xcalloc(len + 1, 1);
	for (; n->parent; n = n->parent) {
		size_t part = strlen(n->name);

		len -= part + 1;
		memcpy(path + len, n->name, part);
		path[len + part] = '/';
	}
	if (*path)
		path[strlen(path) - 1] = '\0';
	return path;
}

static int by_hash(const void *a, const void *b)
{
	const struct child *x = a, *y = b;

	return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1)
				  : strcmp(x->node->name, y->node->name);
}

struct child *node_children(const struct node *dir, size_t *ret_n)
{
	struct child *list;
	struct node *n;
	size_t count = 0;

	for (n = LIST_FIRST(&dir->children); n; n = LIST_NEXT(n, sibling)) {
		count++;
	}
	list = xcalloc(count, sizeof(*list));
	count = 0;
	for (n = LIST_FIRST(&dir->children); n; n = LIST_NEXT(n, sibling)) {
		list[count++] = (struct child) { n, name_hash(n->name) };
	}
	qsort(list, count, sizeof(*list), by_hash);
	*ret_n = count;
	return list;
}

void tree_init(void)
{
	static const char *const top[] = { "bus", "class", "devices", "kernel", "module", "fake" };

	table = xcalloc(BUCKETS, sizeof(*table));
	sim.root = node_alloc("", S_IFDIR | 0755);
	for (size_t i = 0; i < sizeof(top) / sizeof(*top); i++)
		node_dir(sim.root, top[i]);
}

void tree_done(void)
{
	node_remove(sim.root);
	free(table);
}
