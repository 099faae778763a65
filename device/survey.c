/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking at a host before it is compared with its description.  Types cost the most,
 * and are asked for only where something has to be chosen, named or started.
 */
#include "device/survey.h"
#include "config.h"
#include "device/bus.h"
#include "device/kept.h"
#include "device/match.h"
#include "device/unfinished.h"
#include "hardware/sriov.h"

static void survey_vfs(struct survey *s, const struct host *h, const struct blueprint *want, struct strv *problems)
{
	s->vfs = xcalloc(want->n_vfs + 1, sizeof(*s->vfs));
	s->n_vfs = want->n_vfs;
	for (size_t i = 0; i < want->n_vfs; i++) {
		_cleanup_(error_done) struct error error = {};
		_cleanup_(strv_done) struct strv vfs = {};
		unsigned long total;
		int r = config_read_vfs(h, want->vfs[i].pf, &s->vfs[i].kept, &error);

		if (r < 0 && r != -ENOENT)
			strv_add(problems, take(error.text));
		if (sriov_total(h, want->vfs[i].pf, &total) < 0)
			continue;
		/* By the links, as the number may have us wait (sriov.h). */
		sriov_list_vfs(h, want->vfs[i].pf, &vfs);
		s->vfs[i].is_there = true;
		s->vfs[i].enabled = vfs.n;
		s->vfs[i].is_half_done = vfs.n && want->vfs[i].driver && !kept_is_done(h, want->vfs[i].pf);
	}
}

static bool asks_for_pools(const struct blueprint *want)
{
	for (size_t i = 0; i < want->n_devices; i++)
		if (want->devices[i].pool)
			return true;
	return want->n_pools;
}

const struct pool *survey_pool(const struct survey *survey, const struct blueprint *want, const char *name)
{
	for (size_t i = 0; i < want->n_pools; i++)
		if (str_eq(want->pools[i].name, name))
			return &want->pools[i];
	for (size_t i = 0; i < survey->n_pools; i++)
		if (str_eq(survey->pools[i].name, name))
			return &survey->pools[i];
	return NULL;
}

bool survey_wish(const struct survey *survey, const struct blueprint *want, const struct wanted *w,
		 struct wish *ret_wish, const struct pool **ret_pool)
{
	const struct pool *pool = w->pool ? survey_pool(survey, want, w->pool) : NULL;

	if (w->pool && !pool)
		return false;
	*ret_wish = pool ? pool->wish : WISH_ANYTHING;
	ret_wish->kind.type = w->type;
	ret_wish->parent = w->pattern ? w->pattern : w->parent;
	*ret_pool = pool;
	return true;
}

bool survey_is_type(const struct wanted *w, const struct mdev *definition)
{
	return w->type && match_name(w->type, definition->type, mdev_key(definition, KEY_TYPE_NAME)) != NAMED_NOT;
}

