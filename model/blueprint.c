/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place where a host's description turns from JSON into a struct blueprint, and back.
 */
#include "model/blueprint.h"

#include <fnmatch.h>

/* A description that is being read. */
struct reader {
	struct blueprint *blueprint;
	struct strv *problems;
};

/* What is wrong has been set as the source's error. */
static void note_problem(struct reader *r)
{
	strv_add(r->problems, take(r->blueprint->error.text));
}

static void _printf_(3, 4) wrong(struct reader *r, const struct json_at *at, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	json_wrong(at, "%s", text);
	note_problem(r);
}

void blueprint_problem(struct strv *problems, const struct json_at *at, const char *fmt, ...)
{
	_cleanup_(error_done) struct error error = {};
	const struct json_source src = { at->src->name, at->src->text, &error };
	struct json_at here = *at;
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	here.src = &src;
	json_wrong(&here, "%s", text);
	strv_add(problems, take(error.text));
}

const char *blueprint_member(const char *family, unsigned long number)
{
	_cleanup_free_ char *name = xasprintf("%s-%lu", family, number);

	return str_intern(name);
}

static void read_vfs(struct reader *r, json_t *section, const struct json_at *at)
{
	struct blueprint *s = r->blueprint;
	const char *pf;
	json_t *value;

	json_object_foreach(section, pf, value) {
		const struct json_at here = json_at_key(at, pf);
		const char *problem = parent_name_problem(pf);
		struct vfs vfs;

		if (problem) {
			wrong(r, &here, "the name of the physical function '%s' %s", pf, problem);
		} else if (vfs_read(pf, value, &here, &vfs) < 0) {
			note_problem(r);
		} else {
			s->vfs = xgrow(s->vfs, s->n_vfs, sizeof(*s->vfs));
			s->vfs[s->n_vfs++] = vfs;
		}
	}
}

static void read_pools(struct reader *r, json_t *section, const struct json_at *at)
{
	struct blueprint *s = r->blueprint;
	const char *name;
	json_t *value;

	json_object_foreach(section, name, value) {
		const struct json_at here = json_at_key(at, name);
		const char *problem = device_name_problem(name);
		struct pool pool;

		if (problem) {
			wrong(r, &here, "the pool's name '%s' %s", name, problem);
		} else if (pool_read(name, value, &here, &pool) < 0) {
			strv_add(&s->unread_pools, xstrdup(name));
			note_problem(r);
		} else {
			s->pools = xgrow(s->pools, s->n_pools, sizeof(*s->pools));
			s->pools[s->n_pools++] = pool;
		}
	}
}

/* Takes the device out of @w. */
static void add_device(struct blueprint *s, struct wanted *w)
{
	s->devices = xgrow(s->devices, s->n_devices, sizeof(*s->devices));
	s->devices[s->n_devices++] = *w;
	w->m = (struct mdev){};
}

static void set_name(struct wanted *w, const char *name)
{
	w->label = str_intern(name);
	uuid_of_name(name, w->m.uuid);
	mdev_set_key(&w->m, KEY_NAME, name);
}

/* The key of a device is its UUID or its name. */
static int read_key(struct reader *r, struct wanted *w, const char *key)
{
	const char *problem = NULL;

	if (uuid_normalise(key, w->m.uuid)) {
		w->label = str_intern(w->m.uuid);
		return 0;
	}
	problem = device_name_problem(key);
	if (problem)
		wrong(r, &w->at, "'%s' is neither a device's UUID nor its name: it %s", key, problem);
	w->is_named = true;
	w->label = str_intern(key);
	return problem ? -EINVAL : 0;
}

