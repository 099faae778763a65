/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The planner alone, on random pairs of a host in memory and what that is to be: the same
 * two give the same plan; its steps can be taken in their order, and lead to what is wanted;
 * then there are none.  Where types do not share places, what is planned fits, and what is
 * refused does not.  Killed at some step, the next one reaches the same.
 *
 *	plan [SEED [PAIRS]]
 *	plan SEED:PAIR	one alone
 */
#include "device/plan.h"

#include <fnmatch.h>
#include <limits.h>

#define PARENTS 4
#define TYPES 2
#define DEVICES_MAX 64

/* A parent of the simulated host; each type takes cost[type] of its units. */
struct parent {
	const char *name;
	long units, cost[TYPES];
	bool exclusive;
};

struct device {
	const char *parent, *type;
	char uuid[UUID_LEN + 1];
	bool is_unfinished; /* its start was killed before it had all of its attributes */
};

struct model {
	struct parent parents[PARENTS];
	struct mdev_list defined;
	struct device running[DEVICES_MAX];
	size_t n_running;
	struct strv stopped; /* marks: to be started again */
	bool is_plain; /* each type has places of its own */
};

static struct model copy_model(const struct model *h)
{
	struct model copy = *h;

	copy.defined = (struct mdev_list){};
	copy.stopped = (struct strv){};
	for (size_t i = 0; i < h->defined.n; i++) {
		struct mdev m = mdev_copy(&h->defined.m[i]);

		mdev_list_take(&copy.defined, &m);
	}
	for (size_t i = 0; i < h->stopped.n; i++)
		strv_add(&copy.stopped, xstrdup(h->stopped.s[i]));
	return copy;
}

static void model_done(struct model *h)
{
	mdev_list_done(&h->defined);
	strv_done(&h->stopped);
}

static uint64_t state;
static unsigned long pair;
static const char *document;
static bool is_verbose; /* of one pair everything is told */

static _Noreturn void broken(const char *promise, int line)
{
	printf("tests/property/plan.c:%d: pair %lu: broken: %s\n%s\n", line, pair, promise, document ? document : "");
	exit(EXIT_FAILURE);
}
#define must(promise) ((promise) ? (void)0 : broken(#promise, __LINE__))

