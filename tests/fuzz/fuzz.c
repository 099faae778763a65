/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fuzz targets share.  stdout and stderr become buffers, so that what
 * is printed can be looked at; libFuzzer and the sanitizers have taken theirs
 * before.
 */
#include "fuzz.h"

#include <ctype.h>
#include <limits.h>

static struct printed printed[2];

void fuzz_broken(const char *promise, const char *file, int line)
{
	dprintf(STDERR_FILENO, "%s:%d: the promise is broken: %s\nstdout: %s\nstderr: %s\n", file,
		line, promise, fuzz_stdout()->data, fuzz_stderr()->data);
	abort();
}

static ssize_t append(void *cookie, const char *data, size_t length)
{
	struct printed *p = cookie;

	if (p->length + length >= p->size) {
		p->size = 2 * (p->length + length) + 4096;
		p->data = xrealloc(p->data, p->size);
	}
	memcpy(p->data + p->length, data, length);
	p->length += length;
	p->data[p->length] = '\0';
	return (ssize_t)length;
}

static FILE *capture(struct printed *p)
{
	FILE *f = fopencookie(p, "w", (cookie_io_functions_t){ .write = append });

	if (!f)
		abort();
	append(p, "", 0);
	return f;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	unsetenv("MDEVCTL_ENV_ROOT");
	unsetenv("MDEVCTL_LOG");
	json_set_alloc_funcs(xmalloc, free);
	/* The same input takes the same way each time. */
	json_object_seed(1);
	stdout = capture(&printed[0]);
	stderr = capture(&printed[1]);
	return 0;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);

	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

void fuzz_forget(void)
{
	fflush(stdout);
	fflush(stderr);
	printed[0].length = printed[1].length = 0;
	printed[0].data[0] = printed[1].data[0] = '\0';
}

const struct printed *fuzz_stdout(void)
{
	fflush(stdout);
	return &printed[0];
}

const struct printed *fuzz_stderr(void)
{
	fflush(stderr);
	return &printed[1];
}

static void must_not_steer(const struct printed *p)
{
	const unsigned char *c = (const unsigned char *)p->data;

	for (size_t i = 0; i < p->length; i++) {
		must(c[i] == '\n' || (c[i] >= 0x20 && c[i] != 0x7f));
		must(!(c[i] == 0xc2 && c[i + 1] >= 0x80 && c[i + 1] <= 0x9f));
	}
	must(!p->length || c[p->length - 1] == '\n');
}

static size_t count_lines(const char *text, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++)
		n += text[i] == '\n';
	return n;
}

void must_be_lines(const struct printed *p, size_t n)
{
	must_not_steer(p);
	must(count_lines(p->data, p->length) == n);
}

void must_warn_cleanly(void)
{
	must_not_steer(fuzz_stderr());
}

void must_be_json(const struct printed *p, const json_t *expected)
{
	json_error_t e;
	json_auto_t *json = json_loadb(p->data, p->length, JSON_REJECT_DUPLICATES, &e);

	must_not_steer(p);
	must(json);
	must(json_equal(json, expected));
}

void must_name_a_line(const struct error *error, const char *source, const char *text,
		      size_t length)
{
	size_t prefix = strlen(source);
	unsigned long line;
	char *end;

	must(error->text);
	must(strncmp(error->text, source, prefix) == 0 && error->text[prefix] == ':');
	must(isdigit((unsigned char)error->text[prefix + 1]));
	line = strtoul(error->text + prefix + 1, &end, 10);
	must(line >= 1 && line <= count_lines(text, length) + 1);
	must(strncmp(end, ": ", 2) == 0 && end[2]);
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

bool is_name(const char *name)
{
	return *name && strlen(name) <= NAME_MAX && *name != '.' && !strchr(name, '/') &&
	       !has_control(name);
}

bool is_attr_name(const char *name)
{
	_cleanup_free_ char *framed = xasprintf("/%s/", name);

	return strlen(name) < PATH_MAX / 2 && !has_control(name) && !strstr(framed, "//") &&
	       !strstr(framed, "/./") && !strstr(framed, "/../") && !str_eq(name, "remove");
}

bool is_attr_array(const json_t *attrs)
{
	const json_t *attr;
	size_t i;

	if (!json_is_array(attrs))
		return false;
	json_array_foreach(attrs, i, attr) {
		void *only = json_object_iter((json_t *)attr);

		if (json_object_size(attr) != 1 || !json_is_string(json_object_iter_value(only)) ||
		    !is_attr_name(json_object_iter_key(only)))
			return false;
	}
	return true;
}
