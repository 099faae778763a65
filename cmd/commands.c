/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands as a table: the parser, the help, the completion and the tests
 * all read it.
 */
#include "cmd/commands.h"
#include "cmd/cmd.h"

/* What has the program choose the parent. */
#define CHOICES (O(NEED) | O(NUMA) | O(POLICY) | O(POOL))

static const struct rule define_rules[] = {
	{ .any = O_DEVICE | O(PARENT) | O(TYPE) | O(NEED) | O(POOL) },
	{ .when = O(JSONFILE), .none = O(TYPE) | O(AUTO) | O(NEED) | O(POOL) },
	{ .when = O(JSONFILE), .any = O(PARENT) },
	{ .when = O(NUMA) | O(POLICY), .any = O(TYPE) | O(JSONFILE) | O(NEED) | O(POOL) },
	{ .when = O(STRICT), .any = O(PIN) },
};

static const struct rule needs_device[] = {
	{ .any = O_DEVICE },
};

#define CHANGES (O(AUTO) | O(MANUAL) | O(ADDATTR) | O(DELATTR) | O(JSONFILE))

static const struct rule modify_rules[] = {
	{ .any = O_DEVICE },
	{ .unless = O(LIVE), .any = CHANGES | O(TYPE) | O(PIN) },
	{ .most_one = CHANGES },
	{ .when = O(INDEX), .any = O(ADDATTR) | O(DELATTR) },
	{ .when = O(VALUE), .any = O(ADDATTR) },
	{ .when = O(ADDATTR), .any = O(VALUE) },
	{ .when = O(JSONFILE), .unless = O(LIVE), .any = O(PARENT) },
	{ .when = O(LIVE), .none = O(TYPE) | O(PIN) | (CHANGES & ~O(JSONFILE)) },
	{ .when = O(LIVE), .any = O(JSONFILE) },
	{ .when = O(STRICT), .any = O(PIN) },
};

static const struct rule start_rules[] = {
	{ .when = O(JSONFILE), .none = O(TYPE) | O(NEED) | O(POOL) },
	{ .when = O(JSONFILE), .any = O(PARENT) },
	{ .when = O(LIKE), .none = O(TYPE) | O(JSONFILE) | O(NEED) | O(POOL) },
	{ .when = O(PIN), .any = O(NAME) | O(LIKE) },
	{ .unless = O_DEVICE | O(LIKE), .any = O_DEVICE | O(PARENT) | O(TYPE) | O(NEED) | O(POOL) },
	{ .unless = O_DEVICE | O(LIKE), .any = O(TYPE) | O(JSONFILE) | O(NEED) | O(POOL) },
	{ .when = O(NUMA) | O(POLICY), .any = O(TYPE) | O(JSONFILE) | O(NEED) | O(POOL) | O(LIKE) },
};

#define FOR_A_VM (O(LIBVIRT_XML) | O(QEMU_ARGS))

static const struct rule list_rules[] = {
	{ .when = FOR_A_VM, .any = O_DEVICE },
	{ .when = FOR_A_VM, .none = O(VERBOSE) | O(DUMPJSON) | O(ALL) },
	{ .most_one = FOR_A_VM },
};

static const struct rule describe_rules[] = {
	{ .any = O_DEVICE },
	{ .when = O(PROBE), .none = O(DEFINED) },
};

static const struct rule define_pool_rules[] = {
	{ .any = O(JSONFILE) },
};

static const struct rule define_vfs_rules[] = {
	{ .any = O(PARENT) },
	{ .any = O(COUNT) | O(JSONFILE) },
	{ .when = O(BIND), .any = O(DRIVER) | O(JSONFILE) },
};

static const struct rule needs_parent[] = {
	{ .any = O(PARENT) },
};

#define RULES(array) .rules = (array), .n_rules = ARRAY_SIZE(array)

