# shellcheck shell=dash disable=SC2086,SC2154 # the variables are of guest.sh and vfs-host.sh; no name has blanks
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Virtual functions as devices: a card that is kept with a VFIO driver, and its functions started and stopped.

is_free_type="  vfio-pci
    Available instances: 1
    Device API: vfio-pci
    Name: VF of 1b36:0010"
is_free_own_type=$(echo "$is_free_type" | sed 1s/vfio-pci/nvme-vfio-pci/)

check 'define-vfs --driver: enabled, and no driver of the host ever saw them; each is a parent with one instance'
keep $pf 3
are_free 0000:01:00.1 0000:01:00.2 0000:01:00.3
host_kept_off
run mdevctl types
is_status 0
is_stdout "0000:01:00.1
$is_free_type
0000:01:00.2
$is_free_type
0000:01:00.3
$is_free_type"
quietly mdevctl list

check 'define-vfs --driver auto: vfio-pci, as no module has an alias for these'
must mdevctl define-vfs -p $pf --count 1 --driver auto
must mdevctl start-parent-mdevs $pf
run mdevctl types
is_stdout "$vf
$is_free_type"
must mdevctl start -p $vf -t vfio-pci
are_started $vf

# It is a module of the name with _, as those of xe and others are.
check "define-vfs --driver auto: the card's own VFIO driver, which modules.alias names; it is loaded and gets them"
install_own_driver
must mdevctl define-vfs -p $pf --count 2 --driver auto
must mdevctl start-parent-mdevs $pf
is_loaded nvme_vfio_pci
run mdevctl types
is_stdout "0000:01:00.1
$is_free_own_type
0000:01:00.2
$is_free_own_type"
host_kept_off
run mdevctl start --name vm12 -t nvme-vfio-pci
is_status 0
is_stdout $vm12
has_driver nvme-vfio-pci $vf
expect "the group of $vf opens" opens "$(group_of $vf)"
run mdevctl list
is_stdout "$vm12 $vf nvme-vfio-pci manual"
is_not_loaded vfio_pci
quietly mdevctl stop --name vm12
are_free $vf 0000:01:00.2

check 'define-vfs --driver: one that does not exist, or is none for VFIO: refused, nothing kept'
for driver in nosuch nvme; do
	run mdevctl define-vfs -p $pf --count 2 --driver $driver
	is_refused $driver
done
expect 'nothing is kept' [ ! -e $definitions/$pf ]

check 'start: the driver has it and its group opens; stop: it is free again, and no driver of the host takes it'
keep $pf 3
run mdevctl start -p $vf -t vfio-pci
is_status 0
is_stdout $vf1_uuid
are_started $vf
are_free 0000:01:00.2 0000:01:00.3
run mdevctl list
is_stdout "$vf1_uuid $vf vfio-pci manual"
run mdevctl types -p $vf
stdout_has_line '    Available instances: 0'
run mdevctl start -p $vf -t vfio-pci
is_refused $vf
quietly mdevctl stop -u $vf1_uuid
are_free $vf
quietly mdevctl list
host_kept_off

check 'list --dumpjson: what is no mediated device only with --all'
keep $pf 1
must mdevctl start -p $vf -t vfio-pci
run mdevctl list --dumpjson
is_stdout '[]'
run mdevctl list --dumpjson --all
is_status 0
expect 'it is there' grep -q $vf1_uuid out

check 'start --name: one device however often, and the UUID that uuidgen makes of the name; list shows it'
keep $pf 2
run mdevctl start --name vm12 -p $vf -t vfio-pci
is_status 0
is_stdout $vm12
are_started $vf
run mdevctl start --name vm12 -p $vf -t vfio-pci
is_status 0
is_stdout $vm12
are_free 0000:01:00.2
run mdevctl list
is_stdout "$vm12 $vf vfio-pci manual"
quietly mdevctl stop --name vm12
are_free $vf

check 'list --libvirt-xml: it names the device'
keep $pf 1
must mdevctl start -p $vf -t vfio-pci
run mdevctl list --libvirt-xml -u $vf1_uuid
is_status 0
expect 'a PCI hostdev' grep -q "type='pci'" out
expect 'its address' grep -qE "domain='0x0000' bus='0x01' slot='0x00' function='0x1'" out

