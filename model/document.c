/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place where a document turns from JSON into a struct document and back.
 */
#include "model/document.h"

/* Of the form below; one that says otherwise may mean something else by it. */
#define FORMAT 1
#define FEATURES_MAX 64

static void set(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_text(text));
}

static json_t *parent_to_json(const struct document *d)
{
	json_t *parent = json_object();

	set(parent, "name", d->m.parent);
	set(parent, "pci_id", d->pci_id);
	set(parent, "subsystem_id", d->subsystem_id);
	set(parent, "driver", d->driver);
	set(parent, "module", d->module);
	set(parent, "module_version", d->module_version);
	set(parent, "module_srcversion", d->module_srcversion);
	return parent;
}

static json_t *type_to_json(const struct document *d)
{
	json_t *type = json_object();

	set(type, "id", d->m.type);
	set(type, "name", d->type.name);
	set(type, "description", d->type.description);
	set(type, "device_api", d->type.device_api);
	return type;
}

static json_t *migration_to_json(const struct migration *m)
{
	json_t *migration = json_object(), *features = json_array();

	set(migration, "source", m->source);
	for (size_t i = 0; i < m->features.n; i++)
		json_array_append_new(features, json_text(m->features.s[i]));
	if (m->source)
		json_object_set(migration, "features", features);
	json_decref(features);
	set(migration, "state", m->state);
	set(migration, "version", m->version);
	return migration;
}

json_t *document_to_json(const struct document *d)
{
	json_t *json = json_pack("{s:i, s:s}", "format", FORMAT, "uuid", d->m.uuid);

	set(json, "name", mdev_name_is_right(&d->m) ? mdev_key(&d->m, KEY_NAME) : NULL);
	json_object_set_new(json, "parent", parent_to_json(d));
	json_object_set_new(json, "type", type_to_json(d));
	json_object_set_new(json, "attrs", mdev_attrs_to_json(&d->m));
	set(json, "kernel", d->kernel);
	if (d->migration.source || d->migration.state || d->migration.version)
		json_object_set_new(json, "migration", migration_to_json(&d->migration));
	return json;
}

/* An object that is being read, and where it stands. */
struct reader {
	json_t *json;
	struct json_at at;
};

/* The text of a key, where there is one; caller frees. */
static int read_text(const struct reader *r, const char *key, char **ret_text)
{
	const struct json_at here = json_at_key(&r->at, key);
	const json_t *value = json_object_get(r->json, key);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return json_wrong(&here, "\"%s\" is %s, expected a string", key, json_kind(value));
	*ret_text = xstrdup(json_string_value(value));
	return 0;
}

/* One that has to be there, and names something. */
static int read_name(const struct reader *r, const char *key, const char *(*problem_of)(const char *text),
		     const char **ret_name)
{
	const struct json_at here = json_at_key(&r->at, key);
	_cleanup_free_ char *text = NULL;
	const char *problem;
	int result = read_text(r, key, &text);

	if (result < 0)
		return result;
	if (!text)
		return json_wrong(&r->at, "the key \"%s\" is missing", key);
	problem = problem_of(text);
	if (problem)
		return json_wrong(&here, "the name in \"%s\" %s", key, problem);
	*ret_name = str_intern(text);
	return 0;
}

/* An object that has to be there, or, @optional, an empty one. */
static int read_object(const struct reader *r, const char *key, bool optional, struct reader *ret_reader)
{
	*ret_reader = (struct reader){ .json = json_object_get(r->json, key), .at = json_at_key(&r->at, key) };
	if (!ret_reader->json && !optional)
		return json_wrong(&r->at, "the key \"%s\" is missing: 'mdevctl describe' makes such documents", key);
	if (ret_reader->json && !json_is_object(ret_reader->json))
		return json_wrong(&ret_reader->at, "\"%s\" is %s, expected an object", key, json_kind(ret_reader->json));
	return 0;
}

static int read_texts(const struct reader *r, const char *const *keys, char **const *texts, size_t n)
{
	int result = 0;

	for (size_t i = 0; i < n && result == 0; i++)
		result = read_text(r, keys[i], texts[i]);
	return result;
}

static int read_parent(struct document *d, const struct reader *top)
{
	static const char *const keys[] = { "pci_id", "subsystem_id",	"driver",
					    "module", "module_version", "module_srcversion" };
	char **const texts[] = { &d->pci_id, &d->subsystem_id,	 &d->driver,
				 &d->module, &d->module_version, &d->module_srcversion };
	struct reader r;
	int result = read_object(top, "parent", false, &r);

	if (result == 0)
		result = read_name(&r, "name", parent_name_problem, &d->m.parent);
	return result < 0 ? result : read_texts(&r, keys, texts, ARRAY_SIZE(keys));
}

