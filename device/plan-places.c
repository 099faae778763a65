/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether there is room for what is to start, and where, for what may be anywhere.
 */
#include "device/planner.h"

static bool runs_on(const struct planner *p, const char *uuid, const char *parent)
{
	const struct mdev *running = planner_running(p, uuid);

	return running && str_eq(running->parent, parent);
}

/* The definitions as they will be; borrows from them and from the steps so far. */
static struct mdev_list list_planned(const struct planner *p)
{
	const struct mdev_list *defined = &p->now->scan.defined;
	struct mdev_list list = { .m = xcalloc(defined->n + p->plan->n + 1, sizeof(*list.m)) };
	size_t *at = xcalloc(defined->n + 1, sizeof(*at));

	for (size_t i = 0; i < defined->n; i++) {
		at[i] = list.n;
		if (p->fate[i] != FATE_GOES)
			list.m[list.n++] = defined->m[i];
	}
	for (size_t i = 0; i < p->plan->n; i++) {
		const struct step *s = &p->plan->s[i];
		struct mdev *m;

		if (s->kind != STEP_DEFINE && s->kind != STEP_MODIFY)
			continue;
		m = s->old ? &list.m[at[planner_index_of(p, s->old)]] : &list.m[list.n++];
		if (!s->old)
			m->active = runs_on(p, s->m.uuid, s->m.parent);
		m->parent = s->m.parent;
		m->type = s->m.type;
		m->autostart = s->m.autostart;
		m->extra = s->m.extra;
		memcpy(m->uuid, s->m.uuid, sizeof(m->uuid));
	}
	free(at);
	mdev_list_sort(&list);
	return list;
}

/* A definition that has no room where it was put once is put anew; so are the steps of that. */
static void displace(struct planner *p, const struct wanted *w, const char *parent)
{
	const struct mdev *d = planner_definition_on(p, w->m.uuid, parent);
	struct plan *plan = p->plan;
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++) {
		enum step_kind kind = plan->s[i].kind;

		if (plan->s[i].wanted == w && (kind == STEP_DEFINE || kind == STEP_MODIFY || kind == STEP_START))
			step_done(&plan->s[i]);
		else
			plan->s[n++] = plan->s[i];
	}
	plan->n = n;
	room_unplan(&p->room, w->m.uuid, parent);
	if (d)
		planner_remove(p, planner_index_of(p, d), w);
	planner_open(p, w);
}

/* Whether it can start where it is to be; then its room is taken. */
static bool take_start(struct planner *p, const struct step *s)
{
	bool promised = s->m.autostart && !runs_on(p, s->m.uuid, s->m.parent);
	_cleanup_free_ char *why = room_problem(&p->room, &s->m);

	if (why && !s->is_placed)
		planner_problem(p, s->wanted, "it cannot start: %s", why);
	if (!why)
		room_take(&p->room, &s->m, promised);
	return !why;
}

/* What has a parent takes its room before anything is chosen; what could have another, after the others. */
static void take_settled(struct planner *p)
{
	const char **away = xcalloc(p->plan->n + 1, sizeof(*away));
	const struct wanted **by = xcalloc(p->plan->n + 1, sizeof(*by));
	size_t n = 0;

	for (unsigned placed = 0; placed < 2; placed++)
		for (size_t i = 0; i < p->plan->n; i++) {
			const struct step *s = &p->plan->s[i];

			if (s->kind != STEP_START || s->is_placed != placed || take_start(p, s) || !placed)
				continue;
			away[n] = s->m.parent;
			by[n++] = s->wanted;
		}
	for (size_t i = 0; i < n; i++)
		displace(p, by[i], away[i]);
	free(away);
	free(by);
}

/* Those that were put where there was room and do not run keep that from as many as fit, as they did when they were
 * new. */
static void take_chosen(struct planner *p)
{
	const struct mdev_list *planned = &p->room.view.defined;

	for (size_t i = 0; i < planned->n; i++) {
		const struct mdev *m = &planned->m[i], *d = planner_definition_on(p, m->uuid, m->parent);

		if (d && p->fate[planner_index_of(p, d)] == FATE_IS_CHOSEN && !d->active && !m->autostart &&
		    !planner_was_stopped(p, m->uuid))
			room_take(&p->room, m, false);
	}
}

