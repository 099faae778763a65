/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: what a callout script answers when it is asked what it is
 * capable of.
 */
#include "fuzz.h"

#include "script/capability.h"

static const char *const actions[] = { "start",	 "stop",       "define",      "undefine",
				       "modify", "attributes", "capabilities" };
static const char *const events[] = { "pre", "post", "notify", "get", "live" };

static bool lists(const json_t *array, const char *name)
{
	const json_t *value;
	size_t i;

	json_array_foreach(array, i, value)
		if (json_is_string(value) && str_eq(json_string_value(value), name))
			return true;
	return false;
}

/* The bits of what is listed, and nothing else. */
static void must_match(unsigned bits, const json_t *array, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		must(!!(bits & (1U << i)) == lists(array, names[i]));
	must(!(bits >> n));
}

static size_t count_unknown(const json_t *array, const char *const *names, size_t n)
{
	size_t unknown = 0, i;
	const json_t *value;

	json_array_foreach(array, i, value) {
		bool known = false;

		for (size_t j = 0; json_is_string(value) && j < n; j++)
			known |= str_eq(json_string_value(value), names[j]);
		unknown += !known;
	}
	return unknown;
}

static void must_have_all(const struct capability *c, const json_t *supports)
{
	const json_t *listed_actions = json_object_get(supports, "actions");
	const json_t *listed_events = json_object_get(supports, "events");

	must_match(c->actions, listed_actions, actions, ARRAY_SIZE(actions));
	must_match(c->events, listed_events, events, ARRAY_SIZE(events));
	/* One warning each of what is not known. */
	must_be_lines(fuzz_stderr(), count_unknown(listed_actions, actions, ARRAY_SIZE(actions)) +
					     count_unknown(listed_events, events, ARRAY_SIZE(events)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = fuzz_text(data, size);
	struct capability c = { 0 };
	json_auto_t *answer = NULL;
	const json_t *supports;
	size_t length = size;
	bool is_answer;

	while (length && !text[length - 1])
		length--;
	answer = json_loadb(text, length, 0, NULL);
	supports = json_object_get(answer, "supports");
	is_answer = json_is_integer(json_object_get(supports, "version")) &&
		    json_is_array(json_object_get(supports, "actions")) &&
		    json_is_array(json_object_get(supports, "events"));
	fuzz_forget();
	must(capability_from_json(&c, text, size, "/script") == is_answer);
	if (is_answer) {
		must(str_eq(c.script, "/script"));
		must_have_all(&c, supports);
	} else {
		must(!c.script && !c.actions && !c.events && !fuzz_stderr()->length);
	}
	return 0;
}
