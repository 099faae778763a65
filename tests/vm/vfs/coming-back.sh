# shellcheck shell=dash disable=SC2086,SC2154 # the variables are of guest.sh and vfs-host.sh; no name has blanks
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Virtual functions and their automatic devices come back with their card's driver, by the udev rule.

# Kept: of one card three, an automatic and a manual one; of the other two that are bound.
define_both() {
	must mdevctl define-vfs -p $pf --count 3 --driver vfio-pci
	must mdevctl define-vfs -p $other --count 2 --driver auto --bind
	must mdevctl define --name vm12 -p 0000:01:00.2 -t vfio-pci --auto
	must mdevctl define -u "$A" -p $vf -t vfio-pci
}

are_back() {
	has_vfs $pf 3
	has_vfs $other 2
	are_started 0000:01:00.2 0000:02:00.1 0000:02:00.2
	are_free $vf 0000:01:00.3
	run mdevctl list -u $vm12
	is_stdout "$vm12 0000:01:00.2 vfio-pci auto (defined)"
	host_kept_off
}

check 'udev: when the driver is loaded, they are back, and VFIO is loaded for them; no driver of the host sees one'
define_both
is_not_loaded vfio_pci
start_udevd
reload_cards
stop_udevd
are_back
syslog_is_silent

check 'udev: when a card without virtual functions is unbound and bound again, they are back'
define_both
unbind_card $pf
unbind_card $other
start_udevd
bind_card $pf
bind_card $other
stop_udevd
are_back
syslog_is_silent

check 'udev: a card is unbound and bound while its functions run: they stay as they are, and what is missing starts'
define_both
must mdevctl start-parent-mdevs $pf
must mdevctl start-parent-mdevs $other
are_back
before="$(identity 0000:01:00.2) $(identity 0000:02:00.1)"
must mdevctl stop -u "$(mdevctl list | sed -n 's/ 0000:02:00.2 .*//p')"
hold 0000:01:00.2
start_udevd
unbind_card $pf
unbind_card $other
bind_card $pf
bind_card $other
stop_udevd
release
are_back
expect 'they are the same devices as before' [ "$(identity 0000:01:00.2) $(identity 0000:02:00.1)" = "$before" ]
syslog_is_silent

check 'udev: coldplug starts what is kept; again it does nothing, and says nothing'
define_both
start_udevd
coldplug --subsystem-match=pci
udevadm settle
are_back
before="$(identity 0000:01:00.2) $(identity 0000:02:00.1)"
coldplug --subsystem-match=pci
stop_udevd
are_back
expect 'they are the same devices as before' [ "$(identity 0000:01:00.2) $(identity 0000:02:00.1)" = "$before" ]
syslog_is_silent

check 'udev: functions started and stopped run nothing for what is not kept; what is kept without a driver is left alone'
record_calls
must mdevctl define-vfs -p $pf --count 2
start_udevd
bind_function() {
	echo 0 >$pci/$1/sriov_drivers_autoprobe
	echo 1 >$pci/$1/sriov_numvfs
	modprobe vfio-pci
	echo vfio-pci >$pci/$2/driver_override
	bind_card $2
}
bind_function $other 0000:02:00.1
stop_udevd
has_driver vfio-pci 0000:02:00.1
quietly mdevctl list
quietly mdevctl types
is_called_for

check 'udev: what is refused is told to syslog, and the other card is back'
must mdevctl define-vfs -p $other --count 2 --driver vfio-pci --bind
echo '{"vfs": 2, "driver": "vfio-pci", "attrs": [{"power/control": "x"}]}' >vfs.json
must mdevctl define-vfs -p $pf --jsonfile vfs.json
must mdevctl define --name vm12 -p $vf -t vfio-pci --auto
start_udevd
reload_cards
stop_udevd
has_vfs $pf 0
are_started 0000:02:00.1 0000:02:00.2
syslog_says power/control
host_kept_off
