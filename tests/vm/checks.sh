# shellcheck shell=dash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What mdevctl has to do on a real kernel with the sample drivers mtty (24 ports, one per mtty-1 and two per mtty-2)
# and mdpy (four displays of any type).  guest.sh sources this file and has the helpers.

A=$(uuid 1)
B=$(uuid 2)
C=$(uuid 3)
unknown='"nosuch": "1"'

mtty_types='mtty
  mtty-1
    Available instances: 24
    Device API: vfio-pci
    Name: Single port serial
  mtty-2
    Available instances: 12
    Device API: vfio-pci
    Name: Dual port serial'

mdpy_types='mdpy
  mdpy-hd
    Available instances: 4
    Device API: vfio-pci
    Name: mdpy-hd
    Description: virtual display, 1920x1080 framebuffer
  mdpy-vga
    Available instances: 4
    Device API: vfio-pci
    Name: mdpy-vga
    Description: virtual display, 640x480 framebuffer
  mdpy-xga
    Available instances: 4
    Device API: vfio-pci
    Name: mdpy-xga
    Description: virtual display, 1024x768 framebuffer'

check 'types: every parent, in order, with what the kernel tells of its types'
run mdevctl types
is_status 0
is_stdout "$mdpy_types
$mtty_types"

check 'types --parent: only that one'
run mdevctl types -p mtty
is_status 0
is_stdout "$mtty_types"

check 'types --dumpjson: mtty, without descriptions'
run mdevctl types -p mtty --dumpjson
is_status 0
is_stdout '[
  {
    "mtty": [
      {
        "mtty-1": {
          "available_instances": 24,
          "device_api": "vfio-pci",
          "name": "Single port serial"
        }
      },
      {
        "mtty-2": {
          "available_instances": 12,
          "device_api": "vfio-pci",
          "name": "Dual port serial"
        }
      }
    ]
  }
]'

check 'types --dumpjson: both parents in one object'
run mdevctl types --dumpjson
is_status 0
stdout_has_line '    "mdpy": ['
stdout_has_line '    "mtty": ['
stdout_has_line '          "description": "virtual display, 1920x1080 framebuffer"'
expect 'one object in the list' [ "$(grep -c '^  {$' out)" = 1 ]

check 'types: a device takes its ports from both types of mtty'
must mdevctl start -u "$A" -p mtty -t mtty-2
run mdevctl types -p mtty
stdout_has_line '    Available instances: 22'
stdout_has_line '    Available instances: 11'

check 'types: a device of mbochs takes its memory from the other types'
modprobe mbochs
must mdevctl start -u "$A" -p mbochs -t mbochs-large
run mdevctl types -p mbochs
is_status 0
stdout_has_line '    Available instances: 3'
stdout_has_line '    Available instances: 12'
stdout_has_line '    Available instances: 48'
stdout_has_line '    Description: virtual display, 64 MB video memory'

check 'define with UUID: says nothing; list --defined shows it'
quietly mdevctl define -u "$A" -p mtty -t mtty-2
run mdevctl list --defined
is_status 0
is_stdout "$A mtty mtty-2 manual"
is_inactive "$A"

check 'define without UUID: prints the one it made'
run mdevctl define -p mtty -t mtty-2 --auto
is_status 0
is_uuid
made=$(cat out)
run mdevctl list --defined
is_stdout "$made mtty mtty-2 auto"

check 'define of a running device: takes parent and type from it'
must mdevctl start -u "$A" -p mdpy -t mdpy-xga
quietly mdevctl define -u "$A"
run mdevctl list --defined
is_stdout "$A mdpy mdpy-xga manual (active)"

check 'start of a defined device: says nothing; the kernel has it'
must mdevctl define -u "$A" -p mtty -t mtty-2
quietly mdevctl start -u "$A"
is_active "$A" mtty mtty-2
run mdevctl list
is_stdout "$A mtty mtty-2 manual (defined)"
run mdevctl list --defined
is_stdout "$A mtty mtty-2 manual (active)"

check 'stop: says nothing; the device goes, its definition stays'
must mdevctl define -u "$A" -p mtty -t mtty-2
must mdevctl start -u "$A"
quietly mdevctl stop -u "$A"
is_inactive "$A"
is_free mtty mtty-2 12
run mdevctl list --defined
is_stdout "$A mtty mtty-2 manual"

check 'undefine: the definition goes, the running device stays'
must mdevctl define -u "$A" -p mtty -t mtty-2
must mdevctl start -u "$A"
quietly mdevctl undefine -u "$A"
is_active "$A" mtty mtty-2
quietly mdevctl list --defined
run mdevctl list
is_stdout "$A mtty mtty-2 manual"

