/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apply: make a host be as a file describes it; dump: describe it so.
 */
#include "cli/output.h"
#include "cli/plan.h"
#include "cmd/choice.h"
#include "cmd/cmd.h"
#include "cmd/steps.h"
#include "device/bus.h"
#include "lib/interrupt.h"

#include <fcntl.h>

/* How long another process that applies or chooses is waited for. */
#define LOCK_MS 600000

struct apply {
	const struct host *h;
	const struct args *a;
	struct blueprint want;
	/* Of the first look, and of a second one once there is room. */
	struct survey now[2];
	struct plan plan[2];
	struct plan_options options;
	struct steps steps;
	struct progress progress;
	size_t n_shown;
};

static int read_blueprint(struct apply *ap, struct strv *problems)
{
	const char *source = NULL;
	char *text = NULL;
	size_t length = 0;
	int r = read_file(ap->a->operand, BLUEPRINT_MAX, &text, &length, &source);

	if (r == 0)
		blueprint_read(&ap->want, text, length, source, problems);
	return r;
}

static int fail_of_problems(const struct apply *ap, const struct strv *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		fail("%s", problems->s[i]);
	return fail("cannot apply %s: %zu thing%s wrong with it%s", ap->a->operand, problems->n,
		    problems->n == 1 ? " is" : "s are", ap->steps.n_done ? "" : "; nothing was changed");
}

static void check_functions(const struct apply *ap, struct strv *problems)
{
	const struct json_at top = { .src = &ap->want.source };

	for (size_t i = 0; i < ap->want.n_vfs; i++) {
		const struct vfs *vfs = &ap->want.vfs[i];
		const struct json_at section = json_at_key(&top, "vfs"), here = json_at_key(&section, vfs->pf);
		_cleanup_(error_done) struct error error = {};

		if (check_vfs(ap->h, vfs, &error) < 0)
			blueprint_problem(problems, &here, "%s cannot have these virtual functions: %s", vfs->pf, error.text);
	}
}

/* Nobody's device is taken from under him. */
static void check_users(const struct apply *ap, const struct plan *plan, struct strv *problems)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->s[i];
		_cleanup_(strv_done) struct strv holders = {};
		_cleanup_free_ char *names = NULL;

		if (s->kind != STEP_STOP || !bus_in_use(ap->h, &s->m, &holders))
			continue;
		names = strv_join(&holders, 5);
		strv_add(problems, xasprintf("%s would have to be stopped, and is in use by %s; end that first", s->label,
					     names));
	}
}

/* @round: 1 where the steps that make room have been done. */
static int make_plan(struct apply *ap, int round, struct strv *problems)
{
	_cleanup_(strv_done) struct strv unread = {};
	int r = survey_host(&ap->now[round], ap->h, &ap->want, ap->options.files_only, &unread);

	if (round == 0)
		warn_of(&unread);
	if (r < 0)
		return fail_errno(r, "cannot apply %s: cannot look at this host", ap->a->operand);
	if (ap->now[round].is_unread)
		return fail("cannot apply %s: not every definition of this host could be read, so that nobody can tell what is to be done",
			    ap->a->operand);
	ap->options.is_rest = round;
	ap->options.stopped = &ap->steps.stopped;
	plan_make(&ap->plan[round], &ap->want, &ap->now[round], &ap->options, problems);
	check_users(ap, &ap->plan[round], problems);
	ap->steps.now = &ap->now[round];
	return 0;
}

static int show_plan(const struct apply *ap)
{
	const struct plan *plan = &ap->plan[0];
	size_t counts[N_STEP_KINDS] = {};
	json_t *steps = json_array();
	bool json = has(ap->a, O(DUMPJSON));
	int r = 0;

	for (size_t i = 0; i < plan->n && r == 0; i++) {
		counts[plan->s[i].kind]++;
		if (json)
			json_array_append_new(steps, plan_step_to_json(&plan->s[i]));
		else
			r = output_step(&plan->s[i]);
	}
	if (json)
		r = output_plan_json(json_incref(steps), &plan->notes, plan->n_as_wanted);
	else if (r == 0)
		r = output_plan_end(&plan->notes, counts, plan->n_as_wanted);
	json_decref(steps);
	return r < 0 ? r : plan->n ? EXIT_CHANGES : 0;
}

