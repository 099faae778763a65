#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kernel-facts-vfs.sh SYSFS HOOK: what a kernel answers that has a card with 4 virtual functions and a driver, nvme,
# which enables them, one line `TITLE: ANSWER` for each question; kernel-facts-check.sh compares them.  Needs the
# program kernel-facts on the PATH, and a host on which none is enabled.  Addresses are PF and VF0 to VF2.
#
# What sysfs itself cannot do is asked of HOOK:
#	HOOK goes|comes vfio-pci	its module is unloaded, loaded
#	HOOK hold VF GROUP		uses the device until it is killed; says "holding" once it does
# shellcheck disable=SC2086,SC2154 # no path here has blanks; hook is of the words
# shellcheck source=tests/kernel-facts-words.sh
. "$(dirname "$0")/kernel-facts-words.sh"

for card in bus/pci/devices/*/sriov_totalvfs; do
	[ "$(cat "$card")" = 0 ] || break
done
card=${card%/*}
pf=${card##*/}
numvfs=$card/sriov_numvfs
autoprobe=$card/sriov_drivers_autoprobe
probe=bus/pci/drivers_probe
vfio=bus/pci/drivers/vfio-pci
names="s/$pf/PF/g"

# How deep a card is in the tree is its own affair.
ask() { # TITLE STEP...
	fact "$@" | sed "s|\"[./]*bus/pci|\"bus/pci|g; $names"
}

have() { # N
	must 1 open w $numvfs write "$1"
	vf0=$(basename "$(readlink $card/virtfn0)")
	vf1=$(basename "$(readlink $card/virtfn1)")
	names="s/$pf/PF/g; s/$vf0/VF0/g; s/$vf1/VF1/g"
	first=bus/pci/devices/$vf0
	second=bus/pci/devices/$vf1
}

