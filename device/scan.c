/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One look at a host: types, definitions, and what its parents are.
 */
#include "device/scan.h"
#include "config.h"
#include "device/bus.h"
#include "device/note.h"
#include "hardware/pci.h"
#include "hardware/vgpu-type.h"

void scan_parent_done(struct place_parent *p)
{
	free(p->id);
	free(p->card_id);
}

static void forget(struct scan *scan)
{
	mdev_type_list_done(&scan->types);
	mdev_list_done(&scan->defined);
	mdev_list_done(&scan->running);
	for (size_t i = 0; i < scan->n_parents; i++)
		scan_parent_done(&scan->parents[i]);
	free(take(scan->parents));
	scan->n_parents = 0;
}

void scan_done(struct scan *scan)
{
	forget(scan);
	free(scan->refused);
	*scan = (struct scan){};
}

void scan_refuse(struct scan *scan, const char *parent, const char *type, int r)
{
	scan->refused = xgrow(scan->refused, scan->n_refused, sizeof(*scan->refused));
	scan->refused[scan->n_refused++] = (struct refusal){ str_intern(parent), str_intern(type), r };
}

static void add_fields(const struct kind *kind, enum type_fields *fields, bool *ids)
{
	for (size_t i = 0; i < kind->needs.n; i++) {
		const char *key = kind->needs.need[i].key;

		if (str_eq(key, "vendor"))
			*ids = true;
		else
			*fields |= str_eq(key, "device_api") ? TYPE_API : TYPE_DESCRIPTION;
	}
}

/* What has to be read of types and parents, beyond what every choice needs. */
static enum type_fields fields_of(const struct wish *wish, bool *ids)
{
	enum type_fields fields = 0;

	*ids = false;
	for (size_t i = 0; i < wish->n_kinds; i++)
		add_fields(&wish->kinds[i], &fields, ids);
	add_fields(&wish->kind, &fields, ids);
	for (size_t i = 0; i < wish->parents.n; i++)
		*ids |= pool_is_pci_id(wish->parents.s[i]);
	return fields;
}

struct place_parent scan_look_at(int devices, const struct wish *wish, const char *name)
{
	struct place_parent p = { .name = str_intern(name), .node = ANY_NODE };
	_cleanup_free_ char *pf = pci_physfn(devices, name);
	bool ids;

	fields_of(wish, &ids);
	p.card = pf ? str_intern(pf) : p.name;
	if (ids)
		p.id = pci_id(devices, name);
	if (ids && pf)
		p.card_id = pci_id(devices, pf);
	if (wish->nodes[0] != ANY_NODE || wish->nodes[1] != ANY_NODE)
		p.node = pci_numa_node(devices, name);
	return p;
}

static void add_parent(struct scan *scan, struct place_parent p)
{
	scan->parents = xgrow(scan->parents, scan->n_parents, sizeof(*scan->parents));
	scan->parents[scan->n_parents++] = p;
}

/* The driver does not name what a full card holds: we may have. */
static void name_types(struct scan *scan, const struct host *h)
{
	for (size_t i = 0; i < scan->types.n; i++) {
		struct mdev_type *t = &scan->types.t[i];
		_cleanup_(mdev_done) struct mdev m = {};

		if (t->name || t->available || !vgpu_type_id(t->id))
			continue;
		m.parent = t->parent;
		m.type = t->id;
		if (note_recall(h, &m) && mdev_key(&m, KEY_TYPE_NAME))
			t->name = xstrdup(mdev_key(&m, KEY_TYPE_NAME));
	}
}

/* @parent, if not NULL, has to be among them, whether it offers something or not. */
static void look_at_parents(struct scan *scan, const struct host *h, const struct wish *wish, const char *parent)
{
	_cleanup_close_ int devices = pci_open(h);
	const char *last = "";

	for (size_t i = 0; i < scan->types.n; i++) {
		if (!str_eq(last, scan->types.t[i].parent))
			add_parent(scan, scan_look_at(devices, wish, scan->types.t[i].parent));
		last = scan->types.t[i].parent;
	}
	if (parent && !scan->n_parents)
		add_parent(scan, scan_look_at(devices, wish, parent));
}

