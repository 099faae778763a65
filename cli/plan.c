/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words for the steps of a plan.
 */
#include "cli/plan.h"
#include "cli/output.h"

static const struct {
	char sign;
	const char *verb, *object;
	const char *one, *several; /* in the last line */
} words[N_STEP_KINDS] = {
	[STEP_DEFINE_VFS] = { '+', "define", "vfs", "set of virtual functions defined", "sets of virtual functions defined" },
	[STEP_MODIFY_VFS] = { '~', "modify", "vfs", "set of virtual functions modified", "sets of virtual functions modified" },
	[STEP_ENABLE_VFS] = { '>', "enable", "vfs", "set of virtual functions enabled", "sets of virtual functions enabled" },
	[STEP_DEFINE_POOL] = { '+', "define", "pool", "pool defined", "pools defined" },
	[STEP_MODIFY_POOL] = { '~', "modify", "pool", "pool modified", "pools modified" },
	[STEP_STOP] = { '<', "stop", NULL, "stopped", "stopped" },
	[STEP_UNDEFINE] = { '-', "undefine", NULL, "undefined", "undefined" },
	[STEP_DEFINE] = { '+', "define", NULL, "defined", "defined" },
	[STEP_MODIFY] = { '~', "modify", NULL, "modified", "modified" },
	[STEP_LEAVE] = { '-', "undefine", NULL, "undefined", "undefined" },
	[STEP_START] = { '>', "start", NULL, "started", "started" },
};

/* Where it is, or where it may be; caller frees. */
static char *place_text(const struct step *s)
{
	if (s->m.parent)
		return xstrdup(s->m.parent);
	return s->wanted->pool ? xasprintf(BLUEPRINT_POOL "%s", s->wanted->pool) : xasprintf("'%s'", s->wanted->pattern);
}

static char *device_text(const struct step *s)
{
	_cleanup_free_ char *place = place_text(s);

	return xasprintf("%c %s %s %s %s%s%s%s", words[s->kind].sign, words[s->kind].verb, s->label, place,
			 s->m.type ? s->m.type : "-", s->change ? " (" : "", s->change ? s->change : "",
			 s->change ? ")" : "");
}

char *plan_step_text(const struct step *s)
{
	_cleanup_free_ char *count = NULL;

	if (!words[s->kind].object)
		return device_text(s);
	if (s->vfs && !s->change)
		count = s->vfs->count ? xasprintf(" %lu", s->vfs->count) : xstrdup(" max");
	return xasprintf("%c %s %s%s%s%s%s", words[s->kind].sign, words[s->kind].object, s->label, count ? count : "",
			 s->change ? " (" : "", s->change ? s->change : "", s->change ? ")" : "");
}

json_t *plan_step_to_json(const struct step *s)
{
	const char *object = words[s->kind].object;
	json_t *json = json_pack("{s:s, s:s}", "step", words[s->kind].verb, "object", object ? object : "device");

	if (object) {
		json_object_set_new(json, "name", json_string(s->label));
		if (s->vfs)
			json_object_set_new(json, "vfs", vfs_to_json(s->vfs));
	} else {
		json_object_set_new(json, "uuid", json_string(s->m.uuid));
		json_object_set_new(json, "name", str_eq(s->label, s->m.uuid) ? json_null() : json_string(s->label));
		json_object_set_new(json, "parent", s->m.parent ? json_string(s->m.parent) : json_null());
		json_object_set_new(json, "mdev_type", s->m.type ? json_string(s->m.type) : json_null());
	}
	if (s->change)
		json_object_set_new(json, "change", json_string(s->change));
	return json;
}

static int output_line(char *line)
{
	struct strv lines = {};
	int r;

	strv_add(&lines, str_escape(line));
	free(line);
	r = output_lines(&lines);
	strv_done(&lines);
	return r;
}

int output_step(const struct step *step)
{
	return output_line(plan_step_text(step));
}

static char *counts_text(const size_t n_of_kind[N_STEP_KINDS], size_t n_as_wanted)
{
	_cleanup_(strv_done) struct strv counts = {};

	for (unsigned kind = 0; kind < N_STEP_KINDS; kind++) {
		size_t n = kind == STEP_LEAVE ? 0 : n_of_kind[kind];

		/* For who reads it both are the same. */
		n += kind == STEP_UNDEFINE ? n_of_kind[STEP_LEAVE] : 0;
		if (n)
			strv_add(&counts, xasprintf("%zu %s", n, n == 1 ? words[kind].one : words[kind].several));
	}
	if (!counts.n)
		strv_add(&counts, xstrdup("nothing to do"));
	strv_add(&counts, xasprintf("%zu as wanted", n_as_wanted));
	return strv_join(&counts, counts.n);
}

int output_plan_end(const struct strv *notes, const size_t n_of_kind[N_STEP_KINDS], size_t n_as_wanted)
{
	int r = 0;

	for (size_t i = 0; i < notes->n && r == 0; i++)
		r = output_line(xasprintf("= %s", notes->s[i]));
	return r < 0 ? r : output_line(counts_text(n_of_kind, n_as_wanted));
}

int output_plan_json(json_t *steps, const struct strv *notes, size_t n_as_wanted)
{
	json_auto_t *json = json_pack("{s:o, s:[], s:I}", "steps", steps, "notes", "as_wanted", (json_int_t)n_as_wanted);

	for (size_t i = 0; i < notes->n; i++)
		json_array_append_new(json_object_get(json, "notes"), json_string(notes->s[i]));
	return output_json(json);
}