static bool may_fit_later(const struct planner *p)
{
	return !p->options->is_rest && (p->room.freed.n || p->is_enabling);
}

/* The command that chooses the same, and tells of each parent why not; caller frees. */
static char *same_choice(const struct wanted *w)
{
	_cleanup_free_ char *type = w->type ? xasprintf(" -t '%s'", w->type) : xstrdup("");

	if (w->pool)
		return xasprintf("mdevctl start --dry-run --pool %s%s", w->pool, type);
	return xasprintf("mdevctl start --dry-run -p '%s'%s", w->pattern ? w->pattern : w->parent, type);
}

/* What was to be left is just where there is room: it stays.  NULL: nothing was. */
static const struct mdev *unleave(struct planner *p, const struct wanted *w, const char *parent)
{
	const struct mdev *d = planner_definition_on(p, w->m.uuid, parent);
	struct plan *plan = p->plan;

	for (size_t i = 0; i < plan->n; i++) {
		if (!d || plan->s[i].kind != STEP_LEAVE || plan->s[i].old != d)
			continue;
		step_done(&plan->s[i]);
		plan->n--;
		memmove(&plan->s[i], &plan->s[i + 1], (plan->n - i) * sizeof(*plan->s));
		return d;
	}
	return NULL;
}

/* Of what the driver counts otherwise than it seems, the steps may fail and try elsewhere. */
static void add_placed(struct planner *p, const struct wanted *w, const struct place *place, bool optional)
{
	const struct mdev like = {
		.parent = place->parent,
		.type = place->type,
		.extra = place->type_name ? json_pack("{s:s}", KEY_TYPE_NAME, place->type_name) : NULL,
	};
	const struct mdev *running = planner_running(p, w->m.uuid);
	const struct mdev *old = unleave(p, w, place->parent);
	struct wanted typed = *w;
	size_t first = p->plan->n;
	struct mdev m = {};

	typed.type = NULL;
	if (planner_describe(p, &typed, place->parent, &like, &m) == 0) {
		room_count(&p->room, &m);
		/* One that goes on running as it was needs no place yet. */
		if (!running || p->options->restart)
			room_take(&p->room, &m, false);
		planner_settle(p, w, &m, old);
	}
	for (size_t i = first; i < p->plan->n; i++) {
		p->plan->s[i].is_placed = !running;
		p->plan->s[i].is_optional = optional;
	}
	json_decref(like.extra);
	mdev_done(&m);
}

/* Who is one of its pool already, and moves, makes them no more. */
static bool is_of_pool(const struct planner *p, const struct wanted *w)
{
	const struct mdev *moved = planner_moved(p, w);
	const char *pool = moved ? mdev_key(moved, KEY_POOL) : NULL;

	return pool && w->pool && str_eq(pool, w->pool);
}

/* 1: it is put off, as there may be room once something else is done. */
static int place_one(struct planner *p, const struct wanted *w, bool optional)
{
	_cleanup_(error_done) struct error error = {};
	const struct pool *pool;
	struct place place;
	struct wish wish;
	int r;

	if (!planner_wish(p, w, &wish, &pool))
		return -ENOENT;
	r = room_choose(&p->room, &wish, is_of_pool(p, w) ? NULL : pool, &place, &error);
	if (r == 0) {
		add_placed(p, w, &place, optional);
		return 0;
	}
	if ((r == -ENOENT || r == -EDQUOT) && may_fit_later(p)) {
		p->plan->is_partial = true;
		return 1;
	}
	if (r == -ENOENT && !optional) {
		_cleanup_free_ char *kind = kind_text(&wish.kind), *command = same_choice(w);

		planner_problem(p, w, "no parent %s%s%s has %s free beside what else is to be there; why, tells: %s",
			w->pool ? "of pool " : "that is named '", w->pool ? w->pool : w->pattern, w->pool ? "" : "'", kind,
			command);
	} else if (!optional || r == -EINVAL) {
		planner_problem(p, w, "%s", error.text);
	}
	return r;
}

