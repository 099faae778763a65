/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What device is wanted, where people leave it to the program which parent has
 * it: what options say, or a pool, or both.
 */
#ifndef MDEVCTL_WISH_H
#define MDEVCTL_WISH_H

#include "model/need.h"

/* Which card, of those that have the type free. */
enum policy {
	POLICY_COMPACT, /* the fewest free, so that whole cards stay free */
	POLICY_SPREAD, /* the most free */
	POLICY_SEPARATE, /* none of that type running */
};
bool policy_parse(const char *text, enum policy *ret_policy);
const char *policy_name(enum policy policy);

/* What is wanted of a type; all of it counts. */
struct kind {
	const char *type; /* its id, its name or the end of that; NULL: any; of str_intern() */
	struct needs needs;
};
/* "type L4-4Q", "a type with framebuffer>=2048M"; caller frees. */
char *kind_text(const struct kind *kind);

#define ANY_NODE (-1L)

struct wish {
	struct kind *kinds; /* the first that fits; none: any */
	size_t n_kinds;
	struct strv parents; /* patterns, or VENDOR:DEVICE; the first that fits; none: any */
	struct kind kind; /* besides: what the options say */
	const char *parent; /* a pattern; NULL: any; borrowed */
	long nodes[2]; /* of the pool and of the options, or ANY_NODE */
	enum policy policy;
	bool is_transient; /* it is not going to have a definition */
};
#define WISH_ANYTHING ((struct wish){ .nodes = { ANY_NODE, ANY_NODE } })

/* Adds an empty one, which is the caller's to fill. */
struct kind *wish_add_kind(struct wish *wish);
void wish_done(struct wish *wish);

/* Whether @text is to be compared as a shell pattern rather than literally. */
bool is_pattern(const char *text);

#endif
