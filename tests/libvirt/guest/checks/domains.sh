# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Virtual machines that libvirt starts, in a real QEMU, with devices of which --libvirt-xml prints the element.  The
# guest's own libvirt does it, and that of a later release, which has a root directory of its own.

# shellcheck source=tests/libvirt/guest/steps.sh
. /steps.sh

card=0000:01:00.0
vf=0000:01:00.2
pci=/sys/bus/pci/devices
vm12=337d0242-4169-5ba5-9d4f-4445c4bd400e

# Virtual functions are kept for this driver, and libvirt has its own for QEMU.
domain_check() { # TITLE VFIO_DRIVER
	finish_libvirt_check
	check "list --libvirt-xml: libvirt $release $1"
	run_libvirtd /all-drivers "$root"
	afterwards kill_libvirtd
	modprobe nvme
	soon [ -e $pci/$card/driver ]
	afterwards remove_card
	must mdevctl define-vfs -p $card --count 2 --driver "$2"
	must mdevctl start-parent-mdevs $card
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

remove_card() {
	echo 0 >$pci/$card/sriov_numvfs
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

# The machine of the domain, which runs, has these PCI devices, VENDOR:DEVICE, all through VFIO.
domain_has() {
	must domains qemu-monitor-command --hmp vm info pci
	for ids; do
		expect "the machine has a PCI device $ids" grep -q ": PCI device $ids" out
	done
	machine=$(cat /run/libvirt/qemu/vm.pid)
	expect "QEMU has $# VFIO devices open" [ "$(count_open_devices "$machine")" = $# ]
}

starts_domain() {
	must mdevctl define --name vm12 -p $vf -t vfio-pci
	define_domain
	run domains start vm --paused
	is_refused $vf
	must mdevctl start --name vm12
	must mdevctl start -u "$A" -p mtty -t mtty-1
	must domains start vm --paused
	domain_has 1b36:0010
	mdevctl list --libvirt-xml -u "$A" >/tmp/mtty.xml
	must domains attach-device vm /tmp/mtty.xml --live --config
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
}

install_own_driver() {
	cp /variant/nvme-vfio-pci.ko "/lib/modules/$(uname -r)/"
	/sbin/depmod
}

# 9.0 knows a driver for machines by the name vfio-pci alone.
starts_function_of_own_driver() {
	must mdevctl start --name vm12 -p $vf -t nvme-vfio-pci
	define_domain
	run domains start vm --paused
	case $release in
	9.*) is_refused $vf 'must be manually detached from the host' ;;
	*)
		is_status 0
		domain_has 1b36:0010
		must domains destroy vm
		;;
	esac
	run mdevctl list
	is_stdout "$vm12 $vf nvme-vfio-pci manual"
	quietly mdevctl stop --name vm12
}

mount_for_later() {
	for directory in proc sys dev run tmp; do
		mount -o bind /$directory /later/$directory
	done
}

install_own_driver
[ ! -d /later ] || mount_for_later
for root in / /later; do
	[ -d $root ] || continue
	release=$(chroot $root libvirtd --version | sed 's/.* //')
	domain_check 'starts a domain with a function once that is started, adds a mediated device, and leaves both as they were' vfio-pci
	starts_domain
	case $release in 9.*) does='refuses' ;; *) does='starts' ;; esac
	domain_check "$does a domain with a function that another VFIO driver has" nvme-vfio-pci
	starts_function_of_own_driver
done
finish_libvirt_check
