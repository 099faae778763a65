/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: what a callout script answers to "get attributes".
 */
#include "fuzz.h"

/* Nothing, null, or one object without keys. */
static bool is_empty(const json_t *attrs, const char *text, size_t length)
{
	const json_t *only = json_array_get(attrs, 0);

	if (json_is_null(attrs))
		return true;
	if (json_array_size(attrs) == 1 && json_is_object(only) && !json_object_size(only))
		return true;
	for (size_t i = 0; i < length; i++)
		if (text[i] && !strchr(" \t\n\v\f\r", text[i]))
			return false;
	return true;
}

static struct mdev make(void)
{
	struct mdev m = { .parent = str_intern("parent"), .type = str_intern("type") };

	mdev_insert_attr(&m, 0, "before", "1");
	return m;
}

/* What is taken is the answer, and as an answer is taken again. */
static void must_have_all(const struct mdev *m, const json_t *answer)
{
	_cleanup_(mdev_done) struct mdev again = make();
	_cleanup_(error_done) struct error error = {};
	json_auto_t *json = mdev_to_json(m), *second = NULL;
	const json_t *attrs = json_object_get(json, "attrs");
	_cleanup_free_ char *text = json_dumps(attrs, 0);

	must(!answer || json_equal(attrs, answer));
	must(json_array_size(attrs) == m->n_attrs);
	/* With the NUL at its end, as scripts in C print it. */
	must(mdev_attrs_from_json(&again, text, strlen(text) + 1, "script", &error) == 0);
	second = mdev_to_json(&again);
	must(json_equal(json, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(mdev_done) struct mdev m = make();
	_cleanup_free_ char *text = fuzz_text(data, size);
	_cleanup_(error_done) struct error error = {};
	json_auto_t *answer = NULL;
	size_t length = size;
	bool empty;

	while (length && (!text[length - 1] || strchr(" \t\n\v\f\r", text[length - 1])))
		length--;
	answer = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	empty = is_empty(answer, text, size);
	fuzz_forget();
	if (mdev_attrs_from_json(&m, text, size, "the script", &error) < 0) {
		must(!empty && !is_attr_array(answer));
		must_name_a_line(&error, "the script", text, size);
		must(m.n_attrs == 1 && str_eq(m.attrs[0].name, "before"));
		warn("%s", error.text);
		must_be_lines(fuzz_stderr(), 1);
	} else {
		must(!error.text && (empty || is_attr_array(answer)));
		must_have_all(&m, empty ? NULL : answer);
		must(!empty || !m.n_attrs);
	}
	return 0;
}
