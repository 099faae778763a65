#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The one entry to the fast tests: installs what is missing (as root), builds
# the release and the sanitizer build, and runs every case of tests/cases
# against both on the simulated kernel.
#
#	tests/run.sh [-v] [PATTERN...]	only cases whose title matches (glob)
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD
self=$top/tests/run.sh

build() {
	need "${BUILD_NEEDS[@]}" "${RUN_NEEDS[@]}" sanitizers
	need_fuse
	make -s -j"$(nproc)" build/mdevctl build/fake-sysfs
	make -s -j"$(nproc)" SANITIZE=1 build-asan/mdevctl
}

# "FILE:LINE" of each case that is asked for.
list_cases() {
	local file line title pattern
	for file in tests/cases/*.case; do
		while IFS=: read -r line title; do
			for pattern in "$@"; do
				# shellcheck disable=SC2053 # it is a pattern
				[[ $title == $pattern ]] && echo "$file:$line" && break
			done
		done < <(grep -n '^== ' "$file" | sed 's/:== /:/')
	done
}

summary() { # file of results
	local passed failed
	passed=$(grep -c '^ok ' "$1" || true)
	failed=$(grep -c '^not ok ' "$1" || true)
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

main() {
	local verbose='' work patterns=()
	[[ ${1-} == -v ]] && verbose=1 && shift
	for pattern in "$@"; do patterns+=("*$pattern*"); done
	((${#patterns[@]})) || patterns=('*')
	work=/tmp/mdevctl-test
	mkdir -p "$work"
	mount -t tmpfs -o mode=755 tmpfs "$work"
	chmod 1777 "$work"
	export TEST_WORK=$work TEST_TOP=$top TEST_VERBOSE=$verbose
	list_cases "${patterns[@]}" >"$work/cases"
	for variant in build build-asan; do sed "s|^|$variant |" "$work/cases"; done |
		xargs -r -n 2 -P "$(($(nproc) * 2))" tests/lib/case.sh |
		tee "$work/results" | { grep -v '^ok ' || true; }
	if [[ -z $verbose && ${#patterns[@]} -gt 0 && ${patterns[0]} != '*' ]]; then
		grep '^ok ' "$work/results" || true
	fi
	summary "$work/results"
}

# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
[[ ${MDEVCTL_TEST_NAMESPACE-} ]] || build
enter_namespace "$self" "$@"
main "$@"
