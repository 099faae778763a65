/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place where a pool turns from JSON into a struct pool.
 */
#include "model/pool.h"

#include <ctype.h>

/* Each parent is compared with each of them. */
#define TEXTS_MAX 256

/* A pool that is being read, and where its object stands. */
struct reader {
	struct pool *pool;
	json_t *json;
	const struct json_at *at;
};

/* What is at @key, and there at @index unless that is negative. */
static int _printf_(4, 5) wrong(struct reader *r, const char *key, ssize_t index, const char *fmt, ...)
{
	struct json_at at = key ? json_at_key(r->at, key) : *r->at;
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (index >= 0)
		at = json_at_index(&at, (size_t)index);
	return json_wrong(&at, "%s", text);
}

bool pool_is_pci_id(const char *text)
{
	for (size_t i = 0; i < 9; i++)
		if (i == 4 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	return !text[9];
}

/* Each returns what is wrong with the text, or NULL. */

static const char *add_parent(struct pool *pool, const char *text)
{
	strv_add(&pool->wish.parents, xstrdup(text));
	return parent_name_problem(text);
}

static const char *add_type(struct pool *pool, const char *text)
{
	wish_add_kind(&pool->wish)->type = str_intern(text);
	return type_text_problem(text);
}

/* All of them are one further kind, after the types. */
static const char *add_need(struct pool *pool, const char *text)
{
	return needs_add(&pool->wish.kinds[pool->wish.n_kinds - 1].needs, text);
}

static int read_texts(struct reader *r, const char *key,
		      const char *(*add)(struct pool *pool, const char *text))
{
	json_t *array = json_object_get(r->json, key), *value;
	size_t i;

	if (!array)
		return 0;
	if (!json_is_array(array))
		return wrong(r, key, -1, "\"%s\" is %s, expected an array of strings", key, json_kind(array));
	if (json_array_size(array) > TEXTS_MAX)
		return wrong(r, key, -1, "\"%s\" has more than %d texts; patterns are shorter", key, TEXTS_MAX);
	json_array_foreach(array, i, value) {
		const char *problem;

		if (!json_is_string(value))
			return wrong(r, key, (ssize_t)i, "\"%s\" has %s, expected strings", key, json_kind(value));
		problem = add(r->pool, json_string_value(value));
		if (problem)
			return wrong(r, key, (ssize_t)i, "\"%s\" in \"%s\" %s", json_string_value(value), key,
				     problem);
	}
	return 0;
}

static int read_needs(struct reader *r)
{
	const json_t *needs = json_object_get(r->json, "needs");

	if (json_array_size(needs) > NEEDS_MAX)
		return wrong(r, "needs", -1, "\"needs\" has more than %d texts", NEEDS_MAX);
	if (json_array_size(needs))
		wish_add_kind(&r->pool->wish);
	return read_texts(r, "needs", add_need);
}

static int read_policy(struct reader *r)
{
	const json_t *policy = json_object_get(r->json, "policy");
	const char *text = json_string_value(policy);

	if (!policy || (text && policy_parse(text, &r->pool->wish.policy)))
		return 0;
	return wrong(r, "policy", -1, "\"policy\" is %s%s%s, expected \"compact\", \"spread\" or \"separate\"",
		     text ? "\"" : "", text ? text : json_kind(policy), text ? "\"" : "");
}

static int read_number(struct reader *r, const char *key, json_int_t least, json_int_t *number)
{
	const json_t *value = json_object_get(r->json, key);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > INT32_MAX)
		return wrong(r, key, -1, "\"%s\" is not a number from %lld on", key, (long long)least);
	*number = json_integer_value(value);
	return 0;
}

static int read_numbers(struct reader *r)
{
	json_int_t node = ANY_NODE, limit = 0;
	int result = read_number(r, "numa", 0, &node);

	if (result == 0)
		result = read_number(r, "limit", 1, &limit);
	r->pool->wish.nodes[0] = (long)node;
	r->pool->limit = (size_t)limit;
	return result;
}

static int read_attrs(struct reader *r)
{
	json_t *attrs = json_object_get(r->json, "attrs");
	const struct json_at here = json_at_key(r->at, "attrs");

	return attrs ? mdev_read_attrs(&r->pool->like, attrs, &here) : 0;
}

static const char *const keys[] = { "parents", "types", "needs", "policy", "numa", "attrs", "limit" };

/* What is misspelt would silently choose otherwise. */
static int check_keys(struct reader *r)
{
	_cleanup_(strv_done) struct strv known = {};
	const char *key;
	json_t *value;

	if (!json_is_object(r->json))
		return wrong(r, NULL, -1, "this is %s, expected the object of one pool", json_kind(r->json));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		strv_add(&known, xstrdup(keys[i]));
	json_object_foreach(r->json, key, value) {
		_cleanup_free_ char *names = NULL;

		if (strv_has(&known, key))
			continue;
		names = strv_join(&known, known.n);
		return wrong(r, key, -1, "a pool has no key \"%s\"; there are %s", key, names);
	}
	return 0;
}

static int read_all_keys(struct reader *r)
{
	int result = check_keys(r);

	if (result == 0)
		result = read_texts(r, "parents", add_parent);
	if (result == 0)
		result = read_texts(r, "types", add_type);
	if (result == 0)
		result = read_needs(r);
	if (result == 0)
		result = read_policy(r);
	if (result == 0)
		result = read_numbers(r);
	if (result == 0)
		result = read_attrs(r);
	if (result == 0 && !r->pool->wish.n_kinds)
		return wrong(r, NULL, -1, "a pool needs \"types\" or \"needs\", with at least one text");
	return result;
}

int pool_read(const char *name, json_t *json, const struct json_at *at, struct pool *ret_pool)
{
	_cleanup_(pool_done) struct pool pool = NO_POOL;
	struct reader r = { .pool = &pool, .json = json, .at = at };
	int result;

	pool.name = str_intern(name);
	result = read_all_keys(&r);
	if (result < 0)
		return result;
	pool.json = json_incref(json);
	*ret_pool = pool;
	pool = NO_POOL;
	return 0;
}

int pool_from_json(const char *name, const char *text, size_t length, const char *source,
		   struct pool *ret_pool, struct error *error)
{
	const struct json_source src = { source, text, error };
	const struct json_at top = { .src = &src };
	json_auto_t *json = json_parse(text, length, source, error);

	return json ? pool_read(name, json, &top, ret_pool) : -EINVAL;
}

char *pool_to_text(const struct pool *pool)
{
	_cleanup_free_ char *text = json_dumps(pool->json, JSON_INDENT(2));

	return xasprintf("%s\n", text);
}

void pool_done(struct pool *pool)
{
	wish_done(&pool->wish);
	mdev_done(&pool->like);
	json_decref(pool->json);
	*pool = NO_POOL;
}
