/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A step at a time, and back.
 */
#include "cmd/steps.h"
#include "cli/plan.h"
#include "cmd/cmd.h"
#include "cmd/pin.h"
#include "device/activate.h"
#include "device/bus.h"
#include "device/explain.h"
#include "device/note.h"
#include "device/place.h"
#include "device/unfinished.h"
#include "hardware/sriov.h"
#include "lib/interrupt.h"
#include "model/change.h"

/* Directories of new virtual functions come without an event (hardware/nvidia.c). */
#define VFS_MS 10000
#define POLL_MS 20

/* A step that was done, and what leads back. */
struct done {
	struct step *step;
	struct mdev m; /* the device as it was then */
	char *text; /* what the file said before; NULL: there was none */
	bool made_dir; /* for the file */
};

/* A step that turned out to be needed. */
struct made {
	struct step step;
	struct mdev old; /* of the step */
};

void steps_begin(struct steps *steps, const struct host *h, const struct blueprint *want, bool quiet)
{
	*steps = (struct steps){ .h = h, .want = want, .is_quiet = quiet };
	callouts_open(&steps->all, h);
}

void steps_end(struct steps *steps)
{
	for (size_t i = 0; i < steps->n_done; i++) {
		mdev_done(&steps->done[i].m);
		free(steps->done[i].text);
	}
	for (size_t i = 0; i < steps->n_made; i++) {
		mdev_done(&steps->made[i]->old);
		step_done(&steps->made[i]->step);
		free(steps->made[i]);
	}
	free(steps->made);
	free(steps->done);
	strv_done(&steps->stopped);
	scan_done(&steps->scan);
	callouts_close(&steps->all);
	*steps = (struct steps){};
}

/* Takes it. */
static void add_done(struct steps *steps, struct done done)
{
	steps->done = xgrow(steps->done, steps->n_done, sizeof(*steps->done));
	steps->done[steps->n_done++] = done;
}

static void add_step(struct steps *steps, struct step *step)
{
	add_done(steps, (struct done){ .step = step, .m = mdev_copy(&step->m) });
}

/* A file of the configuration that a step writes or removes. */
struct file {
	const char *parent;
	char *name;
	char *text; /* NULL: it goes */
};

static void file_done(struct file *f)
{
	free(f->name);
	free(f->text);
}

static bool removes(const struct step *s)
{
	return s->kind == STEP_UNDEFINE || s->kind == STEP_LEAVE;
}

static struct file file_of(const struct step *s, const struct mdev *m)
{
	if (s->vfs)
		return (struct file){ s->vfs->pf, xstrdup(CONFIG_VFS), vfs_to_text(s->vfs) };
	if (s->pool)
		return (struct file){ CONFIG_POOLS, xasprintf("%s.json", s->pool->name), pool_to_text(s->pool) };
	return (struct file){ m->parent, xstrdup(m->uuid), removes(s) ? NULL : mdev_to_text(m) };
}

/* What is there is what the plan was made from, or the plan is none. */
static int check_same(const struct step *s, const char *text, size_t length)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev now = {};

	if (!s->m.uuid[0] || (!text && s->kind == STEP_DEFINE))
		return 0;
	if (text && s->old && mdev_from_json(&now, text, length, "", &error) == 0) {
		json_auto_t *before = mdev_to_json(s->old), *after = mdev_to_json(&now);

		if (json_equal(before, after))
			return 0;
	} else if (text && !s->old && mdev_from_json(&now, text, length, "", &error) < 0) {
		/* What is no definition, of which a warning has told, is in nobody's way. */
		return 0;
	}
	return fail("cannot change the definition of %s: another process has changed it meanwhile; apply again",
		    s->label);
}

static int fail_to_change(const struct steps *steps, int r, bool done, const struct step *s, const struct file *f)
{
	const char *what = s->vfs || s->pool ? "cannot keep" : removes(s) ? "cannot undefine" :
			   s->kind == STEP_DEFINE ? "cannot define" : "cannot modify";

	return fail_to_write(steps->h, r, done, what, f->parent, f->name);
}

