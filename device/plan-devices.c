/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The steps for devices: those that are somewhere already first, as they keep their
 * place; then those that have to be put where there is room.
 */
#include "device/match.h"
#include "device/planner.h"

static void _printf_(3, 4) problem(struct planner *p, const struct wanted *w, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	blueprint_problem(p->problems, &w->at, "%s: %s", w->label, text);
}

static void _printf_(2, 3) note(struct planner *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_add(&p->plan->notes, xvasprintf(fmt, ap));
	va_end(ap);
}

/* The first of a sorted index with this UUID, and how many there are. */
static size_t find_all(const struct mdev *const *index, size_t n, const char *uuid, size_t *ret_first)
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

static const struct mdev *find_running(const struct planner *p, const char *uuid)
{
	size_t first, n = find_all(p->running, p->now->scan.running.n, uuid, &first);

	return n ? p->running[first] : NULL;
}

static const struct mdev *find_definition_on(const struct planner *p, const char *uuid, const char *parent)
{
	size_t first, n = find_all(p->defined, p->now->scan.defined.n, uuid, &first);

	for (size_t i = first; i < first + n; i++)
		if (str_eq(p->defined[i]->parent, parent))
			return p->defined[i];
	return NULL;
}

static size_t index_of(const struct planner *p, const struct mdev *defined)
{
	return (size_t)(defined - p->now->scan.defined.m);
}

/* False: there is no such pool, which is told, or what is wrong with it has been. */
static bool make_wish(struct planner *p, const struct wanted *w, struct wish *ret_wish, const struct pool **ret_pool)
{
	if (survey_wish(p->now, p->want, w, ret_wish, ret_pool))
		return true;
	if (!strv_has(&p->want->unread_pools, w->pool))
		problem(p, w, "there is no pool %s, neither in this file nor on this host", w->pool);
	return false;
}

static void add_stop(struct planner *p, const char *label, const struct mdev *running, const struct mdev *defined,
		     const struct wanted *w)
{
	struct step *s = planner_add(p, STEP_STOP, label);

	s->m = mdev_copy(running);
	s->old = defined;
	s->wanted = w;
}

void planner_remove(struct planner *p, size_t i, const struct wanted *by)
{
	const struct mdev *d = &p->now->scan.defined.m[i], *running = find_running(p, d->uuid);
	struct step *s;

	/* Of one that is wanted elsewhere, the one who is asked for decides. */
	if (!by && !p->options->files_only && running && str_eq(running->parent, d->parent))
		add_stop(p, mdev_label(d), running, d, NULL);
	s = planner_add(p, STEP_UNDEFINE, mdev_label(d));
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
		problem(p, w, "%s", error.text);
		return -EINVAL;
	}
	/* What is stored is an id, or can become one. */
	if (name_problem(w->id)) {
		problem(p, w, "%s offers no type of the name '%s'", m->parent, w->id);
		return -ENOENT;
	}
	m->type = w->id;
	mdev_set_key(m, KEY_TYPE_NAME, match_is_name(w->type) ? w->type : NULL);
	return 0;
}

/* What is kept beside a definition stays where the description does not say otherwise. */
static void keep_keys(struct mdev *m, const struct mdev *old)
{
	const char *key;
	json_t *value;

	json_object_foreach(old->extra, key, value) {
		/* Words about another type are no use. */
		if (json_object_get(m->extra, key) ||
		    (!str_eq(m->type, old->type) && strncmp(key, "type_", strlen("type_")) == 0))
			continue;
		if (!m->extra)
			m->extra = json_object();
		json_object_set(m->extra, key, value);
	}
}

