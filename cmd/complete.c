/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a word of a command line can become: commands, options, and the values
 * of options as this host has them.
 */
#include "cli/output.h"
#include "cmd/commands.h"
#include "config.h"
#include "device/bus.h"
#include "hardware/sriov.h"
#include "hardware/vfio-driver.h"

/* What is known of the words before the last one. */
struct line {
	const struct command *command; /* NULL: none yet */
	optset given;
	const char *value[N_OPTS];
	enum opt open; /* an option that the last word is the value of, or N_OPTS */
	bool has_operand, is_wrong; /* the command is none of ours */
	const char *last;
	struct strv found;
};

/* What comes before @last in the same word ("--uuid=") stays as it is. */
static void offer(struct line *l, const char *before, const char *candidate, const char *explanation)
{
	_cleanup_free_ char *escaped = NULL;

	if (strncmp(candidate, l->last, strlen(l->last)) != 0)
		return;
	escaped = str_escape(explanation);
	strv_add(&l->found, xasprintf("%s%s\t%s", before, candidate, escaped));
}

static optset allowed(const struct line *l)
{
	return OPTS_GLOBAL | (l->command ? l->command->options : 0);
}

/* N_OPTS: there is no such option here. */
static enum opt find_option(const struct line *l, const char *name, size_t length, char letter)
{
	for (unsigned i = 0; i < N_OPTS; i++) {
		const struct option_row *row = &option_table[i];

		if (!(allowed(l) & ((optset)1 << i)))
			continue;
		if (letter ? row->letter == letter :
			     strlen(row->name) == length && memcmp(row->name, name, length) == 0)
			return i;
	}
	return N_OPTS;
}

static void note(struct line *l, enum opt o, const char *value)
{
	l->given |= (optset)1 << o;
	if (value)
		l->value[o] = value;
	else if (option_table[o].arg)
		l->open = o;
}

static void read_option(struct line *l, const char *word)
{
	if (word[1] == '-') {
		size_t length = strcspn(word + 2, "=");
		enum opt o = find_option(l, word + 2, length, 0);

		if (o != N_OPTS)
			note(l, o, word[2 + length] ? word + 3 + length : NULL);
		return;
	}
	for (const char *letter = word + 1; *letter; letter++) {
		enum opt o = find_option(l, NULL, 0, *letter);

		if (o == N_OPTS)
			return;
		if (option_table[o].arg && letter[1]) {
			note(l, o, letter + 1 + (letter[1] == '='));
			return;
		}
		note(l, o, NULL);
	}
}

static void read_word(struct line *l, const char *word)
{
	if (l->open != N_OPTS) {
		l->value[l->open] = word;
		l->open = N_OPTS;
	} else if (*word == '-' && word[1]) {
		read_option(l, word);
	} else if (l->command) {
		l->has_operand = true;
	} else {
		l->command = find_command(word);
		l->is_wrong = !l->command;
	}
}

static void offer_commands(struct line *l)
{
	for (size_t i = 0; i < n_commands; i++)
		offer(l, "", commands[i].name, commands[i].summary);
}

static void offer_options(struct line *l)
{
	optset taken = l->given & ~O(NEED);

	if (taken & O_DEVICE)
		taken |= O_DEVICE;
	for (unsigned i = 0; i < N_OPTS; i++) {
		_cleanup_free_ char *name = xasprintf("--%s", option_table[i].name);

		if (allowed(l) & ~taken & ((optset)1 << i))
			offer(l, "", name, option_table[i].help);
	}
}

static bool is_meant(const struct line *l, const struct mdev *m)
{
	const char *parent = l->value[OPT_PARENT];
	enum uuids which = l->command ? l->command->uuids : UUIDS_NONE;

	if (parent && !str_eq(parent, m->parent))
		return false;
	if (l->given & O(DEFINED))
		which = UUIDS_DEFINED;
	else if (l->given & (O(LIBVIRT_XML) | O(QEMU_ARGS)))
		return true;
	switch (which) {
	case UUIDS_ACTIVE:
		return m->active;
	case UUIDS_ACTIVE_OR_DEFINED:
		return true;
	case UUIDS_DEFINED:
		return m->defined;
	case UUIDS_NOT_ACTIVE:
		return m->defined && !m->active;
	case UUIDS_NOT_DEFINED:
		return m->active && !m->defined;
	default:
		return false;
	}
}

/* By the UUID, or by the name if it has one. */
static void offer_device(struct line *l, enum opt o, const char *before, const struct mdev *m)
{
	const char *name = o == OPT_NAME && mdev_name_is_right(m) ? mdev_key(m, KEY_NAME) : NULL;
	_cleanup_free_ char *explanation = NULL;

	if (!is_meant(l, m) || (o == OPT_NAME && !name))
		return;
	explanation = xasprintf("%s %s%s%s", m->parent, m->type, m->defined ? " defined" : "",
				m->active ? " active" : "");
	offer(l, before, name ? name : m->uuid, explanation);
}

