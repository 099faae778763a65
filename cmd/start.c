/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start: make a device run; one that has a name is found, or else made.
 */
#include "cli/output.h"
#include "cmd/choice.h"
#include "cmd/cmd.h"
#include "cmd/like.h"
#include "cmd/pin.h"
#include "config.h"
#include "device/activate.h"
#include "device/bus.h"
#include "device/explain.h"
#include "script/callout.h"

/* What is asked, and how far it has come. */
struct request {
	const struct host *h;
	const struct args *a;
	struct choice choice;
	struct mdev file; /* what --jsonfile says */
	const struct document *like; /* what --like says, or NULL */
	bool is_defined; /* and that is what is started */
	bool is_made; /* it runs, whatever failed after that */
	int lost; /* why the last try failed, if another parent may do; else 0 */
};

static bool is_asked_by_name(const struct request *q)
{
	return has(q->a, O(NAME));
}

static int check_against_definition(struct request *q, const struct mdev *m)
{
	const char *type = q->a->value[OPT_TYPE];
	_cleanup_(error_done) struct error differs = {};

	if (is_asked_by_name(q) || q->choice.is_narrow)
		return choice_check(&q->choice, m, "defined");
	if (!type || str_eq(type, m->type))
		return 0;
	scan_host(&q->choice.scan, q->h, &q->choice.pool.wish, m->parent, false);
	if (place_allows(&q->choice.scan, &q->choice.pool.wish, m, &differs))
		return 0;
	return fail("cannot start %s: it is defined on %s as %s, not as %s; leave --type out, or change the definition",
		    m->uuid, m->parent, m->type, type);
}

/* Too little is given for a device that is not defined where it was looked for. */
static int fail_undefined(const struct request *q)
{
	const char *parent = q->a->value[OPT_PARENT], *uuid = q->a->uuid;
	_cleanup_(strv_done) struct strv parents = {};
	_cleanup_(mdev_done) struct mdev running = {};
	_cleanup_free_ char *names = NULL;

	if (bus_find(q->h, uuid, &running) == 0)
		return fail("cannot start %s: it is already active on %s", uuid, running.parent);
	config_parents_of(q->h, uuid, &parents);
	names = strv_join(&parents, 5);
	if (parent && parents.n)
		return fail("cannot start %s: it is not defined on %s, but on %s", uuid, parent, names);
	return fail("cannot start %s: it is not defined%s%s; define it, or give --parent and --type", uuid,
		    parent ? " on " : "", parent ? parent : "");
}

/* A name is one device's: it is not started beside its definition. */
static bool is_defined_elsewhere(const struct request *q)
{
	_cleanup_(strv_done) struct strv parents = {};

	return is_asked_by_name(q) && config_parents_of(q->h, q->a->uuid, &parents) == 0 && parents.n;
}

/* A device that is not defined: all of it is in the arguments. */
static int describe_transient(const struct request *q, struct mdev *m)
{
	const struct args *a = q->a;

	if (has(a, O(JSONFILE)))
		*m = mdev_copy(&q->file);
	if (has(a, O_DEVICE))
		memcpy(m->uuid, a->uuid, sizeof(m->uuid));
	else
		uuid_make(m->uuid);
	if (q->like)
		mdev_copy_attrs(m, &q->like->m);
	if (!has(a, O(TYPE) | O(JSONFILE) | O(NEED) | O(POOL)) || is_defined_elsewhere(q))
		return fail_undefined(q);
	if (!q->choice.is_open)
		m->parent = str_intern(a->value[OPT_PARENT]);
	if (has(a, O(TYPE)))
		m->type = str_intern(a->value[OPT_TYPE]);
	set_name(a, m);
	return 0;
}

/* The definition of a name need not be where a pattern has to find it. */
static int find_definition(const struct request *q, struct mdev *m)
{
	const char *parent = q->a->value[OPT_PARENT];

	if (!has(q->a, O_DEVICE) || (has(q->a, O(JSONFILE)) && !is_asked_by_name(q)))
		return -ENOENT;
	return pick_definition(q->h, q->a, parent && is_pattern(parent) ? NULL : parent, "cannot start", m);
}

static int describe(struct request *q, struct mdev *m)
{
	int r = find_definition(q, m);

	if (r == -ENOENT)
		return describe_transient(q, m);
	if (r == 0 && has(q->a, O(JSONFILE)))
		r = choice_check_same(&q->choice, m, &q->file, false);
	if (r == 0 && q->like)
		r = choice_check_same(&q->choice, m, &q->like->m, false);
	return r < 0 ? r : check_against_definition(q, m);
}

