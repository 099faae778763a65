/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: the command line, from main() on, with commands that do
 * nothing but look at what they are given.  The input is argv, a NUL between
 * one argument and the next.
 */
#include "fuzz.h"

#include <ctype.h>

#include "cmd/cmd.h"
#include "cli/output.h"

#define ARGS_MAX 64

/* main() of mdevctl.c, renamed by the Makefile. */
int mdevctl_main(int argc, char **argv);

/* The command that ran last, and what it was given. */
static const char *ran;
static struct args given;

static int run(const char *name, const struct args *a)
{
	ran = name;
	given = *a;
	return 0;
}

#define COMMAND(function, name)                                           \
	int function(const struct host *h, const struct args *a)          \
	{                                                                 \
		must(h->root_fd >= 0);                                    \
		return run(name, a);                                      \
	}

COMMAND(cmd_define, "define")
COMMAND(cmd_undefine, "undefine")
COMMAND(cmd_modify, "modify")
COMMAND(cmd_start, "start")
COMMAND(cmd_stop, "stop")
COMMAND(cmd_start_parent_mdevs, "start-parent-mdevs")
COMMAND(cmd_list, "list")
COMMAND(cmd_types, "types")
COMMAND(cmd_describe, "describe")
COMMAND(cmd_compat, "compat")
COMMAND(cmd_doctor, "doctor")
COMMAND(cmd_define_pool, "define-pool")
COMMAND(cmd_undefine_pool, "undefine-pool")
COMMAND(cmd_list_pools, "list-pools")
COMMAND(cmd_apply, "apply")
COMMAND(cmd_dump, "dump")
COMMAND(cmd_define_vfs, "define-vfs")
COMMAND(cmd_undefine_vfs, "undefine-vfs")

int output_finish(void)
{
	return 0;
}

/* What a completion offers; what of it is hostile is escaped. */
int output_lines(const struct strv *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		must(!strchr(lines->s[i], '\n'));
	return 0;
}

#define CHANGES (O(AUTO) | O(MANUAL) | O(ADDATTR) | O(DELATTR) | O(JSONFILE))

static bool modify_is_right(const struct args *a)
{
	optset changes = a->given & CHANGES;
	bool live = has(a, O(LIVE)), json = has(a, O(JSONFILE));

	if (!has(a, O_DEVICE) || (changes & (changes - 1)) || (!live && !changes && !has(a, O(TYPE) | O(PIN))))
		return false;
	if (has(a, O(STRICT)) && !has(a, O(PIN)))
		return false;
	if (has(a, O(INDEX)) && !has(a, O(ADDATTR) | O(DELATTR)))
		return false;
	if (has(a, O(ADDATTR)) != has(a, O(VALUE)))
		return false;
	if (live)
		return json && !has(a, O(TYPE) | O(PIN));
	return !json || has(a, O(PARENT));
}

#define KINDS (O(TYPE) | O(NEED) | O(POOL))
#define CHOICES (KINDS | O(NUMA) | O(POLICY) | O(DRY_RUN))

static bool choice_is_right(const struct args *a)
{
	if (has(a, O(JSONFILE)))
		return has(a, O(PARENT)) && !has(a, KINDS);
	return has(a, KINDS) || !has(a, O(NUMA) | O(POLICY));
}

static bool start_is_right(const struct args *a)
{
	if (has(a, O(PIN)) && !has(a, O(NAME) | O(LIKE)))
		return false;
	if (has(a, O(LIKE)))
		return !has(a, KINDS | O(JSONFILE));
	return choice_is_right(a) && has(a, O_DEVICE | KINDS | O(JSONFILE));
}

static bool define_is_right(const struct args *a)
{
	if ((has(a, O(JSONFILE)) && has(a, O(AUTO))) || (has(a, O(STRICT)) && !has(a, O(PIN))))
		return false;
	return choice_is_right(a) && has(a, O_DEVICE | O(PARENT) | KINDS);
}

static bool list_is_right(const struct args *a)
{
	if (has(a, O(LIBVIRT_XML)) && has(a, O(QEMU_ARGS)))
		return false;
	return !has(a, O(LIBVIRT_XML) | O(QEMU_ARGS)) ||
	       (has(a, O_DEVICE) && !has(a, O(VERBOSE) | O(DUMPJSON) | O(ALL)));
}

