// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The attributes of s390's vfio_ap: which adapters, domains and control domains a device has, and
 * the errnos of asking for what is not there, not for us, or somebody else's.  Knows nothing of the
 * host's real cards: every queue up to the maxima exists.
 */
#include "fake.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define AP_MAX 256

enum ap_set { ADAPTERS, DOMAINS, CONTROL, AP_SETS };

struct ap_matrix {
	LIST_ENTRY(ap_matrix) list;
	const struct ap_host *host;
	bool set[AP_SETS][AP_MAX];
};

struct assign {
	const char *name;
	enum ap_set set;
	bool value;
};

/* The attribute's name tells which set it changes. */
static const struct assign assigns[] = {
	{ "assign_adapter", ADAPTERS, true },       { "unassign_adapter", ADAPTERS, false },
	{ "assign_domain", DOMAINS, true },         { "unassign_domain", DOMAINS, false },
	{ "assign_control_domain", CONTROL, true }, { "unassign_control_domain", CONTROL, false },
};

static LIST_HEAD(matrix_list, ap_matrix) matrices = LIST_HEAD_INITIALIZER(matrices);

static struct ap_matrix *matrix_of(const struct node *n)
{
	return (struct ap_matrix *)n->priv;
}

static unsigned long limit(const struct ap_host *host, enum ap_set set)
{
	return set == ADAPTERS ? host->max_adapter : host->max_domain;
}

static int check_queue(const struct ap_matrix *ap, int adapter, int domain)
{
	const struct ap_matrix *other;
	char queue[16];

	snprintf(queue, sizeof(queue), "%02x.%04x", adapter, domain);
	for (size_t i = 0; i < ap->host->n_reserved; i++)
		if (!fnmatch(ap->host->reserved[i], queue, 0))
			return -EADDRNOTAVAIL;
	for (other = LIST_FIRST(&matrices); other; other = LIST_NEXT(other, list)) {
		if (other != ap && other->set[ADAPTERS][adapter] && other->set[DOMAINS][domain])
			return -EADDRINUSE;
	}
	return 0;
}

/* The host's own queues are looked at before those of other devices. */
static int check_queues(const struct ap_matrix *ap, const bool *adapters, const bool *domains)
{
	int worst = 0;

	for (int a = 0; a < AP_MAX; a++) {
		for (int d = 0; adapters[a] && d < AP_MAX; d++) {
			int r = domains[d] ? check_queue(ap, a, d) : 0;

			if (r == -EADDRNOTAVAIL)
				return r;
			worst = r ? r : worst;
		}
	}
	return worst;
}

static int assign_store(struct node *n, const char *buf, size_t len)
{
	struct ap_matrix *ap = matrix_of(n);
	const struct assign *as = assigns;
	bool one[AP_MAX] = { false };
	unsigned long id;
	int r;

	while (!streq(as->name, n->name))
		as++;
	r = kstrtoul(buf, len, &id);
	if (r < 0)
		return r;
	if (id > limit(ap->host, as->set))
		return -ENODEV;
	if (as->value && as->set != CONTROL) {
		one[id] = true;
		r = as->set == ADAPTERS ? check_queues(ap, one, ap->set[DOMAINS])
					: check_queues(ap, ap->set[ADAPTERS], one);
		if (r < 0)
			return r;
	}
	ap->set[as->set][id] = as->value;
	return 0;
}

static bool any(const bool *set)
{
	return memchr(set, 1, AP_MAX);
}

static int matrix_show(struct node *n, FILE *out)
{
	const struct ap_matrix *ap = matrix_of(n);
	bool adapters = any(ap->set[ADAPTERS]), domains = any(ap->set[DOMAINS]);

	for (int a = 0; a < AP_MAX; a++) {
		if (adapters && !ap->set[ADAPTERS][a])
			continue;
		if (adapters && !domains)
			fprintf(out, "%02x.\n", a);
		for (int d = 0; d < AP_MAX; d++) {
			if (!ap->set[DOMAINS][d])
				continue;
			if (adapters)
				fprintf(out, "%02x.%04x\n", a, d);
			else
				fprintf(out, ".%04x\n", d);
		}
		if (!adapters)
			break;
	}
	return 0;
}

