/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: the text of a definition, as --jsonfile or a file below
 * /etc/mdevctl.d has it, and what is written and printed of it.
 */
#include "fuzz.h"

#include "cli/output.h"

#define UUID "11111111-1111-4111-8111-111111111111"

static unsigned depth(const json_t *value)
{
	unsigned deepest = 0;
	const char *key;
	json_t *below;
	size_t i;

	json_object_foreach((json_t *)value, key, below) {
		unsigned n = depth(below);

		deepest = n > deepest ? n : deepest;
	}
	json_array_foreach(value, i, below) {
		unsigned n = depth(below);

		deepest = n > deepest ? n : deepest;
	}
	return json_is_object(value) || json_is_array(value) ? deepest + 1 : 0;
}

/* What the contract takes for a definition, read without the program. */
static bool is_definition(const json_t *root)
{
	const char *type = json_string_value(json_object_get(root, "mdev_type"));
	const char *start = json_string_value(json_object_get(root, "start"));
	const json_t *attrs = json_object_get(root, "attrs");

	return type && is_name(type) && start && (str_eq(start, "auto") || str_eq(start, "manual")) &&
	       (!attrs || json_is_null(attrs) || is_attr_array(attrs)) && depth(root) <= 24;
}

/* What is written to disk is read again as the same, and as the same bytes. */
static void must_survive_a_file(const struct mdev *m, const json_t *root)
{
	_cleanup_(mdev_done) struct mdev again = {};
	_cleanup_(error_done) struct error error = {};
	_cleanup_free_ char *text = mdev_to_text(m), *second = NULL;
	json_auto_t *json = NULL;

	must(mdev_from_json(&again, text, strlen(text), "file", &error) == 0);
	json = mdev_to_json(&again);
	must(json_equal(json, root));
	second = mdev_to_text(&again);
	must(str_eq(text, second));
}

static void must_print(struct mdev *m, json_t *root)
{
	struct mdev_list list = { .m = m, .n = 1 };
	json_auto_t *expected = json_pack("[{s:[{s:O}]}]", m->parent, m->uuid, root);
	/* jansson reads no deeper than 2048, and the list adds four levels. */
	_cleanup_free_ char *dumped = json_dumps(expected, 0);
	json_auto_t *readable = json_loads(dumped, 0, NULL);

	must(output_mdev_json(m) == 0);
	must_be_json(fuzz_stdout(), root);
	fuzz_forget();
	must(output_mdevs_json(&list) == 0);
	if (readable)
		must_be_json(fuzz_stdout(), expected);
	fuzz_forget();
	must(output_mdevs_text(&list, true, true) == 0);
	must_be_lines(fuzz_stdout(), 1 + (m->n_attrs ? 1 + m->n_attrs : 0));
}

static void must_be_unchanged(const struct mdev *m)
{
	must(!m->type && !m->attrs && !m->n_attrs && !m->extra && !m->autostart);
	must(str_eq(m->parent, "parent") && str_eq(m->uuid, UUID));
}

static void must_have_all(struct mdev *m, json_t *root)
{
	json_auto_t *json = mdev_to_json(m);
	const json_t *attrs = json_object_get(root, "attrs");

	/* A missing "attrs" means none, and so does null. */
	if (!attrs || json_is_null(attrs))
		json_object_set_new(root, "attrs", json_array());
	must(json_equal(json, root));
	must(str_eq(m->parent, "parent") && str_eq(m->uuid, UUID));
	must_survive_a_file(m, root);
	must_print(m, root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(mdev_done) struct mdev m = { .uuid = UUID, .parent = str_intern("parent") };
	_cleanup_free_ char *text = fuzz_text(data, size);
	_cleanup_(error_done) struct error error = {};
	json_auto_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);

	fuzz_forget();
	if (mdev_from_json(&m, text, size, "in", &error) < 0) {
		must(!is_definition(root));
		must_name_a_line(&error, "in", text, size);
		must_be_unchanged(&m);
		fail("%s", error.text);
		must_be_lines(fuzz_stderr(), 1);
	} else {
		must(!error.text && is_definition(root));
		must_have_all(&m, root);
	}
	return 0;
}
