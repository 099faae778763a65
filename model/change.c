/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From two JSON objects to a line that somebody reads before saying yes.
 */
#include "model/change.h"
#include "lib/util.h"

/* Longer lists are told by what differs. */
#define LIST_MAX 4

/* "NAME=VALUE" of {"NAME": "VALUE"}, else as JSON; caller frees. */
static char *item_text(json_t *item)
{
	void *only = json_object_size(item) == 1 ? json_object_iter(item) : NULL;

	if (only && json_is_string(json_object_iter_value(only)))
		return xasprintf("%s=%s", json_object_iter_key(only), json_string_value(json_object_iter_value(only)));
	if (json_is_string(item))
		return xstrdup(json_string_value(item));
	return json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void list_items(json_t *array, struct strv *items)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		strv_add(items, item_text(item));
	}
}

static char *value_text(json_t *value)
{
	_cleanup_(strv_done) struct strv items = {};

	if (!value || (json_is_array(value) && !json_array_size(value)))
		return xstrdup("none");
	if (!json_is_array(value))
		return item_text(value);
	list_items(value, &items);
	return strv_join(&items, items.n);
}

/* Adds those of @a that @b does not have as often, each with a mark before it. */
static void list_missing(const struct strv *a, const struct strv *b, const char *mark, struct strv *found)
{
	_cleanup_free_ bool *used = xcalloc(b->n + 1, sizeof(*used));

	for (size_t i = 0; i < a->n; i++) {
		size_t j = 0;

		while (j < b->n && (used[j] || !str_eq(a->s[i], b->s[j])))
			j++;
		if (j < b->n)
			used[j] = true;
		else
			strv_add(found, xasprintf("%s%s", mark, a->s[i]));
	}
}

static char *lists_text(json_t *from, json_t *to)
{
	_cleanup_(strv_done) struct strv before = {}, after = {}, found = {};

	list_items(from, &before);
	list_items(to, &after);
	list_missing(&before, &after, "-", &found);
	list_missing(&after, &before, "+", &found);
	return found.n ? strv_join(&found, found.n) : xstrdup("in another order");
}

static void add_change(struct strv *changes, const char *key, json_t *from, json_t *to)
{
	bool is_long = json_array_size(from) > LIST_MAX && json_array_size(to) > 0;
	_cleanup_free_ char *before = NULL, *after = NULL;

	if (from && to && json_equal(from, to))
		return;
	if (is_long) {
		after = lists_text(from, to);
		strv_add(changes, xasprintf("%s: %s", key, after));
		return;
	}
	before = value_text(from);
	after = value_text(to);
	strv_add(changes, xasprintf("%s: %s -> %s", key, before, after));
}

char *change_text(json_t *from, json_t *to)
{
	_cleanup_(strv_done) struct strv changes = {};
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value) {
		add_change(&changes, key, value, json_object_get(to, key));
	}
	json_object_foreach(to, key, value)
		if (!json_object_get(from, key))
			add_change(&changes, key, NULL, value);
	return changes.n ? strv_join(&changes, changes.n) : NULL;
}
