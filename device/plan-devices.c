/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The steps for devices that are somewhere already, or have a parent: they keep their place.
 */
#include "device/match.h"
#include "device/planner.h"

#define UNFINISHED "without all of its attributes, as its start was cut off"

struct step *planner_add_stop(struct planner *p, const char *label, const struct mdev *running, const struct mdev *defined,
			      const struct wanted *w)
{
	struct step *s = planner_add(p, STEP_STOP, label);

	s->m = mdev_copy(running);
	s->old = defined;
	s->wanted = w;
	return s;
}

void planner_remove(struct planner *p, size_t i, const struct wanted *by)
{
	const struct mdev *d = &p->now->scan.defined.m[i], *running = planner_running(p, d->uuid);
	struct step *s;

	/* Of one that is wanted elsewhere, the one who is asked for decides. */
	if (!by && !p->options->files_only && running && str_eq(running->parent, d->parent))
		planner_add_stop(p, mdev_label(d), running, d, NULL);
	s = planner_add(p, by ? STEP_LEAVE : STEP_UNDEFINE, mdev_label(d));
	s->m = mdev_copy(d);
	s->old = d;
	s->wanted = by;
	p->fate[i] = FATE_GOES;
}

/* Its type there: the definition's, if that is what is asked for, else what the words mean on that parent. */
static int resolve_type(struct planner *p, const struct wanted *w, const struct mdev *like, struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};
	struct place place = {};

	if (like && (!w->type || survey_is_type(w, like))) {
		m->type = like->type;
		mdev_set_key(m, KEY_TYPE_NAME, mdev_key(like, KEY_TYPE_NAME));
		return 0;
	}
	if (place_find_type(&p->now->scan, m->parent, w->type, &place, &error) == 0) {
		m->type = place.type;
		mdev_set_key(m, KEY_TYPE_NAME, place.type_name);
		return 0;
	}
	if (error.text) {
		planner_problem(p, w, "%s", error.text);
		return -EINVAL;
	}
	/* What is stored is an id, or can become one. */
	if (name_problem(w->id)) {
		planner_problem(p, w, "%s offers no type of the name '%s'", m->parent, w->id);
		return -ENOENT;
	}
	m->type = w->id;
	mdev_set_key(m, KEY_TYPE_NAME, match_is_name(w->type) ? w->type : NULL);
	return 0;
}

/* What is kept beside a definition stays where the description does not say otherwise; words about
 * the type, if they are to. */
static void keep_keys(struct mdev *m, const struct mdev *old, bool same_type)
{
	const char *key;
	json_t *value;

	json_object_foreach(old->extra, key, value) {
		if (json_object_get(m->extra, key) || (!same_type && strncmp(key, "type_", strlen("type_")) == 0))
			continue;
		if (!m->extra)
			m->extra = json_object();
		json_object_set(m->extra, key, value);
	}
}

const struct mdev *planner_moved(const struct planner *p, const struct wanted *w)
{
	size_t first, n = planner_find_all(p->defined, p->now->scan.defined.n, w->m.uuid, &first);

	for (size_t i = first; i < first + n && !(w->parent && !w->is_named); i++)
		if (p->fate[planner_index_of(p, p->defined[i])] == FATE_GOES)
			return p->defined[i];
	return NULL;
}

/* The same of one that moves; but the pool, which chose, is the description's, and so is the
 * type, unless it is pinned. */
static void keep_moved_keys(const struct planner *p, const struct wanted *w, struct mdev *m)
{
	const struct mdev *old = planner_moved(p, w);
	_cleanup_free_ char *pool = mdev_key(m, KEY_POOL) ? xstrdup(mdev_key(m, KEY_POOL)) : NULL;

	if (!old)
		return;
	keep_keys(m, old, str_eq(m->type, old->type) && mdev_key(old, KEY_TYPE_DESCRIPTION));
	mdev_set_key(m, KEY_POOL, pool);
}

/* The definition as it is to be on @parent, with the type of @like if that is what is asked for. */
int planner_describe(struct planner *p, const struct wanted *w, const char *parent, const struct mdev *like,
		    struct mdev *ret_mdev)
{
	const struct pool *pool = w->pool ? survey_pool(p->now, p->want, w->pool) : NULL;
	_cleanup_(mdev_done) struct mdev m = mdev_copy(&w->m);
	int r;

	m.parent = parent;
	r = resolve_type(p, w, like, &m);
	if (r < 0)
		return r;
	if (pool) {
		mdev_set_key(&m, KEY_POOL, pool->name);
		if (!w->has_attrs)
			mdev_copy_attrs(&m, &pool->like);
	}
	*ret_mdev = take(m);
	return 0;
}

bool planner_was_stopped(const struct planner *p, const char *uuid)
{
	return strv_has(&p->now->stopped, uuid) || (p->options->stopped && strv_has(p->options->stopped, uuid));
}

static struct step *add_start(struct planner *p, const struct wanted *w, const struct mdev *m, const struct mdev *old)
{
	struct step *s = planner_add(p, STEP_START, w->label);

