/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line.  Not getopt_long(): that accepts abbreviations, which
 * would make every new option a change of meaning of old scripts, and cannot
 * take "-u=U" or tell of an option given twice.
 */
#include "cli/args.h"

#include <ctype.h>

const struct option_row option_table[N_OPTS] = {
	[OPT_UUID] = { 'u', "uuid", "UUID", "the device's UUID" },
	[OPT_NAME] = { 0, "name", "NAME", "the device's name, which gives its UUID" },
	[OPT_PARENT] = { 'p', "parent", "PARENT", "the parent device, as 'mdevctl types' lists it" },
	[OPT_TYPE] = { 't', "type", "TYPE", "the type's id, or its name, as 'mdevctl types' lists it" },
	[OPT_NEED] = { 0, "need", "KEY>=VALUE", "what the type has to offer (=, <=; may be repeated)" },
	[OPT_NUMA] = { 0, "numa", "N", "only parents of this NUMA node" },
	[OPT_POLICY] = { 0, "policy", "POLICY", "which card: compact (default), spread or separate" },
	[OPT_POOL] = { 0, "pool", "NAME", "choose as this pool says" },
	[OPT_LIKE] = { 0, "like", "FILE", "make the device that describe printed, of the same type" },
	[OPT_PIN] = { 0, "pin", NULL, "keep what the type is now, and compare it at each start" },
	[OPT_STRICT] = { 0, "strict", NULL, "refuse, rather than warn, where a pinned type has changed" },
	[OPT_DRY_RUN] = { 0, "dry-run", NULL, "print what would be done, and change nothing" },
	[OPT_PRUNE] = { 0, "prune", NULL, "remove what the file does not want, where it wants anything" },
	[OPT_RESTART] = { 0, "restart", NULL, "stop and start what runs otherwise than it is wanted" },
	[OPT_JSONFILE] = { 0, "jsonfile", "FILE", "read the definition from FILE ('-': standard input)" },
	[OPT_AUTO] = { 'a', "auto", NULL, "start the device whenever its parent appears" },
	[OPT_MANUAL] = { 'm', "manual", NULL, "start the device only when asked to" },
	[OPT_ADDATTR] = { 0, "addattr", "NAME", "add an attribute (with --value), last or at --index" },
	[OPT_DELATTR] = { 0, "delattr", NULL, "remove the last attribute, or that at --index" },
	[OPT_INDEX] = { 'i', "index", "N", "position of the attribute, the first is 0" },
	[OPT_VALUE] = { 0, "value", "VALUE", "the attribute's value" },
	[OPT_LIVE] = { 'l', "live", NULL, "change the running device, by its callout script" },
	[OPT_DEFINED] = { 'd', "defined", NULL, "definitions rather than running devices" },
	[OPT_VERBOSE] = { 'v', "verbose", NULL, "show attributes too" },
	[OPT_DUMPJSON] = { 0, "dumpjson", NULL, "print JSON" },
	[OPT_LIBVIRT_XML] = { 0, "libvirt-xml", NULL, "print what a libvirt domain needs to have the device" },
	[OPT_QEMU_ARGS] = { 0, "qemu-args", NULL, "print the QEMU option for the device" },
	[OPT_ALL] = { 0, "all", NULL, "vGPUs and VFs that are no mediated devices too, or all parents" },
	[OPT_PROBE] = { 0, "probe", NULL, "open the device, and ask VFIO what it can" },
	[OPT_COUNT] = { 0, "count", "N|max", "so many virtual functions, or all there can be" },
	[OPT_DRIVER] = { 0, "driver", "NAME|auto", "the VFIO driver that gives them to machines; auto: what suits them" },
	[OPT_BIND] = { 0, "bind", NULL, "give each to that driver as soon as it is there" },
	[OPT_FORCE] = { 'f', "force", NULL, "go on although a callout script refuses" },
	[OPT_NO_LOAD] = { 0, "no-load", NULL, "do not load the kernel module of a missing parent" },
	[OPT_ROOT] = { 0, "root", "DIR", "work on the system below DIR instead of /" },
	[OPT_HELP] = { 'h', "help", NULL, "explain, and do nothing" },
	[OPT_VERSION] = { 'V', "version", NULL, "print the version, and do nothing" },
};

struct parser {
	struct args *a;
	char **argv;
	int argc, next;
	const char *command; /* NULL before the command */
	optset allowed;
	const char *operand;
	struct error error; /* the first one; --help may yet follow and win */
};

int usage_error(const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	fail("%s", text);
	return WRONG_USAGE;
}

/* Keeps the first error; --help may yet follow and win. */
static int _printf_(2, 3) wrong(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	if (p->error.text)
		return WRONG_USAGE;
	va_start(ap, fmt);
	p->error.text = xvasprintf(fmt, ap);
	va_end(ap);
	return WRONG_USAGE;
}

static char *help_hint(const char *command)
{
	return xasprintf("see 'mdevctl %s%s--help'", command ? command : "", command ? " " : "");
}