/* On a terminal the lines of the steps are that already. */
static void show_progress(struct apply *ap)
{
	if (ap->steps.is_quiet || !isatty(STDOUT_FILENO))
		progress_show(&ap->progress, ap->n_shown++);
}

static int do_step(struct apply *ap, struct step *s)
{
	if (interrupted())
		return fail("interrupted before: %s", s->label);
	show_progress(ap);
	return steps_do(&ap->steps, s);
}

static struct step *find_start(struct plan *plan, const struct step *define)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->s[i].kind == STEP_START && plan->s[i].is_optional && str_eq(plan->s[i].m.uuid, define->m.uuid))
			return &plan->s[i];
	return NULL;
}

/* Once one of as many as fit does not fit, no further one does. */
static int do_optional(struct apply *ap, struct plan *plan)
{
	_cleanup_(strv_done) struct strv full = {};
	int r = 0;

	for (size_t i = 0; i < plan->n && r == 0; i++) {
		struct step *s = &plan->s[i];

		if (!s->is_optional || s->kind != STEP_DEFINE || strv_has(&full, s->wanted->family))
			continue;
		if (interrupted())
			return fail("interrupted before: %s", s->label);
		show_progress(ap);
		r = steps_do_optional(&ap->steps, s, find_start(plan, s));
		if (r == -ENOSPC) {
			strv_add(&full, xstrdup(s->wanted->family));
			r = 0;
		}
	}
	return r;
}

static int do_steps(struct apply *ap, struct plan *plan, enum step_kind first, enum step_kind last)
{
	int r = 0;

	for (size_t i = 0; i < plan->n && r == 0; i++)
		if (plan->s[i].kind >= first && plan->s[i].kind <= last && !plan->s[i].is_optional)
			r = do_step(ap, &plan->s[i]);
	return r;
}

/* Functions that are to be bound whatever happens are so once those that are devices are there. */
static int bind_rest(const struct apply *ap)
{
	const struct plan *plan = &ap->plan[0];
	int r = 0;

	for (size_t i = 0; i < plan->n && r == 0; i++)
		if (plan->s[i].kind == STEP_ENABLE_VFS && plan->s[i].vfs->bind)
			r = autostart_vfs(ap->h, plan->s[i].vfs->pf, false);
	return r;
}

/* Where there was room for everything at once, the first plan is all of it. */
static int do_plan(struct apply *ap)
{
	_cleanup_(strv_done) struct strv problems = {};
	struct plan *plan = &ap->plan[0];
	int r = do_steps(ap, plan, 0, STEP_DEFINE - 1);

	if (r == 0 && plan->is_partial) {
		r = make_plan(ap, 1, &problems);
		if (problems.n)
			r = fail_of_problems(ap, &problems);
		plan = &ap->plan[1];
		if (r == 0)
			r = do_steps(ap, plan, 0, STEP_DEFINE - 1);
	}
	if (r == 0)
		r = do_steps(ap, plan, STEP_DEFINE, STEP_START);
	if (r == 0)
		r = do_optional(ap, plan);
	return r < 0 ? r : bind_rest(ap);
}

static int change_host(struct apply *ap)
{
	const struct plan *last;
	int r;

	ap->progress = progress_begin("applying the description of this host", ap->plan[0].n);
	r = do_plan(ap);
	progress_end(&ap->progress);
	if (r < 0) {
		if (ap->steps.n_done)
			fail_more("what was done is undone:");
		steps_undo(&ap->steps);
		return r;
	}
	last = &ap->plan[ap->plan[0].is_partial];
	if (ap->steps.is_quiet)
		return output_plan_json(steps_to_json(&ap->steps), &last->notes, last->n_as_wanted);
	return output_plan_end(&last->notes, ap->steps.n_of_kind, last->n_as_wanted);
}

static int check_writable(const struct apply *ap)
{
	_cleanup_free_ char *dir = config_dir(ap->h);
	int r = geteuid() == 0 ? 0 : config_check_writable(ap->h, "");

	if (r != -EACCES && r != -EPERM)
		return 0;
	return fail("cannot apply %s: you may not write to %s; root is needed", ap->a->operand, dir);
}

