// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Makes the tree from a host file (the format is in README.md).  Runs before anything is mounted;
 * knows nothing of FUSE or of faults.
 */
#include "fake.h"
#include "host.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

static mode_t load_mode(const json_t *obj, const struct at *at, const char *def)
{
	char *text = js_text(obj, at, "mode", def), *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (*end || mode > 0777)
		js_bad(AT_KEY(at, "mode"), "expected an octal mode such as \"0644\"");
	free(text);
	return mode;
}

static struct attr_def load_attr(const json_t *obj, const struct at *at, const char *name_key)
{
	struct attr_def def;

	js_keys(obj, at, " name path mode value link dir accept loses_last read_errno write_errno ");
	def = (struct attr_def) {
		.name = js_need(obj, at, name_key),
		.mode = load_mode(obj, at, "0444"),
		.value = js_text(obj, at, "value", NULL),
		.link = js_text(obj, at, "link", NULL),
		.dir = js_bool(obj, at, "dir", false),
		.accept = js_text(obj, at, "accept", NULL),
		.loses_last = js_bool(obj, at, "loses_last", false),
		.read_errno = js_errno(obj, at, "read_errno", 0),
		.write_errno = js_errno(obj, at, "write_errno", 0),
	};
	if (!!def.value + !!def.link + def.dir > 1)
		js_bad(at, "only one of value, link and dir");
	return def;
}

/* An array of attributes, or {"NAME": "VALUE", ...} for those that are just read. */
static struct attr_defs load_attrs(const json_t *obj, const struct at *at, const char *key)
{
	json_t *list = json_object_get(obj, key), *v;
	struct attr_defs attrs = { .n = 0 };
	const char *name;
	size_t i;

	at = AT_KEY(at, key);
	if (!list)
		return attrs;
	if (json_is_object(list)) {
		attrs.v = xcalloc(json_object_size(list), sizeof(*attrs.v));
		json_object_foreach(list, name, v) {
			attrs.v[attrs.n++] = (struct attr_def) {
				.name = xstrdup(name),
				.mode = 0444,
				.value = js_text(list, at, name, NULL),
			};
		}
		return attrs;
	}
	list = js_array(obj, at->up, key);
	attrs.v = xcalloc(json_array_size(list), sizeof(*attrs.v));
	json_array_foreach(list, i, v) {
		attrs.v[attrs.n++] = load_attr(v, AT_INDEX(at, i), "name");
	}
	return attrs;
}

static void load_type(struct type *t, const json_t *obj, const struct at *at)
{
	js_keys(obj, at, " id name description device_api cost max attrs ");
	t->id = js_need(obj, at, "id");
	t->name = js_text(obj, at, "name", NULL);
	t->description = js_text(obj, at, "description", NULL);
	t->api = js_text(obj, at, "device_api", "vfio-pci");
	t->cost = js_int(obj, at, "cost", 1);
	t->max = js_int(obj, at, "max", -1);
	t->attrs = load_attrs(obj, at, "attrs");
	if (!t->cost)
		js_bad(AT_KEY(at, "cost"), "expected 1 or more");
}

/* "types" is a list, or the name of one in "type_sets". */
static void load_types(struct parent *p, const json_t *obj, const struct at *at, const json_t *sets)
{
	json_t *list = json_object_get(obj, "types"), *v;
	size_t i;

	at = AT_KEY(at, "types");
	if (!list)
		return;
	if (json_is_string(list)) {
		const char *name = json_string_value(list);

		list = json_object_get(sets, name);
		if (!list)
			js_bad(at, "there is no type set \"%s\"", name);
		at = AT_KEY(AT_KEY(NULL, "type_sets"), name);
	}
	if (!json_is_array(list) || !json_array_size(list))
		js_bad(at, "expected an array of types");
	p->types = xcalloc(json_array_size(list), sizeof(*p->types));
	json_array_foreach(list, i, v) {
		load_type(&p->types[i], v, AT_INDEX(at, i));
		p->types[i].parent = p;
		if (parent_type(p, p->types[i].id))
			js_bad(AT_INDEX(at, i), "a second type \"%s\"", p->types[i].id);
		p->n_types++;
	}
}

