# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What virsh does to devices, from XML to their end.

# shellcheck source=tests/libvirt/guest/steps.sh
. /steps.sh

libvirt_check 'nodedev-create: the device runs, libvirt shows its UUID, type and parent, and nothing is defined'
nodedev_create "$A" mtty-2
is_active "$A" mtty mtty-2
has_devices 1
knows_active "$A"
knows_inactive
expect 'the UUID in its XML' shows "$(node "$A")" "<uuid>$A</uuid>"
expect 'the type in its XML' shows "$(node "$A")" "<type id='mtty-2'/>"
expect 'the parent in its XML' shows "$(node "$A")" '<parent>mtty_mtty</parent>'
expect 'it is transient' has_info "$(node "$A")" Persistent no
has_definitions 0
must virsh nodedev-destroy "$(node "$A")"
is_inactive "$A"
knows_active
knows_inactive

libvirt_check 'nodedev-define, -start, -destroy, -undefine: inactive, active, inactive, gone'
nodedev_define "$A" mtty-1
has_definitions 1
has_devices 0
knows_inactive "$A"
knows_active
must virsh nodedev-start "$(node "$A")"
is_active "$A" mtty mtty-1
knows_active "$A"
knows_inactive
expect 'it is persistent' has_info "$(node "$A")" Persistent yes
must virsh nodedev-destroy "$(node "$A")"
is_inactive "$A"
knows_inactive "$A"
knows_active
has_definitions 1
must virsh nodedev-undefine "$(node "$A")"
knows_inactive
has_definitions 0

libvirt_check 'nodedev-create without a UUID: libvirt names the device that runs'
device_xml mtty-1
must virsh nodedev-create device.xml
has_devices 1
made=$(basename "$devices"/*)
is_active "$made" mtty mtty-1
knows_active "$made"

libvirt_check 'nodedev-create with an attribute that is not there: our words in virsh, and nothing is left'
device_xml mtty-2 "<uuid>$A</uuid><attr name='nosuch' value='1'/>"
run virsh nodedev-create device.xml
is_status 1
stderr_says 'Unable to start mediated device: mdevctl: cannot start' "$A" nosuch
expect "libvirt's log has it" grep -q "mdevctl: cannot start $A" $log
has_devices 0
is_free mtty mtty-2 12
has_definitions 0
knows_active
knows_inactive

libvirt_check 'nodedev-create of a type that the parent does not have: our words in virsh, and nothing is left'
device_xml mtty-9 "<uuid>$A</uuid>"
run virsh nodedev-create device.xml
is_status 1
stderr_says 'Unable to start mediated device: mdevctl: cannot start' "$A" mtty-9
has_devices 0
knows_active

libvirt_check 'nodedev-undefine of a running device: it runs on as a transient one'
nodedev_define "$A" mtty-2
must virsh nodedev-start "$(node "$A")"
knows_active "$A"
must virsh nodedev-undefine "$(node "$A")"
has_definitions 0
expect 'it is transient' in_time has_info "$(node "$A")" Persistent no
is_active "$A" mtty mtty-2
must virsh nodedev-destroy "$(node "$A")"
is_inactive "$A"
knows_active
knows_inactive

libvirt_check 'nodedev-destroy of a device that a process uses: refused at once; works when that is gone'
nodedev_create "$A" mtty-2
hold "$A"
run timeout 60 virsh -q -c nodedev:///system nodedev-destroy "$(node "$A")"
is_status 1
stderr_says 'in use'
is_active "$A" mtty mtty-2
release
must virsh nodedev-destroy "$(node "$A")"
has_devices 0
knows_active

libvirt_check 'nodedev-destroy that a callout script refuses: our words and its own in virsh, the device stays'
mkdir -p "$definitions/scripts.d/callouts"
cat >"$definitions/scripts.d/callouts/refuse" <<'END'
#!/bin/sh
case $* in *'-e pre -a stop '*) echo 'a guest needs it' >&2; exit 1 ;; esac
END
chmod 755 "$definitions/scripts.d/callouts/refuse"
nodedev_create "$A" mtty-2
knows_active "$A"
run virsh nodedev-destroy "$(node "$A")"
is_status 1
stderr_says "Unable to destroy '$(node "$A")': " "mdevctl: cannot stop $A" 'a guest needs it'
is_active "$A" mtty mtty-2
knows_active "$A"
rm "$definitions/scripts.d/callouts/refuse"
must virsh nodedev-destroy "$(node "$A")"
has_devices 0

libvirt_check '20 devices, defined and started one after the other: libvirt has them all, and loses them all'
twenty=$(for n in $(seq 20); do uuid "$n"; echo; done)
for device in $twenty; do
	nodedev_define "$device" mtty-1
	must virsh nodedev-start "$(node "$device")"
done
has_devices 20
has_definitions 20
# shellcheck disable=SC2086 # they are words
{
	knows_active $twenty
	knows_inactive
	for device in $twenty; do
		must virsh nodedev-destroy "$(node "$device")"
	done
	knows_inactive $twenty
}
knows_active
has_devices 0
finish_libvirt_check
