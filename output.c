/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One data model in, text or JSON out.  Scans nothing.
 */
#include "output.h"

static void put(const char *text)
{
	_cleanup_free_ char *escaped = str_escape(text);

	fputs(escaped, stdout);
}

static void put_attrs(const struct mdev *m)
{
	if (!m->n_attrs)
		return;
	puts("  Attrs:");
	for (size_t i = 0; i < m->n_attrs; i++) {
		json_auto_t *attr = json_pack("{s:s}", m->attrs[i].name, m->attrs[i].value);
		_cleanup_free_ char *text = json_dumps(attr, JSON_COMPACT);

		printf("    @{%zu}: ", i);
		put(text);
		putchar('\n');
	}
}

void output_mdevs_text(const struct mdev_list *list, bool of_definitions, bool verbose)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct mdev *m = &list->m[i];

		printf("%s ", m->uuid);
		put(m->parent);
		putchar(' ');
		put(m->type);
		fputs(m->autostart ? " auto" : " manual", stdout);
		if (of_definitions && m->active)
			fputs(" (active)", stdout);
		if (!of_definitions && m->defined)
			fputs(" (defined)", stdout);
		putchar('\n');
		if (verbose)
			put_attrs(m);
	}
}

static void dump(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

/* Sysfs texts come from drivers; JSON takes nothing but UTF-8. */
static json_t *json_text(const char *text)
{
	json_t *json = json_string(text);
	_cleanup_free_ char *ascii = NULL;

	if (json)
		return json;
	ascii = xstrdup(text);
	for (char *c = ascii; *c; c++)
		if (*c & 0x80)
			*c = '?';
	return json_string(ascii);
}

/*
 * The array of entries of one parent, in an outer array of at most one object
 * with all parents as keys: libvirt reads just that.
 */
static json_t *entries_of(json_t *top, const char *parent)
{
	json_t *parents = json_array_get(top, 0), *entries;

	if (!parents) {
		parents = json_object();
		json_array_append_new(top, parents);
	}
	entries = json_object_get(parents, parent);
	if (!entries) {
		entries = json_array();
		json_object_set_new(parents, parent, entries);
	}
	return entries;
}

void output_mdevs_json(const struct mdev_list *list)
{
	json_auto_t *top = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct mdev *m = &list->m[i];

		json_array_append_new(entries_of(top, m->parent),
				      json_pack("{s:o}", m->uuid, mdev_to_json(m)));
	}
	dump(top);
}

void output_mdev_json(const struct mdev *m)
{
	json_auto_t *json = mdev_to_json(m);

	dump(json);
}

/* A driver's description has several lines; ours are one each. */
static char *join_lines(const char *text)
{
	char *joined = xcalloc(strlen(text) + 1, 2), *to = joined;

	for (; *text; text++) {
		*to++ = *text == '\n' ? ',' : *text;
		if (*text == '\n')
			*to++ = ' ';
	}
	return joined;
}

static void put_line(const char *label, const char *text)
{
	_cleanup_free_ char *joined = text ? join_lines(text) : NULL;

	if (!joined || !*joined)
		return;
	printf("    %s: ", label);
	put(joined);
	putchar('\n');
}

void output_types_text(const struct mdev_type_list *list)
{
	const char *parent = "";

	for (size_t i = 0; i < list->n; i++) {
		const struct mdev_type *t = &list->t[i];

		if (!str_eq(parent, t->parent)) {
			parent = t->parent;
			put(parent);
			putchar('\n');
		}
		fputs("  ", stdout);
		put(t->id);
		printf("\n    Available instances: %lu\n", t->available);
		put_line("Device API", t->device_api);
		put_line("Name", t->name);
		put_line("Description", t->description);
	}
}

static json_t *type_to_json(const struct mdev_type *t)
{
	json_t *json = json_pack("{s:I, s:o}", "available_instances", (json_int_t)t->available,
				 "device_api", json_text(t->device_api));

	if (t->name)
		json_object_set_new(json, "name", json_text(t->name));
	if (t->description) {
		_cleanup_free_ char *description = join_lines(t->description);

		json_object_set_new(json, "description", json_text(description));
	}
	return json;
}

void output_types_json(const struct mdev_type_list *list)
{
	json_auto_t *top = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct mdev_type *t = &list->t[i];

		json_array_append_new(entries_of(top, t->parent),
				      json_pack("{s:o}", t->id, type_to_json(t)));
	}
	dump(top);
}

int output_finish(void)
{
	errno = 0;
	if (ferror(stdout) || fflush(stdout) == EOF)
		return errno ? -errno : -EIO;
	/* A file system may tell of a full disk only at close. */
	if (fclose(stdout) == EOF && errno != EBADF)
		return -errno;
	return 0;
}
