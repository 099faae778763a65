/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device, a type, lists of them, and the JSON form of a definition
 * (definition.c).  Knows nothing of where they are found.
 */
#ifndef MDEVCTL_MDEV_H
#define MDEVCTL_MDEV_H

#include "lib/json.h"
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
	json_t *extra; /* other keys of the definition, or NULL */
};

/* Texts among those keys that this program makes and reads. */
#define KEY_NAME "name" /* the UUID is uuid_of_name() of it */
#define KEY_TYPE_NAME "type_name" /* decides over mdev_type, whose number may change */
#define KEY_POOL "pool" /* whose choice the parent was */
#define KEY_TYPE_DESCRIPTION "type_description" /* as the driver gave it when the type was pinned; empty: none */
#define KEY_STRICT "strict" /* true: not started where that has changed */

void mdev_done(struct mdev *m);
/* Whether both are on the same parent and of the same type. */
bool mdev_is_same_kind(const struct mdev *a, const struct mdev *b);
/* Whether both have the same attributes, in the same order. */
bool mdev_has_same_attrs(const struct mdev *a, const struct mdev *b);
/* The text of a key, of the device's own; NULL: it has none. */
const char *mdev_key(const struct mdev *m, const char *key);
/* @text NULL: removes it. */
void mdev_set_key(struct mdev *m, const char *key, const char *text);
/* The same of a key that is true or not there. */
bool mdev_flag(const struct mdev *m, const char *key);
void mdev_set_flag(struct mdev *m, const char *key);
/* Whether the device has no name, or one that gives its UUID. */
bool mdev_name_is_right(const struct mdev *m);
/* What people call it: its name, if that is right, else its UUID. */
const char *mdev_label(const struct mdev *m);
/* A copy that shares nothing with @m. */
struct mdev mdev_copy(const struct mdev *m);
/* Inserts before @index (at the end if that is n_attrs). */
void mdev_insert_attr(struct mdev *m, size_t index, const char *name, const char *value);
void mdev_remove_attr(struct mdev *m, size_t index);
/* Moves the attributes of @from to @m, in place of its own. */
void mdev_take_attrs(struct mdev *m, struct mdev *from);
/* Adds copies of the attributes of @from, after its own. */
void mdev_copy_attrs(struct mdev *m, const struct mdev *from);

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
	char *device_api; /* NULL only if it was not asked for */
	long available; /* as the driver says, perhaps less than none */
};

/* What is read of a type besides its name and number, as each costs system calls. */
enum type_fields {
	TYPE_API = 1,
	TYPE_DESCRIPTION = 2,
	TYPE_ALL = TYPE_API | TYPE_DESCRIPTION,
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

/* The same of an object that is parsed already and stands there, but for the type, which is
 * left as it is.  What was read is removed from @root; the rest are the extra keys. */
int mdev_read_but_type(struct mdev *m, json_t *root, const struct json_at *at);

/*
 * Replaces the attributes by those of a JSON array such as a script prints;
 * nothing, trailing NULs, null and [{}] are allowed.  Errors as above.
 */
int mdev_attrs_from_json(struct mdev *m, const char *text, size_t length, const char *source,
			 struct error *error);

/* Adds the attributes of array @attrs, which stands there.  0, or -EINVAL with the
 * source's error set. */
int mdev_read_attrs(struct mdev *m, json_t *attrs, const struct json_at *at);
/* The same as an array; a new reference. */
json_t *mdev_attrs_to_json(const struct mdev *m);

#endif