/* The definition as it is to be on @parent, with the type of @like if that is what is asked for. */
static int describe(struct planner *p, const struct wanted *w, const char *parent, const struct mdev *like,
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

static bool was_stopped(const struct planner *p, const char *uuid)
{
	return p->options->stopped && strv_has(p->options->stopped, uuid);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_there(const struct planner *p, const char *parent)
{
	const struct strv *parents = &p->now->parents;

	return parents->n && bsearch(&parent, parents->s, parents->n, sizeof(*parents->s), compare_strings);
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
	bool differs = elsewhere || !runs_as_type(p, running, m) || (old && !mdev_has_same_attrs(old, m));
	const struct mdev *as = find_definition_on(p, m->uuid, running->parent);

	/* A UUID may be defined on several parents, and runs as one of them. */
	if (!differs)
		return;
	if (elsewhere && w->parent && !w->is_named && as) {
		/* Stopped with its other definition it is free to run as this one. */
		if (planner_prunes(p, as) && m->autostart && is_there(p, m->parent))
			add_start(p, w, m, old);
		return;
	}
	if (elsewhere && !is_there(p, m->parent)) {
		note(p, "%s runs on %s as %s still, as it was; %s, where it is to be, is not there", w->label,
		     running->parent, running->type, m->parent);
		return;
	}
	if (p->options->restart) {
		add_stop(p, w->label, running, as, w);
		add_start(p, w, m, old);
		return;
	}
	note(p, "%s runs on %s as %s still, as it was; --restart stops it and starts it as it is to be", w->label,
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
static void settle(struct planner *p, const struct wanted *w, struct mdev *m, const struct mdev *old)
{
	const struct mdev *running = p->options->files_only ? NULL : find_running(p, m->uuid);
	_cleanup_free_ char *path = xasprintf("%s/%s", m->parent, m->uuid), *change = NULL;
	bool is_broken = strv_has(&p->now->broken, path);
	size_t before = p->plan->n;
	struct step *s;

	if (!running && !p->options->files_only)
		running = find_adopted(p, m);
	if (old) {
		p->fate[index_of(p, old)] = w->parent ? FATE_STAYS : FATE_IS_CHOSEN;
		keep_keys(m, old);
		change = planner_change(old, m);
	}
	if (is_broken)
		change = xstrdup("what is no definition -> one");
	if (running)
		settle_running(p, w, m, old, running);
	else if (!p->options->files_only && (m->autostart || was_stopped(p, m->uuid)) && is_there(p, m->parent))
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
	size_t first, n = find_all(p->defined, p->now->scan.defined.n, w->m.uuid, &first);

	for (size_t i = first; i < first + n && !(w->parent && !w->is_named); i++)
		if (p->defined[i] != stays && p->fate[index_of(p, p->defined[i])] == FATE_UNKNOWN)
			planner_remove(p, index_of(p, p->defined[i]), w);
}

static void settle_on(struct planner *p, const struct wanted *w, const char *parent, const struct mdev *old,
		      const struct mdev *like)
{
	_cleanup_(mdev_done) struct mdev m = {};

	remove_others(p, w, old);
	if (describe(p, w, parent, like, &m) == 0)
		settle(p, w, &m, old);
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
	size_t first, n = find_all(p->defined, p->now->scan.defined.n, w->m.uuid, &first);
	const struct mdev *running = p->options->files_only ? NULL : find_running(p, w->m.uuid);

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

/* Placed once, then kept where it is, as long as that is among what is asked for. */
static void settle_placed(struct planner *p, const struct wanted *w)
{
	const struct pool *pool;
	const struct mdev *m;
	struct wish wish;

	if (!make_wish(p, w, &wish, &pool))
		return;
	m = find_place(p, w, &wish);
	if (m) {
		settle_on(p, w, m->parent, find_definition_on(p, m->uuid, m->parent), m);
	} else if (p->options->files_only) {
		problem(p, w, "nothing is chosen below --root: name the parent in place of '%s%s'",
			pool ? BLUEPRINT_POOL : "", pool ? pool->name : w->pattern);
	} else {
		remove_others(p, w, NULL);
		p->open = xgrow(p->open, p->n_open, sizeof(*p->open));
		p->open[p->n_open++] = w;
	}
}

static struct wanted *make_member(struct planner *p, const struct wanted *rest, const char *name)
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
	const struct mdev *d = w->parent ? find_definition_on(p, w->m.uuid, w->parent) : NULL;

	if (w->parent)
		settle_on(p, w, w->parent, d, d ? d : find_running(p, w->m.uuid));
	else
		settle_placed(p, w);
}

/* Those of "as many as fit" that are there already stay. */
static void settle_members(struct planner *p, const struct wanted *rest)
{
	const struct mdev_list *defined = &p->now->scan.defined;

	for (size_t i = 0; i < defined->n; i++)
		if (p->fate[i] == FATE_UNKNOWN && planner_is_member(&defined->m[i], rest->family)) {
			settle_device(p, make_member(p, rest, mdev_key(&defined->m[i], KEY_NAME)));
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

static bool runs_on(const struct planner *p, const char *uuid, const char *parent)
{
	const struct mdev *running = find_running(p, uuid);

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
		m = s->old ? &list.m[at[index_of(p, s->old)]] : &list.m[list.n++];
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

/* What has a parent takes its room before anything is chosen. */
static void take_settled(struct planner *p)
{
	for (size_t i = 0; i < p->plan->n; i++) {
		const struct step *s = &p->plan->s[i];
		bool promised = s->m.autostart && !runs_on(p, s->m.uuid, s->m.parent);
		_cleanup_free_ char *why = NULL;

		if (s->kind != STEP_START)
			continue;
		why = room_problem(&p->room, &s->m);
		if (why)
			problem(p, s->wanted, "it cannot start: %s", why);
		else
			room_take(&p->room, &s->m, promised);
	}
}

/* Those that were put where there was room and do not run keep that from as many as fit, as they did when they were
 * new. */
static void take_chosen(struct planner *p)
{
	const struct mdev_list *planned = &p->room.view.defined;

	for (size_t i = 0; i < planned->n; i++) {
		const struct mdev *m = &planned->m[i], *d = find_definition_on(p, m->uuid, m->parent);

		if (d && p->fate[index_of(p, d)] == FATE_IS_CHOSEN && !d->active && !m->autostart &&
		    !was_stopped(p, m->uuid))
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

/* Of what the driver counts otherwise than it seems, the steps may fail and try elsewhere. */
static void add_placed(struct planner *p, const struct wanted *w, const struct place *place, bool optional)
{
	const struct mdev like = {
		.parent = place->parent,
		.type = place->type,
		.extra = place->type_name ? json_pack("{s:s}", KEY_TYPE_NAME, place->type_name) : NULL,
	};
	const struct mdev *running = find_running(p, w->m.uuid);
	struct wanted typed = *w;
	size_t first = p->plan->n;
	struct mdev m = {};

	typed.type = NULL;
	if (describe(p, &typed, place->parent, &like, &m) == 0) {
		room_count(&p->room, &m);
		/* One that goes on running as it was needs no place yet. */
		if (!running || p->options->restart)
			room_take(&p->room, &m, false);
		settle(p, w, &m, NULL);
	}
	for (size_t i = first; i < p->plan->n; i++) {
		p->plan->s[i].is_placed = !running;
		p->plan->s[i].is_optional = optional;
	}
	json_decref(like.extra);
	mdev_done(&m);
}

/* 1: it is put off, as there may be room once something else is done. */
static int place_one(struct planner *p, const struct wanted *w, bool optional)
{
	_cleanup_(error_done) struct error error = {};
	const struct pool *pool;
	struct place place;
	struct wish wish;
	int r;

	if (!make_wish(p, w, &wish, &pool))
		return -ENOENT;
	r = room_choose(&p->room, &wish, pool, &place, &error);
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

		problem(p, w, "no parent %s%s%s has %s free beside what else is to be there; why, tells: %s",
			w->pool ? "of pool " : "that is named '", w->pool ? w->pool : w->pattern, w->pool ? "" : "'", kind,
			command);
	} else if (!optional || r == -EINVAL) {
		problem(p, w, "%s", error.text);
	}
	return r;
}

/* It will be there, and where cannot be told yet. */
static void add_put_off(struct planner *p, const struct wanted *w)
{
	const struct mdev *running = find_running(p, w->m.uuid);
	struct step *s;

	/* What it has now is a part of what there will be. */
	if (running && p->options->restart)
		add_stop(p, w->label, running, find_definition_on(p, w->m.uuid, running->parent), w);
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
	return find_all(p->defined, p->now->scan.defined.n, uuid, &first) || find_running(p, uuid);
}

/* A slip in a type must not look like a card without room; a full virtual function offers nothing. */
static void check_offer(struct planner *p, const struct wanted *rest, size_t n_before)
{
	_cleanup_free_ char *kind = NULL, *command = NULL;
	const struct pool *pool;
	struct wish wish;

	if (p->plan->n_made > n_before + 1 || p->plan->is_partial || !make_wish(p, rest, &wish, &pool) ||
	    room_offers(&p->room, &wish))
		return;
	for (size_t i = 0; i < p->plan->n_made; i++)
		if (str_eq(p->plan->made[i]->family, rest->family) && i < n_before)
			return;
	kind = kind_text(&wish.kind);
	command = same_choice(rest);
	problem(p, rest, "no parent offers %s; what there is, tells: %s", kind, command);
}

static void place_rest(struct planner *p, const struct wanted *rest)
{
	size_t n_before = p->plan->n_made;
	unsigned long number = 0;
	int r = 0;

	if (p->options->files_only) {
		problem(p, rest, "how many fit cannot be told below --root: say how many");
		return;
	}
	while (r == 0) {
		do
			number++;
		while (is_taken(p, blueprint_member(rest->family, number)));
		r = number > BLUEPRINT_COUNT_MAX ?
			    -ENOENT :
			    place_one(p, make_member(p, rest, blueprint_member(rest->family, number)), true);
	}
	check_offer(p, rest, n_before);
}

/* Devices on virtual functions that are not there yet. */
static void note_late(struct planner *p)
{
	for (size_t i = 0; i < p->want->n_devices && !p->plan->is_partial; i++) {
		const struct wanted *w = &p->want->devices[i];

		if (w->parent && (w->m.autostart || find_running(p, w->m.uuid)) && strchr(w->parent, ':') &&
		    !is_there(p, w->parent))
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
		const struct mdev *running = find_running(p, p->open[i]->m.uuid);

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
		note(p, "what is to be where there is no room yet is put there once there is");
	room_done(&p->room);
	free(p->open);
}
