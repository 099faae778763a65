/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From options to a parent and a type.
 */
#include "cmd/choice.h"
#include "cmd/cmd.h"
#include "cmd/pin.h"
#include "device/bus.h"
#include "device/match.h"
#include "hardware/vgpu-type.h"
#include "lib/lock.h"

#include <fcntl.h>

/* How long another start of the same name, or of the same pool, is waited for. */
#define LOCK_MS 60000
/* What we hold while scripts run, for those that run this program in turn: they would wait
 * for us, and we for them. */
#define HELD_NAME "MDEVCTL_HOLDS_NAME"
#define HELD_CHOICE "MDEVCTL_HOLDS_CHOICE"
/* So many rows of the table of reasons are read. */
#define ROWS_MAX 24

#define CHOICES (O(NEED) | O(NUMA) | O(POLICY) | O(POOL))

const char *choice_label(const struct args *a)
{
	return has(a, O_DEVICE) ? a->uuid : "a device";
}

static int read_pool(struct choice *c)
{
	const char *name = c->a->value[OPT_POOL];
	_cleanup_(error_done) struct error error = {};
	_cleanup_(strv_done) struct strv names = {}, problems = {};
	_cleanup_free_ char *all = NULL;
	int r = config_read_pool(c->h, name, &c->pool, &error);

	if (r == 0)
		return 0;
	if (r != -ENOENT)
		return fail("%s %s: %s", c->what, choice_label(c->a), error.text);
	config_list_pools(c->h, &names, &problems);
	all = strv_join(&names, 8);
	return fail("%s %s: there is no pool '%s'; %s%s", c->what, choice_label(c->a), name,
		    names.n ? "there are " : "'mdevctl define-pool' makes one", all);
}

int choice_begin(struct choice *c, const struct host *h, const struct args *a, const char *what,
		 bool transient)
{
	const char *parent = a->value[OPT_PARENT], *type = a->value[OPT_TYPE];
	int r;

	*c = (struct choice){ .h = h, .a = a, .what = what, .pool = NO_POOL, .lock = -1 };
	r = has(a, O(POOL)) ? read_pool(c) : 0;
	if (r < 0)
		return r;
	c->is_narrow = has(a, CHOICES) || (parent && is_pattern(parent));
	c->is_open = c->is_narrow || !parent;
	c->pool.wish.kind.type = type ? str_intern(type) : NULL;
	c->pool.wish.parent = parent;
	c->pool.wish.is_transient = transient;
	for (size_t i = 0; i < a->n_needs; i++)
		needs_add(&c->pool.wish.kind.needs, a->needs[i]);
	if (has(a, O(NUMA)))
		c->pool.wish.nodes[1] = a->numa;
	if (has(a, O(POLICY)))
		c->pool.wish.policy = a->policy;
	return 0;
}

void choice_end(struct choice *c)
{
	pool_done(&c->pool);
	scan_done(&c->scan);
	closep(&c->lock);
	c->lock = -1;
}

bool choice_asks(const struct choice *c)
{
	return c->pool.wish.kind.type || has(c->a, O(PARENT) | O(NEED) | O(NUMA) | O(POOL));
}

/* In the right width, for people. */
static void tell_reasons(const struct reasons *reasons)
{
	_cleanup_(strv_done) struct strv names = {};
	int width = (int)strlen("PARENT");

	for (size_t i = 0; i < reasons->n; i++) {
		const struct reason *r = &reasons->r[i];

		strv_add(&names, r->n > 1 ? xasprintf("%s and %zu more", r->parent, r->n - 1) : xstrdup(r->parent));
		if (i < ROWS_MAX && (int)strlen(names.s[i]) > width)
			width = (int)strlen(names.s[i]);
	}
	fail_more("%-*s  FREE  WHY NOT", width, "PARENT");
	for (size_t i = 0; i < reasons->n && i < ROWS_MAX; i++)
		fail_more("%-*s  %4ld  %s", width, names.s[i], reasons->r[i].free, reasons->r[i].why);
	if (reasons->n > ROWS_MAX)
		fail_more("and %zu more", reasons->n - ROWS_MAX);
}

static int fail_without_parents(struct choice *c, const char *wanted)
{
	_cleanup_(strv_done) struct strv parents = {};
	_cleanup_free_ char *names = NULL;
	const char *asked = c->pool.wish.parent;

	bus_list_parents(c->h, &parents);
	names = strv_join(&parents, 8);
	if (!parents.n)
		return fail("%s %s: no parent device offers any type; 'mdevctl doctor' tells why", c->what,
			    choice_label(c->a));
	if (asked)
		return fail("%s %s: no parent that is named '%s' could have %s; there are %s", c->what,
			    choice_label(c->a), asked, wanted, names);
	return fail("%s %s: pool %s names none of this host's parents, which are %s", c->what,
		    choice_label(c->a), c->pool.name, names);
}