/* Under the lock; @ret_done->text is what was there. */
static int swap_file(const struct steps *steps, const struct config_writer *w, const struct step *s,
		     const struct file *f, struct done *ret_done)
{
	size_t length = 0;
	bool done = false;
	int r = config_read_file(steps->h, f->parent, f->name, &ret_done->text, &length);

	if (r < 0 && r != -ENOENT)
		return fail_to_change(steps, r, false, s, f);
	r = check_same(s, ret_done->text, length);
	if (r < 0)
		return r;
	ret_done->made_dir = config_has_parent(steps->h, f->parent) == 0;
	if (f->text && strlen(f->text) > DEFINITION_MAX)
		r = -E2BIG;
	else if (f->text)
		r = config_write_file(steps->h, w, f->parent, f->name, f->text, true, &done);
	else
		r = config_remove(steps->h, f->name, f->parent, &done);
	if (r < 0)
		fail_to_change(steps, r, done, s, f);
	/* It may not last, and is there: so it is undone like one that does. */
	return r < 0 && done ? 1 : r;
}

static int change_file(struct steps *steps, struct step *s, const struct mdev *m)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	_cleanup_(file_done) struct file f = file_of(s, m);
	struct done done = { .step = s };
	int r = lock_definitions(steps->h, "cannot apply", &w);

	if (r < 0)
		return r;
	r = swap_file(steps, &w, s, &f, &done);
	if (r < 0) {
		free(done.text);
		return r;
	}
	done.m = mdev_copy(m);
	add_done(steps, done);
	return r > 0 ? -ECANCELED : 0;
}

static int unchange_file(struct steps *steps, const struct done *d)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	_cleanup_(file_done) struct file f = file_of(d->step, &d->m);
	_cleanup_free_ char *now = NULL;
	bool done = false;
	size_t length;
	int r = lock_definitions(steps->h, "cannot undo", &w);

	if (r < 0)
		return r;
	r = config_read_file(steps->h, f.parent, f.name, &now, &length);
	if (r == 0 ? !f.text || !str_eq(now, f.text) : r == -ENOENT && f.text)
		return fail("cannot restore %s: another process has changed it meanwhile, and that stays", f.name);
	if (d->text)
		r = config_write_file(steps->h, &w, f.parent, f.name, d->text, true, &done);
	else
		r = config_remove(steps->h, f.name, f.parent, &done);
	if (r == 0 && !d->text && d->made_dir)
		config_remove_empty(&w, f.parent);
	return r < 0 && r != -ENOENT ? fail_to_write(steps->h, r, done, "cannot restore", f.parent, f.name) : 0;
}

/* A device without a UUID in the kernel that goes on running as it was remains who it is, without the definition
 * that said so. */
static void keep_identity(const struct steps *steps, const struct step *s)
{
	bool loses = s->wanted && (s->kind == STEP_LEAVE || (s->kind == STEP_MODIFY && s->old && !str_eq(s->old->type, s->m.type)));
	_cleanup_(mdev_done) struct mdev holder = {};

	if (loses && bus_find_holder(steps->h, s->m.parent, &holder) == 0 && str_eq(holder.uuid, s->m.uuid) &&
	    note_keep(steps->h, &holder) < 0)
		debug("cannot note that %s is what runs on %s", holder.uuid, holder.parent);
}

static int change_definition(struct steps *steps, struct step *s, const struct mdev *m)
{
	static const enum action actions[] = {
		[STEP_DEFINE] = ACTION_DEFINE,
		[STEP_MODIFY] = ACTION_MODIFY,
		[STEP_UNDEFINE] = ACTION_UNDEFINE,
		[STEP_LEAVE] = ACTION_UNDEFINE,
	};
	struct callout c;
	int r = callout_begin(&c, &steps->all, m, actions[s->kind], false);

	if (r < 0)
		return r;
	keep_identity(steps, s);
	return callout_end(&c, change_file(steps, s, m));
}

