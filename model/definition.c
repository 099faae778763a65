/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place where a definition turns from JSON into a struct mdev and
 * back.  Knows nothing of files.
 *
 * jansson says on which line a text stops being JSON, but not on which line a
 * value stands that is JSON and yet wrong; json_line() finds that again in
 * the text, which by then is known to be valid.
 */
#include "model/mdev.h"

#include <ctype.h>

/* A list has a definition five deep, and json-c, which reads it for libvirt,
 * takes 32 levels: one file must not spoil the list. */
#define DEPTH_MAX 24

/* One step down: into member @key, or into element @index if key is NULL. */
struct step {
	const char *key;
	size_t index;
};

static const char *skip_space(const char *p)
{
	while (*p && isspace((unsigned char)*p))
		p++;
	return p;
}

static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

static const char *skip_value(const char *p)
{
	int depth = 0;

	do {
		p = skip_space(p);
		if (!*p)
			break;
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		else if (!strchr(",:", *p))
			p += strcspn(p, ",:]}\" \t\r\n") - 1;
		p++;
	} while (*p && depth > 0);
	return skip_space(p);
}

/* The value that @step leads to in the object or array at @p, or NULL. */
static const char *descend(const char *p, const struct step *step)
{
	bool in_object = *p == '{';

	if (in_object != !!step->key)
		return NULL;
	p = skip_space(p + 1);
	for (size_t i = 0; *p && *p != '}' && *p != ']'; i++) {
		const char *key = p;
		bool found = i == step->index;

		if (in_object) {
			size_t length;

			p = skip_string(p);
			length = (size_t)(p - key) - 2;
			found = strlen(step->key) == length &&
				memcmp(key + 1, step->key, length) == 0;
			p = skip_space(skip_space(p) + 1);
		}
		if (found)
			return p;
		p = skip_value(p);
		if (*p == ',')
			p = skip_space(p + 1);
	}
	return NULL;
}

/*
 * Line, counted from 1, of the value that the @n steps lead to, or of the
 * innermost one that can be found (a key may be written with escapes).
 */
static unsigned json_line(const char *text, const struct step *steps, size_t n)
{
	const char *value = skip_space(text);
	unsigned line = 1;

	for (size_t i = 0; i < n; i++) {
		const char *inner = descend(value, &steps[i]);

		if (!inner)
			break;
		value = inner;
	}
	for (; text < value; text++)
		line += *text == '\n';
	return line;
}

struct source {
	const char *name, *text;
	struct error *error;
};

/* Sets the error to "SOURCE:LINE: ..." of the value that the @n steps lead to. */
static int _printf_(4, 5)
wrong(const struct source *src, const struct step *path, size_t n, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	error_set(src->error, "%s:%u: %s", src->name, json_line(src->text, path, n), text);
	return -EINVAL;
}

static const char *kind(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	default:
		return "null";
	}
}

static int read_type(struct mdev *m, const json_t *root, const struct source *src)
{
	const struct step path[] = { { .key = "mdev_type" } };
	const json_t *type = json_object_get(root, "mdev_type");
	const char *problem;

	if (!type)
		return wrong(src, path, 1, "the key \"mdev_type\" is missing, which names the type");
	if (!json_is_string(type))
		return wrong(src, path, 1, "\"mdev_type\" is %s, expected a string", kind(type));
	problem = name_problem(json_string_value(type));
	if (problem)
		return wrong(src, path, 1, "the name in \"mdev_type\" %s", problem);
	m->type = str_intern(json_string_value(type));
	return 0;
}

static int read_start(struct mdev *m, const json_t *root, const struct source *src)
{
	const struct step path[] = { { .key = "start" } };
	const json_t *start = json_object_get(root, "start");
	const char *text = json_string_value(start);

	if (!start)
		return wrong(src, path, 1, "the key \"start\" is missing, expected \"auto\" or \"manual\"");
	if (!text)
		return wrong(src, path, 1, "\"start\" is %s, expected \"auto\" or \"manual\"", kind(start));
	if (!str_eq(text, "auto") && !str_eq(text, "manual"))
		return wrong(src, path, 1, "\"start\" is \"%s\", expected \"auto\" or \"manual\"", text);
	m->autostart = str_eq(text, "auto");
	return 0;
}

/* @path leads to the attribute in @n steps; the one to its value is added here. */
static int read_attr(struct mdev *m, json_t *attr, struct step *path, size_t n,
		     const struct source *src)
{
	const char *name, *problem;
	const json_t *value;

	if (!json_is_object(attr))
		return wrong(src, path, n, "an attribute is %s, expected an object like {\"NAME\": \"VALUE\"}",
			     kind(attr));
	if (json_object_size(attr) != 1)
		return wrong(src, path, n, "an attribute has %zu keys, expected one: each attribute is an object of its own",
			     json_object_size(attr));
	name = json_object_iter_key(json_object_iter(attr));
	value = json_object_iter_value(json_object_iter(attr));
	path[n].key = name;
	problem = attr_name_problem(name);
	if (problem)
		return wrong(src, path, n + 1, "the attribute name \"%s\" %s", name, problem);
	if (!json_is_string(value))
		return wrong(src, path, n + 1, "the value of attribute \"%s\" is %s, expected a string in quotes",
			     name, kind(value));
	mdev_insert_attr(m, m->n_attrs, name, json_string_value(value));
	return 0;
}

