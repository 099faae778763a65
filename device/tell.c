/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why nothing fits, parent by parent, in words that say what would help; and what a
 * pool has.
 */
#include "device/bus.h"
#include "device/claims.h"
#include "device/match.h"
#include "device/place.h"
#include "hardware/pci.h"

void reasons_done(struct reasons *reasons)
{
	for (size_t i = 0; i < reasons->n; i++)
		free(reasons->r[i].why);
	free(reasons->r);
	*reasons = (struct reasons){};
}

/* Takes @why.  The VFs of a card mostly have one reason. */
static void add_reason(struct reasons *reasons, const char *parent, const char *card, long n, char *why)
{
	for (size_t i = 0; i < reasons->n; i++) {
		struct reason *r = &reasons->r[i];

		if (!str_eq(r->card, card) || r->free != n || !str_eq(r->why, why))
			continue;
		r->n++;
		free(why);
		return;
	}
	reasons->r = xgrow(reasons->r, reasons->n, sizeof(*reasons->r));
	reasons->r[reasons->n++] = (struct reason){ str_intern(parent), str_intern(card), 1, n, why };
}

/* Of the parent's types the one that would be taken, if it had room. */
static const struct mdev_type *wanted_type(const struct scan *scan, const struct wish *wish,
					   const struct place_parent *p)
{
	const struct mdev_type *types, *best = NULL;
	size_t n = scan_types_of(scan, p->name, &types), kinds = wish->n_kinds ? wish->n_kinds : 1;

	for (size_t k = 0; k < kinds && !best; k++) {
		for (size_t i = 0; i < n; i++) {
			if ((wish->n_kinds && !match_kind(scan, &wish->kinds[k], p, &types[i])) ||
			    !match_kind(scan, &wish->kind, p, &types[i]))
				continue;
			if (!best || claims_free(scan, wish, &types[i], false) > claims_free(scan, wish, best, false))
				best = &types[i];
		}
	}
	return best;
}

static char *list_types(const struct scan *scan, const char *parent)
{
	_cleanup_(strv_done) struct strv ids = {};
	const struct mdev_type *types;
	size_t n = scan_types_of(scan, parent, &types);

	for (size_t i = 0; i < n; i++)
		strv_add(&ids, xasprintf("%s%s%s%s", types[i].id, types[i].name ? " (" : "",
					 types[i].name ? types[i].name : "", types[i].name ? ")" : ""));
	return strv_join(&ids, 3);
}

/* What a type lacks that has the right name, or NULL. */
static char *tell_unmet(const struct scan *scan, const struct kind *kind, const struct place_parent *p)
{
	const struct kind named = { .type = kind->type };
	const struct mdev_type *types;
	size_t n = kind->type && kind->needs.n ? scan_types_of(scan, p->name, &types) : 0;

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *wanted = NULL;

		if (!match_kind(scan, &named, p, &types[i]))
			continue;
		wanted = needs_text(&kind->needs);
		return xasprintf("its %s does not have %s", types[i].id, wanted);
	}
	return NULL;
}

static char *tell_no_type(const struct scan *scan, const struct wish *wish, const struct place_parent *p)
{
	const struct kind *kind = wish->n_kinds && !wish->kind.type && !wish->kind.needs.n ? &wish->kinds[0] : &wish->kind;
	_cleanup_free_ char *offers = list_types(scan, p->name), *wanted = NULL;
	char *unmet = tell_unmet(scan, kind, p);

	if (unmet)
		return unmet;
	if (kind->needs.n && !kind->type)
		wanted = needs_text(&kind->needs);
	if (wanted)
		return xasprintf("no type with %s, only %s", wanted, offers);
	return xasprintf("no such type, only %s", offers);
}

/* "nvidia-18 (2), nvidia-12 (1)": what runs on a card; empty: nothing. */
static char *list_running(const struct scan *scan, const char *card)
{
	_cleanup_(strv_done) struct strv types = {}, counted = {};

	for (size_t i = 0; i < scan->running.n; i++) {
		const struct mdev *m = &scan->running.m[i];
		const struct place_parent *p = scan_find_parent(scan, m->parent);

		if (str_eq(p ? p->card : m->parent, card) && !strv_has(&types, m->type))
			strv_add(&types, xstrdup(m->type));
	}
	strv_sort(&types);
	for (size_t i = 0; i < types.n; i++)
		strv_add(&counted, xasprintf("%s (%zu)", types.s[i], claims_running(scan, card, types.s[i])));
	return strv_join(&counted, 4);
}

