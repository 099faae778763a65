/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding the scripts, running one with the contract's arguments, and the
 * JSON in which it tells what it is capable of.
 */
#include "script/run.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define NOT_MINE 2
/* So often a script may time out before a command asks it no more: one device
 * that hangs does not hide the others' attributes, and the list ends. */
#define HUNG_MAX 2

static const char *const script_dirs[] = {
	"usr/lib/mdevctl/scripts.d",
	&SYSCONFDIR "/mdevctl.d/scripts.d"[1],
};

static const char *const event_names[] = {
	[EVENT_PRE] = "pre",       [EVENT_POST] = "post", [EVENT_NOTIFY] = "notify",
	[EVENT_GET] = "get",       [EVENT_LIVE] = "live",
};

static const char *const action_names[] = {
	[ACTION_START] = "start",           [ACTION_STOP] = "stop",
	[ACTION_DEFINE] = "define",         [ACTION_UNDEFINE] = "undefine",
	[ACTION_MODIFY] = "modify",         [ACTION_ATTRIBUTES] = "attributes",
	[ACTION_CAPABILITIES] = "capabilities",
};

static const char *const state_names[] = {
	[STATE_NONE] = "none",
	[STATE_SUCCESS] = "success",
	[STATE_FAILURE] = "failure",
};

/* Whether nobody but root and our own user can have written this.  In a sticky
 * directory (/tmp) others cannot replace what is not theirs. */
static bool is_trusted(const struct stat *st)
{
	bool open_to_others = st->st_mode & (S_IWGRP | S_IWOTH);

	if (st->st_uid != 0 && st->st_uid != geteuid())
		return false;
	return !open_to_others || (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX));
}

/* The same file by a path without links; caller frees.  NULL with errno set. */
static char *resolve(const struct host *h, const char *path)
{
	const char *below = path + strlen(h->root);
	_cleanup_close_ int fd = host_openf(h, O_PATH, "%s", *below ? below : ".");
	char link[64], real[PATH_MAX];
	ssize_t n;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	if (n < 0)
		return NULL;
	real[n] = '\0';
	return xstrdup(real);
}

/*
 * 0 if nobody else can exchange the file of this path without links, or a
 * directory above it, up to the root: above that is the caller's choice.
 * -EPERM if others can; else -errno of looking.
 */
static int check_trust(const struct host *h, const char *real)
{
	_cleanup_free_ char *path = xstrdup(real), *root = NULL;
	size_t above = 0;

	if (host_is_subtree(h)) {
		root = resolve(h, h->root);
		if (!root)
			return -errno;
		if (strncmp(path, root, strlen(root)) != 0)
			return -EPERM;
		above = strlen(root);
	}
	while (strlen(path) > above) {
		char *slash = strrchr(path, '/');
		struct stat st;

		if (lstat(path, &st) < 0)
			return -errno;
		if (S_ISLNK(st.st_mode) || !is_trusted(&st))
			return -EPERM;
		*slash = '\0';
	}
	return 0;
}

/* 0, or -errno if what @path is cannot be known (no descriptor is left). */
static int judge(const struct host *h, const char *path, enum script_state *ret_state)
{
	_cleanup_free_ char *real = resolve(h, path);
	struct stat st = {};
	int r = !real || stat(real, &st) < 0 ? -errno : 0;

	if (r == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111))
		r = check_trust(h, real);
	if (r < 0 && r != -EPERM && !(callout_is_no_script(r) && !st.st_mode))
		return r;
	if (!S_ISREG(st.st_mode))
		*ret_state = SCRIPT_NO_FILE;
	else if (!(st.st_mode & 0111))
		*ret_state = SCRIPT_NOT_EXECUTABLE;
	else
		*ret_state = r < 0 ? SCRIPT_UNTRUSTED : SCRIPT_FINE;
	return 0;
}

static int list_dir(const struct host *h, const char *dir, bool is_notifier,
		    struct script_files *files)
{
	_cleanup_(strv_done) struct strv names = {};
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *e;
	int r, result;

