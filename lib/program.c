/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running programs: three pipes and a child each, in one poll loop.  A program
 * may fill stdout and stderr before it reads stdin, may not read it at all,
 * and may leave a child behind that keeps stdout open: what counts is when
 * the program itself ends.
 */
#include "lib/program.h"
#include "lib/interrupt.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NOTE_AFTER_MS 10000
/* Without pidfd_open (before Linux 5.3) the child's end is looked for. */
#define LOOK_MS 20
#define ABANDON_MS 1000
/* A signal that comes just before poll(2) is seen no later than this. */
#define SIGNAL_MS 1000

/* Descriptors of our caller's that are not close-on-exec must not leak. */
static void close_others_on_exec(void)
{
	if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	for (int fd = 3; fd < 1024; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void __attribute__((noreturn))
run_child(const char *file, char *const argv[], const int fds[3],
	  const struct program_options *options, int report)
{
	sigset_t none;
	int error;

	for (int i = 0; i < 3; i++)
		dup2(fds[i], i);
	if (options->own_group)
		setpgid(0, 0);
	if (options->timeout)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_others_on_exec();
	execv(file, argv);
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

struct pipes {
	int in[2], out[2], err[2], report[2];
};

static void close_pipes(struct pipes *p)
{
	for (size_t i = 0; i < 2; i++) {
		closep(&p->in[i]);
		closep(&p->out[i]);
		closep(&p->err[i]);
		closep(&p->report[i]);
	}
}

static int open_null(int *fd, int flags)
{
	*fd = open("/dev/null", flags | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

static int duplicate(int *fd, int of)
{
	*fd = fcntl(of, F_DUPFD_CLOEXEC, 3);
	return *fd < 0 ? -errno : 0;
}

static int make_pipe(int fds[2])
{
	return pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0;
}

static int make_pipes(struct pipes *p, const struct program_options *options)
{
	int r;

	*p = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	r = options->input ? make_pipe(p->in) : open_null(&p->in[0], O_RDONLY);
	if (r == 0)
		r = options->log_fd ? duplicate(&p->out[1], options->log_fd) :
		    options->discard ? open_null(&p->out[1], O_WRONLY) : make_pipe(p->out);
	if (r == 0)
		r = options->log_fd ? duplicate(&p->err[1], options->log_fd) : make_pipe(p->err);
	return r == 0 ? make_pipe(p->report) : r;
}

static void set_nonblocking(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFL, O_NONBLOCK);
}

/* 0 once the child has become the program, else why it could not. */
static int await_exec(int report, pid_t pid)
{
	int error = 0;
	ssize_t n;

	do {
		n = read(report, &error, sizeof(error));
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return n == sizeof(error) ? -error : -EIO;
}

/* Whoever started us may have ignored it, and our children would vanish. */
void program_keep_children(void)
{
	signal(SIGCHLD, SIG_DFL);
}

int program_start(struct program *s, const char *path, const char *file, char *const argv[],
		 const struct program_options *options)
{
	_cleanup_(close_pipes) struct pipes p;
	pid_t pid;
	int r;

	r = make_pipes(&p, options);
	if (r < 0)
		return r;
	program_keep_children();
	/* What came before this run is not for it. */
	interrupt_to_forward();
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_child(file, argv, (int[]){ p.in[0], p.out[1], p.err[1] }, options, p.report[1]);
	closep(&p.report[1]);
	p.report[1] = -1;
	r = await_exec(p.report[0], pid);
	if (r < 0)
		return r;
	*s = (struct program){
		.path = path,
		.options = *options,
		.pid = pid,
		.pid_fd = (int)syscall(SYS_pidfd_open, pid, 0),
		.in_fd = take_fd(&p.in[1]),
		.out_fd = take_fd(&p.out[0]),
		.err_fd = take_fd(&p.err[0]),
		.started = now_ms(),
	};
	set_nonblocking(s->in_fd);
	set_nonblocking(s->out_fd);
	set_nonblocking(s->err_fd);
	return 0;
}

static void close_fd(int *fd)
{
	closep(fd);
	*fd = -1;
}

static void feed(struct program *s)
{
	size_t left = strlen(s->options.input + s->written);
	ssize_t n = write(s->in_fd, s->options.input + s->written, left);

	if (n > 0)
		s->written += (size_t)n;
	else if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* EPIPE is no error: a program need not read its input. */
	if (n < 0 || (size_t)n == left)
		close_fd(&s->in_fd);
}

/* False at the end of the file, or when there is nothing at present; @error, if
 * not NULL, is set if there may be more, but it cannot be read. */
static bool drain(int *fd, struct buffer *b, int *error)
{
	char chunk[16384];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		if (n < 0 && error)
			*error = errno;
		close_fd(fd);
		return false;
	}
	b->data = xrealloc(b->data, b->length + (size_t)n + 1);
	memcpy(b->data + b->length, chunk, (size_t)n);
	b->length += (size_t)n;
	b->data[b->length] = '\0';
	return true;
}

/* Passes whole lines on, and at the end what has no newline. */
static void pass_lines(struct program *s, bool at_end)
{
	char *line = s->err.data, *newline;

	for (size_t i = 0; i < s->err.length; i++)
		if (!line[i])
			line[i] = ' ';
	while (s->err.length && (newline = memchr(line, '\n', s->err.length))) {
		*newline++ = '\0';
		say_from(base_name(s->path), line);
		s->err.length -= (size_t)(newline - line);
		line = newline;
	}
	if (s->err.length && (at_end || s->err.length >= 4096)) {
		say_from(base_name(s->path), line);
		s->err.length = 0;
	}
	if (s->err.length)
		memmove(s->err.data, line, s->err.length + 1);
}

/* One that hangs in the kernel does not even die of SIGKILL: it is left behind. */
static void kill_program(struct program *s)
{
	uint64_t deadline = now_ms() + ABANDON_MS;

	kill(s->options.own_group ? -s->pid : s->pid, SIGKILL);
	while (waitpid(s->pid, NULL, WNOHANG) == 0 && now_ms() < deadline)
		sleep_ms(1);
	s->pid = 0;
}

static void finish(struct program *s, enum program_end end, int status)
{
	/* What it wrote last; no more than that, as a child that it has left
	 * behind may go on writing. */
	for (size_t i = 0; i < 16 && s->out_fd >= 0 && drain(&s->out_fd, &s->out, &s->read_error); i++)
		;
	for (size_t i = 0; i < 16 && s->err_fd >= 0 && drain(&s->err_fd, &s->err, NULL); i++)
		;
	pass_lines(s, true);
	s->end = end;
	s->status = status;
	if (end == PROGRAM_EXITED && s->read_error) {
		s->end = PROGRAM_UNREAD;
		s->status = s->read_error;
	}
}

/* Whether the run is over. */
static bool check_end(struct program *s)
{
	uint64_t took = now_ms() - s->started;
	int status;

	if (s->out.length > PROGRAM_OUTPUT_MAX) {
		kill_program(s);
		finish(s, PROGRAM_FLOODED, 0);
	} else if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
		s->pid = 0;
		if (WIFEXITED(status))
			finish(s, PROGRAM_EXITED, WEXITSTATUS(status));
		else
			finish(s, PROGRAM_SIGNALED, WTERMSIG(status));
		if (s->out.length > PROGRAM_OUTPUT_MAX)
			s->end = PROGRAM_FLOODED;
	} else if (s->options.timeout && took >= s->options.timeout) {
		kill_program(s);
		finish(s, PROGRAM_TIMED_OUT, 0);
	} else if (!s->options.timeout && took >= NOTE_AFTER_MS && !s->noted) {
		s->noted = true;
		notice("still waiting for the script %s", s->path);
	}
	return s->end != PROGRAM_RUNNING;
}

static int next_wait(const struct program *s)
{
	uint64_t limit = s->started + (s->options.timeout ? s->options.timeout : NOTE_AFTER_MS), now = now_ms();

	if (s->pid_fd < 0)
		return LOOK_MS;
	if (s->noted)
		return SIGNAL_MS;
	return now >= limit ? 0 : (int)(limit - now);
}

static void serve(struct program *s)
{
	if (s->in_fd >= 0)
		feed(s);
	if (s->out_fd >= 0)
		drain(&s->out_fd, &s->out, &s->read_error);
	if (s->err_fd >= 0)
		drain(&s->err_fd, &s->err, NULL);
	pass_lines(s, false);
}

#define FDS_EACH 4

static void fill_poll(const struct program *s, struct pollfd fds[FDS_EACH])
{
	fds[0] = (struct pollfd){ .fd = s->in_fd, .events = POLLOUT };
	fds[1] = (struct pollfd){ .fd = s->out_fd, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = s->err_fd, .events = POLLIN };
	fds[3] = (struct pollfd){ .fd = s->pid_fd, .events = POLLIN };
}

/* SIGTERM reaches us alone: the program that we wait for should end as well,
 * and what it has begun, if that is in a group with it. */
static void forward_interrupt(struct program *const runs[], size_t n)
{
	int signal = interrupt_to_forward();

	for (size_t i = 0; signal && i < n; i++)
		if (runs[i]->pid && !runs[i]->options.shielded)
			kill(runs[i]->options.own_group ? -runs[i]->pid : runs[i]->pid, signal);
}

static bool wait_once(struct program *const runs[], size_t n, struct pollfd *fds)
{
	bool any_ended = false;
	int timeout = SIGNAL_MS;

	for (size_t i = 0; i < n; i++) {
		int wait = next_wait(runs[i]);

		fill_poll(runs[i], &fds[i * FDS_EACH]);
		if (wait < timeout)
			timeout = wait;
	}
	poll(fds, n * FDS_EACH, timeout);
	forward_interrupt(runs, n);
	for (size_t i = 0; i < n; i++) {
		serve(runs[i]);
		any_ended |= check_end(runs[i]);
	}
	return any_ended;
}

void program_wait_any(struct program *const runs[], size_t n)
{
	_cleanup_free_ struct pollfd *fds = xcalloc(n * FDS_EACH, sizeof(*fds));
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;

	sigaction(SIGPIPE, &ignore, &old);
	while (!wait_once(runs, n, fds))
		;
	sigaction(SIGPIPE, &old, NULL);
}

void program_done(struct program *s)
{
	if (s->pid > 0)
		kill_program(s);
	if (s->path) {
		closep(&s->pid_fd);
		closep(&s->in_fd);
		closep(&s->out_fd);
		closep(&s->err_fd);
	}
	free(s->out.data);
	free(s->err.data);
	*s = (struct program){ 0 };
}
