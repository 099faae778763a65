/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a device run: its parent's driver, the device, its attributes.
 */
#include "device/activate.h"
#include "device/bus.h"
#include "device/explain.h"
#include "device/note.h"
#include "device/unfinished.h"
#include "hardware/attr.h"
#include "hardware/module.h"
#include "lib/interrupt.h"

/* How long a parent may take to appear after its module was loaded. */
#define PARENT_MS 5000
#define POLL_MS 10

static int set_attr(struct bus_device *device, const struct mdev_attr *attr, struct error *error)
{
	_cleanup_free_ char *why = NULL;
	bool written;
	int r;

	r = bus_set_attr(device, attr->name, attr->value, &written);
	if (r == 0)
		return 0;
	if (bus_is_gone(device))
		why = xasprintf("the device vanished before attribute '%s' was set", attr->name);
	else
		why = attr_explain("this type of device", attr, r, written);
	error_set(error, "%s", why);
	return r;
}

static int set_attrs(struct bus_device *device, const struct mdev *m, struct error *error)
{
	for (size_t i = 0; i < m->n_attrs && !interrupted(); i++) {
		const struct mdev_attr *attr = &m->attrs[i];

		debug("writing \"%s\" to attribute %s of %s", attr->value, attr->name, m->uuid);
		if (set_attr(device, attr, error) < 0)
			return -ECANCELED;
	}
	if (!interrupted())
		return 0;
	error_set(error, "interrupted, and removed again");
	return -ECANCELED;
}

/* @r is that of taking back what was made; what went by itself need not be.  Whether it is gone. */
static bool tell_undone(int r, struct error *error)
{
	_cleanup_free_ char *why = NULL;

	if (r == 0 || r == -ENOENT || r == -ESTALE)
		return true;
	why = take(error->text);
	error_set(error, "%s; removing the device again failed as well (%s): it is active, without all of its attributes; 'mdevctl stop' ends it",
		  why, strerror(-r));
	return false;
}

/* What was made and could not be opened is taken back by its UUID. */
static bool undo_unopened(const struct host *h, const struct mdev *m, int r, struct error *error)
{
	if (r == -ENOENT) {
		error_set(error, "the device vanished as soon as it was made");
		return true;
	}
	error_set(error, "cannot open the directory of the new device: %s", strerror(-r));
	return tell_undone(bus_remove_named(h, m), error);
}

/* Who it is has to be known as soon as it is there. */
static int create_noted(const struct host *h, const struct mdev *m, struct error *error)
{
	_cleanup_close_ int lock = note_lock(h, m->parent);
	_cleanup_(mdev_done) struct mdev holder = {};
	int r;

	if (lock < 0)
		debug("going on without a lock of the note of %s: %s", m->parent, strerror(-lock));
	r = bus_find_holder(h, m->parent, &holder) == 0 ? -EADDRINUSE : 0;

	if (r == 0)
		r = note_keep(h, m);
	if (r < 0 && r != -EADDRINUSE) {
		error_set(error, "cannot note in %s/run who it is: %s", h->root, strerror(-r));
		return -ECANCELED;
	}
	if (r == 0)
		r = bus_create(h, m);
	if (r < 0) {
		note_forget(h, m->parent, m->uuid);
		explain_create(h, m, r, error);
	}
	return r;
}

/* What was set for a device that is not there after all. */
static void put_back(const struct bus_device *place, struct error *error)
{
	_cleanup_(strv_done) struct strv left = {};
	_cleanup_free_ char *why = NULL, *names = NULL;

	bus_put_back(place, &left);
	if (!left.n)
		return;
	why = take(error->text);
	names = strv_join(&left, left.n);
	error_set(error, "%s; these attributes stay as they were set for it: %s", why, names);
}

/* Where attributes come first. */
static int prepare(const struct host *h, const struct mdev *m, struct bus_device *place, struct error *error)
{
	_cleanup_free_ char *where = xasprintf("%s: ", m->parent);
	int r = bus_prepare(h, m, place);

	if (r < 0) {
		explain_create(h, m, r, error);
		return r;
	}
	r = set_attrs(place, m, error);
	if (r == 0)
		return 0;
	if (interrupted())
		error_set(error, "interrupted before %s was given it", m->type);
	error_prefix(error, where);
	put_back(place, error);
	return r;
}