static int unknown_option(struct parser *p, const char *arg)
{
	_cleanup_free_ char *name = xstrdup(arg), *hint = help_hint(p->command);
	_cleanup_(strv_done) struct strv known = {};
	const char *nearest;

	for (size_t i = 0; i < N_OPTS; i++)
		if (p->allowed & ((optset)1 << i))
			strv_add(&known, xstrdup(option_table[i].name));
	name[strcspn(name, "=")] = '\0';
	/* The dashes, which all have, make none like another. */
	nearest = strv_nearest(&known, name + strspn(name, "-"));
	if (nearest)
		return wrong(p, "unknown option '%s', did you mean '--%s'? %s", name, nearest, hint);
	return wrong(p, "unknown option '%s'; %s", name, hint);
}

static int check_name(struct parser *p, const char *option, const char *value, const char *problem)
{
	return problem ? wrong(p, "option --%s: the name '%s' %s", option, value, problem) : 0;
}

static int parse_index(struct parser *p, const char *value)
{
	char *end;

	errno = 0;
	p->a->index = strtoul(value, &end, 10);
	if (errno || !isdigit((unsigned char)*value) || *end)
		return wrong(p, "option --index: '%s' is given, expected a number from 0 on", value);
	return 0;
}

/* As SR-IOV counts: 16 bits. */
static int parse_count(struct parser *p, const char *value)
{
	char *end;

	if (str_eq(value, "max"))
		return 0;
	errno = 0;
	p->a->count = strtoul(value, &end, 10);
	if (errno || !isdigit((unsigned char)*value) || *end || !p->a->count || p->a->count > UINT16_MAX)
		return wrong(p, "option --count: '%s' is given, expected a number from 1 to 65535, or max", value);
	return 0;
}

static int parse_numa(struct parser *p, const char *value)
{
	char *end;

	errno = 0;
	p->a->numa = strtol(value, &end, 10);
	if (errno || !isdigit((unsigned char)*value) || *end)
		return wrong(p, "option --numa: '%s' is given, expected the number of a NUMA node", value);
	return 0;
}

static int parse_policy(struct parser *p, const char *value)
{
	if (policy_parse(value, &p->a->policy))
		return 0;
	return wrong(p, "option --policy: '%s' is given, expected compact, spread or separate", value);
}

static int parse_name(struct parser *p, const char *value)
{
	int r = check_name(p, "name", value, device_name_problem(value));

	if (r == 0)
		uuid_of_name(value, p->a->uuid);
	return r;
}

static int parse_need(struct parser *p, const char *value)
{
	_cleanup_(needs_done) struct needs needs = {};
	const char *problem = needs_add(&needs, value);

	if (problem)
		return wrong(p, "option --need: '%s' %s", value, problem);
	if (p->a->n_needs == NEEDS_MAX)
		return wrong(p, "option --need is given more than %d times", NEEDS_MAX);
	p->a->needs[p->a->n_needs++] = value;
	return 0;
}

static int check_text(struct parser *p, const char *value)
{
	const char *problem = text_problem(value);

	return problem ? wrong(p, "option --value: the value %s", problem) : 0;
}

static int check_value(struct parser *p, enum opt o, const char *value)
{
	switch (o) {
	case OPT_UUID:
		if (uuid_normalise(value, p->a->uuid))
			return 0;
		return wrong(p, "option --uuid: '%s' is not a UUID, which looks like 8a3c5f2e-1b4d-4c6e-9f70-2d81a5b3c9e4",
			     value);
	case OPT_NAME:
		return parse_name(p, value);
	case OPT_POOL:
		return check_name(p, "pool", value, device_name_problem(value));
	case OPT_NEED:
		return parse_need(p, value);
	case OPT_NUMA:
		return parse_numa(p, value);
	case OPT_POLICY:
		return parse_policy(p, value);
	case OPT_PARENT:
		return check_name(p, "parent", value, parent_name_problem(value));
	case OPT_TYPE:
		return check_name(p, "type", value, type_text_problem(value));
	case OPT_DRIVER:
		return check_name(p, "driver", value, name_problem(value));
	case OPT_ADDATTR:
		return check_name(p, "addattr", value, attr_name_problem(value));
	case OPT_VALUE:
		return check_text(p, value);
	case OPT_ROOT:
	case OPT_JSONFILE:
	case OPT_LIKE:
		if (*value)
			return 0;
		return wrong(p, "option --%s is given an empty name", option_table[o].name);
	case OPT_INDEX:
		return parse_index(p, value);
	case OPT_COUNT:
		return parse_count(p, value);
	default:
		return 0;
	}
}

static int set_option(struct parser *p, enum opt o, const char *value)
{
	if (has(p->a, (optset)1 << o) && !(((optset)1 << o) & (O(NEED) | O(HELP) | O(VERSION))))
		return wrong(p, "option --%s is given twice", option_table[o].name);
	if (((optset)1 << o) & O_DEVICE && has(p->a, O_DEVICE))
		return wrong(p, "--uuid and --name exclude each other: the name gives the UUID");
	p->a->given |= (optset)1 << o;
	p->a->value[o] = value;
	return value ? check_value(p, o, value) : 0;
}