static unsigned rnd(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static const char *const parent_names[PARENTS + 1] = { "card-a", "card-b", "dock-c", "dock-d", "gone-e" };
static const char *const type_ids[TYPES] = { "t-1", "t-2" };
static const char *const type_names[TYPES] = { "Small One", "Large Two" };
static const char *const names[] = { "vm1", "vm2", "vm3", "web-1", "web-2", "web-3", "11111111-1111-4111-8111-111111111111",
				     "22222222-2222-4222-8222-222222222222" };

#define ATTRS "[{\"speed\": \"3\"}]"

static void uuid_of_key(const char *key, char ret_uuid[UUID_LEN + 1])
{
	if (!uuid_normalise(key, ret_uuid))
		uuid_of_name(key, ret_uuid);
}

static struct parent *find_parent(struct model *h, const char *name)
{
	for (size_t i = 0; i < PARENTS; i++)
		if (str_eq(h->parents[i].name, name))
			return &h->parents[i];
	return NULL;
}

static size_t number_of_type(const char *type)
{
	return str_eq(type, type_ids[1]);
}

static long available(struct model *h, const struct parent *p, size_t type)
{
	long left = p->units;

	for (size_t i = 0; i < h->n_running; i++) {
		if (!str_eq(h->running[i].parent, p->name) || (h->is_plain && !str_eq(h->running[i].type, type_ids[type])))
			continue;
		if (p->exclusive && !str_eq(h->running[i].type, type_ids[type]))
			return 0;
		left -= p->cost[number_of_type(h->running[i].type)];
	}
	return left / p->cost[type];
}

static struct device *find_running(struct model *h, const char *uuid)
{
	for (size_t i = 0; i < h->n_running; i++)
		if (str_eq(h->running[i].uuid, uuid))
			return &h->running[i];
	return NULL;
}

/* False: the driver says no. */
static bool model_start(struct model *h, const char *parent, const char *type, const char *uuid)
{
	const struct parent *p = find_parent(h, parent);
	struct device *d;

	if (!p || find_running(h, uuid) || available(h, p, number_of_type(type)) < 1)
		return false;
	d = &h->running[h->n_running++];
	*d = (struct device){ .parent = p->name, .type = type_ids[number_of_type(type)] };
	memcpy(d->uuid, uuid, sizeof(d->uuid));
	return true;
}

static struct mdev *find_definition(struct model *h, const char *parent, const char *uuid)
{
	for (size_t i = 0; i < h->defined.n; i++)
		if (str_eq(h->defined.m[i].uuid, uuid) && (!parent || str_eq(h->defined.m[i].parent, parent)))
			return &h->defined.m[i];
	return NULL;
}

static void random_definition(struct model *h, const char *key)
{
	struct mdev m = { .parent = str_intern(parent_names[rnd(PARENTS + 1)]), .type = str_intern(type_ids[rnd(TYPES)]) };

	uuid_of_key(key, m.uuid);
	m.autostart = rnd(2);
	if (rnd(2))
		must(mdev_attrs_from_json(&m, ATTRS, strlen(ATTRS), "attributes", NULL) == 0);
	if (*key > '9')
		mdev_set_key(&m, KEY_NAME, key);
	if (rnd(4) == 0)
		mdev_set_key(&m, KEY_TYPE_NAME, type_names[number_of_type(m.type)]);
	if (rnd(2))
		model_start(h, m.parent, m.type, m.uuid);
	mdev_list_take(&h->defined, &m);
}

static void random_host(struct model *h)
{
	h->is_plain = rnd(2);
	for (size_t i = 0; i < PARENTS; i++)
		h->parents[i] = (struct parent){
			.name = parent_names[i],
			.units = 1 + (long)rnd(5),
			.cost = { 1, h->is_plain ? 1 : 2 },
			.exclusive = !h->is_plain && rnd(2),
		};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (rnd(2))
			random_definition(h, names[i]);
	for (unsigned n = rnd(3); n > 0; n--) {
		char uuid[UUID_LEN + 1];
		_cleanup_free_ char *other = xasprintf("other-%u", n);

		uuid_of_name(rnd(3) ? other : "vm2", uuid);
		model_start(h, parent_names[rnd(PARENTS)], type_ids[rnd(TYPES)], uuid);
	}
}

/* "PARENT": [{"KEY": {...}}], ... of keys that nobody else is asked for by. */
static char *random_document(bool *ret_plain)
{
	json_t *devices = json_object();
	json_auto_t *all = json_pack("[o]", devices);
	bool only_parents = rnd(2), is_max = false;
	unsigned count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		bool is_family = i == 3 && rnd(3) == 0;
		const char *where = only_parents || rnd(2) ? parent_names[rnd(PARENTS + 1)] :
				    (const char *[]){ "card-*", "*", "dock-?" }[rnd(3)];
		json_t *d, *list;

		if (rnd(2) && !is_family)
			continue;
		d = json_pack("{s:s, s:s, s:o}", "mdev_type", (rnd(2) ? type_ids : type_names)[rnd(TYPES)], "start",
			      rnd(2) ? "auto" : "manual", "attrs", rnd(2) ? json_loads(ATTRS, 0, NULL) : json_array());
		if (is_family) {
			count = rnd(4);
			is_max = !count;
			json_object_set_new(d, "count", count ? json_integer(count) : json_string("max"));
		}
		list = json_object_get(devices, where);
		if (!list) {
			list = json_array();
			json_object_set_new(devices, where, list);
		}
		json_array_append_new(list, json_pack("{s:o}", is_family ? "web" : names[i], d));
		if (is_family)
			i = 5;
	}
	*ret_plain = only_parents && !is_max;
	return json_dumps(all, JSON_COMPACT);
}