static int fail_nothing_fits(struct choice *c)
{
	_cleanup_(reasons_done) struct reasons reasons = {};
	const struct kind *kind = &c->pool.wish.kind;
	const char *pool = c->pool.name;
	bool of_pool = pool && !kind->type && !kind->needs.n;
	_cleanup_free_ char *wanted = of_pool ? xstrdup("a type") : kind_text(kind);

	/* What runs is asked for only to be told. */
	scan_host(&c->scan, c->h, &c->pool.wish, NULL, true);
	place_tell(&c->scan, c->h, &c->pool.wish, &reasons);
	if (!reasons.n)
		return fail_without_parents(c, wanted);
	fail("%s %s: no parent has %s%s%s free%s", c->what, choice_label(c->a), wanted,
	     pool ? " of pool " : "", pool ? pool : "",
	     c->pool.wish.policy == POLICY_SEPARATE ? " on a card without it" : "");
	tell_reasons(&reasons);
	return -ECANCELED;
}

int choice_lock_host(const struct host *h, unsigned ms)
{
	_cleanup_close_ int dir = host_openf(h, O_RDONLY | O_DIRECTORY, "sys");
	/* A script of ours would wait for us, and we for it. */
	int lock = secure_getenv(HELD_CHOICE) ? -EDEADLK : dir < 0 ? dir : lock_take(h, "choice", dir, ms);

	if (lock >= 0)
		setenv(HELD_CHOICE, "1", 1);
	return lock;
}

/*
 * What the kernel does not count: devices of a limited pool, cards without a device of a
 * type, what is promised to definitions.  So that two do not take the last of it.
 */
static int lock_choice(struct choice *c)
{
	if (has(c->a, O(DRY_RUN)) || c->lock >= 0 || secure_getenv(HELD_CHOICE))
		return 0;
	if (!c->pool.limit && c->pool.wish.policy != POLICY_SEPARATE && c->pool.wish.is_transient)
		return 0;
	c->lock = choice_lock_host(c->h, LOCK_MS);
	if (c->lock == -EINTR)
		return fail("%s %s: interrupted while another process chose", c->what, choice_label(c->a));
	if (c->lock == -ETIMEDOUT)
		return fail("%s %s: another process has been choosing for %d s", c->what, choice_label(c->a),
			    LOCK_MS / 1000);
	if (c->lock < 0)
		debug("going on without a lock of the choice: %s", strerror(-c->lock));
	return 0;
}

static int check_limit(struct choice *c)
{
	_cleanup_(pool_use_done) struct pool_use use = {};
	struct wish narrowed = c->pool.wish;

	/* What the options add does not make the pool smaller. */
	c->pool.wish.kind = (struct kind){};
	c->pool.wish.parent = NULL;
	c->pool.wish.nodes[1] = ANY_NODE;
	place_count_pool(&c->scan, &c->pool, &use);
	c->pool.wish = narrowed;
	if (use.used < c->pool.limit)
		return 0;
	return fail("%s %s: pool %s has %zu devices, and is limited to %zu: %zu run, %zu are defined; stop or undefine one, or raise its limit",
		    c->what, choice_label(c->a), c->pool.name, use.used, c->pool.limit, use.running,
		    use.defined);
}

static int choose(struct choice *c)
{
	_cleanup_(error_done) struct error error = {};
	size_t limit = c->pool.limit;
	int r = lock_choice(c);

	if (r < 0)
		return r;
	r = scan_host(&c->scan, c->h, &c->pool.wish, NULL, limit);
	if (r < 0)
		return fail_errno(r, "%s %s: cannot list the parent devices", c->what, choice_label(c->a));
	r = limit ? check_limit(c) : 0;
	if (r < 0)
		return r;
	r = place_choose(&c->scan, &c->pool.wish, &c->place, &error);
	if (r == -ENOENT)
		return fail_nothing_fits(c);
	return r < 0 ? fail("%s %s: %s", c->what, choice_label(c->a), error.text) : 0;
}

void choice_ask_for(struct choice *c, const struct mdev *file)
{
	const char *name = mdev_key(file, KEY_TYPE_NAME);

	c->pool.wish.kind.type = name ? str_intern(name) : file->type;
}

void choice_set_pool(const struct choice *c, struct mdev *m)
{
	if (!c->pool.name)
		return;
	mdev_set_key(m, KEY_POOL, c->pool.name);
	if (!m->n_attrs)
		mdev_copy_attrs(m, &c->pool.like);
}

int choice_make(struct choice *c, struct mdev *m)
{
	int r;

	if (!c->is_open)
		return c->a->value[OPT_TYPE] ? choice_set_type(c->h, c->a, m, c->what) : 0;
	r = choose(c);
	if (r < 0)
		return r;
	debug("%s on %s is chosen", c->place.type, c->place.parent);
	m->parent = c->place.parent;
	m->type = c->place.type;
	mdev_set_key(m, KEY_TYPE_NAME, c->place.type_name);
	choice_set_pool(c, m);
	return 0;
}

bool choice_goes_on(struct choice *c, const struct mdev *m, int r)
{
	if (!c->is_open || !place_is_lost(r))
		return false;
	info("%s could not have %s after all: %s", m->parent, m->type, strerror(-r));
	scan_refuse(&c->scan, c->place.parent, c->place.type, r);
	return true;
}

