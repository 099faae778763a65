/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: a host's description, as apply reads it and dump prints it.
 */
#include "fuzz.h"

#include "model/blueprint.h"

/* Each names the source and a line that it has, and can be shown. */
static void must_tell(const struct strv *problems, const char *text, size_t size)
{
	for (size_t i = 0; i < problems->n; i++) {
		struct error error = { problems->s[i] };

		must_name_a_line(&error, "in", text, size);
		fail("%s", problems->s[i]);
	}
	must_be_lines(fuzz_stderr(), problems->n);
}

/* One place at most, a type or a pool that says it, a UUID, and words that can be stored. */
static void must_be_wanted(const struct blueprint *b, const struct wanted *w)
{
	char uuid[UUID_LEN + 1];

	must(!!w->parent + !!w->pattern + !!w->pool == 1);
	must(w->type || w->pool);
	must(!w->type || *w->type);
	must(!w->parent || is_name(w->parent));
	must(!w->pool || is_name(w->pool));
	must(w->is_rest || uuid_normalise(w->m.uuid, uuid));
	must(!w->family || strv_has(&b->families, w->family));
	must(!w->is_rest || w->family);
	must(!json_object_get(w->m.extra, "count"));
	must(!w->is_named || w->is_rest || (mdev_name_is_right(&w->m) && str_eq(mdev_key(&w->m, KEY_NAME), w->label)));
	for (size_t i = 0; i < w->m.n_attrs; i++)
		must(is_attr_name(w->m.attrs[i].name));
}

/* None replaces another. */
static void must_be_apart(const struct blueprint *b)
{
	for (size_t i = 0; i < b->n_devices && i < 200; i++)
		for (size_t j = 0; j < i; j++) {
			const struct wanted *x = &b->devices[i], *y = &b->devices[j];

			must(x->is_rest || y->is_rest || !str_eq(x->m.uuid, y->m.uuid) || (x->parent && y->parent && x->parent != y->parent));
		}
}

/* What has a parent can be kept, and then dump says the same of it. */
static struct mdev_list kept(const struct blueprint *b)
{
	struct mdev_list list = {};

	for (size_t i = 0; i < b->n_devices; i++) {
		const struct wanted *w = &b->devices[i];
		struct mdev m;

		if (!w->parent || w->is_rest || name_problem(w->id))
			continue;
		m = mdev_copy(&w->m);
		m.parent = w->parent;
		m.type = w->id;
		mdev_list_take(&list, &m);
	}
	mdev_list_sort(&list);
	return list;
}

static char *dump(const struct blueprint *b)
{
	struct mdev_list list = kept(b);
	json_auto_t *json = blueprint_to_json(b->vfs, b->n_vfs, b->pools, b->n_pools, &list);

	mdev_list_done(&list);
	return json_dumps(json, JSON_INDENT(2));
}

static void must_survive(const struct blueprint *b)
{
	_cleanup_free_ char *text = dump(b), *second = NULL;
	_cleanup_(strv_done) struct strv problems = {};
	struct blueprint again;

	blueprint_read(&again, xstrdup(text), strlen(text), "dump", &problems);
	must(!problems.n);
	must(again.n_vfs == b->n_vfs && again.n_pools == b->n_pools);
	second = dump(&again);
	must(str_eq(text, second));
	blueprint_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(strv_done) struct strv problems = {};
	_cleanup_free_ char *text = fuzz_text(data, size);
	struct blueprint b;

	fuzz_forget();
	blueprint_read(&b, fuzz_text(data, size), size, "in", &problems);
	must(b.json || problems.n);
	must_tell(&problems, text, size);
	for (size_t i = 0; i < b.n_devices; i++)
		must_be_wanted(&b, &b.devices[i]);
	if (!problems.n) {
		must_be_apart(&b);
		must_survive(&b);
	}
	blueprint_done(&b);
	return 0;
}