/* @path leads to the array in @n steps. */
static int read_attr_array(struct mdev *m, json_t *attrs, const struct step *path, size_t n,
			   const struct source *src)
{
	json_t *attr;
	size_t i;

	if (!json_is_array(attrs))
		return wrong(src, path, n, "%s %s, expected an array of objects like {\"NAME\": \"VALUE\"}",
			     n ? "\"attrs\" is" : "the attributes are", kind(attrs));
	json_array_foreach(attrs, i, attr) {
		struct step steps[3] = {};
		int r;

		for (size_t j = 0; j < n; j++)
			steps[j] = path[j];
		steps[n].index = i;
		r = read_attr(m, attr, steps, n + 1, src);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_attrs(struct mdev *m, const json_t *root, const struct source *src)
{
	const struct step path[] = { { .key = "attrs" } };
	json_t *attrs = json_object_get(root, "attrs");

	return attrs ? read_attr_array(m, attrs, path, 1, src) : 0;
}

static bool is_deeper(json_t *value, unsigned levels)
{
	const char *key;
	json_t *below;
	size_t i;

	if (!levels && (json_is_object(value) || json_is_array(value)))
		return true;
	json_object_foreach(value, key, below)
		if (is_deeper(below, levels - 1))
			return true;
	json_array_foreach(value, i, below)
		if (is_deeper(below, levels - 1))
			return true;
	return false;
}

static int take_extra(struct mdev *m, json_t *root, const struct source *src)
{
	json_object_del(root, "mdev_type");
	json_object_del(root, "start");
	json_object_del(root, "attrs");
	if (is_deeper(root, DEPTH_MAX))
		return wrong(src, NULL, 0, "a definition is nested no more than %d deep", DEPTH_MAX);
	if (json_object_size(root))
		m->extra = json_incref(root);
	return 0;
}

/* What jansson found, in words for somebody who has never heard of it. */
static const char *explain(const json_error_t *e)
{
	switch (json_error_code(e)) {
	case json_error_premature_end_of_input:
		return "the text ends too early";
	case json_error_end_of_input_expected:
		return "something follows the definition";
	case json_error_invalid_utf8:
		return "this is not valid UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a zero character is not allowed";
	case json_error_duplicate_key:
		return "a key is given twice";
	case json_error_numeric_overflow:
		return "a number is too large";
	case json_error_stack_overflow:
		return "this is nested too deeply";
	default:
		return "this is not JSON";
	}
}

/* A new reference, or NULL with the error set. */
static json_t *parse(const char *text, size_t length, const char *source, struct error *error)
{
	json_error_t e;
	json_t *root;
	const char *near;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		error_set(error, "%s:1: this begins with a byte order mark, which JSON has not; save it without",
			  source);
		return NULL;
	}
	if (!*skip_space(text) && strlen(text) == length) {
		error_set(error, "%s:1: this is empty, expected a definition in JSON", source);
		return NULL;
	}
	root = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (root)
		return root;
	near = strstr(e.text, " near ");
	error_set(error, "%s:%d: %s%s", source, e.line > 0 ? e.line : 1, explain(&e),
		  near ? near : "");
	return NULL;
}

int mdev_from_json(struct mdev *m, const char *text, size_t length, const char *source,
		   struct error *error)
{
	const struct source src = { source, text, error };
	_cleanup_(mdev_done) struct mdev read = {};
	json_auto_t *root = parse(text, length, source, error);
	int r;

	if (!root)
		return -EINVAL;
	if (!json_is_object(root))
		return wrong(&src, NULL, 0, "this is %s, expected the object of one definition", kind(root));
	r = read_type(&read, root, &src);
	if (r == 0)
		r = read_start(&read, root, &src);
	if (r == 0)
		r = read_attrs(&read, root, &src);
	if (r == 0)
		r = take_extra(&read, root, &src);
	if (r < 0)
		return r;

	memcpy(read.uuid, m->uuid, sizeof(read.uuid));
	read.parent = m->parent;
	read.defined = m->defined;
	read.active = m->active;
	mdev_done(m);
	*m = take(read);
	return 0;
}

static bool is_empty_answer(const json_t *attrs)
{
	const json_t *only = json_array_get(attrs, 0);

	return json_array_size(attrs) == 1 && json_is_object(only) && json_object_size(only) == 0;
}

int mdev_attrs_from_json(struct mdev *m, const char *text, size_t length, const char *source,
			 struct error *error)
{
	const struct source src = { source, text, error };
	_cleanup_(mdev_done) struct mdev read = {};
	json_auto_t *attrs = NULL;

	while (length && (text[length - 1] == '\0' || isspace((unsigned char)text[length - 1])))
		length--;
	if (length) {
		attrs = parse(text, length, source, error);
		if (!attrs)
			return -EINVAL;
	}
	if (attrs && !is_empty_answer(attrs) && read_attr_array(&read, attrs, NULL, 0, &src) < 0)
		return -EINVAL;
	mdev_take_attrs(m, &read);
	return 0;
}

json_t *mdev_to_json(const struct mdev *m)
{
	json_t *attrs = json_array(), *root;

	for (size_t i = 0; i < m->n_attrs; i++)
		json_array_append_new(attrs, json_pack("{s:s}", m->attrs[i].name, m->attrs[i].value));
	root = json_pack("{s:s, s:s, s:o}", "mdev_type", m->type, "start",
			 m->autostart ? "auto" : "manual", "attrs", attrs);
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
