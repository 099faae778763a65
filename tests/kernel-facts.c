/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernel-facts STEP...: system calls one after the other, each with its answer on standard output:
 * a number, bytes in quotes, or the name of the errno.  A shell could not make them: it knows no
 * errno, adds O_CREAT and O_TRUNC, and writes again what was not written.  Knows nothing of sysfs;
 * kernel-facts.sh does.
 *
 *   open FLAGS FILE   the file of the following steps; silent, but ends the program if it fails
 *   fd N              that file is a descriptor of the caller
 *   try FLAGS FILE    opens and closes it
 *   write DATA        DATA may have \n \0 \\ \xHH; fill N: N letters x; pwrite DATA OFFSET
 *   read N, pread N OFFSET, seek OFFSET, stat FILE, list DIR, readlink LINK
 *   mkdir, rmdir, unlink, mknod, mkfifo NAME; rename, symlink, link FROM TO
 *   chmod MODE FILE, truncate N FILE
 *   await FILE        until it is there, gone FILE: until it is not; 10 seconds at most; silent
 *
 * FLAGS: r w or rw, then any of +creat +excl +trunc +append +dir +nofollow +path.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DATA_MAX 65536

static int file = -1;
static char data[DATA_MAX];

/* Puts a blank between answers. */
static void begin_answer(void)
{
	static bool first = true;

	if (!first)
		putchar(' ');
	first = false;
}

static void answer(long r)
{
	begin_answer();
	if (r < 0)
		fputs(strerrorname_np(errno), stdout);
	else
		printf("%ld", r);
}

static void put_bytes(const char *bytes, ssize_t len)
{
	if (len < 0) {
		answer(len);
		return;
	}
	begin_answer();
	putchar('"');
	for (ssize_t i = 0; i < len; i++) {
		unsigned char c = bytes[i];

		if (c == '\n')
			fputs("\\n", stdout);
		else if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (isprint(c))
			putchar(c);
		else
			printf("\\x%02x", c);
	}
	putchar('"');
}

static size_t unescape(const char *s)
{
	size_t len = 0;

	for (; *s && len < sizeof(data); s++) {
		char c = *s;

		if (c == '\\' && s[1] == 'x' && isxdigit(s[2]) && isxdigit(s[3])) {
			c = (char)strtol((char[]) { s[2], s[3], '\0' }, NULL, 16);
			s += 3;
		} else if (c == '\\' && s[1]) {
			s++;
			c = (char)(*s == 'n' ? '\n' : *s == '0' ? '\0' : *s);
		}
		data[len++] = c;
	}
	return len;
}

static long number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 0);

	if (!*s || *end) {
		fprintf(stderr, "kernel-facts: %s: not a number\n", s);
		exit(2);
	}
	return n;
}

static size_t count(const char *s)
{
	long n = number(s);

	return n < 0 || n > DATA_MAX ? DATA_MAX : (size_t)n;
}

static int flags_of(const char *words)
{
	static const struct {
		const char *name;
		int flag;
	} known[] = {
		{ "r", O_RDONLY },      { "w", O_WRONLY },      { "rw", O_RDWR },
		{ "creat", O_CREAT },   { "excl", O_EXCL },     { "trunc", O_TRUNC },
		{ "append", O_APPEND }, { "dir", O_DIRECTORY }, { "nofollow", O_NOFOLLOW },
		{ "path", O_PATH },
	};
	char copy[64], *next = copy, *word;
	int flags = O_CLOEXEC;

	snprintf(copy, sizeof(copy), "%s", words);
	while ((word = strsep(&next, "+"))) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(*known) && strcmp(known[i].name, word) != 0)
			i++;
		if (i == sizeof(known) / sizeof(*known)) {
			fprintf(stderr, "kernel-facts: %s: unknown flag\n", word);
			exit(2);
		}
		flags |= known[i].flag;
	}
	return flags;
}

static void do_open(char **arg)
{
	if (file > STDERR_FILENO)
		close(file);
	file = open(arg[1], flags_of(arg[0]), 0666);
	if (file >= 0)
		return;
	answer(-1);
	putchar('\n');
	exit(0);
}

static void do_try(char **arg)
{
	int fd = open(arg[1], flags_of(arg[0]), 0666);

	answer(fd < 0 ? fd : 0);
	if (fd >= 0)
		close(fd);
}

static void do_fd(char **arg)
{
	file = (int)number(arg[0]);
}

static void do_write(char **arg)
{
	answer(write(file, data, unescape(arg[0])));
}

static void do_pwrite(char **arg)
{
	answer(pwrite(file, data, unescape(arg[0]), number(arg[1])));
}