/* 1: the device of this name is active, and is what is asked for; 0: it is not active. */
static int find_active(struct request *q, struct mdev *ret_mdev)
{
	_cleanup_(mdev_done) struct mdev running = {};
	int r = bus_find_wait(q->h, q->a->uuid, &running);

	if (r < 0)
		return 0;
	r = choice_check(&q->choice, &running, "active");
	if (r < 0)
		return r;
	*ret_mdev = take(running);
	return 1;
}

static int fail_to_start(const struct request *q, const struct mdev *m, const struct error *error)
{
	return fail("cannot start %s: %s", has(q->a, O_DEVICE) ? m->uuid : "a device", error->text);
}

/* By a definition that was kept just now a vGPU of somebody else looks like the one asked for. */
static bool may_be_found(const struct request *q, const struct mdev *m)
{
	return is_asked_by_name(q) && !(m->defined && !q->is_defined && bus_has_one_place(q->h, m->parent));
}

/* Who is asked for by name may have been started by somebody else just now. */
static int start(struct request *q, const struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev other = {};
	int r = activate(q->h, m, &error), found;

	/* The place of a UUID that nobody gave has been taken by another of the same. */
	if (r == -EEXIST && !has(q->a, O_DEVICE))
		r = -EADDRINUSE;
	if (r == -EEXIST && may_be_found(q, m)) {
		found = find_active(q, &other);
		if (found != 0)
			return found < 0 ? found : output_uuid(other.uuid);
	}
	if (r < 0 && !q->is_defined && choice_goes_on(&q->choice, m, r))
		return q->lost = r;
	if (r < 0)
		return fail_to_start(q, m, &error);
	q->is_made = true;
	if ((has(q->a, O(UUID)) && !q->like) || output_uuid(m->uuid) == 0)
		return 0;
	if (is_asked_by_name(q))
		return -EIO;
	/* A device whose UUID nobody was told would be lost. */
	r = bus_remove_named(q->h, m);
	q->is_made = r < 0 && r != -ENOENT;
	if (q->is_made)
		fail_to_remove(q->h, m->uuid, r);
	return -EIO;
}

/* Below --root is not the system that runs this kernel. */
static int bring_parent(const struct request *q, const struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};

	if (has(q->a, O(NO_LOAD)) || host_is_subtree(q->h) || activate_bring_parent(q->h, m, &error) == 0)
		return 0;
	return fail_to_start(q, m, &error);
}

/* Said before any script is asked. */
static int check_may_create(const struct request *q, const struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};

	if (geteuid() == 0)
		return 0;
	if (!bus_may_create(q->h, m))
		return fail("cannot start %s: only root may create devices", m->uuid);
	if (bus_has_type(q->h, m->parent, m->type))
		return 0;
	explain_create(q->h, m, -ENOENT, &error);
	return fail_to_start(q, m, &error);
}

/* No module is loaded for it. */
static int show_plan(const struct request *q, const struct mdev *m)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	_cleanup_(error_done) struct error error = {};
	int r = -ENOENT;

	bus_list_types(q->h, m->parent, 0, &types);
	for (size_t i = 0; i < types.n; i++)
		if (str_eq(types.t[i].id, m->type))
			r = types.t[i].available > 0 ? 0 : -ENOSPC;
	if (r == 0)
		return output_plan(has(q->a, O_DEVICE) ? m->uuid : "-", m->parent, m->type);
	explain_create(q->h, m, r, &error);
	return fail_to_start(q, m, &error);
}

static int run(struct request *q, struct callouts *all, const struct mdev *m)
{
	struct callout c;
	int r = callout_begin(&c, all, m, ACTION_START, has(q->a, O(FORCE)));

	return r < 0 ? r : callout_end(&c, start(q, m));
}

/* What is somebody else's: its definition would make it ours. */
static int check_place(struct request *q, const struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev holder = {};

	if (bus_find_holder(q->h, m->parent, &holder) < 0)
		return 0;
	if (choice_goes_on(&q->choice, m, -EADDRINUSE))
		return q->lost = -EADDRINUSE;
	explain_create(q->h, m, -EADDRINUSE, &error);
	return fail_to_start(q, m, &error);
}

/* The definition comes first: by that a vGPU, which has no UUID in the kernel, gets its own. */
static int run_kept(struct request *q, struct callouts *all, const struct mdev *m)
{
	_cleanup_(mdev_done) struct mdev kept = mdev_copy(m);
	int r = check_place(q, m);

	if (r == 0)
		r = pin_now(q->h, &kept, "cannot start");
	if (r == 0)
		r = pin_keep(q->h, q->a, all, &kept);
	if (r < 0)
		return r;
	kept.defined = true;
	r = run(q, all, &kept);
	if (r < 0 && !q->is_made)
		pin_drop(q->h, &kept);
	return r;
}

