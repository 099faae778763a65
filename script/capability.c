/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JSON in which a script tells what it is capable of.
 */
#include "script/capability.h"
#include "lib/json.h"

const char *const event_names[N_EVENTS] = {
	[EVENT_PRE] = "pre",       [EVENT_POST] = "post", [EVENT_NOTIFY] = "notify",
	[EVENT_GET] = "get",       [EVENT_LIVE] = "live",
};

const char *const action_names[N_ACTIONS] = {
	[ACTION_START] = "start",           [ACTION_STOP] = "stop",
	[ACTION_DEFINE] = "define",         [ACTION_UNDEFINE] = "undefine",
	[ACTION_MODIFY] = "modify",         [ACTION_ATTRIBUTES] = "attributes",
	[ACTION_CAPABILITIES] = "capabilities", [ACTION_COMPAT] = "compat",
};

char *capability_question(bool compat)
{
	json_auto_t *actions = json_array(), *events = json_array(), *json = NULL;

	for (size_t i = 0; i < N_ACTIONS; i++)
		if (compat || i != ACTION_COMPAT)
			json_array_append_new(actions, json_string(action_names[i]));
	for (size_t i = 0; i < N_EVENTS; i++)
		json_array_append_new(events, json_string(event_names[i]));
	json = json_pack("{s:{s:i, s:O, s:O}}", "provides", "version", 2, "actions", actions,
			 "events", events);
	return json_dumps(json, JSON_COMPACT);
}

static unsigned read_names(const char *script, const char *what, const json_t *array,
			   const char *const *names, size_t n)
{
	unsigned bits = 0;
	json_t *value;
	size_t i;

	json_array_foreach(array, i, value) {
		const char *name = json_string_value(value);
		bool known = false;

		for (size_t j = 0; name && j < n; j++) {
			if (str_eq(name, names[j])) {
				bits |= 1U << j;
				known = true;
			}
		}
		if (!known)
			warn("the script %s announces the %s '%s', which is not known and ignored",
			     script, what, name ? name : "(not a string)");
	}
	return bits;
}

bool capability_from_json(struct capability *c, const char *text, size_t length, const char *script)
{
	json_auto_t *root = NULL;
	const json_t *supports, *actions, *events;

	while (length && text[length - 1] == '\0')
		length--;
	if (!length)
		return false;
	root = json_loadb(text, length, 0, NULL);
	supports = json_object_get(root, "supports");
	actions = json_object_get(supports, "actions");
	events = json_object_get(supports, "events");
	if (!json_is_integer(json_object_get(supports, "version")) || !json_is_array(actions) ||
	    !json_is_array(events)) {
		debug("the script %s did not answer with its capabilities", script);
		return false;
	}
	c->script = script;
	c->actions = read_names(script, "action", actions, action_names, N_ACTIONS);
	c->events = read_names(script, "event", events, event_names, N_EVENTS);
	return true;
}
