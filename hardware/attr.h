/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attributes of a device: files below its directory, and none elsewhere.  Knows
 * nothing of what kind of device it is.
 */
#ifndef MDEVCTL_ATTR_H
#define MDEVCTL_ATTR_H

#include "lib/host.h"
#include "model/mdev.h"

/*
 * One write of the exact value.  Never leaves the directory @dir.
 * @ret_written: whether it came to the write, so that an error is the
 * driver's answer to the value and not that of opening the file.
 */
int attr_write(int dir, const char *name, const char *value, bool *ret_written);
/*
 * The same for a file whose driver takes the last byte for the end of a line
 * (NVIDIA's vgpu_params: without a newline the last character of the value is
 * lost, silently).  -EREMOTEIO: it was written, and the file, which is read
 * back, lacks some of its words.
 */
int attr_write_line(int dir, const char *name, const char *value, bool *ret_written);
/*
 * What attributes were before they were written, in order, so that they can be put back
 * where what they were written for fails.
 */
struct attr_change {
	char *name; /* for messages */
	char *path; /* below the directory, where that is not the name */
	char *before, *after; /* what it read; NULL: it cannot be read */
};
struct attr_log {
	struct attr_change *change;
	size_t n;
};
void attr_log_done(struct attr_log *log);
/*
 * As attr_write(), of the file @path, which is called @name; what that changed is added to
 * @log.  Says so if the file shows another number afterwards, as hardware may round what it
 * is given, or if parts of the device disagree about it.
 */
int attr_write_told(int dir, const char *path, const char *name, const char *value, struct attr_log *log,
		    bool *ret_written);
/* Puts one back.  -ENODATA: it could not be read before, -ESTALE: somebody else has changed
 * it since, or another -errno. */
int attr_put_back(int dir, const struct attr_change *change);
/* Why it was not written, in half a sentence about @whose attribute; caller frees. */
char *attr_explain(const char *whose, const struct mdev_attr *attr, int r, bool written);
/* One decimal number; -EINVAL: it is none, or, of the second, negative. */
int attr_read_integer(int dir, const char *name, long *ret_number);
int attr_read_number(int dir, const char *name, unsigned long *ret_number);

#endif
