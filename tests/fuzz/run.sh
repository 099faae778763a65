#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fuzzing: each target with libFuzzer and the sanitizers for a while, from the
# committed inputs on, one after the other.
#
#	tests/fuzz/run.sh [TARGET...]	FUZZ_TIME seconds (60) for each
#
# What is found beside them is kept in build-fuzz/corpus for the next run; an
# input that crashes, hangs, leaks or breaks a promise in build-fuzz/TARGET-*.
# Copied to tests/fuzz/corpus/TARGET it is a test of `make check`.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
need "${BUILD_NEEDS[@]}" objcopy libfuzzer
seconds=${FUZZ_TIME:-60}

tmp=$(mktemp -d "$([[ -w /dev/shm ]] && echo /dev/shm || echo /tmp)/mdevctl-fuzz.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
# Half as slow: the last callers of an allocation are enough to find it.
export ASAN_OPTIONS=malloc_context_size=5:quarantine_size_mb=16

# One target; sets `executions`.
fuzz() { # target
	local target=$1 status=0 options
	options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=512
		-dict="tests/fuzz/dict/$target.dict" -artifact_prefix="build-fuzz/$target-" -print_final_stats=1)
	mkdir -p "build-fuzz/corpus/$target"
	TMPDIR=$tmp nice "build-fuzz/fuzz/$target" "${options[@]}" "build-fuzz/corpus/$target" \
		"tests/fuzz/corpus/$target" >"build-fuzz/$target.log" 2>&1 || status=$?
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "build-fuzz/$target.log")
	if ((status)); then
		echo "not ok - $target: build-fuzz/$target.log has"
		grep -aE -A 12 'broken|ERROR|SUMMARY|Test unit written' "build-fuzz/$target.log" | head -50
		return 1
	fi
	printf 'ok - %-14s %12s executions\n' "$target" "$executions"
}

make -s -j"$(nproc)" CC=clang FUZZ=1 fuzz-targets
targets=("$@")
((${#targets[@]})) || targets=(definition blueprint attributes capabilities types command-line)
total=0 failed=0
for target in "${targets[@]}"; do
	executions=0
	fuzz "$target" || failed=1
	((total += ${executions:-0})) || true
done
echo "$total executions in all"
exit "$failed"
