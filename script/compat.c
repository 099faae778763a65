/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking the vendor's script whether a device of another host can come to this one.
 */
#include "script/query.h"
#include "lib/interrupt.h"
#include "lib/json.h"

/* {"compat": "yes", "reason": "..."}; why it is no answer, caller frees, or NULL. */
static char *read_answer(const struct program *s, struct compat_answer *answer)
{
	size_t length = s->out.length;
	json_auto_t *json = NULL;
	const char *word, *reason;

	while (length && s->out.data[length - 1] == '\0')
		length--;
	json = length ? json_loadb(s->out.data, length, 0, NULL) : NULL;
	word = json_string_value(json_object_get(json, "compat"));
	reason = json_string_value(json_object_get(json, "reason"));
	if (!word || (!str_eq(word, "yes") && !str_eq(word, "no")))
		return xasprintf("the script %s did not answer with {\"compat\": \"yes\" or \"no\", \"reason\": ...}", s->path);
	answer->word = str_eq(word, "yes") ? COMPAT_YES : COMPAT_NO;
	answer->reason = reason ? xstrdup(reason) : NULL;
	return NULL;
}

static char *ask(struct callouts *all, const char *script, const struct mdev *m, const char *document,
		 struct compat_answer *answer)
{
	const struct ask ask = { EVENT_GET, ACTION_COMPAT, STATE_NONE };
	_cleanup_(program_done) struct program s = { 0 };
	int r = callout_run(all, &s, script, m, &ask, document);

	if (r < 0)
		return xasprintf("the script %s could not be started: %s", script, strerror(-r));
	return callout_succeeded(&s) ? read_answer(&s, answer) : callout_describe_end(&s);
}

void callout_compat(struct callouts *all, const struct mdev *m, const char *document,
		    struct compat_answer *ret_answer)
{
	_cleanup_(error_done) struct error error = {};
	struct capability can = {};
	struct compat_answer answer = {};

	all->offers_compat = true;
	if (all->error)
		error_set(&error, "cannot look for its scripts: %s", strerror(-all->error));
	else if (all->scripts.n)
		callout_capability(all, m, &can, &error);
	if (can.script && (can.events & BIT(EVENT_GET)) && (can.actions & BIT(ACTION_COMPAT)) && !interrupted()) {
		answer.script = can.script;
		answer.failure = ask(all, can.script, m, document, &answer);
	}
	if (error.text)
		answer.failure = take(error.text);
	if (answer.failure)
		answer.word = COMPAT_FAILED;
	*ret_answer = answer;
}

void compat_answer_done(struct compat_answer *answer)
{
	free(answer->reason);
	free(answer->failure);
	*answer = (struct compat_answer){};
}
