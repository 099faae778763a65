/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main: the commands as a table, help, dispatch, exit status.  Knows nothing
 * of devices.
 */
#include "cmd.h"
#include "output.h"

#include <signal.h>

#define EXIT_USAGE 2

struct command {
	const char *name, *summary;
	const char *detail; /* more for its --help, or NULL */
	optset options;
	const char *operand; /* what it takes beside options, NULL: nothing */
	bool operand_optional;
	const struct rule *rules;
	size_t n_rules;
	int (*run)(const struct host *h, const struct args *a);
};

static const struct rule define_rules[] = {
	{ .any = O(UUID) | O(PARENT) },
	{ .when = O(JSONFILE), .none = O(TYPE) | O(AUTO) },
	{ .when = O(JSONFILE), .any = O(PARENT) },
};

static const struct rule needs_uuid[] = {
	{ .any = O(UUID) },
};

#define CHANGES (O(AUTO) | O(MANUAL) | O(ADDATTR) | O(DELATTR) | O(JSONFILE))

static const struct rule modify_rules[] = {
	{ .any = O(UUID) },
	{ .unless = O(LIVE), .any = CHANGES | O(TYPE) },
	{ .most_one = CHANGES },
	{ .when = O(INDEX), .any = O(ADDATTR) | O(DELATTR) },
	{ .when = O(VALUE), .any = O(ADDATTR) },
	{ .when = O(ADDATTR), .any = O(VALUE) },
	{ .when = O(JSONFILE), .unless = O(LIVE), .any = O(PARENT) },
	{ .when = O(LIVE), .none = O(TYPE) | (CHANGES & ~O(JSONFILE)) },
	{ .when = O(LIVE), .any = O(JSONFILE) },
};

static const struct rule start_rules[] = {
	{ .when = O(JSONFILE), .none = O(TYPE) },
	{ .when = O(JSONFILE), .any = O(PARENT) },
	{ .unless = O(UUID), .any = O(UUID) | O(PARENT) },
	{ .unless = O(UUID), .any = O(TYPE) | O(JSONFILE) },
};

#define FOR_A_VM (O(LIBVIRT_XML) | O(QEMU_ARGS))

static const struct rule list_rules[] = {
	{ .when = FOR_A_VM, .any = O(UUID) },
	{ .when = FOR_A_VM, .none = O(VERBOSE) | O(DUMPJSON) },
	{ .most_one = FOR_A_VM },
};

static int cmd_help(const struct host *h, const struct args *a);

#define RULES(array) .rules = (array), .n_rules = ARRAY_SIZE(array)

