/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why a device cannot be made, in one sentence: what is wrong, what there is
 * instead, what to do.
 */
#include "explain.h"
#include "module.h"
#include "sysfs.h"

void explain_parent(const struct host *h, const struct mdev *m, const char *module_state,
		    struct error *error)
{
	_cleanup_free_ char *module = module_of_type(m->type), *state = NULL;
	_cleanup_free_ char *names = NULL, *instead = NULL;
	_cleanup_(strv_done) struct strv parents = {};
	const char *nearest;

	sysfs_list_parents(h, &parents);
	/* That of a definition is no slip: it is away. */
	nearest = m->defined ? NULL : strv_nearest(&parents, m->parent);
	if (nearest && !sysfs_has_type(h, nearest, m->type))
		nearest = NULL;
	names = strv_join(&parents, 5);
	if (nearest)
		instead = xasprintf(", did you mean '%s'?", nearest);
	else if (parents.n)
		instead = xasprintf("; there is %s", names);
	else
		instead = xstrdup("; no driver has registered any");
	if (module_state)
		state = xstrdup(module_state);
	else if (module_is_loaded(h, module))
		state = xasprintf("module %s of that type is loaded", module);
	else
		state = xasprintf("module %s of that type is not loaded, try 'modprobe %s'", module,
				  module);
	error_set(error, "there is no parent '%s'%s (%s)", m->parent, instead, state);
}

void explain_type(const struct host *h, const struct mdev *m, struct error *error)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	_cleanup_(strv_done) struct strv ids = {};
	_cleanup_free_ char *names = NULL;
	const char *nearest;

	sysfs_list_types(h, m->parent, &types);
	for (size_t i = 0; i < types.n; i++)
		strv_add(&ids, xstrdup(types.t[i].id));
	strv_sort(&ids);
	names = strv_join(&ids, 12);
	nearest = strv_nearest(&ids, m->type);
	if (!ids.n)
		error_set(error, "%s offers no types at present", m->parent);
	else if (strv_has(&ids, m->type))
		error_set(error, "type %s of %s is just going or not yet ready; try again", m->type,
			  m->parent);
	else
		error_set(error, "%s has no type '%s'%s%s%s; it offers %s", m->parent, m->type,
			  nearest ? ", did you mean '" : "", nearest ? nearest : "",
			  nearest ? "'?" : "", names);
}

/* "mtty-1 (3), mtty-2 (1)": what is free on the parent. */
static char *free_on_parent(const struct mdev_type_list *types, const struct mdev *m)
{
	_cleanup_(strv_done) struct strv found = {};

	for (size_t i = 0; i < types->n; i++) {
		const struct mdev_type *t = &types->t[i];

		if (t->available && str_eq(t->parent, m->parent))
			strv_add(&found, xasprintf("%s (%lu)", t->id, t->available));
	}
	return found.n ? strv_join(&found, 8) : xstrdup("nothing");
}

static char *free_elsewhere(const struct mdev_type_list *types, const struct mdev *m)
{
	_cleanup_(strv_done) struct strv found = {};
	_cleanup_free_ char *names = NULL;

	for (size_t i = 0; i < types->n; i++) {
		const struct mdev_type *t = &types->t[i];

		if (t->available && str_eq(t->id, m->type) && !str_eq(t->parent, m->parent))
			strv_add(&found, xasprintf("%s (%lu)", t->parent, t->available));
	}
	if (!found.n)
		return xasprintf("no other parent has %s free", m->type);
	names = strv_join(&found, 5);
	return xasprintf("%s is free on: %s", m->type, names);
}

static size_t count_active(const struct host *h, const struct mdev *m)
{
	_cleanup_(mdev_list_done) struct mdev_list running = {};
	size_t n = 0;

	sysfs_list(h, m->parent, &running);
	for (size_t i = 0; i < running.n; i++)
		n += str_eq(running.m[i].type, m->type);
	return n;
}

static unsigned long count_free(const struct mdev_type_list *types, const struct mdev *m)
{
	for (size_t i = 0; i < types->n; i++)
		if (str_eq(types->t[i].parent, m->parent) && str_eq(types->t[i].id, m->type))
			return types->t[i].available;
	return 0;
}

static void explain_instances(const struct host *h, const struct mdev *m, int r,
			      struct error *error)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	_cleanup_free_ char *here = NULL, *elsewhere = NULL;
	unsigned long n;

	sysfs_list_types(h, NULL, &types);
	mdev_type_list_sort(&types);
	n = count_free(&types, m);
	here = free_on_parent(&types, m);
	elsewhere = free_elsewhere(&types, m);
	if (n)
		error_set(error, "the driver of %s refused a device of type %s, although it shows %lu as free: %s",
			  m->parent, m->type, n, strerror(-r));
	else if (r == -EINVAL)
		error_set(error, "the driver of %s refused a device of type %s: %s; free there: %s; %s",
			  m->parent, m->type, strerror(-r), here, elsewhere);
	else
		error_set(error, "no instance of %s is free on %s (%zu active); free there: %s; %s",
			  m->type, m->parent, count_active(h, m), here, elsewhere);
}

bool explain_taken(const struct host *h, const struct mdev *m, struct error *error)
{
	_cleanup_(mdev_done) struct mdev taken = {};

	if (sysfs_find(h, m->uuid, &taken) < 0)
		return false;
	if (mdev_is_same_kind(m, &taken))
		error_set(error, "it is already active on %s", taken.parent);
	else
		error_set(error, "the UUID is already active on %s as %s; stop that first or take another UUID",
			  taken.parent, taken.type);
	return true;
}

void explain_create(const struct host *h, const struct mdev *m, int r, struct error *error)
{
	switch (r) {
	case -EEXIST:
		if (!explain_taken(h, m, error))
			error_set(error, "a device of this UUID is still being created or removed; try again when that is done");
		break;
	case -ENOENT:
		if (sysfs_has_parent(h, m->parent))
			explain_type(h, m, error);
		else
			explain_parent(h, m, NULL, error);
		break;
	case -ENOSPC:
	case -EUSERS:
	case -EINVAL:
		explain_instances(h, m, r, error);
		break;
	case -ENODEV:
		error_set(error, "the driver of parent %s is just being unloaded", m->parent);
		break;
	case -EAGAIN:
		error_set(error, "the driver of parent %s is not ready yet; try again later", m->parent);
		break;
	case -EACCES:
	case -EPERM:
		if (geteuid() != 0) {
			error_set(error, "only root may create devices");
			break;
		}
		/* fall through */
	default:
		error_set(error, "the driver of %s refused a device of type %s: %s", m->parent,
			  m->type, strerror(-r));
	}
}
