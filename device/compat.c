/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Comparing two documents.
 */
#include "device/compat.h"
#include "model/need.h"

const char *compat_verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_NO_BLOCKER] = "no known blocker",
		[VERDICT_UNKNOWN] = "unknown",
		[VERDICT_INCOMPATIBLE] = "incompatible",
	};

	return names[verdict];
}

const char *compat_bearing_name(enum bearing bearing)
{
	static const char *const names[] = {
		[BEARING_OK] = "ok",
		[BEARING_NOTE] = "note",
		[BEARING_UNKNOWN] = "unknown",
		[BEARING_BLOCKS] = "blocks",
	};

	return names[bearing];
}

void compat_add(struct judgement *c, enum bearing bearing, const char *what, char *text)
{
	c->e = xgrow(c->e, c->n, sizeof(*c->e));
	c->e[c->n++] = (struct evidence){ bearing, what, text };
}

enum verdict compat_verdict(const struct judgement *c)
{
	bool unknown = false;

	for (size_t i = 0; i < c->n; i++) {
		if (c->e[i].bearing == BEARING_BLOCKS)
			return VERDICT_INCOMPATIBLE;
		unknown |= c->e[i].bearing == BEARING_UNKNOWN;
	}
	return unknown && !c->has_vendors_word ? VERDICT_UNKNOWN : VERDICT_NO_BLOCKER;
}

enum verdict compat_best(const struct judgements *all)
{
	enum verdict best = VERDICT_INCOMPATIBLE;

	for (size_t i = 0; i < all->n; i++)
		if (compat_verdict(&all->c[i]) < best)
			best = compat_verdict(&all->c[i]);
	return best;
}

void judgements_done(struct judgements *all)
{
	for (size_t i = 0; i < all->n; i++) {
		for (size_t j = 0; j < all->c[i].n; j++)
			free(all->c[i].e[j].text);
		free(all->c[i].e);
	}
	free(all->c);
	*all = (struct judgements){};
}

const struct mdev_type *compat_find_type(const struct document *there, const struct mdev_type *types, size_t n)
{
	const struct mdev_type *found = NULL;

	for (size_t i = 0; i < n; i++) {
		bool same_id = str_eq(types[i].id, there->m.type);

		if (there->type.name && types[i].name ? !str_eq(types[i].name, there->type.name) : !same_id)
			continue;
		/* A name that is told counts more, and of several of one name the same id. */
		if (!found || same_id || (types[i].name && !found->name))
			found = &types[i];
	}
	return found;
}

/* Adds what a key's value was and is. */
static void add_change(struct strv *changes, const char *key, const char *was, const char *is)
{
	_cleanup_free_ char *before = was ? description_value(was, key) : NULL;
	_cleanup_free_ char *now = is ? description_value(is, key) : NULL;

	if (before && now && str_eq(before, now))
		return;
	if (before && now)
		strv_add(changes, xasprintf("%s was %s and is %s", key, before, now));
	else
		strv_add(changes, xasprintf("%s %s %s", key, before ? "was" : "is new:", before ? before : now));
	if (before && !now) {
		char *old = changes->s[changes->n - 1];

		changes->s[changes->n - 1] = xasprintf("%s and is gone", old);
		free(old);
	}
}

/* On one line, as types prints it. */
static char *one_line(const char *text)
{
	char *line = xcalloc(strlen(text) + 1, 2), *to = line;

	for (; *text; text++)
		to = *text == '\n' ? stpcpy(to, ", ") : (*to = *text, to + 1);
	return line;
}

char *compat_description_change(const char *was, const char *is)
{
	_cleanup_(strv_done) struct strv keys = {}, changes = {};
	_cleanup_free_ char *before = one_line(was), *now = one_line(is);

	if (str_eq(before, now))
		return NULL;
	description_keys(was, &keys);
	description_keys(is, &keys);
	for (size_t i = 0; i < keys.n; i++)
		add_change(&changes, keys.s[i], was, is);
	if (changes.n)
		return strv_join(&changes, 8);
	return xasprintf("it was '%s' and is '%s'", before, now);
}

/* Neither is NULL. */
static char *both(const char *there, const char *here)
{
	return str_eq(there, here) ? xstrdup(there) : xasprintf("%s there, %s here", there, here);
}

