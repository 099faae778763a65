/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Comparing what is asked for with a driver's description.
 */
#include "model/need.h"

#include <ctype.h>

/* A number, or the two sides of a resolution. */
struct quantity {
	double side[2];
	bool is_resolution, has_unit;
};

static const char *parse_number(const char *text, double *ret_number)
{
	double number = 0, place = 1;

	if (!isdigit((unsigned char)*text))
		return NULL;
	while (isdigit((unsigned char)*text))
		number = number * 10 + (*text++ - '0');
	if (*text == '.' && isdigit((unsigned char)text[1]))
		for (text++; isdigit((unsigned char)*text); text++)
			number += (*text - '0') * (place /= 10);
	*ret_number = number;
	return text;
}

static const char *parse_unit(const char *text, double *number)
{
	static const char units[] = "KMGT";
	const char *unit = *text ? strchr(units, toupper((unsigned char)*text)) : NULL;

	if (!unit)
		return text;
	for (const char *u = units; u <= unit; u++)
		*number *= 1024;
	text++;
	if (*text == 'i')
		text++;
	return *text == 'B' ? text + 1 : text;
}

static bool parse_quantity(const char *text, struct quantity *ret_quantity)
{
	struct quantity q = {};

	text = parse_number(text, &q.side[0]);
	if (text && *text == 'x') {
		q.is_resolution = true;
		text = parse_number(text + 1, &q.side[1]);
	} else if (text) {
		const char *unit = text;

		text = parse_unit(text, &q.side[0]);
		q.has_unit = text > unit;
	}
	if (!text || *text)
		return false;
	*ret_quantity = q;
	return true;
}

static bool compare(double has, enum comparison how, double wants)
{
	return how == AT_LEAST ? has >= wants : how == AT_MOST ? has <= wants : has == wants;
}

bool need_is_met(const struct need *need, const char *value)
{
	struct quantity wants, has;

	if (!parse_quantity(need->value, &wants) || !parse_quantity(value, &has))
		return need->how == EQUAL && strcasecmp(need->value, value) == 0;
	return wants.is_resolution == has.is_resolution && wants.has_unit == has.has_unit &&
	       compare(has.side[0], need->how, wants.side[0]) &&
	       compare(has.side[1], need->how, wants.side[1]);
}

bool need_has_same_unit(const struct need *need, const char *value)
{
	struct quantity wants, has;

	return !parse_quantity(need->value, &wants) || !parse_quantity(value, &has) ||
	       wants.has_unit == has.has_unit;
}

/* @from up to @end without white space around it; caller frees. */
static char *trimmed(const char *from, const char *end)
{
	while (from < end && isspace((unsigned char)*from))
		from++;
	while (end > from && isspace((unsigned char)end[-1]))
		end--;
	return xasprintf("%.*s", (int)(end - from), from);
}

const char *needs_add(struct needs *needs, const char *text)
{
	const char *sign = text + strcspn(text, "<>="), *value = sign;
	enum comparison how = *sign == '>' ? AT_LEAST : *sign == '<' ? AT_MOST : EQUAL;
	struct need need = { .how = how };
	struct quantity quantity;

	if (how != EQUAL)
		value++;
	if (*value != '=' || strchr("<>=", value[1] ? value[1] : ' '))
		return "is none of KEY>=VALUE, KEY=VALUE and KEY<=VALUE, which a shell needs in quotes";
	value++;
	need.key = trimmed(text, sign);
	need.value = trimmed(value, value + strlen(value));
	needs->need = xgrow(needs->need, needs->n, sizeof(*needs->need));
	needs->need[needs->n++] = need;
	if (!*need.key)
		return "names no key";
	if (!*need.value)
		return "names no value";
	if (how != EQUAL && !parse_quantity(need.value, &quantity))
		return "compares with what is no number, such as 2048M, and no resolution, such as 1920x1200";
	return NULL;
}

void needs_done(struct needs *needs)
{
	for (size_t i = 0; i < needs->n; i++) {
		free(needs->need[i].key);
		free(needs->need[i].value);
	}
	free(needs->need);
	*needs = (struct needs){};
}

char *needs_text(const struct needs *needs)
{
	static const char *const signs[] = { [AT_LEAST] = ">=", [EQUAL] = "=", [AT_MOST] = "<=" };
	_cleanup_(strv_done) struct strv all = {};

	for (size_t i = 0; i < needs->n; i++)
		strv_add(&all, xasprintf("%s%s%s", needs->need[i].key, signs[needs->need[i].how],
					 needs->need[i].value));
	return strv_join(&all, NEEDS_MAX);
}

/* The next "key=value" or "key: value" from @text on; NULL: there is none. */
static const char *next_pair(const char *text, char **ret_key, char **ret_value)
{
	while (*text) {
		const char *end = text + strcspn(text, ",\n"), *sign = text + strcspn(text, "=:,\n");

		if (sign < end) {
			*ret_key = trimmed(text, sign);
			*ret_value = trimmed(sign + 1, end);
			return *end ? end + 1 : end;
		}
		text = *end ? end + 1 : end;
	}
	return NULL;
}

char *description_value(const char *description, const char *key)
{
	char *name, *value;

	while ((description = next_pair(description, &name, &value))) {
		_cleanup_free_ char *found = name, *offered = value;

		if (str_eq(found, key))
			return take(offered);
	}
	return NULL;
}

void description_keys(const char *description, struct strv *keys)
{
	char *name, *value;

	while ((description = next_pair(description, &name, &value))) {
		_cleanup_free_ char *found = name;

		free(value);
		if (*found && !strv_has(keys, found))
			strv_add(keys, take(found));
	}
}