/* It will be there, and where cannot be told yet. */
static void add_put_off(struct planner *p, const struct wanted *w)
{
	const struct mdev *running = planner_running(p, w->m.uuid);
	struct step *s;

	/* What it has now is a part of what there will be. */
	if (running && p->options->restart)
		planner_add_stop(p, w->label, running, planner_definition_on(p, w->m.uuid, running->parent), w);
	s = planner_add(p, STEP_DEFINE, w->label);

	s->wanted = w;
	s->m = mdev_copy(&w->m);
	s->m.type = w->type;
}

static bool is_taken(const struct planner *p, const char *name)
{
	char uuid[UUID_LEN + 1];
	size_t first;

	uuid_of_name(name, uuid);
	for (size_t i = 0; i < p->want->n_devices; i++)
		if (!p->want->devices[i].is_rest && str_eq(p->want->devices[i].m.uuid, uuid))
			return true;
	return planner_find_all(p->defined, p->now->scan.defined.n, uuid, &first) || planner_running(p, uuid);
}

/* A slip in a type must not look like a card without room; a full virtual function offers nothing. */
static void check_offer(struct planner *p, const struct wanted *rest, size_t n_before)
{
	_cleanup_free_ char *kind = NULL, *command = NULL;
	const struct pool *pool;
	struct wish wish;

	if (p->plan->n_made > n_before + 1 || p->plan->is_partial || !planner_wish(p, rest, &wish, &pool) ||
	    room_offers(&p->room, &wish))
		return;
	for (size_t i = 0; i < n_before; i++)
		if (str_eq(p->plan->made[i]->family, rest->family))
			return;
	kind = kind_text(&wish.kind);
	command = same_choice(rest);
	planner_problem(p, rest, "no parent offers %s; what there is, tells: %s", kind, command);
}

static void place_rest(struct planner *p, const struct wanted *rest)
{
	size_t n_before = p->plan->n_made;
	unsigned long number = 0;
	int r = 0;

	if (p->options->files_only) {
		planner_problem(p, rest, "how many fit cannot be told below --root: say how many");
		return;
	}
	while (r == 0) {
		do
			number++;
		while (is_taken(p, blueprint_member(rest->family, number)));
		r = number > BLUEPRINT_COUNT_MAX ?
			    -ENOENT :
			    place_one(p, planner_make_member(p, rest, blueprint_member(rest->family, number)), true);
	}
	check_offer(p, rest, n_before);
}

/* Devices on virtual functions that are not there yet. */
static void note_late(struct planner *p)
{
	for (size_t i = 0; i < p->want->n_devices && !p->plan->is_partial; i++) {
		const struct wanted *w = &p->want->devices[i];

		if (w->parent && (w->m.autostart || planner_running(p, w->m.uuid)) && strchr(w->parent, ':') &&
		    !planner_has_parent(p, w->parent))
			p->plan->is_partial = true;
	}
}

void planner_place_devices(struct planner *p)
{
	struct mdev_list planned = list_planned(p);

	room_begin(&p->room, p->now, &planned);
	for (size_t i = 0; i < p->plan->n; i++)
		if (p->plan->s[i].kind == STEP_STOP)
			room_free(&p->room, p->plan->s[i].m.parent);
	for (size_t i = 0; i < p->n_open && p->options->restart; i++) {
		const struct mdev *running = planner_running(p, p->open[i]->m.uuid);

		/* It moves. */
		if (running)
			room_free(&p->room, running->parent);
	}
	take_settled(p);
	for (size_t i = 0; i < p->n_open; i++)
		if (place_one(p, p->open[i], false) == 1)
			add_put_off(p, p->open[i]);
	take_chosen(p);
	for (size_t i = 0; i < p->want->n_devices; i++)
		if (p->want->devices[i].is_rest)
			place_rest(p, &p->want->devices[i]);
	if (p->is_enabling && !p->options->is_rest)
		note_late(p);
	if (p->plan->is_partial)
		planner_note(p, "what is to be where there is no room yet is put there once there is");
	room_done(&p->room);
	free(p->open);
}
