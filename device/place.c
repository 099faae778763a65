/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which parent, and which type of it.
 */
#include "device/place.h"
#include "device/bus.h"
#include "device/claims.h"
#include "device/match.h"

/* A type of a card, with room somewhere on it. */
struct offer {
	const struct mdev_type *type; /* on the first parent of the card that has room */
	const char *card;
	long free; /* of all its parents */
};

struct offers {
	struct offer *o;
	size_t n;
};

/* One round of looking: the preferences are tried in order. */
struct round {
	const struct scan *scan;
	const struct wish *wish;
	const struct kind *kind;
	const char *entry; /* of the wish's parents; NULL: any */
	bool sparing; /* leave VFs alone that a definition is kept for */
};

static const struct kind any_kind;

static bool is_wanted(const struct round *round, const struct place_parent *p, const struct mdev_type *t)
{
	return match_kind(round->scan, round->kind, p, t) && match_kind(round->scan, &round->wish->kind, p, t);
}

/* The id or name that one type has to have, or NULL. */
static const char *text_of(const struct round *round)
{
	return round->wish->kind.type ? round->wish->kind.type : round->kind->type;
}

static int fail_ambiguous(const char *text, const struct mdev_type *a, const struct mdev_type *b,
			  struct error *error)
{
	error_set(error, "'%s' is the name of several types of %s: %s (%s), %s (%s); give the id of one", text,
		  a->parent, a->id, a->name, b->id, b->name);
	return -EINVAL;
}

static void add_offer(struct offers *offers, const struct place_parent *p, const struct mdev_type *t, long n)
{
	for (struct offer *o = offers->o; o < offers->o + offers->n; o++) {
		if (str_eq(o->card, p->card) && str_eq(o->type->id, t->id)) {
			o->free += n;
			return;
		}
	}
	offers->o = xgrow(offers->o, offers->n, sizeof(*offers->o));
	offers->o[offers->n++] = (struct offer){ t, p->card, n };
}

/* What a parent has to offer in this round. */
static int look_at(const struct round *round, const struct place_parent *p, struct offers *offers,
		   struct error *error)
{
	const char *text = text_of(round);
	const struct mdev_type *types;
	size_t n, named;

	if (!match_parent(round->wish, p) || !match_node(round->wish, p) ||
	    (round->entry && !match_entry(round->entry, p)))
		return 0;
	n = named = scan_types_of(round->scan, p->name, &types);
	for (size_t i = 0; i < n; i++) {
		long room;

		if (!is_wanted(round, p, &types[i]))
			continue;
		if (text && named < n)
			return fail_ambiguous(text, &types[named], &types[i], error);
		named = i;
		room = claims_free(round->scan, round->wish, &types[i], round->sparing);
		if (room > 0)
			add_offer(offers, p, &types[i], room);
	}
	return 0;
}

/* Of several types of one card that all would do: that of which most can be had. */
static bool is_best_of_card(const struct offers *offers, const struct offer *o)
{
	for (size_t i = 0; i < offers->n; i++) {
		const struct offer *other = &offers->o[i];

		if (!str_eq(other->card, o->card))
			continue;
		if (other->free > o->free ||
		    (other->free == o->free && strcmp(other->type->id, o->type->id) < 0))
			return false;
	}
	return true;
}

static bool is_better(const struct offer *a, const struct offer *b, enum policy policy)
{
	if (policy == POLICY_COMPACT && a->free != b->free)
		return a->free < b->free;
	if (policy == POLICY_SPREAD && a->free != b->free)
		return a->free > b->free;
	return strcmp(a->type->parent, b->type->parent) < 0;
}

static const struct offer *best_of(const struct round *round, const struct offers *offers)
{
	const struct offer *best = NULL;

	for (size_t i = 0; i < offers->n; i++) {
		const struct offer *o = &offers->o[i];

		if (round->wish->policy == POLICY_SEPARATE && claims_running(round->scan, o->card, o->type->id))
			continue;
		if (is_best_of_card(offers, o) && (!best || is_better(o, best, round->wish->policy)))
			best = o;
	}
	return best;
}

static const char *name_asked_for(const struct round *round, const struct mdev_type *t)
{
	const char *text = text_of(round);

	return text && t->name && match_name(text, t->id, t->name) != NAMED_BY_ID ? str_intern(t->name) : NULL;
}

