/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pool: a named choice of devices that one file makes for unlike hosts.  Knows
 * nothing of files, nor of what a host has.
 */
#ifndef MDEVCTL_POOL_H
#define MDEVCTL_POOL_H

#include "model/mdev.h"
#include "model/wish.h"

struct pool {
	const char *name; /* of str_intern() */
	struct wish wish;
	struct mdev like; /* its attributes are those of the pool's devices */
	size_t limit; /* so many running and defined devices at most, 0: as many as fit */
	json_t *json; /* all of it, as it was written */
};
#define NO_POOL ((struct pool){ .wish = WISH_ANYTHING })

/*
 * Reads the text of pool @name, which comes from @source (a name for messages).
 * 0, or -EINVAL with @error set to "SOURCE:LINE: ...".
 */
int pool_from_json(const char *name, const char *text, size_t length, const char *source,
		   struct pool *ret_pool, struct error *error);
/* The same of a value that is parsed already, borrowed, and stands there. */
int pool_read(const char *name, json_t *json, const struct json_at *at, struct pool *ret_pool);
/* The text of its file; caller frees. */
char *pool_to_text(const struct pool *pool);
void pool_done(struct pool *pool);

/* Whether @text is the "VENDOR:DEVICE" of a PCI device rather than a pattern for names. */
bool pool_is_pci_id(const char *text);

#endif
