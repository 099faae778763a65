/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running one script with the contract's arguments.
 */
#include "script/run.h"

#define NOT_MINE 2
/* So often a script may time out before a command asks it no more: one device
 * that hangs does not hide the others' attributes, and the list ends. */
#define HUNG_MAX 2

static const char *const state_names[] = {
	[STATE_NONE] = "none",
	[STATE_SUCCESS] = "success",
	[STATE_FAILURE] = "failure",
};

void callouts_open(struct callouts *all, const struct host *h)
{
	_cleanup_(script_files_done) struct script_files files = {};

	*all = (struct callouts){ .h = h };
	all->error = script_files_list(h, &files);
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
	_cleanup_free_ char *file = NULL;
	int r = script_check(h, path, &file);

	if (r == -EPERM)
		warn("the script %s is not run any more: others than root may write to it by now", path);
	if (r < 0)
		return r;
	return program_start(s, path, file, (char *const *)argv, options);
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