/* Only whole queues reach the guest. */
static int guest_matrix_show(struct node *n, FILE *out)
{
	const struct ap_matrix *ap = matrix_of(n);

	return any(ap->set[ADAPTERS]) && any(ap->set[DOMAINS]) ? matrix_show(n, out) : 0;
}

static int control_domains_show(struct node *n, FILE *out)
{
	for (int d = 0; d < AP_MAX; d++)
		if (matrix_of(n)->set[CONTROL][d])
			fprintf(out, "%04x\n", d);
	return 0;
}

static int ap_config_show(struct node *n, FILE *out)
{
	for (int s = 0; s < AP_SETS; s++) {
		const bool *set = matrix_of(n)->set[s];

		fputs(s ? ",0x" : "0x", out);
		for (int i = 0; i < AP_MAX; i += 4)
			fprintf(out, "%x",
				set[i] << 3 | set[i + 1] << 2 | set[i + 2] << 1 | set[i + 3]);
	}
	fputc('\n', out);
	return 0;
}

/* Masks are written from the left: 0x8 is number 0. */
static bool parse_mask(const char *s, bool *ret_set)
{
	int bit = 0;

	if (!starts_with(s, "0x") || !s[2])
		return false;
	for (s += 2; *s; s++, bit += 4) {
		int d = tolower((unsigned char)*s);

		if (!isxdigit(d) || bit >= AP_MAX)
			return false;
		d = d <= '9' ? d - '0' : d - 'a' + 10;
		for (int i = 0; i < 4; i++)
			ret_set[bit + i] = d >> (3 - i) & 1;
	}
	return true;
}

static bool parse_config(const char *buf, size_t len, bool set[AP_SETS][AP_MAX])
{
	char *text = xstrndup(buf, len), *next = text, *part;
	int s = 0;
	bool ok = true;

	text[strcspn(text, "\n")] = '\0';
	while (ok && (part = strsep(&next, ",")))
		ok = s < AP_SETS && parse_mask(part, set[s++]);
	free(text);
	return ok && s == AP_SETS;
}

static int ap_config_store(struct node *n, const char *buf, size_t len)
{
	struct ap_matrix *ap = matrix_of(n);
	bool set[AP_SETS][AP_MAX] = { { false } };
	int r;

	if (!parse_config(buf, len, set))
		return -EINVAL;
	for (int s = 0; s < AP_SETS; s++)
		for (unsigned long i = limit(ap->host, s) + 1; i < AP_MAX; i++)
			if (set[s][i])
				return -ENODEV;
	r = check_queues(ap, set[ADAPTERS], set[DOMAINS]);
	if (!r)
		memcpy(ap->set, set, sizeof(set));
	return r;
}

struct ap_matrix *ap_add(const struct mdev *m)
{
	struct ap_matrix *ap = xcalloc(1, sizeof(*ap));

	ap->host = m->parent->ap;
	LIST_INSERT_HEAD(&matrices, ap, list);
	return ap;
}

void ap_remove(struct ap_matrix *ap)
{
	LIST_REMOVE(ap, list);
	free(ap);
}

void ap_attrs(struct mdev *m)
{
	static const struct attr_ops assign = { .store = assign_store };
	static const struct attr_ops matrix = { .show = matrix_show };
	static const struct attr_ops guest = { .show = guest_matrix_show };
	static const struct attr_ops control = { .show = control_domains_show };
	static const struct attr_ops config = { .show = ap_config_show, .store = ap_config_store };

	for (size_t i = 0; i < sizeof(assigns) / sizeof(*assigns); i++)
		node_attr(m->dir, assigns[i].name, 0200, &assign, m->ap);
	node_attr(m->dir, "matrix", 0444, &matrix, m->ap);
	node_attr(m->dir, "guest_matrix", 0444, &guest, m->ap);
	node_attr(m->dir, "control_domains", 0444, &control, m->ap);
	if (m->parent->ap->ap_config)
		node_attr(m->dir, "ap_config", 0644, &config, m->ap);
}
