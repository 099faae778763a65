/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One data model in, text or JSON out.  Scans nothing.
 */
#include "cli/output.h"

/* Printed in large pieces through a stream of our own: of stdio's own writing
 * only the failure could be told later, not its reason. */
struct text {
	FILE *f;
	int error;          /* why writing failed first, as -errno */
	const char *margin; /* of JSON, which jansson indents from none */
	char buffer[1 << 16];
};

static ssize_t text_write(void *cookie, const char *data, size_t length)
{
	struct text *t = cookie;

	if (!t->error && (fwrite(data, 1, length, stdout) != length || fflush(stdout) == EOF))
		t->error = -errno;
	return t->error ? 0 : (ssize_t)length;
}

static struct text *text_open(struct text *t)
{
	t->error = 0;
	t->margin = "";
	t->f = fopencookie(t, "w", (cookie_io_functions_t){ .write = text_write });
	if (!t->f) {
		fail_errno(-errno, "cannot print");
		exit(EXIT_FAILURE);
	}
	setvbuf(t->f, t->buffer, _IOFBF, sizeof(t->buffer));
	return t;
}

static int fail_to_print(int r)
{
	return fail_errno(r, "cannot write to standard output");
}

/* Writes what is left. */
static int text_close(struct text *t)
{
	fclose(t->f);
	return t->error ? fail_to_print(t->error) : 0;
}

static void put(struct text *t, const char *text)
{
	_cleanup_free_ char *escaped = str_needs_escape(text) ? str_escape(text) : NULL;

	fputs_unlocked(escaped ? escaped : text, t->f);
}

/* One that does not give the UUID is no name of the device. */
static void put_name(struct text *t, const struct mdev *m)
{
	const char *name = mdev_name_is_right(m) ? mdev_key(m, KEY_NAME) : NULL;

	if (!name)
		return;
	fputs("  Name: ", t->f);
	put(t, name);
	putc('\n', t->f);
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
			put_name(out, m);
		if (verbose)
			put_attrs(out, m);
	}
	return text_close(out);
}

static bool is_c1(const char *p, const char *end)
{
	return end - p > 1 && (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] <= 0x9f;
}

/*
 * What jansson dumps, a piece that may be any number of whole characters.  DEL
 * and C1 characters may stand in JSON as they are, but a terminal obeys them.
 */
static int put_json(const char *data, size_t length, void *to)
{
	const char *end = data + length, *rest = data;
	struct text *t = to;

	for (const char *p = data; p < end; p++) {
		bool c1 = is_c1(p, end);

		if (*p != '\n' && *p != 0x7f && !c1)
			continue;
		fwrite_unlocked(rest, 1, (size_t)(p - rest), t->f);
		if (*p == '\n') {
			putc_unlocked('\n', t->f);
			fputs_unlocked(t->margin, t->f);
		} else {
			fprintf(t->f, "\\u%04x", (unsigned char)(c1 ? *++p : *p));
		}
		rest = p + 1;
	}
	fwrite_unlocked(rest, 1, (size_t)(end - rest), t->f);
	return 0;
}

static int dump(const json_t *json)
{
	struct text t, *out = text_open(&t);

	json_dump_callback(json, put_json, out, JSON_INDENT(2));
	putc('\n', out->f);
	return text_close(out);
}

/*
 * An array of at most one object with all parents as keys, each with an array
 * of one object for each entry: libvirt reads just that.  Entries come sorted
 * by parent and are printed at once: all of them as json_t would take more
 * memory and time than the rest of the work.
 */
struct dump {
	struct text text;
	const char *parent; /* of the last entry */
};

static void dump_begin(struct dump *d)
{
	text_open(&d->text);
	d->text.margin = "      ";
	d->parent = NULL;
}

