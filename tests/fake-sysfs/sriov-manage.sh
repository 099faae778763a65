#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# NVIDIA's sriov-manage for the simulated kernel.  Installed by a test as
# ROOT/usr/lib/nvidia/sriov-manage, copied or linked, it enables VFs in ROOT/sys.
#
# Known of the real one (a shell script): its place; -e and -d with a PCI address
# or ALL; its steps: the unbindLock (missing: silence), away from nvidia, the card's
# id to pci-pf-stub (one list for all cards: a second of these programs at the same
# time fails with "File exists"), bound there, a moment, sriov_numvfs, away from
# there, the id removed, bound to nvidia; the words "Cannot obtain unbindLock" while
# another client holds the GPU, and that this goes away by itself.  The lock is a
# file to which 1 is written and from which 1 is read if it was to be had.  VFs that
# are there already: exit 0.  Assumed: the other words, all of them on stdout; status
# 1 if any GPU failed, the others having been done.
set -eu
sys=$(dirname "$0")/../../../sys
# Elsewhere where only a part of the simulated tree is on /sys.
fake=${FAKE_SYSFS:-$sys/fake}

usage() {
	echo "Usage: $0 <-e|-d> <ssss:bb:dd.f | ALL>"
	echo "Enable or disable the virtual functions of the GPU with this PCI address, or of all NVIDIA GPUs."
	exit "$1"
}

obtain_lock() { # GPU
	echo 1 >"$fake/unbindLock/$1"
	[ "$(cat "$fake/unbindLock/$1")" = 1 ]
}

# In a shell of its own: the first step that fails ends it.
by_stub() { # GPU, number
	(
		set -e
		pci=$sys/bus/pci
		id="$(cut -c3-6 "$pci/devices/$1/vendor") $(cut -c3-6 "$pci/devices/$1/device")"
		echo "$1" >"$pci/drivers/nvidia/unbind" || exit 1
		echo "$id" >"$pci/drivers/pci-pf-stub/new_id" || exit 1
		[ -e "$pci/drivers/pci-pf-stub/$1" ] || echo "$1" >"$pci/drivers/pci-pf-stub/bind" || exit 1
		echo "$2" >"$pci/devices/$1/sriov_numvfs" || exit 1
		echo "$1" >"$pci/drivers/pci-pf-stub/unbind" || exit 1
		echo "$id" >"$pci/drivers/pci-pf-stub/remove_id" || exit 1
		echo "$1" >"$pci/drivers/nvidia/bind" || exit 1
	)
}

manage() { # enable or disable, GPU
	gpu=$2 number=0 word=Disabling
	[ "$1" = disable ] || number=$(cat "$sys/bus/pci/devices/$gpu/sriov_totalvfs") word=Enabling
	echo "$word VFs on $gpu"
	if [ "$1" = enable ] && [ "$(cat "$sys/bus/pci/devices/$gpu/sriov_numvfs")" -ne 0 ]; then
		echo "VFs are already enabled on $gpu"
		return 0
	fi
	if ! obtain_lock "$gpu"; then
		echo "Cannot obtain unbindLock for $gpu"
		return 1
	fi
	status=0
	by_stub "$gpu" "$number" || status=1
	echo 0 >"$fake/unbindLock/$gpu"
	return $status
}

[ $# -ge 1 ] || usage 1
case $1 in
-e) what=enable ;;
-d) what=disable ;;
-h) usage 0 ;;
*) usage 1 ;;
esac
[ $# -eq 2 ] || usage 1
if [ "$2" != ALL ] && ! [ -e "$fake/unbindLock/$2" ]; then
	echo "$2: no NVIDIA GPU with SR-IOV"
	exit 1
fi
failed=0
for lock in "$fake"/unbindLock/*; do
	gpu=${lock##*/}
	[ -e "$lock" ] || continue
	if [ "$2" = ALL ] || [ "$2" = "$gpu" ]; then
		manage "$what" "$gpu" || failed=1
	fi
done
exit $failed