check 'list: sorted by parent, then UUID'
must mdevctl start -u "$C" -p mtty -t mtty-1
must mdevctl start -u "$A" -p mtty -t mtty-2
must mdevctl start -u "$B" -p mdpy -t mdpy-hd
run mdevctl list
is_status 0
is_stdout "$B mdpy mdpy-hd manual
$A mtty mtty-2 manual
$C mtty mtty-1 manual"

check 'list: nothing, with nothing running or defined'
quietly mdevctl list
quietly mdevctl list --defined
run mdevctl list --dumpjson
is_status 0
is_stdout '[]'

check 'lsmdev: is mdevctl list'
must mdevctl start -u "$A" -p mtty -t mtty-1
run lsmdev
is_status 0
is_stdout "$A mtty mtty-1 manual"

check 'start without UUID: prints the one it made'
run mdevctl start -p mtty -t mtty-1
is_status 0
is_uuid
is_active "$(cat out)" mtty mtty-1
has_devices 1

check 'start with the UUID in capitals, without dashes'
quietly mdevctl start -u ABCDEF0000004000800000000000000A -p mtty -t mtty-1
is_active abcdef00-0000-4000-8000-00000000000a mtty mtty-1

check 'start of a UUID that runs: refused, and told where it runs'
must mdevctl start -u "$A" -p mtty -t mtty-2
run mdevctl start -u "$A" -p mtty -t mtty-2
is_refused "$A" mtty
run mdevctl start -u "$A" -p mtty -t mtty-1
is_refused "$A" mtty
is_active "$A" mtty mtty-2
has_devices 1

check 'start of a UUID that runs on another parent: refused, and told where it runs'
must mdevctl start -u "$A" -p mtty -t mtty-2
run mdevctl start -u "$A" -p mdpy -t mdpy-vga
is_refused "$A" mtty
is_active "$A" mtty mtty-2
is_free mdpy mdpy-vga 4

check 'start of a defined device that runs: refused'
must mdevctl define -u "$A" -p mtty -t mtty-2
must mdevctl start -u "$A"
run mdevctl start -u "$A"
is_refused "$A" mtty
is_active "$A" mtty mtty-2

check 'start of all 24 ports of mtty, then one more: no instance left (ENOSPC)'
for i in $(seq 24); do
	must mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-1
done
is_free mtty mtty-1 0
run mdevctl start -u "$(uuid 25)" -p mtty -t mtty-1
is_refused mtty-1
is_inactive "$(uuid 25)"
has_devices 24

check 'start of a type for which too little is left: refused, and told what is free'
for i in $(seq 23); do
	must mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-1
done
run mdevctl start -u "$(uuid 25)" -p mtty -t mtty-2
is_refused mtty-2 mtty-1
has_devices 23

check 'start of a fifth display of mdpy: no instance left (EUSERS)'
for i in $(seq 4); do
	must mdevctl start -u "$(uuid "$i")" -p mdpy -t mdpy-vga
done
run mdevctl start -u "$(uuid 5)" -p mdpy -t mdpy-hd
is_refused mdpy-hd
expect 'a message about instances, not the text of EUSERS' [ "$(grep -ci 'too many users' err)" = 0 ]
is_inactive "$(uuid 5)"
has_devices 4

check 'start of an unknown type: refused, and told what the parent offers'
run mdevctl start -u "$A" -p mtty -t mtty-3
is_refused mtty-3 mtty-1 mtty-2
has_devices 0

check 'start on an unknown parent: refused, and told the nearest name'
run mdevctl start -u "$A" -p mtti -t mtty-1
is_refused mtti mtty
has_devices 0

check 'start writes attributes in their order'
definition mtty-1 manual '[{"power/control": "auto"}, {"power/control": "on"}]'
quietly mdevctl start -u "$A" -p mtty --jsonfile definition.json
has_attribute "$A" power/control on
definition mtty-1 manual '[{"power/control": "on"}, {"power/control": "auto"}]'
quietly mdevctl start -u "$B" -p mtty --jsonfile definition.json
has_attribute "$B" power/control auto

check 'start with an attribute that does not exist: nothing left behind'
definition mtty-2 manual "[{\"power/control\": \"on\"}, {$unknown}]"
run mdevctl start -u "$A" -p mtty --jsonfile definition.json
is_refused nosuch
has_devices 0
is_free mtty mtty-2 12

