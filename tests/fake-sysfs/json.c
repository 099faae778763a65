// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading a host file strictly (json.h).  jansson does not keep the lines of its values, so a
 * mistake's line is found by walking the text once more; the text is known to be good JSON then.
 */
#include "fake.h"
#include "json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *file_name;
static char *file_text;

static const char *skip_blank(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

static const char *skip_string(const char *s)
{
	for (s++; *s && *s != '"'; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : s;
}

static const char *skip_value(const char *s)
{
	int depth = 0;

	s = skip_blank(s);
	do {
		if (*s == '"') {
			s = skip_string(s);
			continue;
		}
		if (*s == '{' || *s == '[')
			depth++;
		if (*s == '}' || *s == ']')
			depth--;
		s++;
	} while (*s && (depth > 0 || !strchr(",}] \t\r\n", *s)));
	return s;
}

static const char *find(const struct at *at)
{
	const char *s = at && at->up ? find(at->up) : file_text;
	size_t index = 0;

	if (!at)
		return s;
	for (s = skip_blank(s) + 1; *(s = skip_blank(s)) && *s != '}' && *s != ']'; s++, index++) {
		const char *key = s + 1;

		if (at->key) {
			s = skip_blank(skip_string(s)) + 1;
			if (starts_with(key, at->key) && key[strlen(at->key)] == '"')
				return skip_blank(s);
		} else if (index == at->index) {
			return s;
		}
		s = skip_blank(skip_value(s));
		if (*s != ',')
			break;
	}
	return at->up ? find(at->up) : file_text;
}

static void put_path(const struct at *at)
{
	if (!at)
		return;
	put_path(at->up);
	if (at->key)
		fprintf(stderr, "%s%s", at->up ? "." : "", at->key);
	else
		fprintf(stderr, "[%zu]", at->index);
}

void js_bad(const struct at *at, const char *fmt, ...)
{
	const char *where = find(at);
	unsigned int line = 1;
	va_list ap;

	for (const char *s = file_text; s < where; s++)
		line += *s == '\n';
	fprintf(stderr, "fake-sysfs: %s:%u: ", file_name, line);
	put_path(at);
	fputs(at ? ": " : "", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static char *read_all(const char *file)
{
	FILE *in = fopen(file, "re");
	char *text = NULL;
	size_t len = 0;
	ssize_t n = -1;

	if (in)
		n = getdelim(&text, &len, '\0', in);
	if (!in || (n < 0 && ferror(in))) {
		fprintf(stderr, "fake-sysfs: %s: %s\n", file, strerror(errno));
		exit(1);
	}
	fclose(in);
	if (n < 0) {
		free(text);
		return xstrdup("");
	}
	return text;
}

json_t *js_load(const char *file)
{
	json_error_t error;
	json_t *root;

	file_name = file;
	file_text = read_all(file);
	root = json_loads(file_text, JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		fprintf(stderr, "fake-sysfs: %s:%d: %s\n", file, error.line, error.text);
		exit(1);
	}
	if (!json_is_object(root))
		js_bad(NULL, "expected an object");
	return root;
}

void js_close(json_t *root)
{
	json_decref(root);
	free(file_text);
	file_text = NULL;
}

/* @known: the names, each between two blanks. */
void js_keys(const json_t *obj, const struct at *at, const char *known)
{
	const char *key;
	json_t *value;

	if (!json_is_object(obj))
		js_bad(at, "expected an object");
	json_object_foreach((json_t *)obj, key, value) {
		char *word = xprintf(" %s ", key);
		bool ok = strstr(known, word);

		free(word);
		if (!ok)
			js_bad(AT_KEY(at, key), "unknown key; known are:%s", known);
	}
}

json_t *js_array(const json_t *obj, const struct at *at, const char *key)
{
	json_t *v = json_object_get(obj, key);

	if (v && !json_is_array(v))
		js_bad(AT_KEY(at, key), "expected an array");
	return v;
}

json_t *js_object(const json_t *obj, const struct at *at, const char *key)
{
	json_t *v = json_object_get(obj, key);

	if (v && !json_is_object(v))
		js_bad(AT_KEY(at, key), "expected an object");
	return v;
}

/* A string, or an array of them: lines. */
char *js_text(const json_t *obj, const struct at *at, const char *key, const char *def)
{
	json_t *v = json_object_get(obj, key), *line;
	char *text;
	size_t i;

	if (!v)
		return xstrdup(def);
	if (json_is_string(v))
		return xstrdup(json_string_value(v));
	if (!json_is_array(v))
		js_bad(AT_KEY(at, key), "expected a string, or an array of lines");
	text = xstrdup("");
	json_array_foreach(v, i, line) {
		char *more;

		if (!json_is_string(line))
			js_bad(AT_INDEX(AT_KEY(at, key), i), "expected a string");
		more = xprintf("%s%s\n", text, json_string_value(line));
		free(text);
		text = more;
	}
	return text;
}

char *js_need(const json_t *obj, const struct at *at, const char *key)
{
	char *text = js_text(obj, at, key, NULL);

	if (!text || !*text)
		js_bad(at, "\"%s\" is missing", key);
	return text;
}

long js_int(const json_t *obj, const struct at *at, const char *key, long def)
{
	json_t *v = json_object_get(obj, key);

	if (v && (!json_is_integer(v) || json_integer_value(v) < 0))
		js_bad(AT_KEY(at, key), "expected a number, 0 or more");
	return v ? (long)json_integer_value(v) : def;
}

bool js_bool(const json_t *obj, const struct at *at, const char *key, bool def)
{
	json_t *v = json_object_get(obj, key);

	if (v && !json_is_boolean(v))
		js_bad(AT_KEY(at, key), "expected true or false");
	return v ? json_is_true(v) : def;
}

int js_errno(const json_t *obj, const struct at *at, const char *key, int def)
{
	char *name = js_text(obj, at, key, NULL);
	int err = name ? errno_by_name(name) : def;

	if (name && !err)
		js_bad(AT_KEY(at, key), "unknown errno \"%s\"", name);
	free(name);
	return err;
}

/* The number as "{N}" or "{N:04x}" at @s asks for it; what follows that, or NULL. */
static const char *number(const char *s, long n, char ret_text[64])
{
	bool zero = false;
	char *end = (char *)s + 2;
	int width = 0;

	if (s[2] == ':') {
		zero = s[3] == '0';
		width = (int)strtol(s + 3, &end, 10);
	}
	if (width < 0 || width > 40)
		return NULL;
	if (*end == 'x')
		snprintf(ret_text, 64, zero ? "%0*lx" : "%*lx", width, n);
	else
		snprintf(ret_text, 64, zero ? "%0*ld" : "%*ld", width, n);
	if (s[2] == ':' && (*end == 'x' || *end == 'd'))
		end++;
	else if (s[2] == ':')
		return NULL;
	return *end == '}' ? end + 1 : NULL;
}

static json_t *expand_string(const char *s, long n, const struct at *at)
{
	char *out = xstrdup(""), text[64], *more;
	const char *hit, *after;
	json_t *v;

	for (; (hit = strstr(s, "{N")); s = after) {
		after = number(hit, n, text);
		if (!after)
			js_bad(at, "expected {N}, {N:03d} or {N:03x}");
		more = xprintf("%s%.*s%s", out, (int)(hit - s), s, text);
		free(out);
		out = more;
	}
	v = json_sprintf("%s%s", out, s);
	free(out);
	return v;
}

json_t *js_expand(const json_t *value, long n, const struct at *at)
{
	const char *key;
	json_t *out, *v;
	size_t i;

	if (json_is_string(value))
		return expand_string(json_string_value(value), n, at);
	if (json_is_array(value)) {
		out = json_array();
		json_array_foreach((json_t *)value, i, v) {
			json_array_append_new(out, js_expand(v, n, AT_INDEX(at, i)));
		}
		return out;
	}
	if (!json_is_object(value))
		return json_deep_copy(value);
	out = json_object();
	json_object_foreach((json_t *)value, key, v) {
		json_object_set_new(out, key, js_expand(v, n, AT_KEY(at, key)));
	}
	return out;
}