static void load_mdev(struct parent *p, const json_t *obj, const struct at *at)
{
	json_t *mdev = js_object(obj, at, "mdev");

	at = AT_KEY(at, "mdev");
	if (mdev)
		js_keys(mdev, at, " driver vfio attrs ");
	p->mdev_driver = js_text(mdev, at, "driver", "vfio_mdev");
	p->vfio = js_bool(mdev, at, "vfio", true);
	p->mdev_attrs = load_attrs(mdev, at, "attrs");
}

static struct ap_host *load_ap(const json_t *obj, const struct at *at)
{
	json_t *ap = js_object(obj, at, "ap"), *list, *v;
	struct ap_host *host;
	size_t i;

	if (!ap)
		return NULL;
	at = AT_KEY(at, "ap");
	js_keys(ap, at, " max_adapter max_domain reserved ap_config ");
	host = xcalloc(1, sizeof(*host));
	host->max_adapter = js_int(ap, at, "max_adapter", 255);
	host->max_domain = js_int(ap, at, "max_domain", 255);
	host->ap_config = js_bool(ap, at, "ap_config", false);
	if (host->max_adapter > 255 || host->max_domain > 255)
		js_bad(at, "a maximum is 255 at most");
	list = js_array(ap, at, "reserved");
	host->reserved = xcalloc(json_array_size(list), sizeof(*host->reserved));
	json_array_foreach(list, i, v) {
		if (!json_is_string(v))
			js_bad(AT_INDEX(AT_KEY(at, "reserved"), i),
			       "expected a queue such as \"05.0004\"");
		host->reserved[host->n_reserved++] = xstrdup(json_string_value(v));
	}
	return host;
}

/* Parents that name the same pool share it; the first one says what is in it. */
static struct pool *load_pool(const json_t *obj, const struct at *at, const char *parent)
{
	char *name = js_text(obj, at, "pool", parent);
	struct pool *pool = pool_find(name);

	if (!pool) {
		pool = pool_new(name);
		pool->units = js_int(obj, at, "units", 1);
		pool->exclusive = js_bool(obj, at, "exclusive", false);
	} else if (json_object_get(obj, "units")) {
		pool->units = js_int(obj, at, "units", 1);
	}
	free(name);
	return pool;
}

/* The same for the same host, in no order, and of the form a real one has. */
static void make_uuid(const char *parent, size_t n, char ret_uuid[UUID_LEN + 1])
{
	uint64_t h[2] = { 14695981039346656037u ^ n, 0 };

	for (; *parent; parent++)
		h[0] = (h[0] ^ (unsigned char)*parent) * 1099511628211u;
	for (int i = 0; i < 2; i++) {
		uint64_t z = h[0] + (i + 1) * 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		h[i] = z ^ z >> 31;
	}
	snprintf(ret_uuid, UUID_LEN + 1, "%08x-%04x-4%03x-%x%03x-%012llx",
		 (unsigned int)(h[0] >> 32), (unsigned int)(h[0] >> 16 & 0xffff),
		 (unsigned int)(h[0] & 0xfff), (unsigned int)(8 | (h[1] >> 60 & 3)),
		 (unsigned int)(h[1] >> 48 & 0xfff), (unsigned long long)(h[1] & 0xffffffffffffu));
}

static void load_device(struct parent *p, const json_t *obj, const struct at *at)
{
	char uuid[UUID_LEN + 1], *given, *id, number[16];
	struct type *t;
	long count;

	js_keys(obj, at, " type uuid count ");
	id = js_need(obj, at, "type");
	t = parent_type(p, id);
	if (!t)
		js_bad(AT_KEY(at, "type"), "%s has no type \"%s\"", p->name, id);
	count = js_int(obj, at, "count", 1);
	given = js_text(obj, at, "uuid", NULL);
	if (given && (strlen(given) != UUID_LEN || !uuid_parse_kernel(given, uuid)))
		js_bad(AT_KEY(at, "uuid"), "not a UUID");
	for (long i = 0; i < count; i++) {
		int r;

		if (!given)
			make_uuid(p->name, p->devices, uuid);
		r = mdev_create(t, uuid);
		if (r < 0)
			js_bad(at, "cannot create device %s: %s", uuid, errno_name(-r, number));
	}
	free(given);
	free(id);
}

static void load_devices(struct parent *p, const json_t *obj, const struct at *at)
{
	json_t *list = js_array(obj, at, "devices"), *v;
	size_t i;

	if (list && !p->registered)
		js_bad(AT_KEY(at, "devices"), "%s is not registered", p->name);
	json_array_foreach(list, i, v) {
		load_device(p, v, AT_INDEX(AT_KEY(at, "devices"), i));
	}
}

