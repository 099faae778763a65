/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into mdevctl, this makes it a kernel before 5.3, or a container
 * whose filter refuses what it does not know: openat2, pidfd_open and
 * close_range fail with ENOSYS.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>

long syscall(long number, ...);

long syscall(long number, ...)
{
	long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long arg[6];
	va_list ap;

	if (number == SYS_openat2 || number == SYS_pidfd_open || number == SYS_close_range) {
		errno = ENOSYS;
		return -1;
	}
	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	return next(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}
