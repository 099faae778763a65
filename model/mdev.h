/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device, a type, lists of them, and the JSON form of a definition
 * (definition.c).  Knows nothing of where they are found.
 */
#ifndef MDEVCTL_MDEV_H
#define MDEVCTL_MDEV_H

#include <jansson.h>

#include "lib/say.h"
#include "model/name.h"

/* A definition larger than this is refused: it is no definition. */
#define DEFINITION_MAX ((size_t)1 << 20)

/* Attributes are written to the device in this order; names may repeat. */
struct mdev_attr {
	char *name, *value;
};

/* Ten thousand of them are most of what a list needs: in an order that leaves no holes. */
struct mdev {
	char uuid[UUID_LEN + 1];
	bool autostart;
	bool defined, active;
	bool is_pci; /* no mediated device: a virtual machine gets the PCI function that is the parent */
	unsigned n_attrs;
	/* Both of str_intern(). */
	const char *parent; /* name of the parent device as in /sys/class/mdev_bus, or of a PCI function */
	const char *type;
	struct mdev_attr *attrs;
	json_t *extra; /* keys of the definition that this program does not know, or NULL */
};

void mdev_done(struct mdev *m);
/* Whether both are on the same parent and of the same type. */
bool mdev_is_same_kind(const struct mdev *a, const struct mdev *b);
/* A copy that shares nothing with @m. */
struct mdev mdev_copy(const struct mdev *m);
/* Inserts before @index (at the end if that is n_attrs). */
void mdev_insert_attr(struct mdev *m, size_t index, const char *name, const char *value);
void mdev_remove_attr(struct mdev *m, size_t index);
/* Moves the attributes of @from to @m, in place of its own. */
void mdev_take_attrs(struct mdev *m, struct mdev *from);

struct mdev_list {
	struct mdev *m;
	size_t n;
};

/* Moves @m into the list and leaves it empty. */
void mdev_list_take(struct mdev_list *l, struct mdev *m);
/* By parent, then UUID, bytewise. */
void mdev_list_sort(struct mdev_list *l);
void mdev_list_done(struct mdev_list *l);

struct mdev_type {
	char *parent;
	char *id; /* name of its directory: what is stored and started */
	char *name, *description; /* NULL where the driver has none */
	char *device_api;
	long available; /* as the driver says, perhaps less than none */
};

struct mdev_type_list {
	struct mdev_type *t;
	size_t n;
};

/* Moves @t into the list and leaves it empty. */
void mdev_type_list_take(struct mdev_type_list *l, struct mdev_type *t);
/* By parent, then id, bytewise. */
void mdev_type_list_sort(struct mdev_type_list *l);
void mdev_type_list_done(struct mdev_type_list *l);
void mdev_type_done(struct mdev_type *t);

/* Definition form; a new reference. */
json_t *mdev_to_json(const struct mdev *m);
/* The same as the text of a definition file; caller frees. */
char *mdev_to_text(const struct mdev *m);
/*
 * Fills type, start, attributes and extra keys from the text of a definition
 * that comes from @source (a name for messages).  -EINVAL with @error set to
 * "SOURCE:LINE: ..."; then @m is as it was.
 */
int mdev_from_json(struct mdev *m, const char *text, size_t length, const char *source,
		   struct error *error);

/*
 * Replaces the attributes by those of a JSON array such as a script prints;
 * nothing, trailing NULs, null and [{}] are allowed.  Errors as above.
 */
int mdev_attrs_from_json(struct mdev *m, const char *text, size_t length, const char *source,
			 struct error *error);

#endif
