/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Uses a mediated device as a virtual machine does, for the checks of what `mdevctl stop` makes of that: opens the
 * container, its VFIO group and the device, says "holding" and sleeps, or runs a command and ends with its status.
 * Only the device's file descriptor makes the kernel wait when the device is removed; one of the group alone does not.
 */
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int check(const char *what, int result)
{
	if (result < 0) {
		perror(what);
		exit(EXIT_FAILURE);
	}
	return result;
}

static int run(char **command)
{
	int status;
	pid_t pid = check("fork", fork());

	if (pid == 0) {
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	check("wait", waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	int container, group;

	if (argc < 4) {
		fprintf(stderr, "usage: holder /dev/vfio/GROUP UUID SECONDS [COMMAND...]\n");
		return 2;
	}
	container = check("container", open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
	group = check(argv[1], open(argv[1], O_RDWR | O_CLOEXEC));
	check("VFIO_GROUP_SET_CONTAINER", ioctl(group, VFIO_GROUP_SET_CONTAINER, &container));
	check("VFIO_SET_IOMMU", ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU));
	check(argv[2], ioctl(group, VFIO_GROUP_GET_DEVICE_FD, argv[2]));

	puts("holding");
	fflush(stdout);
	if (argc > 4)
		return run(argv + 4);
	sleep((unsigned int)atoi(argv[3]));
	return 0;
}
