/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: the files with which a driver describes a type, and what is
 * printed of them.  The input is the texts of available_instances,
 * device_api, name and description, then the names of the type and of the
 * parent, with lines "%%" between them; a file without a text is not there.
 */
#include "fuzz.h"

#include <ctype.h>
#include <fcntl.h>

#include "cli/output.h"
#include "sysfs.h"

#define TYPE_DIR "sys/class/mdev_bus/parent/mdev_supported_types/type"

enum { AVAILABLE, DEVICE_API, NAME, DESCRIPTION, N_FILES, TYPE_ID = N_FILES, PARENT, N_FIELDS };

static const char *const files[] = { "available_instances", "device_api", "name", "description" };

struct field {
	const char *data; /* NULL: there is none */
	size_t length;
};

static struct host host;
static int type_dir;

/* Whoever runs this removes $TMPDIR, which is best in memory. */
static void make_root(void)
{
	const char *above = getenv("TMPDIR");
	static char *root;

	root = xasprintf("%s/mdevctl-fuzz.XXXXXX", above ? above : "/tmp");
	if (!mkdtemp(root) || host_init(&host, root) < 0)
		abort();
	type_dir = host_make_dir(&host, TYPE_DIR);
	if (type_dir < 0)
		abort();
}

static void split(const char *text, size_t length, struct field fields[N_FIELDS])
{
	static const char between[] = "%%\n";

	for (size_t i = 0; i < N_FIELDS; i++) {
		const char *end = memmem(text, length, between, 3);

		fields[i] = (struct field){ text, end ? (size_t)(end - text) : length };
		if (!end)
			return;
		length -= fields[i].length + 3;
		text = end + 3;
	}
}

static void write_files(const struct field fields[N_FIELDS])
{
	for (size_t i = 0; i < N_FILES; i++) {
		_cleanup_close_ int fd = -1;

		if (!fields[i].data) {
			unlinkat(type_dir, files[i], 0);
			continue;
		}
		fd = openat(type_dir, files[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0 || write(fd, fields[i].data, fields[i].length) < 0)
			abort();
	}
}

/* A number is digits, perhaps after a minus, with white space around them; what JSON
 * has no room for is none. */
static bool is_number(const struct field *f)
{
	size_t length = f->length < 4096 ? f->length : 4096, digits = 0;
	const char *text = f->data, *most = "9223372036854775807";

	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	length = strnlen(text, length);
	for (; length && isspace((unsigned char)*text); text++)
		length--;
	if (length && *text == '-') {
		most = "9223372036854775808";
		text++;
		length--;
	}
	while (digits < length && isdigit((unsigned char)text[digits]))
		digits++;
	if (!length || digits != length)
		return false;
	for (; digits && *text == '0'; text++)
		digits--;
	return digits < 19 || (digits == 19 && memcmp(text, most, 19) <= 0);
}

/* What a directory can be called, cut at what it cannot. */
static char *directory_name(const struct field *f, const char *otherwise)
{
	char *name = f->data ? strndup(f->data, f->length) : NULL;

	if (!name)
		return xstrdup(otherwise);
	name[strcspn(name, "/")] = '\0';
	return name;
}

static json_t *text_of(const json_t *type, const char *key, const char *text)
{
	json_t *value = json_object_get(type, key);

	must(json_is_string(value) == !!text);
	/* Where it was no UTF-8, something stands in its place. */
	must(!text || text_problem(text) || strchr(text, '\n') ||
	     str_eq(json_string_value(value), text));
	return value;
}

static void must_print_json(const struct mdev_type_list *list)
{
	const struct mdev_type *t = &list->t[0];
	json_auto_t *top = NULL;
	const json_t *type;

	must(output_types_json(list) == 0);
	top = json_loads(fuzz_stdout()->data, JSON_REJECT_DUPLICATES, NULL);
	must_be_json(fuzz_stdout(), top);
	type = json_object_get(json_array_get(json_object_get(json_array_get(top, 0), t->parent), 0),
			       t->id);
	must(json_is_object(type));
	must(json_integer_value(json_object_get(type, "available_instances")) == t->available);
	must(text_of(type, "device_api", t->device_api));
	text_of(type, "name", t->name);
	text_of(type, "description", t->description);
}

static void must_print_text(const struct mdev_type_list *list)
{
	const struct mdev_type *t = &list->t[0];
	size_t lines = 3;

	lines += *t->device_api != '\0';
	lines += t->name && *t->name;
	lines += t->description && *t->description;
	must(output_types_text(list) == 0);
	must_be_lines(fuzz_stdout(), lines);
}

static void must_print(struct mdev_type_list *list, const struct field fields[N_FIELDS])
{
	struct mdev_type *t = &list->t[0];
	_cleanup_free_ char *id = directory_name(&fields[TYPE_ID], "type");
	_cleanup_free_ char *parent = directory_name(&fields[PARENT], "parent");

	/* Others are not listed. */
	if (!name_problem(id) && !name_problem(parent)) {
		free(t->id);
		t->id = take(id);
		free(t->parent);
		t->parent = take(parent);
	}
	fuzz_forget();
	must_print_text(list);
	fuzz_forget();
	must_print_json(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list list = {};
	_cleanup_free_ char *text = fuzz_text(data, size);
	struct field fields[N_FIELDS] = {};
	bool complete;

	if (!host.root)
		make_root();
	split(text, size, fields);
	write_files(fields);
	must(sysfs_list_types(&host, "parent", TYPE_ALL, &list) == 0);
	complete = fields[DEVICE_API].data && is_number(&fields[AVAILABLE]);
	must(list.n == complete);
	if (complete)
		must_print(&list, fields);
	return 0;
}