static int unchange_definition(struct steps *steps, const struct done *d)
{
	enum action action = d->step->kind == STEP_DEFINE ? ACTION_UNDEFINE :
			     removes(d->step)		    ? ACTION_DEFINE :
							      ACTION_MODIFY;
	const struct mdev *m = d->step->kind == STEP_MODIFY && d->step->old ? d->step->old : &d->m;
	struct callout c;
	int r = callout_begin(&c, &steps->all, m, action, true);

	return r < 0 ? r : callout_end(&c, unchange_file(steps, d));
}

static int start(struct steps *steps, const struct mdev *m, bool force, struct error *error)
{
	struct callout c;
	int r = callout_begin(&c, &steps->all, m, ACTION_START, force);

	return r < 0 ? r : callout_end(&c, activate(steps->h, m, error));
}

static int stop(struct steps *steps, const struct mdev *m, bool force)
{
	_cleanup_(strv_done) struct strv holders = {};
	_cleanup_free_ char *names = NULL;
	struct callout c;
	int r;

	if (bus_in_use(steps->h, m, &holders)) {
		names = strv_join(&holders, 5);
		return fail("cannot stop %s: it is in use by %s", m->uuid, names);
	}
	r = callout_begin(&c, &steps->all, m, ACTION_STOP, force);
	if (r < 0)
		return r;
	r = bus_remove_named(steps->h, m);
	return callout_end(&c, r < 0 ? fail_to_remove(steps->h, m->uuid, r) : 0);
}

static int do_stop(struct steps *steps, struct step *s)
{
	int r;

	if (s->wanted)
		unfinished_note_stop(steps->h, s->m.uuid);
	r = stop(steps, &s->m, false);
	if (r < 0 && s->wanted)
		unfinished_unnote_stop(steps->h, s->m.uuid);
	if (r < 0)
		return r;
	if (s->wanted)
		strv_add(&steps->stopped, xstrdup(s->m.uuid));
	else
		unfinished_forget(steps->h, s->m.uuid);
	add_step(steps, s);
	return 0;
}

/* The device as it ran: its attributes are those of the definition so far. */
static int restart(struct steps *steps, const struct done *d)
{
	_cleanup_(mdev_done) struct mdev m = mdev_copy(&d->m);
	_cleanup_(error_done) struct error error = {};
	int r;

	if (d->step->old && !m.n_attrs)
		mdev_copy_attrs(&m, d->step->old);
	r = start(steps, &m, true, &error);
	return r < 0 && error.text ? fail("cannot start %s again: %s", d->step->label, error.text) : r;
}

static int undo(struct steps *steps, const struct done *d)
{
	switch (d->step->kind) {
	case STEP_ENABLE_VFS:
		return fail("the virtual functions of %s stay enabled: disabling them could take what others use",
			    d->step->label);
	case STEP_STOP:
		return restart(steps, d);
	case STEP_START:
		/* It goes back to what it was next. */
		if (strv_has(&steps->stopped, d->m.uuid))
			unfinished_note_stop(steps->h, d->m.uuid);
		return stop(steps, &d->m, true);
	case STEP_DEFINE:
	case STEP_MODIFY:
	case STEP_UNDEFINE:
	case STEP_LEAVE:
		return unchange_definition(steps, d);
	default:
		return unchange_file(steps, d);
	}
}

/* Takes back what was done last of a kind for this device; 0, or negative and told. */
static int undo_last(struct steps *steps, enum step_kind kind, const char *uuid)
{
	for (size_t i = steps->n_done; i > 0; i--) {
		struct done *d = &steps->done[i - 1];
		int r;

		if (d->step->kind != kind || !str_eq(d->m.uuid, uuid))
			continue;
		r = undo(steps, d);
		if (r < 0)
			return r;
		mdev_done(&d->m);
		free(d->text);
		memmove(d, d + 1, (steps->n_done - i) * sizeof(*d));
		steps->n_done--;
		return 0;
	}
	return 0;
}

static struct step *find_define(const struct steps *steps, const char *uuid)
{
	for (size_t i = steps->n_done; i > 0; i--)
		if (steps->done[i - 1].step->kind == STEP_DEFINE && str_eq(steps->done[i - 1].m.uuid, uuid))
			return steps->done[i - 1].step;
	return NULL;
}

