/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One data model in, text or JSON out.  Scans nothing.
 */
#include "output.h"

/* Output is made in memory and written at once: of stdio's own writing only
 * the failure could be told later, not its reason. */
struct text {
	FILE *f;
	char *data;
	size_t length;
};

static struct text *text_open(struct text *t)
{
	t->f = open_memstream(&t->data, &t->length);
	if (!t->f) {
		fail_errno(-errno, "cannot print");
		exit(EXIT_FAILURE);
	}
	return t;
}

static int fail_to_print(int r)
{
	return fail_errno(r, "cannot write to standard output");
}

/* Prints and frees the text. */
static int text_print(struct text *t)
{
	_cleanup_free_ char *data = NULL;
	int r = fclose(t->f) == EOF ? -errno : 0;

	data = t->data;
	if (r == 0 && (fwrite(data, 1, t->length, stdout) != t->length || fflush(stdout) == EOF))
		r = -errno;
	return r < 0 ? fail_to_print(r) : 0;
}

static void put(struct text *t, const char *text)
{
	_cleanup_free_ char *escaped = str_needs_escape(text) ? str_escape(text) : NULL;

	fputs_unlocked(escaped ? escaped : text, t->f);
}

static void put_attrs(struct text *t, const struct mdev *m)
{
	if (!m->n_attrs)
		return;
	fputs("  Attrs:\n", t->f);
	for (size_t i = 0; i < m->n_attrs; i++) {
		json_auto_t *attr = json_pack("{s:s}", m->attrs[i].name, m->attrs[i].value);
		_cleanup_free_ char *json = json_dumps(attr, JSON_COMPACT);

		fprintf(t->f, "    @{%zu}: ", i);
		put(t, json);
		putc('\n', t->f);
	}
}

int output_mdevs_text(const struct mdev_list *list, bool of_definitions, bool verbose)
{
	struct text t, *out = text_open(&t);

	for (size_t i = 0; i < list->n; i++) {
		const struct mdev *m = &list->m[i];

		put(out, m->uuid);
		put(out, " ");
		put(out, m->parent);
		put(out, " ");
		put(out, m->type);
		put(out, m->autostart ? " auto" : " manual");
		if (of_definitions && m->active)
			put(out, " (active)");
		if (!of_definitions && m->defined)
			put(out, " (defined)");
		putc_unlocked('\n', out->f);
		if (verbose)
			put_attrs(out, m);
	}
	return text_print(out);
}

/* DEL and C1, which jansson leaves as they are, can steer a terminal too; in
 * JSON they are only in strings, and mean the same as an escape. */
static void put_json(struct text *t, const char *json)
{
	const unsigned char *p = (const unsigned char *)json;

	while (*p) {
		size_t plain = strcspn((const char *)p, "\x7f\xc2");

		fwrite(p, 1, plain, t->f);
		p += plain;
		if (*p == 0x7f)
			fprintf(t->f, "\\u%04x", *p++);
		else if (*p && p[1] >= 0x80 && p[1] < 0xa0)
			fprintf(t->f, "\\u%04x", (p += 2)[-1]);
		else if (*p)
			putc(*p++, t->f);
	}
}

static int dump(const json_t *json)
{
	_cleanup_free_ char *text = json_dumps(json, JSON_INDENT(2));
	struct text t, *out = text_open(&t);

	put_json(out, text);
	putc('\n', out->f);
	return text_print(out);
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

int output_mdevs_json(const struct mdev_list *list)
{
	json_auto_t *top = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct mdev *m = &list->m[i];

		json_array_append_new(entries_of(top, m->parent),
				      json_pack("{s:o}", m->uuid, mdev_to_json(m)));
	}
	return dump(top);
}

int output_mdev_json(const struct mdev *m)
{
	json_auto_t *json = mdev_to_json(m);

	return dump(json);
}