static void do_fill(char **arg)
{
	size_t n = count(arg[0]);

	memset(data, 'x', n);
	answer(write(file, data, n));
}

static void do_read(char **arg)
{
	put_bytes(data, read(file, data, count(arg[0])));
}

static void do_pread(char **arg)
{
	put_bytes(data, pread(file, data, count(arg[0]), number(arg[1])));
}

static void do_seek(char **arg)
{
	answer(lseek(file, number(arg[0]), SEEK_SET));
}

static const char *type_of(mode_t mode)
{
	return S_ISDIR(mode)   ? "directory"
	       : S_ISLNK(mode) ? "link"
	       : S_ISREG(mode) ? "file"
			       : "other";
}

static void do_stat(char **arg)
{
	struct stat st;

	if (lstat(arg[0], &st) < 0) {
		answer(-1);
		return;
	}
	begin_answer();
	printf("%s %04o %u:%u %lld", type_of(st.st_mode), st.st_mode & 07777, st.st_uid, st.st_gid,
	       (long long)st.st_size);
}

/* As readdir tells it: "/" after the name of a directory, "@" after that of a link. */
static void do_list(char **arg)
{
	struct dirent **list;
	int n = scandir(arg[0], &list, NULL, alphasort);

	if (n < 0)
		answer(n);
	for (int i = 0; i < n; i++) {
		unsigned char type = list[i]->d_type;

		begin_answer();
		printf("%s%s", list[i]->d_name,
		       type == DT_DIR   ? "/"
		       : type == DT_LNK ? "@"
		       : type == DT_REG ? ""
					: "?");
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void do_readlink(char **arg)
{
	put_bytes(data, readlink(arg[0], data, sizeof(data)));
}

static void do_mkdir(char **arg)
{
	answer(mkdir(arg[0], 0755));
}

static void do_rmdir(char **arg)
{
	answer(rmdir(arg[0]));
}

static void do_unlink(char **arg)
{
	answer(unlink(arg[0]));
}

static void do_mknod(char **arg)
{
	answer(mknod(arg[0], S_IFREG | 0644, 0));
}

static void do_mkfifo(char **arg)
{
	answer(mknod(arg[0], S_IFIFO | 0644, 0));
}

static void do_rename(char **arg)
{
	answer(rename(arg[0], arg[1]));
}

static void do_symlink(char **arg)
{
	answer(symlink(arg[0], arg[1]));
}

static void do_link(char **arg)
{
	answer(link(arg[0], arg[1]));
}

static void do_chmod(char **arg)
{
	answer(chmod(arg[1], (mode_t)number(arg[0])));
}

static void do_truncate(char **arg)
{
	answer(truncate(arg[1], number(arg[0])));
}

static void wait_until(const char *path, bool there)
{
	time_t end = time(NULL) + 10;
	struct stat st;

	while ((lstat(path, &st) == 0) != there) {
		if (time(NULL) > end) {
			printf("%s: still %s after 10 seconds\n", path,
			       there ? "missing" : "there");
			exit(0);
		}
	}
}

static void do_await(char **arg)
{
	wait_until(arg[0], true);
}

static void do_gone(char **arg)
{
	wait_until(arg[0], false);
}

static const struct step {
	const char *name;
	int args;
	void (*run)(char **arg);
} steps[] = {
	{ "open", 2, do_open },         { "try", 2, do_try },       { "fd", 1, do_fd },
	{ "write", 1, do_write },       { "pwrite", 2, do_pwrite }, { "fill", 1, do_fill },
	{ "read", 1, do_read },         { "pread", 2, do_pread },   { "seek", 1, do_seek },
	{ "stat", 1, do_stat },         { "list", 1, do_list },     { "readlink", 1, do_readlink },
	{ "mkdir", 1, do_mkdir },       { "rmdir", 1, do_rmdir },   { "unlink", 1, do_unlink },
	{ "mknod", 1, do_mknod },       { "rename", 2, do_rename }, { "symlink", 2, do_symlink },
	{ "link", 2, do_link },         { "chmod", 2, do_chmod },   { "mkfifo", 1, do_mkfifo },
	{ "truncate", 2, do_truncate }, { "await", 1, do_await },   { "gone", 1, do_gone },
};

static const struct step *find_step(const char *name)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	return NULL;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc;) {
		const struct step *s = find_step(argv[i]);

		if (!s || i + s->args >= argc) {
			fprintf(stderr, "kernel-facts: %s: %s\n", argv[i],
				s ? "too few words" : "unknown step");
			return 2;
		}
		s->run(argv + i + 1);
		i += s->args + 1;
	}
	putchar('\n');
	return fflush(stdout) ? 1 : 0;
}