	result = host_opendirf(h, &d, "%s/%s", dir, is_notifier ? "notifiers" : "callouts");
	if (result == -ENOENT || result == -ENOTDIR)
		return 0;
	while (result == 0 && (e = dir_next(d)))
		strv_add(&names, xstrdup(e->d_name));
	if (result == 0 && errno)
		result = -errno;
	strv_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		struct script_file f = { .is_notifier = is_notifier };

		f.path = xasprintf("%s/%s/%s/%s", h->root, dir, is_notifier ? "notifiers" : "callouts",
				   names.s[i]);
		r = judge(h, f.path, &f.state);
		if (r < 0) {
			free(f.path);
			result = r;
			continue;
		}
		files->f = xgrow(files->f, files->n, sizeof(*files->f));
		files->f[files->n++] = f;
	}
	return result;
}

int callout_list_files(const struct host *h, struct script_files *files)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(script_dirs); i++) {
		int r = list_dir(h, script_dirs[i], false, files);
		int r2 = list_dir(h, script_dirs[i], true, files);

		if (r < 0 || r2 < 0)
			result = r < 0 ? r : r2;
	}
	return result;
}

void script_files_done(struct script_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->f[i].path);
	free(files->f);
	*files = (struct script_files){};
}

void callouts_open(struct callouts *all, const struct host *h)
{
	_cleanup_(script_files_done) struct script_files files = {};

	*all = (struct callouts){ .h = h };
	all->error = callout_list_files(h, &files);
	for (size_t i = 0; i < files.n; i++) {
		struct script_file *f = &files.f[i];

		switch (f->state) {
		case SCRIPT_NO_FILE:
			debug("%s is no script: not a regular file", f->path);
			break;
		case SCRIPT_NOT_EXECUTABLE:
			debug("%s is not run: it is not executable", f->path);
			break;
		case SCRIPT_UNTRUSTED:
			warn("the script %s is not run: others than root may write to it or to a directory that leads to it; see their owner and mode",
			     f->path);
			break;
		case SCRIPT_FINE:
			strv_add(f->is_notifier ? &all->notifiers : &all->scripts, take(f->path));
			break;
		}
	}
}

void callouts_close(struct callouts *all)
{
	for (size_t i = 0; i < all->n_capabilities; i++) {
		free(all->capabilities[i].parent);
		free(all->capabilities[i].type);
	}
	free(all->capabilities);
	strv_done(&all->scripts);
	strv_done(&all->notifiers);
	strv_done(&all->hung);
}

/* Checks again: the directories were read a while ago.  0 or -errno. */
static int start_trusted(const struct host *h, struct program *s, const char *path,
			 const char *const argv[], const struct program_options *options)
{
	_cleanup_free_ char *real = resolve(h, path);
	int r = real ? check_trust(h, real) : -errno;

	if (r == -EPERM)
		warn("the script %s is not run any more: others than root may write to it by now", path);
	if (r < 0)
		return r;
	return program_start(s, path, real, (char *const *)argv, options);
}

int callout_start(struct callouts *all, struct program *s, const char *path, const struct mdev *m,
		  const struct ask *ask, const char *input)
{
	const char *const argv[] = {
		path, "-t", m->type,
		"-e", event_names[ask->event],
		"-a", action_names[ask->action],
		"-s", state_names[ask->state],
		"-u", m->uuid,
		"-p", m->parent,
		NULL,
	};
	/* What undoes or ends something is not to be interrupted half-way. */
	bool is_last = ask->event == EVENT_POST || ask->event == EVENT_NOTIFY;
	bool must_end = is_last || ask->event == EVENT_LIVE;
	const struct program_options options = {
		.input = input,
		.timeout = all->timeout,
		.own_group = all->timeout || must_end,
		.shielded = must_end,
		.discard = is_last,
	};
	int r;

	debug("running %s -t %s -e %s -a %s -s %s -u %s -p %s", path, m->type,
	      event_names[ask->event], action_names[ask->action], state_names[ask->state], m->uuid,
	      m->parent);
	r = start_trusted(all->h, s, path, argv, &options);
	if (r < 0)
		debug("%s could not be started: %s", path, strerror(-r));
	return r;
}

