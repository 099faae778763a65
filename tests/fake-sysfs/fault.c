// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What tests do to operations: make them fail, slow, short, or stop half-way; and what they want to
 * see: the log of writes and the list of what is held.  Knows paths and UUIDs only, not what they
 * stand for.
 */
#include "fake.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

const char *const op_names[N_OPS] = { "open", "read", "write", "readdir", "readlink", "lookup" };

struct fault {
	TAILQ_ENTRY(fault) list;
	enum fault_kind kind;
	enum op op;
	char *pattern;
	long arg, count, skip; /* count: -1 for ever */
};

struct hold {
	LIST_ENTRY(hold) list;
	char *what, *pattern;
};

struct held {
	TAILQ_ENTRY(held) list;
	const char *what, *uuid;
	bool released;
};

static TAILQ_HEAD(fault_list, fault) faults = TAILQ_HEAD_INITIALIZER(faults);
static LIST_HEAD(hold_list, hold) holds = LIST_HEAD_INITIALIZER(holds);
static TAILQ_HEAD(held_list, held) helds = TAILQ_HEAD_INITIALIZER(helds);

static struct {
	FILE *out;
	char *text;
	size_t len;
} wlog;

void fault_add(enum fault_kind kind, enum op op, const char *pattern, long arg, long count,
	       long skip)
{
	struct fault *f = xcalloc(1, sizeof(*f));

	f->kind = kind;
	f->op = op;
	f->pattern = xstrdup(pattern);
	f->arg = arg;
	f->count = count;
	f->skip = skip;
	TAILQ_INSERT_TAIL(&faults, f, list);
}

static bool fault_hits(struct fault *f, enum op op, const char *path)
{
	if (f->op != op || !f->count || fnmatch(f->pattern, path, 0))
		return false;
	if (f->skip > 0) {
		f->skip--;
		return false;
	}
	if (f->count > 0)
		f->count--;
	return true;
}

/* 0 or -errno, after having waited.  @name: of a child that may not exist; @len: of a write. */
int fault_check(enum op op, const struct node *n, const char *name, size_t *len)
{
	struct fault *f;
	bool exempt; /* what controls the faults has none */
	char *path, *full;
	long ms = 0;
	int r = 0;

	if (TAILQ_EMPTY(&faults))
		return 0;
	path = node_path(n);
	full = name ? xprintf("%s%s%s", path, *path ? "/" : "", name) : xstrdup(path);
	exempt = starts_with(full, "fake") && !starts_with(full, "fake/dev/");
	for (f = TAILQ_FIRST(&faults); f; f = TAILQ_NEXT(f, list)) {
		if (exempt || (f->kind == FAULT_FAIL && r) || !fault_hits(f, op, full))
			continue;
		if (f->kind == FAULT_FAIL)
			r = -(int)f->arg;
		else if (f->kind == FAULT_SLOW)
			ms += f->arg;
		else if (len && *len > (size_t)f->arg)
			*len = f->arg;
	}
	free(path);
	free(full);
	if (ms)
		sim_wait_ms(ms);
	return r;
}

static void hold_free(struct hold *h)
{
	LIST_REMOVE(h, list);
	free(h->what);
	free(h->pattern);
	free(h);
}

void hold_add(const char *what, const char *pattern)
{
	struct hold *h = xcalloc(1, sizeof(*h));

	h->what = xstrdup(what);
	h->pattern = xstrdup(pattern);
	LIST_INSERT_HEAD(&holds, h, list);
}

/* Lets go whose UUID matches; a hold whose own pattern matches as well stops no others any more. */
void hold_release(const char *pattern)
{
	struct hold *h = LIST_FIRST(&holds), *next;
	struct held *e;

	for (; h; h = next) {
		next = LIST_NEXT(h, list);
		if (!fnmatch(pattern, h->pattern, 0) || streq(pattern, h->pattern))
			hold_free(h);
	}
	for (e = TAILQ_FIRST(&helds); e; e = TAILQ_NEXT(e, list)) {
		if (!fnmatch(pattern, e->uuid, 0))
			e->released = true;
	}
	sim_wake();
}

static bool hold_matches(const char *what, const char *uuid)
{
	struct hold *h;

	for (h = LIST_FIRST(&holds); h; h = LIST_NEXT(h, list)) {
		if (streq(h->what, what) && !fnmatch(h->pattern, uuid, 0))
			return true;
	}
	return false;
}

void hold_wait(const char *what, const char *uuid)
{
	struct held e = { .what = what, .uuid = uuid };

	if (!hold_matches(what, uuid))
		return;
	TAILQ_INSERT_TAIL(&helds, &e, list);
	while (!e.released && !sim.exiting)
		sim_wait();
	TAILQ_REMOVE(&helds, &e, list);
}

/* As vfio_unregister_group_dev: no way out of it but the user's close. */
void hold_blocked(const char *uuid, const bool *busy)
{
	struct held e = { .what = "busy", .uuid = uuid };

	if (!*busy)
		return;
	TAILQ_INSERT_TAIL(&helds, &e, list);
	while (*busy && !sim.exiting)
		sim_wait();
	TAILQ_REMOVE(&helds, &e, list);
}

int hold_show(struct node *n, FILE *out)
{
	struct held *e;

	(void)n;
	for (e = TAILQ_FIRST(&helds); e; e = TAILQ_NEXT(e, list)) {
		fprintf(out, "%s %s\n", e->uuid, e->what);
	}
	return 0;
}

void fault_clear(void)
{
	struct fault *f;

	while ((f = TAILQ_FIRST(&faults))) {
		TAILQ_REMOVE(&faults, f, list);
		free(f->pattern);
		free(f);
	}
	hold_release("*");
}

static void put_escaped(FILE *out, const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = buf[i];

		if (c == '\n')
			fputs("\\n", out);
		else if (c == '\t')
			fputs("\\t", out);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c > '~')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

void log_write(const struct node *n, const char *buf, size_t len, ssize_t result)
{
	char *path = node_path(n), number[16];

	if (!wlog.out)
		wlog.out = open_memstream(&wlog.text, &wlog.len);
	if (!wlog.out)
		abort();
	fprintf(wlog.out, "write %s \"", path);
	put_escaped(wlog.out, buf, len);
	if (result < 0)
		fprintf(wlog.out, "\" = -%s\n", errno_name((int)-result, number));
	else
		fprintf(wlog.out, "\" = %zd\n", result);
	free(path);
}

void log_clear(void)
{
	if (wlog.out)
		fclose(wlog.out);
	free(wlog.text);
	wlog.out = NULL;
	wlog.text = NULL;
}

int log_show(struct node *n, FILE *out)
{
	(void)n;
	if (wlog.out) {
		fflush(wlog.out);
		fwrite(wlog.text, 1, wlog.len, out);
	}
	return 0;
}

void fault_done(void)
{
	fault_clear();
	log_clear();
}
