# shellcheck shell=dash disable=SC2034,SC2086,SC2154 # variables of guest.sh, and for the checks; no name has blanks
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the checks in vfs/ begin on, beside guest.sh: two NVMe controllers with the kernel's own driver, of which none
# of the 4 virtual functions is enabled; no VFIO module; nothing kept.

pci=/sys/bus/pci/devices
pf=0000:01:00.0
other=0000:02:00.0
vfs="0000:01:00.1 0000:01:00.2 0000:01:00.3 0000:01:00.4"
other_vfs="0000:02:00.1 0000:02:00.2 0000:02:00.3 0000:02:00.4"
vf=${vfs%% *}

# What `uuidgen --sha1 --namespace @url --name vf:0000:01:00.1:vfio-pci` prints, and so on; what mdevctl(8) says of vm12.
vf1_uuid=520eadde-dd72-5ca7-815b-746f99382f98
vf2_uuid=a8bc575f-62ad-5bb0-ad8c-a1af5ce8a9c4
vf3_uuid=0cf01878-cc69-591b-94be-5bd9dcbc7726
vm12=337d0242-4169-5ba5-9d4f-4445c4bd400e

# The driver binds on its own time.
are_cards_bound() { [ -e $pci/$pf/driver ] && [ -e $pci/$other/driver ]; }

load_drivers() {
	modprobe nvme
	soon are_cards_bound
}

# As after a boot.
reset_devices() {
	[ -e /sys/module/nvme ] || modprobe nvme
	for card in $pf $other; do
		[ -e $pci/$card/driver ] || echo $card >/sys/bus/pci/drivers_probe
	done
	soon are_cards_bound
	for card in $pf $other; do
		echo 0 >$pci/$card/sriov_numvfs
		echo 1 >$pci/$card/sriov_drivers_autoprobe
		echo 0 >$pci/$card/broken_parity_status
		echo 1 >$pci/$card/d3cold_allowed
	done
	modprobe -q -r -a vfio_iommu_type1 vfio-pci pci-stub
	rm -rf /run/mdevctl*
	dmesg -c >/dev/null
}

# For hold and hold_group of guest.sh.
group_of() { echo "/dev/vfio/$(basename "$(readlink "$pci/$1/iommu_group")")"; }

driver_of() { basename "$(readlink "$pci/$1/driver" || echo none)"; }
override_of() { cat "$pci/$1/driver_override"; }
count_vfs() { find $pci/"$1"/ -name 'virtfn*' | wc -l; }

# has_vfs PF N
has_vfs() { expect "$2 virtual functions of $1, not $(count_vfs "$1")" [ "$(count_vfs "$1")" = "$2" ]; }

# has_driver DRIVER DEVICE...; "none"
has_driver() {
	wanted=$1
	shift
	for device; do
		expect "the driver of $device: $wanted, not $(driver_of "$device")" [ "$(driver_of "$device")" = "$wanted" ]
	done
}

opens() { (: 3<>"$1") 2>/dev/null; }

# are_started VF...: as virtual machines need them.
are_started() {
	has_driver vfio-pci "$@"
	for device; do
		expect "the group of $device opens" opens "$(group_of "$device")"
	done
}

# are_free VF...: enabled, and nobody is to have them.
are_free() {
	has_driver none "$@"
	for device; do
		expect "no driver_override of $device" [ "$(override_of "$device")" = '(null)' ]
	done
}

# The driver looks at a device before it has it, and leaves a line.
host_kept_off() {
	expect "the host's driver has seen no virtual function: $(dmesg | grep 'pci function .*[.][1-9]')" \
		[ "$(dmesg | grep -c 'pci function .*[.][1-9]')" = 0 ]
	for card in $pf $other; do
		expect "drivers of the host may take new virtual functions of $card, as before" \
			[ "$(cat $pci/$card/sriov_drivers_autoprobe)" = 1 ]
	done
}

# keep PF N: so many are kept with vfio-pci, and enabled.
keep() {
	card=$1
	must mdevctl define-vfs -p "$1" --count "$2" --driver vfio-pci
	must mdevctl start-parent-mdevs "$card"
	has_vfs "$card" "$2"
}

has_attribute() { expect "$2 of $1 is $3" [ "$(cat "$pci/$1/$2")" = "$3" ]; }

# unbind_card, bind_card PF
unbind_card() { echo "$1" >"$pci/$1/driver/unbind"; }
bind_card() { echo "$1" >/sys/bus/pci/drivers_probe; }

reload_cards() {
	modprobe -r nvme
	load_drivers
}

# What the kernel tells a device by, from its being enabled to its end.
identity() { stat -L -c %i "$pci/$1/iommu_group"; }

# A VFIO driver of the cards' own, which modules.alias names, until the check ends.
install_own_driver() {
	cp /variant/nvme-vfio-pci.ko "/lib/modules/$(uname -r)/"
	/sbin/depmod
	afterwards remove_own_driver
}

# Its functions go first.
remove_own_driver() {
	echo 0 >$pci/$pf/sriov_numvfs
	modprobe -r nvme-vfio-pci
	rm "/lib/modules/$(uname -r)/nvme-vfio-pci.ko"
	/sbin/depmod
}