override() { must ${#2} open w "$1/driver_override" write "$2"; }
give() { # VF DRIVER
	override "bus/pci/devices/$1" "$2"
	must ${#1} open w $probe write "$1"
}

has_no() { [ ! -e "$1" ] && [ ! -h "$1" ]; }
exists() { [ -e "$1" ]; }

card() {
	ask 'the card, its numbers' open r $card/sriov_totalvfs read 8 open r $numvfs read 8 open r $autoprobe read 8
	ask 'the card, its files' stat $card/sriov_totalvfs stat $numvfs stat $autoprobe stat $card/driver_override
	ask 'the card, its driver' readlink $card/driver stat $card/virtfn0 stat $card/physfn
	ask 'the bus' stat $probe
	ask 'the driver, its files' stat bus/pci/drivers/nvme/bind stat bus/pci/drivers/nvme/unbind
}

numbers() {
	ask 'numvfs, what is no number' open w $numvfs write x write '' write -1 write ' 3' write 65536 write '3 '
	ask 'numvfs, more than there can be' open w $numvfs write 5 write 65535
	ask 'numvfs, none of none' open rw $numvfs write 0 write '0\n' pread 8 0
	ask 'autoprobe' open rw $autoprobe write 0 pread 8 0 write '1\n' pread 8 0 write n pread 8 0 write Y pread 8 0 \
		write off pread 8 0
	ask 'autoprobe, what is neither' open rw $autoprobe write 2 write x write '' pread 8 0
	ask 'numvfs, 2 that nobody probes' open rw $numvfs write 2 pread 8 0
	must 1 open w $numvfs write 0
	have 2
	ask 'virtual functions, their links' readlink $card/virtfn0 readlink $card/virtfn1 stat $card/virtfn2 \
		readlink $first/physfn readlink $second/physfn
	ask 'virtual functions, what they have' stat $first/driver_override stat $first/iommu_group
	ask 'virtual functions, what they have not' readlink $first/driver stat $first/sriov_numvfs \
		stat $first/sriov_totalvfs stat $first/vfio-dev
	ask 'numvfs, the same again' open rw $numvfs write 2 pread 8 0
	ask 'numvfs, others' open rw $numvfs write 1 write 3 pread 8 0
}

overrides() {
	ask 'driver_override' open rw $first/driver_override pread 64 0 write nosuch pread 64 0 write '\n' pread 64 0 \
		write 'vfio-pci\n' pread 64 0 write '\0' pread 64 0 write 'a b' pread 64 0 write 'vfio-pci\nx' pread 64 0
	ask 'driver_override, nothing' open rw $first/driver_override write '' pread 64 0
	ask 'driver_override, too long' open rw $first/driver_override fill 5000 pread 64 0 write '\n' pread 64 0
	ask 'drivers_probe, what is not there' open w $probe write x write '' write "$vf0 "
	ask 'drivers_probe, no driver may' open w $probe write "$vf0" readlink $first/driver
	override $first nosuch
	ask 'drivers_probe, a driver that is not there' open w $probe write "$vf0" write "$vf0\n" readlink $first/driver
	override $first vfio-pci
	ask 'drivers_probe, a driver that is not loaded' open w $probe write "$vf0" readlink $first/driver
	"$hook" comes vfio-pci
	ask 'a driver is loaded, it takes what waits for it' readlink $first/driver readlink $second/driver
	ask 'drivers_probe, what is bound' open w $probe write "$vf0" readlink $first/driver
	give "$vf1" vfio-pci
	ask 'drivers_probe' readlink $second/driver stat $second/vfio-dev stat $vfio/$vf1
}

bindings() {
	ask 'driver_override, removed while bound' open rw $first/driver_override write '\n' pread 64 0 \
		readlink $first/driver
	ask 'drivers_probe, bound without it' open w $probe write "$vf0" readlink $first/driver
	ask 'unbind, what it has not' open w $vfio/unbind write $pf write x write ''
	ask 'unbind' open w $vfio/unbind write "$vf0" readlink $first/driver stat $first/vfio-dev stat $vfio/$vf0
	ask 'unbind, again' open w $vfio/unbind write "$vf0"
	ask 'unbind, by the link of the device' open w $second/driver/unbind write "$vf1\n" readlink $second/driver
	ask 'unbind, driver_override stays' open r $second/driver_override read 64
	ask 'bind, what it may not have' open w $vfio/bind write "$vf0" write x readlink $first/driver
	ask 'bind' open w $vfio/bind write "$vf1" readlink $second/driver
	ask 'bind, what it has' open w $vfio/bind write "$vf1"
	"$hook" goes vfio-pci
	ask 'a driver is unloaded' readlink $second/driver stat $second/vfio-dev stat $vfio
	"$hook" comes vfio-pci
	ask 'a driver is loaded again, it takes what has driver_override' readlink $first/driver readlink $second/driver
}

# The unbinding must not be waited for, nor what it keeps locked.
in_use() {
	give "$vf0" vfio-pci
	hold_in_group "$vf0" $first/iommu_group
	begin unbinding open w $vfio/unbind write "$vf0"
	until_ok has_no $first/driver
	sleep 0.3
	say 'in use, the unbinding has not ended' "'$(output unbinding)'"
	ask 'in use, while it waits' readlink $first/driver stat $vfio/$vf0 readlink $first/physfn open r $numvfs read 8
	ask 'in use, while it waits, vfio-dev' stat $first/vfio-dev
	ask 'in use, while it waits, drivers_probe' open w $probe write "$vf0" readlink $first/driver
	release
	until_ok has_line . unbinding
	wait
	say 'in use, the unbinding once the user is gone' "$(output unbinding)"
	ask 'in use, after it' stat $first/vfio-dev open r $first/driver_override read 64
	give "$vf0" vfio-pci
	hold_in_group "$vf0" $first/iommu_group
	ask 'in use, another number' open w $numvfs write 3
	begin disabling open w $numvfs write 0
	until_ok has_no $card/virtfn0
	sleep 0.3
	say 'in use, disabling has not ended' "'$(output disabling)'"
	ask 'in use, while it waits, the other one' stat $card/virtfn1 readlink $second/driver
	release
	until_ok has_line . disabling
	wait
	say 'in use, disabling once the user is gone' "$(output disabling)"
	ask 'in use, disabled' stat $first stat $second open r $numvfs read 8 open r $autoprobe read 8
}

without_driver() {
	have 2
	give "$vf0" vfio-pci
	ask 'no driver, with virtual functions' open w $card/driver/unbind write $pf readlink $card/driver
	ask 'no driver, they stay' open r $numvfs read 8 open r $autoprobe read 8 readlink $first/driver \
		readlink $second/driver
	ask 'no driver, numvfs' open w $numvfs write 0 write 1 write 2
	ask 'no driver, drivers_probe' open w $probe write "$vf1" readlink $second/driver
	ask 'its driver again' open w $probe write $pf
	until_ok exists $card/driver
	ask 'its driver again, they are still there' open r $numvfs read 8 open r $autoprobe read 8 readlink $first/driver
	must 1 open w $numvfs write 0
	must ${#pf} open w $card/driver/unbind write $pf
	ask 'no driver, without virtual functions' open w $numvfs write 0 write 2
	override $card vfio-pci
	must ${#pf} open w $probe write $pf
	ask 'a driver that enables none' readlink $card/driver open w $numvfs write 2 write 0
	must ${#pf} open w $card/driver/unbind write $pf
	must 1 open w $card/driver_override write '\n'
	must ${#pf} open w $probe write $pf
	until_ok exists $card/driver
	must 1 open w $autoprobe write 1
	"$hook" goes vfio-pci
}

for part in card numbers overrides bindings in_use without_driver; do
	$part
done
