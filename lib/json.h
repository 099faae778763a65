/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading JSON so that what is wrong with it can be told by line, in words for
 * somebody who has never heard of it.  Knows nothing of what it means.
 */
#ifndef MDEVCTL_JSON_H
#define MDEVCTL_JSON_H

#include <jansson.h>

#include "lib/say.h"

/* Once, before any other use of jansson: without memory the program ends. */
void json_begin(void);

/* A text and where it comes from, for messages; all borrowed. */
struct json_source {
	const char *name, *text;
	struct error *error;
};

/* One step down: into member @key, or into element @index if key is NULL. */
struct json_step {
	const char *key;
	size_t index;
};

/* So deep is anything of which a line is told. */
#define JSON_STEPS_MAX 8

/* Where a value stands: in which source, and the way down to it. */
struct json_at {
	const struct json_source *src;
	struct json_step path[JSON_STEPS_MAX];
	size_t n;
};
/* Where a member, or an element, of the value there stands; further down than
 * JSON_STEPS_MAX it is the value itself. */
struct json_at json_at_key(const struct json_at *at, const char *key);
struct json_at json_at_index(const struct json_at *at, size_t index);

/* A new reference, or NULL with @error set to "SOURCE:LINE: ...". */
json_t *json_parse(const char *text, size_t length, const char *source, struct error *error);
/* Sets the source's error to "SOURCE:LINE: ..." of the value there; returns -EINVAL. */
int json_wrong(const struct json_at *at, const char *fmt, ...) _printf_(2, 3);
/* "an object", "a string" and so on. */
const char *json_kind(const json_t *value);
bool json_is_deeper(json_t *value, unsigned levels);
/* The text as a string; what is not UTF-8, as a driver's may be, with '?' for its bytes. */
json_t *json_text(const char *text);

#endif
