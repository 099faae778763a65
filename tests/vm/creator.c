/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Creates a mediated device of each UUID on stdin, in the least that this can take: one open, and a write(2) for each.
 * What `mdevctl start-parent-mdevs` is measured against.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char line[64];
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: creator /sys/class/mdev_bus/PARENT/mdev_supported_types/TYPE/create <UUIDS\n");
		return 2;
	}
	fd = open(argv[1], O_WRONLY);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		if (write(fd, line, 36) != 36) {
			perror(line);
			return 1;
		}
	}
	return 0;
}