/* Adds a comparison of two texts, each of which may be missing; if both are, nothing. */
static void compare(struct judgement *c, const char *what, const char *there, const char *here, enum bearing if_not)
{
	if (there && here)
		compat_add(c, str_eq(there, here) ? BEARING_OK : if_not, what, both(there, here));
	else if (there || here)
		compat_add(c, BEARING_UNKNOWN, what,
			   xasprintf("%s %s, and not told %s", there ? there : here, there ? "there" : "here",
				     there ? "here" : "there"));
}

static void compare_description(const struct document *there, const struct document *here, struct judgement *c)
{
	const char *was = there->type.description, *is = here->type.description;
	_cleanup_free_ char *change = was && is ? compat_description_change(was, is) : NULL;

	/* A line of its own where there is none has to be known: the type is. */
	if (!was && !is)
		return;
	if (!was || !is)
		compat_add(c, BEARING_UNKNOWN, "description", xasprintf("the type has one only %s", was ? "there" : "here"));
	else if (change)
		compat_add(c, BEARING_BLOCKS, "description", xasprintf("another device for the guest: %s", change));
	else
		compat_add(c, BEARING_OK, "description", one_line(was));
}

static void compare_type(const struct document *there, const struct document *here, struct judgement *c)
{
	compare(c, "type name", there->type.name, here->type.name, BEARING_BLOCKS);
	/* Where they have no names, as Intel's, it is what tells them apart. */
	if (!there->type.name && !here->type.name)
		compare(c, "type", there->m.type, here->m.type, BEARING_BLOCKS);
	else if (!str_eq(there->m.type, here->m.type))
		compat_add(c, BEARING_NOTE, "type", both(there->m.type, here->m.type));
	if (!there->type.device_api) {
		compat_add(c, BEARING_UNKNOWN, "description",
			   xstrdup("its type was not there when it was described: describe it while its parent is"));
		return;
	}
	compare(c, "device API", there->type.device_api, here->type.device_api, BEARING_BLOCKS);
	compare_description(there, here, c);
}

/* Modules of the kernel's own tree have no version but the kernel's. */
static void compare_driver(const struct document *there, const struct document *here, struct judgement *c)
{
	bool have_versions = there->module_version && here->module_version;
	bool same_sources = there->module_srcversion && here->module_srcversion &&
			    str_eq(there->module_srcversion, here->module_srcversion);

	if (there->driver || here->driver)
		compare(c, "driver", there->driver, here->driver, BEARING_UNKNOWN);
	else
		compare(c, "driver", there->module, here->module, BEARING_UNKNOWN);
	compare(c, "driver version", there->module_version, here->module_version, BEARING_UNKNOWN);
	if (have_versions && str_eq(there->module_version, here->module_version) && !same_sources)
		compare(c, "driver sources", there->module_srcversion, here->module_srcversion, BEARING_UNKNOWN);
	if (!there->kernel && !here->kernel)
		return;
	compare(c, "kernel", there->kernel, here->kernel, have_versions || same_sources ? BEARING_NOTE : BEARING_UNKNOWN);
}

static void look_at_migration(const struct document *there, struct judgement *c)
{
	const struct migration *m = &there->migration;
	_cleanup_free_ char *features = strv_join(&m->features, 8);

	if (m->source && !m->features.n)
		compat_add(c, BEARING_BLOCKS, "migration", xasprintf("the device cannot migrate, says %s there", m->source));
	else if (m->source)
		compat_add(c, BEARING_OK, "migration", xasprintf("the device there can: %s", features));
	else
		compat_add(c, BEARING_NOTE, "migration",
			   xstrdup("whether the device can at all is not told there; 'mdevctl describe --probe' asks it"));
}

void compat_compare(const struct document *there, const struct document *here, struct judgement *c)
{
	compare_type(there, here, c);
	compare(c, "PCI id", there->pci_id, here->pci_id, BEARING_UNKNOWN);
	compare(c, "PCI subsystem id", there->subsystem_id, here->subsystem_id, BEARING_UNKNOWN);
	compare_driver(there, here, c);
	look_at_migration(there, c);
	if (there->m.n_attrs)
		compat_add(c, BEARING_NOTE, "attributes",
			   xasprintf("%u, which only show when the device is started whether the driver takes them",
				     there->m.n_attrs));
}
