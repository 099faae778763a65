# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Devices that a process holds as a virtual machine does.

check 'stop of a device in use: refused, naming the process; works once that is gone'
must mdevctl start -u "$A" -p mtty -t mtty-2
hold "$A"
run mdevctl stop -u "$A"
is_refused "$A"
names_holder holder
is_active "$A" mtty mtty-2
release
quietly mdevctl stop -u "$A"
has_devices 0

# The machine may be busy with other things, but hardly five times.
check 'stop of a device in use: refused within a second'
must mdevctl start -u "$A" -p mtty -t mtty-2
hold "$A"
for _ in 1 2 3 4 5; do
	began=$(now)
	run timeout 20 mdevctl stop -u "$A"
	took=$(($(now) - began))
	[ "$took" -gt 100 ] || break
done
is_refused "$A"
expect "within a second, not $took hundredths of one" [ "$took" -le 100 ]

check 'stop of a device beside one in use: works'
must mdevctl start -u "$A" -p mtty -t mtty-1
must mdevctl start -u "$B" -p mtty -t mtty-1
hold "$A"
quietly mdevctl stop -u "$B"
is_active "$A"
has_devices 1

check 'stop of a device whose VFIO group is open: refused, naming the process; works once that is gone'
must mdevctl start -u "$A" -p mtty -t mtty-2
hold_group "$A"
run mdevctl stop -u "$A"
is_refused
names_holder sleep
is_active "$A" mtty mtty-2
release
quietly mdevctl stop -u "$A"
has_devices 0

# libvirtd has it open so.  The parentheses are a process of their own.
check 'stop run by a process that has the VFIO group open without a use for it: works, without a wait'
must mdevctl start -u "$A" -p mtty -t mtty-2
group=$(group_of "$A")
run_with_group() { (
	exec 3<"$group"
	timeout 20 mdevctl stop -u "$A" 3<&-
	echo "status $?"
); }
run run_with_group
is_stdout 'status 0'
has_no_warning
has_devices 0

check 'stop run by a process that uses the device: refused, naming the process'
must mdevctl start -u "$A" -p mtty -t mtty-2
modprobe vfio_iommu_type1
run holder "$(group_of "$A")" "$A" 0 mdevctl stop -u "$A"
is_status 1
stderr_says "$A" '(holder)'
is_active "$A" mtty mtty-2

check 'stop --force of a device in use: says whom it waits for, and ends when that is gone'
must mdevctl start -u "$A" -p mtty -t mtty-2
hold "$A" 3
run mdevctl stop --force -u "$A"
is_status 0
is_stdout ''
names_holder holder
is_holder_gone
has_devices 0
is_free mtty mtty-2 12

is_leaving() { [ ! -e "$devices/$1" ] && [ -e "/sys/class/mdev_bus/mtty/$1" ]; }

# stop_in_use UUID: it is held, and being removed until it is released.
stop_in_use() {
	hold "$1"
	at_once mdevctl stop --force -u "$1"
	expect 'the removal has begun' soon is_leaving "$1"
	: >out
	: >err
}

check 'a device that stop --force is waiting for: not listed; start and stop of it are refused and say so'
must mdevctl define -u "$A" -p mtty -t mtty-2
must mdevctl start -u "$A"
stop_in_use "$A"
quietly mdevctl list
run mdevctl start -u "$A"
is_refused "$A" removed
run timeout 20 mdevctl stop -u "$A"
is_refused "$A" removed
release
succeeded 1
quietly mdevctl start -u "$A"
is_active "$A" mtty mtty-2

check 'start-parent-mdevs: waits for a device that is just being removed, and starts it again'
must mdevctl define -u "$A" -p mtty -t mtty-2 --auto
must mdevctl define -u "$B" -p mtty -t mtty-1 --auto
must mdevctl start -u "$A"
stop_in_use "$A"
at_once mdevctl start-parent-mdevs mtty
sleep 1
release
succeeded 2
is_silent
are_active "$A" "$B"
syslog_is_silent

check 'start-parent-mdevs: gives up on a device whose removal does not end, and starts the others'
must mdevctl define -u "$A" -p mtty -t mtty-2 --auto
must mdevctl define -u "$B" -p mtty -t mtty-1 --auto
must mdevctl start -u "$A"
stop_in_use "$A"
run timeout 60 mdevctl start-parent-mdevs mtty
is_refused "$A"
is_active "$B" mtty mtty-1
syslog_says "$A"
release
succeeded 1

check 'stop --force that is killed: the device goes when it is released, and can be started again'
must mdevctl start -u "$A" -p mtty -t mtty-2
hold "$A"
mdevctl stop --force -u "$A" >/dev/null 2>&1 &
waiting=$!
expect 'the removal has begun' soon is_leaving "$A"
kill -KILL $waiting
release
wait
expect 'it is gone' soon [ ! -e "/sys/class/mdev_bus/mtty/$A" ]
quietly mdevctl start -u "$A" -p mtty -t mtty-2
is_active "$A" mtty mtty-2
