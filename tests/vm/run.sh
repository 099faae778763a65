#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the mdevctl binary given as argument on real kernels in QEMU, one after the other, and adds up what held there.
# qemu.sh makes the guests and counts; what is checked is in checks/, which guest.sh runs inside.

set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=tests/vm/qemu.sh
. "$(dirname "${BASH_SOURCE[0]}")/qemu.sh"

# Debian 12's kernel, and the one that its security archive has beside that.
always=6.1
where_offered=6.12

usage() {
	cat <<-END
	usage: tests/vm/run.sh PATH_TO_MDEVCTL
	VM_KERNEL   the kernel series to test on, default $always, and $where_offered where the mirror has it
	VM_CHECKS   names of files in tests/vm/checks to run only those, such as "modules in-use"
	VM_CACHE    where kernels and guest programs are kept, default ~/.cache/mdevctl-vm
	VM_TIMEOUT  seconds that a guest may take, default $limit
	END
}

# What checks/facts.sh runs.
extend_root() {
	local root=$1
	cc -Wall -Wextra -O2 -D_GNU_SOURCE -static -o "$root/bin/kernel-facts" "$top/tests/kernel-facts.c"
	install -D -t "$root/facts" "$top"/tests/kernel-facts{,-check}.sh "$vm/facts-hook.sh"
	cp -t "$root/facts" "$top"/tests/kernel-facts.{expected,differ}
	[ ! -d "$scratch/documents" ] || cp -r "$scratch/documents" "$root/"
}

# What checks/documents.sh of this boot is to find in the next one.
keep_documents() {
	mkdir -p "$scratch/documents"
	sed -n 's/^# document \([^ /]*\) \({.*\)/\1 \2/p' "$scratch/output" | while read -r release document; do
		printf '%s\n' "$document" >"$scratch/documents/$release"
	done
}

# Once more the first kernel, with the documents of the second, where these checks are asked for.
exchange_back() {
	local documents=$vm/checks/documents.sh
	[[ " ${guest_checks[*]} " == *" $documents "* ]] || return 0
	guest_checks=("$documents")
	find_kernel "$always" && run_on_kernel
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
choose_checks "$vm/checks"

find_kernel "${VM_KERNEL:-$always}" ||
	die "the package lists have no Linux $series with image, headers and source of one version; as root: apt-get update"
run_on_kernel
if [ -z "${VM_KERNEL-}" ]; then
	keep_documents
	if find_kernel "$where_offered"; then
		run_on_kernel
		keep_documents
		exchange_back
	else
		say "no Linux $where_offered with image, headers and source of one version is offered: $always only"
	fi
fi
summary
