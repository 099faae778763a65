#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs Debian's libvirtd, virsh and systemd-udevd with the mdevctl binary given as argument on a real kernel in QEMU,
# where libvirt has a parent, mtty, on which devices really start.  tests/vm/qemu.sh makes the guest, steps.sh has the
# words of its checks beside those of tests/vm/guest.sh.

set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# shellcheck source=tests/vm/qemu.sh
. "$here/../../vm/qemu.sh"

# shellcheck disable=SC2034 # qemu.sh reads them
task=check-libvirt guest_memory=1536 guest_packages=(libvirt-daemon libvirt-clients zlib1g)
series=${VM_KERNEL:-6.1}

usage() {
	cat <<-END
	usage: tests/libvirt/guest/run.sh PATH_TO_MDEVCTL
	VM_KERNEL   the kernel series to test on, default $series
	VM_CHECKS   names of files in tests/libvirt/guest/checks to run only those, such as "lifecycle events"
	VM_CACHE    where kernels and guest programs are kept, default ~/.cache/mdevctl-vm
	VM_TIMEOUT  seconds that the guest may take, default $limit
	END
}

# libvirtd and virsh.  Of its drivers that for node devices alone, and beside that those that start machines.
extend_root() {
	local root=$1 drivers=$1/drivers
	install -t "$root/sbin" "$(program libvirtd)"
	install -t "$root/bin" "$(program virsh)"
	find "$programs" -name libvirt_driver_nodedev.so -exec install -D -t "$drivers" {} +
	copy_libraries "$root" "$root/sbin/libvirtd" "$root/bin/virsh" "$drivers"/*.so
	echo 'root:x:0:' >"$root/etc/group"
	ln -s /run "$root/var/run"
	cp "$here/steps.sh" "$root/"
	if has_check domains; then extend_root_for_domains "$root"; fi
}

# Beside the libvirt of this machine's release, which the guest has for its own, that of a later one.
extend_root_for_domains() {
	local root=$1
	copy_qemu "$root"
	find "$programs" -name libvirt_driver_qemu.so -exec install -D -t "$root/all-drivers" {} +
	copy_libraries "$root" "$root"/all-drivers/*.so
	cp -r "$programs/usr/share/libvirt" "$root/usr/share/"
	configure_libvirt "$root"
	[ "$later" ] || return 0
	mkdir -p "$root"/later/{usr/{bin,sbin,share},proc,sys,dev,run,tmp,var}
	cp "$later"/usr/bin/{virsh,qemu-system-x86_64} "$root/later/usr/bin/"
	cp "$later/usr/sbin/libvirtd" "$root/later/usr/sbin/"
	cp -r "$later"/usr/lib{,64} "$root/later/usr/"
	cp -r "$later"/usr/share/{libvirt,qemu,seabios} "$root/later/usr/share/"
	install -D -t "$root/later/all-drivers" "$later"/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so
	ln -s usr/{bin,sbin,lib,lib64} "$root/later"
	ln -s ../run "$root/later/var/run"
	mkdir "$root/later/etc"
	cp -r "$root"/etc/{passwd,group,libvirt} "$root/later/etc/"
}

# There are no control groups, no mount namespaces and no virtlogd.
configure_libvirt() { # root
	echo 'libvirt-qemu:x:64055:64055::/:/bin/false' >>"$1/etc/passwd"
	printf '%s\n' kvm:x:108: libvirt-qemu:x:64055: >>"$1/etc/group"
	mkdir "$1/etc/libvirt"
	printf '%s\n' 'cgroup_controllers = []' 'namespaces = []' 'remember_owner = 0' 'stdio_handler = "file"' \
		>"$1/etc/libvirt/qemu.conf"
}

case ${1-} in
-h | --help) usage; exit 0 ;;
esac
[ $# = 1 ] || { usage >&2; exit 2; }
guest_mdevctl=$1
[ -x "$guest_mdevctl" ] || die "$guest_mdevctl: no such program"
on_debian || die "these tests take kernel and libvirt from Debian's packages and need a Debian machine (amd64)"
choose_checks "$here/checks"
use_cards 2 2
later=$(if has_check domains; then LIBVIRT_RELEASE=trixie "$here/../run.sh" --programs; fi)
find_kernel "$series" ||
	die "the package lists have no Linux $series with image, headers and source of one version; as root: apt-get update"
run_on_kernel
summary