static void add_type(struct model *h, const struct parent *p, size_t type, struct survey *s)
{
	struct mdev_type t = {
		.parent = xstrdup(p->name),
		.id = xstrdup(type_ids[type]),
		.name = xstrdup(type_names[type]),
		.available = available(h, p, type),
	};

	mdev_type_list_take(&s->scan.types, &t);
}

/* What survey_host() would see. */
static void look(struct model *h, struct survey *s)
{
	*s = (struct survey){ .has_types = true, .one_place = xcalloc(PARENTS, sizeof(*s->one_place)) };
	s->scan.parents = xcalloc(PARENTS, sizeof(*s->scan.parents));
	for (size_t i = 0; i < PARENTS; i++) {
		const struct parent *p = &h->parents[i];

		for (size_t type = 0; type < TYPES; type++)
			add_type(h, p, type, s);
		s->scan.parents[s->scan.n_parents++] = (struct place_parent){ .name = p->name, .card = p->name, .node = ANY_NODE };
		strv_add(&s->parents, xstrdup(p->name));
	}
	for (size_t i = 0; i < h->defined.n; i++) {
		struct mdev m = mdev_copy(&h->defined.m[i]);
		const struct device *d = find_running(h, m.uuid);

		m.defined = true;
		m.active = d && str_eq(d->parent, m.parent);
		mdev_list_take(&s->scan.defined, &m);
	}
	for (size_t i = 0; i < h->n_running; i++) {
		struct mdev m = { .parent = h->running[i].parent, .type = h->running[i].type, .active = true };

		memcpy(m.uuid, h->running[i].uuid, sizeof(m.uuid));
		mdev_list_take(&s->scan.running, &m);
		if (h->running[i].is_unfinished)
			strv_add(&s->unfinished, xstrdup(h->running[i].uuid));
	}
	for (size_t i = 0; i < h->stopped.n; i++)
		strv_add(&s->stopped, xstrdup(h->stopped.s[i]));
	mdev_list_sort(&s->scan.defined);
	mdev_list_sort(&s->scan.running);
}

static void show_step(const char *what, const struct step *s)
{
	if (is_verbose)
		printf("%s: %d %s %s %s\n", what, s->kind, s->label, s->m.parent, s->m.type);
}

static void show_survey(const struct model *h, const struct survey *now, const struct strv *problems)
{
	for (size_t i = 0; is_verbose && i < now->scan.types.n; i++)
		printf("free: %s %s %ld\n", now->scan.types.t[i].parent, now->scan.types.t[i].id, now->scan.types.t[i].available);
	for (size_t i = 0; is_verbose && i < h->n_running; i++)
		printf("runs: %s %s %s\n", h->running[i].uuid, h->running[i].parent, h->running[i].type);
	for (size_t i = 0; is_verbose && i < problems->n; i++)
		printf("problem: %s\n", problems->s[i]);
}

static void unmark(struct model *h, const char *uuid)
{
	for (size_t i = 0; i < h->stopped.n; i++)
		if (str_eq(h->stopped.s[i], uuid)) {
			free(h->stopped.s[i]);
			h->stopped.s[i--] = h->stopped.s[--h->stopped.n];
		}
}

static void stop(struct model *h, const struct step *s, struct strv *stopped)
{
	struct device *d = find_running(h, s->m.uuid);

	must(d && str_eq(d->parent, s->m.parent) && str_eq(d->type, s->m.type));
	*d = h->running[--h->n_running];
	unmark(h, s->m.uuid);
	if (s->wanted) {
		strv_add(stopped, xstrdup(s->m.uuid));
		strv_add(&h->stopped, xstrdup(s->m.uuid));
	}
}

static void write_definition(struct model *h, const struct step *s)
{
	struct mdev *d = find_definition(h, s->m.parent, s->m.uuid), m = mdev_copy(&s->m);

	must(!d == (s->kind == STEP_DEFINE));
	must(!find_parent(h, m.parent) || number_of_type(m.type) || str_eq(m.type, type_ids[0]));
	if (d) {
		mdev_done(d);
		*d = m;
	} else {
		mdev_list_take(&h->defined, &m);
	}
}

