# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What `list --libvirt-xml` prints, in a domain that the real virsh defines, with its driver "test" and without a daemon:
# libvirt's schema has nothing against it, its parser neither, and what it shows then is what was printed.  The devices
# are those of simulated hosts, one of each kind that is printed differently.
#
# And of what --qemu-args prints: QEMU understands it, and misses the device alone.  tests/vm has devices for it, but
# none of s390.
# shellcheck disable=SC2154 # $message, $test_dir, $root and $top come from others

simulated=$test_dir/simulated

# A host of tests/fake-sysfs; `mdevctl` is its administrator's from here on.
host() {
	mkdir -p "$simulated/sys"
	"$top/build/fake-sysfs" "$top/tests/fake-sysfs/hosts/$1.json" "$simulated/sys"
	trap 'umount "$simulated/sys"; rm -r "$simulated"' EXIT
	mdevctl() { inside /test/real/mdevctl --root /test/simulated "$@"; }
}

# A domain with the device of these lines of XML.
domain() {
	cat >"$test_dir/domain.xml" <<-END
	<domain type='test'>
	<name>vm</name>
	<memory unit='MiB'>64</memory>
	<os><type arch='x86_64'>hvm</type></os>
	<devices>
	$1
	</devices>
	</domain>
	END
}

# Defines it, and says how libvirt shows it; further options are those of virsh's define.
define_domain() {
	inside virsh -q -c test:///default "define $* /test/domain.xml; dumpxml vm"
}

# Every element with each of its attributes, a line each, sorted.
elements() { # XML
	awk '{ gsub(/^ *<|\/?>$/, "") } /^\// { next } NF == 1 { print } { for (i = 2; i <= NF; i++) print $1, $i }' <<<"$1" |
		LC_ALL=C sort -u
}

# The printed hostdev is one to libvirt, and is shown as it was printed, with the defaults that libvirt has.
is_taken() { # XML [defaults]
	local shown
	domain "$1"
	shown=$(define_domain --validate | sed -n '/<hostdev/,/<\/hostdev>/p')
	equals "what libvirt shows of $1" "$(elements "$1${2+$'\n'$2}")" "$(elements "$shown")"
}

is_taken_as_mdev() { # model
	local xml
	xml=$(mdevctl list --libvirt-xml -u "$uuid")
	contains "$xml" "type='mdev' model='$1'"
	contains "$xml" "uuid='$uuid'"
	is_taken "$xml" "<hostdev managed='no'>"
}

is_taken_as_pci() { # "domain bus slot function"
	local xml
	xml=$(mdevctl list --libvirt-xml -u "$uuid")
	contains "$xml" "type='pci' managed='no'"
	# shellcheck disable=SC2086 # they are words
	contains "$xml" "$(printf "domain='0x%s' bus='0x%s' slot='0x%s' function='0x%s'" $1)"
	is_taken "$xml"
}

start() { uuid=$(mdevctl start -p "$1" -t "$2"); }
define() { uuid=$(mdevctl define -p "$1" -t "$2"); }

# Virtual functions of this card are kept for a driver, and enabled.
keep() { # card driver
	mdevctl define-vfs -p "$1" --count max --driver "$2"
	mdevctl start-parent-mdevs "$1"
}

takes_mtty() { host mtty-mdpy; start mtty mtty-1; is_taken_as_mdev vfio-pci; }
takes_gpu() { host mixed; start 0000:00:02.0 i915-GVTg_V5_8; is_taken_as_mdev vfio-pci; }
takes_ap() { host s390-ap; start matrix vfio_ap-passthrough; is_taken_as_mdev vfio-ap; }
takes_ccw() { host s390-ccw; start 0.0.0313 vfio_ccw-io; is_taken_as_mdev vfio-ccw; }
takes_defined_mdev() { host s390-ap; define matrix vfio_ap-passthrough; is_taken_as_mdev vfio-ap; }
takes_vgpu() { host mixed; start 0000:41:04.3 nvidia-1150; is_taken_as_pci '0000 41 04 3'; }

takes_function() { # host card driver function
	host "$1"
	keep "$2" "$3"
	start "$4" "$3"
	is_taken_as_pci "${4//[:.]/ }"
}

takes_plain_function() { takes_function xe 0000:03:00.0 vfio-pci 0000:03:00.2; }
takes_xe_function() { takes_function xe 0000:03:00.0 xe-vfio-pci 0000:03:01.3; }

takes_defined_function() {
	host vf-cards
	keep 0001:3b:00.0 mlx5_vfio_pci
	define 0001:3b:00.4 mlx5_vfio_pci
	is_taken_as_pci '0001 3b 00 4'
}