static int read_type(struct document *d, const struct reader *top)
{
	static const char *const keys[] = { "name", "description", "device_api" };
	char **const texts[] = { &d->type.name, &d->type.description, &d->type.device_api };
	struct reader r;
	int result = read_object(top, "type", false, &r);

	if (result == 0)
		result = read_name(&r, "id", name_problem, &d->m.type);
	return result < 0 ? result : read_texts(&r, keys, texts, ARRAY_SIZE(keys));
}

static int read_features(struct migration *m, const struct reader *r)
{
	const struct json_at here = json_at_key(&r->at, "features");
	json_t *features = json_object_get(r->json, "features"), *value;
	size_t i;

	if (features && !json_is_array(features))
		return json_wrong(&here, "\"features\" is %s, expected an array of strings", json_kind(features));
	if (json_array_size(features) > FEATURES_MAX)
		return json_wrong(&here, "\"features\" has more than %d texts", FEATURES_MAX);
	json_array_foreach(features, i, value) {
		const struct json_at there = json_at_index(&here, i);

		if (!json_is_string(value))
			return json_wrong(&there, "\"features\" has %s, expected strings", json_kind(value));
		strv_add(&m->features, xstrdup(json_string_value(value)));
	}
	/* Without features that is no word on what the device can. */
	if (!features && m->source)
		return json_wrong(&r->at, "the key \"features\" is missing beside \"source\"");
	return 0;
}

static int read_migration(struct document *d, const struct reader *top)
{
	static const char *const keys[] = { "source", "state", "version" };
	struct migration *m = &d->migration;
	char **const texts[] = { &m->source, &m->state, &m->version };
	struct reader r;
	int result = read_object(top, "migration", true, &r);

	if (result == 0)
		result = read_texts(&r, keys, texts, ARRAY_SIZE(keys));
	return result < 0 ? result : read_features(m, &r);
}

static int read_identity(struct document *d, const struct reader *top)
{
	const struct json_at at_uuid = json_at_key(&top->at, "uuid"), at_name = json_at_key(&top->at, "name");
	_cleanup_free_ char *uuid = NULL, *name = NULL;
	int result = read_text(top, "uuid", &uuid);

	if (result == 0)
		result = read_text(top, "name", &name);
	if (result < 0)
		return result;
	if (!uuid || !uuid_normalise(uuid, d->m.uuid))
		return json_wrong(&at_uuid, "\"uuid\" is no UUID");
	if (!name)
		return 0;
	mdev_set_key(&d->m, KEY_NAME, name);
	if (mdev_name_is_right(&d->m))
		return 0;
	return json_wrong(&at_name, "\"name\" is not the one that gives the UUID %s", d->m.uuid);
}

static int read_attrs(struct document *d, const struct reader *top)
{
	const struct json_at here = json_at_key(&top->at, "attrs");
	json_t *attrs = json_object_get(top->json, "attrs");

	return attrs && !json_is_null(attrs) ? mdev_read_attrs(&d->m, attrs, &here) : 0;
}

static int check_format(const struct reader *top)
{
	const struct json_at here = json_at_key(&top->at, "format");
	const json_t *format = json_object_get(top->json, "format");

	if (!json_is_object(top->json))
		return json_wrong(&top->at, "this is %s, expected what 'mdevctl describe' prints", json_kind(top->json));
	if (!format)
		return json_wrong(&top->at, "the key \"format\" is missing: this is not what 'mdevctl describe' prints");
	if (!json_is_integer(format) || json_integer_value(format) != FORMAT)
		return json_wrong(&here, "\"format\" is not %d, the one that this version of mdevctl reads", FORMAT);
	return 0;
}

static int read_all_keys(struct document *d, const struct reader *top)
{
	int result = check_format(top);

	if (result == 0)
		result = read_identity(d, top);
	if (result == 0)
		result = read_parent(d, top);
	if (result == 0)
		result = read_type(d, top);
	if (result == 0)
		result = read_attrs(d, top);
	if (result == 0)
		result = read_text(top, "kernel", &d->kernel);
	return result < 0 ? result : read_migration(d, top);
}

int document_from_json(const char *text, size_t length, const char *source, struct document *ret_document,
		       struct error *error)
{
	const struct json_source src = { source, text, error };
	json_auto_t *json = json_parse(text, length, source, error);
	const struct reader top = { .json = json, .at = { .src = &src } };
	_cleanup_(document_done) struct document d = {};
	int result = json ? read_all_keys(&d, &top) : -EINVAL;

	if (result == 0)
		*ret_document = take(d);
	return result;
}

void document_done(struct document *d)
{
	mdev_done(&d->m);
	mdev_type_done(&d->type);
	free(d->pci_id);
	free(d->subsystem_id);
	free(d->driver);
	free(d->module);
	free(d->module_version);
	free(d->module_srcversion);
	free(d->kernel);
	free(d->migration.source);
	strv_done(&d->migration.features);
	free(d->migration.state);
	free(d->migration.version);
	*d = (struct document){};
}