/* The kernel shows nothing free. */
static char *tell_full(const struct scan *scan, const char *card, const char *type)
{
	_cleanup_free_ char *running = list_running(scan, card);
	size_t same = claims_running(scan, card, type), all = claims_running(scan, card, NULL);

	if (!all)
		return xstrdup("full, although nothing runs there; 'mdevctl doctor' may tell why");
	if (same == all)
		return xasprintf("full: %zu of %s run%s there", same, type, same == 1 ? "s" : "");
	if (same)
		return xasprintf("full: %s run there", running);
	return xasprintf("other size active: %s", running);
}

/* A VF lists only what it could be now. */
static char *tell_no_vgpu(const struct scan *scan, const struct wish *wish, const struct place_parent *p)
{
	_cleanup_free_ char *running = list_running(scan, p->card), *offers = list_types(scan, p->name);

	for (size_t i = 0; i < scan->running.n; i++)
		if (str_eq(scan->running.m[i].parent, p->name))
			return xasprintf("full: it holds %s", scan->running.m[i].type);
	if (!*running)
		return tell_no_type(scan, wish, p);
	return xasprintf("other size active, or no such type: its card holds %s, and has room for %s", running, offers);
}

static char *tell_claim(const struct claim *claim, const char *how)
{
	const char *name = mdev_key(claim->first, KEY_NAME);
	_cleanup_free_ char *more = claim->n > 1 ? xasprintf(" and %zu more", claim->n - 1) : xstrdup("");

	return xasprintf("%s %s%s", how, name ? name : claim->first->uuid, more);
}

static char *tell_type(const struct scan *scan, const struct wish *wish, const struct place_parent *p,
		       const struct mdev_type *t)
{
	struct claim promised = claims_promised(scan, t), kept = claims_kept(scan, t);
	size_t running = claims_running(scan, p->card, t->id);
	int r = claims_refused(scan, t);

	if (t->available <= 0)
		return tell_full(scan, p->card, t->id);
	if (r == -EKEYREJECTED)
		return xstrdup("reserved for another driver, by its driver_override");
	if (r < 0)
		return xasprintf("refused by the driver: %s", strerror(-r));
	if (t->available <= (long)promised.n)
		return tell_claim(&promised, "promised to");
	if (claims_free(scan, wish, t, false) <= 0 && kept.n)
		return tell_claim(&kept, "kept for");
	if (wish->policy == POLICY_SEPARATE && running)
		return xasprintf("not separate: %zu of %s run%s there", running, t->id, running == 1 ? "s" : "");
	return xstrdup("free by now; try again");
}

char *place_tell_full(const struct scan *scan, const struct wish *wish, const struct mdev_type *t)
{
	const struct place_parent *p = scan_find_parent(scan, t->parent);

	return claims_free(scan, wish, t, false) > 0 ? NULL : tell_type(scan, wish, p, t);
}

static void tell_parent(const struct scan *scan, const struct host *h, const struct wish *wish,
			const struct place_parent *p, struct reasons *reasons)
{
	const struct mdev_type *t = wanted_type(scan, wish, p);
	long n = t ? claims_free(scan, wish, t, false) : 0;
	char *why;

	if (!match_parent(wish, p))
		return;
	if (!match_node(wish, p) && p->node == ANY_NODE)
		why = xstrdup("wrong node: its NUMA node is not known");
	else if (!match_node(wish, p))
		why = xasprintf("wrong node: it is on NUMA node %ld", p->node);
	else if (!t)
		why = bus_has_one_place(h, p->name) ? tell_no_vgpu(scan, wish, p) : tell_no_type(scan, wish, p);
	else
		why = tell_type(scan, wish, p, t);
	add_reason(reasons, p->name, p->card, n > 0 ? n : 0, why);
}

