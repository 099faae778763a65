/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct mdev and struct mdev_type, lists of them, UUIDs and names.  Knows
 * nothing of files, sysfs or JSON (definition.c).
 */
#include "model/mdev.h"
#include "lib/dlopen-note.h"

#include <ctype.h>
#include <dlfcn.h>
#include <limits.h>
#include <sys/random.h>
#include <uuid.h>

#define LIBUUID "libuuid.so.1"
DLOPEN_NOTE("uuid", "UUIDs of vGPUs that are not defined", "required", LIBUUID);

static void attrs_done(struct mdev *m)
{
	for (size_t i = 0; i < m->n_attrs; i++) {
		free(m->attrs[i].name);
		free(m->attrs[i].value);
	}
	free(m->attrs);
	m->attrs = NULL;
	m->n_attrs = 0;
}

void mdev_take_attrs(struct mdev *m, struct mdev *from)
{
	attrs_done(m);
	m->attrs = take(from->attrs);
	m->n_attrs = take(from->n_attrs);
}

void mdev_done(struct mdev *m)
{
	attrs_done(m);
	json_decref(m->extra);
	*m = (struct mdev){};
}

bool mdev_is_same_kind(const struct mdev *a, const struct mdev *b)
{
	return str_eq(a->parent, b->parent) && str_eq(a->type, b->type);
}

struct mdev mdev_copy(const struct mdev *m)
{
	struct mdev copy = *m;

	copy.attrs = NULL;
	copy.n_attrs = 0;
	for (size_t i = 0; i < m->n_attrs; i++)
		mdev_insert_attr(&copy, i, m->attrs[i].name, m->attrs[i].value);
	copy.extra = json_deep_copy(m->extra);
	return copy;
}

void mdev_insert_attr(struct mdev *m, size_t index, const char *name, const char *value)
{
	m->attrs = xgrow(m->attrs, m->n_attrs, sizeof(*m->attrs));
	memmove(&m->attrs[index + 1], &m->attrs[index],
		(m->n_attrs - index) * sizeof(*m->attrs));
	m->attrs[index] = (struct mdev_attr){ xstrdup(name), xstrdup(value) };
	m->n_attrs++;
}

void mdev_remove_attr(struct mdev *m, size_t index)
{
	free(m->attrs[index].name);
	free(m->attrs[index].value);
	m->n_attrs--;
	memmove(&m->attrs[index], &m->attrs[index + 1],
		(m->n_attrs - index) * sizeof(*m->attrs));
}

void mdev_list_take(struct mdev_list *l, struct mdev *m)
{
	l->m = xgrow(l->m, l->n, sizeof(*l->m));
	l->m[l->n++] = take(*m);
}

static int compare_mdevs(const void *a, const void *b)
{
	const struct mdev *x = a, *y = b;
	int order = strcmp(x->parent, y->parent);

	return order ? order : strcmp(x->uuid, y->uuid);
}

void mdev_list_sort(struct mdev_list *l)
{
	size_t n = 1;

	/* Most are, a parent at a time; qsort() would need memory for each device. */
	while (n < l->n && compare_mdevs(&l->m[n - 1], &l->m[n]) <= 0)
		n++;
	if (n < l->n)
		qsort(l->m, l->n, sizeof(*l->m), compare_mdevs);
}

void mdev_list_done(struct mdev_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		mdev_done(&l->m[i]);
	free(l->m);
	*l = (struct mdev_list){};
}

void mdev_type_list_take(struct mdev_type_list *l, struct mdev_type *t)
{
	l->t = xgrow(l->t, l->n, sizeof(*l->t));
	l->t[l->n++] = take(*t);
}

static int compare_types(const void *a, const void *b)
{
	const struct mdev_type *x = a, *y = b;
	int order = strcmp(x->parent, y->parent);

	return order ? order : strcmp(x->id, y->id);
}

void mdev_type_list_sort(struct mdev_type_list *l)
{
	if (l->n)
		qsort(l->t, l->n, sizeof(*l->t), compare_types);
}

void mdev_type_done(struct mdev_type *t)
{
	free(t->parent);
	free(t->id);
	free(t->name);
	free(t->description);
	free(t->device_api);
	*t = (struct mdev_type){};
}

void mdev_type_list_done(struct mdev_type_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		mdev_type_done(&l->t[i]);
	free(l->t);
	*l = (struct mdev_type_list){};
}

