/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line: the options as a table, and parsing as the contract has
 * it.  Knows nothing of what commands do.
 */
#ifndef MDEVCTL_ARGS_H
#define MDEVCTL_ARGS_H

#include "model/mdev.h"
#include "model/wish.h"

enum opt {
	OPT_UUID,
	OPT_NAME,
	OPT_PARENT,
	OPT_TYPE,
	OPT_NEED,
	OPT_NUMA,
	OPT_POLICY,
	OPT_POOL,
	OPT_LIKE,
	OPT_PIN,
	OPT_STRICT,
	OPT_DRY_RUN,
	OPT_PRUNE,
	OPT_RESTART,
	OPT_JSONFILE,
	OPT_AUTO,
	OPT_MANUAL,
	OPT_ADDATTR,
	OPT_DELATTR,
	OPT_INDEX,
	OPT_VALUE,
	OPT_LIVE,
	OPT_DEFINED,
	OPT_VERBOSE,
	OPT_DUMPJSON,
	OPT_LIBVIRT_XML,
	OPT_QEMU_ARGS,
	OPT_ALL,
	OPT_PROBE,
	OPT_COUNT,
	OPT_DRIVER,
	OPT_BIND,
	OPT_FORCE,
	OPT_NO_LOAD,
	OPT_ROOT,
	OPT_HELP,
	OPT_VERSION,
	N_OPTS,
};

typedef uint64_t optset;
#define O(name) ((optset)1 << OPT_##name)
/* Which device is meant: its UUID, or the name that gives it. */
#define O_DEVICE (O(UUID) | O(NAME))
/* Allowed with every command. */
#define OPTS_GLOBAL (O(ROOT) | O(HELP) | O(VERSION))

struct option_row {
	char letter; /* 0: none */
	const char *name;
	const char *arg; /* what its value is called, NULL: a flag */
	const char *help;
};
extern const struct option_row option_table[N_OPTS];

/*
 * What must hold between options: if one of @when is given (or @when is 0)
 * and none of @unless, then one of @any must be given and none of @none;
 * @most_one: no two of these.
 */
struct rule {
	optset when, unless, any, none, most_one;
};

struct args {
	optset given;
	const char *value[N_OPTS];
	const char *operand; /* what is not an option, or NULL */
	char uuid[UUID_LEN + 1]; /* --uuid, normalised, or that of --name */
	const char *needs[NEEDS_MAX]; /* each --need */
	size_t n_needs;
	size_t index; /* --index */
	unsigned long count; /* --count, 0: max */
	long numa; /* --numa */
	enum policy policy; /* --policy */
};

static inline bool has(const struct args *a, optset options)
{
	return a->given & options;
}

/* Returned for wrong usage, which usage_error() has told: exit status 2. */
#define WRONG_USAGE (-4096)
int usage_error(const char *fmt, ...) _printf_(1, 2);

/*
 * Parses what follows the command (or precedes it: @command NULL stops at the
 * first operand and leaves *@ret_next at it).  @operand names the operand that
 * the command takes, NULL if it takes none.  --help anywhere wins over errors.
 * 0 or WRONG_USAGE.
 */
int args_parse(struct args *a, int argc, char **argv, const char *command, optset allowed,
	       const char *operand, int *ret_next);
/* Whether --help stands anywhere. */
bool args_ask_for_help(int argc, char **argv);
/* 0 or WRONG_USAGE. */
int args_check(const struct args *a, const char *command, const struct rule *rules, size_t n);

#endif
