# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Several at once.

check '20 starts of one UUID at once: exactly one succeeds'
for _ in $(seq 20); do
	at_once mdevctl start -u "$A" -p mtty -t mtty-1
done
succeeded 1
is_active "$A" mtty mtty-1
has_devices 1

check '8 stops of one UUID at once: it goes, and none of them takes another one for a user'
for _ in $(seq 25); do
	must mdevctl start -u "$A" -p mtty -t mtty-1
	for _ in $(seq 8); do
		at_once mdevctl stop -u "$A"
	done
	wait
	has_devices 0
	expect 'no word of a device in use' [ "$(grep -c 'in use' err)" = 0 ]
done

check '24 starts of different UUIDs at once: all succeed'
for i in $(seq 24); do
	at_once mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-1
done
succeeded 24
has_devices 24
is_free mtty mtty-1 0

check '30 starts of different UUIDs at once: as many succeed as there are ports'
for i in $(seq 30); do
	at_once mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-1
done
succeeded 24
has_devices 24

check '8 starts of one UUID on two parents at once: exactly one succeeds'
for _ in $(seq 4); do
	at_once mdevctl start -u "$A" -p mtty -t mtty-2
	at_once mdevctl start -u "$A" -p mdpy -t mdpy-vga
done
succeeded 1
has_devices 1

check '4 start-parent-mdevs at once: all succeed, every device runs'
for i in $(seq 6); do
	must mdevctl define -u "$(uuid "$i")" -p mtty -t mtty-2 --auto
done
for _ in $(seq 4); do
	at_once mdevctl start-parent-mdevs mtty
done
succeeded 4
is_silent
has_devices 6
syslog_is_silent

check 'start-parent-mdevs beside starts of the same devices: every device runs'
for i in $(seq 8); do
	must mdevctl define -u "$(uuid "$i")" -p mtty -t mtty-1 --auto
done
for i in $(seq 8); do
	at_once sh -c "mdevctl start -u $(uuid "$i") 2>/dev/null"
done
quietly mdevctl start-parent-mdevs mtty
wait
has_devices 8
syslog_is_silent

every_port_is_usable() {
	for device in "$devices"/*; do
		[ ! -e "$device" ] || run mdevctl stop -u "${device##*/}"
	done
	has_devices 0
	for i in $(seq 24); do
		must mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-1
	done
	has_devices 24
}

# Removing a device that another process is still creating makes it immortal: the kernel takes its `remove` away.
check 'starts and stops of the same UUIDs at once: every port of mtty can be used afterwards'
for device in "$A" "$B"; do
	for _ in 1 2; do
		at_once repeat 20 mdevctl start -u "$device" -p mtty -t mtty-1
		at_once repeat 20 mdevctl stop -u "$device"
	done
done
at_once repeat 20 mdevctl list
wait
every_port_is_usable

check 'stops of what another program is just creating: every port of mtty can be used afterwards'
create() { for _ in $(seq 60); do echo "$1" >"/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/create"; done; }
for device in "$A" "$B"; do
	at_once create "$device"
	at_once repeat 30 mdevctl stop -u "$device"
done
wait
every_port_is_usable

check 'starts while the driver comes and goes: all is well afterwards'
at_once repeat 5 reload_driver mtty
at_once repeat 30 mdevctl start -p mtty -t mtty-1
at_once repeat 30 mdevctl list
wait
reload_driver mtty
quietly mdevctl start -u "$A" -p mtty -t mtty-1
has_devices 1

check 'list while devices come and go: never an error'
at_once repeat 20 sh -c "mdevctl start -u $A -p mtty -t mtty-1; mdevctl stop -u $A"
churn=$!
while kill -0 $churn; do
	run mdevctl list --dumpjson
	is_status 0
	has_no_warning
done 2>/dev/null