int choice_check(struct choice *c, const struct mdev *m, const char *state)
{
	_cleanup_(error_done) struct error differs = {};
	const char *pool = mdev_key(m, KEY_POOL);

	if (!choice_asks(c))
		return 0;
	if (pool && c->pool.name && !str_eq(pool, c->pool.name))
		return fail("%s %s: it is %s already, and otherwise than asked: it is of pool %s, not of pool %s",
			    c->what, m->uuid, state, pool, c->pool.name);
	scan_host(&c->scan, c->h, &c->pool.wish, m->parent, false);
	if (place_allows(&c->scan, &c->pool.wish, m, &differs))
		return 0;
	return fail("%s %s: it is %s already, and otherwise than asked: %s", c->what, m->uuid, state,
		    differs.text);
}

static char *list_attrs(const struct mdev *m)
{
	_cleanup_(strv_done) struct strv attrs = {};

	for (size_t i = 0; i < m->n_attrs; i++)
		strv_add(&attrs, xasprintf("%s=%s", m->attrs[i].name, m->attrs[i].value));
	return m->n_attrs ? strv_join(&attrs, 5) : xstrdup("none");
}

int choice_check_same(struct choice *c, const struct mdev *m, const struct mdev *wanted, bool to_define)
{
	const char *pool = mdev_key(m, KEY_POOL), *wanted_pool = c->pool.name;
	_cleanup_free_ char *has_attrs = list_attrs(m), *wants_attrs = list_attrs(wanted), *differs = NULL;

	if (!mdev_has_same_attrs(m, wanted))
		differs = xasprintf("its attributes are %s, not %s", has_attrs, wants_attrs);
	else if (to_define && m->autostart != wanted->autostart)
		differs = xasprintf("it is %s, not %s", m->autostart ? "auto" : "manual",
				    wanted->autostart ? "auto" : "manual");
	else if (to_define && !str_eq(pool ? pool : "", wanted_pool ? wanted_pool : ""))
		differs = xasprintf("it is of %s%s, not of %s%s", pool ? "pool " : "no pool", pool ? pool : "",
				    wanted_pool ? "pool " : "none", wanted_pool ? wanted_pool : "");
	else if (to_define && has(c->a, O(PIN)) && !mdev_key(m, KEY_TYPE_DESCRIPTION))
		differs = xstrdup("it is not pinned; 'mdevctl modify --pin' does that");
	if (differs)
		return fail("%s %s: it is defined already, and otherwise than asked: %s", c->what, m->uuid,
			    differs);
	return choice_check(c, m, "defined");
}

int choice_set_type(const struct host *h, const struct args *a, struct mdev *m, const char *what)
{
	const char *text = a->value[OPT_TYPE];
	_cleanup_(error_done) struct error error = {};
	_cleanup_(scan_done) struct scan scan = {};
	struct place place = {};
	/* NVIDIA's ids are numbers, which no name looks like. */
	bool is_id = vgpu_type_id(text) || (!name_problem(text) && bus_has_type(h, m->parent, text));
	int r = 0;

	if (!is_id) {
		bus_list_types(h, m->parent, 0, &scan.types);
		mdev_type_list_sort(&scan.types);
		r = place_find_type(&scan, m->parent, text, &place, &error);
	}
	if (r < 0 && error.text)
		return fail("%s %s: %s", what, choice_label(a), error.text);
	/* What is stored is an id, or can become one. */
	if (!place.type && name_problem(text))
		return fail("%s %s: %s offers no type of the name '%s'", what, choice_label(a), m->parent, text);
	m->type = place.type ? place.type : str_intern(text);
	/* Of a name the id can be told only once the parent is there. */
	mdev_set_key(m, KEY_TYPE_NAME, place.type_name ? place.type_name : !is_id && match_is_name(m->type) ? text : NULL);
	return 0;
}

int choice_settle_type(const struct host *h, struct mdev *m, bool strict, const char *what)
{
	_cleanup_(error_done) struct error error = {};
	const char *before = m->type, *name = mdev_key(m, KEY_TYPE_NAME);
	int r = place_settle_type(h, m, &error);

	if (r < 0)
		return fail("%s %s: %s", what, m->uuid, error.text);
	if (r > 0)
		notice("%s is of type %s now, which is '%s'; it was %s when it was defined", m->uuid, m->type,
		       name ? name : before, before);
	return pin_check(h, m, strict, what);
}

int choice_lock_name(const struct host *h, const struct args *a, int *ret_lock)
{
	/* Lock files stay: some for all names, rather than one for each. */
	_cleanup_free_ char *name = xasprintf("name-%.2s", a->uuid);
	int lock = secure_getenv(HELD_NAME) ? -EDEADLK : lock_take(h, name, h->root_fd, LOCK_MS);

	if (lock == -EINTR)
		return fail("cannot start %s: interrupted while another process started it", a->uuid);
	/* The kernel still sees to it that there is no second mediated device of the UUID. */
	if (lock < 0)
		debug("going on without a lock of the name: %s", strerror(-lock));
	else
		*ret_lock = lock;
	if (lock >= 0)
		setenv(HELD_NAME, a->uuid, 1);
	return 0;
}
