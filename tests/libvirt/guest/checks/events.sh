# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What `virsh nodedev-event` shows: what management programs rely on.

# shellcheck source=tests/libvirt/guest/steps.sh
. /steps.sh

libvirt_check 'events of nodedev-create and -destroy: Created, Deleted'
watch_events lifecycle
nodedev_create "$A" mtty-2
has_events Created
must virsh nodedev-destroy "$(node "$A")"
has_events Created Deleted

libvirt_check 'events of nodedev-define, -start, -destroy and -undefine: Defined, Created, Deleted, Undefined'
watch_events lifecycle
nodedev_define "$A" mtty-2
has_events Defined
must virsh nodedev-start "$(node "$A")"
has_events Defined Created
must virsh nodedev-destroy "$(node "$A")"
has_events Defined Created Deleted
must virsh nodedev-undefine "$(node "$A")"
has_events Defined Created Deleted Undefined

libvirt_check 'events of mdevctl define, start, stop and undefine from the shell: the same'
watch_events lifecycle
must mdevctl define -u "$A" -p mtty -t mtty-2
has_events Defined
must mdevctl start -u "$A"
has_events Defined Created
must mdevctl stop -u "$A"
has_events Defined Created Deleted
must mdevctl undefine -u "$A"
has_events Defined Created Deleted Undefined

libvirt_check 'an event of mdevctl modify from the shell: an update; none of a modify that changes nothing'
must mdevctl define -u "$A" -p mtty -t mtty-2
must mdevctl define -u "$B" -p mtty -t mtty-1
knows_inactive "$A" "$B"
watch_events update
must mdevctl modify -u "$A" --auto
expect 'an update of it' in_time has_update "$A"
must mdevctl modify -u "$A" --auto
must mdevctl modify -u "$B" --auto
expect 'an update of what was changed after that' in_time has_update "$B"
expect "one update, not $(updates "$A")" [ "$(updates "$A")" = 1 ]
finish_libvirt_check