static void undefine(struct model *h, const struct step *s)
{
	struct mdev *d = find_definition(h, s->m.parent, s->m.uuid);

	must(d);
	mdev_done(d);
	*d = h->defined.m[--h->defined.n];
}

/* False: the driver has no room for it. */
static bool take_step(struct model *h, const struct step *s, struct strv *stopped)
{
	show_step("step", s);
	switch (s->kind) {
	case STEP_STOP:
		stop(h, s, stopped);
		return true;
	case STEP_UNDEFINE:
	case STEP_LEAVE:
		undefine(h, s);
		return true;
	case STEP_DEFINE:
	case STEP_MODIFY:
		write_definition(h, s);
		return true;
	default:
		must(s->kind == STEP_START);
		must(find_definition(h, s->m.parent, s->m.uuid));
		if (model_start(h, s->m.parent, s->m.type, s->m.uuid)) {
			unmark(h, s->m.uuid);
			return true;
		}
		if (s->is_optional)
			undefine(h, s);
		return s->is_optional;
	}
}

static void must_be_same(const struct plan *a, const struct plan *b)
{
	must(a->n == b->n && a->notes.n == b->notes.n && a->is_partial == b->is_partial && a->n_as_wanted == b->n_as_wanted);
	for (size_t i = 0; i < a->n; i++)
		must(a->s[i].kind == b->s[i].kind && str_eq(a->s[i].m.uuid, b->s[i].m.uuid) && a->s[i].m.parent == b->s[i].m.parent &&
		     a->s[i].m.type == b->s[i].m.type);
}

static void must_be_in_order(const struct plan *plan)
{
	for (size_t i = 1; i < plan->n; i++)
		must(plan->s[i - 1].kind <= plan->s[i].kind);
}

static void make_plan(struct plan *plan, const struct blueprint *want, const struct survey *now, const struct plan_options *options,
		      struct strv *problems)
{
	_cleanup_(strv_done) struct strv again = {};
	struct plan second;

	plan_make(plan, want, now, options, problems);
	plan_make(&second, want, now, options, &again);
	must(problems->n == again.n);
	must_be_same(plan, &second);
	must_be_in_order(plan);
	plan_done(&second);
}

static const struct wanted *find_wanted(const struct blueprint *want, const char *uuid, const char *parent)
{
	for (size_t i = 0; i < want->n_devices; i++) {
		const struct wanted *w = &want->devices[i];

		if (!w->is_rest && str_eq(w->m.uuid, uuid) && (!parent || !w->parent || str_eq(w->parent, parent)))
			return w;
	}
	return NULL;
}

static void check_device(struct model *h, const struct wanted *w, bool restart)
{
	const struct mdev *d = find_definition(h, w->parent, w->m.uuid);
	const struct device *running = find_running(h, w->m.uuid);
	const char *name;

	must(d);
	name = mdev_key(d, KEY_TYPE_NAME);
	must(d->autostart == w->m.autostart);
	must(!w->pattern || fnmatch(w->pattern, d->parent, 0) == 0);
	must(str_eq(d->type, w->type) || (name && str_eq(name, w->type)) ||
	     str_eq(type_names[number_of_type(d->type)], w->type));
	must(!(d->autostart && find_parent(h, d->parent)) || running);
	if (!running || !restart || !find_parent(h, d->parent) || find_definition(h, running->parent, w->m.uuid) != d)
		return;
	must(str_eq(running->parent, d->parent) && str_eq(running->type, d->type));
}

/* What was stopped, by this one or by one that was killed, is there again, with all of its attributes. */
static void check_running(struct model *before, struct model *h, const struct blueprint *want)
{
	for (size_t i = 0; i < before->n_running; i++) {
		const struct wanted *w = find_wanted(want, before->running[i].uuid, NULL);

		must(!w || find_running(h, before->running[i].uuid));
	}
	for (size_t i = 0; i < h->n_running; i++) {
		const struct device *d = &h->running[i];
		const struct wanted *w = find_wanted(want, d->uuid, d->parent);
		const struct mdev *m = find_definition(h, d->parent, d->uuid);

		must(!d->is_unfinished || !w || !m || !m->n_attrs);
	}
}