/* -ENOENT: this round finds nothing. */
static int choose_in_round(const struct round *round, struct place *ret_place, struct error *error)
{
	struct offers offers = {};
	const struct offer *best;
	int r = 0;

	for (size_t i = 0; i < round->scan->n_parents && r == 0; i++)
		r = look_at(round, &round->scan->parents[i], &offers, error);
	best = r == 0 ? best_of(round, &offers) : NULL;
	if (best)
		*ret_place = (struct place){
			.parent = str_intern(best->type->parent),
			.type = str_intern(best->type->id),
			.type_name = name_asked_for(round, best->type),
		};
	free(offers.o);
	return r < 0 ? r : best ? 0 : -ENOENT;
}

static int choose_of_kind(const struct scan *scan, const struct wish *wish, const struct kind *kind,
			  struct place *ret_place, struct error *error)
{
	size_t i = 0;
	int r;

	do {
		struct round round = {
			.scan = scan,
			.wish = wish,
			.kind = kind,
			.entry = wish->parents.n ? wish->parents.s[i] : NULL,
			.sparing = true,
		};

		r = choose_in_round(&round, ret_place, error);
		round.sparing = false;
		if (r == -ENOENT)
			r = choose_in_round(&round, ret_place, error);
	} while (r == -ENOENT && ++i < wish->parents.n);
	return r;
}

/* "framebuffer>=2048" is met by no "2048M", and would seem to be too much. */
static int check_unit(const struct scan *scan, const struct need *need, struct error *error)
{
	for (size_t i = 0; i < scan->types.n; i++) {
		const char *description = scan->types.t[i].description;
		_cleanup_free_ char *value = description ? description_value(description, need->key) : NULL;

		if (!value || need_has_same_unit(need, value))
			continue;
		error_set(error, "'%s' is compared with %s, but is told here as %s, %s's: give it the same unit",
			  need->key, need->value, value, scan->types.t[i].id);
		return -EINVAL;
	}
	return 0;
}

/* A slip in a key must not look like a host that has too little. */
static int check_keys(const struct scan *scan, const struct needs *needs, struct error *error)
{
	_cleanup_(strv_done) struct strv keys = {};
	_cleanup_free_ char *names = NULL;

	if (!needs->n || !scan->types.n)
		return 0;
	match_list_keys(scan, &keys);
	for (size_t i = 0; i < needs->n; i++) {
		if (strv_has(&keys, needs->need[i].key)) {
			if (check_unit(scan, &needs->need[i], error) < 0)
				return -EINVAL;
			continue;
		}
		names = strv_join(&keys, keys.n);
		error_set(error, "no type here has the key '%s'; there are %s", needs->need[i].key, names);
		return -EINVAL;
	}
	return 0;
}

int place_choose(const struct scan *scan, const struct wish *wish, struct place *ret_place,
		 struct error *error)
{
	size_t i = 0;
	int r = check_keys(scan, &wish->kind.needs, error);

	if (r < 0)
		return r;
	do
		r = choose_of_kind(scan, wish, wish->n_kinds ? &wish->kinds[i] : &any_kind, ret_place, error);
	while (r == -ENOENT && ++i < wish->n_kinds);
	return r;
}

int place_find_type(const struct scan *scan, const char *parent, const char *text,
		    struct place *ret_place, struct error *error)
{
	struct wish wish = WISH_ANYTHING;
	const struct round round = { .scan = scan, .wish = &wish, .kind = &any_kind };
	const struct place_parent *p = scan_find_parent(scan, parent);
	const struct mdev_type *types;
	size_t n = scan_types_of(scan, parent, &types), found = n;

	wish.kind.type = text;
	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(&round, p, &types[i]))
			continue;
		if (found < n)
			return fail_ambiguous(text, &types[found], &types[i], error);
		found = i;
	}
	if (found == n)
		return -ENOENT;
	*ret_place = (struct place){
		.parent = str_intern(parent),
		.type = str_intern(types[found].id),
		.type_name = name_asked_for(&round, &types[found]),
	};
	return 0;
}

bool place_is_lost(int r)
{
	static const int lost[] = { ENOSPC, EUSERS, EADDRINUSE, ENOENT, ENODEV, EAGAIN, EINVAL, EIO, EKEYREJECTED };

	for (size_t i = 0; i < ARRAY_SIZE(lost); i++)
		if (-r == lost[i])
			return true;
	return false;
}