static int read_type(struct wanted *w, json_t *device)
{
	const struct json_at here = json_at_key(&w->at, "mdev_type");
	const json_t *type = json_object_get(device, "mdev_type");
	const char *problem;

	if (!type && w->pool)
		return 0;
	if (!type)
		return json_wrong(&here, "the key \"mdev_type\" is missing, which names the type");
	if (!json_is_string(type))
		return json_wrong(&here, "\"mdev_type\" is %s, expected a string", json_kind(type));
	problem = type_text_problem(json_string_value(type));
	if (problem)
		return json_wrong(&here, "the name in \"mdev_type\" %s", problem);
	w->type = w->id = str_intern(json_string_value(type));
	return 0;
}

/* @ret_count: 0: it has none. */
static int read_count(struct wanted *w, json_t *device, unsigned long *ret_count)
{
	const struct json_at here = json_at_key(&w->at, "count");
	const json_t *count = json_object_get(device, "count");
	json_int_t number = json_integer_value(count);
	bool max = json_is_string(count) && str_eq(json_string_value(count), "max");

	*ret_count = 0;
	if (!count)
		return 0;
	if (!w->is_named)
		return json_wrong(&here, "\"count\" needs a name as the device's key, which the devices are called after, not a UUID");
	if (!max && (number < 1 || number > BLUEPRINT_COUNT_MAX))
		return json_wrong(&here, "\"count\" is not a number from 1 to %d, nor \"max\"", BLUEPRINT_COUNT_MAX);
	w->is_rest = max;
	w->family = w->label;
	*ret_count = max ? 1 : (unsigned long)number;
	json_object_del(device, "count");
	return 0;
}

static void add_members(struct reader *r, struct wanted *w, unsigned long count)
{
	const char *last = blueprint_member(w->family, w->is_rest ? BLUEPRINT_COUNT_MAX : count);
	const char *problem = device_name_problem(last);

	if (problem || strv_has(&r->blueprint->families, w->family)) {
		wrong(r, &w->at, "the name '%s' %s", problem ? last : w->family, problem ? problem : "has a count twice");
		return;
	}
	strv_add(&r->blueprint->families, xstrdup(w->family));
	for (unsigned long i = 1; i <= count && !w->is_rest; i++) {
		struct wanted member = *w;

		member.m = mdev_copy(&w->m);
		set_name(&member, blueprint_member(w->family, i));
		add_device(r->blueprint, &member);
	}
	if (w->is_rest)
		add_device(r->blueprint, w);
}

/* A definition's own word for its type decides over an id, as at start. */
static void take_type_name(struct wanted *w)
{
	const char *name = mdev_key(&w->m, KEY_TYPE_NAME);

	if (name && !type_text_problem(name))
		w->type = str_intern(name);
}

static void read_device(struct reader *r, struct wanted *like, const char *key, json_t *device)
{
	struct wanted w = *like;
	unsigned long count = 0;
	int result;

	w.at = json_at_key(&like->at, key);
	if (!json_is_object(device)) {
		wrong(r, &w.at, "this is %s, expected the object of one definition", json_kind(device));
		return;
	}
	if (read_key(r, &w, key) < 0)
		return;
	result = read_type(&w, device);
	if (result == 0)
		result = read_count(&w, device, &count);
	w.has_attrs = json_is_array(json_object_get(device, "attrs"));
	json_object_del(device, "mdev_type");
	if (result == 0)
		result = mdev_read_but_type(&w.m, device, &w.at);
	if (result < 0) {
		note_problem(r);
		return;
	}
	take_type_name(&w);
	if (count) {
		add_members(r, &w, count);
	} else {
		if (w.is_named)
			set_name(&w, w.label);
		else
			w.label = str_intern(mdev_label(&w.m));
		add_device(r->blueprint, &w);
	}
	mdev_done(&w.m);
}