static void put(struct mdev *m, const struct place *place)
{
	m->parent = place->parent;
	m->type = place->type;
	mdev_set_key(m, KEY_TYPE_NAME, place->type_name);
}

static struct step *make_step(struct steps *steps, enum step_kind kind, const struct step *of, const struct mdev *m)
{
	struct made *made = xcalloc(1, sizeof(*made));

	made->old = mdev_copy(m);
	made->step = (struct step){
		.kind = kind,
		.label = of->label,
		.wanted = of->wanted,
		.old = kind == STEP_DEFINE ? NULL : &made->old,
		.m = mdev_copy(m),
	};
	steps->made = xgrow(steps->made, steps->n_made, sizeof(*steps->made));
	steps->made[steps->n_made++] = made;
	return &made->step;
}

/* It has another type on the same parent. */
static int move_type(struct steps *steps, struct step *modify, const struct place *place)
{
	json_auto_t *before = mdev_to_json(&modify->m), *after = NULL;

	put(&modify->m, place);
	after = mdev_to_json(&modify->m);
	modify->change = change_text(before, after);
	return steps_do(steps, modify);
}

/* The definition that is there from before. */
static int move_definition(struct steps *steps, const struct step *s, const struct place *place)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev m = {};
	struct step *define;
	int r = config_load(steps->h, s->m.uuid, s->m.parent, &m, &error);

	if (r < 0)
		return fail("cannot move %s: %s", s->label, error.text ? error.text : strerror(-r));
	if (str_eq(place->parent, m.parent))
		return move_type(steps, make_step(steps, STEP_MODIFY, s, &m), place);
	define = make_step(steps, STEP_DEFINE, s, &m);
	put(&define->m, place);
	r = steps_do(steps, define);
	return r < 0 ? r : steps_do(steps, make_step(steps, STEP_LEAVE, s, &m));
}

/* The definition that this run has made, as if it had been made there. */
static int move_define(struct steps *steps, struct step *define, const struct place *place)
{
	int r = undo_last(steps, STEP_DEFINE, define->m.uuid);

	if (r < 0)
		return r;
	put(&define->m, place);
	return change_definition(steps, define, &define->m);
}

/*
 * What was chosen is lost to somebody, or by what only the driver knows: the definition
 * moves to where there is room.  -ENOENT: nowhere.
 */
static int move(struct steps *steps, struct step *s, int refused)
{
	struct step *define = find_define(steps, s->m.uuid);
	_cleanup_(error_done) struct error error = {};
	const struct pool *pool;
	struct place place;
	struct wish wish;
	int r;

	if (!survey_wish(steps->now, steps->want, s->wanted, &wish, &pool))
		return -ENOENT;
	scan_refuse(&steps->scan, s->m.parent, s->m.type, refused);
	if (scan_host(&steps->scan, steps->h, &wish, NULL, true) < 0 ||
	    place_choose(&steps->scan, &wish, &place, &error) < 0)
		return -ENOENT;
	notice("%s could not have %s for %s after all; it is put on %s", s->m.parent, s->m.type, s->label, place.parent);
	r = define ? move_define(steps, define, &place) : move_definition(steps, s, &place);
	if (r == 0)
		put(&s->m, &place);
	return r;
}

/* Others, as udev, start what is automatic, too; with the same attributes, if those were no others before. */
static bool is_started_meanwhile(const struct steps *steps, const struct step *s)
{
	_cleanup_(strv_done) struct strv unfinished = {};
	_cleanup_(mdev_done) struct mdev running = {};
	const struct mdev_list one = { &running, 1 };

	if ((s->old && !mdev_has_same_attrs(s->old, &s->m)) || bus_find_wait(steps->h, s->m.uuid, &running) < 0 ||
	    !mdev_is_same_kind(&s->m, &running))
		return false;
	unfinished_list(steps->h, &one, &unfinished, NULL);
	return !unfinished.n;
}