static void check_reached(struct model *h, const struct blueprint *want, const struct plan_options *options)
{
	for (size_t i = 0; i < want->n_devices; i++)
		if (!want->devices[i].is_rest)
			check_device(h, &want->devices[i], options->restart);
	for (size_t i = 0; i < h->defined.n && options->prune && !want->families.n; i++)
		must(find_wanted(want, h->defined.m[i].uuid, h->defined.m[i].parent) || !strv_has(&want->parents, h->defined.m[i].parent));
}

static size_t number_wanted(const struct wanted *w)
{
	return str_eq(w->type, type_ids[1]) || str_eq(w->type, type_names[1]);
}

/* Whether everything that is to run beside what stays has a place, on parents that the document names. */
static bool is_room(struct model *h, const struct blueprint *want, const struct plan_options *options)
{
	for (size_t i = 0; i < PARENTS * TYPES; i++) {
		const struct parent *p = &h->parents[i / TYPES];
		size_t type = i % TYPES;
		long left = p->units;

		for (size_t j = 0; j < h->n_running; j++) {
			const struct device *d = &h->running[j];
			const struct wanted *w = find_wanted(want, d->uuid, NULL);
			bool goes = w ? options->restart && find_parent(h, w->parent) : options->prune && strv_has(&want->parents, d->parent) &&
							   find_definition(h, d->parent, d->uuid);

			if (w && !w->is_named && !str_eq(w->parent, d->parent) && find_definition(h, d->parent, d->uuid))
				return false;
			left -= str_eq(d->parent, p->name) && number_of_type(d->type) == type && !goes;
		}
		for (size_t j = 0; j < want->n_devices; j++) {
			const struct wanted *w = &want->devices[j];
			const struct device *d = find_running(h, w->m.uuid);

			left -= str_eq(w->parent, p->name) && number_wanted(w) == type && (w->m.autostart || d) && (!d || options->restart);
		}
		if (left < 0)
			return false;
	}
	return true;
}

/* It dies before a step, or in the middle of it, once @left are taken. */
static bool is_killed(struct model *h, const struct step *s, unsigned *left)
{
	struct device *d;

	if ((*left)--)
		return false;
	if (s->kind != STEP_START || !rnd(2) || !model_start(h, s->m.parent, s->m.type, s->m.uuid))
		return true;
	d = find_running(h, s->m.uuid);
	d->is_unfinished = s->m.n_attrs;
	return true;
}

/* What one that applies does with it, until it is killed after so many steps; false: not everything had room. */
static bool carry_out(struct model *h, const struct blueprint *want, struct plan_options *options, unsigned *steps, bool *ret_refused)
{
	_cleanup_(strv_done) struct strv stopped = {}, problems = {};
	bool fits = true, is_partial = true, killed = false;

	*ret_refused = false;
	for (int round = 0; round < 2 && is_partial && !killed; round++) {
		struct survey now;
		struct plan plan;

		look(h, &now);
		options->is_rest = round;
		options->stopped = &stopped;
		make_plan(&plan, want, &now, options, &problems);
		show_survey(h, &now, &problems);
		is_partial = plan.is_partial && !problems.n;
		must(!round || !is_partial);
		*ret_refused |= !round && problems.n;
		fits = fits && !problems.n;
		for (size_t i = 0; i < plan.n && fits && !killed; i++)
			if (!is_partial || plan.s[i].kind < STEP_DEFINE) {
				killed = is_killed(h, &plan.s[i], steps);
				fits = killed || take_step(h, &plan.s[i], &stopped);
			}
		plan_done(&plan);
		survey_done(&now);
	}
	options->stopped = NULL;
	options->is_rest = false;
	return fits;
}