/* The contract's table, not the program's. */
static bool is_right(const struct args *a)
{
	bool takes_operand = (str_eq(ran, "start-parent-mdevs") && !has(a, O(ALL))) ||
			     str_eq(ran, "define-pool") || str_eq(ran, "undefine-pool") || str_eq(ran, "apply") ||
			     str_eq(ran, "compat");
	const optset named = O_DEVICE | O(PARENT);

	if (has(a, O(HELP) | O(VERSION)) || !a->operand != !takes_operand)
		return false;
	if (str_eq(ran, "define"))
		return define_is_right(a) && !(a->given & ~(named | CHOICES | O(AUTO) | O(JSONFILE) | O(PIN) |
							    O(STRICT) | O(FORCE) | O(ROOT)));
	if (str_eq(ran, "undefine"))
		return has(a, O_DEVICE) && !(a->given & ~(named | O(FORCE) | O(ROOT)));
	if (str_eq(ran, "modify"))
		return modify_is_right(a) && !has(a, O(VERBOSE) | O(DUMPJSON));
	if (str_eq(ran, "start"))
		return start_is_right(a) &&
		       !(a->given & ~(named | CHOICES | O(LIKE) | O(PIN) | O(STRICT) | O(JSONFILE) | O(NO_LOAD) |
				      O(FORCE) | O(ROOT)));
	if (str_eq(ran, "stop"))
		return has(a, O_DEVICE) && !(a->given & ~(O_DEVICE | O(FORCE) | O(ROOT)));
	if (str_eq(ran, "list"))
		return list_is_right(a) && !(a->given & ~(named | O(DEFINED) | O(VERBOSE) | O(DUMPJSON) |
							  O(ALL) | O(LIBVIRT_XML) | O(QEMU_ARGS) | O(ROOT)));
	if (str_eq(ran, "types"))
		return !(a->given & ~(O(PARENT) | O(DUMPJSON) | O(ROOT)));
	if (str_eq(ran, "define-pool"))
		return has(a, O(JSONFILE)) && !(a->given & ~(O(JSONFILE) | O(FORCE) | O(ROOT)));
	if (str_eq(ran, "list-pools"))
		return !(a->given & ~(O(DUMPJSON) | O(VERBOSE) | O(ROOT)));
	if (str_eq(ran, "doctor"))
		return !(a->given & ~(O(DUMPJSON) | O(ROOT)));
	if (str_eq(ran, "define-vfs"))
		return has(a, O(PARENT)) && has(a, O(COUNT) | O(JSONFILE)) &&
		       (!has(a, O(BIND)) || has(a, O(DRIVER) | O(JSONFILE))) &&
		       !(a->given & ~(O(PARENT) | O(COUNT) | O(DRIVER) | O(BIND) | O(JSONFILE) | O(ROOT)));
	if (str_eq(ran, "undefine-vfs"))
		return has(a, O(PARENT)) && !(a->given & ~(O(PARENT) | O(ROOT)));
	if (str_eq(ran, "apply"))
		return !(a->given & ~(O(DRY_RUN) | O(PRUNE) | O(RESTART) | O(DUMPJSON) | O(ROOT)));
	if (str_eq(ran, "describe"))
		return has(a, O_DEVICE) && !(has(a, O(PROBE)) && has(a, O(DEFINED))) &&
		       !(a->given & ~(named | O(DEFINED) | O(PROBE) | O(ROOT)));
	if (str_eq(ran, "compat"))
		return !(a->given & ~(O(PARENT) | O(TYPE) | O(DUMPJSON) | O(ROOT)));
	return !(a->given & ~O(ROOT));
}

static void must_have_good_values(const struct args *a)
{
	for (size_t i = 0; i < N_OPTS; i++)
		must(!a->value[i] == !((a->given & ((optset)1 << i)) && option_table[i].arg));
	must(!has(a, O(UUID)) || !has(a, O(NAME)));
	must(!has(a, O(NAME)) || !device_name_problem(a->value[OPT_NAME]));
	must(!has(a, O(NEED)) == !a->n_needs && a->n_needs <= NEEDS_MAX);
	must(!has(a, O(NUMA)) || a->numa == strtol(a->value[OPT_NUMA], NULL, 10));
	must(!has(a, O(POLICY)) || str_eq(policy_name(a->policy), a->value[OPT_POLICY]));
	if (has(a, O_DEVICE)) {
		must(strlen(a->uuid) == UUID_LEN);
		must(strspn(a->uuid, "0123456789abcdef-") == UUID_LEN);
	}
	must(!has(a, O(PARENT)) || is_name(a->value[OPT_PARENT]));
	must(!has(a, O(TYPE)) || is_name(a->value[OPT_TYPE]));
	must(!has(a, O(ADDATTR)) || is_attr_name(a->value[OPT_ADDATTR]));
	must(!has(a, O(VALUE)) || !text_problem(a->value[OPT_VALUE]));
	must(!has(a, O(JSONFILE)) || *a->value[OPT_JSONFILE]);
	if (has(a, O(COUNT)))
		must(a->count ? a->count == strtoul(a->value[OPT_COUNT], NULL, 10) && a->count < 65536 :
				str_eq(a->value[OPT_COUNT], "max"));
	if (has(a, O(INDEX))) {
		const char *index = a->value[OPT_INDEX];

		must(strspn(index, "0123456789") == strlen(index));
		must(a->index == strtoul(index, NULL, 10));
	}
}

