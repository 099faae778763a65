#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The one entry to the fast tests: installs what is missing (as root), builds
# the release and the sanitizer build, and runs every case of tests/cases
# against both on the simulated kernel.
#
#	tests/run.sh [-v] [PATTERN...]	only cases whose title matches (glob)
#
# With TEST_COVERAGE=1 against build-cov alone, for tests/coverage.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD
self=$top/tests/run.sh
variants=(build build-asan)
[[ ! ${TEST_COVERAGE-} ]] || variants=(build-cov)

build() {
	need "${BUILD_NEEDS[@]}" "${RUN_NEEDS[@]}" sanitizers strace
	need_fuse
	trap give_builds EXIT
	make -s -j"$(nproc)" build/mdevctl build/fake-sysfs build/libkmod.so.2 build/kernel-facts \
		build/count-syscalls fuzz-targets property
	[[ ${TEST_COVERAGE-} ]] || make -s -j"$(nproc)" SANITIZE=1 build-asan/mdevctl fuzz-targets property
}

matches() { # title, patterns
	local title=$1 pattern
	shift
	for pattern in "$@"; do
		# shellcheck disable=SC2053 # it is a pattern
		if [[ $title == $pattern ]]; then return; fi
	done
	return 1
}

# "FILE:LINE" of each case that is asked for.
list_cases() {
	local file line title
	for file in tests/cases/*.case; do
		while IFS=: read -r line title; do
			if matches "${title#== }" "$@"; then echo "$file:$line"; fi
		done < <(grep -n '^== ' "$file")
	done
}

# Shows failures, with -v and for a few cases successes as well.
show() {
	if [[ $1 ]]; then cat; else grep -av '^ok ' || true; fi
}

count() { # regular expression, file
	grep -ac "$1" "$2" || true
}

# A run that was killed has left no line.
find_silent() { # file of cases, file of results
	local silent
	silent=$((${#variants[@]} * $(wc -l <"$1") - $(count '^\(not ok\|ok\|skip\) ' "$2")))
	((silent == 0)) || echo "not ok - $silent runs of cases ended without a result"
}

# Is the simulated kernel one?  Its lines without its summary.
check_simulation() {
	{
		TMPDIR=/sys SELFTEST_INSIDE=1 tests/fake-sysfs/selftest.sh "$top/build/fake-sysfs" </dev/null 2>&1 ||
			echo "not ok - it fails its own test"
	} | sed '/ passed, .* failed$/d; s/^\(not \)\?ok - /&fake-sysfs: /'
}

# Does it answer as the real one (tests/vm) does?
check_facts() { # list of questions, host
	mkdir "$TEST_WORK/facts"
	build/fake-sysfs "tests/fake-sysfs/hosts/$2.json" "$TEST_WORK/facts"
	{
		PATH=$top/build:$PATH timeout -k 5 180 tests/kernel-facts-check.sh "$1" simulated "$TEST_WORK/facts" \
			"$top/tests/fake-sysfs/facts-hook.sh" </dev/null 2>&1 ||
			echo "not ok - it answers otherwise than the real kernel"
	} | sed "s/^\(not \)\?ok - /&$1: /"
	umount "$TEST_WORK/facts"
	rmdir "$TEST_WORK/facts"
}

# What fuzzing starts from and has found, once more; the lines of each target.
check_inputs() {
	local variant inputs output
	for variant in "${variants[@]}"; do
		for inputs in tests/fuzz/corpus/*; do
			if output=$(TMPDIR=/sys "$variant/fuzz/${inputs##*/}" "$inputs" 2>&1); then
				echo "ok - hostile input: ${inputs##*/} in $variant"
			else
				printf 'not ok - hostile input: %s\n%s\n' "$inputs in $variant" "$(tail -n 20 <<<"$output")"
			fi
		done
	done
}

# Random hosts: PROPERTY_SEED=N for others, PROPERTY_PAIRS=N for more of them.
check_property() { # NAME VARIANT COMMAND...
	local name=$1 variant=$2 output
	shift 2
	if output=$("$@" 2>&1); then
		echo "ok - $name in $variant: $output"
	else
		printf 'not ok - %s in %s\n%s\n' "$name" "$variant" "$(head -n 60 <<<"$output")"
	fi
}

# Each waits for its own host most of the time.
check_properties() {
	local variant pairs
	for variant in "${variants[@]}"; do
		pairs=${PROPERTY_PAIRS:-$([[ $variant == build-asan ]] && echo 50 || echo 150)}
		check_property 'random plans' "$variant" "$variant/property/plan" "${PROPERTY_SEED:-1}"
		check_property 'random hosts' "$variant" env TMPDIR=/sys tests/property/apply.py \
			"$TEST_WORK/$variant/mdevctl" build/fake-sysfs --pairs "$pairs" &
	done
	wait
}

summary() { # file of results
	local passed failed skipped
	passed=$(count '^ok ' "$1")
	failed=$(count '^not ok ' "$1")
	skipped=$(count '^skip ' "$1")
	((skipped)) && skipped=", $skipped skipped" || skipped=
	echo "$passed passed, $failed failed$skipped"
	((failed == 0 && passed > 0))
}

main() {
	local verbose='' work=/sys patterns=('*') variant
	[[ ${1-} == -v ]] && verbose=1 && shift
	if (($#)); then
		verbose=1
		patterns=("${@/#/*}")
		patterns=("${patterns[@]/%/*}")
	fi
	make_work
	export TEST_WORK=$work TEST_TOP=$top
	list_cases "${patterns[@]}" >"$work/cases"
	for variant in "${variants[@]}"; do
		# Where anybody may run it, wherever this tree is.
		install -D "$variant/mdevctl" "$work/$variant/mdevctl"
		sed "s|^|$variant |" "$work/cases"
	done |
		xargs -r -n 2 -P "$(($(nproc) * 2))" timeout -k 5 180 tests/lib/case.sh |
		tee "$work/results" | show "$verbose" || true
	find_silent "$work/cases" "$work/results" | tee -a "$work/results"
	if [[ ${patterns[0]} == '*' && ! ${TEST_COVERAGE-} ]]; then
		{
			check_simulation
			check_facts kernel-facts mtty-mdpy
			check_facts kernel-facts-vfs vf-nvme
			check_inputs
			check_properties
		} | tee -a "$work/results" | show "$verbose" || true
	fi
	summary "$work/results"
}

# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
[[ ${MDEVCTL_TEST_NAMESPACE-} ]] || build
enter_namespace "$self" "$@"
main "$@"