static void must_have_nothing_to_do(struct model *h, const struct blueprint *want, const struct plan_options *options)
{
	_cleanup_(strv_done) struct strv problems = {};
	struct survey now;
	struct plan plan;

	look(h, &now);
	make_plan(&plan, want, &now, options, &problems);
	for (size_t i = 0; i < plan.n; i++)
		show_step("again", &plan.s[i]);
	must(!problems.n && !plan.n);
	plan_done(&plan);
	survey_done(&now);
}

static void must_be_reached(struct model *before, struct model *h, const struct blueprint *want, const struct plan_options *options)
{
	check_reached(h, want, options);
	if (!options->prune)
		check_running(before, h, want);
	must_have_nothing_to_do(h, want, options);
}

/* Killed after some of so many steps, it is run again. */
static void check_kill(const struct model *before, const struct blueprint *want, struct plan_options *options, unsigned n, bool is_explicit)
{
	struct model first = copy_model(before), h = copy_model(before);
	unsigned steps = rnd(n), all = UINT_MAX;
	bool refused, fits;

	if (is_verbose)
		printf("killed after %u of %u\n", steps, n);
	must(carry_out(&h, want, options, &steps, &refused));
	/* Where types share places, who starts may have to try elsewhere; and what is chosen in another order may
	 * leave no room for the last. */
	fits = carry_out(&h, want, options, &all, &refused);
	must(fits || !before->is_plain || !is_explicit);
	if (fits)
		must_be_reached(&first, &h, want, options);
	model_done(&first);
	model_done(&h);
}

static bool asks_for_max(const struct blueprint *want)
{
	for (size_t i = 0; i < want->n_devices; i++)
		if (want->devices[i].is_rest)
			return true;
	return false;
}

enum outcome { REACHED, REFUSED, NO_ROOM, N_OUTCOMES };

static enum outcome check_pair(void)
{
	struct plan_options options = { .prune = rnd(2), .restart = rnd(2) };
	_cleanup_(strv_done) struct strv problems = {};
	bool is_explicit, refused, room, fits;
	struct model h = {}, before;
	unsigned left = UINT_MAX;
	struct blueprint want;
	char *text;

	random_host(&h);
	document = text = random_document(&is_explicit);
	blueprint_read(&want, text, strlen(text), "document", &problems);
	must(!problems.n);
	room = is_explicit && h.is_plain && is_room(&h, &want, &options);
	before = copy_model(&h);
	fits = carry_out(&h, &want, &options, &left, &refused);
	must(fits || !room);
	must(fits || refused || !h.is_plain || options.restart || options.prune);
	if (fits)
		must_be_reached(&before, &h, &want, &options);
	/* Of "as many as fit" the definitions alone tell who there is, also those that move. */
	if (fits && left != UINT_MAX && !asks_for_max(&want))
		check_kill(&before, &want, &options, UINT_MAX - left, is_explicit);
	blueprint_done(&want);
	model_done(&before);
	model_done(&h);
	return fits ? REACHED : refused ? REFUSED : NO_ROOM;
}

int main(int argc, char **argv)
{
	unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1, pairs = argc > 2 ? strtoul(argv[2], NULL, 10) : 4000, only = 0;
	size_t counts[N_OUTCOMES] = {};
	const char *colon = argc > 1 ? strchr(argv[1], ':') : NULL;

	json_set_alloc_funcs(xmalloc, free);
	is_verbose = colon;
	if (colon)
		only = pairs = strtoul(colon + 1, NULL, 10);
	for (pair = colon ? only : 1; pair <= pairs; pair++) {
		state = (seed * 1000003 + pair) * UINT64_C(0x9e3779b97f4a7c15) | 1;
		for (int i = 0; i < 8; i++)
			rnd(2);
		counts[check_pair()]++;
	}
	printf("seed %lu: %zu reached, %zu refused, %zu without room\n", seed, counts[REACHED], counts[REFUSED], counts[NO_ROOM]);
	return colon || counts[REACHED] * 3 > pairs ? EXIT_SUCCESS : EXIT_FAILURE;
}
