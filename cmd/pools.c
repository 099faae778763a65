/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * define-pool, undefine-pool, list-pools.
 */
#include "cli/output.h"
#include "cmd/cmd.h"
#include "config.h"
#include "device/place.h"
#include "lib/interrupt.h"

/* What is shown of a pool; both are the shower's to release. */
struct shown {
	struct pool pool;
	struct pool_use use;
};

static void count(const struct host *h, struct shown *s)
{
	_cleanup_(scan_done) struct scan scan = {};

	scan_host(&scan, h, &s->pool.wish, NULL, true);
	place_count_pool(&scan, &s->pool, &s->use);
}

static void shown_done(struct shown *s)
{
	pool_done(&s->pool);
	pool_use_done(&s->use);
}

static int check_name(const struct args *a, const char *command)
{
	const char *problem = device_name_problem(a->operand);

	return problem ? usage_error("%s: the pool's name '%s' %s", command, a->operand, problem) : 0;
}

static int read_pool_file(const struct args *a, struct pool *ret_pool)
{
	_cleanup_(error_done) struct error error = {};
	_cleanup_free_ char *text = NULL;
	const char *source = NULL;
	size_t length = 0;
	int r = read_file(a->value[OPT_JSONFILE], DEFINITION_MAX, &text, &length, &source);

	if (r == 0 && pool_from_json(a->operand, text, length, source, ret_pool, &error) < 0)
		r = fail("%s", error.text);
	return r;
}

static int fail_to_store(const struct host *h, int r, bool done, const char *what, const char *name)
{
	_cleanup_free_ char *path = config_pool_path(h, name);

	if (done)
		return fail("%s pool %s for good: %s is changed, but that may not survive a loss of power: %s",
			    what, name, path, strerror(-r));
	if (r == -EEXIST)
		return fail("%s pool %s: there is one of that name; --force replaces it", what, name);
	if (r == -ENOENT)
		return fail("%s pool %s: there is none; 'mdevctl list-pools' shows what there is", what, name);
	return fail("%s pool %s: cannot write %s: %s%s", what, name, path,
		    r == -ELOOP ? "it is a symbolic link, which is not replaced" :
		    r == -ENOTSUP ? "it is not a regular file" : strerror(-r),
		    (r == -EACCES || r == -EPERM) && geteuid() != 0 ? "; root is needed" : "");
}

static int store(const struct host *h, const struct args *a, const struct pool *pool)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	bool done;
	int r;

	interrupt_defer();
	r = lock_definitions(h, "cannot define the pool", &w);
	if (r < 0)
		return r;
	r = config_write_pool(h, &w, pool, has(a, O(FORCE)), &done);
	return r < 0 ? fail_to_store(h, r, done, "cannot define", pool->name) : 0;
}

int cmd_define_pool(const struct host *h, const struct args *a)
{
	struct shown s = { .pool = NO_POOL };
	int r = check_name(a, "define-pool");

	if (r == 0)
		r = read_pool_file(a, &s.pool);
	if (r == 0)
		r = store(h, a, &s.pool);
	if (r == 0) {
		count(h, &s);
		r = output_pool_text(&s.pool, &s.use, true);
	}
	shown_done(&s);
	return r;
}

int cmd_undefine_pool(const struct host *h, const struct args *a)
{
	_cleanup_(config_unlock) struct config_writer w = CONFIG_NO_WRITER;
	bool done;
	int r = check_name(a, "undefine-pool");

	if (r < 0)
		return r;
	interrupt_defer();
	r = lock_definitions(h, "cannot undefine the pool", &w);
	if (r < 0)
		return r;
	r = config_remove_pool(h, &w, a->operand, &done);
	return r < 0 ? fail_to_store(h, r, done, "cannot undefine", a->operand) : 0;
}

static int show(const struct host *h, const struct args *a, const char *name, json_t *all)
{
	_cleanup_(error_done) struct error error = {};
	struct shown s = { .pool = NO_POOL };
	int r = config_read_pool(h, name, &s.pool, &error);

	/* It went meanwhile. */
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		warn("%s", error.text);
		return 0;
	}
	count(h, &s);
	if (has(a, O(DUMPJSON)))
		json_array_append_new(all, output_pool_to_json(&s.pool, &s.use));
	else
		r = output_pool_text(&s.pool, &s.use, has(a, O(VERBOSE)));
	shown_done(&s);
	return r;
}

int cmd_list_pools(const struct host *h, const struct args *a)
{
	_cleanup_(strv_done) struct strv names = {}, problems = {};
	json_auto_t *all = json_array();
	int r = config_list_pools(h, &names, &problems);

	warn_of(&problems);
	if (r < 0)
		return fail_errno(r, "cannot list the pools");
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = show(h, a, names.s[i], all);
	if (r == 0 && has(a, O(DUMPJSON)))
		r = output_json(all);
	return r;
}
