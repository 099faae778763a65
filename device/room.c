/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counting what a plan leaves free.
 */
#include "device/room.h"
#include "device/match.h"

/* What it points to stays somebody else's. */
static void add_borrowed(struct mdev_list *list, struct mdev m)
{
	list->m = xgrow(list->m, list->n, sizeof(*list->m));
	list->m[list->n++] = m;
}

static bool has_one_place(const struct room *room, const char *parent)
{
	const struct place_parent *p = scan_find_parent(&room->view, parent);

	return p && room->now->one_place[p - room->view.parents];
}

void room_begin(struct room *room, const struct survey *now, struct mdev_list *planned)
{
	const struct scan *scan = &now->scan;
	struct scan *view = &room->view;

	room->now = now;
	*view = *scan;
	view->types.t = xcalloc(scan->types.n + 1, sizeof(*view->types.t));
	room->left = xcalloc(scan->types.n + 1, sizeof(*room->left));
	for (size_t i = 0; i < scan->types.n; i++) {
		view->types.t[i] = scan->types.t[i];
		room->left[i] = scan->types.t[i].available;
	}
	view->defined = take(*planned);
	view->running = (struct mdev_list){};
	for (size_t i = 0; i < view->defined.n; i++)
		view->defined.m[i].is_pci |= has_one_place(room, view->defined.m[i].parent);
	for (size_t i = 0; i < scan->running.n; i++)
		add_borrowed(&view->running, scan->running.m[i]);
}

void room_done(struct room *room)
{
	free(room->view.types.t);
	free(room->view.defined.m);
	free(room->view.running.m);
	free(room->left);
	free(room->pools);
	strv_done(&room->freed);
	*room = (struct room){};
}

void room_unplan(struct room *room, const char *uuid, const char *parent)
{
	struct mdev_list *planned = &room->view.defined;

	for (size_t i = 0; i < planned->n; i++)
		if (str_eq(planned->m[i].uuid, uuid) && str_eq(planned->m[i].parent, parent)) {
			planned->n--;
			memmove(&planned->m[i], &planned->m[i + 1], (planned->n - i) * sizeof(*planned->m));
			return;
		}
}

static const char *card_of(const struct room *room, const char *parent)
{
	const struct place_parent *p = scan_find_parent(&room->view, parent);

	return p ? p->card : parent;
}

void room_free(struct room *room, const char *parent)
{
	const char *card = card_of(room, parent);

	if (!strv_has(&room->freed, card))
		strv_add(&room->freed, xstrdup(card));
}

bool room_is_freed(const struct room *room, const char *parent)
{
	return strv_has(&room->freed, card_of(room, parent));
}

static struct room_pool *find_pool(struct room *room, const char *name)
{
	for (size_t i = 0; i < room->n_pools; i++)
		if (str_eq(room->pools[i].pool->name, name))
			return &room->pools[i];
	return NULL;
}

void room_take(struct room *room, const struct mdev *m, bool promised)
{
	const struct mdev_type *types = NULL;
	size_t n = scan_types_of(&room->view, m->parent, &types);
	bool one_place = has_one_place(room, m->parent);

	for (size_t i = 0; i < n; i++) {
		size_t at = (size_t)(&types[i] - room->view.types.t);

		if (!one_place && !str_eq(types[i].id, m->type))
			continue;
		room->left[at] = one_place ? 0 : room->left[at] - 1;
		if (!promised)
			room->view.types.t[at].available = one_place ? 0 : types[i].available - 1;
	}
	/* For those that want a card without one of it. */
	if (!promised)
		add_borrowed(&room->view.running, (struct mdev){ .parent = m->parent, .type = m->type });
}

void room_count(struct room *room, const struct mdev *m)
{
	const char *pool = mdev_key(m, KEY_POOL);
	struct room_pool *counted = pool ? find_pool(room, pool) : NULL;

	if (counted)
		counted->used++;
}

/* "mtty-1 (3), mtty-2 (0)" of a parent; caller frees. */
static char *list_left(const struct room *room, const char *parent)
{
	_cleanup_(strv_done) struct strv texts = {};
	const struct mdev_type *types = NULL;
	size_t n = scan_types_of(&room->view, parent, &types);

	for (size_t i = 0; i < n; i++)
		strv_add(&texts, xasprintf("%s (%ld)", types[i].id, room->left[&types[i] - room->view.types.t]));
	return strv_join(&texts, 4);
}