/* Takes the value.  What is not UTF-8 cannot be told in JSON. */
static void dump_entry(struct dump *d, const char *parent, const char *name, json_t *value)
{
	json_auto_t *key = json_string(parent), *entry = json_pack("{s:o}", name, value);
	FILE *f = d->text.f;

	if (!key || !entry)
		return;
	if (d->parent && str_eq(d->parent, parent)) {
		fputs(",\n      ", f);
	} else {
		fputs(d->parent ? "\n    ],\n    " : "[\n  {\n    ", f);
		json_dump_callback(key, put_json, &d->text, JSON_ENCODE_ANY);
		fputs(": [\n      ", f);
		d->parent = parent;
	}
	json_dump_callback(entry, put_json, &d->text, JSON_INDENT(2));
}

static int dump_end(struct dump *d)
{
	fputs(d->parent ? "\n    ]\n  }\n]\n" : "[]\n", d->text.f);
	return text_close(&d->text);
}

int output_mdevs_json(const struct mdev_list *list)
{
	struct dump d;

	dump_begin(&d);
	for (size_t i = 0; i < list->n; i++)
		dump_entry(&d, list->m[i].parent, list->m[i].uuid, mdev_to_json(&list->m[i]));
	return dump_end(&d);
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
	_cleanup_free_ char *joined = text && strchr(text, '\n') ? join_lines(text) : NULL;

	if (!text || !*text)
		return;
	fputs("    ", t->f);
	fputs(label, t->f);
	fputs(": ", t->f);
	put(t, joined ? joined : text);
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
		fprintf(out->f, "\n    Available instances: %ld\n", t->available);
		put_line(out, "Device API", t->device_api);
		put_line(out, "Name", t->name);
		put_line(out, "Description", t->description);
	}
	return text_close(out);
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
	struct dump d;

	dump_begin(&d);
	for (size_t i = 0; i < list->n; i++)
		dump_entry(&d, list->t[i].parent, list->t[i].id, type_to_json(&list->t[i]));
	return dump_end(&d);
}

/* Libvirt leaves the device with its driver. */
static void put_pci_hostdev(struct text *t, const char *address)
{
	unsigned long part[4];
	char *end;

	/* Domain, bus, slot, function, with one character between them. */
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		part[i] = strtoul(address, &end, 16);
		address = *end ? end + 1 : end;
	}
	fprintf(t->f,
		"<hostdev mode='subsystem' type='pci' managed='no'>\n"
		"  <source>\n"
		"    <address domain='0x%04lx' bus='0x%02lx' slot='0x%02lx' function='0x%lx'/>\n"
		"  </source>\n"
		"</hostdev>\n",
		part[0], part[1], part[2], part[3]);
}

static void put_mdev_hostdev(struct text *t, const char *uuid, const char *api)
{
	fprintf(t->f,
		"<hostdev mode='subsystem' type='mdev' model='%s'>\n"
		"  <source>\n"
		"    <address uuid='%s'/>\n"
		"  </source>\n"
		"</hostdev>\n",
		api, uuid);
}

int output_libvirt_xml(const struct mdev *m, const char *api)
{
	struct text t, *out = text_open(&t);

	if (m->is_pci)
		put_pci_hostdev(out, m->parent);
	else
		put_mdev_hostdev(out, m->uuid, api);
	return text_close(out);
}

