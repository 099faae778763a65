/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is wanted.  Knows nothing of what there is.
 */
#include "model/wish.h"

static const char *const policy_names[] = {
	[POLICY_COMPACT] = "compact",
	[POLICY_SPREAD] = "spread",
	[POLICY_SEPARATE] = "separate",
};

bool policy_parse(const char *text, enum policy *ret_policy)
{
	for (size_t i = 0; i < ARRAY_SIZE(policy_names); i++) {
		if (str_eq(text, policy_names[i])) {
			*ret_policy = i;
			return true;
		}
	}
	return false;
}

const char *policy_name(enum policy policy)
{
	return policy_names[policy];
}

char *kind_text(const struct kind *kind)
{
	_cleanup_free_ char *needs = needs_text(&kind->needs);

	if (kind->type && kind->needs.n)
		return xasprintf("type %s with %s", kind->type, needs);
	if (kind->type)
		return xasprintf("type %s", kind->type);
	return kind->needs.n ? xasprintf("a type with %s", needs) : xstrdup("any type");
}

struct kind *wish_add_kind(struct wish *wish)
{
	wish->kinds = xgrow(wish->kinds, wish->n_kinds, sizeof(*wish->kinds));
	wish->kinds[wish->n_kinds] = (struct kind){};
	return &wish->kinds[wish->n_kinds++];
}

void wish_done(struct wish *wish)
{
	for (size_t i = 0; i < wish->n_kinds; i++)
		needs_done(&wish->kinds[i].needs);
	free(wish->kinds);
	needs_done(&wish->kind.needs);
	strv_done(&wish->parents);
	*wish = WISH_ANYTHING;
}

/* With what no device's name has, it is a name of somebody's making. */
bool is_pattern(const char *text)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:,+@!^*?[]";

	return text[strcspn(text, "*?[")] && !text[strspn(text, usual)];
}
