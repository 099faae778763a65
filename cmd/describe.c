/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * describe: all that makes a device what it is, as one document.
 */
#include "cli/output.h"
#include "cmd/cmd.h"
#include "config.h"
#include "device/describe.h"
#include "device/place.h"
#include "script/query.h"

#define WHAT "cannot describe"

/* A running device has the names and, where no script tells of any, the attributes of its
 * definition: with those it was started. */
static int complete(const struct host *h, struct mdev *m)
{
	_cleanup_(callouts_close) struct callouts all = {};
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev defined = {};
	bool is_defined = config_load(h, m->uuid, m->parent, &defined, &error) == 0;
	int r;

	if (!is_defined && error.text)
		warn("%s", error.text);
	if (is_defined && mdev_name_is_right(&defined))
		mdev_set_key(m, KEY_NAME, mdev_key(&defined, KEY_NAME));
	if (mdev_key(&defined, KEY_TYPE_NAME))
		mdev_set_key(m, KEY_TYPE_NAME, mdev_key(&defined, KEY_TYPE_NAME));
	callouts_open(&all, h);
	r = callout_get_attributes(&all, m);
	if (r == 0 && is_defined && !m->n_attrs)
		mdev_copy_attrs(m, &defined);
	return r;
}

/* What would be started: the id of the type's name may have moved since. */
static void settle(const struct host *h, struct mdev *m)
{
	_cleanup_(error_done) struct error error = {};

	if (place_settle_type(h, m, &error) < 0)
		warn("%s: %s", m->uuid, error.text);
}

int cmd_describe(const struct host *h, const struct args *a)
{
	_cleanup_(document_done) struct document d = {};
	_cleanup_(error_done) struct error error = {};
	_cleanup_(mdev_done) struct mdev m = {};
	int r = find_device(h, a, WHAT, &m);

	if (r == 0 && m.active)
		r = complete(h, &m);
	/* The kernel knows no names. */
	if (has(a, O(NAME)))
		set_name(a, &m);
	if (r < 0)
		return r;
	if (!m.active && has(a, O(PROBE)))
		return fail(WHAT " %s: VFIO can be asked of running devices only, and it is not active", a->uuid);
	if (!m.active)
		settle(h, &m);
	describe_device(h, &m, &d);
	if (!d.type.device_api)
		notice("%s does not offer %s at present: what that type is cannot be told", d.m.parent, d.m.type);
	if (has(a, O(PROBE)) && describe_probe(h, &d, &error) < 0)
		return fail(WHAT " %s: it cannot be probed: %s", a->uuid, error.text);
	return output_document(&d);
}
