/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compat: whether a device that was described elsewhere could be here, and would be the
 * same one.
 */
#include "cli/output.h"
#include "cmd/cmd.h"
#include "device/claims.h"
#include "device/describe.h"
#include "device/match.h"
#include "device/place.h"
#include "script/query.h"

/* Exit statuses beside 0 (no known blocker somewhere) and 1 (an error). */
#define EXIT_INCOMPATIBLE 3
#define EXIT_UNKNOWN 4

struct request {
	const struct host *h;
	const struct args *a;
	const struct document *there;
	char *document; /* the same, for scripts */
	struct scan scan;
	struct wish wish;
	struct callouts all;
};

int read_document(const char *file, struct document *ret_document)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_free_ char *text = NULL;
	const char *source = NULL;
	size_t length = 0;
	int r = read_file(file, DEFINITION_MAX, &text, &length, &source);

	if (r == 0 && document_from_json(text, length, source, ret_document, &error) < 0)
		r = fail("%s", error.text);
	return r;
}

/* The type that --type asks for, or that would be the device's. */
static const struct mdev_type *find_type(const struct request *q, const char *parent)
{
	const char *text = q->a->value[OPT_TYPE];
	const struct mdev_type *types, *found = NULL;
	size_t n = scan_types_of(&q->scan, parent, &types);
	enum naming best = NAMED_NOT;

	if (!text)
		return compat_find_type(q->there, types, n);
	for (size_t i = 0; i < n; i++) {
		enum naming naming = match_name(text, types[i].id, types[i].name);

		if (naming > best)
			found = &types[i];
		best = naming > best ? naming : best;
	}
	return found;
}

static void look_for_room(const struct request *q, const struct mdev_type *t, struct judgement *c)
{
	char *full = place_tell_full(&q->scan, &q->wish, t);

	if (full)
		compat_add(c, BEARING_BLOCKS, "room", full);
	else
		compat_add(c, BEARING_OK, "room", xasprintf("%ld free", claims_free(&q->scan, &q->wish, t, false)));
}

/* The driver's own word, where it has one (describe.h). */
static void ask_driver(const struct request *q, const struct mdev *m, struct judgement *c)
{
	const char *version = q->there->migration.version;
	int r = version ? describe_check_version(q->h, m, version) : -ENOENT;

	if (version && r == -ENOENT)
		compat_add(c, BEARING_UNKNOWN, "migration version", xasprintf("%s there, and not told here", version));
	else if (r == -EACCES || r == -EPERM)
		compat_add(c, BEARING_UNKNOWN, "migration version", xstrdup("only root may ask the driver here"));
	else if (r == 0)
		compat_add(c, BEARING_OK, "migration version", xasprintf("the driver here takes %s", version));
	else if (version)
		compat_add(c, BEARING_BLOCKS, "migration version",
			   xasprintf("the driver here refuses %s: %s", version, strerror(-r)));
	c->has_vendors_word |= r == 0;
}

/* A script is not asked for what cannot be. */
static void ask_script(struct request *q, const struct mdev *m, struct judgement *c)
{
	_cleanup_(compat_answer_done) struct compat_answer answer = {};
	const char *colon;

	if (compat_verdict(c) == VERDICT_INCOMPATIBLE)
		return;
	callout_compat(&q->all, m, q->document, &answer);
	colon = answer.reason ? ": " : "";
	if (answer.word == COMPAT_FAILED)
		compat_add(c, BEARING_UNKNOWN, "vendor", xstrdup(answer.failure));
	else if (answer.word != COMPAT_SILENT)
		compat_add(c, answer.word == COMPAT_YES ? BEARING_OK : BEARING_BLOCKS, "vendor",
			   xasprintf("the script %s says %s%s%s", answer.script, answer.word == COMPAT_YES ? "yes" : "no",
				     colon, answer.reason ? answer.reason : ""));
	c->has_vendors_word |= answer.word == COMPAT_YES;
}