check 'start loads the module of the driver, and says so; with --no-load it is refused'
keep $pf 1
modprobe -r vfio-pci
run mdevctl start --no-load -p $vf -t vfio-pci
is_refused vfio-pci
are_free $vf
is_not_loaded vfio_pci
run mdevctl start -p $vf -t vfio-pci
is_status 0
is_stdout $vf1_uuid
stderr_says vfio-pci
is_loaded vfio_pci
are_started $vf

check 'start writes attributes of the function and of its card; one that is refused: nothing is started'
keep $pf 2
definition vfio-pci manual '[{"broken_parity_status": "1"}, {"pf/broken_parity_status": "1"}]'
must mdevctl start -p $vf --jsonfile definition.json
are_started $vf
has_attribute $vf broken_parity_status 1
has_attribute $pf broken_parity_status 1
for name in broken_parity_status nosuch pf/nosuch pf/power/control; do
	definition vfio-pci manual "[{\"d3cold_allowed\": \"0\"}, {\"$name\": \"x\"}]"
	run mdevctl start -p 0000:01:00.2 --jsonfile definition.json
	is_refused $name
	are_free 0000:01:00.2
done

check 'start with an attribute that leads out of the function or the card: refused, nothing written'
keep $pf 2
for name in ../0000:01:00.2/broken_parity_status physfn/broken_parity_status pf/virtfn1/broken_parity_status \
	pf/../$other/broken_parity_status; do
	definition vfio-pci manual "[{\"$name\": \"1\"}]"
	run mdevctl start -p $vf --jsonfile definition.json
	is_refused
	are_free $vf
done
has_attribute 0000:01:00.2 broken_parity_status 0
has_attribute $pf broken_parity_status 0
has_attribute $other broken_parity_status 0

check 'define-vfs --jsonfile: the attributes of the card are written before its functions are enabled'
echo '{"vfs": 2, "driver": "vfio-pci", "attrs": [{"broken_parity_status": "1"}, {"d3cold_allowed": "0"}]}' >vfs.json
quietly mdevctl define-vfs -p $pf --jsonfile vfs.json
must mdevctl start-parent-mdevs $pf
has_vfs $pf 2
has_attribute $pf broken_parity_status 1
has_attribute $pf d3cold_allowed 0

check 'define-vfs --jsonfile: an attribute that is refused, among three: nothing is enabled, what was written is told'
echo '{"vfs": 2, "driver": "vfio-pci", "attrs": [{"broken_parity_status": "1"}, {"power/control": "x"}, {"d3cold_allowed": "0"}]}' >vfs.json
must mdevctl define-vfs -p $pf --jsonfile vfs.json
run mdevctl start-parent-mdevs $pf
is_refused $pf power/control broken_parity_status
has_vfs $pf 0
has_attribute $pf d3cold_allowed 1
host_kept_off

check 'define-vfs --bind: all are started, and listed without a definition; undefine-vfs: they stay, and are no devices'
quietly mdevctl define-vfs -p $pf --count 3 --driver vfio-pci --bind
must mdevctl start-parent-mdevs $pf
are_started 0000:01:00.1 0000:01:00.2 0000:01:00.3
host_kept_off
run mdevctl list
is_stdout "$vf1_uuid $vf vfio-pci manual
$vf2_uuid 0000:01:00.2 vfio-pci manual
$vf3_uuid 0000:01:00.3 vfio-pci manual"
quietly mdevctl undefine-vfs -p $pf
quietly mdevctl list
quietly mdevctl types
are_started 0000:01:00.1 0000:01:00.2 0000:01:00.3

check 'undefine: the definition goes, the function stays started, and has the UUID of its address'
keep $pf 1
must mdevctl define --name vm12 -p $vf -t vfio-pci
must mdevctl start --name vm12
quietly mdevctl undefine --name vm12
are_started $vf
run mdevctl list
is_stdout "$vf1_uuid $vf vfio-pci manual"

check 'a function that a driver of the host has: no device; start is refused and names it, doctor tells'
keep $pf 2
modprobe pci-stub
echo pci-stub >$pci/$vf/driver_override
bind_card $vf
has_driver pci-stub $vf
quietly mdevctl list
run mdevctl types -p $vf
stdout_has_line '    Available instances: 0'
run mdevctl start -p $vf -t vfio-pci
is_refused $vf pci-stub
has_driver pci-stub $vf
run mdevctl doctor
expect 'doctor names the function and the driver' grep -q "$vf.*pci-stub" out
