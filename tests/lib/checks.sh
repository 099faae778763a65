# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by scripts that check one thing after the other, each a function that
# runs under set -e and says on its output what it found.  TMPDIR is theirs.

passed=0 failed=0

report() { # status, title, files that tell why it failed
	if (($1 == 0)); then
		echo "ok - $2"
		((++passed))
	else
		echo "not ok - $2"
		sed 's/^/    /' "${@:3}"
		((++failed))
	fi
}

check() { # title, command...
	local title=$1 status
	shift
	# As a condition it would go on after a failure.
	set +e
	(set -e; "$@") >"$TMPDIR/output" 2>&1
	status=$?
	set -e
	report "$status" "$title" "$TMPDIR/output"
}

same() { # expected, actual
	[[ $1 == "$2" ]] || { printf 'expected: %s\nis:       %s\n' "$1" "$2"; return 1; }
}

fails() { # command...
	if "$@"; then
		echo "should have failed: $*"
		return 1
	fi
}

summary() {
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}
