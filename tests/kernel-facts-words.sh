# shellcheck shell=sh disable=SC2034 # lists of questions use hook
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The words of lists of questions, kernel-facts.sh and kernel-facts-vfs.sh, which are run with SYSFS and HOOK, source
# this, and are in the directory SYSFS then.

set -u
LC_ALL=C
export LC_ALL

hook=$2
cd "$1" || exit 2
tmp=$(mktemp -d)
holder=
trap '[ -z "$holder" ] || kill "$holder"; rm -rf "$tmp"' EXIT

say() { # TITLE ANSWER
	printf '%s: %s\n' "$1" "$(printf '%s' "$2" | tr '\n' ' ')"
}

# fact TITLE STEP...
fact() {
	printf '%s: ' "$1"
	shift
	kernel-facts "$@"
}

# Steps on the way, whose answer is shown only if it is another.
must() { # ANSWER STEP...
	wanted=$1
	shift
	got=$(kernel-facts "$@")
	[ "$got" = "$wanted" ] || say unexpected "kernel-facts $*: $got"
}

# Runs it in the background; its output goes to a file.
begin() { # NAME STEP...
	name=$1
	shift
	: >"$tmp/$name" # before anybody waits for it
	kernel-facts "$@" >"$tmp/$name" &
}

output() { cat "$tmp/$1"; }

until_ok() {
	tries=500
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" != 0 ] || { say unexpected "never came: $*"; return; }
		sleep 0.02
	done
}

has_line() { grep -qs "$1" "$tmp/$2"; }

# Has HOOK use a device until `release`.
hold_in_group() { # DEVICE GROUP
	: >"$tmp/holder" # it may have been another one's
	"$hook" hold "$1" "$(basename "$(readlink "$2")")" >"$tmp/holder" 2>&1 &
	holder=$!
	until_ok has_line holding holder
}

release() {
	kill "$holder"
	wait "$holder"
	holder=
} 2>/dev/null