struct parent *host_parent(const json_t *obj, const struct at *at, const json_t *sets,
			   struct parent *pf)
{
	struct parent *p = xcalloc(1, sizeof(*p));
	bool registered = js_bool(obj, at, "registered", true);

	p->name = js_need(obj, at, "name");
	if (parent_find(p->name))
		js_bad(at, "a second parent \"%s\"", p->name);
	parent_insert(p);
	p->path = js_need(obj, at, "path");
	p->subsystem = js_text(obj, at, "subsystem", NULL);
	if (p->subsystem && !starts_with(p->subsystem, "bus/") &&
	    !starts_with(p->subsystem, "class/"))
		js_bad(AT_KEY(at, "subsystem"), "expected bus/NAME or class/NAME");
	p->driver = js_text(obj, at, "driver", NULL);
	p->module = js_text(obj, at, "module", NULL);
	p->attrs = load_attrs(obj, at, "attrs");
	p->pool = load_pool(obj, at, p->name);
	p->max_devices = js_int(obj, at, "max_devices", -1);
	p->errno_full = js_errno(obj, at, "full", ENOSPC);
	p->vanishes = js_bool(obj, at, "vanishes", false);
	load_types(p, obj, at, sets);
	load_mdev(p, obj, at);
	p->ap = load_ap(obj, at);
	p->pf = pf;
	if (!pf && (registered || !p->vanishes))
		parent_plug(p);
	if (!pf && registered && p->n_types)
		parent_register(p);
	host_sriov(p, obj, at, sets);
	load_devices(p, obj, at);
	return p;
}

/* "count" makes so many of it, with {N} counting from "start". */
static void load_parents(const json_t *root)
{
	json_t *list = js_array(root, NULL, "parents"), *v, *one;
	size_t i;

	json_array_foreach(list, i, v) {
		const struct at *at = AT_INDEX(AT_KEY(NULL, "parents"), i);
		long start, count;

		js_keys(v, at,
			" name path subsystem driver module attrs units pool exclusive full "
			"max_devices"
			" vanishes registered types mdev ap devices sriov vgpu count start ");
		start = js_int(v, at, "start", 0);
		count = js_int(v, at, "count", 1);
		for (long n = start; n < start + count; n++) {
			one = js_expand(v, n, at);
			host_parent(one, at, json_object_get(root, "type_sets"), NULL);
			json_decref(one);
		}
	}
}

static void load_modules(const json_t *root)
{
	json_t *list = js_array(root, NULL, "modules"), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		if (!json_is_string(v))
			js_bad(AT_INDEX(AT_KEY(NULL, "modules"), i), "expected a string");
		module_add(json_string_value(v));
	}
}

/* Anything else in the tree. */
static struct attr_defs load_files(const json_t *root)
{
	json_t *list = js_array(root, NULL, "files"), *v;
	struct attr_defs files = { .v = xcalloc(json_array_size(list), sizeof(*files.v)) };
	size_t i;

	json_array_foreach(list, i, v) {
		files.v[i] = load_attr(v, AT_INDEX(AT_KEY(NULL, "files"), i), "path");
		attr_make(sim.root, &files.v[i], NULL);
		files.n++;
	}
	return files;
}

static struct attr_defs files;

/* Those that there are from the beginning; control knows how to add others. */
static void load_vfio_drivers(const json_t *root)
{
	json_t *obj = js_object(root, NULL, "vfio_drivers"), *v;
	const char *name;

	if (obj)
		vfio_drivers_given();
	json_object_foreach(obj, name, v) {
		char *takes = js_need(obj, AT_KEY(NULL, "vfio_drivers"), name);

		vfio_driver_add(name, takes);
		free(takes);
	}
}

void host_load(const char *file)
{
	json_t *root = js_load(file);

	js_keys(root, NULL, " about modules type_sets vfio_drivers parents files cached ");
	js_object(root, NULL, "type_sets");
	sim.cached = js_bool(root, NULL, "cached", false);
	load_modules(root);
	load_vfio_drivers(root);
	load_parents(root);
	files = load_files(root);
	js_close(root);
}

void host_done(void)
{
	attrs_free(&files);
}
