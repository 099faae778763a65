/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start-parent-mdevs --all: what mdevctl.service runs at boot.
 *
 * A process for each parent, several at once: what one waits for holds up none of
 * the others, and it takes the locks that a run for that parent alone takes.  Virtual
 * functions that are not there can only be waited for once nobody is enabling any.
 */
#include "cmd/cmd.h"
#include "device/bus.h"
#include "lib/interrupt.h"
#include "lib/program.h"

#include <signal.h>
#include <sys/wait.h>

/* Most of them wait. */
#define RUNNING_MAX 64
/* How long a parent or types that are not there are waited for. */
#define LATE_MS 30000
#define POLL_MS 20
/* How often parents are looked for while VFs are being enabled. */
#define LOOK_MS 200

struct job {
	const char *parent;
	bool has_vfs;
	bool begun;
	pid_t pid; /* 0: it does not run */
};

struct jobs {
	struct job *j;
	size_t n, running, enabling;
	uint64_t next_look;
	bool failed, unread;
};

static void jobs_done(struct jobs *all)
{
	free(all->j);
}

static void add(struct jobs *all, const char *parent, bool has_vfs)
{
	for (size_t i = 0; i < all->n; i++) {
		if (str_eq(all->j[i].parent, parent)) {
			all->j[i].has_vfs |= has_vfs;
			return;
		}
	}
	all->j = xgrow(all->j, all->n, sizeof(*all->j));
	all->j[all->n++] = (struct job){ .parent = str_intern(parent), .has_vfs = has_vfs };
}

/* In the order of the parents' names, cards before what is on them. */
static int collect(const struct host *h, struct jobs *all)
{
	_cleanup_(mdev_list_done) struct mdev_list defined = {};
	_cleanup_(strv_done) struct strv problems = {}, pfs = {};
	int r = config_parents_of(h, CONFIG_VFS, &pfs);

	if (r == 0)
		r = config_list(h, NULL, &defined, &problems, &all->unread);
	warn_of(&problems);
	if (r < 0) {
		_cleanup_free_ char *dir = config_dir(h);

		return fail_errno(r, "cannot read the definitions in %s", dir);
	}
	for (size_t i = 0; i < pfs.n; i++)
		add(all, pfs.s[i], true);
	mdev_list_sort(&defined);
	for (size_t i = 0; i < defined.n; i++)
		if (defined.m[i].autostart)
			add(all, defined.m[i].parent, false);
	return 0;
}

static void __attribute__((noreturn)) run(const struct host *h, const struct job *j)
{
	int r, vfs = 0;

	say_about(j->parent);
	if (j->has_vfs)
		vfs = enable_defined_vfs(h, j->parent, true);
	r = autostart_parent(h, j->parent, LATE_MS, false);
	if (j->has_vfs && vfs == 0)
		vfs = autostart_vfs(h, j->parent, false);
	exit(r < 0 || vfs < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void begin(const struct host *h, struct jobs *all, struct job *j)
{
	j->begun = true;
	program_keep_children();
	j->pid = fork();
	if (j->pid == 0)
		run(h, j);
	if (j->pid < 0) {
		fail_errno(-errno, "cannot start the devices of %s", j->parent);
		j->pid = 0;
		all->failed = true;
		return;
	}
	all->running++;
	all->enabling += j->has_vfs;
}

static void begin_some(const struct host *h, struct jobs *all)
{
	bool look = now_ms() >= all->next_look;

	for (size_t i = 0; i < all->n && all->running < RUNNING_MAX; i++) {
		struct job *j = &all->j[i];

		if (!j->begun && (j->has_vfs || !all->enabling || (look && bus_has_parent(h, j->parent))))
			begin(h, all, j);
	}
	if (look)
		all->next_look = now_ms() + LOOK_MS;
}

/* Takes those that have ended; one by one, as a script of ours is nobody's child here. */
static void take_ended(struct jobs *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct job *j = &all->j[i];
		int status;

		if (!j->pid || waitpid(j->pid, &status, WNOHANG) != j->pid)
			continue;
		j->pid = 0;
		all->running--;
		all->enabling -= j->has_vfs;
		if (WIFSIGNALED(status))
			fail("starting the devices of %s was ended by signal %d (%s)", j->parent,
			     WTERMSIG(status), strsignal(WTERMSIG(status)));
		all->failed |= status != 0;
		/* What it has enabled is there now. */
		all->next_look = 0;
	}
}

/* Each ends what it has begun, and says what it has not. */
static void forward_signal(const struct jobs *all)
{
	int signal = interrupt_to_forward();

	for (size_t i = 0; signal && i < all->n; i++)
		if (all->j[i].pid)
			kill(all->j[i].pid, signal);
}

static bool is_over(const struct jobs *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->j[i].pid || (!all->j[i].begun && !interrupted()))
			return false;
	return true;
}

int autostart_all(const struct host *h)
{
	_cleanup_(jobs_done) struct jobs all = {};
	int r = collect(h, &all);

	if (r < 0)
		return r;
	while (!is_over(&all)) {
		if (!interrupted())
			begin_some(h, &all);
		forward_signal(&all);
		sleep_ms(POLL_MS);
		take_ended(&all);
	}
	if (interrupted())
		return fail("interrupted: not everything automatic was started");
	if (all.unread)
		return fail("not every definition could be read: perhaps not every automatic device was started");
	return all.failed ? -ECANCELED : 0;
}
