/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UUIDs, and what a name may be.
 */
#include "model/name.h"

#include <ctype.h>
#include <jansson.h>
#include <limits.h>
#include <uuid.h>

#define DEVICE_NAME_MAX 64

bool uuid_normalise(const char *text, char ret_uuid[UUID_LEN + 1])
{
	static const char urn[] = "urn:uuid:";
	char uuid[UUID_LEN + 1];
	size_t length, n = 0;
	bool dashed;

	if (strncasecmp(text, urn, sizeof(urn) - 1) == 0)
		text += sizeof(urn) - 1;
	length = strlen(text);
	if (length >= 2 && text[0] == '{' && text[length - 1] == '}') {
		text++;
		length -= 2;
	}
	dashed = length == UUID_LEN;
	if (!dashed && length != UUID_LEN - 4)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!dashed && (n == 8 || n == 13 || n == 18 || n == 23))
			uuid[n++] = '-';
		uuid[n++] = (char)tolower((unsigned char)text[i]);
	}
	uuid[n] = '\0';
	if (!uuid_is_normal(uuid))
		return false;
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return true;
}

/* By hand, as it is asked for each file of each listed directory. */
bool uuid_is_normal(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < UUID_LEN; i++) {
		bool is_digit = (text[i] >= '0' && text[i] <= '9') ||
				(text[i] >= 'a' && text[i] <= 'f');

		if (form[i] == 'x' ? !is_digit : text[i] != '-')
			return false;
	}
	return !text[UUID_LEN];
}

void uuid_make(char ret_uuid[UUID_LEN + 1])
{
	uuid_t binary;

	uuid_generate_random(binary);
	uuid_unparse_lower(binary, ret_uuid);
}

void uuid_of_text(const char *text, char ret_uuid[UUID_LEN + 1])
{
	uuid_t binary;

	uuid_generate_sha1(binary, *uuid_get_template("url"), text, strlen(text));
	uuid_unparse_lower(binary, ret_uuid);
}

void uuid_of_name(const char *name, char ret_uuid[UUID_LEN + 1])
{
	_cleanup_free_ char *text = xasprintf("mdev:%s", name);

	uuid_of_text(text, ret_uuid);
}

const char *text_problem(const char *text)
{
	bool is_ascii = true;
	json_t *json;

	for (const char *s = text; *s; s++)
		is_ascii = is_ascii && !(*s & 0x80);
	if (is_ascii)
		return NULL;
	json = json_string(text);
	json_decref(json);
	return json ? NULL : "is not valid UTF-8";
}

static bool has_control_character(const char *s)
{
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			return true;
	return false;
}

const char *name_problem(const char *name)
{
	if (!*name)
		return "is empty";
	if (strchr(name, '/'))
		return "contains '/'";
	if (*name == '.')
		return "begins with '.'";
	if (strlen(name) > NAME_MAX)
		return "is longer than 255 bytes";
	if (has_control_character(name))
		return "contains a control character";
	return text_problem(name);
}

const char *type_text_problem(const char *text)
{
	/* No id has a space, and vfio_ccw calls its type "I/O subchannel (Non-QDIO)". */
	if (!strchr(text, ' '))
		return name_problem(text);
	if (strlen(text) > NAME_MAX)
		return "is longer than 255 bytes";
	return has_control_character(text) ? "contains a control character" : text_problem(text);
}

const char *parent_name_problem(const char *name)
{
	if (str_eq(name, "scripts.d") || str_eq(name, "pools.d"))
		return "is that of a directory of mdevctl's own";
	return name_problem(name);
}

const char *attr_name_problem(const char *name)
{
	if (!*name)
		return "is empty";
	if (strlen(name) >= PATH_MAX / 2)
		return "is too long";
	if (has_control_character(name))
		return "contains a control character";
	if (*name == '/')
		return "is an absolute path";
	if (str_eq(name, "remove"))
		return "would remove the device";
	for (const char *p = name;; p++) {
		size_t length = strcspn(p, "/");

		if (length == 0 || (length == 1 && p[0] == '.'))
			return "has an empty path component";
		if (length == 2 && p[0] == '.' && p[1] == '.')
			return "leaves the device's directory with '..'";
		p += length;
		if (!*p)
			return text_problem(name);
	}
}

const char *device_name_problem(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (!*name)
		return "is empty";
	if (strlen(name) > DEVICE_NAME_MAX)
		return "is longer than 64 characters";
	if (name[strspn(name, letters)])
		return "has other characters than letters, digits, '.', '_' and '-'";
	if (strchr("._-", *name))
		return "does not begin with a letter or digit";
	return NULL;
}
