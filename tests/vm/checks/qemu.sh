# shellcheck shell=dash disable=SC2046,SC2086,SC2154 # --qemu-args prints words; the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Mediated devices in a virtual machine: a real QEMU, with what --qemu-args prints.

check 'list --qemu-args: QEMU gives a device of each driver to a machine; stop is refused and names it, and works once that has ended'
modprobe mbochs
must mdevctl start -u "$A" -p mtty -t mtty-1
must mdevctl start -u "$B" -p mdpy -t mdpy-vga
must mdevctl start -u "$C" -p mbochs -t mbochs-small
machine $(for device in "$A" "$B" "$C"; do mdevctl list --qemu-args -u "$device"; done)
machine_has 3 4348:3253 1b36:000f 1234:1111
run mdevctl stop -u "$A"
is_refused "$A"
names_holder qemu-system-x86
are_active "$A" "$B" "$C"
release
quietly mdevctl stop -u "$A"
are_active "$B" "$C"

check 'list --qemu-args of a device that is defined and not started: QEMU refuses it; once it is started it does not'
must mdevctl define -u "$A" -p mtty -t mtty-2
arguments=$(mdevctl list --qemu-args -u "$A")
machine $arguments
has_no_machine "$A" 'no such host device'
must mdevctl start -u "$A"
machine $arguments
machine_has 1 4348:3253
