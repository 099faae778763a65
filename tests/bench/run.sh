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

# The devices' links of a simulated host, copied to plain memory: a FUSE server
# would take its share of the CPUs, which the kernel's sysfs does not.
simulate() { # parents, devices on each
	mkdir -p $root/sys /sys/fuse
	sed "s/\"count\": 100,/\"count\": $1,/; s/\"count\": 100 }/\"count\": $2 }/" \
		tests/fake-sysfs/hosts/bench.json >/sys/host.json
	build/fake-sysfs /sys/host.json /sys/fuse
	(cd /sys/fuse && find bus class devices -type l -exec cp -P --parents -t $root/sys {} +)
	umount /sys/fuse
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

# With a script of the usual weight: bash, and a few programs that it runs.
attributes_side_by_side() {
	local dir=$root/usr/lib/mdevctl/scripts.d/callouts
	mkdir -p $dir
	cat >$dir/attributes <<-'END'
		#!/bin/bash
		while (($#)); do declare "${1#-}=$2"; shift 2; done
		[[ $e/$a == get/attributes ]] || exit 2
		profile=$(echo "$t" | tr a-z A-Z)
		level=$(echo "$u" | cut -c1 | sed 's/[^0-9]/0/')
		printf '[{"vendor/profile":"%s"},{"vendor/level":"%s"}]' "$profile" "$level"
	END
	chmod 755 $dir/attributes
	one() { taskset -c 0 mdevctl list --verbose; }
	two() { mdevctl list --verbose; }
	compare 'list --verbose of 200 devices with a get-attributes script' \
		'one after the other (one CPU)' "side by side ($(nproc) CPUs)"
}

simulate 2 100
attributes_side_by_side
