# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Devices that come back with their driver, by the udev rule.

# shellcheck source=tests/libvirt/guest/steps.sh
. /steps.sh

# The devices are defined and run, and libvirt knows it.
start_two() {
	nodedev_define "$A" mtty-2
	nodedev_define "$B" mtty-1
	must virsh nodedev-start "$(node "$A")"
	must virsh nodedev-start "$(node "$B")"
	knows_active "$A" "$B"
}

libvirt_check 'nodedev-autostart: after its driver is reloaded the device is back, and active to libvirt; another is not'
start_two
must virsh nodedev-autostart "$(node "$A")"
expect 'libvirt sees it' in_time has_info "$(node "$A")" Autostart yes
modprobe -r mtty
has_devices 0
knows_active
knows_inactive "$A" "$B"
modprobe mtty
udevadm settle
is_active "$A" mtty mtty-2
has_devices 1
knows_active "$A"
knows_inactive "$B"
syslog_is_silent

libvirt_check 'nodedev-autostart --disable: after its driver is reloaded the device stays away, and can be started'
start_two
must virsh nodedev-autostart "$(node "$A")"
expect 'libvirt sees it' in_time has_info "$(node "$A")" Autostart yes
must virsh nodedev-autostart --disable "$(node "$A")"
expect 'libvirt sees it' in_time has_info "$(node "$A")" Autostart no
reload_driver mtty
udevadm settle
knows_inactive "$A" "$B"
has_devices 0
must virsh nodedev-start "$(node "$A")"
is_active "$A" mtty mtty-2
knows_active "$A"
finish_libvirt_check
