/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the planner share: saying, finding, adding a step.
 */
#include "device/planner.h"
#include "model/change.h"

void planner_problem(struct planner *p, const struct wanted *w, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	blueprint_problem(p->problems, &w->at, "%s: %s", w->label, text);
}

void planner_note(struct planner *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_add(&p->plan->notes, xvasprintf(fmt, ap));
	va_end(ap);
}

struct step *planner_add(struct planner *p, enum step_kind kind, const char *label)
{
	p->plan->s = xgrow(p->plan->s, p->plan->n, sizeof(*p->plan->s));
	p->plan->s[p->plan->n] = (struct step){ .kind = kind, .label = str_intern(label) };
	return &p->plan->s[p->plan->n++];
}

char *planner_change_json(json_t *from, json_t *to)
{
	char *text = change_text(from, to);

	json_decref(from);
	json_decref(to);
	return text;
}

char *planner_change(const struct mdev *from, const struct mdev *to)
{
	return planner_change_json(mdev_to_json(from), mdev_to_json(to));
}

/* The first of a sorted index with this UUID, and how many there are. */
size_t planner_find_all(const struct mdev *const *index, size_t n, const char *uuid, size_t *ret_first)
{
	size_t low = 0, high = n, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(index[middle]->uuid, uuid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < n && str_eq(index[end]->uuid, uuid); end++)
		;
	*ret_first = low;
	return end - low;
}

const struct mdev *planner_running(const struct planner *p, const char *uuid)
{
	size_t first, n = planner_find_all(p->running, p->now->scan.running.n, uuid, &first);

	return n ? p->running[first] : NULL;
}

const struct mdev *planner_definition_on(const struct planner *p, const char *uuid, const char *parent)
{
	size_t first, n = planner_find_all(p->defined, p->now->scan.defined.n, uuid, &first);

	for (size_t i = first; i < first + n; i++)
		if (str_eq(p->defined[i]->parent, parent))
			return p->defined[i];
	return NULL;
}

size_t planner_index_of(const struct planner *p, const struct mdev *defined)
{
	return (size_t)(defined - p->now->scan.defined.m);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool planner_has_parent(const struct planner *p, const char *parent)
{
	const struct strv *parents = &p->now->parents;

	return parents->n && bsearch(&parent, parents->s, parents->n, sizeof(*parents->s), compare_strings);
}

bool planner_is_member(const struct mdev *m, const char *family)
{
	const char *name = mdev_key(m, KEY_NAME);
	size_t length = strlen(family);

	if (!name || strncmp(name, family, length) != 0 || name[length] != '-' || !mdev_name_is_right(m))
		return false;
	name += length + 1;
	return *name && *name != '0' && !name[strspn(name, "0123456789")];
}

/* False: there is no such pool, which is told, or what is wrong with it has been. */
bool planner_wish(struct planner *p, const struct wanted *w, struct wish *ret_wish, const struct pool **ret_pool)
{
	if (survey_wish(p->now, p->want, w, ret_wish, ret_pool))
		return true;
	if (!strv_has(&p->want->unread_pools, w->pool))
		planner_problem(p, w, "there is no pool %s, neither in this file nor on this host", w->pool);
	return false;
}
