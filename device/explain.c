/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why a device cannot be made, in one sentence: what is wrong, what there is
 * instead, what to do.
 */
#include "device/explain.h"
#include "device/bus.h"
#include "device/note.h"
#include "device/unfinished.h"
#include "hardware/module.h"
#include "hardware/nvidia.h"
#include "hardware/sriov.h"

/* Whether the type is that of a whole virtual function: a VFIO driver. */
static bool wants_function(const struct mdev *m)
{
	return strstr(m->type, "vfio");
}

char *explain_unkept(const struct host *h, const struct mdev *m)
{
	_cleanup_(strv_done) struct strv vfs = {};
	_cleanup_free_ char *pf = NULL;

	if (!wants_function(m) || sriov_find_pf(h, m->parent, &pf) < 0)
		return NULL;
	sriov_list_vfs(h, pf, &vfs);
	return xasprintf("%s is a virtual function of %s, which is not kept with a driver; 'mdevctl define-vfs -p %s --count %zu --driver %s' keeps it so",
			 m->parent, pf, pf, vfs.n, m->type);
}

/*
 * What is wrong with a parent that is, or needs, a PCI device with virtual
 * functions; NULL: it is no matter of those.
 */
static char *explain_functions(const struct host *h, const struct mdev *m)
{
	_cleanup_free_ char *names = NULL, *driver = NULL;
	_cleanup_(strv_done) struct strv vfs = {}, parents = {};
	unsigned long total;

	if (sriov_total(h, m->parent, &total) < 0)
		return explain_unkept(h, m);
	/* By the links, as the number may have us wait (sriov.h). */
	sriov_list_vfs(h, m->parent, &vfs);
	driver = wants_function(m) ? xasprintf(" --driver %s", m->type) : xstrdup("");
	if (!vfs.n)
		return xasprintf("%s is a physical function and has no types of its own, and none of its %lu virtual functions is enabled; 'mdevctl define-vfs -p %s --count max%s' has them enabled at boot, 'mdevctl start-parent-mdevs %s' then does it now",
				 m->parent, total, m->parent, driver, m->parent);
	for (size_t i = 0; i < vfs.n; i++)
		if (bus_has_parent(h, vfs.s[i]))
			strv_add(&parents, xstrdup(vfs.s[i]));
	names = strv_join(&parents, 4);
	if (!parents.n && *driver)
		return xasprintf("%s is a physical function, whose virtual functions are not kept with a driver; 'mdevctl define-vfs -p %s --count %zu%s' keeps them so",
				 m->parent, m->parent, vfs.n, driver);
	if (!parents.n)
		return xasprintf("%s is a physical function, and its driver offers no types on its %zu virtual functions; is it one with vGPU support?",
				 m->parent, vfs.n);
	return xasprintf("%s is a physical function and has no types of its own; its virtual functions have: %s",
			 m->parent, names);
}

/* Where the parent may have to come from. */
static char *idle_gpus(const struct host *h, const struct mdev *m)
{
	_cleanup_(strv_done) struct strv gpus = {};
	_cleanup_free_ char *names = NULL;

	if (strncmp(m->type, "nvidia-", strlen("nvidia-")) == 0)
		nvidia_list_idle(h, &gpus);
	names = strv_join(&gpus, 4);
	return gpus.n ? xasprintf("; no virtual functions are enabled on %s, see 'mdevctl define-vfs --help'", names) :
			xstrdup("");
}

void explain_parent(const struct host *h, const struct mdev *m, const char *module_state,
		    struct error *error)
{
	_cleanup_free_ char *module = module_of_type(m->type), *state = NULL;
	_cleanup_free_ char *names = NULL, *instead = NULL, *idle = NULL;
	_cleanup_free_ char *functions = explain_functions(h, m);
	_cleanup_(strv_done) struct strv parents = {};
	const char *nearest;

	if (functions) {
		error_set(error, "%s", functions);
		return;
	}
	bus_list_parents(h, &parents);
	/* That of a definition is no slip: it is away. */
	nearest = m->defined ? NULL : strv_nearest(&parents, m->parent);
	if (nearest && !bus_has_type(h, nearest, m->type))
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
	idle = idle_gpus(h, m);
	error_set(error, "there is no parent '%s'%s (%s)%s", m->parent, instead, state, idle);
}

void explain_type(const struct host *h, const struct mdev *m, struct error *error)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	_cleanup_(strv_done) struct strv ids = {};
	_cleanup_free_ char *names = NULL;
	const char *nearest;

	bus_list_types(h, m->parent, 0, &types);
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

char *explain_free_here(const struct mdev_type_list *types, const struct mdev *m)
{
	_cleanup_(strv_done) struct strv found = {};

	for (size_t i = 0; i < types->n; i++) {
		const struct mdev_type *t = &types->t[i];

		if (t->available > 0 && str_eq(t->parent, m->parent))
			strv_add(&found, xasprintf("%s (%ld)", t->id, t->available));
	}
	return found.n ? strv_join(&found, 8) : xstrdup("nothing");
}

