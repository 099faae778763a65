/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place where a definition turns from JSON into a struct mdev and
 * back.  Knows nothing of files.
 */
#include "model/mdev.h"

#include <ctype.h>

/* A list has a definition five deep, and json-c, which reads it for libvirt,
 * takes 32 levels: one file must not spoil the list. */
#define DEPTH_MAX 24

static int read_type(struct mdev *m, const json_t *root, const struct json_at *at)
{
	const struct json_at here = json_at_key(at, "mdev_type");
	const json_t *type = json_object_get(root, "mdev_type");
	const char *problem;

	if (!type)
		return json_wrong(&here, "the key \"mdev_type\" is missing, which names the type");
	if (!json_is_string(type))
		return json_wrong(&here, "\"mdev_type\" is %s, expected a string", json_kind(type));
	problem = name_problem(json_string_value(type));
	if (problem)
		return json_wrong(&here, "the name in \"mdev_type\" %s", problem);
	m->type = str_intern(json_string_value(type));
	return 0;
}

static int read_start(struct mdev *m, const json_t *root, const struct json_at *at)
{
	const struct json_at here = json_at_key(at, "start");
	const json_t *start = json_object_get(root, "start");
	const char *text = json_string_value(start);

	if (!start)
		return json_wrong(&here, "the key \"start\" is missing, expected \"auto\" or \"manual\"");
	if (!text)
		return json_wrong(&here, "\"start\" is %s, expected \"auto\" or \"manual\"", json_kind(start));
	if (!str_eq(text, "auto") && !str_eq(text, "manual"))
		return json_wrong(&here, "\"start\" is \"%s\", expected \"auto\" or \"manual\"", text);
	m->autostart = str_eq(text, "auto");
	return 0;
}

static int read_attr(struct mdev *m, json_t *attr, const struct json_at *at)
{
	const char *name, *problem;
	struct json_at here;
	const json_t *value;

	if (!json_is_object(attr))
		return json_wrong(at, "an attribute is %s, expected an object like {\"NAME\": \"VALUE\"}",
				  json_kind(attr));
	if (json_object_size(attr) != 1)
		return json_wrong(at, "an attribute has %zu keys, expected one: each attribute is an object of its own",
				  json_object_size(attr));
	name = json_object_iter_key(json_object_iter(attr));
	value = json_object_iter_value(json_object_iter(attr));
	here = json_at_key(at, name);
	problem = attr_name_problem(name);
	if (problem)
		return json_wrong(&here, "the attribute name \"%s\" %s", name, problem);
	if (!json_is_string(value))
		return json_wrong(&here, "the value of attribute \"%s\" is %s, expected a string in quotes",
				  name, json_kind(value));
	mdev_insert_attr(m, m->n_attrs, name, json_string_value(value));
	return 0;
}

int mdev_read_attrs(struct mdev *m, json_t *attrs, const struct json_at *at)
{
	json_t *attr;
	size_t i;

	if (!json_is_array(attrs))
		return json_wrong(at, "%s %s, expected an array of objects like {\"NAME\": \"VALUE\"}",
				  at->n ? "\"attrs\" is" : "the attributes are", json_kind(attrs));
	json_array_foreach(attrs, i, attr) {
		const struct json_at here = json_at_index(at, i);
		int r = read_attr(m, attr, &here);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_attrs(struct mdev *m, const json_t *root, const struct json_at *at)
{
	const struct json_at here = json_at_key(at, "attrs");
	json_t *attrs = json_object_get(root, "attrs");

	return attrs && !json_is_null(attrs) ? mdev_read_attrs(m, attrs, &here) : 0;
}

static int take_extra(struct mdev *m, json_t *root, const struct json_at *at)
{
	json_object_del(root, "mdev_type");
	json_object_del(root, "start");
	json_object_del(root, "attrs");
	if (json_is_deeper(root, DEPTH_MAX))
		return json_wrong(at, "a definition is nested no more than %d deep", DEPTH_MAX);
	if (json_object_size(root))
		m->extra = json_incref(root);
	return 0;
}

int mdev_read_but_type(struct mdev *m, json_t *root, const struct json_at *at)
{
	_cleanup_(mdev_done) struct mdev read = {};
	int r;

	r = read_start(&read, root, at);
	if (r == 0)
		r = read_attrs(&read, root, at);
	if (r == 0)
		r = take_extra(&read, root, at);
	if (r < 0)
		return r;

	memcpy(read.uuid, m->uuid, sizeof(read.uuid));
	read.parent = m->parent;
	read.type = m->type;
	read.defined = m->defined;
	read.active = m->active;
	mdev_done(m);
	*m = take(read);
	return 0;
}

static int read_definition(struct mdev *m, json_t *root, const struct json_at *at)
{
	const char *before = m->type;
	int r;

	if (!json_is_object(root))
		return json_wrong(at, "this is %s, expected the object of one definition", json_kind(root));
	r = read_type(m, root, at);
	if (r == 0)
		r = mdev_read_but_type(m, root, at);
	if (r < 0)
		m->type = before;
	return r;
}

int mdev_from_json(struct mdev *m, const char *text, size_t length, const char *source,
		   struct error *error)
{
	const struct json_source src = { source, text, error };
	const struct json_at top = { .src = &src };
	json_auto_t *root = json_parse(text, length, source, error);

	return root ? read_definition(m, root, &top) : -EINVAL;
}

static bool is_empty_answer(const json_t *attrs)
{
	const json_t *only = json_array_get(attrs, 0);

	if (json_is_null(attrs))
		return true;
	return json_array_size(attrs) == 1 && json_is_object(only) && json_object_size(only) == 0;
}

int mdev_attrs_from_json(struct mdev *m, const char *text, size_t length, const char *source,
			 struct error *error)
{
	const struct json_source src = { source, text, error };
	const struct json_at top = { .src = &src };
	_cleanup_(mdev_done) struct mdev read = {};
	json_auto_t *attrs = NULL;

	while (length && (text[length - 1] == '\0' || isspace((unsigned char)text[length - 1])))
		length--;
	if (length) {
		attrs = json_parse(text, length, source, error);
		if (!attrs)
			return -EINVAL;
	}
	if (attrs && !is_empty_answer(attrs) && mdev_read_attrs(&read, attrs, &top) < 0)
		return -EINVAL;
	mdev_take_attrs(m, &read);
	return 0;
}

json_t *mdev_attrs_to_json(const struct mdev *m)
{
	json_t *attrs = json_array();

	for (size_t i = 0; i < m->n_attrs; i++)
		json_array_append_new(attrs, json_pack("{s:s}", m->attrs[i].name, m->attrs[i].value));
	return attrs;
}

json_t *mdev_to_json(const struct mdev *m)
{
	json_t *root = json_pack("{s:s, s:s, s:o}", "mdev_type", m->type, "start",
				 m->autostart ? "auto" : "manual", "attrs", mdev_attrs_to_json(m));

	if (m->extra)
		json_object_update_missing(root, m->extra);
	return root;
}

char *mdev_to_text(const struct mdev *m)
{
	json_auto_t *json = mdev_to_json(m), *back = NULL;
	_cleanup_free_ char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

	/* A fraction among unknown keys stays as it was written where 15 digits
	 * say it exactly: 0.1, not 0.10000000000000001. */
	back = json_loads(text, 0, NULL);
	if (!json_equal(json, back)) {
		free(text);
		text = json_dumps(json, JSON_INDENT(2));
	}
	return xasprintf("%s\n", text);
}
