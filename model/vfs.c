/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place where what is kept for a physical function turns from JSON into a
 * struct vfs and back.
 */
#include "model/vfs.h"

static const char *const keys[] = { "vfs", "driver", "bind", "attrs" };

/* What is misspelt would silently be something else. */
static int check_keys(json_t *json, const struct json_at *at)
{
	_cleanup_(strv_done) struct strv known = {};
	const char *key;
	json_t *value;

	if (!json_is_object(json))
		return json_wrong(at, "this is %s, expected an object like {\"vfs\": 4}", json_kind(json));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		strv_add(&known, xstrdup(keys[i]));
	json_object_foreach(json, key, value) {
		const struct json_at here = json_at_key(at, key);
		_cleanup_free_ char *names = NULL;

		if (strv_has(&known, key))
			continue;
		names = strv_join(&known, known.n);
		return json_wrong(&here, "virtual functions have no key \"%s\"; there are %s", key, names);
	}
	return 0;
}

static int read_count(struct vfs *vfs, const json_t *json, const struct json_at *at)
{
	const struct json_at here = json_at_key(at, "vfs");
	const json_t *value = json_object_get(json, "vfs");
	json_int_t count = json_integer_value(value);

	if (json_is_string(value) && str_eq(json_string_value(value), "max"))
		count = 0;
	else if (count < 1 || count > UINT16_MAX)
		return json_wrong(&here, "\"vfs\" does not say how many virtual functions: a number from 1 to %d, or \"max\"",
				  UINT16_MAX);
	vfs->count = (unsigned long)count;
	return 0;
}

static int read_driver(struct vfs *vfs, const json_t *json, const struct json_at *at)
{
	const struct json_at here = json_at_key(at, "driver");
	const json_t *value = json_object_get(json, "driver");
	const char *problem;

	if (!value)
		return 0;
	if (!json_is_string(value))
		return json_wrong(&here, "\"driver\" is %s, expected the name of a VFIO driver, or \"auto\"",
				  json_kind(value));
	problem = name_problem(json_string_value(value));
	if (problem)
		return json_wrong(&here, "the name in \"driver\" %s", problem);
	vfs->driver = str_intern(json_string_value(value));
	return 0;
}

static int read_bind(struct vfs *vfs, const json_t *json, const struct json_at *at)
{
	const struct json_at here = json_at_key(at, "bind");
	const json_t *value = json_object_get(json, "bind");

	if (value && !json_is_boolean(value))
		return json_wrong(&here, "\"bind\" is %s, expected true or false", json_kind(value));
	vfs->bind = json_is_true(value);
	if (vfs->bind && !vfs->driver)
		return json_wrong(&here, "\"bind\" needs a \"driver\" to bind them to");
	return 0;
}

static int read_attrs(struct vfs *vfs, json_t *json, const struct json_at *at)
{
	const struct json_at here = json_at_key(at, "attrs");
	json_t *attrs = json_object_get(json, "attrs");

	return attrs && !json_is_null(attrs) ? mdev_read_attrs(&vfs->like, attrs, &here) : 0;
}

int vfs_read(const char *pf, json_t *json, const struct json_at *at, struct vfs *ret_vfs)
{
	_cleanup_(vfs_done) struct vfs vfs = { .pf = str_intern(pf) };
	int r = check_keys(json, at);

	if (r == 0)
		r = read_count(&vfs, json, at);
	if (r == 0)
		r = read_driver(&vfs, json, at);
	if (r == 0)
		r = read_bind(&vfs, json, at);
	if (r == 0)
		r = read_attrs(&vfs, json, at);
	if (r == 0)
		*ret_vfs = take(vfs);
	return r;
}

int vfs_from_json(const char *pf, const char *text, size_t length, const char *source, struct vfs *ret_vfs,
		  struct error *error)
{
	const struct json_source src = { source, text, error };
	const struct json_at top = { .src = &src };
	json_auto_t *json = json_parse(text, length, source, error);

	return json ? vfs_read(pf, json, &top, ret_vfs) : -EINVAL;
}

json_t *vfs_to_json(const struct vfs *vfs)
{
	json_t *json = json_object();

	json_object_set_new(json, "vfs", vfs->count ? json_integer((json_int_t)vfs->count) : json_string("max"));
	if (vfs->driver)
		json_object_set_new(json, "driver", json_string(vfs->driver));
	if (vfs->bind)
		json_object_set_new(json, "bind", json_true());
	if (vfs->like.n_attrs)
		json_object_set_new(json, "attrs", mdev_attrs_to_json(&vfs->like));
	return json;
}

char *vfs_to_text(const struct vfs *vfs)
{
	json_auto_t *json = vfs_to_json(vfs);
	_cleanup_free_ char *text = json_dumps(json, JSON_INDENT(2));

	return xasprintf("%s\n", text);
}

bool vfs_is_same(const struct vfs *a, const struct vfs *b)
{
	json_auto_t *one = vfs_to_json(a), *other = vfs_to_json(b);

	return json_equal(one, other);
}

void vfs_done(struct vfs *vfs)
{
	mdev_done(&vfs->like);
	*vfs = (struct vfs){};
}
