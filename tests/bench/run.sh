#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Measures on the simulated kernel, paired in one run: these machines are
# noisy, so what counts is the ratio.  Never a test.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh

if [[ -z ${MDEVCTL_TEST_NAMESPACE-} ]]; then
	need "${BUILD_NEEDS[@]}" "${RUN_NEEDS[@]}"
	need_fuse
	make -s build/mdevctl build/fake-sysfs
fi
enter_namespace "$PWD/tests/bench/run.sh"

make_work
root=/sys/host
export MDEVCTL_ENV_ROOT=$root PATH=$PWD/build:$PATH
rounds=${ROUNDS:-7}

simulate() { # parents, devices on each
	mkdir -p $root/sys
	sed "s/\"count\": 100,/\"count\": $1,/; s/\"count\": 100 }/\"count\": $2 }/" \
		tests/fake-sysfs/hosts/bench.json >/sys/host.json
	build/fake-sysfs /sys/host.json $root/sys
}

# Milliseconds that the command takes.
milliseconds() {
	local from=${EPOCHREALTIME/./}
	"$@" >/dev/null
	echo $(((${EPOCHREALTIME/./} - from) / 1000))
}

median() {
	sort -n | sed -n "$(((rounds + 1) / 2))p"
}

# Two ways to do the same, in turns; prints both medians and their ratio.
compare() { # title, name of the first way, of the second; one() and two() do it
	local i
	: >/sys/one
	: >/sys/two
	for ((i = 0; i < rounds; i++)); do
		milliseconds one >>/sys/one
		milliseconds two >>/sys/two
	done
	local a b
	a=$(median </sys/one)
	b=$(median </sys/two)
	printf '%s: %s %d ms, %s %d ms, ratio %d.%02d\n' "$1" "$2" "$a" "$3" "$b" \
		$((a / b)) $((a * 100 / b % 100))
}

attributes_side_by_side() {
	local dir=$root/usr/lib/mdevctl/scripts.d/callouts
	mkdir -p $dir
	cat >$dir/attributes <<-'END'
		#!/bin/sh
		[ "$4 $6" = "get attributes" ] || exit 2
		printf '[{"vendor/profile":"%s"}]' "$(echo "$2" | tr a-z A-Z)"
	END
	chmod 755 $dir/attributes
	one() { taskset -c 0 mdevctl list --verbose; }
	two() { mdevctl list --verbose; }
	compare 'list --verbose of 200 devices with a get-attributes script' \
		'one after the other (one CPU)' "side by side ($(nproc) CPUs)"
}

simulate 2 100
attributes_side_by_side
