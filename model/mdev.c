/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct mdev and struct mdev_type, and lists of them.
 */
#include "model/mdev.h"

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

bool mdev_has_same_attrs(const struct mdev *a, const struct mdev *b)
{
	for (size_t i = 0; i < a->n_attrs && i < b->n_attrs; i++)
		if (!str_eq(a->attrs[i].name, b->attrs[i].name) || !str_eq(a->attrs[i].value, b->attrs[i].value))
			return false;
	return a->n_attrs == b->n_attrs;
}

const char *mdev_key(const struct mdev *m, const char *key)
{
	return json_string_value(json_object_get(m->extra, key));
}

void mdev_set_key(struct mdev *m, const char *key, const char *text)
{
	if (text && !m->extra)
		m->extra = json_object();
	if (text)
		json_object_set_new(m->extra, key, json_text(text));
	else
		json_object_del(m->extra, key);
	if (!json_object_size(m->extra)) {
		json_decref(m->extra);
		m->extra = NULL;
	}
}

bool mdev_flag(const struct mdev *m, const char *key)
{
	return json_is_true(json_object_get(m->extra, key));
}

void mdev_set_flag(struct mdev *m, const char *key)
{
	if (!m->extra)
		m->extra = json_object();
	json_object_set_new(m->extra, key, json_true());
}

bool mdev_name_is_right(const struct mdev *m)
{
	const char *name = mdev_key(m, KEY_NAME);
	char uuid[UUID_LEN + 1];

	if (!json_object_get(m->extra, KEY_NAME))
		return true;
	if (!name || device_name_problem(name))
		return false;
	uuid_of_name(name, uuid);
	return str_eq(uuid, m->uuid);
}

const char *mdev_label(const struct mdev *m)
{
	const char *name = mdev_name_is_right(m) ? mdev_key(m, KEY_NAME) : NULL;

	return name ? name : m->uuid;
}

void mdev_copy_attrs(struct mdev *m, const struct mdev *from)
{
	for (size_t i = 0; i < from->n_attrs; i++)
		mdev_insert_attr(m, m->n_attrs, from->attrs[i].name, from->attrs[i].value);
}

struct mdev mdev_copy(const struct mdev *m)
{
	struct mdev copy = *m;

	copy.attrs = NULL;
	copy.n_attrs = 0;
	mdev_copy_attrs(&copy, m);
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
