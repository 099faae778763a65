# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Virtual machines that libvirt starts, in a real QEMU, with devices of which --libvirt-xml prints the element.  The
# guest's own libvirt does it, and that of a later release, which has a root directory of its own.

# shellcheck source=tests/libvirt/guest/steps.sh
. /steps.sh

pci=/sys/bus/pci/devices
card=0000:01:00.0
other=0000:02:00.0
# Of the card, for which vfio-pci is kept, and of the other one, for which a VFIO driver of its own is.
vf=0000:01:00.2
own=0000:02:00.1
vm12=337d0242-4169-5ba5-9d4f-4445c4bd400e
own_uuid=4e69d3f2-de4c-587c-bdc6-65b8e82da524

prepare_host() {
	cp /variant/nvme-vfio-pci.ko "/lib/modules/$(uname -r)/"
	/sbin/depmod
	[ -d /later ] || return 0
	for directory in proc sys dev run tmp; do
		mount -o bind /$directory /later/$directory
	done
}

domain_check() { # TITLE
	finish_libvirt_check
	check "list --libvirt-xml: libvirt $release $1"
	run_libvirtd /all-drivers "$root"
	afterwards kill_libvirtd
	modprobe nvme
	soon [ -e $pci/$card/driver ]
	soon [ -e $pci/$other/driver ]
	afterwards remove_functions
	must mdevctl define-vfs -p $card --count 2 --driver vfio-pci
	must mdevctl define-vfs -p $other --count 1 --driver auto --bind
	must mdevctl start-parent-mdevs $card
	must mdevctl start-parent-mdevs $other
	afterwards remove_domain
	expect 'libvirtd answers' in_time domains list
}

# From 11 it takes its time to obey.
kill_libvirtd() {
	kill -KILL "$libvirtd"
	in_time [ ! -e "/proc/$libvirtd" ]
	rm -f /run/libvirtd.pid
}

remove_domain() {
	domains destroy vm
	domains undefine vm
} >/dev/null 2>&1

remove_functions() {
	echo 0 >$pci/$card/sriov_numvfs
	echo 0 >$pci/$other/sriov_numvfs
	modprobe -q -r -a nvme vfio-pci nvme-vfio-pci
}

domains() { LC_ALL=C chroot "$root" virsh -q -c qemu:///system "$@"; }

# A domain with the element of vm12.
define_domain() {
	cat >/tmp/vm.xml <<-END
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
	must domains define --validate /tmp/vm.xml
}

# domain_has N VENDOR:DEVICE...: the machine, which is there, has N devices by VFIO, and PCI devices with these ids.
domain_has() {
	machine=$(cat /run/libvirt/qemu/vm.pid)
	expect "QEMU has $1 VFIO devices open" [ "$(count_open_devices "$machine")" = "$1" ]
	shift
	must domains qemu-monitor-command --hmp vm info pci
	for ids; do
		expect "the machine has a PCI device $ids" grep -q ": PCI device $ids" out
	done
}

# attach NAME OPTION...: adds the device that `mdevctl list` chooses by the options.
attach() {
	name=/tmp/$1.xml
	shift
	mdevctl list --libvirt-xml "$@" >"$name"
	run domains attach-device vm "$name" --live --config
}

# 9.0 takes a PCI device for one that machines may have by the name of its driver, vfio-pci.
is_attached_or_not() {
	case $release in
	9.*) is_refused 'Unmanaged PCI device 0000:02:00.1 must be manually detached' ;;
	*) is_status 0 ;;
	esac
}

prepare_host
for root in / /later; do
	[ -d $root ] || continue
	release=$(chroot $root libvirtd --version | sed 's/.* //')
	case $release in
	9.*) n=2 adds='adds a mediated device, but no function of another VFIO driver' ;;
	*) n=3 adds='adds a mediated device and a function of another VFIO driver' ;;
	esac
	domain_check "starts a domain with a function of vfio-pci once that is started, $adds, and leaves all as they were"
	must mdevctl define --name vm12 -p $vf -t vfio-pci
	define_domain
	run domains start vm --paused
	is_refused $vf
	must mdevctl start --name vm12
	must mdevctl start -u "$A" -p mtty -t mtty-1
	must domains start vm --paused
	domain_has 1 1b36:0010
	attach mtty -u "$A"
	is_status 0
	attach own -u $own_uuid
	is_attached_or_not
	domain_has $n 1b36:0010 4348:3253
	for device in $vm12 "$A"; do
		run mdevctl stop -u "$device"
		is_refused "$device" "$machine"
	done
	must domains destroy vm
	run mdevctl list
	is_stdout "$vm12 $vf vfio-pci manual (defined)
$own_uuid $own nvme-vfio-pci manual
$A mtty mtty-1 manual"
	for device in $vm12 $own_uuid "$A"; do
		quietly mdevctl stop -u "$device"
	done
done
finish_libvirt_check
