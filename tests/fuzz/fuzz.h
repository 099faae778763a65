/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fuzz targets share: texts of exact length, what the program prints,
 * and promises that must hold whatever comes in.
 */
#ifndef MDEVCTL_FUZZ_H
#define MDEVCTL_FUZZ_H

#include "model/mdev.h"

/* A promise; if it is broken the input is a finding, as a crash is. */
#define must(promise) \
	((promise) ? (void)0 : fuzz_broken(#promise, __FILE__, __LINE__))
void fuzz_broken(const char *promise, const char *file, int line) __attribute__((noreturn));

/* What libFuzzer calls, and replay.c where there is none. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input with a NUL after it, in memory of just that size; caller frees. */
char *fuzz_text(const uint8_t *data, size_t size);

/* What the program has printed on one stream since fuzz_forget(). */
struct printed {
	char *data; /* NUL-terminated */
	size_t length, size;
};
void fuzz_forget(void);
const struct printed *fuzz_stdout(void);
const struct printed *fuzz_stderr(void);

/* Whole lines, @n of them, that cannot steer a terminal. */
void must_be_lines(const struct printed *p, size_t n);
/* Whole lines on stderr, as many as there are. */
void must_warn_cleanly(void);
/* JSON and one newline, that says just what @expected says. */
void must_be_json(const struct printed *p, const json_t *expected);
/* The sentence begins with @source and a line that the text has. */
void must_name_a_line(const struct error *error, const char *source, const char *text,
		      size_t length);
/* An independent reading of what the contract says of names. */
bool is_name(const char *name);
bool is_attr_name(const char *name);
/* Whether @attrs is an array of one-key objects with a name and a string. */
bool is_attr_array(const json_t *attrs);

#endif