const struct command commands[] = {
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
			  "need not be given. Without --parent, or with a pattern as '0000:41:*', the\n"
			  "parent is chosen. What is defined as asked under --name is left as it is.",
		.options = O_DEVICE | O(PARENT) | O(TYPE) | CHOICES | O(PIN) | O(STRICT) | O(DRY_RUN) | O(AUTO) |
			   O(JSONFILE) | O(FORCE),
		RULES(define_rules),
		.uuids = UUIDS_NOT_DEFINED,
		.run = cmd_define,
	},
	{
		.name = "modify",
		.summary = "change a definition",
		.detail = "One of --auto, --manual, --addattr, --delattr or --jsonfile, or --type or --pin alone\n"
			  "or beside them. The device itself changes when it is started the next time, or at\n"
			  "once with --live --jsonfile, if there is a callout script that can do that;\n"
			  "with --defined as well both are changed; without --live it is the default.",
		.options = O_DEVICE | O(PARENT) | CHANGES | O(TYPE) | O(INDEX) | O(VALUE) |
			   O(LIVE) | O(DEFINED) | O(PIN) | O(STRICT) | O(FORCE),
		RULES(modify_rules),
		.uuids = UUIDS_DEFINED,
		.run = cmd_modify,
	},
	{
		.name = "undefine",
		.summary = "remove a definition; a running device is left alone",
		.detail = "From every parent, unless --parent is given. --force also removes a file that\n"
			  "cannot be read.",
		.options = O_DEVICE | O(PARENT) | O(FORCE),
		RULES(needs_device),
		.uuids = UUIDS_DEFINED,
		.run = cmd_undefine,
	},
	{
		.name = "start",
		.summary = "start a defined device, or one that --parent and --type describe",
		.detail = "Without --uuid one is made and printed. Without --parent, or with a pattern as\n"
			  "'0000:41:*', the parent is chosen. With --name the device of that name is found,\n"
			  "or else made. If the parent is missing because the kernel module of its driver\n"
			  "is not loaded, that is loaded. --like keeps a definition of the device, pinned, and\n"
			  "so does --pin with --name.",
		.options = O_DEVICE | O(PARENT) | O(TYPE) | CHOICES | O(LIKE) | O(PIN) | O(STRICT) | O(DRY_RUN) |
			   O(JSONFILE) | O(NO_LOAD) | O(FORCE),
		RULES(start_rules),
		.uuids = UUIDS_NOT_ACTIVE,
		.run = cmd_start,
	},
	{
		.name = "stop",
		.summary = "stop a running device; its definition is kept",
		.detail = "A device that somebody uses is not stopped; --force waits until it is released\n"
			  "(and, as elsewhere, goes on although a callout script refuses).",
		.options = O_DEVICE | O(FORCE),
		RULES(needs_device),
		.uuids = UUIDS_ACTIVE,
		.run = cmd_stop,
	},
	{
		.name = "list",
		.summary = "list the running devices, or with --defined the definitions",
		.detail = "With --dumpjson, --uuid and just one device: its definition, fit for --jsonfile.\n"
			  "--libvirt-xml and --qemu-args are for one device, running or else defined.",
		.options = O(DEFINED) | O_DEVICE | O(PARENT) | O(VERBOSE) | O(DUMPJSON) | O(ALL) |
			   FOR_A_VM,
		RULES(list_rules),
		.uuids = UUIDS_ACTIVE,
		.run = cmd_list,
	},
	{
		.name = "apply",
		.summary = "make the host be as a file describes it",
		.detail = "FILE ('-': standard input) has virtual functions, pools and devices as 'mdevctl dump'\n"
			  "prints them; see the manual, under A HOST IN ONE FILE. What is as wanted already is not touched.\n"
			  "If a step fails, those before it are undone. With --dry-run the exit status is 3 if\n"
			  "something is to be done.",
		.options = O(DRY_RUN) | O(PRUNE) | O(RESTART) | O(DUMPJSON),
		.operand = "FILE",
		.run = cmd_apply,
	},
	{
		.name = "dump",
		.summary = "print what is kept about this host, fit for apply",
		.run = cmd_dump,
	},
	{
		.name = "describe",
		.summary = "print all that makes a device what it is, for compat and --like",
		.detail = "Running or else defined. --probe also asks VFIO whether the device can migrate:\n"
			  "that opens it, as a virtual machine would, and is refused for one in use.",
		.options = O(DEFINED) | O_DEVICE | O(PARENT) | O(PROBE),
		RULES(describe_rules),
		.uuids = UUIDS_ACTIVE_OR_DEFINED,
		.run = cmd_describe,
	},
	{
		.name = "compat",
		.summary = "compare what describe printed elsewhere with what this host has",
		.detail = "FILE may be '-': standard input. Of each parent, and of the type there that would\n"
			  "be the device's or is given, it tells what is the same, what only the vendor can\n"
			  "say, and what is in the way. Exits with 0: no known blocker on some parent,\n"
			  "4: unknown at best, 3: incompatible everywhere, 1: an error.",
		.options = O(PARENT) | O(TYPE) | O(DUMPJSON),
		.operand = "FILE",
		.run = cmd_compat,
	},
	{
		.name = "doctor",
		.summary = "look for what keeps devices from being offered or started",
		.detail = "Exits with 1 if something does (FAIL); after -> stands what helps.",
		.options = O(DUMPJSON),
		.run = cmd_doctor,
	},
	{
		.name = "define-pool",
		.summary = "keep a pool: a named choice of parents and types",
		.detail = "What --jsonfile says is in the manual, under POOLS; what of it this host has is\n"
			  "printed. --force replaces a pool of that name.",
		.options = O(JSONFILE) | O(FORCE),
		.operand = "NAME",
		.pools = POOLS_ANY,
		RULES(define_pool_rules),
		.run = cmd_define_pool,
	},
	{
		.name = "undefine-pool",
		.summary = "remove a pool; its devices and their definitions stay",
		.operand = "NAME",
		.pools = POOLS_DEFINED,
		.run = cmd_undefine_pool,
	},
	{
		.name = "list-pools",
		.summary = "list the pools, and what this host has of them",
		.options = O(DUMPJSON) | O(VERBOSE),
		.run = cmd_list_pools,
	},
	{
		.name = "define-vfs",
		.summary = "have virtual functions enabled whenever their PCI device appears",
		.detail = "--parent is the card itself, the physical function.\n"
			  "They are enabled by start-parent-mdevs, which udev runs: for NVIDIA's cards by\n"
			  "/usr/lib/nvidia/sriov-manage, which enables all that there can be, else by\n"
			  "sriov_numvfs. Virtual functions that are enabled are never disabled.\n"
			  "With --driver each of them is a parent, whose one device is the function itself,\n"
			  "given to a machine by that VFIO driver. --jsonfile may say all this, and which\n"
			  "attributes of the card are set first: see VIRTUAL FUNCTIONS in the manual.",
		.options = O(PARENT) | O(COUNT) | O(DRIVER) | O(BIND) | O(JSONFILE),
		RULES(define_vfs_rules),
		.pfs = PFS_ABLE,
		.run = cmd_define_vfs,
	},
	{
		.name = "undefine-vfs",
		.summary = "no longer have virtual functions enabled; those that are stay",
		.options = O(PARENT),
		RULES(needs_parent),
		.pfs = PFS_DEFINED,
		.run = cmd_undefine_vfs,
	},
	{
		.name = "start-parent-mdevs",
		.summary = "start every automatic device of a parent (for udev), or all",
		.detail = "First enables the virtual functions that define-vfs keeps for it. With --all\n"
			  "for every parent that either is kept for, as mdevctl.service does at boot.",
		.options = O(ALL),
		.operand = "PARENT",
		.operand_or = O(ALL),
		.pfs = PFS_TOO,
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

const size_t n_commands = ARRAY_SIZE(commands);

const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (str_eq(commands[i].name, name))
			return &commands[i];
	return NULL;
}