static bool is_of_kind(const struct scan *scan, const struct kind *kind, const struct place_parent *p,
		       const struct mdev *m, const struct mdev_type *t)
{
	const char *name = t && t->name ? t->name : mdev_key(m, KEY_TYPE_NAME);
	const struct mdev_type *types;

	/* What the parent does not offer now can be told only by its id, or its name. */
	if (!scan_types_of(scan, m->parent, &types) && (!kind->type || (!name && match_is_name(kind->type))))
		return true;
	if (kind->type && match_name(kind->type, t ? t->id : m->type, name) == NAMED_NOT)
		return false;
	if (t && t->name)
		return match_kind(scan, kind, p, t);
	return !kind->needs.n || !scan_types_of(scan, m->parent, &types) || (t && !match_needs(&kind->needs, p, t));
}

/* What a device is, or will be when it is started: the name of its type decides, as in
 * place_settle_type(). */
static const struct mdev_type *type_now(const struct scan *scan, const struct mdev *m)
{
	const char *name = mdev_key(m, KEY_TYPE_NAME);
	const struct mdev_type *types, *found = NULL;
	size_t n = scan_types_of(scan, m->parent, &types);
	enum naming best = NAMED_NOT;

	for (size_t i = 0; i < n; i++) {
		bool same = str_eq(types[i].id, m->type);
		enum naming naming = name ? match_name(name, types[i].id, types[i].name) : NAMED_NOT;

		if (naming > best || (naming == best && same))
			found = &types[i];
		best = naming > best ? naming : best;
	}
	return found;
}

bool place_allows(const struct scan *scan, const struct wish *wish, const struct mdev *m,
		  struct error *error)
{
	const struct place_parent absent = { .name = m->parent, .card = m->parent, .node = ANY_NODE };
	const struct place_parent *p = scan_find_parent(scan, m->parent);
	const struct mdev_type *t = type_now(scan, m);
	bool fits = !wish->n_kinds;

	if (!p)
		p = &absent;
	for (size_t i = 0; i < wish->n_kinds && !fits; i++)
		fits = is_of_kind(scan, &wish->kinds[i], p, m, t);
	if (wish->parent && !match_pattern(wish->parent, p))
		error_set(error, "it is on %s, not on '%s'", m->parent, wish->parent);
	else if (!match_parent(wish, p))
		error_set(error, "it is on %s, which is none of the pool's parents", m->parent);
	else if (!match_node(wish, p))
		error_set(error, "it is on %s, which is on another NUMA node", m->parent);
	else if (!fits)
		error_set(error, "it is %s, which is none of the pool's types", m->type);
	else if (!is_of_kind(scan, &wish->kind, p, m, t)) {
		_cleanup_free_ char *wanted = kind_text(&wish->kind);

		error_set(error, "it is %s%s%s%s, not %s", m->type, t && t->name ? " (" : "",
			  t && t->name ? t->name : "", t && t->name ? ")" : "", wanted);
	} else {
		return true;
	}
	return false;
}

int place_settle_type(const struct host *h, struct mdev *m, struct error *error)
{
	const char *name = mdev_key(m, KEY_TYPE_NAME), *now = NULL;
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	enum naming best = NAMED_NOT;

	/* What was taken for an id while the parent was away may be a name: no id is without a dash. */
	if (!name && !strchr(m->type, '-'))
		name = m->type;
	if (!name)
		return 0;
	bus_list_types(h, m->parent, 0, &types);
	mdev_type_list_sort(&types);
	for (size_t i = 0; i < types.n; i++) {
		const struct mdev_type *t = &types.t[i];
		enum naming naming = match_name(name, t->id, t->name);

		/* Of several of one name, which is told apart otherwise, it stays the same. */
		if (naming > best || (naming == best && best != NAMED_NOT && str_eq(t->id, m->type))) {
			best = naming;
			now = str_intern(t->id);
		}
	}
	for (size_t i = 0; i < types.n && !now; i++) {
		if (!str_eq(types.t[i].id, m->type) || !types.t[i].name)
			continue;
		error_set(error, "%s offers no type of the name '%s' that its definition asks for; %s is '%s' now",
			  m->parent, name, m->type, types.t[i].name);
		return -ENOENT;
	}
	if (!now || str_eq(now, m->type))
		return 0;
	m->type = now;
	return 1;
}