/* It may be that only the note tells of which definition it is. */
static int create_there(const struct host *h, const struct mdev *m, bool is_noted, struct error *error)
{
	int r;

	debug("creating %s on %s as %s", m->uuid, m->parent, m->type);
	if (is_noted)
		return create_noted(h, m, error);
	r = bus_create(h, m);
	if (r < 0)
		explain_create(h, m, r, error);
	else if (bus_has_one_place(h, m->parent))
		note_forget(h, m->parent, NULL);
	return r;
}

static int create(const struct host *h, const struct mdev *m, bool is_prepared, struct error *error)
{
	_cleanup_(bus_close) struct bus_device place = BUS_NO_DEVICE;
	bool one_place = bus_has_one_place(h, m->parent);
	int r = one_place ? explain_misfit(h, m, error) : 0, prepared = 0;

	if (r >= 0 && is_prepared)
		prepared = prepare(h, m, &place, error);
	if (r < 0 || prepared < 0)
		return r < 0 ? r : prepared;
	/* Of a full card the driver does not tell the type's name. */
	r = create_there(h, m, r > 0 || (one_place && !m->defined && mdev_key(m, KEY_TYPE_NAME)), error);
	if (r < 0 && place.log.n)
		put_back(&place, error);
	return r;
}

/* The device is there, and gets its attributes or goes again. */
static int finish(const struct host *h, const struct mdev *m, struct unfinished *mark, struct error *error)
{
	_cleanup_(bus_close) struct bus_device device = BUS_NO_DEVICE;
	int r = bus_open(h, m, &device);
	bool is_gone;

	if (r < 0)
		is_gone = undo_unopened(h, m, r, error);
	else if (set_attrs(&device, m, error) < 0)
		is_gone = tell_undone(bus_remove(&device), error);
	else
		return 0;
	if (is_gone)
		unfinished_end(mark, m->uuid);
	return -ECANCELED;
}

int activate(const struct host *h, const struct mdev *m, struct error *error)
{
	_cleanup_(unfinished_close) struct unfinished mark = UNFINISHED_NONE;
	/* Asked once: what the parent is may change meanwhile. */
	bool is_prepared = bus_is_prepared(h, m->parent);
	int r;

	if (m->n_attrs && !is_prepared)
		unfinished_begin(h, m->uuid, &mark);
	r = create(h, m, is_prepared, error);
	if (r < 0)
		unfinished_cancel(&mark, m->uuid);
	else if (!is_prepared)
		r = finish(h, m, &mark, error);
	if (r >= 0)
		unfinished_forget(h, m->uuid);
	return r < 0 ? r : 0;
}

static bool wait_for_type(const struct host *h, const struct mdev *m)
{
	uint64_t deadline = now_ms() + PARENT_MS;

	while (!bus_has_type(h, m->parent, m->type)) {
		if (now_ms() >= deadline)
			return false;
		sleep_ms(POLL_MS);
	}
	return true;
}

/* Of a parent that is there. */
static int load_driver(const char *driver, const struct mdev *m, struct error *error)
{
	_cleanup_(error_done) struct error why = {};
	int r = module_load(driver, &why);

	if (r < 0)
		error_set(error, "the driver %s, which is to have %s, cannot be loaded: %s", driver, m->parent,
			  why.text);
	else
		notice("loaded module %s, which is to have %s", driver, m->parent);
	return r;
}

int activate_bring_parent(const struct host *h, const struct mdev *m, struct error *error)
{
	_cleanup_free_ char *driver = bus_missing_driver(h, m->parent);
	_cleanup_free_ char *module = module_of_type(m->type), *state = NULL;
	_cleanup_(error_done) struct error why = {};
	int r;

	if (driver)
		return load_driver(driver, m, error);
	if (bus_has_parent(h, m->parent) || !strchr(m->type, '-') || module_is_loaded(h, module))
		return 0;
	r = module_load(module, &why);
	if (r < 0) {
		state = xasprintf("module %s of that type cannot be loaded: %s", module, why.text);
		explain_parent(h, m, state, error);
		return r;
	}
	notice("loaded module %s, which provides %s", module, m->type);
	if (wait_for_type(h, m))
		return 0;
	if (bus_has_parent(h, m->parent)) {
		explain_type(h, m, error);
	} else {
		state = xasprintf("module %s of that type is loaded now", module);
		explain_parent(h, m, state, error);
	}
	return -ENOENT;
}
