/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main: help, dispatch, exit status.  Knows nothing of devices.
 */
#include "cli/output.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "lib/json.h"


#define EXIT_USAGE 2

static int unknown_command(const char *name)
{
	const char *nearest = NULL;
	size_t best = (size_t)-1;

	for (size_t i = 0; i < n_commands; i++) {
		size_t d;

		if (str_resembles(name, commands[i].name, &d) && d < best) {
			best = d;
			nearest = commands[i].name;
		}
	}
	if (nearest)
		return usage_error("unknown command '%s', did you mean '%s'?", name, nearest);
	return usage_error("unknown command '%s'; see 'mdevctl --help'", name);
}

static void print_options(optset set)
{
	for (size_t i = 0; i < N_OPTS; i++) {
		const struct option_row *row = &option_table[i];
		char left[32];

		if (!(set & ((optset)1 << i)))
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->arg ? " " : "",
			 row->arg ? row->arg : "");
		printf("  %c%c%s %-18s %s\n", row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
		       row->letter ? "," : " ", left, row->help);
	}
}

static void print_help(void)
{
	puts("Usage: mdevctl [--root DIR] COMMAND [OPTION...]\n"
	     "Manage mediated devices: slices of a GPU, crypto card or disk that a virtual\n"
	     "machine can own.\n\n"
	     "Commands:");
	for (size_t i = 0; i < n_commands; i++)
		printf("  %-19s %s\n", commands[i].name, commands[i].summary);
	puts("\nOptions of every command:");
	print_options(OPTS_GLOBAL);
	puts("\n'mdevctl COMMAND --help' lists a command's own options; the manual is mdevctl(8).");
}

/* What a rule without a condition demands, whatever else is given: "-u UUID". */
static void print_needed_options(const struct command *c)
{
	for (size_t i = 0; i < c->n_rules; i++) {
		const struct rule *rule = &c->rules[i];
		bool alone = !(rule->any & (rule->any - 1));

		if (rule->when || rule->unless || !rule->any)
			continue;
		fputs(alone ? " " : " {", stdout);
		for (size_t o = 0, n = 0; o < N_OPTS; o++) {
			const struct option_row *row = &option_table[o];

			if (!(rule->any & ((optset)1 << o)))
				continue;
			if (row->letter)
				printf("%s-%c", n++ ? " | " : "", row->letter);
			else
				printf("%s--%s", n++ ? " | " : "", row->name);
			if (row->arg)
				printf(" %s", row->arg);
		}
		fputs(alone ? "" : "}", stdout);
	}
}

static void print_command_help(const struct command *c)
{
	printf("Usage: mdevctl %s", c->name);
	print_needed_options(c);
	if (c->operand_or)
		printf(" {%s | --%s}", c->operand, option_table[__builtin_ctzll(c->operand_or)].name);
	else if (c->operand)
		printf(c->operand_optional ? " [%s]" : " %s", c->operand);
	puts(c->options ? " [OPTION...]" : "");
	printf("%c%s.\n", c->summary[0] - 'a' + 'A', c->summary + 1);
	if (c->detail)
		printf("%s\n", c->detail);
	puts("\nOptions:");
	print_options(c->options | OPTS_GLOBAL);
}

int cmd_help(const struct host *h, const struct args *a)
{
	const struct command *c;

	(void)h;
	if (!a->operand) {
		print_help();
		return 0;
	}
	c = find_command(a->operand);
	if (!c)
		return unknown_command(a->operand);
	print_command_help(c);
	return 0;
}

static int print_guide(void)
{
	fputs("mdevctl manages mediated devices. The five commands that one needs:\n"
	      "  mdevctl types                               what the hardware offers\n"
	      "  mdevctl define --auto -p PARENT -t TYPE     keep a device, print its UUID\n"
	      "  mdevctl start -u UUID                       start it (stop -u UUID ends it)\n"
	      "  mdevctl list                                what runs\n"
	      "  mdevctl list --defined                      what is kept\n"
	      "'mdevctl --help' lists everything.\n",
	      stderr);
	return WRONG_USAGE;
}

/* Where the system is that is worked on: --root, the environment, or here. */
static const char *find_root(const struct args *a)
{
	const char *root = has(a, O(ROOT)) ? a->value[OPT_ROOT] : secure_getenv("MDEVCTL_ENV_ROOT");

	return root && *root ? root : NULL;
}

static int check_operand(const struct command *c, const struct args *a)
{
	const char *instead = c->operand_or ? option_table[__builtin_ctzll(c->operand_or)].name : NULL;

	if (a->operand && has(a, c->operand_or))
		return usage_error("%s: a %s and --%s exclude each other", c->name, c->operand, instead);
	if (!c->operand || c->operand_optional || a->operand || has(a, c->operand_or))
		return 0;
	return usage_error("%s needs a %s%s%s; see 'mdevctl %s --help'", c->name, c->operand,
			   instead ? ", or --" : "", instead ? instead : "", c->name);
}

static int run(const struct command *c, const struct args *a)
{
	_cleanup_(host_done) struct host h = { .root_fd = -1 };
	int r;

	r = check_operand(c, a);
	if (r < 0)
		return r;
	r = args_check(a, c->name, c->rules, c->n_rules);
	if (r < 0)
		return r;
	/* People know the device by it, and most messages have the UUID. */
	if (has(a, O(NAME)))
		say_about(a->value[OPT_NAME]);
	r = host_init(&h, find_root(a));
	if (r < 0)
		return fail_errno(r, "cannot work below the root directory '%s'", find_root(a));
	/* Scripts hear of it, whichever way it was said. */
	if (has(a, O(ROOT)) && setenv("MDEVCTL_ENV_ROOT", a->value[OPT_ROOT], 1) < 0)
		return fail_errno(-errno, "cannot set MDEVCTL_ENV_ROOT");
	return c->run(&h, a);
}

static int dispatch(int argc, char **argv)
{
	const char *program = base_name(argv[0] ? argv[0] : "");
	const struct command *c = NULL;
	struct args a = {};
	int next = 1, r;

	if (str_eq(program, "lsmdev")) {
		c = find_command("list");
	} else {
		if (argc < 2)
			return print_guide();
		if (str_eq(argv[1], "complete"))
			return complete(argc - 2, argv + 2);
		r = args_parse(&a, argc, argv, NULL, 0, NULL, &next);
		if (r < 0)
			return r;
		if (next < argc)
			c = find_command(argv[next]);
		if (next < argc && !c && !has(&a, O(HELP) | O(VERSION))) {
			if (!args_ask_for_help(argc, argv))
				return unknown_command(argv[next]);
			a.given |= O(HELP);
		}
		next++;
	}
	if (c) {
		r = args_parse(&a, argc, argv, c->name, c->options, c->operand, &next);
		if (r < 0)
			return r;
	}
	if (has(&a, O(VERSION)))
		puts("mdevctl " VERSION);
	else if (has(&a, O(HELP)) && c)
		print_command_help(c);
	else if (has(&a, O(HELP)))
		print_help();
	else if (!c)
		return print_guide();
	else
		return run(c, &a);
	return 0;
}

int main(int argc, char **argv)
{
	int r;

	say_init();
	json_begin();
	r = dispatch(argc, argv);
	if (r >= 0 && output_finish() < 0)
		return EXIT_FAILURE;
	if (r == WRONG_USAGE)
		return EXIT_USAGE;
	return r < 0 ? EXIT_FAILURE : r;
}
