/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deferring SIGINT, SIGTERM and SIGHUP.  The marks, and that they count no longer, are the only variables of the
 * program that are not passed down: a signal handler has no arguments.
 */
#include "lib/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came, to_forward;
static bool is_disregarded;

static void on_signal(int signal)
{
	came = signal;
	to_forward = signal;
}

void interrupt_defer(void)
{
	/* poll(2) returns all the same; other calls go on. */
	const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	static bool deferred;
	struct sigaction old;

	if (deferred)
		return;
	deferred = true;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (sigaction(signals[i], &action, &old) < 0 || old.sa_handler != SIG_IGN)
			continue;
		/* One that came in between would have been ignored. */
		sigaction(signals[i], &old, NULL);
		if (came == signals[i])
			came = to_forward = 0;
	}
	/* Nobody reading our messages must not keep post from running. */
	signal(SIGPIPE, SIG_IGN);
}

bool interrupted(void)
{
	return came != 0 && !is_disregarded;
}

void interrupt_disregard(void)
{
	is_disregarded = true;
}

int interrupt_to_forward(void)
{
	int signal = to_forward;

	to_forward = 0;
	return signal;
}
