/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual functions, pools, what goes, and the order of it all; devices are the business
 * of plan-devices.c.
 */
#include "device/planner.h"
#include "model/change.h"

#include <fnmatch.h>

void step_done(struct step *step)
{
	mdev_done(&step->m);
	free(step->change);
	*step = (struct step){};
}

/* Whether what is kept changes. */
static bool plan_kept_vfs(struct planner *p, const struct vfs *vfs, const struct survey_vfs *now)
{
	bool is_kept = now->kept.pf;
	struct step *s;

	if (is_kept && vfs_is_same(&now->kept, vfs))
		return false;
	s = planner_add(p, is_kept ? STEP_MODIFY_VFS : STEP_DEFINE_VFS, vfs->pf);
	s->vfs = vfs;
	s->change = is_kept ? planner_change_json(vfs_to_json(&now->kept), vfs_to_json(vfs)) : NULL;
	return true;
}

static void plan_vfs(struct planner *p)
{
	for (size_t i = 0; i < p->want->n_vfs; i++) {
		const struct vfs *vfs = &p->want->vfs[i];
		const struct survey_vfs *now = &p->now->vfs[i];
		bool changes = plan_kept_vfs(p, vfs, now);

		if (p->options->files_only || !now->is_there)
			continue;
		/* With a driver they become parents, also those that are enabled already.  What is to be
		 * bound is so at the end. */
		if (!now->enabled || (now->is_half_done && !p->options->is_rest) || (changes && vfs->driver)) {
			planner_add(p, STEP_ENABLE_VFS, vfs->pf)->vfs = vfs;
			p->is_enabling = true;
		}
		if (now->enabled && changes && vfs->like.n_attrs && !mdev_has_same_attrs(&vfs->like, &now->kept.like))
			strv_add(&p->plan->notes,
				 xasprintf("%s: its attributes are written when its virtual functions are enabled the next time, and stay as they are until then",
					   vfs->pf));
		if (now->enabled && vfs->count && now->enabled < vfs->count)
			strv_add(&p->plan->notes,
				 xasprintf("%s: %lu virtual functions are enabled, and stay so until they are all disabled or the host boots: changing their number would remove what runs on them",
					   vfs->pf, now->enabled));
	}
}

static void plan_pools(struct planner *p)
{
	for (size_t i = 0; i < p->want->n_pools; i++) {
		const struct pool *pool = &p->want->pools[i], *now = NULL;
		struct step *s;

		for (size_t j = 0; j < p->now->n_pools && !now; j++)
			if (str_eq(p->now->pools[j].name, pool->name))
				now = &p->now->pools[j];
		if (now && json_equal(now->json, pool->json))
			continue;
		s = planner_add(p, now ? STEP_MODIFY_POOL : STEP_DEFINE_POOL, pool->name);
		s->pool = pool;
		s->change = now ? change_text(now->json, pool->json) : NULL;
	}
}

/* Whether the description says anything of where, or as what, this is defined. */
static bool is_covered(const struct planner *p, const struct mdev *m)
{
	const char *pool = mdev_key(m, KEY_POOL);

	for (size_t i = 0; i < p->want->parents.n; i++) {
		const char *key = p->want->parents.s[i];

		if (strncmp(key, BLUEPRINT_POOL, strlen(BLUEPRINT_POOL)) == 0) {
			if (pool && str_eq(pool, key + strlen(BLUEPRINT_POOL)))
				return true;
		} else if (str_eq(key, m->parent) || (is_pattern(key) && fnmatch(key, m->parent, FNM_NOESCAPE) == 0)) {
			return true;
		}
	}
	for (size_t i = 0; i < p->want->families.n; i++)
		if (planner_is_member(m, p->want->families.s[i]))
			return true;
	return false;
}

static bool is_wanted(const struct planner *p, const struct mdev *defined)
{
	for (size_t i = 0; i < p->want->n_devices; i++) {
		const struct wanted *w = &p->want->devices[i];

		if (str_eq(w->m.uuid, defined->uuid) && (!w->parent || str_eq(w->parent, defined->parent)))
			return true;
	}
	return false;
}

bool planner_prunes(const struct planner *p, const struct mdev *defined)
{
	return p->options->prune && is_covered(p, defined) && !is_wanted(p, defined);
}

static void prune(struct planner *p)
{
	const struct mdev_list *defined = &p->now->scan.defined;

	for (size_t i = 0; i < defined->n; i++)
		if (p->fate[i] == FATE_UNKNOWN && is_covered(p, &defined->m[i]))
			planner_remove(p, i, NULL);
}

static int compare_mdevs(const void *a, const void *b)
{
	const struct mdev *x = *(const struct mdev *const *)a, *y = *(const struct mdev *const *)b;
	int order = strcmp(x->uuid, y->uuid);

	return order ? order : strcmp(x->parent, y->parent);
}

static const struct mdev **index_by_uuid(const struct mdev_list *list)
{
	const struct mdev **sorted = xcalloc(list->n + 1, sizeof(*sorted));

	for (size_t i = 0; i < list->n; i++)
		sorted[i] = &list->m[i];
	qsort(sorted, list->n, sizeof(*sorted), compare_mdevs);
	return sorted;
}

/* Stable: steps of one kind stay in the order of the description; what can start in one
 * place only does so before what could go elsewhere. */
static void sort_steps(struct plan *plan)
{
	struct step *sorted = xcalloc(plan->n + 1, sizeof(*sorted));
	size_t n = 0;

	for (unsigned order = 0; order < 2 * N_STEP_KINDS; order++)
		for (size_t i = 0; i < plan->n; i++) {
			const struct step *s = &plan->s[i];

			if (2 * s->kind + (s->kind == STEP_START && s->is_placed) == order)
				sorted[n++] = *s;
		}
	free(plan->s);
	plan->s = sorted;
}

void plan_make(struct plan *ret_plan, const struct blueprint *want, const struct survey *now,
	       const struct plan_options *options, struct strv *problems)
{
	struct planner p = {
		.want = want,
		.now = now,
		.options = options,
		.plan = ret_plan,
		.problems = problems,
		.defined = index_by_uuid(&now->scan.defined),
		.running = index_by_uuid(&now->scan.running),
		.fate = xcalloc(now->scan.defined.n + 1, sizeof(*p.fate)),
	};

	*ret_plan = (struct plan){};
	plan_vfs(&p);
	plan_pools(&p);
	planner_settle_devices(&p);
	if (options->prune)
		prune(&p);
	planner_place_devices(&p);
	sort_steps(ret_plan);
	free(p.defined);
	free(p.running);
	free(p.fate);
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		step_done(&plan->s[i]);
	for (size_t i = 0; i < plan->n_made; i++) {
		mdev_done(&plan->made[i]->m);
		free(plan->made[i]);
	}
	free(plan->s);
	free(plan->made);
	strv_done(&plan->notes);
	*plan = (struct plan){};
}
