#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# NVIDIA's sriov-manage for the simulated kernel.  Installed by a test as
# ROOT/usr/lib/nvidia/sriov-manage, copied or linked, it enables VFs in ROOT/sys.
#
# Known of the real one (a shell script): its place, -e and -d with a PCI address
# or ALL, the words "Cannot obtain unbindLock" while another client holds the
# GPU, and that this goes away by itself; the lock is a file to which 1 is written
# and from which 1 is read if it was to be had.  Assumed: the other words, all of
# them on stdout; status 1 if any GPU failed, the others having been done; VFs
# that are there already are no failure.
#
# The real one moves the GPU to another driver and writes sriov_numvfs there.
set -eu
sys=$(dirname "$0")/../../../sys

usage() {
	echo "Usage: $0 <-e|-d> <ssss:bb:dd.f | ALL>"
	echo "Enable or disable the virtual functions of the GPU with this PCI address, or of all NVIDIA GPUs."
	exit "$1"
}

obtain_lock() { # GPU
	echo 1 >"$sys/fake/unbindLock/$1"
	[ "$(cat "$sys/fake/unbindLock/$1")" = 1 ]
}

manage() { # enable or disable, GPU
	gpu=$2 number=0 word=Disabling
	[ "$1" = disable ] || number=max word=Enabling
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
	echo "sriov $gpu $number" >"$sys/fake/control" || status=1
	echo 0 >"$sys/fake/unbindLock/$gpu"
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
if [ "$2" != ALL ] && ! [ -e "$sys/fake/unbindLock/$2" ]; then
	echo "$2: no NVIDIA GPU with SR-IOV"
	exit 1
fi
failed=0
for lock in "$sys"/fake/unbindLock/*; do
	gpu=${lock##*/}
	[ -e "$lock" ] || continue
	if [ "$2" = ALL ] || [ "$2" = "$gpu" ]; then
		manage "$what" "$gpu" || failed=1
	fi
done
exit $failed