bool uuid_normalise(const char *text, char ret_uuid[UUID_LEN + 1])
{
	static const char urn[] = "urn:uuid:";
	char uuid[UUID_LEN + 1];
	size_t length, n = 0;
	bool dashed;

	if (strncasecmp(text, urn, sizeof(urn) - 1) == 0)
		text += sizeof(urn) - 1;
	length = strlen(text);
	if (length >= 2 && text[0] == '{' && text[length - 1] == '}') {
		text++;
		length -= 2;
	}
	dashed = length == UUID_LEN;
	if (!dashed && length != UUID_LEN - 4)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!dashed && (n == 8 || n == 13 || n == 18 || n == 23))
			uuid[n++] = '-';
		uuid[n++] = (char)tolower((unsigned char)text[i]);
	}
	uuid[n] = '\0';
	if (!uuid_is_normal(uuid))
		return false;
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return true;
}

/* By hand, as it is asked for each file of each listed directory. */
bool uuid_is_normal(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < UUID_LEN; i++) {
		bool is_digit = (text[i] >= '0' && text[i] <= '9') ||
				(text[i] >= 'a' && text[i] <= 'f');

		if (form[i] == 'x' ? !is_digit : text[i] != '-')
			return false;
	}
	return !text[UUID_LEN];
}

/* To be linked with libuuid would take a tenth of the start-up of every call. */
void uuid_make(char ret_uuid[UUID_LEN + 1])
{
	unsigned char u[16];
	char *to = ret_uuid;

	while (getrandom(u, sizeof(u), 0) != sizeof(u))
		;
	/* Version 4, of the variant of RFC 4122. */
	u[6] = (u[6] & 0x0f) | 0x40;
	u[8] = (u[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof(u); i++)
		to += sprintf(to, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
}

void uuid_of_text(const char *text, char ret_uuid[UUID_LEN + 1])
{
	void *library = dlopen(LIBUUID, RTLD_NOW | RTLD_LOCAL);
	__typeof__(&uuid_generate_sha1) generate_sha1;
	__typeof__(&uuid_get_template) get_template;
	__typeof__(&uuid_unparse_lower) unparse_lower;
	uuid_t binary;

	if (library) {
		*(void **)&generate_sha1 = dlsym(library, "uuid_generate_sha1");
		*(void **)&get_template = dlsym(library, "uuid_get_template");
		*(void **)&unparse_lower = dlsym(library, "uuid_unparse_lower");
	}
	if (!library || !generate_sha1 || !get_template || !unparse_lower) {
		fail("a vGPU that is not defined gets its UUID by %s, which is not on this system", LIBUUID);
		exit(EXIT_FAILURE);
	}
	generate_sha1(binary, *get_template("url"), text, strlen(text));
	unparse_lower(binary, ret_uuid);
	dlclose(library);
}

const char *text_problem(const char *text)
{
	bool is_ascii = true;
	json_t *json;

	for (const char *s = text; *s; s++)
		is_ascii = is_ascii && !(*s & 0x80);
	if (is_ascii)
		return NULL;
	json = json_string(text);
	json_decref(json);
	return json ? NULL : "is not valid UTF-8";
}

static bool has_control_character(const char *s)
{
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			return true;
	return false;
}

const char *name_problem(const char *name)
{
	if (!*name)
		return "is empty";
	if (strchr(name, '/'))
		return "contains '/'";
	if (*name == '.')
		return "begins with '.'";
	if (strlen(name) > NAME_MAX)
		return "is longer than 255 bytes";
	if (has_control_character(name))
		return "contains a control character";
	return text_problem(name);
}

const char *parent_name_problem(const char *name)
{
	if (str_eq(name, "scripts.d") || str_eq(name, "pools.d"))
		return "is that of a directory of mdevctl's own";
	return name_problem(name);
}

const char *attr_name_problem(const char *name)
{
	if (!*name)
		return "is empty";
	if (strlen(name) >= PATH_MAX / 2)
		return "is too long";
	if (has_control_character(name))
		return "contains a control character";
	if (*name == '/')
		return "is an absolute path";
	if (str_eq(name, "remove"))
		return "would remove the device";
	for (const char *p = name;; p++) {
		size_t length = strcspn(p, "/");

		if (length == 0 || (length == 1 && p[0] == '.'))
			return "has an empty path component";
		if (length == 2 && p[0] == '.' && p[1] == '.')
			return "leaves the device's directory with '..'";
		p += length;
		if (!*p)
			return text_problem(name);
	}
}
