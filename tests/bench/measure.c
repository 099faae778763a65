/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs commands in turns, ROUNDS times and once before to warm up, and prints
 * of each, as a line "LABEL wall minimum CPU memory": median and least
 * microseconds of wall time, median microseconds of CPU time (the command's and
 * its children's), and KiB of memory at its peak.
 *
 *	measure ROUNDS <commands
 *
 * A command is a line of fields that tabs end: label, root directory, a shell
 * command that undoes what it did (or "-"), program, arguments.  posix_spawn
 * makes starting it cheap, and this program is smaller than what it measures.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 64
#define MAX_ARGS 16

struct command {
	char *label, *undo, *argv[MAX_ARGS + 1];
	int root_fd;
	double *wall, *cpu;
	long memory;
};

static int top_fd;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double to_us(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static int open_dir(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* Out of another root, too. */
static void enter_root(int fd)
{
	if (fchdir(fd) < 0 || chroot(".") < 0)
		err(1, "cannot change the root directory");
}

static void run(struct command *c, int round)
{
	static char *no_environment[] = { NULL };
	struct rusage usage;
	int r, status = 0;
	double begin, wall;
	pid_t pid;

	enter_root(c->root_fd);
	begin = now_us();
	r = posix_spawn(&pid, c->argv[0], NULL, NULL, c->argv, no_environment);
	if (r != 0 || wait4(pid, &status, 0, &usage) < 0)
		errx(1, "%s: cannot run %s: %s", c->label, c->argv[0], strerror(r ? r : errno));
	wall = now_us() - begin;
	enter_root(top_fd);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "%s: %s failed", c->label, c->argv[0]);
	if (strcmp(c->undo, "-") != 0 && system(c->undo) != 0) /* NOLINT(cert-env33-c) */
		errx(1, "%s: %s failed", c->label, c->undo);
	if (round < 0)
		return;
	c->wall[round] = wall;
	c->cpu[round] = to_us(usage.ru_utime) + to_us(usage.ru_stime);
	if (usage.ru_maxrss > c->memory)
		c->memory = usage.ru_maxrss;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void parse(struct command *c, char *line, int rounds)
{
	char *field, *root;
	size_t n = 0;

	line[strcspn(line, "\n")] = '\0';
	c->label = strsep(&line, "\t");
	root = strsep(&line, "\t");
	c->undo = strsep(&line, "\t");
	while (n < MAX_ARGS && (field = strsep(&line, "\t")))
		c->argv[n++] = field;
	if (!n || line)
		errx(2, "%s: too few fields, or too many", c->label);
	c->root_fd = open_dir(root);
	c->wall = calloc((size_t)rounds, sizeof(*c->wall));
	c->cpu = calloc((size_t)rounds, sizeof(*c->cpu));
	if (!c->wall || !c->cpu)
		err(1, "no memory");
}

/* Commands read nothing, and nobody what they print: our own output goes elsewhere. */
static FILE *take_output(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC),
	    fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	FILE *output = fd < 0 ? NULL : fdopen(fd, "w");

	if (null < 0 || !output || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		err(1, "cannot redirect");
	return output;
}

int main(int argc, char *argv[])
{
	static struct command commands[MAX_COMMANDS];
	int rounds = argc == 2 ? atoi(argv[1]) : 0; /* NOLINT(cert-err34-c) */
	size_t n = 0, size = 0;
	char *line = NULL;
	FILE *output;

	if (rounds < 1)
		errx(2, "usage: measure ROUNDS <commands");
	top_fd = open_dir("/");
	while (getline(&line, &size, stdin) > 0) {
		if (n == MAX_COMMANDS)
			errx(2, "too many commands");
		parse(&commands[n++], line, rounds);
		line = NULL;
	}
	output = take_output();
	for (int round = -1; round < rounds; round++)
		for (size_t i = 0; i < n; i++)
			run(&commands[i], round);
	for (size_t i = 0; i < n; i++) {
		struct command *c = &commands[i];
		double wall = median(c->wall, rounds);

		fprintf(output, "%s\t%.0f\t%.0f\t%.0f\t%ld\n", c->label, wall, c->wall[0],
			median(c->cpu, rounds), c->memory);
	}
	return fclose(output) == EOF;
}
