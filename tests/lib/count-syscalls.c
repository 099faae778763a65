/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a command with its output thrown away, and prints how many system calls
 * the program made: all, and all but those for memory, whose number depends on
 * the allocator.  If it executes another, as chroot does, only that counts;
 * its children do not.  Ends with the command's status.
 *
 *	count-syscalls COMMAND...
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct count {
	unsigned long all, memory;
};

static void __attribute__((noreturn)) become(char *argv[])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		err(1, "cannot be traced");
	raise(SIGSTOP);
	execvp(argv[0], argv);
	err(127, "%s", argv[0]);
}

static bool is_for_memory(unsigned long number)
{
	static const unsigned long numbers[] = { SYS_brk,    SYS_mmap,     SYS_munmap,
						 SYS_mremap, SYS_mprotect, SYS_madvise };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (number == numbers[i])
			return true;
	return false;
}

static void count_entry(pid_t pid, struct count *c)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) < 0)
		err(1, "cannot trace (kernels before 5.3 cannot)");
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	c->all++;
	c->memory += is_for_memory(info.entry.nr);
}

/* The status that it ended with. */
static int trace(pid_t pid, struct count *c)
{
	int status, sig = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig) < 0 ||
		    waitpid(pid, &status, 0) < 0)
			err(1, "cannot trace");
		if (!WIFSTOPPED(status))
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		sig = 0;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			count_entry(pid, c);
		else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			*c = (struct count) {};
		else
			sig = WSTOPSIG(status);
	}
}

int main(int argc, char *argv[])
{
	struct count c = {};
	int status;
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: count-syscalls COMMAND...");
	pid = fork();
	if (pid == 0)
		become(argv + 1);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)) < 0)
		err(1, "cannot trace");
	status = trace(pid, &c);
	printf("%lu %lu\n", c.all, c.all - c.memory);
	return status;
}
