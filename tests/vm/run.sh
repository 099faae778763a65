#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the mdevctl binary given as argument on real kernels in QEMU, one after the other, and adds up what held there.
# qemu.sh makes the guests and counts; what is checked is in checks/, on mediated devices of the sample drivers, and in
# vfs/, on virtual functions of two SR-IOV cards behind an IOMMU.  guest.sh runs both inside.

set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=tests/vm/qemu.sh
. "$(dirname "${BASH_SOURCE[0]}")/qemu.sh"

# Debian 12's kernel, and the one that its security archive has beside that, where VFs are checked only if it is asked
# for: it answers the same, and takes a minute.
always=6.1
where_offered=6.12

usage() {
	cat <<-END
	usage: tests/vm/run.sh PATH_TO_MDEVCTL
	VM_KERNEL   the kernel series to test on, default $always, and $where_offered where the mirror has it
	VM_CHECKS   names of files in tests/vm/checks and tests/vm/vfs to run only those, such as "modules in-use"
	VM_CACHE    where kernels and guest programs are kept, default ~/.cache/mdevctl-vm
	VM_TIMEOUT  seconds that a guest may take, default $limit
	END
}

# What the facts.sh and the qemu.sh of both run.
extend_any_root() { # root
	cc -Wall -Wextra -O2 -D_GNU_SOURCE -static -o "$1/bin/kernel-facts" "$top/tests/kernel-facts.c"
	install -D -t "$1/facts" "$top"/tests/kernel-facts{,-vfs,-words,-check}.sh "$vm/facts-hook.sh"
	cp -t "$1/facts" "$top"/tests/kernel-facts{,-vfs}.{expected,differ}
	if has_check qemu; then copy_qemu "$1"; fi
}

# What checks/documents.sh of this boot is to find in those after it.
keep_documents() {
	mkdir -p "$scratch/documents"
	sed -n 's/^# document \([^ /]*\) \({.*\)/\1 \2/p' "$scratch/output" | while read -r release document; do
		printf '%s\n' "$document" >"$scratch/documents/$release"
	done
}

check_mdevs() {
	[ ${#guest_checks[@]} -gt 0 ] || return 0
	extend_root() {
		extend_any_root "$1"
		[ ! -d "$scratch/documents" ] || cp -r "$scratch/documents" "$1/"
	}
	# For a thousand displays.
	guest_memory=3072 guest_machine=(-smp 2) guest_append=
	run_on_kernel
	keep_documents
}

# Once more the first kernel, with the documents of the second, where these checks are asked for.
exchange_back() {
	local documents=$vm/checks/documents.sh
	choose_checks "$vm/checks" "$vm/vfs"
	[[ " ${guest_checks[*]} " == *" $documents "* ]] || return 0
	guest_checks=("$documents")
	find_kernel "$always" && check_mdevs
}

# Debian 12's QEMU loses its way when kernels from 6.12 patch themselves here on two processors.
check_vfs() {
	choose_checks "$vm/vfs" "$vm/checks"
	[ ${#guest_checks[@]} -gt 0 ] || return 0
	extend_root() { extend_any_root "$1"; cp "$vm/vfs-host.sh" "$1/host.sh"; }
	guest_memory=512
	use_cards 1 2
	run_on_kernel
}

case ${1-} in
-h | --help) usage; exit 0 ;;
esac
[ $# = 1 ] || { usage >&2; exit 2; }
guest_mdevctl=$1
[ -x "$guest_mdevctl" ] || die "$guest_mdevctl: no such program"
on_debian || die "these tests take their kernel from Debian's packages and need a Debian machine (amd64)"

find_kernel "${VM_KERNEL:-$always}" ||
	die "the package lists have no Linux $series with image, headers and source of one version; as root: apt-get update"
choose_checks "$vm/checks" "$vm/vfs"
check_mdevs
check_vfs
if [ -z "${VM_KERNEL-}" ]; then
	if find_kernel "$where_offered"; then
		choose_checks "$vm/checks" "$vm/vfs"
		check_mdevs
		exchange_back
	else
		say "no Linux $where_offered with image, headers and source of one version is offered: $always only"
	fi
fi
summary