static const struct command commands[] = {
	{
		.name = "types",
		.summary = "list the types of devices that can be made, and how many",
		.options = O(PARENT) | O(DUMPJSON),
		.run = cmd_types,
	},
	{
		.name = "define",
		.summary = "keep a definition of a device, without starting it",
		.detail = "Without --uuid one is made and printed. Of a running device, parent and type\n"
			  "need not be given.",
		.options = O(UUID) | O(PARENT) | O(TYPE) | O(AUTO) | O(JSONFILE) | O(FORCE),
		RULES(define_rules),
		.run = cmd_define,
	},
	{
		.name = "modify",
		.summary = "change a definition",
		.detail = "One of --auto, --manual, --addattr, --delattr or --jsonfile, or --type alone or\n"
			  "beside them. The device itself changes when it is started the next time, or at\n"
			  "once with --live --jsonfile, if there is a callout script that can do that;\n"
			  "with --defined as well both are changed.",
		.options = O(UUID) | O(PARENT) | CHANGES | O(TYPE) | O(INDEX) | O(VALUE) |
			   O(LIVE) | O(DEFINED) | O(FORCE),
		RULES(modify_rules),
		.run = cmd_modify,
	},
	{
		.name = "undefine",
		.summary = "remove a definition; a running device is left alone",
		.options = O(UUID) | O(PARENT) | O(FORCE),
		RULES(needs_uuid),
		.run = cmd_undefine,
	},
	{
		.name = "start",
		.summary = "start a defined device, or one that --parent and --type describe",
		.detail = "Without --uuid one is made and printed. If the parent is missing because the\n"
			  "kernel module of its driver is not loaded, that is loaded.",
		.options = O(UUID) | O(PARENT) | O(TYPE) | O(JSONFILE) | O(NO_LOAD) | O(FORCE),
		RULES(start_rules),
		.run = cmd_start,
	},
	{
		.name = "stop",
		.summary = "stop a running device; its definition is kept",
		.detail = "A device that somebody uses is not stopped; --force waits until it is released.",
		.options = O(UUID) | O(FORCE),
		RULES(needs_uuid),
		.run = cmd_stop,
	},
	{
		.name = "list",
		.summary = "list the running devices, or with --defined the definitions",
		.detail = "With --dumpjson, --uuid and just one device: its definition, fit for --jsonfile.\n"
			  "--libvirt-xml and --qemu-args are for one device, running or else defined.",
		.options = O(DEFINED) | O(UUID) | O(PARENT) | O(VERBOSE) | O(DUMPJSON) | FOR_A_VM,
		RULES(list_rules),
		.run = cmd_list,
	},
	{
		.name = "doctor",
		.summary = "look for what keeps devices from being offered or started",
		.detail = "Exits with 1 if something does (FAIL); after -> stands what helps.",
		.options = O(DUMPJSON),
		.run = cmd_doctor,
	},
	{
		.name = "start-parent-mdevs",
		.summary = "start every automatic device of a parent (for udev)",
		.operand = "PARENT",
		.run = cmd_start_parent_mdevs,
	},
	{
		.name = "help",
		.summary = "explain a command",
		.operand = "COMMAND",
		.operand_optional = true,
		.run = cmd_help,
	},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_eq(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *nearest = NULL;
	size_t best = (size_t)-1;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
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

		if (!(set & (1UL << i)))
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
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-19s %s\n", commands[i].name, commands[i].summary);
	puts("\nOptions of every command:");
	print_options(OPTS_GLOBAL);
	puts("\n'mdevctl COMMAND --help' lists a command's own options; the manual is mdevctl(8).");
}

static void print_command_help(const struct command *c)
{
	printf("Usage: mdevctl %s", c->name);
	if (c->operand)
		printf(c->operand_optional ? " [%s]" : " %s", c->operand);
	puts(c->options ? " [OPTION...]" : "");
	printf("%c%s.\n", c->summary[0] - 'a' + 'A', c->summary + 1);
	if (c->detail)
		printf("%s\n", c->detail);
	puts("\nOptions:");
	print_options(c->options | OPTS_GLOBAL);
}

static int cmd_help(const struct host *h, const struct args *a)
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

static int run(const struct command *c, const struct args *a)
{
	_cleanup_(host_done) struct host h = { .root_fd = -1 };
	int r;

	if (c->operand && !c->operand_optional && !a->operand)
		return usage_error("%s needs a %s; see 'mdevctl %s --help'", c->name, c->operand,
				   c->name);
	r = args_check(a, c->name, c->rules, c->n_rules);
	if (r < 0)
		return r;
	r = host_init(&h, find_root(a));
	if (r < 0)
		return fail_errno(r, "cannot work below the root directory '%s'", find_root(a));
	return c->run(&h, a);
}

static int dispatch(int argc, char **argv)
{
	const char *program = strrchr(argv[0] ? argv[0] : "", '/');
	const struct command *c = NULL;
	struct args a = {};
	int next = 1, r;

	program = program ? program + 1 : argv[0];
	if (program && str_eq(program, "lsmdev")) {
		c = find_command("list");
	} else {
		if (argc < 2)
			return print_guide();
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

	json_set_alloc_funcs(xmalloc, free);
	say_init();
	/* Whoever started us may have ignored it, and our children would vanish. */
	signal(SIGCHLD, SIG_DFL);
	r = dispatch(argc, argv);
	if (r == 0)
		r = output_finish();
	if (r == WRONG_USAGE)
		return EXIT_USAGE;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
