/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a fuzz target over the files of directories, for builds without
 * libFuzzer: the committed inputs are cases of `make check`.  Names each file
 * first, so that the last name is that of the one that broke something.
 */
#include <fcntl.h>

#include "lib/host.h"
#include "fuzz.h"

#define INPUT_MAX ((size_t)16 << 20)

static int replay(int dir, const char *name)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *data = NULL;
	size_t length = 0;
	int r;

	dprintf(STDOUT_FILENO, "%s\n", name);
	r = fd < 0 ? -errno : read_all(fd, INPUT_MAX, false, &data, &length);
	if (r < 0) {
		dprintf(STDERR_FILENO, "%s: %s\n", name, strerror(-r));
		return r;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)data, length);
	return 0;
}

int main(int argc, char **argv)
{
	size_t n = 0;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		_cleanup_closedir_ DIR *dir = opendir(argv[i]);
		struct dirent *e;

		while (dir && (e = dir_next(dir)))
			if (replay(dirfd(dir), e->d_name) == 0)
				n++;
	}
	dprintf(STDOUT_FILENO, "%zu inputs\n", n);
	return n ? EXIT_SUCCESS : EXIT_FAILURE;
}
