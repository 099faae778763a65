# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Devices that come back by themselves: start-parent-mdevs, and the udev rule that runs it.

check 'start-parent-mdevs: starts auto devices, leaves manual and running ones alone; again: nothing to do'
must mdevctl define -u "$A" -p mtty -t mtty-2 --auto
must mdevctl define -u "$B" -p mtty -t mtty-1 --auto
must mdevctl define -u "$C" -p mtty -t mtty-1
must mdevctl define -u "$(uuid 4)" -p mdpy -t mdpy-vga --auto
must mdevctl start -u "$B"
before=$(identity "$B")
quietly mdevctl start-parent-mdevs mtty
is_active "$A" mtty mtty-2
expect "$B is the same device as before" [ "$(identity "$B")" = "$before" ]
has_devices 2
quietly mdevctl start-parent-mdevs mtty
has_devices 2

check 'start-parent-mdevs: one device that cannot be started does not stop the others'
definition mtty-1 auto '[{"nosuch": "1"}]'
must mdevctl define -u "$A" -p mtty --jsonfile definition.json
must mdevctl define -u "$B" -p mtty -t mtty-1 --auto
must mdevctl define -u "$C" -p mtty -t mtty-3 --auto
must mdevctl define -u "$D" -p mtty -t mtty-2 --auto
run timeout 60 mdevctl start-parent-mdevs mtty
is_refused "$A" nosuch "$C" mtty-3
are_active "$B" "$D"
syslog_says "$A"
syslog_says "$C"

check 'start-parent-mdevs: no parent in time is an error that names the devices, in syslog too; no module is loaded'
must mdevctl define -u "$A" -p mtty -t mtty-1 --auto
modprobe -r mtty
run timeout 60 mdevctl start-parent-mdevs mtty
is_refused mtty "$A"
syslog_says mdevctl
syslog_says "$A"
is_not_loaded mtty

check 'start-parent-mdevs: nothing to start is no error, whether the parent is there or not'
must mdevctl define -u "$A" -p nosuch -t mtty-1
quietly mdevctl start-parent-mdevs mtty
quietly mdevctl start-parent-mdevs nosuch
syslog_is_silent

check 'start-parent-mdevs: waits for a parent that appears 3 s later'
must mdevctl define -u "$A" -p mtty -t mtty-2 --auto
must mdevctl define -u "$B" -p mtty -t mtty-1 --auto
must mdevctl define -u "$C" -p mtty -t mtty-1
modprobe -r mtty
at_once mdevctl start-parent-mdevs mtty
sleep 3
modprobe mtty
succeeded 1
is_silent
are_active "$A" "$B"
syslog_is_silent

check 'driver reloaded: its devices are gone, start-parent-mdevs brings the auto ones back'
must mdevctl define -u "$A" -p mtty -t mtty-2 --auto
must mdevctl define -u "$B" -p mtty -t mtty-1
must mdevctl start -u "$A"
must mdevctl start -u "$B"
reload_driver mtty
has_devices 0
quietly mdevctl start-parent-mdevs mtty
is_active "$A" mtty mtty-2
has_devices 1

# Two automatic devices on mtty and one on mdpy, and a manual one on both.
define_devices() {
	must mdevctl define -u "$A" -p mtty -t mtty-2 --auto
	must mdevctl define -u "$B" -p mtty -t mtty-1 --auto
	must mdevctl define -u "$C" -p mtty -t mtty-1
	must mdevctl define -u "$D" -p mdpy -t mdpy-xga --auto
	must mdevctl define -u "$(uuid 5)" -p mdpy -t mdpy-vga
}

check 'udev: loading a driver starts its auto devices, by one run, without a word in syslog'
define_devices
record_calls
modprobe -r mtty
start_udevd
modprobe mtty
stop_udevd
is_active "$A" mtty mtty-2
is_active "$B" mtty mtty-1
has_devices 2
is_called_for mtty
syslog_is_silent

check 'udev: two drivers loaded at once, one run for each parent'
define_devices
record_calls
modprobe -r mtty mdpy
start_udevd
at_once modprobe mtty
at_once modprobe mdpy
succeeded 2
stop_udevd
are_active "$A" "$B" "$D"
is_called_for mtty mdpy
syslog_is_silent

check 'udev: after unload and reload the auto devices are back, also where no definition directory was at first'
expect 'no definition directory' [ ! -e "$definitions" ]
record_calls
start_udevd
define_devices
reload_driver mtty
udevadm settle
are_active "$A" "$B"
must mdevctl start -u "$C"
reload_driver mtty
stop_udevd
are_active "$A" "$B"
is_called_for mtty mtty
syslog_is_silent

check 'udev: coldplug starts the auto devices of parents that are there, by one run for each'
define_devices
record_calls
start_udevd
coldplug
stop_udevd
are_active "$A" "$B" "$D"
is_called_for mtty mdpy
syslog_is_silent

check 'udev: coldplug of what runs already does nothing, and says nothing'
define_devices
must mdevctl start -u "$B"
before=$(identity "$B")
start_udevd
coldplug
udevadm settle
coldplug
stop_udevd
are_active "$A" "$B" "$D"
expect "$B is the same device as before" [ "$(identity "$B")" = "$before" ]
syslog_is_silent

check 'udev: a plain udevadm trigger brings back what was stopped, by one run for each parent'
define_devices
record_calls
start_udevd
udevadm trigger
udevadm settle
are_active "$A" "$B" "$D"
must mdevctl stop -u "$B"
udevadm trigger --settle "/sys/class/mdev_bus/mtty"
stop_udevd
are_active "$A" "$B" "$D"
is_called_for mtty mdpy mtty
syslog_is_silent

check 'udev: coldplug while drivers are being loaded: every auto device runs, without a word in syslog'
define_devices
modprobe -r mtty mdpy
start_udevd
at_once modprobe mtty
at_once coldplug
at_once modprobe mdpy
at_once coldplug
succeeded 4
stop_udevd
are_active "$A" "$B" "$D"
syslog_is_silent

check 'udev: starting devices runs nothing; unloading a driver runs nothing'
record_calls
start_udevd
must mdevctl start -u "$A" -p mtty -t mtty-1
must mdevctl stop -u "$A"
must mdevctl start -u "$B" -p mtty -t mtty-1
udevadm settle
modprobe -r mtty
stop_udevd
has_devices 0
is_called_for

check 'udev: what cannot be started is told to syslog, and everything else runs'
define_devices
definition mtty-1 auto '[{"nosuch": "1"}]'
must mdevctl define -u "$(uuid 6)" -p mtty --jsonfile definition.json
start_udevd
reload_driver mtty
stop_udevd
are_active "$A" "$B"
syslog_says "$(uuid 6)"
syslog_says nosuch
