/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jansson says on which line a text stops being JSON, but not on which line a
 * value stands that is JSON and yet wrong; json_line() finds that again in
 * the text, which by then is known to be valid.
 */
#include "lib/json.h"

#include <ctype.h>
#include <sys/random.h>

void json_begin(void)
{
	size_t seed;

	json_set_alloc_funcs(xmalloc, free);
	/* Unless told, it opens /dev/urandom for its first object. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed))
		json_object_seed(seed);
}

static const char *skip_space(const char *p)
{
	while (*p && isspace((unsigned char)*p))
		p++;
	return p;
}

static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

static const char *skip_value(const char *p)
{
	int depth = 0;

	do {
		p = skip_space(p);
		if (!*p)
			break;
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		else if (!strchr(",:", *p))
			p += strcspn(p, ",:]}\" \t\r\n") - 1;
		p++;
	} while (*p && depth > 0);
	return skip_space(p);
}

/* The value that @step leads to in the object or array at @p, or NULL. */
static const char *descend(const char *p, const struct json_step *step)
{
	bool in_object = *p == '{';

	if (in_object != !!step->key)
		return NULL;
	p = skip_space(p + 1);
	for (size_t i = 0; *p && *p != '}' && *p != ']'; i++) {
		const char *key = p;
		bool found = i == step->index;

		if (in_object) {
			size_t length;

			p = skip_string(p);
			length = (size_t)(p - key) - 2;
			found = strlen(step->key) == length &&
				memcmp(key + 1, step->key, length) == 0;
			p = skip_space(skip_space(p) + 1);
		}
		if (found)
			return p;
		p = skip_value(p);
		if (*p == ',')
			p = skip_space(p + 1);
	}
	return NULL;
}

/*
 * Line, counted from 1, of the value that the @n steps lead to, or of the
 * innermost one that can be found (a key may be written with escapes).
 */
static unsigned json_line(const char *text, const struct json_step *steps, size_t n)
{
	const char *value = skip_space(text);
	unsigned line = 1;

	for (size_t i = 0; i < n; i++) {
		const char *inner = descend(value, &steps[i]);

		if (!inner)
			break;
		value = inner;
	}
	for (; text < value; text++)
		line += *text == '\n';
	return line;
}

static struct json_at step_down(const struct json_at *at, struct json_step step)
{
	struct json_at below = *at;

	if (below.n < JSON_STEPS_MAX)
		below.path[below.n++] = step;
	return below;
}

struct json_at json_at_key(const struct json_at *at, const char *key)
{
	return step_down(at, (struct json_step){ .key = key });
}

struct json_at json_at_index(const struct json_at *at, size_t index)
{
	return step_down(at, (struct json_step){ .index = index });
}

int json_wrong(const struct json_at *at, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	error_set(at->src->error, "%s:%u: %s", at->src->name, json_line(at->src->text, at->path, at->n), text);
	return -EINVAL;
}

const char *json_kind(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	default:
		return "null";
	}
}

bool json_is_deeper(json_t *value, unsigned levels)
{
	const char *key;
	json_t *below;
	size_t i;

	if (!levels && (json_is_object(value) || json_is_array(value)))
		return true;
	json_object_foreach(value, key, below)
		if (json_is_deeper(below, levels - 1))
			return true;
	json_array_foreach(value, i, below)
		if (json_is_deeper(below, levels - 1))
			return true;
	return false;
}

json_t *json_text(const char *text)
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

/* What jansson found, in words for somebody who has never heard of it. */
static const char *explain(const json_error_t *e)
{
	switch (json_error_code(e)) {
	case json_error_premature_end_of_input:
		return "the text ends too early";
	case json_error_end_of_input_expected:
		return "something follows the definition";
	case json_error_invalid_utf8:
		return "this is not valid UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a zero character is not allowed";
	case json_error_duplicate_key:
		return "a key is given twice";
	case json_error_numeric_overflow:
		return "a number is too large";
	case json_error_stack_overflow:
		return "this is nested too deeply";
	default:
		return "this is not JSON";
	}
}

json_t *json_parse(const char *text, size_t length, const char *source, struct error *error)
{
	json_error_t e;
	json_t *root;
	const char *near;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		error_set(error, "%s:1: this begins with a byte order mark, which JSON has not; save it without",
			  source);
		return NULL;
	}
	if (!*skip_space(text) && strlen(text) == length) {
		error_set(error, "%s:1: this is empty, expected a definition in JSON", source);
		return NULL;
	}
	root = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (root)
		return root;
	near = strstr(e.text, " near ");
	error_set(error, "%s:%d: %s%s", source, e.line > 0 ? e.line : 1, explain(&e),
		  near ? near : "");
	return NULL;
}
