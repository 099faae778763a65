/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands as a table.
 */
#ifndef MDEVCTL_COMMANDS_H
#define MDEVCTL_COMMANDS_H

#include "cli/args.h"
#include "lib/host.h"

/* Which devices --uuid can mean, for the completion. */
enum uuids {
	UUIDS_NONE,
	UUIDS_ACTIVE,
	UUIDS_DEFINED,
	UUIDS_ACTIVE_OR_DEFINED,
	UUIDS_NOT_ACTIVE, /* defined, but not active */
	UUIDS_NOT_DEFINED, /* active, but not defined */
};

/* Which physical functions its parent can be, for the same. */
enum pfs {
	PFS_NONE,
	PFS_ABLE, /* and nothing else */
	PFS_DEFINED, /* those with virtual functions to be enabled, and nothing else */
	PFS_TOO, /* the latter, besides parents */
};

/* Whether its operand is a pool's name. */
enum pools {
	POOLS_NONE,
	POOLS_ANY, /* a new one's too */
	POOLS_DEFINED,
};

struct command {
	const char *name, *summary;
	const char *detail; /* more for its --help, or NULL */
	optset options;
	const char *operand; /* what it takes beside options, NULL: nothing */
	bool operand_optional;
	optset operand_or; /* one of these in its place, and none beside it */
	const struct rule *rules;
	size_t n_rules;
	enum uuids uuids;
	enum pfs pfs;
	enum pools pools;
	int (*run)(const struct host *h, const struct args *a);
};

extern const struct command commands[];
extern const size_t n_commands;

/* NULL: there is none of that name. */
const struct command *find_command(const char *name);

/*
 * Prints what the last of these words of a command line can become, one on a
 * line with an explanation after a tab, for a shell's completion; ":files" or
 * ":directories" where the shell knows that itself.  0 or a negative value.
 */
int complete(int n, char **words);

#endif
