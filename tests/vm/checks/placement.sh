# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Names, placement and pools, where the kernel counts.

# What mdevctl(8) says that uuidgen makes of it.
vm12=337d0242-4169-5ba5-9d4f-4445c4bd400e

check 'start --name: the UUID that uuidgen makes of the name, whoever asks first'
run mdevctl start --name vm12 -t 'Single port serial'
is_status 0
stdout_has_line "$vm12"
run mdevctl start --name vm12 -t mtty-1
is_status 0
stdout_has_line "$vm12"
is_active "$vm12" mtty mtty-1
has_devices 1

check '20 start --name of one name at once: one device, and all succeed'
for _ in $(seq 20); do
	at_once mdevctl start --name vm12 -t mtty-1
done
succeeded 20
is_active "$vm12" mtty mtty-1
has_devices 1
expect 'one UUID, 20 times' [ "$(sort -u out)" = "$vm12" ]

check '30 start --pool at once for 24 places: 24 succeed on 24 devices, 6 fail with the table'
echo '{"parents": ["mdp*", "mtty"], "types": ["Single port serial"]}' >pool.json
must mdevctl define-pool ports --jsonfile pool.json
for _ in $(seq 30); do
	at_once mdevctl start --pool ports
done
succeeded 24
has_devices 24
is_free mtty mtty-1 0
# The kernel counts those that are half made, too: how many run by then depends on the machine.
expect '6 tables' [ "$(grep -c 'full: [0-9]* of mtty-1 run there' err)" = 6 ]
must mdevctl undefine-pool ports

check 'define, start: the parent is chosen, and what is promised is left'
must mdevctl define --name kept -t mtty-2 --auto
for _ in $(seq 12); do
	run mdevctl start -t mtty-2
done
is_refused 'promised to kept'
has_devices 11
quietly mdevctl start-parent-mdevs mtty
has_devices 12
