/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages to stderr, and to syslog where nobody reads that.
 */
#include "lib/say.h"

#include <sys/stat.h>
#include <syslog.h>

#define PROGRESS_AFTER_MS 1000
#define PROGRESS_EVERY_MS 100

static enum verbosity verbosity = SAY_NOTICE;
static bool use_syslog;
static const char *about;

void error_set(struct error *e, const char *fmt, ...)
{
	va_list ap;

	free(e->text);
	va_start(ap, fmt);
	e->text = xvasprintf(fmt, ap);
	va_end(ap);
}

void error_prefix(struct error *e, const char *prefix)
{
	_cleanup_free_ char *text = take(e->text);

	error_set(e, "%s%s", prefix, text);
}

void error_done(struct error *e)
{
	free(e->text);
	e->text = NULL;
}

/* The line of progress that stands on the terminal is so long. */
static int progress_length;

static void clear_progress(void)
{
	if (progress_length)
		fprintf(stderr, "\r%*s\r", progress_length, "");
	progress_length = 0;
}

struct progress progress_begin(const char *what, size_t total)
{
	return (struct progress){ .what = what, .total = total, .begun = now_ms() };
}

void progress_show(struct progress *p, size_t done)
{
	uint64_t now = now_ms();

	if (now - p->begun < PROGRESS_AFTER_MS || now - p->shown < PROGRESS_EVERY_MS ||
	    !isatty(STDERR_FILENO))
		return;
	p->shown = now;
	clear_progress();
	progress_length = fprintf(stderr, "mdevctl: %s: %zu of %zu", p->what, done, p->total);
	fflush(stderr);
}

void progress_end(const struct progress *p)
{
	if (p->shown)
		clear_progress();
}

void say_init(void)
{
	static const char *const names[] = {
		[SAY_NOTICE] = "warn",
		[SAY_INFO] = "info",
		[SAY_DEBUG] = "debug",
	};
	const char *wanted = secure_getenv("MDEVCTL_LOG");

	if (!wanted || !*wanted)
		return;
	for (size_t i = SAY_NOTICE; i < ARRAY_SIZE(names); i++) {
		if (str_eq(wanted, names[i])) {
			verbosity = i;
			return;
		}
	}
	warn("MDEVCTL_LOG is '%s', which is none of warn, info, debug", wanted);
}

/* Of a service, whose messages the journal would have twice (systemd.exec(5)). */
static bool is_journal(void)
{
	const char *stream = secure_getenv("JOURNAL_STREAM");
	_cleanup_free_ char *ours = NULL;
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	ours = xasprintf("%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return str_eq(stream, ours);
}

void say_about(const char *name)
{
	about = name;
}

void say_to_syslog(void)
{
	if (is_journal())
		return;
	openlog("mdevctl", LOG_PID, LOG_DAEMON);
	use_syslog = true;
}

static void _printf_(2, 0) say(enum verbosity level, const char *fmt, va_list ap)
{
	static const int priority[] = { LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };
	static const char *const prefix[] = { "", "warning: ", "", "", "debug: " };
	_cleanup_free_ char *raw = NULL, *text = NULL;

	if (level > verbosity)
		return;
	raw = xvasprintf(fmt, ap);
	if (about) {
		_cleanup_free_ char *bare = raw;

		raw = xasprintf("%s: %s", about, bare);
	}
	text = str_escape(raw);
	clear_progress();
	fprintf(stderr, "mdevctl: %s%s\n", prefix[level], text);
	if (use_syslog)
		syslog(priority[level], "%s%s", prefix[level], text);
}

#define SAY(level, fmt)                   \
	do {                              \
		int saved_errno = errno;  \
		va_list ap;               \
		va_start(ap, fmt);        \
		say(level, fmt, ap);      \
		va_end(ap);               \
		errno = saved_errno;      \
	} while (0)

void say_from(const char *script, const char *line)
{
	_cleanup_free_ char *text = str_escape(line);

	clear_progress();
	fprintf(stderr, "%s: %s\n", script, text);
	if (use_syslog)
		syslog(LOG_NOTICE, "%s: %s", script, text);
}

void warn(const char *fmt, ...)
{
	SAY(SAY_WARNING, fmt);
}

void notice(const char *fmt, ...)
{
	SAY(SAY_NOTICE, fmt);
}

void info(const char *fmt, ...)
{
	SAY(SAY_INFO, fmt);
}

void debug(const char *fmt, ...)
{
	SAY(SAY_DEBUG, fmt);
}

int fail(const char *fmt, ...)
{
	SAY(SAY_ERROR, fmt);
	return -ECANCELED;
}

int fail_errno(int r, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	fail("%s: %s", text, strerror(-r));
	return r;
}

void fail_more(const char *fmt, ...)
{
	_cleanup_free_ char *raw = NULL, *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	raw = xvasprintf(fmt, ap);
	va_end(ap);
	text = str_escape(raw);
	fprintf(stderr, "  %s\n", text);
	if (use_syslog)
		syslog(LOG_ERR, "  %s", text);
}
