/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the device of a document could be at a place of this host, and would be the same
 * one there.  Only its vendor could say yes: what is found are reasons against it, or
 * none.  Pure: all is in the documents.
 */
#ifndef MDEVCTL_COMPAT_H
#define MDEVCTL_COMPAT_H

#include "model/document.h"

/* What a piece of evidence means. */
enum bearing {
	BEARING_OK,
	BEARING_NOTE, /* it differs, and need not be the same */
	BEARING_UNKNOWN, /* only the vendor can say */
	BEARING_BLOCKS,
};

struct evidence {
	enum bearing bearing;
	const char *what; /* a few words, always the same: "type name" */
	char *text;
};

enum verdict { VERDICT_NO_BLOCKER, VERDICT_UNKNOWN, VERDICT_INCOMPATIBLE };

/* A place of this host, and what is found of it. */
struct judgement {
	const char *parent, *card, *type; /* of str_intern(); type NULL: it offers none that could be it */
	struct evidence *e;
	size_t n;
	bool has_vendors_word; /* the driver or a vendor's script said yes */
};

struct judgements {
	struct judgement *c;
	size_t n;
};

/* Compares the device @there with what it could be @here (describe_place()). */
void compat_compare(const struct document *there, const struct document *here, struct judgement *c);
/* Takes the text. */
void compat_add(struct judgement *c, enum bearing bearing, const char *what, char *text);
/* The vendor's yes makes up for what is not known, but for no blocker. */
enum verdict compat_verdict(const struct judgement *c);
/* The best of all. */
enum verdict compat_best(const struct judgements *all);
const char *compat_verdict_name(enum verdict verdict);
const char *compat_bearing_name(enum bearing bearing);
void judgements_done(struct judgements *all);

/* Which of the parent's types, which are @n, would be the document's device: that of its
 * name, or where neither has one, of its id.  NULL: none. */
const struct mdev_type *compat_find_type(const struct document *there, const struct mdev_type *types, size_t n);

/*
 * What of a type's description is not as it was: "framebuffer was 2048M and is 1024M";
 * caller frees, NULL: nothing, also if they are just written in another way.
 */
char *compat_description_change(const char *was, const char *is);

#endif