/* The same written out in full means the same. */
static void must_mean_the_same(void)
{
	_cleanup_(strv_done) struct strv argv = {};
	const struct args first = given;
	const char *command = ran;

	strv_add(&argv, xstrdup("mdevctl"));
	strv_add(&argv, xstrdup(command));
	for (size_t i = 0; i < N_OPTS; i++) {
		const char *value = first.value[i];

		if (first.given & ((optset)1 << i))
			strv_add(&argv, xasprintf("--%s%s%s", option_table[i].name, value ? "=" : "",
						  value ? value : ""));
	}
	strv_add(&argv, xstrdup("--"));
	if (first.operand)
		strv_add(&argv, xstrdup(first.operand));
	ran = NULL;
	say_about(NULL);
	must(mdevctl_main((int)argv.n, argv.s) == 0);
	must(ran && str_eq(ran, command));
	must(given.given == first.given && given.index == first.index);
	must(str_eq(given.uuid, first.uuid) && !given.operand == !first.operand);
	must(!given.operand || str_eq(given.operand, first.operand));
	for (size_t i = 0; i < N_OPTS; i++)
		must(!first.value[i] || str_eq(given.value[i], first.value[i]));
}

/* Wrong usage is one sentence, or the guide where nothing was asked for. */
static void must_explain(void)
{
	static const char guide[] = "mdevctl manages mediated devices.";

	must(!fuzz_stdout()->length && !ran);
	if (strncmp(fuzz_stderr()->data, guide, sizeof(guide) - 1) == 0)
		return must_warn_cleanly();
	must(strncmp(fuzz_stderr()->data, "mdevctl: ", 9) == 0);
	must_be_lines(fuzz_stderr(), 1);
}

/* Whether --help stands where it is no option's value and no operand. */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && !str_eq(argv[i], "--"); i++)
		if (str_eq(argv[i], "--help") && argv[i - 1][0] != '-')
			return true;
	return false;
}

static void must_end_well(int status, int argc, char **argv)
{
	must(status == 0 || status == 1 || status == 2);
	must(status != 2 || !asks_for_help(argc, argv));
	if (status == 2)
		return must_explain();
	if (status == 1) {
		must(!ran && strstr(fuzz_stderr()->data, "cannot work below the root"));
		must_be_lines(fuzz_stderr(), 1);
		return;
	}
	/* It either ran, or said something. */
	must(!fuzz_stderr()->length && !!fuzz_stdout()->length == !ran);
	if (ran) {
		must(is_right(&given));
		must_have_good_values(&given);
		must_mean_the_same();
	}
}

static bool ends_in_lsmdev(const char *program)
{
	const char *slash = strrchr(program, '/');

	return str_eq(slash ? slash + 1 : program, "lsmdev");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = fuzz_text(data, size);
	char *argv[ARGS_MAX + 1];
	int argc = 0;

	for (char *arg = text; arg <= text + size && argc < ARGS_MAX; arg += strlen(arg) + 1)
		argv[argc++] = arg;
	argv[argc] = NULL;
	ran = NULL;
	fuzz_forget();
	/* A name that the last one was given. */
	say_about(NULL);
	/* "lsmdev" may stand after a path, and then it is the command. */
	if (argc > 1 && str_eq(argv[1], "complete") && !ends_in_lsmdev(argv[0]))
		must(mdevctl_main(argc, argv) == 0 && !ran && !fuzz_stderr()->length);
	else
		must_end_well(mdevctl_main(argc, argv), argc, argv);
	return 0;
}