check 'start with an attribute that cannot be written: nothing left behind'
definition mdpy-vga manual '[{"vendor/resolution": "1x1"}]'
run mdevctl start -u "$A" -p mdpy --jsonfile definition.json
is_refused vendor/resolution
has_devices 0
is_free mdpy mdpy-vga 4

check 'start with a value that the kernel refuses: nothing left behind'
definition mtty-1 manual '[{"power/control": "sideways"}]'
run mdevctl start -u "$A" -p mtty --jsonfile definition.json
is_refused power/control
has_devices 0

check 'start with an attribute outside of the device, by its path or by a link: refused, nothing written'
for name in ../mdev_supported_types/mtty-1/create mdev_type/create; do
	definition mtty-1 manual "[{\"$name\": \"$B\"}]"
	run mdevctl start -u "$A" -p mtty --jsonfile definition.json
	is_refused "$name"
	has_devices 0
done

check 'stop of a device that does not run: refused'
must mdevctl define -u "$A" -p mtty -t mtty-2
run mdevctl stop -u "$A"
is_refused "$A"

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
definition mtty-1 auto "[{$unknown}]"
must mdevctl define -u "$A" -p mtty --jsonfile definition.json
must mdevctl define -u "$B" -p mtty -t mtty-1 --auto
run mdevctl start-parent-mdevs mtty
is_refused "$A"
is_active "$B" mtty mtty-1
has_devices 1
syslog_says "$A"

check 'start-parent-mdevs: an absent parent with an auto device is an error, in syslog too'
must mdevctl define -u "$A" -p mtty -t mtty-1 --auto
modprobe -r mtty
run mdevctl start-parent-mdevs mtty
is_refused mtty
syslog_says mtty
syslog_says mdevctl

check 'start-parent-mdevs: nothing defined is no error'
quietly mdevctl start-parent-mdevs mtty
quietly mdevctl start-parent-mdevs nosuch

check 'no driver loaded: list and types are empty, and no error'
modprobe -r mtty mdpy
has_no_bus
run mdevctl list
is_status 0
is_stdout ''
run mdevctl list --dumpjson
is_status 0
is_stdout '[]'
run mdevctl types --dumpjson
is_status 0
is_stdout '[]'

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

check 'udev rule: loading the driver starts its auto devices, without a word in syslog'
must mdevctl define -u "$A" -p mtty -t mtty-2 --auto
must mdevctl define -u "$B" -p mtty -t mtty-1 --auto
must mdevctl define -u "$C" -p mtty -t mtty-1
modprobe -r mtty
start_udevd
modprobe mtty
udevadm settle
stop_udevd
is_active "$A" mtty mtty-2
is_active "$B" mtty mtty-1
has_devices 2
syslog_is_silent_on mdevctl

check '8 starts of one UUID at once: exactly one succeeds'
for _ in $(seq 8); do
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

check '12 starts of different UUIDs at once: all succeed'
for i in $(seq 12); do
	at_once mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-2
done
succeeded 12
has_devices 12
is_free mtty mtty-1 0

check '4 start-parent-mdevs at once: all succeed, every device runs'
for i in $(seq 6); do
	must mdevctl define -u "$(uuid "$i")" -p mtty -t mtty-2 --auto
done
for _ in $(seq 4); do
	at_once mdevctl start-parent-mdevs mtty
done
succeeded 4
has_devices 6

# Removing a device that another process is still creating makes it immortal: guest.sh has more on that.
check 'starts and stops of one UUID at once: every port of mtty can be used afterwards'
for _ in 1 2; do
	at_once repeat 40 mdevctl start -u "$A" -p mtty -t mtty-1
	at_once repeat 40 mdevctl stop -u "$A"
done
at_once repeat 20 mdevctl list
wait
run mdevctl stop -u "$A"
has_devices 0
for i in $(seq 24); do
	must mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-1
done
has_devices 24

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

check 'stop of a device in use: refused within 5 s, naming the process; works once that is gone'
must mdevctl start -u "$A" -p mtty -t mtty-2
hold "$A"
began=$(now)
run mdevctl stop -u "$A"
is_refused
names_holder holder
expect 'within 5 seconds' [ $(($(now) - began)) -le 5 ]
is_active "$A" mtty mtty-2
release
quietly mdevctl stop -u "$A"
has_devices 0

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

check 'stop --force of a device in use: waits for its end'
must mdevctl start -u "$A" -p mtty -t mtty-2
hold "$A" 3
run mdevctl stop --force -u "$A"
is_status 0
is_stdout ''
is_holder_gone
has_devices 0

# shellcheck source=tests/vm/facts.sh
. /facts.sh
