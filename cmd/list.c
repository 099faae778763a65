/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * list, types: what runs, what is defined, what the hardware offers.
 */
#include "cli/output.h"
#include "cmd/cmd.h"
#include "config.h"
#include "device/bus.h"
#include "hardware/vgpu-type.h"
#include "script/query.h"

/* libvirt lists in JSON, and takes whatever is there for a mediated device; it
 * never asks for one device. */
static bool shows_functions(const struct args *a)
{
	return !has(a, O(DUMPJSON)) || has(a, O(ALL) | O_DEVICE);
}

static void hide_functions(struct mdev_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (list->m[i].is_pci)
			mdev_done(&list->m[i]);
		else
			list->m[kept++] = take(list->m[i]);
	}
	list->n = kept;
}

static int collect_defined(const struct host *h, const struct args *a, struct mdev_list *list)
{
	_cleanup_(bus_query_end) struct bus_query query = { { -1 }, false };
	_cleanup_(strv_done) struct strv problems = {};
	const char *parent = a->value[OPT_PARENT];
	int r;

	if (has(a, O_DEVICE))
		r = config_find(h, a->uuid, parent, list, &problems);
	else
		r = config_list(h, parent, list, &problems, NULL);
	warn_of(&problems);
	if (r < 0) {
		_cleanup_free_ char *dir = config_dir(h);

		return fail_errno(r, "cannot list the definitions in %s", dir);
	}
	mdev_list_sort(list);
	bus_query_begin(h, &query);
	for (size_t i = 0; i < list->n; i++)
		bus_query_look(&query, h, &list->m[i]);
	if (!shows_functions(a))
		hide_functions(list);
	return 0;
}

static int read_attributes(const struct host *h, struct mdev_list *list)
{
	_cleanup_(callouts_close) struct callouts all = {};

	callouts_open(&all, h);
	return callout_list_attributes(&all, list);
}

static int collect_running(const struct host *h, const struct args *a, struct mdev_list *list)
{
	_cleanup_(strv_done) struct strv problems = {};
	const char *parent = a->value[OPT_PARENT];
	int r;

	if (has(a, O_DEVICE)) {
		_cleanup_(mdev_done) struct mdev m = {};

		r = bus_find(h, a->uuid, &m);
		if (r == 0 && (!parent || str_eq(parent, m.parent)))
			mdev_list_take(list, &m);
	} else {
		r = bus_list(h, parent, list, &problems);
		if (r < 0)
			return fail_errno(r, "cannot list the running devices");
	}
	if (!shows_functions(a))
		hide_functions(list);
	mdev_list_sort(list);
	config_join(h, list, &problems);
	warn_of(&problems);
	return has(a, O(VERBOSE) | O(DUMPJSON)) ? read_attributes(h, list) : 0;
}

/* A name that needs no quoting in XML or among QEMU's arguments. */
static bool is_plain(const char *api)
{
	return *api && !api[strspn(api, "abcdefghijklmnopqrstuvwxyz0123456789-_")];
}

/* What the driver tells, or what is known of it while it is not there. */
static char *device_api(const struct host *h, const struct mdev *m)
{
	static const struct {
		const char *type, *api;
	} of_s390[] = {
		{ "vfio_ap-", "vfio-ap" },
		{ "vfio_ccw-", "vfio-ccw" },
	};
	_cleanup_free_ char *api = NULL;

	if (bus_device_api(h, m, &api) == 0 && is_plain(api))
		return take(api);
	for (size_t i = 0; i < ARRAY_SIZE(of_s390); i++)
		if (strncmp(m->type, of_s390[i].type, strlen(of_s390[i].type)) == 0)
			return xstrdup(of_s390[i].api);
	warn("%s does not offer %s at present; vfio-pci, which most types have, is assumed",
	     m->parent, m->type);
	return xstrdup("vfio-pci");
}

static int list_for_vm(const struct host *h, const struct args *a)
{
	_cleanup_(mdev_done) struct mdev m = {};
	_cleanup_free_ char *api = NULL;
	int r;

	r = find_device(h, a, "cannot show", &m);
	if (r < 0)
		return r;
	m.is_pci = bus_has_one_place(h, m.parent);
	api = device_api(h, &m);
	if (has(a, O(QEMU_ARGS)) && vgpu_type_id(m.type))
		notice("QEMU needs -uuid as well, from which NVIDIA's vGPU manager knows the virtual machine");
	return has(a, O(QEMU_ARGS)) ? output_qemu_args(&m, api) : output_libvirt_xml(&m, api);
}

int cmd_list(const struct host *h, const struct args *a)
{
	_cleanup_(mdev_list_done) struct mdev_list list = {};
	bool defined = has(a, O(DEFINED));
	int r;

	if (has(a, O(LIBVIRT_XML) | O(QEMU_ARGS)))
		return list_for_vm(h, a);
	r = defined ? collect_defined(h, a, &list) : collect_running(h, a, &list);
	if (r < 0)
		return r;
	if (!list.n && has(a, O(PARENT)))
		notice_parent(h, a->value[OPT_PARENT], false);
	if (!has(a, O(DUMPJSON)))
		return output_mdevs_text(&list, defined, has(a, O(VERBOSE)));
	if (has(a, O_DEVICE) && list.n == 1)
		return output_mdev_json(&list.m[0]);
	return output_mdevs_json(&list);
}

int cmd_types(const struct host *h, const struct args *a)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list list = {};
	int r;

	r = bus_list_types(h, a->value[OPT_PARENT], TYPE_ALL, &list);
	if (r < 0)
		return fail_errno(r, "cannot list the parent devices");
	mdev_type_list_sort(&list);
	if (!list.n && has(a, O(PARENT)))
		notice_parent(h, a->value[OPT_PARENT], false);
	else if (!list.n && isatty(STDERR_FILENO))
		notice("no parent device offers any type; 'mdevctl doctor' tells why");
	return has(a, O(DUMPJSON)) ? output_types_json(&list) : output_types_text(&list);
}
