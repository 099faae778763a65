/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Comparing what is wished with what there is.
 */
#include "device/match.h"
#include "model/pool.h"

#include <fnmatch.h>

static bool ends_in(const char *name, const char *word)
{
	size_t length = strlen(name), n = strlen(word);

	return length > n && name[length - n - 1] == ' ' && str_eq(name + length - n, word);
}

enum naming match_name(const char *text, const char *id, const char *name)
{
	if (str_eq(id, text))
		return NAMED_BY_ID;
	if (name && str_eq(name, text))
		return NAMED_BY_NAME;
	return name && ends_in(name, text) ? NAMED_BY_END : NAMED_NOT;
}

bool match_pattern(const char *pattern, const struct place_parent *p)
{
	return fnmatch(pattern, p->name, FNM_NOESCAPE) == 0;
}

bool match_is_name(const char *text)
{
	return strchr(text, ' ') || (*text >= 'A' && *text <= 'Z');
}

bool match_entry(const char *entry, const struct place_parent *p)
{
	if (pool_is_pci_id(entry))
		return (p->id && strcasecmp(p->id, entry) == 0) ||
		       (p->card_id && strcasecmp(p->card_id, entry) == 0);
	return match_pattern(entry, p);
}

bool match_parent(const struct wish *wish, const struct place_parent *p)
{
	bool matches = !wish->parents.n;

	for (size_t i = 0; i < wish->parents.n && !matches; i++)
		matches = match_entry(wish->parents.s[i], p);
	return matches && (!wish->parent || match_pattern(wish->parent, p));
}

bool match_node(const struct wish *wish, const struct place_parent *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(wish->nodes); i++)
		if (wish->nodes[i] != ANY_NODE && wish->nodes[i] != p->node)
			return false;
	return true;
}

static bool is_meant(const struct scan *scan, const char *text, const struct mdev_type *t)
{
	enum naming best = NAMED_NOT, naming = match_name(text, t->id, t->name);
	const struct mdev_type *types;
	size_t n = scan_types_of(scan, t->parent, &types);

	for (size_t i = 0; i < n; i++) {
		enum naming other = match_name(text, types[i].id, types[i].name);

		if (other > best)
			best = other;
	}
	return naming != NAMED_NOT && naming == best;
}

/* What the type offers under this word; caller frees. */
static char *offered(const char *key, const struct place_parent *p, const struct mdev_type *t)
{
	if (str_eq(key, "vendor"))
		return p->id ? xasprintf("%.4s", p->id) : NULL;
	if (str_eq(key, "device_api"))
		return t->device_api ? xstrdup(t->device_api) : NULL;
	return t->description ? description_value(t->description, key) : NULL;
}

const struct need *match_needs(const struct needs *needs, const struct place_parent *p,
			       const struct mdev_type *t)
{
	for (size_t i = 0; i < needs->n; i++) {
		struct need need = needs->need[i];
		_cleanup_free_ char *value = offered(need.key, p, t);

		if (str_eq(need.key, "vendor") && strncasecmp(need.value, "0x", 2) == 0)
			need.value += 2;
		if (!value || !need_is_met(&need, value))
			return &needs->need[i];
	}
	return NULL;
}

bool match_kind(const struct scan *scan, const struct kind *kind, const struct place_parent *p,
		const struct mdev_type *t)
{
	return (!kind->type || is_meant(scan, kind->type, t)) && !match_needs(&kind->needs, p, t);
}

void match_list_keys(const struct scan *scan, struct strv *keys)
{
	for (size_t i = 0; i < scan->types.n; i++)
		if (scan->types.t[i].description)
			description_keys(scan->types.t[i].description, keys);
	strv_add(keys, xstrdup("device_api"));
	strv_add(keys, xstrdup("vendor"));
	strv_sort(keys);
}
