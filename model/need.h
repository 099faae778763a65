/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a device must offer, in its driver's own words: "framebuffer>=2048M".
 */
#ifndef MDEVCTL_NEED_H
#define MDEVCTL_NEED_H

#include "lib/util.h"

/* As many of them can be asked for at once. */
#define NEEDS_MAX 16

enum comparison { AT_LEAST, EQUAL, AT_MOST };

struct need {
	char *key, *value;
	enum comparison how;
};

struct needs {
	struct need *need;
	size_t n;
};

/* Adds "KEY>=VALUE", "KEY=VALUE" or "KEY<=VALUE"; why it is none of them, or NULL. */
const char *needs_add(struct needs *needs, const char *text);
void needs_done(struct needs *needs);
/* "framebuffer>=2048M and num_heads=4"; caller frees. */
char *needs_text(const struct needs *needs);

/*
 * Whether @value, what a device offers, is enough.  Numbers count by K, M and G
 * (of 1024, with or without B), of "4096x2160" both sides; a text can only be
 * equal.
 */
bool need_is_met(const struct need *need, const char *value);
/* Whether both have a unit, or neither: 2048 may be anything where the driver says 2048M. */
bool need_has_same_unit(const struct need *need, const char *value);

/*
 * What a driver's description says of @key; caller frees, NULL: nothing.  Two
 * forms have been seen: "num_heads=4, framebuffer=2048M" (NVIDIA), and a line
 * each of "resolution: 1920x1200" (Intel).
 */
char *description_value(const char *description, const char *key);
/* Adds the keys that are not there yet. */
void description_keys(const char *description, struct strv *keys);

#endif