char *explain_free_elsewhere(const struct mdev_type_list *types, const struct mdev *m)
{
	_cleanup_(strv_done) struct strv found = {};
	_cleanup_free_ char *names = NULL;

	for (size_t i = 0; i < types->n; i++) {
		const struct mdev_type *t = &types->t[i];

		if (t->available > 0 && str_eq(t->id, m->type) && !str_eq(t->parent, m->parent))
			strv_add(&found, xasprintf("%s (%ld)", t->parent, t->available));
	}
	if (!found.n)
		return xasprintf("no other parent has %s free", m->type);
	names = strv_join(&found, 5);
	return xasprintf("%s is free on: %s", m->type, names);
}

static size_t count_active(const struct host *h, const struct mdev *m)
{
	_cleanup_(mdev_list_done) struct mdev_list running = {};
	_cleanup_(strv_done) struct strv problems = {};
	size_t n = 0;

	bus_list(h, m->parent, &running, &problems);
	for (size_t i = 0; i < running.n; i++)
		n += str_eq(running.m[i].type, m->type);
	return n;
}

static long count_free(const struct mdev_type_list *types, const struct mdev *m)
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
	long n;

	bus_list_types(h, NULL, 0, &types);
	mdev_type_list_sort(&types);
	n = count_free(&types, m);
	here = explain_free_here(&types, m);
	elsewhere = explain_free_elsewhere(&types, m);
	if (n > 0)
		error_set(error, "the driver of %s refused a device of type %s, although it shows %ld as free: %s",
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
	_cleanup_(strv_done) struct strv unfinished = {};
	_cleanup_(mdev_done) struct mdev taken = {};
	const struct mdev_list one = { &taken, 1 };

	if (bus_find(h, m->uuid, &taken) < 0)
		return false;
	unfinished_list(h, &one, &unfinished, NULL);
	if (mdev_is_same_kind(m, &taken) && unfinished.n)
		error_set(error, "it is already active on %s, without all of its attributes, as an earlier start was cut off; stop it first",
			  taken.parent);
	else if (mdev_is_same_kind(m, &taken))
		error_set(error, "it is already active on %s", taken.parent);
	else
		error_set(error, "the UUID is already active on %s as %s; stop that first or take another UUID",
			  taken.parent, taken.type);
	return true;
}

static void explain_holder(const struct host *h, const struct mdev *m, const struct mdev *holder,
			   struct error *error)
{
	error_set(error, "%s holds the %s %s (%s) already, and has room for one; stop that first", m->parent,
		  bus_noun(h, m->parent), holder->uuid, holder->type);
}

int explain_misfit(const struct host *h, const struct mdev *m, struct error *error)
{
	_cleanup_(mdev_done) struct mdev holder = {}, known = {};
	const char *noun = bus_noun(h, m->parent);

	if (bus_find_holder(h, m->parent, &holder) == 0 && !str_eq(holder.uuid, m->uuid)) {
		explain_holder(h, m, &holder, error);
		return -EADDRINUSE;
	}
	known = mdev_copy(m);
	known.defined = false;
	if (!bus_fixed_uuid(h, &known) || str_eq(known.uuid, m->uuid))
		return 0;
	if (!known.defined && note_may_name(m))
		return 1;
	if (known.defined)
		error_set(error, "a %s has no UUID of its own, and one of %s on %s would be the one defined as %s; start that",
			  noun, m->type, m->parent, known.uuid);
	else
		error_set(error, "a %s has no UUID of its own, and one of %s on %s that is not defined is %s; leave the UUID out, or define it first",
			  noun, m->type, m->parent, known.uuid);
	return -ECANCELED;
}

/* True if it was one of the reasons that are the same for all. */
static bool explain_common(const struct host *h, const struct mdev *m, int r, struct error *error)
{
	if (r == -EEXIST) {
		if (!explain_taken(h, m, error))
			error_set(error, "a device of this UUID is still being created or removed; try again when that is done");
	} else if ((r == -EACCES || r == -EPERM) && geteuid() != 0) {
		error_set(error, "only root may create devices");
	} else if (r == -EADDRINUSE && explain_misfit(h, m, error) >= 0) {
		error_set(error, "another device was on %s just now; try again", m->parent);
	} else {
		return r == -EADDRINUSE;
	}
	return true;
}

void explain_create(const struct host *h, const struct mdev *m, int r, struct error *error)
{
	if (explain_common(h, m, r, error) || bus_explain_create(h, m, r, error))
		return;
	switch (r) {
	case -ENOENT:
		if (bus_has_parent(h, m->parent))
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
	default:
		error_set(error, "the driver of %s refused a device of type %s: %s", m->parent,
			  m->type, strerror(-r));
	}
}