static const struct mdev *find_holder(const struct room *room, const char *parent)
{
	const struct mdev_list *running = &room->now->scan.running;

	for (size_t i = 0; i < running->n; i++)
		if (running->m[i].is_pci && str_eq(running->m[i].parent, parent))
			return &running->m[i];
	return NULL;
}

char *room_problem(const struct room *room, const struct mdev *m)
{
	const struct mdev *holder = find_holder(room, m->parent);
	const struct mdev_type *types = NULL;
	size_t n = scan_types_of(&room->view, m->parent, &types);
	_cleanup_free_ char *left = list_left(room, m->parent);

	/* Whatever is free, and whoever's: the kernel tells only afterwards. */
	if (room_is_freed(room, m->parent))
		return NULL;
	if (holder)
		return xasprintf("%s has room for one device, and holds %s (%s), which stays", m->parent, holder->uuid,
				 holder->type);
	for (size_t i = 0; i < n; i++) {
		if (!str_eq(types[i].id, m->type))
			continue;
		if (room->left[&types[i] - room->view.types.t] > 0)
			return NULL;
		return xasprintf("%s has no room for a further %s; free there now: %s", m->parent, m->type, left);
	}
	/* A virtual function may offer nothing yet, or not at present. */
	if (!n || has_one_place(room, m->parent))
		return NULL;
	return xasprintf("%s offers no %s, only %s", m->parent, m->type, left);
}

static bool is_full(struct room *room, const struct pool *pool)
{
	struct room_pool *counted = pool->limit ? find_pool(room, pool->name) : NULL;

	if (!pool->limit)
		return false;
	if (!counted) {
		_cleanup_(pool_use_done) struct pool_use use = {};
		struct scan before = room->view;

		before.running = room->now->scan.running;
		place_count_pool(&before, pool, &use);
		room->pools = xgrow(room->pools, room->n_pools, sizeof(*room->pools));
		counted = &room->pools[room->n_pools++];
		*counted = (struct room_pool){ pool, use.used };
	}
	return counted->used >= pool->limit;
}

static bool offers_kind(const struct room *room, const struct wish *wish, const struct kind *kind,
			const struct place_parent *p)
{
	const struct mdev_type *types = NULL;
	size_t n = scan_types_of(&room->view, p->name, &types);

	for (size_t i = 0; i < n; i++)
		if (match_kind(&room->view, kind, p, &types[i]) && match_kind(&room->view, &wish->kind, p, &types[i]))
			return true;
	return false;
}

static bool runs_on_card(const struct room *room, const char *card)
{
	const struct mdev_list *running = &room->now->scan.running;

	for (size_t i = 0; i < running->n; i++)
		if (running->m[i].is_pci && str_eq(card_of(room, running->m[i].parent), card))
			return true;
	return false;
}

/* A virtual function that is taken, or one of a card in use, tells less than it can have: some of it, or nothing. */
static bool may_offer_more(const struct room *room, const struct wish *wish)
{
	for (size_t i = 0; i < room->view.n_parents; i++) {
		const struct place_parent *p = &room->view.parents[i];

		if (match_parent(wish, p) && has_one_place(room, p->name) && runs_on_card(room, p->card))
			return true;
	}
	for (size_t i = 0; i < room->now->parents.n; i++) {
		const char *name = room->now->parents.s[i];
		const struct place_parent p = { .name = name, .card = name, .node = ANY_NODE };

		if (!scan_find_parent(&room->view, name) && match_parent(wish, &p))
			return true;
	}
	return false;
}

bool room_offers(const struct room *room, const struct wish *wish)
{
	for (size_t i = 0; i < room->view.n_parents; i++) {
		const struct place_parent *p = &room->view.parents[i];

		if (!match_parent(wish, p))
			continue;
		if (!wish->n_kinds && offers_kind(room, wish, &(struct kind){}, p))
			return true;
		for (size_t k = 0; k < wish->n_kinds; k++)
			if (offers_kind(room, wish, &wish->kinds[k], p))
				return true;
	}
	return may_offer_more(room, wish);
}

int room_choose(struct room *room, const struct wish *wish, const struct pool *pool, struct place *ret_place,
		struct error *error)
{
	if (pool && is_full(room, pool)) {
		error_set(error, "pool %s is limited to %zu devices, and has no fewer", pool->name, pool->limit);
		return -EDQUOT;
	}
	return place_choose(&room->view, wish, ret_place, error);
}
