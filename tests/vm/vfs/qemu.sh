# shellcheck shell=dash disable=SC2046,SC2086,SC2154 # --qemu-args prints words; the variables are of guest.sh and vfs-host.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Virtual functions in a virtual machine: a real QEMU, with what --qemu-args prints.

check 'list --qemu-args: QEMU gives two functions to a machine; stop is refused and names it, and works once that has ended'
keep "$pf" 2
must mdevctl define --name vm12 -p "$vf" -t vfio-pci
must mdevctl start --name vm12
must mdevctl start -p 0000:01:00.2 -t vfio-pci
machine $(mdevctl list --qemu-args --name vm12) $(mdevctl list --qemu-args -u "$vf2_uuid")
machine_has 2 1b36:0010
run mdevctl stop --name vm12
is_refused "$vm12"
names_holder qemu-system-x86
has_driver vfio-pci "$vf"
release
quietly mdevctl stop --name vm12
quietly mdevctl stop -u "$vf2_uuid"
are_free "$vf" 0000:01:00.2

check 'list --qemu-args of a function that is defined and not started: QEMU refuses it; once it is started it does not'
keep "$pf" 1
must mdevctl define --name vm12 -p "$vf" -t vfio-pci
arguments=$(mdevctl list --qemu-args --name vm12)
machine $arguments
has_no_machine "$vf" 'failed to open /dev/vfio/'
must mdevctl start --name vm12
machine $arguments
machine_has 1 1b36:0010

check 'list --qemu-args: QEMU gives a function to a machine that a VFIO driver of its own has'
install_own_driver
must mdevctl define-vfs -p "$pf" --count 1 --driver auto --bind
must mdevctl start-parent-mdevs "$pf"
has_driver nvme-vfio-pci "$vf"
machine $(mdevctl list --qemu-args -u 6d8a7510-6010-5790-b82f-688f6935bb8b)
machine_has 1 1b36:0010