/* What is in the way of reading a definition is not told here. */
static void offer_devices(const struct host *h, struct line *l, enum opt o, const char *before)
{
	_cleanup_(mdev_list_done) struct mdev_list running = {}, defined = {};
	_cleanup_(bus_query_end) struct bus_query query = { { -1 }, false };
	_cleanup_(strv_done) struct strv problems = {};

	bus_list(h, NULL, &running, &problems);
	mdev_list_sort(&running);
	config_join(h, &running, &problems);
	for (size_t i = 0; i < running.n; i++)
		offer_device(l, o, before, &running.m[i]);
	config_list(h, NULL, &defined, &problems, NULL);
	bus_query_begin(h, &query);
	for (size_t i = 0; i < defined.n; i++) {
		bus_query_look(&query, h, &defined.m[i]);
		if (!defined.m[i].active)
			offer_device(l, o, before, &defined.m[i]);
	}
}

static void offer_able_pfs(const struct host *h, struct line *l, const char *before)
{
	_cleanup_(strv_done) struct strv pfs = {};

	sriov_list_pfs(h, &pfs);
	for (size_t i = 0; i < pfs.n; i++)
		offer(l, before, pfs.s[i], "can have virtual functions");
}

static bool is_offered(const struct line *l, const char *before, const char *candidate)
{
	_cleanup_free_ char *start = xasprintf("%s%s\t", before, candidate);

	for (size_t i = 0; i < l->found.n; i++)
		if (strncmp(l->found.s[i], start, strlen(start)) == 0)
			return true;
	return false;
}

static void offer_defined_pfs(const struct host *h, struct line *l, const char *before)
{
	_cleanup_(strv_done) struct strv pfs = {};

	config_parents_of(h, CONFIG_VFS, &pfs);
	for (size_t i = 0; i < pfs.n; i++)
		if (!is_offered(l, before, pfs.s[i]))
			offer(l, before, pfs.s[i], "has virtual functions defined");
}

static void offer_registered(const struct host *h, struct line *l, const char *before)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {};
	_cleanup_(strv_done) struct strv parents = {}, problems = {};

	bus_list_parents(h, &parents);
	for (size_t i = 0; i < parents.n; i++)
		offer(l, before, parents.s[i], "registered");
	config_list(h, NULL, &defined, &problems, NULL);
	mdev_list_sort(&defined);
	for (size_t i = 0; i < defined.n; i++) {
		const char *parent = defined.m[i].parent;

		if (strv_has(&parents, parent))
			continue;
		strv_add(&parents, xstrdup(parent));
		offer(l, before, parent, "not there; has definitions");
	}
}

static void offer_parents(const struct host *h, struct line *l, const char *before)
{
	enum pfs pfs = l->command ? l->command->pfs : PFS_NONE;

	if (pfs == PFS_NONE || pfs == PFS_TOO)
		offer_registered(h, l, before);
	if (pfs == PFS_DEFINED || pfs == PFS_TOO)
		offer_defined_pfs(h, l, before);
	else if (pfs == PFS_ABLE)
		offer_able_pfs(h, l, before);
}

static void offer_once(struct line *l, struct strv *seen, const char *before, const char *candidate,
		       const char *explanation)
{
	if (strv_has(seen, candidate))
		return;
	strv_add(seen, xstrdup(candidate));
	offer(l, before, candidate, explanation);
}

/* Ids; whoever has begun with something else means a name, or the end of one. */
static void offer_types(const struct host *h, struct line *l, const char *before)
{
	const char *parent = l->value[OPT_PARENT];
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	_cleanup_(strv_done) struct strv seen = {};

	bus_list_types(h, parent && is_pattern(parent) ? NULL : parent, 0, &types);
	mdev_type_list_sort(&types);
	for (size_t i = 0; i < types.n; i++) {
		const struct mdev_type *t = &types.t[i];
		const char *name = t->name ? t->name : "", *last = strrchr(name, ' ');
		_cleanup_free_ char *explanation = xasprintf("%s%s%ld free on %s", name, t->name ? ", " : "",
							     t->available, t->parent);

		offer_once(l, &seen, before, t->id, explanation);
		if (*l->last && *name)
			offer_once(l, &seen, before, name, explanation);
		if (*l->last && last)
			offer_once(l, &seen, before, last + 1, explanation);
	}
}