static int look_at_definitions(struct scan *scan, const struct host *h, const char *parent, struct strv *problems,
			       bool *ret_unread)
{
	_cleanup_(bus_query_end) struct bus_query query = { { -1 }, false };

	int r = config_list(h, parent, &scan->defined, problems, ret_unread);

	mdev_list_sort(&scan->defined);
	bus_query_begin(h, &query);
	for (size_t i = 0; i < scan->defined.n; i++)
		bus_query_look(&query, h, &scan->defined.m[i]);
	return r;
}

int scan_offers(struct scan *scan, const struct host *h, const struct wish *wish, const char *parent)
{
	bool ids;
	enum type_fields fields = fields_of(wish, &ids);
	int r = bus_list_types(h, parent, fields, &scan->types);

	if (r < 0)
		return r;
	mdev_type_list_sort(&scan->types);
	name_types(scan, h);
	look_at_parents(scan, h, wish, parent);
	return 0;
}

int scan_devices(struct scan *scan, const struct host *h, const char *parent, bool running, struct strv *problems,
		 bool *ret_unread)
{
	int unread = look_at_definitions(scan, h, parent, problems, ret_unread);
	int r = running ? bus_list(h, NULL, &scan->running, problems) : 0;

	mdev_list_sort(&scan->running);
	*ret_unread |= unread < 0;
	return r;
}

int scan_host(struct scan *scan, const struct host *h, const struct wish *wish, const char *parent,
	      bool running)
{
	_cleanup_(strv_done) struct strv problems = {};
	bool unread;
	int r;

	forget(scan);
	r = scan_offers(scan, h, wish, parent);
	if (r < 0)
		return r;
	return scan_devices(scan, h, parent, running || wish->policy == POLICY_SEPARATE, &problems, &unread);
}

static int compare_parent(const void *name, const void *parent)
{
	return strcmp(name, ((const struct place_parent *)parent)->name);
}

const struct place_parent *scan_find_parent(const struct scan *scan, const char *name)
{
	if (!scan->n_parents)
		return NULL;
	return bsearch(name, scan->parents, scan->n_parents, sizeof(*scan->parents), compare_parent);
}

static const char *parent_of_type(const struct scan *scan, size_t i)
{
	return scan->types.t[i].parent;
}

static const char *parent_of_definition(const struct scan *scan, size_t i)
{
	return scan->defined.m[i].parent;
}

/* How many of @n, sorted by parent, are this parent's, and where they begin. */
static size_t find_range(const struct scan *scan, const char *(*parent_of)(const struct scan *scan, size_t i),
			 size_t n, const char *parent, size_t *ret_first)
{
	size_t low = 0, high = n, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(parent_of(scan, middle), parent) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < n && str_eq(parent_of(scan, end), parent); end++)
		;
	*ret_first = low;
	return end - low;
}

size_t scan_types_of(const struct scan *scan, const char *parent, const struct mdev_type **ret_first)
{
	size_t first, n = find_range(scan, parent_of_type, scan->types.n, parent, &first);

	*ret_first = n ? &scan->types.t[first] : NULL;
	return n;
}

size_t scan_defined_on(const struct scan *scan, const char *parent, const struct mdev **ret_first)
{
	size_t first, n = find_range(scan, parent_of_definition, scan->defined.n, parent, &first);

	*ret_first = n ? &scan->defined.m[first] : NULL;
	return n;
}

const struct mdev *scan_definition_of(const struct scan *scan, const struct mdev *m)
{
	const struct mdev *d = NULL;
	size_t n = scan_defined_on(scan, m->parent, &d);

	for (size_t i = 0; i < n; i++)
		if (str_eq(d[i].uuid, m->uuid))
			return &d[i];
	return NULL;
}
