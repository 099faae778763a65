# shellcheck shell=dash disable=SC2086,SC2154 # the variables are of guest.sh and vfs-host.sh; no name has blanks
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Virtual functions that are kept without a driver: only their number is our affair.

check 'define-vfs: nothing happens until start-parent-mdevs, which enables so many'
quietly mdevctl define-vfs -p $pf --count 3
has_vfs $pf 0
quietly mdevctl start-parent-mdevs $pf
has_vfs $pf 3
has_vfs $other 0
quietly mdevctl start-parent-mdevs $pf
has_vfs $pf 3

check 'define-vfs --count max: all that there can be'
quietly mdevctl define-vfs -p $pf --count max
quietly mdevctl start-parent-mdevs $pf
has_vfs $pf 4

check 'define-vfs: more than there can be, of a VF, of what is no card with VFs: refused'
run mdevctl define-vfs -p $pf --count 5
is_refused $pf 4
must mdevctl define-vfs -p $pf --count 1
must mdevctl start-parent-mdevs $pf
run mdevctl define-vfs -p $vf --count 1
is_refused $vf physfn
run mdevctl define-vfs -p 0000:00:01.0 --count 1
is_refused 0000:00:01.0
expect 'one definition' [ "$(ls $definitions)" = $pf ]

check 'start-parent-mdevs: another number that is enabled is left alone, and told'
echo 2 >$pci/$pf/sriov_numvfs
must mdevctl define-vfs -p $pf --count 3
before=$(identity $vf)
run mdevctl start-parent-mdevs $pf
is_refused $pf 2 3
has_vfs $pf 2
expect "$vf is the same device as before" [ "$(identity $vf)" = "$before" ]

check 'start-parent-mdevs: a card without a driver, or with one that enables none, is told of'
must mdevctl define-vfs -p $pf --count 3
unbind_card $pf
run mdevctl start-parent-mdevs $pf
is_refused $pf driver
modprobe vfio-pci
echo vfio-pci >$pci/$pf/driver_override
bind_card $pf
has_driver vfio-pci $pf
run mdevctl start-parent-mdevs $pf
is_refused $pf driver
has_vfs $pf 0
echo >$pci/$pf/driver_override
unbind_card $pf

check 'udev: they are back when the driver is loaded, and nothing runs for a card that has none kept'
record_calls
must mdevctl define-vfs -p $pf --count 3
start_udevd
reload_cards
stop_udevd
has_vfs $pf 3
has_vfs $other 0
is_called_for $pf
syslog_is_silent
