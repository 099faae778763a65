/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SYSCONFDIR/mdevctl.d/pools.d/NAME.json.
 */
#include "config.h"

#define SUFFIX ".json"

char *config_pool_path(const struct host *h, const char *name)
{
	return xasprintf("%s/%s/" CONFIG_POOLS "/%s" SUFFIX, h->root, CONFIG_DIR, name);
}

int config_read_pool(const struct host *h, const char *name, struct pool *ret_pool, struct error *error)
{
	_cleanup_free_ char *path = config_pool_path(h, name), *file = xasprintf("%s" SUFFIX, name);
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r = config_read_file(h, CONFIG_POOLS, file, &text, &length);

	if (r == -ENOENT && config_has(h, file, CONFIG_POOLS) > 0)
		r = -ENOLINK;
	if (r == -ENOENT)
		return r;
	if (r == 0)
		return pool_from_json(name, text, length, path, ret_pool, error);
	error_set(error, "cannot read %s: %s", path,
		  r == -ENOTSUP ? "it is not a regular file" :
		  r == -ENOLINK ? "it is a symbolic link to nothing" : strerror(-r));
	return r;
}

int config_list_pools(const struct host *h, struct strv *names, struct strv *problems)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int r = host_opendirf(h, &dir, "%s/" CONFIG_POOLS, CONFIG_DIR);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((e = dir_next(dir))) {
		_cleanup_free_ char *name = xstrdup(e->d_name);
		size_t length = strlen(name), suffix = strlen(SUFFIX);

		if (*name == '.')
			continue;
		if (length > suffix && str_eq(name + length - suffix, SUFFIX))
			name[length - suffix] = '\0';
		else
			*name = '\0';
		if (!device_name_problem(name))
			strv_add(names, take(name));
		else
			strv_add(problems, xasprintf("%s/%s/" CONFIG_POOLS "/%s is ignored: a pool's file is named NAME" SUFFIX,
						     h->root, CONFIG_DIR, e->d_name));
	}
	r = -errno;
	strv_sort(names);
	return r;
}

void config_read_pools(const struct host *h, struct pool **pools, size_t *n, struct strv *problems)
{
	_cleanup_(strv_done) struct strv names = {};

	config_list_pools(h, &names, problems);
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_(error_done) struct error error = {};
		struct pool pool;

		if (config_read_pool(h, names.s[i], &pool, &error) == 0) {
			*pools = xgrow(*pools, *n, sizeof(**pools));
			(*pools)[(*n)++] = pool;
		} else if (error.text) {
			strv_add(problems, take(error.text));
		}
	}
}

int config_write_pool(const struct host *h, const struct config_writer *w, const struct pool *pool,
		      bool replace, bool *ret_done)
{
	_cleanup_free_ char *file = xasprintf("%s" SUFFIX, pool->name), *text = pool_to_text(pool);

	return config_write_file(h, w, CONFIG_POOLS, file, text, replace, ret_done);
}

int config_remove_pool(const struct host *h, const struct config_writer *w, const char *name, bool *ret_done)
{
	_cleanup_free_ char *file = xasprintf("%s" SUFFIX, name);
	int r = config_remove(h, file, CONFIG_POOLS, ret_done);

	if (r == 0)
		config_remove_empty(w, CONFIG_POOLS);
	return r;
}
