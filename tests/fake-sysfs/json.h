/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading a host file strictly: every mistake ends the program with its file and line.  Knows JSON,
 * and nothing of what the values mean.
 */
#ifndef FAKE_JSON_H
#define FAKE_JSON_H

#include <jansson.h>

/* Where a value is: the last step, and those above it. */
struct at {
	const struct at *up;
	const char *key; /* NULL: an index */
	size_t index;
};

#define AT_KEY(above, name) (&(struct at) { .up = (above), .key = (name) })
#define AT_INDEX(above, i) (&(struct at) { .up = (above), .index = (i) })

json_t *js_load(const char *file);
void js_close(json_t *root);
_Noreturn void js_bad(const struct at *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void js_keys(const json_t *obj, const struct at *at, const char *known);
json_t *js_array(const json_t *obj, const struct at *at, const char *key);
json_t *js_object(const json_t *obj, const struct at *at, const char *key);
char *js_text(const json_t *obj, const struct at *at, const char *key, const char *def);
char *js_need(const json_t *obj, const struct at *at, const char *key);
long js_int(const json_t *obj, const struct at *at, const char *key, long def);
bool js_bool(const json_t *obj, const struct at *at, const char *key, bool def);
int js_errno(const json_t *obj, const struct at *at, const char *key, int def);
json_t *js_expand(const json_t *value, long n, const struct at *at);

#endif
