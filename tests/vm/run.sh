#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the mdevctl binary given as argument on real kernels in QEMU, one after the other, and adds up what held there.
# qemu.sh makes the guests; what is checked is in checks/, which guest.sh runs inside.

set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=tests/vm/qemu.sh
. "$(dirname "${BASH_SOURCE[0]}")/qemu.sh"

trouble='BUG:|Oops|WARNING:|INFO: task|general protection|Call Trace|Kernel panic|soft lockup|self-detected stall'

# Debian 12's kernel, and the one that its security archive has beside that.
always=6.1
where_offered=6.12

passed=0
failed=0

usage() {
	cat <<-END
	usage: tests/vm/run.sh PATH_TO_MDEVCTL
	VM_KERNEL   the kernel series to test on, default $always, and $where_offered where the mirror has it
	VM_CHECKS   names of files in tests/vm/checks to run only those, such as "modules in-use"
	VM_CACHE    where kernels and guest programs are kept, default ~/.cache/mdevctl-vm
	VM_TIMEOUT  seconds that a guest may take, default $limit
	END
}

choose_checks() {
	local name
	guest_checks=("$here"/checks/*.sh)
	[ -n "${VM_CHECKS-}" ] || return 0
	guest_checks=()
	for name in $VM_CHECKS; do
		guest_checks+=("$here/checks/$name.sh")
		[ -e "${guest_checks[-1]}" ] || die "there is no $here/checks/$name.sh"
	done
}

# What checks/facts.sh runs.
extend_root() {
	local root=$1
	cc -Wall -Wextra -O2 -D_GNU_SOURCE -static -o "$root/bin/kernel-facts" "$top/tests/kernel-facts.c"
	install -D -t "$root/facts" "$top"/tests/kernel-facts{,-check}.sh "$here/facts-hook.sh"
	cp -t "$root/facts" "$top"/tests/kernel-facts.{expected,differ}
}

count() { grep -c "^$1 - " "$scratch/output" || true; }

# What went wrong outside of the checks is a failure, too.
fail_guest() {
	printf 'not ok - Linux %s: %s; the end of its console:\n' "$kernel" "$1"
	tail -n 40 "$scratch/console" | sed 's/^/  # /'
	failed=$((failed + 1))
}

judge() {
	local status=$1 ok not_ok
	ok=$(count ok) not_ok=$(count 'not ok')
	passed=$((passed + ok)) failed=$((failed + not_ok))
	if [ "$status" = 124 ]; then
		fail_guest "the guest was still running after $limit seconds"
	elif [ "$status" != 0 ]; then
		fail_guest "qemu ended with status $status"
	elif [ "$(cat "$scratch/summary")" != "$ok passed, $not_ok failed" ]; then
		fail_guest 'the checks did not get to their end'
	fi
	if grep -nE "$trouble" "$scratch/console"; then
		fail_guest 'the kernel complained'
	fi
}

run_on_kernel() {
	local status=0
	make_guest
	say "Linux $kernel"
	boot || status=$?
	judge "$status"
}

case ${1-} in
-h | --help) usage; exit 0 ;;
esac
[ $# = 1 ] || { usage >&2; exit 2; }
guest_mdevctl=$1
# For a thousand displays.
guest_memory=3072
[ -x "$guest_mdevctl" ] || die "$guest_mdevctl: no such program"
on_debian || die "these tests take their kernel from Debian's packages and need a Debian machine (amd64)"
choose_checks

find_kernel "${VM_KERNEL:-$always}" ||
	die "the package lists have no Linux $series with image, headers and source of one version; as root: apt-get update"
run_on_kernel
if [ -z "${VM_KERNEL-}" ]; then
	if find_kernel "$where_offered"; then
		run_on_kernel
	else
		say "no Linux $where_offered with image, headers and source of one version is offered: $always only"
	fi
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