int output_qemu_args(const struct mdev *m, const char *api)
{
	struct text t, *out = text_open(&t);

	fprintf(out->f, "-device %s,sysfsdev=/sys/bus/%s/devices/%s\n", api,
		m->is_pci ? "pci" : "mdev", m->is_pci ? m->parent : m->uuid);
	return text_close(out);
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
	return text_close(out);
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

static void put_names(struct text *t, const char *label, const struct strv *names)
{
	fprintf(t->f, "  %s:", label);
	for (size_t i = 0; i < names->n; i++) {
		fputs(i ? ", " : " ", t->f);
		put(t, names->s[i]);
	}
	fputs(names->n ? "\n" : " none here\n", t->f);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

int output_pool_text(const struct pool *pool, const struct pool_use *use, bool verbose)
{
	struct text t, *out = text_open(&t);

	fprintf(out->f, "%s: %zu parent%s, %zu type%s, %zu running, %zu defined, %s%ld free", pool->name,
		use->parents.n, plural(use->parents.n), use->types.n, plural(use->types.n), use->running,
		use->defined, use->at_most && use->free > 1 ? "up to " : "", use->free);
	if (pool->limit)
		fprintf(out->f, ", limit %zu", pool->limit);
	putc('\n', out->f);
	if (verbose) {
		fprintf(out->f, "  Policy: %s\n", policy_name(pool->wish.policy));
		put_names(out, "Parents", &use->parents);
		put_names(out, "Types", &use->types);
	}
	return text_close(out);
}

static json_t *names_to_json(const struct strv *names)
{
	json_t *array = json_array();

	for (size_t i = 0; i < names->n; i++)
		json_array_append_new(array, json_text(names->s[i]));
	return array;
}

json_t *output_pool_to_json(const struct pool *pool, const struct pool_use *use)
{
	return json_pack("{s:s, s:O, s:o, s:o, s:I, s:I, s:I}", "name", pool->name, "pool", pool->json, "parents",
			 names_to_json(&use->parents), "types", names_to_json(&use->types), "running",
			 (json_int_t)use->running, "defined", (json_int_t)use->defined, "free",
			 (json_int_t)use->free);
}

/* Of one card, and with the same evidence. */
static bool is_like(const struct judgement *a, const struct judgement *b)
{
	if (!str_eq(a->card, b->card) || !a->type != !b->type || (a->type && !str_eq(a->type, b->type)) || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->e[i].bearing != b->e[i].bearing || !str_eq(a->e[i].text, b->e[i].text))
			return false;
	return true;
}

static void put_judgement(struct text *t, const struct judgement *c, size_t others)
{
	put(t, c->parent);
	if (others)
		fprintf(t->f, " and %zu more", others);
	if (c->type)
		putc(' ', t->f);
	put(t, c->type ? c->type : "");
	fprintf(t->f, ": %s\n", compat_verdict_name(compat_verdict(c)));
	for (size_t i = 0; i < c->n; i++) {
		fprintf(t->f, "  %-7s  %s: ", compat_bearing_name(c->e[i].bearing), c->e[i].what);
		put(t, c->e[i].text);
		putc('\n', t->f);
	}
}

int output_judgements_text(const struct judgements *all)
{
	struct text t, *out = text_open(&t);

	for (size_t i = 0, n; i < all->n; i += n) {
		for (n = 1; i + n < all->n && is_like(&all->c[i], &all->c[i + n]); n++)
			;
		put_judgement(out, &all->c[i], n - 1);
	}
	return text_close(out);
}

static json_t *judgement_to_json(const struct judgement *c)
{
	json_t *evidence = json_array();

	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(evidence, json_pack("{s:s, s:s, s:o}", "bearing",
							  compat_bearing_name(c->e[i].bearing), "what", c->e[i].what,
							  "text", json_text(c->e[i].text)));
	return json_pack("{s:o, s:s?, s:s, s:o}", "parent", json_text(c->parent), "type", c->type, "verdict",
			 compat_verdict_name(compat_verdict(c)), "evidence", evidence);
}

int output_judgements_json(const struct judgements *all)
{
	json_t *places = json_array();
	json_auto_t *top = json_pack("{s:s, s:o}", "verdict", compat_verdict_name(compat_best(all)), "places", places);

	for (size_t i = 0; i < all->n; i++)
		json_array_append_new(places, judgement_to_json(&all->c[i]));
	return dump(top);
}

int output_document(const struct document *d)
{
	json_auto_t *json = document_to_json(d);

	return dump(json);
}

int output_json(const json_t *json)
{
	return dump(json);
}

int output_lines(const struct strv *lines)
{
	struct text t, *out = text_open(&t);

	for (size_t i = 0; i < lines->n; i++)
		fprintf(out->f, "%s\n", lines->s[i]);
	return text_close(out);
}

int output_uuid(const char *uuid)
{
	struct text t, *out = text_open(&t);

	fprintf(out->f, "%s\n", uuid);
	return text_close(out);
}

int output_plan(const char *uuid, const char *parent, const char *type)
{
	struct text t, *out = text_open(&t);

	put(out, uuid);
	put(out, " ");
	put(out, parent);
	put(out, " ");
	put(out, type);
	putc('\n', out->f);
	return text_close(out);
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
