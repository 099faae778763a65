/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UUIDs, and what makes the name of a parent, a type or an attribute valid.
 */
#ifndef MDEVCTL_NAME_H
#define MDEVCTL_NAME_H

#include "lib/util.h"

#define UUID_LEN 36

/*
 * Accepts any letter case, no dashes, braces and "urn:uuid:"; gives 36 lower
 * case characters.
 */
bool uuid_normalise(const char *text, char ret_uuid[UUID_LEN + 1]);
/* Whether @text is a UUID just as uuid_normalise() gives it. */
bool uuid_is_normal(const char *text);
void uuid_make(char ret_uuid[UUID_LEN + 1]);
/* Version 5, of the namespace for URLs: always the same for the same text. */
void uuid_of_text(const char *text, char ret_uuid[UUID_LEN + 1]);
/* That of a device of this name, on every host: what
 * "uuidgen --sha1 --namespace @url --name mdev:NAME" prints. */
void uuid_of_name(const char *name, char ret_uuid[UUID_LEN + 1]);

/*
 * Why @name cannot name a type, a parent or an attribute, or NULL if it can.
 * Types and parents are one path component, and a parent is a directory
 * beside scripts.d; an attribute may be nested, but stays beneath its device.
 */
const char *name_problem(const char *name);
const char *parent_name_problem(const char *name);
/* The same for what names a type by its id, or by its name, which may have a slash. */
const char *type_text_problem(const char *text);
const char *attr_name_problem(const char *name);
/* The same for the name that people give to a device or a pool. */
const char *device_name_problem(const char *name);
/* Why @text cannot stand in JSON, or NULL. */
const char *text_problem(const char *text);

#endif
