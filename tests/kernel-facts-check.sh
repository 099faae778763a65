#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kernel-facts-check.sh [-q] LIST WHERE SYSFS HOOK: does the kernel there answer what it should?  "ok - TITLE" for each
# question of LIST.sh (kernel-facts, kernel-facts-vfs), "not ok - TITLE" with both answers; -q: only the latter.  The
# right answers are in LIST.expected; those of LIST.differ take their place if they begin with WHERE ("simulated",
# "6.12"), and have to be other ones.
set -u

here=$(dirname "$0")
quiet=
[ "$1" != -q ] || { quiet=1; shift; }

"$here/$1.sh" "$3" "$4" 2>&1 |
	awk -v where="$2" -v quiet="$quiet" '
	function fail(title, reason) {
		printf "not ok - %s\n  # %s\n", title, reason
		failed = 1
	}
	{
		end = index($0, ": ")
		title = substr($0, 1, end - 1)
		answer = substr($0, end + 2)
	}
	FILENAME ~ /expected$/ {
		order[++questions] = title
		expected[title] = answer
	}
	FILENAME ~ /differ$/ && $1 == where {
		title = substr(title, length(where) + 2)
		if (!(title in expected) || expected[title] == answer)
			fail(title, "is in LIST.differ, but no different answer")
		expected[title] = answer
	}
	FILENAME == "-" && (!(title in expected) || title in given) { fail($0, "nobody asked for this line") }
	FILENAME == "-" { given[title] = answer }
	END {
		for (i = 1; i <= questions; i++) {
			title = order[i]
			if (!(title in given))
				fail(title, "no answer")
			else if (given[title] != expected[title])
				fail(title, "expected: " expected[title] "\n  # answered: " given[title])
			else if (!quiet)
				print "ok - " title
		}
		exit failed || !questions
	}' "$here/$1.expected" "$here/$1.differ" -