/* The devices of one parent, or of what stands for one. */
static void read_parent(struct reader *r, const char *key, json_t *devices, const struct json_at *at)
{
	struct wanted like = { .at = *at };
	const char *problem, *name;
	json_t *one, *device;
	size_t i;

	if (strncmp(key, BLUEPRINT_POOL, strlen(BLUEPRINT_POOL)) == 0) {
		like.pool = str_intern(key + strlen(BLUEPRINT_POOL));
		problem = device_name_problem(like.pool);
	} else {
		*(is_pattern(key) ? &like.pattern : &like.parent) = str_intern(key);
		problem = parent_name_problem(key);
	}
	if (problem) {
		wrong(r, at, "the %s '%s' %s", like.pool ? "pool's name" : "parent's name",
		      like.pool ? like.pool : key, problem);
		return;
	}
	if (!json_is_array(devices)) {
		wrong(r, at, "what %s is to have is %s, expected an array of objects like {\"UUID\": {...}}", key,
		      json_kind(devices));
		return;
	}
	strv_add(&r->blueprint->parents, xstrdup(key));
	json_array_foreach(devices, i, one) {
		like.at = json_at_index(at, i);
		if (!json_is_object(one))
			wrong(r, &like.at, "this is %s, expected an object like {\"UUID\": {...}}", json_kind(one));
		json_object_foreach(one, name, device) {
			read_device(r, &like, name, device);
		}
	}
}

static void read_devices(struct reader *r, json_t *section, const struct json_at *at)
{
	const char *parent;
	json_t *one, *devices;
	size_t i;

	json_array_foreach(section, i, one) {
		const struct json_at here = json_at_index(at, i);

		if (!json_is_object(one))
			wrong(r, &here, "this is %s, expected an object like {\"PARENT\": [...]}", json_kind(one));
		json_object_foreach(one, parent, devices) {
			const struct json_at there = json_at_key(&here, parent);

			read_parent(r, parent, devices, &there);
		}
	}
}

static const struct {
	const char *key;
	json_type type;
	const char *expected;
	void (*read)(struct reader *r, json_t *section, const struct json_at *at);
} sections[] = {
	{ "vfs", JSON_OBJECT, "an object like {\"0000:41:00.0\": {\"vfs\": 4}}", read_vfs },
	{ "pools", JSON_OBJECT, "an object like {\"NAME\": {...}}", read_pools },
	{ "devices", JSON_ARRAY, "an array like [{\"PARENT\": [...]}]", read_devices },
};

static void read_section(struct reader *r, const char *key, json_t *value, const struct json_at *top)
{
	const struct json_at here = json_at_key(top, key);

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (!str_eq(key, sections[i].key))
			continue;
		if (json_typeof(value) == sections[i].type)
			sections[i].read(r, value, &here);
		else
			wrong(r, &here, "\"%s\" is %s, expected %s", key, json_kind(value), sections[i].expected);
		return;
	}
	wrong(r, &here, "the description of a host has no key \"%s\"; there are vfs, pools, devices", key);
}

/* Of two with one UUID, one parent's definition would replace the other, or the name be
 * in two places. */
static bool collide(const struct wanted *a, const struct wanted *b)
{
	if (a->is_rest || b->is_rest || !str_eq(a->m.uuid, b->m.uuid))
		return false;
	return a->is_named || b->is_named || !a->parent || !b->parent || str_eq(a->parent, b->parent);
}

static int compare_uuids(const void *a, const void *b)
{
	const struct wanted *x = *(const struct wanted *const *)a, *y = *(const struct wanted *const *)b;
	int order = strcmp(x->m.uuid, y->m.uuid);

	return order ? order : (x > y) - (x < y);
}

static void check_unique(struct reader *r)
{
	const struct blueprint *s = r->blueprint;
	_cleanup_free_ const struct wanted **sorted = xcalloc(s->n_devices + 1, sizeof(*sorted));

	for (size_t i = 0; i < s->n_devices; i++)
		sorted[i] = &s->devices[i];
	qsort(sorted, s->n_devices, sizeof(*sorted), compare_uuids);
	for (size_t i = 0; i < s->n_devices; i++)
		for (size_t j = i + 1; j < s->n_devices && str_eq(sorted[i]->m.uuid, sorted[j]->m.uuid); j++)
			if (collide(sorted[i], sorted[j]))
				wrong(r, &sorted[j]->at, "%s is asked for twice%s%s%s", sorted[j]->label,
				      str_eq(sorted[i]->label, sorted[j]->label) ? "" : ": it is ",
				      str_eq(sorted[i]->label, sorted[j]->label) ? "" : sorted[i]->label,
				      str_eq(sorted[i]->label, sorted[j]->label) ? "" : ", too");
}

