/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host described in one document: the virtual functions, pools and devices that it is
 * to have.  Knows nothing of what a host has.
 */
#ifndef MDEVCTL_BLUEPRINT_H
#define MDEVCTL_BLUEPRINT_H

#include "model/pool.h"
#include "model/vfs.h"

/* A document larger than this is none. */
#define BLUEPRINT_MAX ((size_t)64 << 20)

/* So many of one kind are a slip of the finger, or of a driver. */
#define BLUEPRINT_COUNT_MAX UINT16_MAX

/* A device that the host is to have.  Texts are of str_intern(). */
struct wanted {
	struct json_at at; /* where it is asked for */
	const char *label; /* what people call it: its name, else its UUID */
	struct mdev m; /* UUID, start, attributes and further keys; neither parent nor type */
	bool has_attrs; /* it says so itself, also that there are none */
	const char *type; /* its id or name, which decides; NULL: any of the pool's */
	const char *id; /* what "mdev_type" says, where a name decides */
	/* Where: one of these. */
	const char *parent;
	const char *pattern; /* any parent of such a name */
	const char *pool; /* what a pool chooses */
	bool is_named; /* it is asked for by name: there is one of it on the whole host */
	const char *family; /* one of NAME-1, NAME-2 ...: NAME; else NULL */
	bool is_rest; /* and stands for as many further ones as fit */
};

struct blueprint {
	struct vfs *vfs;
	size_t n_vfs;
	struct pool *pools;
	size_t n_pools;
	struct wanted *devices;
	size_t n_devices;
	struct strv parents; /* what it says anything of: names of parents, patterns, "pool:NAME" */
	struct strv unread_pools; /* names of pools that something is wrong with */
	struct strv families; /* NAMEs of devices with a count */
	/* What it was read from. */
	json_t *json;
	char *text;
	struct json_source source;
	struct error error;
};

/*
 * Reads the text of a document, which it takes, and which comes from @source (a name for
 * messages, borrowed).  Everything that is wrong with it is added to @problems, each as
 * "SOURCE:LINE: ...".  @ret_blueprint must stay where it is: json_at lead there.
 */
void blueprint_read(struct blueprint *ret_blueprint, char *text, size_t length, const char *source,
		struct strv *problems);
void blueprint_done(struct blueprint *b);
/* Adds "SOURCE:LINE: ..." of what stands there. */
void blueprint_problem(struct strv *problems, const struct json_at *at, const char *fmt, ...) _printf_(3, 4);

/* Whether it wants a device, or may want one, on this parent. */
bool blueprint_speaks_of(const struct blueprint *b, const char *parent);

/* What leads to a pool in place of a parent. */
#define BLUEPRINT_POOL "pool:"
/* "NAME-3" of NAME; of str_intern(). */
const char *blueprint_member(const char *family, unsigned long number);

/* The document of what is kept; each list is sorted.  A new reference. */
json_t *blueprint_to_json(const struct vfs *vfs, size_t n_vfs, const struct pool *pools, size_t n_pools,
		      const struct mdev_list *defined);

#endif