int callout_run(struct callouts *all, struct program *s, const char *path, const struct mdev *m,
		const struct ask *ask, const char *input)
{
	struct program *const runs[] = { s };
	int r;

	r = callout_start(all, s, path, m, ask, input);
	if (r < 0)
		return r;
	program_wait_any(runs, 1);
	return 0;
}

bool callout_is_no_script(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES || r == -ENOEXEC || r == -EPERM ||
	       r == -ELOOP || r == -EISDIR;
}

char *callout_describe_end(const struct program *s)
{
	switch (s->end) {
	case PROGRAM_SIGNALED:
		return xasprintf("the script %s was killed by signal %d (%s)", s->path, s->status,
				 strsignal(s->status));
	case PROGRAM_TIMED_OUT:
		return xasprintf("the script %s took longer than %u s and was killed", s->path,
				 s->options.timeout / 1000);
	case PROGRAM_FLOODED:
		return xasprintf("the script %s printed more than 1 MB and was killed", s->path);
	case PROGRAM_UNREAD:
		return xasprintf("what the script %s printed cannot be read: %s", s->path,
				 strerror(s->status));
	default:
		return xasprintf("the script %s failed with status %d", s->path, s->status);
	}
}

bool callout_succeeded(const struct program *s)
{
	return s->end == PROGRAM_EXITED && s->status == 0;
}

bool callout_is_not_mine(const struct program *s)
{
	return s->end == PROGRAM_EXITED && s->status == NOT_MINE;
}

bool callout_is_hung(const struct callouts *all, const char *path)
{
	unsigned n = 0;

	for (size_t i = 0; i < all->hung.n; i++)
		n += str_eq(all->hung.s[i], path);
	return n >= HUNG_MAX;
}

void callout_note_hung(struct callouts *all, const struct program *s)
{
	_cleanup_free_ char *why = callout_describe_end(s);

	if (callout_is_hung(all, s->path))
		return;
	strv_add(&all->hung, xstrdup(s->path));
	warn("%s%s", why, callout_is_hung(all, s->path) ? "; it is not asked again" : "");
}

char *capability_question(void)
{
	json_auto_t *actions = json_array(), *events = json_array(), *json = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(action_names); i++)
		json_array_append_new(actions, json_string(action_names[i]));
	for (size_t i = 0; i < ARRAY_SIZE(event_names); i++)
		json_array_append_new(events, json_string(event_names[i]));
	json = json_pack("{s:{s:i, s:O, s:O}}", "provides", "version", 2, "actions", actions,
			 "events", events);
	return json_dumps(json, JSON_COMPACT);
}

static unsigned read_names(const char *script, const char *what, const json_t *array,
			   const char *const *names, size_t n)
{
	unsigned bits = 0;
	json_t *value;
	size_t i;

	json_array_foreach(array, i, value) {
		const char *name = json_string_value(value);
		bool known = false;

		for (size_t j = 0; name && j < n; j++) {
			if (str_eq(name, names[j])) {
				bits |= 1U << j;
				known = true;
			}
		}
		if (!known)
			warn("the script %s announces the %s '%s', which is not known and ignored",
			     script, what, name ? name : "(not a string)");
	}
	return bits;
}

bool capability_from_json(struct capability *c, const char *text, size_t length, const char *script)
{
	json_auto_t *root = NULL;
	const json_t *supports;

	while (length && text[length - 1] == '\0')
		length--;
	if (!length)
		return false;
	root = json_loadb(text, length, 0, NULL);
	supports = json_object_get(root, "supports");
	if (!json_is_integer(json_object_get(supports, "version"))) {
		debug("the script %s did not answer with its capabilities", script);
		return false;
	}
	c->script = script;
	c->actions = read_names(script, "action", json_object_get(supports, "actions"),
				action_names, ARRAY_SIZE(action_names));
	c->events = read_names(script, "event", json_object_get(supports, "events"), event_names,
			       ARRAY_SIZE(event_names));
	return true;
}
