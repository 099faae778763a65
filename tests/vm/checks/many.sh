# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A thousand automatic devices of one parent.

many=1000

# As `mdevctl define` writes them, but a thousand runs of that take their time.
define_many() {
	# Waiting for the kernel's grace periods is most of the time that a device takes, and no work of ours.
	echo 1 >/sys/kernel/rcu_expedited
	afterwards 'echo 0 >/sys/kernel/rcu_expedited'
	configure_modprobe "options mdpy count=$many"
	mkdir -p "$definitions/mdpy"
	for i in $(seq $many); do
		uuid "$i"
		echo
	done >uuids
	while read -r uuid; do
		echo '{"mdev_type": "mdpy-vga", "start": "auto", "attrs": []}' >"$definitions/mdpy/$uuid"
	done <uuids
}

# Hundredths of a second that COMMAND takes to start them on a driver just loaded.
time_many() {
	reload_driver mdpy
	began=$(now)
	must "$@"
	took=$(($(now) - began))
	has_devices $many
}

create_many() { creator /sys/class/mdev_bus/mdpy/mdev_supported_types/mdpy-vga/create <uuids; }

check "udev: $many auto devices come back when their driver is loaded, before udev loses patience"
define_many
modprobe -r mdpy
start_udevd
modprobe mdpy
udevadm settle --timeout=180
stop_udevd
has_devices $many
syslog_is_silent

# The least of several runs of each, as what else the machine does falls on some of both.  The check before has made the
# guest's memory be there.
time_bare() {
	time_many create_many
	if [ -z "$least_bare" ] || [ $took -lt $least_bare ]; then least_bare=$took; fi
}

time_ours() {
	time_many mdevctl start-parent-mdevs mdpy
	is_silent
	if [ -z "$least" ] || [ $took -lt $least ]; then least=$took; fi
}

is_fast() { [ $((least * 100)) -le $((least_bare * 150)) ]; }

check "start-parent-mdevs of $many devices: takes no more than 1.5 times what a bare loop of writes takes"
define_many
least_bare=
least=
for pair in 1 2 3 4 5 6; do
	case $pair in
	[135])
		time_bare
		time_ours
		;;
	*)
		time_ours
		time_bare
		;;
	esac
	if [ $pair -ge 3 ] && is_fast; then break; fi
done
echo "# start-parent-mdevs: $((least * 10)) ms, a bare loop: $((least_bare * 10)) ms," \
	"$((least * 100 / least_bare)) % of that; the least of $pair runs each"
expect 'no more than 1.5 times as long' is_fast
syslog_is_silent