/* The option's value: what is attached to it, or the next argument. */
static int take_value(struct parser *p, enum opt o, const char *attached)
{
	if (!attached && p->next == p->argc)
		return wrong(p, "option --%s needs a value: --%s %s", option_table[o].name,
				   option_table[o].name, option_table[o].arg);
	return set_option(p, o, attached ? attached : p->argv[p->next++]);
}

static int parse_long(struct parser *p, const char *arg)
{
	const char *equals = strchr(arg, '=');
	size_t length = equals ? (size_t)(equals - arg) : strlen(arg);

	for (enum opt o = 0; o < N_OPTS; o++) {
		const struct option_row *row = &option_table[o];

		if (!(p->allowed & ((optset)1 << o)) || strlen(row->name) != length - 2 ||
		    memcmp(row->name, arg + 2, length - 2) != 0)
			continue;
		if (row->arg)
			return take_value(p, o, equals ? equals + 1 : NULL);
		if (equals)
			return wrong(p, "option --%s takes no value", row->name);
		return set_option(p, o, NULL);
	}
	return unknown_option(p, arg);
}

static int find_letter(const struct parser *p, char letter)
{
	for (enum opt o = 0; o < N_OPTS; o++)
		if ((p->allowed & ((optset)1 << o)) && option_table[o].letter == letter)
			return o;
	return -1;
}

/* "-dvu U", "-uU", "-u=U" */
static int parse_letters(struct parser *p, const char *arg)
{
	for (const char *c = arg + 1; *c; c++) {
		char name[] = { '-', *c, '\0' };
		int r, o = find_letter(p, *c);

		if (o < 0) {
			unknown_option(p, c == arg + 1 && isdigit((unsigned char)*c) ? arg : name);
			continue;
		}
		if (option_table[o].arg) {
			const char *attached = c[1] ? c + 1 : NULL;

			return take_value(p, o, attached && *attached == '=' ? attached + 1 : attached);
		}
		if (c[1] == '=')
			return wrong(p, "option -%c takes no value", *c);
		r = set_option(p, o, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int set_operand(struct parser *p, const char *arg)
{
	if (!p->operand)
		return wrong(p, "takes no argument, but is given '%s'", arg);
	if (p->a->operand)
		return wrong(p, "takes one %s, but is given '%s' as well", p->operand, arg);
	p->a->operand = arg;
	return 0;
}

static int parse_next(struct parser *p, bool *only_operands)
{
	const char *arg = p->argv[p->next++];

	if (*only_operands || *arg != '-' || !arg[1])
		return set_operand(p, arg);
	if (str_eq(arg, "--")) {
		*only_operands = true;
		return 0;
	}
	return arg[1] == '-' ? parse_long(p, arg) : parse_letters(p, arg);
}

bool args_ask_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h"))
			return true;
	return false;
}

int args_parse(struct args *a, int argc, char **argv, const char *command, optset allowed,
	       const char *operand, int *ret_next)
{
	struct parser p = {
		.a = a,
		.argv = argv,
		.argc = argc,
		.next = *ret_next,
		.command = command,
		.allowed = allowed | OPTS_GLOBAL,
		.operand = operand,
	};
	_cleanup_(error_done) struct error error = {};
	bool only_operands = false;

	while (p.next < argc && (command || *argv[p.next] == '-'))
		parse_next(&p, &only_operands);
	*ret_next = p.next;
	error = p.error;
	/* Where something is wrong, a "--help" may have been taken for a value. */
	if (error.text && args_ask_for_help(argc, argv))
		a->given |= O(HELP);
	if (!error.text || has(a, O(HELP) | O(VERSION)))
		return 0;
	return usage_error("%s%s%s", command ? command : "", command ? ": " : "", error.text);
}

/* "--uuid, --parent or --type" */
static char *list_options(optset set, const char *last_word)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < N_OPTS; i++) {
		_cleanup_free_ char *old = NULL;
		bool is_last = !(set >> i >> 1);

		if (!(set & ((optset)1 << i)))
			continue;
		old = text;
		text = xasprintf("%s%s--%s", old, !*old ? "" : is_last ? last_word : ", ",
				 option_table[i].name);
	}
	return text;
}

static int check_rule(const struct args *a, const char *command, const struct rule *rule)
{
	optset when = a->given & rule->when, wrong = a->given & rule->none;
	_cleanup_free_ char *these = NULL, *those = NULL, *hint = help_hint(command);

	if ((rule->when && !when) || (a->given & rule->unless))
		return 0;
	these = when ? list_options(when, " and ") : xstrdup(command);
	if (rule->any && !(a->given & rule->any)) {
		those = list_options(rule->any, " or ");
		return usage_error("%s needs %s; %s", these, those, hint);
	}
	if (wrong) {
		those = list_options(wrong, " and ");
		return usage_error("%s excludes %s; %s", these, those, hint);
	}
	wrong = a->given & rule->most_one;
	if (wrong & (wrong - 1)) {
		those = list_options(wrong, " and ");
		return usage_error("%s takes only one of %s; %s", command, those, hint);
	}
	return 0;
}

int args_check(const struct args *a, const char *command, const struct rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = check_rule(a, command, &rules[i]);

		if (r < 0)
			return r;
	}
	return 0;
}