void blueprint_read(struct blueprint *ret_blueprint, char *text, size_t length, const char *source,
		struct strv *problems)
{
	struct reader r = { ret_blueprint, problems };
	struct json_at top = { .src = &ret_blueprint->source };
	const char *key;
	json_t *value;

	*ret_blueprint = (struct blueprint){ .text = text, .source = { source, text, &ret_blueprint->error } };
	ret_blueprint->json = json_parse(text, length, source, &ret_blueprint->error);
	if (!ret_blueprint->json) {
		note_problem(&r);
		return;
	}
	/* As `list --defined --dumpjson` prints it. */
	if (json_is_array(ret_blueprint->json))
		read_devices(&r, ret_blueprint->json, &top);
	else if (!json_is_object(ret_blueprint->json))
		wrong(&r, &top, "this is %s, expected the object that 'mdevctl dump' prints", json_kind(ret_blueprint->json));
	json_object_foreach(ret_blueprint->json, key, value) {
		read_section(&r, key, value, &top);
	}
	check_unique(&r);
}

bool blueprint_speaks_of(const struct blueprint *b, const char *parent)
{
	for (size_t i = 0; i < b->n_devices; i++) {
		const struct wanted *w = &b->devices[i];

		if (w->pool || (w->parent && str_eq(w->parent, parent)) ||
		    (w->pattern && fnmatch(w->pattern, parent, FNM_NOESCAPE) == 0))
			return true;
	}
	return false;
}

void blueprint_done(struct blueprint *b)
{
	for (size_t i = 0; i < b->n_vfs; i++)
		vfs_done(&b->vfs[i]);
	for (size_t i = 0; i < b->n_pools; i++)
		pool_done(&b->pools[i]);
	for (size_t i = 0; i < b->n_devices; i++)
		mdev_done(&b->devices[i].m);
	free(b->vfs);
	free(b->pools);
	free(b->devices);
	strv_done(&b->parents);
	strv_done(&b->unread_pools);
	strv_done(&b->families);
	json_decref(b->json);
	free(b->text);
	error_done(&b->error);
	*b = (struct blueprint){};
}

json_t *blueprint_to_json(const struct vfs *vfs, size_t n_vfs, const struct pool *pools, size_t n_pools,
		      const struct mdev_list *defined)
{
	json_t *json = json_object(), *devices = json_object(), *of_vfs = json_object(), *of_pools = json_object();

	for (size_t i = 0; i < n_vfs; i++)
		json_object_set_new(of_vfs, vfs[i].pf, vfs_to_json(&vfs[i]));
	for (size_t i = 0; i < n_pools; i++)
		json_object_set(of_pools, pools[i].name, pools[i].json);
	for (size_t i = 0; i < defined->n; i++) {
		const struct mdev *m = &defined->m[i];
		json_t *of_parent = json_object_get(devices, m->parent);

		if (!of_parent) {
			of_parent = json_array();
			json_object_set_new(devices, m->parent, of_parent);
		}
		json_array_append_new(of_parent, json_pack("{s:o}", m->uuid, mdev_to_json(m)));
	}
	json_object_set_new(json, "vfs", of_vfs);
	json_object_set_new(json, "pools", of_pools);
	json_object_set_new(json, "devices",
			    json_object_size(devices) ? json_pack("[o]", devices) : json_array());
	if (!json_object_size(devices))
		json_decref(devices);
	return json;
}