static const struct mdev *find_on(const struct scan *scan, const char *parent, const char *uuid)
{
	const struct mdev *d = NULL;
	size_t low = 0, n = scan_defined_on(scan, parent, &d);

	while (low < n) {
		size_t middle = low + (n - low) / 2;
		int order = strcmp(uuid, d[middle].uuid);

		if (order == 0)
			return &d[middle];
		if (order < 0)
			n = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static const struct mdev *find_running(const struct scan *scan, const char *uuid)
{
	for (size_t i = 0; i < scan->running.n; i++)
		if (str_eq(scan->running.m[i].uuid, uuid))
			return &scan->running.m[i];
	return NULL;
}

/* The id of its type may have moved since, which only the names tell. */
static bool runs_as_another_type(const struct scan *scan, const struct mdev *d)
{
	const struct mdev *running = mdev_key(d, KEY_TYPE_NAME) ? find_running(scan, d->uuid) : NULL;

	return running && !str_eq(running->type, d->type);
}

/* Whether what is kept, and what runs, are not enough to tell what has to be done. */
static bool is_open(const struct scan *scan, const struct wanted *w)
{
	const struct mdev *d = w->parent ? find_on(scan, w->parent, w->m.uuid) : NULL;

	if (!d || !survey_is_type(w, d))
		return true;
	return d->active ? runs_as_another_type(scan, d) : w->m.autostart || find_running(scan, w->m.uuid);
}

static bool needs_types(const struct scan *scan, const struct blueprint *want)
{
	for (size_t i = 0; i < want->n_devices; i++)
		if (is_open(scan, &want->devices[i]))
			return true;
	return false;
}

/* Everything that one of the choices may ask of types and parents; borrows from them. */
static void collect_wishes(const struct survey *s, const struct blueprint *want, struct wish *all)
{
	for (size_t i = 0; i < want->n_devices; i++) {
		const struct pool *pool = want->devices[i].pool ? survey_pool(s, want, want->devices[i].pool) : NULL;

		for (size_t k = 0; pool && k < pool->wish.n_kinds; k++)
			if (pool->wish.kinds[k].needs.n)
				*wish_add_kind(all) = pool->wish.kinds[k];
		for (size_t k = 0; pool && k < pool->wish.parents.n; k++)
			if (pool_is_pci_id(pool->wish.parents.s[k]))
				strv_add(&all->parents, xstrdup(pool->wish.parents.s[k]));
		if (pool && pool->wish.nodes[0] != ANY_NODE)
			all->nodes[0] = pool->wish.nodes[0];
	}
}

static int survey_types(struct survey *s, const struct host *h, const struct blueprint *want)
{
	struct wish all = WISH_ANYTHING;
	int r;

	collect_wishes(s, want, &all);
	r = scan_offers(&s->scan, h, &all, NULL);
	free(all.kinds);
	strv_done(&all.parents);
	if (r < 0)
		return r;
	s->has_types = true;
	s->one_place = xcalloc(s->scan.n_parents + 1, sizeof(*s->one_place));
	for (size_t i = 0; i < s->scan.n_parents; i++)
		s->one_place[i] = bus_has_one_place(h, s->scan.parents[i].name);
	return bus_list_parents(h, &s->parents);
}

static void find_broken(struct survey *s, const struct host *h, const struct blueprint *want)
{
	for (size_t i = 0; i < want->n_devices; i++) {
		const struct wanted *w = &want->devices[i];

		if (w->parent && !w->is_rest && !find_on(&s->scan, w->parent, w->m.uuid) &&
		    config_has(h, w->m.uuid, w->parent) > 0)
			strv_add(&s->broken, xasprintf("%s/%s", w->parent, w->m.uuid));
	}
}

int survey_host(struct survey *survey, const struct host *h, const struct blueprint *want, bool files_only,
		struct strv *problems)
{
	int r;

	*survey = (struct survey){};
	survey_vfs(survey, h, want, problems);
	if (asks_for_pools(want))
		config_read_pools(h, &survey->pools, &survey->n_pools, problems);
	r = scan_devices(&survey->scan, h, NULL, !files_only, problems, &survey->is_unread);
	find_broken(survey, h, want);
	if (r == 0 && !files_only)
		r = unfinished_list(h, &survey->scan.running, &survey->unfinished, &survey->stopped);
	if (r == 0 && !files_only && (survey->stopped.n || needs_types(&survey->scan, want)))
		r = survey_types(survey, h, want);
	return r;
}

void survey_done(struct survey *survey)
{
	for (size_t i = 0; i < survey->n_vfs; i++)
		vfs_done(&survey->vfs[i].kept);
	for (size_t i = 0; i < survey->n_pools; i++)
		pool_done(&survey->pools[i]);
	free(survey->vfs);
	free(survey->pools);
	free(survey->one_place);
	strv_done(&survey->unfinished);
	strv_done(&survey->stopped);
	strv_done(&survey->parents);
	strv_done(&survey->broken);
	scan_done(&survey->scan);
	*survey = (struct survey){};
}
