#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Static checks: warnings of gcc and clang as errors, clang-tidy, cppcheck, of
# scripts and the manual, spelling, and what of this house's rules a machine can check.  Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
need "${BUILD_NEEDS[@]}" fuse3 objcopy clang clang-tidy cppcheck shellcheck mandoc codespell git

passed=0 failed=0
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

check() { # name, command...
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		echo "ok - $name"
		((++passed))
	else
		printf 'not ok - %s\n%s\n' "$name" "$output"
		((++failed))
	fi
}

defines=(-iquote . -D_GNU_SOURCE '-DVERSION="0"' '-DSYSCONFDIR="/etc"')
read -ra includes <<<"$(pkg-config --cflags jansson uuid fuse3)"
mapfile -t program < <(git ls-files '*.c' ':!tests')
mapfile -t headers < <(git ls-files '*.h' ':!tests')
mapfile -t tests < <(git ls-files 'tests/fake-sysfs/*.c' 'tests/fuzz/*.c' 'tests/bench/*.c' \
	tests/kernel-facts.c tests/lib/count-syscalls.c)
mapfile -t scripts < <(git ls-files '*.sh' .ci/run examples/callouts examples/nvidia 'debian/*.p*inst' 'debian/*.postrm' ':!*.md')
mapfile -t sources < <(git ls-files '*.[ch]' '*.sh' '*.rules' '*.spec' 'systemd/*' 'debian/*.p*' debian/rules Makefile .ci/run)

compiles() { # compiler, further flags
	local compiler=$1
	shift
	make -s -j"$(nproc)" CC="$compiler" WERROR=1 BUILD="$build/$compiler$*" "$@" \
		"$build/$compiler$*"/{mdevctl,fake-sysfs} tools fuzz-targets
}

# Follows the paths through the program; with -O2, so that it sees into functions.
analyzed() {
	make -s -j"$(nproc)" CC=gcc WERROR=1 BUILD="$build/analyzed" CFLAGS='-O2 -g -fanalyzer' \
		"$build/analyzed/mdevctl"
}

# Every finding is an error; what is left out has its reason in .clang-tidy.
tidy() {
	printf '%s\n' "${program[@]}" "${tests[@]}" |
		xargs -P "$(nproc)" -I FILE clang-tidy --quiet FILE -- -std=gnu11 "${defines[@]}" "${includes[@]}"
}

cpp_check() {
	cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
		-j "$(nproc)" --suppress=missingIncludeSystem --std=c11 "${defines[@]}" \
		"${program[@]}" "${tests[@]}"
}

licensed() {
	local file bad=0
	for file in "${sources[@]}"; do
		head -3 "$file" | grep -q 'SPDX-License-Identifier: LGPL-2.1-or-later' && continue
		echo "$file: no SPDX line"
		bad=1
	done
	return $bad
}

# Under sh -e a bare "! command" never fails the script; a note for later is no work done.
house_rules() {
	local bad=0
	git grep -nE '^[[:space:]]*! [a-z./$"]' -- '*.sh' && bad=1
	git grep -nE '\b(TODO|FIXME|XXX|HACK)\b' -- '*.[ch]' Makefile tests/lib tests/vm tests/libvirt && bad=1
	git grep -nE '[[:space:]]+$' -- '*.[ch]' '*.sh' Makefile '*.md' '*.[78]' && bad=1
	return $bad
}

# Which room may include which is the table in HACKING.md; a file at the top is a room of its name.
rooms() {
	awk -F'|' '
		function room(path) { sub(/^tests\/.*/, "", path); sub(/[.\/].*/, "", path); return path }
		FILENAME == "HACKING.md" {
			if ($2 !~ /`/)
				next
			gsub(/[` ]/, "", $2)
			n = split($2, rooms, ",")
			for (i = 1; i <= n; i++) {
				known[room(rooms[i])] = 1
				below[room(rooms[i])] = below[room(rooms[i])] " " $4 " "
			}
			n = split($4, rooms, " ")
			for (i = 1; i <= n; i++)
				if (known[rooms[i]]) {
					print "HACKING.md:" FNR ": " $2 " may include " rooms[i] ", which stands above it"
					bad = 1
				}
			next
		}
		FNR == 1 && !known[room(FILENAME)] { print FILENAME ": in no room of HACKING.md"; bad = 1 }
		/^#include "/ {
			split($0, quoted, "\"")
			if (room(quoted[2]) != room(FILENAME) && !index(below[room(FILENAME)], " " room(quoted[2]) " ")) {
				print FILENAME ":" FNR ": may not include " quoted[2]
				bad = 1
			}
		}
		END { exit bad }' HACKING.md "${program[@]}" "${headers[@]}"
}

check 'gcc: no warning' compiles gcc
check 'gcc, sanitizers: no warning' compiles gcc SANITIZE=1
check 'clang: no warning' compiles clang
check 'gcc -fanalyzer' analyzed
check 'clang-tidy' tidy
check 'cppcheck' cpp_check
check 'shellcheck' shellcheck -x "${scripts[@]}"
check 'mandoc -T lint' mandoc -T lint -W warning man/*.[78]
check 'codespell' codespell -L nd --skip='./build*,.git,COPYING,./tests/cases' .
check 'every file has its licence' licensed
check 'house rules' house_rules
check 'includes point down between rooms' rooms
echo "$passed passed, $failed failed"
((failed == 0))