/* 1: it runs already; -ENOSPC: there is no room, which is not told. */
static int try_start(struct steps *steps, struct step *s, struct error *error)
{
	int r = place_settle_type(steps->h, &s->m, error);

	if (r < 0)
		return -ECANCELED;
	if (explain_taken(steps->h, &s->m, error))
		r = -EEXIST;
	else if (pin_check(steps->h, &s->m, false, "cannot start") < 0)
		return -ECANCELED;
	else
		r = start(steps, &s->m, false, error);
	if (r == 0)
		add_step(steps, s);
	else if (r == -EEXIST && is_started_meanwhile(steps, s))
		r = 1;
	return r;
}

/* 1: somebody else has done it. */
static int do_start(struct steps *steps, struct step *s, bool told)
{
	int r, moved;

	do {
		_cleanup_(error_done) struct error error = {};

		r = try_start(steps, s, &error);
		if (r > 0)
			notice("%s was started by another process meanwhile", s->label);
		if (r >= 0)
			return r;
		moved = s->is_placed && place_is_lost(r) ? move(steps, s, r) : -ENOENT;
		if (moved == -ENOENT && place_is_lost(r) && !told)
			return -ENOSPC;
		if (moved == -ENOENT && error.text)
			return fail("cannot start %s: %s", s->label, error.text);
	} while (moved == 0);
	return moved == -ENOENT ? r : moved;
}

/* The virtual functions that the description has devices on are parents by now. */
static bool are_parents(struct steps *steps, const struct strv *vfs)
{
	for (size_t i = 0; i < vfs->n; i++)
		if (blueprint_speaks_of(steps->want, vfs->s[i]) && !bus_has_parent(steps->h, vfs->s[i]))
			return false;
	return true;
}

static int enable_vfs(struct steps *steps, struct step *s)
{
	_cleanup_(strv_done) struct strv vfs = {};
	uint64_t deadline;
	int r = enable_defined_vfs(steps->h, s->vfs->pf, false);

	if (r < 0)
		return r;
	add_step(steps, s);
	sriov_list_vfs(steps->h, s->vfs->pf, &vfs);
	deadline = now_ms() + VFS_MS;
	while (!are_parents(steps, &vfs) && now_ms() < deadline && !interrupted())
		sleep_ms(POLL_MS);
	return 0;
}

static int carry_out(struct steps *steps, struct step *s)
{
	switch (s->kind) {
	case STEP_ENABLE_VFS:
		return enable_vfs(steps, s);
	case STEP_STOP:
		return do_stop(steps, s);
	case STEP_START:
		return do_start(steps, s, true);
	case STEP_DEFINE:
	case STEP_MODIFY:
	case STEP_UNDEFINE:
	case STEP_LEAVE:
		return change_definition(steps, s, &s->m);
	default:
		return change_file(steps, s, &s->m);
	}
}

static int tell(struct steps *steps, const struct step *s)
{
	steps->n_of_kind[s->kind]++;
	return steps->is_quiet ? 0 : output_step(s);
}

int steps_do(struct steps *steps, struct step *step)
{
	int r = carry_out(steps, step);

	if (r < 0)
		return r;
	return r > 0 ? 0 : tell(steps, step);
}

int steps_do_optional(struct steps *steps, struct step *define, struct step *start)
{
	int r = carry_out(steps, define);
	bool is_ours;

	if (r < 0)
		return r;
	r = start ? do_start(steps, start, false) : 0;
	if (r == -ENOSPC && undo_last(steps, STEP_DEFINE, define->m.uuid) < 0)
		return -ECANCELED;
	if (r < 0)
		return r;
	is_ours = start && r == 0;
	r = tell(steps, define);
	return r == 0 && is_ours ? tell(steps, start) : r;
}

json_t *steps_to_json(const struct steps *steps)
{
	json_t *json = json_array();

	for (size_t i = 0; i < steps->n_done; i++)
		json_array_append_new(json, plan_step_to_json(steps->done[i].step));
	return json;
}

void steps_undo(struct steps *steps)
{
	interrupt_disregard();
	while (steps->n_done) {
		struct done *d = &steps->done[--steps->n_done];
		_cleanup_free_ char *text = plan_step_text(d->step);

		if (undo(steps, d) == 0)
			fail_more("undone: %s", text);
		else
			fail_more("NOT undone: %s", text);
		mdev_done(&d->m);
		free(d->text);
	}
}