	s->m = mdev_copy(m);
	/* By then. */
	s->m.defined = true;
	s->wanted = w;
	s->old = old;
	return s;
}

/* At start the name of the type decides: its id may be another by now. */
static bool runs_as_type(const struct planner *p, const struct mdev *running, const struct mdev *m)
{
	const char *name = mdev_key(m, KEY_TYPE_NAME);
	_cleanup_(error_done) struct error error = {};
	struct place place;

	if (str_eq(running->type, m->type))
		return true;
	return name && ((mdev_key(running, KEY_TYPE_NAME) && str_eq(name, mdev_key(running, KEY_TYPE_NAME))) ||
			(place_find_type(&p->now->scan, running->parent, name, &place, &error) == 0 &&
			 str_eq(running->type, place.type)));
}

/*
 * The device runs, and its definition is to be @m.  What it got at its start is told by
 * the definition so far alone, so that only a change of that is known to matter.
 */
static void settle_running(struct planner *p, const struct wanted *w, const struct mdev *m, const struct mdev *old,
			   const struct mdev *running)
{
	bool elsewhere = !str_eq(running->parent, m->parent);
	bool unfinished = !elsewhere && m->n_attrs && strv_has(&p->now->unfinished, m->uuid);
	bool differs = elsewhere || unfinished || !runs_as_type(p, running, m) || (old && !mdev_has_same_attrs(old, m));
	const struct mdev *as = planner_definition_on(p, m->uuid, running->parent);

	/* A UUID may be defined on several parents, and runs as one of them. */
	if (!differs)
		return;
	if (elsewhere && w->parent && !w->is_named && as) {
		/* Stopped with its other definition it is free to run as this one. */
		if (planner_prunes(p, as) && m->autostart && planner_has_parent(p, m->parent))
			add_start(p, w, m, old);
		return;
	}
	if (elsewhere && !planner_has_parent(p, m->parent)) {
		planner_note(p, "%s runs on %s as %s still, as it was; %s, where it is to be, is not there", w->label,
		     running->parent, running->type, m->parent);
		return;
	}
	if (p->options->restart || unfinished) {
		planner_add_stop(p, w->label, running, as, w)->change = unfinished ? xstrdup(UNFINISHED) : NULL;
		add_start(p, w, m, old);
		return;
	}
	planner_note(p, "%s runs on %s as %s still, as it was; --restart stops it and starts it as it is to be", w->label,
	     running->parent, running->type);
}

/* What has no UUID in the kernel, and no definition, becomes the device of the first definition of its type there
 * (identity.h). */
static const struct mdev *find_adopted(const struct planner *p, const struct mdev *m)
{
	const struct mdev_list *running = &p->now->scan.running;

	for (size_t i = 0; i < running->n; i++)
		if (running->m[i].is_pci && !running->m[i].defined && mdev_is_same_kind(&running->m[i], m))
			return &running->m[i];
	return NULL;
}

/* The definition @old, NULL: none there, becomes @m, which is taken; what runs follows. */
void planner_settle(struct planner *p, const struct wanted *w, struct mdev *m, const struct mdev *old)
{
	const struct mdev *running = p->options->files_only ? NULL : planner_running(p, m->uuid);
	_cleanup_free_ char *path = xasprintf("%s/%s", m->parent, m->uuid), *change = NULL;
	bool is_broken = strv_has(&p->now->broken, path);
	size_t before = p->plan->n;
	struct step *s;

	if (!running && !p->options->files_only)
		running = find_adopted(p, m);
	if (old) {
		p->fate[planner_index_of(p, old)] = w->parent ? FATE_STAYS : FATE_IS_CHOSEN;
		/* Words about another type are no use. */
		keep_keys(m, old, str_eq(m->type, old->type));
		change = planner_change(old, m);
	} else {
		keep_moved_keys(p, w, m);
	}
	if (is_broken)
		change = xstrdup("what is no definition -> one");
	if (running)
		settle_running(p, w, m, old, running);
	else if (!p->options->files_only && (m->autostart || planner_was_stopped(p, m->uuid)) && planner_has_parent(p, m->parent))
		add_start(p, w, m, old);
	if (!old || change) {
		s = planner_add(p, old || is_broken ? STEP_MODIFY : STEP_DEFINE, w->label);
		s->old = old;
		s->wanted = w;
		s->change = take(change);
		s->m = take(*m);
	}
	p->plan->n_as_wanted += before == p->plan->n;
}

/* Definitions of the same name elsewhere make room for this one. */
static void remove_others(struct planner *p, const struct wanted *w, const struct mdev *stays)
{
	size_t first, n = planner_find_all(p->defined, p->now->scan.defined.n, w->m.uuid, &first);

	for (size_t i = first; i < first + n && !(w->parent && !w->is_named); i++)
		if (p->defined[i] != stays && p->fate[planner_index_of(p, p->defined[i])] == FATE_UNKNOWN)
			planner_remove(p, planner_index_of(p, p->defined[i]), w);
}

