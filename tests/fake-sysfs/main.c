// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fake-sysfs [-f] HOST.json MOUNTPOINT: the command line.  Knows the order of starting and ending
 * only.
 */
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
	fprintf(stderr, "usage: fake-sysfs [-f] HOST.json MOUNTPOINT\n");
	return 2;
}

int main(int argc, char **argv)
{
	bool foreground = argc > 1 && streq(argv[1], "-f");
	char *mountpoint;
	int r;

	if (argc != 3 + foreground)
		return usage();
	mountpoint = realpath(argv[argc - 1], NULL);
	if (!mountpoint) {
		fprintf(stderr, "fake-sysfs: %s: %s\n", argv[argc - 1], strerror(errno));
		return 1;
	}
	sim_init();
	tree_init();
	control_init();
	host_load(argv[argc - 2]);
	/* A test's pipes and locks must not live on in a daemon. */
	close_range(3, ~0U, 0);
	r = fs_main(mountpoint, foreground);
	parent_done();
	host_done();
	fault_done();
	tree_done();
	free(mountpoint);
	return r;
}
