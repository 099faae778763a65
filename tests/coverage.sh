#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Which lines of the program the cases execute: per file, and each line that
# none does.  Fails where a file has less than 90 %.
#
#	tests/coverage.sh [PATTERN...]	of the cases whose title matches
#
# tests/coverage.md says why the rest is not executed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
need "${BUILD_NEEDS[@]}" gcov
least=90

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
make -s -j"$(nproc)" CC=gcc COVERAGE=1 build-cov/mdevctl
# Processes of any user add up what they have executed, also where one may
# create no file; what goes wrong with that is no output of the program's.
build=$PWD/build-cov
mkdir -m 777 "$tmp/gcov"
chmod 755 "$tmp"
sources=(*.c [!t]*/*.c)
for file in "${sources[@]%.c}"; do
	mkdir -p "$tmp/gcov/$(dirname "$file")"
	: >"$tmp/gcov/$file.gcda"
done
: >"$tmp/gcov/errors"
chmod -R a+rwX "$tmp/gcov"
strip=$(tr -dc / <<<"$build" | wc -c)
export GCOV_PREFIX=$tmp/gcov GCOV_PREFIX_STRIP=$strip GCOV_ERROR_FILE=$tmp/gcov/errors
# Coverage counts only if the cases pass.
TEST_COVERAGE=1 tests/run.sh "$@" || exit 1
for file in "${sources[@]%.c}"; do
	rm -f "$build/$file.gcda"
	[[ ! -s $tmp/gcov/$file.gcda ]] || mv "$tmp/gcov/$file.gcda" "$build/$file.gcda"
done

# gcov writes where it runs, a path with '#' for each '/', and looks for the sources there.
ln -s "$PWD"/*.[ch] "$PWD"/[!t]*/ "$tmp"
for file in "${sources[@]}"; do
	(cd "$tmp" && gcov -p -o "$build/$(dirname "$file")" "$file")
done >"$tmp/log" 2>&1
awk -F: -v least=$least '
	{ count = $1; gsub(/[ *]/, "", count) }
	$2 ~ /^ *0$/ || count == "-" { next }
	{
		file = FILENAME
		sub(/.*\//, "", file)
		sub(/\.gcov$/, "", file)
		gsub(/#/, "/", file)
		all[file]++
	}
	count ~ /^[#=]+$/ {
		missed[file]++
		line = $0
		sub(/^[^:]*: */, "", line)
		text = text file ":" line "\n"
	}
	END {
		printf "%s", text
		for (file in all) {
			percent = 100 * (all[file] - missed[file]) / all[file]
			printf "%-24s %5.1f %% of %4d lines%s\n", file, percent, all[file],
				percent < least ? ", less than " least " %" : "" | "sort"
			bad += percent < least
		}
		close("sort")
		exit bad > 0
	}' "$tmp"/*.c.gcov