# What is_taken takes, but for one word.
refuses() { # XML, what in it, instead
	contains "$1" "$2"
	domain "${1/"$2"/"$3"}"
	fails define_domain --validate
	contains "$message" 'failed to validate against schema'
}

# Not by the schema alone.
refuses_always() {
	refuses "$@"
	fails define_domain
}

refuses_nonsense() {
	local xml
	host mixed
	start 0000:41:04.3 nvidia-1150
	xml=$(mdevctl list --libvirt-xml -u "$uuid")
	refuses_always "$xml" "slot='0x04'" "slot='0x44'"
	refuses_always "$xml" "function='0x3'" "function='0x8'"
	refuses "$xml" "managed='no'" "managed='perhaps'"
	start 0000:00:02.0 i915-GVTg_V5_8
	xml=$(mdevctl list --libvirt-xml -u "$uuid")
	refuses_always "$xml" "$uuid" "${uuid%?}"
	refuses_always "$xml" vfio-pci vfio-none
}

check_alone 'list --libvirt-xml: virsh defines a domain with a mediated device, and shows all that was printed' takes_mtty
check_alone 'list --libvirt-xml: ... with a vGPU of GVT-g' takes_gpu
check_alone 'list --libvirt-xml: ... with AP queues of s390' takes_ap
check_alone 'list --libvirt-xml: ... with a CCW device of s390' takes_ccw
check_alone "list --libvirt-xml: ... with a vGPU of NVIDIA's new framework" takes_vgpu
check_alone 'list --libvirt-xml: ... with a virtual function that vfio-pci has' takes_plain_function
check_alone 'list --libvirt-xml: ... with one that a VFIO driver of its own has' takes_xe_function
check_alone 'list --libvirt-xml: ... with one in another PCI domain, defined only' takes_defined_function
check_alone 'list --libvirt-xml: ... with a mediated device that is defined only' takes_defined_mdev
check_alone 'list --libvirt-xml: virsh refuses it with an address, a UUID, a model or a word that is none' refuses_nonsense

# QEMU for this kind of machine, with what is printed for the device; it does not run for long.
qemu() { # s390x or x86_64, the option's argument
	inside busybox timeout 20 "qemu-system-$1" -accel tcg -m 64 -nodefaults -display none -S -device "$2"
}

# The kind of device has the property, and QEMU says no more than this.
is_understood() { # s390x or x86_64, what it says
	local printed
	printed=$(mdevctl list --qemu-args -u "$uuid")
	[[ $printed =~ ^-device\ ([a-z-]+),sysfsdev=(/sys/bus/[a-z]+/devices/[0-9a-f:.-]+)$ ]]
	contains "$(inside "qemu-system-$1" -device "${BASH_REMATCH[1]},help")" '  sysfsdev=<str>'
	fails qemu "$1" "${printed#-device }"
	contains "$message" "${2/PATH/"${BASH_REMATCH[2]}"}"
}

understands_mdev() { host mtty-mdpy; start mtty mtty-1; is_understood x86_64 'vfio PATH: no such host device'; }
understands_vgpu() { host mixed; start 0000:41:04.3 nvidia-1150; is_understood x86_64 'vfio PATH: no such host device'; }
understands_ccw() { host s390-ccw; start 0.0.0313 vfio_ccw-io; is_understood s390x "Host device 'PATH' not found"; }

# Without KVM for s390 there is no more to it.
understands_ap() {
	host s390-ap
	start matrix vfio_ap-passthrough
	is_understood s390x "No 'ap-bus' bus found for device 'vfio-ap'"
}

misunderstands_nonsense() {
	fails qemu x86_64 vfio-pci,sysfsdev=/sys/nosuch,nonsense=1
	contains "$message" "Property 'vfio-pci.nonsense' not found"
	fails qemu s390x vfio-nonsense,sysfsdev=/sys/nosuch
	contains "$message" "'vfio-nonsense' is not a valid device model name"
}

if [[ -e $root/usr/bin/qemu-system-s390x ]]; then
	check_alone 'list --qemu-args: QEMU knows all of it but the device, which is not there: a mediated device' understands_mdev
	check_alone "list --qemu-args: ... a vGPU of NVIDIA's new framework" understands_vgpu
	check_alone 'list --qemu-args: ... a CCW device of s390' understands_ccw
	check_alone 'list --qemu-args: ... AP queues of s390' understands_ap
	check_alone 'list --qemu-args: QEMU refuses a property or a kind of device that is none' misunderstands_nonsense
fi