/* One at a time, and nobody chooses meanwhile. */
static int lock_host(const struct apply *ap, int *ret_lock)
{
	*ret_lock = choice_lock_host(ap->h, LOCK_MS);
	if (*ret_lock == -EINTR)
		return fail("cannot apply %s: interrupted while another process applied or chose", ap->a->operand);
	if (*ret_lock == -ETIMEDOUT)
		return fail("cannot apply %s: another process has been applying for %d minutes", ap->a->operand,
			    LOCK_MS / 60000);
	if (*ret_lock < 0)
		debug("going on without a lock of the choice: %s", strerror(-*ret_lock));
	return 0;
}

static int apply(struct apply *ap)
{
	_cleanup_(strv_done) struct strv problems = {};
	_cleanup_close_ int lock = -1;
	int r = read_blueprint(ap, &problems);

	if (r < 0)
		return r;
	interrupt_defer();
	if (!has(ap->a, O(DRY_RUN)))
		r = check_writable(ap);
	if (r == 0 && !has(ap->a, O(DRY_RUN)))
		r = lock_host(ap, &lock);
	if (r == 0 && ap->want.json)
		r = make_plan(ap, 0, &problems);
	if (r < 0)
		return r;
	check_functions(ap, &problems);
	if (problems.n)
		return fail_of_problems(ap, &problems);
	return has(ap->a, O(DRY_RUN)) ? show_plan(ap) : change_host(ap);
}

/* Of a system that does not run, only what is kept is known. */
static int look_for_system(const struct host *h, const struct args *a, bool *ret_files_only)
{
	_cleanup_close_ int bus = has(a, O(ROOT)) ? -ENOENT : host_openf(h, O_PATH | O_DIRECTORY, "sys/bus");

	*ret_files_only = bus == -ENOENT;
	return bus < 0 && bus != -ENOENT ? fail_errno(bus, "cannot apply %s: cannot see whether this is the running system",
						      a->operand) :
					   0;
}

int cmd_apply(const struct host *h, const struct args *a)
{
	struct apply ap = {
		.h = h,
		.a = a,
		.options = { .prune = has(a, O(PRUNE)), .restart = has(a, O(RESTART)) },
	};
	int r;

	r = look_for_system(h, a, &ap.options.files_only);
	if (r < 0)
		return r;
	steps_begin(&ap.steps, h, &ap.want, has(a, O(DUMPJSON)));
	r = apply(&ap);
	steps_end(&ap.steps);
	for (size_t i = 0; i < ARRAY_SIZE(ap.plan); i++) {
		plan_done(&ap.plan[i]);
		survey_done(&ap.now[i]);
	}
	blueprint_done(&ap.want);
	return r;
}

/* What is kept of one kind, as far as it can be read. */
struct kept {
	struct vfs *vfs;
	size_t n_vfs;
	struct pool *pools;
	size_t n_pools;
	struct mdev_list defined;
};

static void kept_done(struct kept *k)
{
	for (size_t i = 0; i < k->n_vfs; i++)
		vfs_done(&k->vfs[i]);
	for (size_t i = 0; i < k->n_pools; i++)
		pool_done(&k->pools[i]);
	free(k->vfs);
	free(k->pools);
	mdev_list_done(&k->defined);
}

static void collect_vfs(const struct host *h, struct kept *k, struct strv *problems)
{
	_cleanup_(strv_done) struct strv pfs = {};

	config_parents_of(h, CONFIG_VFS, &pfs);
	for (size_t i = 0; i < pfs.n; i++) {
		_cleanup_(error_done) struct error error = {};
		struct vfs vfs;

		if (config_read_vfs(h, pfs.s[i], &vfs, &error) == 0) {
			k->vfs = xgrow(k->vfs, k->n_vfs, sizeof(*k->vfs));
			k->vfs[k->n_vfs++] = vfs;
		} else if (error.text) {
			strv_add(problems, take(error.text));
		}
	}
}

int cmd_dump(const struct host *h, const struct args *a)
{
	_cleanup_(kept_done) struct kept k = {};
	_cleanup_(strv_done) struct strv problems = {};
	json_auto_t *json = NULL;
	int r;

	(void)a;
	collect_vfs(h, &k, &problems);
	config_read_pools(h, &k.pools, &k.n_pools, &problems);
	r = config_list(h, NULL, &k.defined, &problems, NULL);
	warn_of(&problems);
	if (r < 0)
		return fail_errno(r, "cannot read the definitions");
	mdev_list_sort(&k.defined);
	json = blueprint_to_json(k.vfs, k.n_vfs, k.pools, k.n_pools, &k.defined);
	return output_json(json);
}