static void offer_needs(const struct host *h, struct line *l, const char *before)
{
	_cleanup_(mdev_type_list_done) struct mdev_type_list types = {};
	_cleanup_(strv_done) struct strv keys = {};

	bus_list_types(h, NULL, TYPE_DESCRIPTION, &types);
	for (size_t i = 0; i < types.n; i++)
		if (types.t[i].description)
			description_keys(types.t[i].description, &keys);
	strv_add(&keys, xstrdup("device_api"));
	strv_add(&keys, xstrdup("vendor"));
	for (size_t i = 0; i < keys.n; i++) {
		_cleanup_free_ char *equal = xasprintf("%s=", keys.s[i]);

		offer(l, before, equal, "what a type has to offer");
	}
}

static void offer_policies(struct line *l, const char *before)
{
	offer(l, before, "compact", "the card with the fewest free that still fits");
	offer(l, before, "spread", "the card with the most free");
	offer(l, before, "separate", "a card that runs nothing of the type yet");
}

static void offer_pools(const struct host *h, struct line *l, const char *before)
{
	_cleanup_(strv_done) struct strv names = {}, problems = {};

	config_list_pools(h, &names, &problems);
	for (size_t i = 0; i < names.n; i++)
		offer(l, before, names.s[i], "pool");
}

static void offer_drivers(const struct host *h, struct line *l, const char *before)
{
	_cleanup_(strv_done) struct strv drivers = {};

	offer(l, before, VFS_DRIVER_AUTO, "the one that suits the functions, else vfio-pci");
	vfio_driver_list(h, &drivers);
	if (!strv_has(&drivers, VFIO_PCI))
		offer(l, before, VFIO_PCI, "VFIO driver for any");
	for (size_t i = 0; i < drivers.n; i++)
		offer(l, before, drivers.s[i], str_eq(drivers.s[i], VFIO_PCI) ? "VFIO driver for any" : "VFIO driver");
}

static void offer_values(const struct host *h, struct line *l, enum opt o, const char *before)
{
	switch (o) {
	case OPT_UUID:
	case OPT_NAME:
		offer_devices(h, l, o, before);
		break;
	case OPT_NEED:
		offer_needs(h, l, before);
		break;
	case OPT_POLICY:
		offer_policies(l, before);
		break;
	case OPT_POOL:
		offer_pools(h, l, before);
		break;
	case OPT_DRIVER:
		offer_drivers(h, l, before);
		break;
	case OPT_PARENT:
		offer_parents(h, l, before);
		break;
	case OPT_TYPE:
		offer_types(h, l, before);
		break;
	case OPT_JSONFILE:
	case OPT_LIKE:
		strv_add(&l->found, xstrdup(":files"));
		break;
	case OPT_ROOT:
		strv_add(&l->found, xstrdup(":directories"));
		break;
	default:
		break;
	}
}

static void offer_operand(const struct host *h, struct line *l)
{
	if (!l->command->operand || l->has_operand)
		offer_options(l);
	else if (str_eq(l->command->operand, "FILE"))
		strv_add(&l->found, xstrdup(":files"));
	else if (str_eq(l->command->operand, "COMMAND"))
		offer_commands(l);
	else if (l->command->pools != POOLS_NONE)
		offer_pools(h, l, "");
	else
		offer_parents(h, l, "");
}

static void offer_all(const struct host *h, struct line *l)
{
	size_t name = strcspn(l->last, "=");

	if (l->is_wrong)
		return;
	if (l->open != N_OPTS) {
		offer_values(h, l, l->open, "");
	} else if (strncmp(l->last, "--", 2) == 0 && l->last[name]) {
		_cleanup_free_ char *before = xasprintf("%.*s=", (int)name, l->last);
		enum opt o = find_option(l, l->last + 2, name - 2, 0);

		l->last += name + 1;
		if (o != N_OPTS && option_table[o].arg)
			offer_values(h, l, o, before);
	} else if (*l->last == '-') {
		offer_options(l);
	} else if (l->command) {
		offer_operand(h, l);
	} else {
		offer_commands(l);
	}
}

int complete(int n, char **words)
{
	struct line l = { .open = N_OPTS, .last = n ? words[n - 1] : "" };
	_cleanup_(host_done) struct host h = { .root_fd = -1 };
	const char *root;
	int r;

	for (int i = 0; i < n - 1; i++)
		read_word(&l, words[i]);
	root = l.value[OPT_ROOT] ? l.value[OPT_ROOT] : secure_getenv("MDEVCTL_ENV_ROOT");
	if (host_init(&h, root && *root ? root : NULL) == 0)
		offer_all(&h, &l);
	strv_sort(&l.found);
	r = output_lines(&l.found);
	strv_done(&l.found);
	return r;
}