static int run_as_asked(struct request *q, const struct mdev *m)
{
	_cleanup_(callouts_close) struct callouts all = {};
	int r;

	callouts_open(&all, q->h);
	if (has(q->a, O(PIN) | O(LIKE)) && !m->defined)
		return run_kept(q, &all, m);
	r = run(q, &all, m);
	return r == 0 && has(q->a, O(PIN) | O(LIKE)) ? pin_started(q->h, q->a, m) : r;
}

/* The device has a parent now, and a type there. */
static int start_there(struct request *q, struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};
	const struct args *a = q->a;
	int r;

	if (!has(a, O_DEVICE) && !q->like && bus_fixed_uuid(q->h, m) && m->defined)
		return fail("cannot start a device: %s on %s is defined as %s; start that with --uuid", m->type,
			    m->parent, m->uuid);
	if (explain_taken(q->h, m, &error)) {
		/* A UUID that its place gave it is that of another start by now. */
		if (!has(a, O_DEVICE) && choice_goes_on(&q->choice, m, -EADDRINUSE))
			return q->lost = -EADDRINUSE;
		return fail("cannot start %s: %s", m->uuid, error.text);
	}
	r = has(a, O(DRY_RUN)) ? 0 : bring_parent(q, m);
	/* What has been chosen just now is what the parent has. */
	if (r == 0 && (m->defined || !q->choice.is_open))
		r = choice_settle_type(q->h, m, has(a, O(STRICT)), "cannot start");
	if (r == 0 && q->like)
		r = pin_check_like(q->h, q->like, m, has(a, O(STRICT)), "cannot start");
	if (r == 0 && has(a, O(DRY_RUN)))
		return show_plan(q, m);
	if (r == 0)
		r = check_may_create(q, m);
	return r < 0 ? r : run_as_asked(q, m);
}

/* Where the program chooses, the next parent is tried when one is lost to somebody else. */
static int start_somewhere(struct request *q, struct mdev *m)
{
	int r;

	do {
		/* One that a VF gave it is no good elsewhere. */
		if (q->lost && !has(q->a, O_DEVICE))
			uuid_make(m->uuid);
		q->lost = 0;
		r = m->defined ? 0 : choice_make(&q->choice, m);
		if (r == 0)
			r = start_there(q, m);
	} while (q->lost);
	return r;
}

/* What was asked for by name is active. */
static int end_active(const struct request *q, const struct mdev *m)
{
	if (has(q->a, O(DRY_RUN)))
		return output_plan(m->uuid, m->parent, m->type);
	if (has(q->a, O(PIN) | O(LIKE)) && pin_started(q->h, q->a, m) < 0)
		return -ECANCELED;
	return output_uuid(m->uuid);
}

static int start_requested(struct request *q)
{
	_cleanup_(mdev_done) struct mdev m = {};
	_cleanup_close_ int lock = -1;
	int r = 0;

	if (has(q->a, O(JSONFILE)))
		r = read_jsonfile(&q->file, q->a->value[OPT_JSONFILE]);
	if (r < 0)
		return r;
	if (q->file.type)
		choice_ask_for(&q->choice, &q->file);
	if (is_asked_by_name(q)) {
		if (!has(q->a, O(DRY_RUN)))
			r = choice_lock_name(q->h, q->a, &lock);
		if (r == 0)
			r = find_active(q, &m);
		if (r < 0)
			return r;
		if (r > 0)
			return end_active(q, &m);
	}
	r = describe(q, &m);
	q->is_defined = m.defined;
	return r < 0 ? r : start_somewhere(q, &m);
}

static int start_with(const struct host *h, const struct args *a, const struct document *like)
{
	struct request q = { .h = h, .a = a, .like = like };
	int r = choice_begin(&q.choice, h, a, "cannot start", !has(a, O(PIN) | O(LIKE)));

	if (r == 0)
		r = start_requested(&q);
	choice_end(&q.choice);
	mdev_done(&q.file);
	return r;
}

int cmd_start(const struct host *h, const struct args *a)
{
	_cleanup_(document_done) struct document like = {};
	struct args as_like = *a;
	int r;

	if (!has(a, O(LIKE)))
		return start_with(h, a, NULL);
	r = read_document(a->value[OPT_LIKE], &like);
	if (r == 0)
		r = like_ask_for(h, &like, &as_like);
	return r < 0 ? r : start_with(h, &as_like, &like);
}