static void compare_type(struct request *q, const struct mdev_type *t, struct judgement *c)
{
	_cleanup_(document_done) struct document here = {};
	struct mdev m = { .parent = c->parent, .type = str_intern(t->id) };

	memcpy(m.uuid, q->there->m.uuid, sizeof(m.uuid));
	c->type = m.type;
	describe_place(q->h, &m, &here);
	compat_compare(q->there, &here, c);
	look_for_room(q, t, c);
	ask_driver(q, &m, c);
	ask_script(q, &m, c);
}

static char *list_types(const struct request *q, const char *parent)
{
	_cleanup_(strv_done) struct strv names = {};
	const struct mdev_type *types;
	size_t n = scan_types_of(&q->scan, parent, &types);

	for (size_t i = 0; i < n; i++)
		strv_add(&names, xstrdup(types[i].name ? types[i].name : types[i].id));
	return strv_join(&names, 6);
}

static struct judgement compare_parent(struct request *q, const struct place_parent *p)
{
	struct judgement c = { .parent = p->name, .card = p->card };
	const struct mdev_type *t = find_type(q, p->name);
	_cleanup_free_ char *offers = NULL;

	if (t) {
		compare_type(q, t, &c);
		return c;
	}
	offers = list_types(q, p->name);
	compat_add(&c, BEARING_BLOCKS, "type",
		   xasprintf("no %s here, only %s",
			     q->a->value[OPT_TYPE] ? q->a->value[OPT_TYPE] :
			     q->there->type.name   ? q->there->type.name :
						     q->there->m.type,
			     offers));
	return c;
}

static int fail_without_parents(const struct request *q)
{
	const char *parent = q->a->value[OPT_PARENT];

	if (parent && is_pattern(parent))
		return fail("cannot compare: no parent that offers a type is named '%s'; 'mdevctl types' lists them", parent);
	if (parent)
		return fail("cannot compare: '%s' is no parent that offers a type; 'mdevctl types' lists them", parent);
	return fail("cannot compare: no parent device offers any type; 'mdevctl doctor' tells why");
}

static int compare_all(struct request *q, struct judgements *all)
{
	int r = scan_host(&q->scan, q->h, &q->wish, NULL, true);

	if (r < 0)
		return fail_errno(r, "cannot list the parent devices");
	for (size_t i = 0; i < q->scan.n_parents; i++) {
		if (!match_parent(&q->wish, &q->scan.parents[i]))
			continue;
		all->c = xgrow(all->c, all->n, sizeof(*all->c));
		all->c[all->n++] = compare_parent(q, &q->scan.parents[i]);
	}
	return all->n ? 0 : fail_without_parents(q);
}

static int tell(const struct args *a, const struct judgements *all)
{
	static const int statuses[] = {
		[VERDICT_NO_BLOCKER] = 0,
		[VERDICT_UNKNOWN] = EXIT_UNKNOWN,
		[VERDICT_INCOMPATIBLE] = EXIT_INCOMPATIBLE,
	};
	int r = has(a, O(DUMPJSON)) ? output_judgements_json(all) : output_judgements_text(all);

	return r < 0 ? r : statuses[compat_best(all)];
}

int cmd_compat(const struct host *h, const struct args *a)
{
	_cleanup_(document_done) struct document there = {};
	_cleanup_(judgements_done) struct judgements all = {};
	struct request q = { .h = h, .a = a, .there = &there, .wish = WISH_ANYTHING };
	json_auto_t *json = NULL;
	int r = read_document(a->operand, &there);

	if (r < 0)
		return r;
	json = document_to_json(&there);
	q.document = json_dumps(json, JSON_COMPACT);
	q.wish.parent = a->value[OPT_PARENT];
	callouts_open(&q.all, h);
	r = compare_all(&q, &all);
	callouts_close(&q.all);
	scan_done(&q.scan);
	free(q.document);
	return r < 0 ? r : tell(a, &all);
}