static void settle_on(struct planner *p, const struct wanted *w, const char *parent, const struct mdev *old,
		      const struct mdev *like)
{
	_cleanup_(mdev_done) struct mdev m = {};

	remove_others(p, w, old);
	if (planner_describe(p, w, parent, like, &m) == 0)
		planner_settle(p, w, &m, old);
}

static bool is_allowed(const struct planner *p, const struct wish *wish, const struct mdev *m)
{
	_cleanup_(error_done) struct error differs = {};

	return place_allows(&p->now->scan, wish, m, &differs);
}

/* Of another type than is asked for, but on a parent that would do, and offers that. */
static bool may_change_there(const struct planner *p, const struct wanted *w, const struct wish *wish, const struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};
	struct wish anything = *wish;
	struct place place;

	anything.kinds = NULL;
	anything.n_kinds = 0;
	anything.kind = (struct kind){};
	return w->type && is_allowed(p, &anything, m) &&
	       place_find_type(&p->now->scan, m->parent, w->type, &place, &error) == 0;
}

/* Where it is, if it may stay there; NULL: it has to be put somewhere. */
static const struct mdev *find_place(const struct planner *p, const struct wanted *w, const struct wish *wish)
{
	size_t first, n = planner_find_all(p->defined, p->now->scan.defined.n, w->m.uuid, &first);
	const struct mdev *running = p->options->files_only ? NULL : planner_running(p, w->m.uuid);

	for (size_t i = first; i < first + n; i++)
		if (p->options->files_only || is_allowed(p, wish, p->defined[i]))
			return p->defined[i];
	if (running && is_allowed(p, wish, running))
		return running;
	for (size_t i = first; i < first + n; i++)
		if (may_change_there(p, w, wish, p->defined[i]))
			return p->defined[i];
	return running && may_change_there(p, w, wish, running) ? running : NULL;
}

void planner_open(struct planner *p, const struct wanted *w)
{
	p->open = xgrow(p->open, p->n_open, sizeof(*p->open));
	p->open[p->n_open++] = w;
}

/* Placed once, then kept where it is, as long as that is among what is asked for, and it can start there. */
static void settle_placed(struct planner *p, const struct wanted *w)
{
	size_t first = p->plan->n;
	const struct pool *pool;
	const struct mdev *m;
	struct wish wish;

	if (!planner_wish(p, w, &wish, &pool))
		return;
	m = find_place(p, w, &wish);
	if (m) {
		settle_on(p, w, m->parent, planner_definition_on(p, m->uuid, m->parent), m);
		for (size_t i = first; i < p->plan->n; i++)
			p->plan->s[i].is_placed = !planner_running(p, w->m.uuid);
	} else if (p->options->files_only) {
		planner_problem(p, w, "nothing is chosen below --root: name the parent in place of '%s%s'",
			pool ? BLUEPRINT_POOL : "", pool ? pool->name : w->pattern);
	} else {
		remove_others(p, w, NULL);
		planner_open(p, w);
	}
}

struct wanted *planner_make_member(struct planner *p, const struct wanted *rest, const char *name)
{
	struct wanted *w = xcalloc(1, sizeof(*w));

	*w = *rest;
	w->is_rest = false;
	w->label = str_intern(name);
	w->m = mdev_copy(&rest->m);
	uuid_of_name(name, w->m.uuid);
	mdev_set_key(&w->m, KEY_NAME, name);
	p->plan->made = xgrow(p->plan->made, p->plan->n_made, sizeof(*p->plan->made));
	p->plan->made[p->plan->n_made++] = w;
	return w;
}

static void settle_device(struct planner *p, const struct wanted *w)
{
	const struct mdev *d = w->parent ? planner_definition_on(p, w->m.uuid, w->parent) : NULL;

	if (w->parent)
		settle_on(p, w, w->parent, d, d ? d : planner_running(p, w->m.uuid));
	else
		settle_placed(p, w);
}

/* Those of "as many as fit" that are there already stay. */
static void settle_members(struct planner *p, const struct wanted *rest)
{
	const struct mdev_list *defined = &p->now->scan.defined;

	for (size_t i = 0; i < defined->n; i++)
		if (p->fate[i] == FATE_UNKNOWN && planner_is_member(&defined->m[i], rest->family)) {
			settle_device(p, planner_make_member(p, rest, mdev_key(&defined->m[i], KEY_NAME)));
			p->fate[i] = p->fate[i] == FATE_STAYS ? FATE_IS_CHOSEN : p->fate[i];
		}
}

void planner_settle_devices(struct planner *p)
{
	for (size_t i = 0; i < p->want->n_devices; i++)
		if (!p->want->devices[i].is_rest)
			settle_device(p, &p->want->devices[i]);
	for (size_t i = 0; i < p->want->n_devices; i++)
		if (p->want->devices[i].is_rest)
			settle_members(p, &p->want->devices[i]);
}
