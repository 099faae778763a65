# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What mdevctl has to do on a real kernel with the sample drivers mtty (24 ports, one per mtty-1 and two per mtty-2)
# and mdpy (four displays of any type).

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

check 'modify: type and start of a definition; the next start and list have them'
must mdevctl define -u "$A" -p mdpy -t mdpy-vga
quietly mdevctl modify -u "$A" --auto
quietly mdevctl modify -u "$A" --type mdpy-hd
run mdevctl list --defined
is_stdout "$A mdpy mdpy-hd auto"
quietly mdevctl start-parent-mdevs mdpy
is_active "$A" mdpy mdpy-hd
quietly mdevctl modify -u "$A" --manual
run mdevctl list
is_stdout "$A mdpy mdpy-hd manual (defined)"

check 'list --dumpjson of a definition: fit for --jsonfile of define, modify and start'
definition mtty-2 auto '[{"power/control": "on"}]'
must mdevctl define -u "$A" -p mtty --jsonfile definition.json
run mdevctl list --defined --dumpjson -u "$A"
is_status 0
cp out dump.json
quietly mdevctl define -u "$B" -p mtty --jsonfile dump.json
must mdevctl define -u "$C" -p mtty -t mtty-1
quietly mdevctl modify -u "$C" -p mtty --jsonfile dump.json
for device in "$B" "$C"; do
	run mdevctl list --defined --dumpjson -u "$device"
	expect "$device is defined as $A" cmp -s dump.json out
done
quietly mdevctl start -u "$D" -p mtty --jsonfile dump.json
is_active "$D" mtty mtty-2
has_attribute "$D" power/control on

# A script of the administrator's, for every type.
callout() {
	mkdir -p "$definitions/scripts.d/callouts"
	printf '#!/bin/sh\n%s\n' "$1" >"$definitions/scripts.d/callouts/check"
	chmod 755 "$definitions/scripts.d/callouts/check"
}

check 'a callout script: pre can refuse a start and a stop'
# shellcheck disable=SC2016 # for the script
callout 'case "$4 $6" in "pre start") exit 1 ;; "get capabilities") exit 2 ;; esac'
run mdevctl start -u "$A" -p mtty -t mtty-1
is_refused "$A"
has_devices 0
# shellcheck disable=SC2016
callout 'case "$4 $6" in "pre stop") exit 1 ;; "get capabilities") exit 2 ;; esac'
must mdevctl start -u "$A" -p mtty -t mtty-1
run mdevctl stop -u "$A"
is_refused "$A"
is_active "$A" mtty mtty-1

check 'a callout script: tells the attributes of a running device, and changes them live'
# shellcheck disable=SC2016
callout 'file=/sys/bus/mdev/devices/${10}/power/control
case "$4 $6" in
"get capabilities") echo "{\"supports\": {\"version\": 2, \"actions\": [\"start\", \"define\", \"modify\", \"attributes\", \"capabilities\"], \"events\": [\"pre\", \"post\", \"get\", \"live\"]}}" ;;
"get attributes") echo "[{\"power/control\": \"$(cat $file)\"}]" ;;
"live modify") grep -o "\"auto\"\|\"on\"" | tail -n 1 | tr -d \" >$file ;;
esac'
definition mtty-1 manual '[{"power/control": "on"}]'
must mdevctl start -u "$A" -p mtty --jsonfile definition.json
run mdevctl list -v
is_stdout "$A mtty mtty-1 manual
  Attrs:
    @{0}: {\"power/control\":\"on\"}"
definition mtty-1 manual '[{"power/control": "auto"}]'
quietly mdevctl modify -u "$A" --live --jsonfile definition.json
has_attribute "$A" power/control auto
quietly mdevctl define -u "$A"
run mdevctl list --defined -v
stdout_has_line '    @{0}: {"power/control":"auto"}'
