# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Virtual machines that libvirt starts, in a real QEMU, with devices of which --libvirt-xml prints the element.

# shellcheck source=tests/libvirt/guest/steps.sh
. /steps.sh

card=0000:01:00.0
vf=0000:01:00.2
pci=/sys/bus/pci/devices
vm12=337d0242-4169-5ba5-9d4f-4445c4bd400e

# With libvirt's driver for QEMU, and virtual functions that are kept for vfio-pci.
domain_check() {
	finish_libvirt_check
	check "$1"
	drivers=/all-drivers
	start_libvirtd
	afterwards stop_libvirtd
	modprobe nvme
	soon [ -e $pci/$card/driver ]
	afterwards remove_card
	must mdevctl define-vfs -p $card --count 2 --driver vfio-pci
	must mdevctl start-parent-mdevs $card
	afterwards remove_domain
}

remove_domain() {
	domains destroy vm
	domains undefine vm
} >/dev/null 2>&1

remove_card() {
	echo 0 >$pci/$card/sriov_numvfs
	modprobe -r -a nvme vfio-pci
}

domains() { LC_ALL=C /bin/virsh -q -c qemu:///system "$@"; }

# A domain with the element of vm12.
define_domain() {
	cat >vm.xml <<-END
	<domain type='qemu'>
	<name>vm</name>
	<memory unit='MiB'>16</memory>
	<os><type arch='x86_64' machine='pc'>hvm</type></os>
	<features><acpi/></features>
	<devices>
	<controller type='usb' model='none'/>
	<memballoon model='none'/>
	$(mdevctl list --libvirt-xml --name vm12)
	</devices>
	</domain>
	END
	must domains define --validate vm.xml
}

# The machine of the domain, which runs, has these PCI devices, VENDOR:DEVICE, all through VFIO.
domain_has() {
	must domains qemu-monitor-command --hmp vm info pci
	for ids; do
		expect "the machine has a PCI device $ids" grep -q ": PCI device $ids" out
	done
	machine=$(cat /run/libvirt/qemu/vm.pid)
	expect "QEMU has $# VFIO devices open" [ "$(count_open_devices "$machine")" = $# ]
}

domain_check "list --libvirt-xml: libvirt starts a domain with a virtual function once that is started, adds a mediated device, and leaves both as they were"
must mdevctl define --name vm12 -p $vf -t vfio-pci
define_domain
run domains start vm --paused
is_refused $vf
must mdevctl start --name vm12
must mdevctl start -u "$A" -p mtty -t mtty-1
must domains start vm --paused
domain_has 1b36:0010
mdevctl list --libvirt-xml -u "$A" >mtty.xml
must domains attach-device vm mtty.xml --live --config
domain_has 1b36:0010 4348:3253
for device in "$vm12" "$A"; do
	run mdevctl stop -u "$device"
	is_refused "$device" "$machine"
done
must domains destroy vm
run mdevctl list
is_stdout "$vm12 $vf vfio-pci manual (defined)
$A mtty mtty-1 manual"
quietly mdevctl stop --name vm12
quietly mdevctl stop -u "$A"
finish_libvirt_check

domain_check 'X own driver'
cp /variant/nvme-vfio-pci.ko "/lib/modules/$(uname -r)/"; /sbin/depmod
modprobe nvme-vfio-pci
must mdevctl undefine-vfs -p $card
must mdevctl define-vfs -p $card --count 2 --driver nvme-vfio-pci
must mdevctl start --name vm12 -p $vf -t nvme-vfio-pci
mdevctl list
mdevctl list --libvirt-xml --name vm12
define_domain
run domains start vm --paused
cat out err
domains destroy vm
mdevctl stop --name vm12
modprobe -r nvme-vfio-pci
finish_libvirt_check
