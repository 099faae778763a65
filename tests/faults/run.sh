#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What happens when a system call fails, or the program is killed at one, or
# the power goes: every command, at every system call.
#
#	tests/faults/run.sh [-v] [PATTERN...]	only scenarios of that name (glob)
#
# The release build is given every errno that a call might plausibly return;
# the sanitizer build one of them, for the memory errors of paths that nothing
# else reaches (its leak check cannot run under a tracer), in scenarios that
# take each path once.
set -euo pipefail
cd "$(dirname "$0")/../.."
top=$PWD
self=$top/tests/faults/run.sh

build() {
	need "${BUILD_NEEDS[@]}" "${RUN_NEEDS[@]}" sanitizers strace
	need_fuse
	make -s -j"$(nproc)" build/mdevctl build/fake-sysfs
	make -s -j"$(nproc)" SANITIZE=1 build-asan/mdevctl
}

list_scenarios() {
	local pattern name
	# shellcheck source=tests/faults/scenarios.sh
	. tests/faults/scenarios.sh
	for name in "${scenarios[@]}"; do
		for pattern in "$@"; do
			# shellcheck disable=SC2053 # it is a pattern
			if [[ $name == $pattern ]]; then
				echo "$name"
				break
			fi
		done
	done
}

# Those for the sanitizer build.
sanitized='define-first define-running define-scripts modify-json modify-unchanged modify-scripts undefine-several
undefine-scripts start-scripts start-refused autostart apply-pool apply-restart stop-scripts list-running-json types-json'

show() {
	if [[ $1 ]]; then cat; else grep -av '^ok ' || true; fi
}

# Numbers of faults in the lines of success.
total() { # word, file
	sed -n "s/.*: \(.* \)\?\([0-9][0-9]*\) $1.*/\2/p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

main() {
	local verbose='' work=/sys variant passed failed runs
	[[ ${1-} == -v ]] && verbose=1 && shift
	if (($#)); then verbose=1; else set -- '*'; fi
	make_work
	export TEST_WORK=$work TEST_TOP=$top
	list_scenarios "$@" >"$work/names"
	for variant in build build-asan; do
		install -D "$variant/mdevctl" "$work/$variant/mdevctl"
	done
	{
		sed 's|^|build |' "$work/names"
		grep -xF "${sanitized// /$'\n'}" "$work/names" | sed 's|^|build-asan |' || true
	} | tee "$work/runs" |
		xargs -r -n 2 -P "$(nproc)" timeout -k 5 300 tests/faults/scenario.sh |
		tee "$work/results" | show "$verbose" || true
	passed=$(grep -ac '^ok ' "$work/results" || true)
	failed=$(grep -ac '^not ok ' "$work/results" || true)
	runs=$(wc -l <"$work/runs")
	if ((passed + failed != runs)); then
		echo "not ok - $((runs - passed - failed)) scenarios ended without a result"
		((++failed))
	fi
	echo "$(total errors "$work/results") errors, $(total kills "$work/results") kills in $runs scenarios: $passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
[[ ${MDEVCTL_TEST_NAMESPACE-} ]] || build
enter_namespace "$self" "$@"
main "$@"
