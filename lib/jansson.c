/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jansson's functions under their own names, which open the library when the
 * first of them is called: to load it is a fifteenth of what a short command
 * costs, and most that udev starts, and a list where nothing is defined, have
 * neither definitions nor scripts to read or to give JSON to.  Without it the
 * program ends at that call: no command has changed a device or a definition
 * before its first JSON.
 */
#include "lib/dlopen-note.h"
#include "lib/util.h"

#include <dlfcn.h>
#include <jansson.h>
#include <sys/random.h>

#define LIBJANSSON "libjansson.so.4"
DLOPEN_NOTE("json", "definitions of devices", "required", LIBJANSSON);

static void *find_in(void *library, const char *name)
{
	void *function = library ? dlsym(library, name) : NULL;
	const char *why;

	if (function)
		return function;
	why = dlerror();
	fail("definitions and attributes are JSON, and jansson, which reads it, cannot be loaded: %s%s", why,
	     strstr(why, strerror(ENOENT)) ? "; install it" : "");
	exit(EXIT_FAILURE);
}

static void *load(void)
{
	void *library = dlopen(LIBJANSSON, RTLD_NOW | RTLD_LOCAL);
	__typeof__(json_set_alloc_funcs) *set_alloc_funcs;
	__typeof__(json_object_seed) *object_seed;
	size_t seed;

	*(void **)&set_alloc_funcs = find_in(library, "json_set_alloc_funcs");
	set_alloc_funcs(xmalloc, free);
	/* Unless told, it opens /dev/urandom. */
	*(void **)&object_seed = find_in(library, "json_object_seed");
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed))
		object_seed(seed);
	return library;
}

static void *find(const char *name)
{
	static void *library;

	if (!library)
		library = load();
	return find_in(library, name);
}

#define FORWARD(type, name, parameters, arguments)         \
	type name parameters                               \
	{                                                  \
		static __typeof__(name) *function;         \
                                                           \
		if (!function)                             \
			*(void **)&function = find(#name); \
		return function arguments;                 \
	}

FORWARD(void, json_delete, (json_t *value), (value))
FORWARD(json_t *, json_deep_copy, (const json_t *value), (value))
FORWARD(int, json_equal, (const json_t *a, const json_t *b), (a, b))

FORWARD(json_t *, json_string, (const char *text), (text))
FORWARD(const char *, json_string_value, (const json_t *string), (string))
FORWARD(json_int_t, json_integer_value, (const json_t *integer), (integer))

FORWARD(json_t *, json_array, (void), ())
FORWARD(size_t, json_array_size, (const json_t *array), (array))
FORWARD(json_t *, json_array_get, (const json_t *array, size_t index), (array, index))
FORWARD(int, json_array_append_new, (json_t *array, json_t *value), (array, value))

FORWARD(size_t, json_object_size, (const json_t *object), (object))
FORWARD(json_t *, json_object_get, (const json_t *object, const char *key), (object, key))
FORWARD(int, json_object_set_new, (json_t *object, const char *key, json_t *value), (object, key, value))
FORWARD(int, json_object_del, (json_t *object, const char *key), (object, key))
FORWARD(int, json_object_update_missing, (json_t *object, json_t *other), (object, other))
FORWARD(void *, json_object_iter, (json_t *object), (object))
FORWARD(void *, json_object_iter_next, (json_t *object, void *iter), (object, iter))
FORWARD(void *, json_object_key_to_iter, (const char *key), (key))
FORWARD(const char *, json_object_iter_key, (void *iter), (iter))
FORWARD(json_t *, json_object_iter_value, (void *iter), (iter))

FORWARD(json_t *, json_loads, (const char *text, size_t flags, json_error_t *error), (text, flags, error))
FORWARD(json_t *, json_loadb, (const char *text, size_t length, size_t flags, json_error_t *error),
	(text, length, flags, error))
FORWARD(char *, json_dumps, (const json_t *json, size_t flags), (json, flags))
FORWARD(int, json_dump_callback,
	(const json_t *json, json_dump_callback_t callback, void *data, size_t flags),
	(json, callback, data, flags))
FORWARD(json_t *, json_vpack_ex, (json_error_t *error, size_t flags, const char *format, va_list values),
	(error, flags, format, values))

json_t *json_pack(const char *format, ...)
{
	va_list values;
	json_t *json;

	va_start(values, format);
	json = json_vpack_ex(NULL, 0, format, values);
	va_end(values);
	return json;
}