/* Those that offer nothing at present are in no scan. */
static void tell_silent(const struct scan *scan, int devices, const struct wish *wish, const char *name,
			struct reasons *reasons)
{
	_cleanup_(scan_parent_done) struct place_parent p = scan_look_at(devices, wish, name);
	_cleanup_free_ char *running = list_running(scan, p.card);

	if (match_parent(wish, &p))
		add_reason(reasons, name, p.card, 0,
			   *running ? xasprintf("full: its card holds %s", running) :
				      xstrdup("offers no type at present; 'mdevctl doctor' may tell why"));
}

static int compare_reasons(const void *a, const void *b)
{
	return strcmp(((const struct reason *)a)->parent, ((const struct reason *)b)->parent);
}

void place_tell(const struct scan *scan, const struct host *h, const struct wish *wish, struct reasons *reasons)
{
	_cleanup_(strv_done) struct strv parents = {};
	_cleanup_close_ int devices = pci_open(h);

	for (size_t i = 0; i < scan->n_parents; i++)
		tell_parent(scan, h, wish, &scan->parents[i], reasons);
	bus_list_parents(h, &parents);
	for (size_t i = 0; i < parents.n; i++)
		if (!scan_find_parent(scan, parents.s[i]))
			tell_silent(scan, devices, wish, parents.s[i], reasons);
	if (reasons->n)
		qsort(reasons->r, reasons->n, sizeof(*reasons->r), compare_reasons);
}

static bool is_of_pool(const struct scan *scan, const struct pool *pool, const struct mdev *m)
{
	_cleanup_(error_done) struct error differs = {};

	return place_allows(scan, &pool->wish, m, &differs);
}

static void count_devices(const struct scan *scan, const struct pool *pool, struct pool_use *use)
{
	for (size_t i = 0; i < scan->defined.n; i++) {
		const struct mdev *d = &scan->defined.m[i];
		const char *name = mdev_key(d, KEY_POOL);

		if (!name || !str_eq(name, pool->name))
			continue;
		use->defined++;
		use->running += d->active;
	}
	use->used = use->defined;
	for (size_t i = 0; i < scan->running.n; i++) {
		const struct mdev *m = &scan->running.m[i];

		if (scan_definition_of(scan, m) || !is_of_pool(scan, pool, m))
			continue;
		use->running++;
		use->used++;
	}
}

static void count_parent(const struct scan *scan, const struct pool *pool, const struct place_parent *p,
			 struct pool_use *use)
{
	const struct mdev_type *types;
	size_t n = scan_types_of(scan, p->name, &types);
	bool counted = false;
	long most = 0;

	for (size_t k = 0; k < pool->wish.n_kinds; k++) {
		long of_kind = 0;

		for (size_t i = 0; i < n; i++) {
			long room = claims_free(scan, &pool->wish, &types[i], false);

			if (!match_kind(scan, &pool->wish.kinds[k], p, &types[i]))
				continue;
			if (!counted)
				strv_add(&use->parents, xstrdup(p->name));
			use->at_most |= !str_eq(p->name, p->card);
			counted = true;
			if (!strv_has(&use->types, types[i].id))
				strv_add(&use->types, xstrdup(types[i].id));
			of_kind = room > of_kind ? room : of_kind;
		}
		/* The next kind shares the room of the first that has some. */
		most = most ? most : of_kind;
	}
	use->free += most;
}

void place_count_pool(const struct scan *scan, const struct pool *pool, struct pool_use *ret_use)
{
	struct pool_use use = {};

	count_devices(scan, pool, &use);
	for (size_t i = 0; i < scan->n_parents; i++)
		if (match_parent(&pool->wish, &scan->parents[i]) && match_node(&pool->wish, &scan->parents[i]))
			count_parent(scan, pool, &scan->parents[i], &use);
	strv_sort(&use.types);
	if (pool->limit && use.used + (size_t)use.free > pool->limit)
		use.free = use.used < pool->limit ? (long)(pool->limit - use.used) : 0;
	*ret_use = use;
}

void pool_use_done(struct pool_use *use)
{
	strv_done(&use->parents);
	strv_done(&use->types);
	*use = (struct pool_use){};
}
