# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What libvirt sees of devices that somebody starts and stops with mdevctl, and mdevctl of libvirt's.

# shellcheck source=tests/libvirt/guest/steps.sh
. /steps.sh

libvirt_check 'mdevctl start and stop of a defined device: active and inactive to libvirt'
must mdevctl define -u "$A" -p mtty -t mtty-2
knows_inactive "$A"
must mdevctl start -u "$A"
knows_active "$A"
knows_inactive
expect 'it is persistent' has_info "$(node "$A")" Persistent yes
must mdevctl stop -u "$A"
knows_inactive "$A"
knows_active

libvirt_check 'mdevctl start and stop of a device that is not defined: libvirt sees it come and go'
must mdevctl start -u "$A" -p mtty -t mtty-1
knows_active "$A"
expect 'it is transient' has_info "$(node "$A")" Persistent no
expect 'the type in its XML' shows "$(node "$A")" "<type id='mtty-1'/>"
must mdevctl stop -u "$A"
knows_active
knows_inactive

libvirt_check "the running list that newer libvirt reads: libvirt's devices, with autostart from their definitions"
nodedev_define "$A" mtty-2
must virsh nodedev-start "$(node "$A")"
must virsh nodedev-autostart "$(node "$A")"
nodedev_create "$B" mtty-1
nodedev_define "$C" mtty-1
run mdevctl list --dumpjson
is_status 0
has_no_warning
tr -d ' \n' <out >flat
expect 'one parent with both devices, B being manual and A auto' grep -qxF -e "[{\"mtty\":[$(
	)$(list_entry "$A" mtty-2 auto),$(list_entry "$B" mtty-1 manual)]}]" flat

libvirt_check 'libvirtd starts where devices run already: it has them all'
must mdevctl define -u "$A" -p mtty -t mtty-2
must mdevctl start -u "$A"
must mdevctl start -u "$B" -p mtty -t mtty-1
must mdevctl define -u "$C" -p mtty -t mtty-1
restart_libvirtd
knows_active "$A" "$B"
knows_inactive "$C"
expect 'the defined one is persistent' in_time has_info "$(node "$A")" Persistent yes
expect 'the other one is transient' has_info "$(node "$B")" Persistent no
finish_libvirt_check
