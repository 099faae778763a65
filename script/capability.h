/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a script can be asked, in the contract's words, and the JSON in which it
 * tells which of that it is capable of.
 */
#ifndef MDEVCTL_CAPABILITY_H
#define MDEVCTL_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>

enum action {
	ACTION_START,
	ACTION_STOP,
	ACTION_DEFINE,
	ACTION_UNDEFINE,
	ACTION_MODIFY,
	ACTION_ATTRIBUTES,
	ACTION_CAPABILITIES,
	ACTION_COMPAT,
	N_ACTIONS,
};
enum event { EVENT_PRE, EVENT_POST, EVENT_NOTIFY, EVENT_GET, EVENT_LIVE, N_EVENTS };
extern const char *const action_names[N_ACTIONS], *const event_names[N_EVENTS];

/* What the scripts answered for a type on a parent. */
struct capability {
	char *parent, *type;
	const char *script; /* the versioned one, or NULL */
	unsigned actions, events; /* what it listed, BIT() by enum */
};
#define BIT(n) (1U << (n))

/* What the question for capabilities gives to a script to read, with the action compat or
 * without; caller frees. */
char *capability_question(bool compat);
/*
 * Fills script and what it listed from the answer of @script, which must
 * outlive @c; trailing NULs are allowed.  False: it is no answer.
 */
bool capability_from_json(struct capability *c, const char *text, size_t length, const char *script);

#endif