/* A driver's description has several lines; ours are one each. */
static char *join_lines(const char *text)
{
	char *joined = xcalloc(strlen(text) + 1, 2), *to = joined;

	for (; *text; text++) {
		if (*text != '\n') {
			*to++ = *text;
			continue;
		}
		*to++ = ',';
		*to++ = ' ';
	}
	return joined;
}

static void put_line(struct text *t, const char *label, const char *text)
{
	_cleanup_free_ char *joined = text ? join_lines(text) : NULL;

	if (!joined || !*joined)
		return;
	fprintf(t->f, "    %s: ", label);
	put(t, joined);
	putc('\n', t->f);
}

int output_types_text(const struct mdev_type_list *list)
{
	struct text text, *out = text_open(&text);
	const char *parent = "";

	for (size_t i = 0; i < list->n; i++) {
		const struct mdev_type *t = &list->t[i];

		if (!str_eq(parent, t->parent)) {
			parent = t->parent;
			put(out, parent);
			putc('\n', out->f);
		}
		fputs("  ", out->f);
		put(out, t->id);
		fprintf(out->f, "\n    Available instances: %lu\n", t->available);
		put_line(out, "Device API", t->device_api);
		put_line(out, "Name", t->name);
		put_line(out, "Description", t->description);
	}
	return text_print(out);
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

int output_types_json(const struct mdev_type_list *list)
{
	json_auto_t *top = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct mdev_type *t = &list->t[i];

		json_array_append_new(entries_of(top, t->parent),
				      json_pack("{s:o}", t->id, type_to_json(t)));
	}
	return dump(top);
}

int output_libvirt_xml(const struct mdev *m, const char *api)
{
	struct text t, *out = text_open(&t);

	fprintf(out->f,
		"<hostdev mode='subsystem' type='mdev' model='%s'>\n"
		"  <source>\n"
		"    <address uuid='%s'/>\n"
		"  </source>\n"
		"</hostdev>\n",
		api, m->uuid);
	return text_print(out);
}

int output_qemu_args(const struct mdev *m, const char *api)
{
	struct text t, *out = text_open(&t);

	fprintf(out->f, "-device %s,sysfsdev=/sys/bus/mdev/devices/%s\n", api, m->uuid);
	return text_print(out);
}

static const char *const health_names[] = {
	[HEALTH_OK] = "ok",
	[HEALTH_WARN] = "warn",
	[HEALTH_FAIL] = "FAIL",
};

int output_findings_text(const struct findings *all)
{
	struct text t, *out = text_open(&t);

	for (size_t i = 0; i < all->n; i++) {
		const struct finding *f = &all->f[i];

		fprintf(out->f, "%-4s %s: ", health_names[f->health], f->check);
		put(out, f->seen);
		if (f->mend) {
			put(out, " -> ");
			put(out, f->mend);
		}
		putc('\n', out->f);
	}
	return text_print(out);
}

int output_findings_json(const struct findings *all)
{
	json_auto_t *top = json_array();

	for (size_t i = 0; i < all->n; i++) {
		const struct finding *f = &all->f[i];
		json_t *one = json_pack("{s:s, s:s, s:o}", "check", f->check, "health",
					health_names[f->health], "seen", json_text(f->seen));

		if (f->mend)
			json_object_set_new(one, "mend", json_text(f->mend));
		json_array_append_new(top, one);
	}
	return dump(top);
}

int output_lines(const struct strv *lines)
{
	struct text t, *out = text_open(&t);

	for (size_t i = 0; i < lines->n; i++)
		fprintf(out->f, "%s\n", lines->s[i]);
	return text_print(out);
}

int output_uuid(const char *uuid)
{
	struct text t, *out = text_open(&t);

	fprintf(out->f, "%s\n", uuid);
	return text_print(out);
}

int output_finish(void)
{
	if (fflush(stdout) == EOF)
		return fail_to_print(-errno);
	/* A file system may tell of a full disk only at close. */
	if (fclose(stdout) == EOF && errno != EBADF)
		return fail_to_print(-errno);
	return 0;
}
