// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Attributes: what kernfs checks before it calls a driver's show and store, and the plain attribute
 * that keeps what was written to it.  Knows nothing of FUSE nor of mediated devices.
 */
#include "fake.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

static int plain_show(struct node *n, FILE *out)
{
	const struct attr_def *def = n->priv;

	if (def && def->read_errno)
		return -def->read_errno;
	fputs(n->text ? n->text : "", out);
	return 0;
}

static void set_line(struct node *n, const char *text, size_t len)
{
	bool ended = !len || text[len - 1] == '\n';
	char *line = xprintf("%.*s%s", (int)len, text, ended ? "" : "\n");

	node_set_text(n, line, strlen(line));
	free(line);
}

static int plain_store(struct node *n, const char *buf, size_t len)
{
	const struct attr_def *def = n->priv;
	size_t bare = len && buf[len - 1] == '\n' ? len - 1 : len;

	if (def && def->write_errno)
		return -def->write_errno;
	if (def && def->accept) {
		char *text = xstrndup(buf, bare);
		int differs = fnmatch(def->accept, text, FNM_EXTMATCH);

		free(text);
		if (differs)
			return -EINVAL;
	}
	if (def && def->loses_last && len)
		len--;
	set_line(n, buf, strnlen(buf, len));
	return 0;
}

static const struct attr_ops plain_ops = { .show = plain_show, .store = plain_store };

struct node *attr_text(struct node *dir, const char *name, mode_t mode, const char *text)
{
	struct node *n = node_attr(dir, name, mode, &plain_ops, NULL);

	set_line(n, text, strlen(text));
	return n;
}

/* As kobject_action_type and kobject_action_args: ACTION [UUID [KEY=VALUE]...], one newline. */
static int uevent_store(struct node *n, const char *buf, size_t len)
{
	static const char form[] = "^(add|remove|change|move|online|offline|bind|unbind)"
				   "( [[:xdigit:]]{8}(-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}"
				   "( [[:alnum:]]+=[[:alnum:]]+)*)?$";
	bool ended = len && (buf[len - 1] == '\n' || buf[len - 1] == '\0');
	char *text = xstrndup(buf, ended ? len - 1 : len);
	regex_t regex;
	int differs;

	(void)n;
	if (regcomp(&regex, form, REG_EXTENDED | REG_NOSUB))
		abort();
	differs = strlen(text) != len - ended || regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	free(text);
	return differs ? -EINVAL : 0;
}

void attr_uevent(struct node *dir, const char *text)
{
	static const struct attr_ops ops = { .show = plain_show, .store = uevent_store };

	set_line(node_attr(dir, "uevent", 0644, &ops, NULL), text, strlen(text));
}

/* "{uuid}" in a value or a link is that of the device. */
void attr_make(struct node *dir, const struct attr_def *def, const char *uuid)
{
	const char *base = strrchr(def->name, '/'), *text = def->link ? def->link : def->value;
	char *full = str_replace(text ? text : "", "{uuid}", uuid ? uuid : "{uuid}");

	if (base) {
		char *path = xstrndup(def->name, base - def->name);

		dir = node_mkpath(dir, path);
		free(path);
	}
	base = base ? base + 1 : def->name;
	if (def->dir)
		node_dir(dir, base);
	else if (def->link)
		node_link(dir, base, full);
	else
		set_line(node_attr(dir, base, def->mode, &plain_ops, def), full, strlen(full));
	free(full);
}

/* Of a device without runtime power management. */
void attr_power(struct node *dir)
{
	static const struct attr_def defs[] = {
		{ .name = "power/async",
		  .mode = 0644,
		  .value = "disabled",
		  .accept = "@(enabled|disabled)" },
		{ .name = "power/autosuspend_delay_ms",
		  .mode = 0644,
		  .read_errno = EIO,
		  .write_errno = EIO },
		{ .name = "power/control", .mode = 0644, .value = "auto", .accept = "@(on|auto)" },
		{ .name = "power/runtime_active_kids", .mode = 0444, .value = "0" },
		{ .name = "power/runtime_active_time", .mode = 0444, .value = "0" },
		{ .name = "power/runtime_enabled", .mode = 0444, .value = "disabled" },
		{ .name = "power/runtime_status", .mode = 0444, .value = "unsupported" },
		{ .name = "power/runtime_suspended_time", .mode = 0444, .value = "0" },
		{ .name = "power/runtime_usage", .mode = 0444, .value = "0" },
	};

	for (size_t i = 0; i < sizeof(defs) / sizeof(*defs); i++)
		attr_make(dir, &defs[i], NULL);
}

void attrs_free(struct attr_defs *attrs)
{
	for (size_t i = 0; i < attrs->n; i++) {
		free(attrs->v[i].name);
		free(attrs->v[i].value);
		free(attrs->v[i].link);
		free(attrs->v[i].accept);
	}
	free(attrs->v);
}

/* sysfs refuses an open against the mode bits even to root (KERNFS_ROOT_EXTRA_OPEN_PERM_CHECK). */
int attr_open(struct node *n, int flags)
{
	int acc = flags & O_ACCMODE, r;

	r = fault_check(OP_OPEN, n, NULL, NULL);
	if (r < 0)
		return r;
	if (n->dead)
		return -ENODEV;
	if (acc != O_RDONLY && !(n->mode & 0222))
		return -EACCES;
	if (acc != O_WRONLY && !(n->mode & 0444))
		return -EACCES;
	return n->ops->open ? n->ops->open(n) : 0;
}

/* The control file can give a computed attribute a text of its own. */
static int show(struct node *n, FILE *out)
{
	if (!n->text || n->ops == &plain_ops)
		return n->ops->show(n, out);
	fputs(n->text, out);
	return 0;
}

int attr_read(struct node *n, char **ret_text, size_t *ret_len)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int r;

	if (n->dead)
		return -ENODEV;
	r = fault_check(OP_READ, n, NULL, NULL);
	if (r < 0)
		return r;
	if (n->dead)
		return -ENODEV;
	if (!n->ops->show)
		return -EINVAL;
	out = open_memstream(&text, &len);
	if (!out)
		return -ENOMEM;
	r = show(n, out);
	fclose(out);
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	*ret_len = !n->ops->unlimited && len > SYSFS_MAX ? SYSFS_MAX : len;
	return 0;
}

static ssize_t store(struct node *n, const char *buf, size_t len)
{
	ssize_t r;

	if (n->dead)
		return -ENODEV;
	r = fault_check(OP_WRITE, n, NULL, &len);
	if (r < 0)
		return r;
	if (n->dead)
		return n->ops->removes_itself ? (ssize_t)len : -ENODEV;
	if (!n->ops->store)
		return -EIO;
	r = n->ops->store(n, buf, len);
	return r < 0 ? r : (ssize_t)len;
}

ssize_t attr_write(struct node *n, const char *buf, size_t len)
{
	ssize_t r = store(n, buf, len > SYSFS_MAX ? SYSFS_MAX : len);

	if (!n->ops->unlogged)
		log_write(n, buf, len, r);
	return r;
}
