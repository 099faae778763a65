#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Boots systemd as PID 1 in QEMU, in a small Debian with this tree's package installed, the sample
# drivers mtty and mdpy for real, a simulated NVIDIA card, and stand-ins for NVIDIA's and libvirt's
# services (boot/); what has to hold is in boot/checks.sh, which runs inside.
#
#	tests/vm/boot.sh [BOOT...]	first, again (the same /etc), no-manager, lies
set -euo pipefail
shopt -s inherit_errexit

# shellcheck source=tests/vm/qemu.sh
. "$(dirname "${BASH_SOURCE[0]}")/qemu.sh"

task=check-boot
limit=${VM_TIMEOUT:-1200}
boots=("$@")
[ $# -gt 0 ] || boots=(first again no-manager lies)
# shellcheck source=/dev/null
. /etc/os-release
# shellcheck source=tests/lib/deps.sh
. "$top/tests/lib/deps.sh"

# Installed once, as the package's own installation must not fetch anything.
make_debian() {
	say "installing Debian $VERSION_CODENAME"
	debootstrap --variant=minbase --include=systemd,systemd-sysv,udev,kmod,fuse3,libfuse3-3,libjansson4,libkmod2 \
		"$VERSION_CODENAME" "$1/root" >"$building/log" 2>&1 || die "debootstrap fails:"$'\n'"$(tail "$building/log")"
	rm -rf "$1/root"/{usr/share/{doc,man,locale},var/{cache/apt,lib/apt/lists}}/*
}

# The package, as an administrator installs it, and what it is to bring back.
install_package() { # root
	local root=$1 device
	"$top/packaging/build.sh" deb "$scratch/packages" >"$scratch/build.log" 2>&1 || die "the package is not built:"$'\n'"$(tail "$scratch/build.log")"
	cp "$scratch"/packages/mdevctl-c_*_amd64.deb "$root/mdevctl.deb"
	chroot "$root" dpkg -i /mdevctl.deb >"$scratch/install.log" 2>&1 || die "the package is not installed:"$'\n'"$(cat "$scratch/install.log")"
	rm "$root/mdevctl.deb"
	for device in 'mtty mtty-1 1' 'mdpy mdpy-vga 2' '0000:41:00.4 nvidia-557 3'; do
		read -r parent type digit <<<"$device"
		"$root/usr/sbin/mdevctl" --root "$root" define --auto -p "$parent" -t "$type" \
			-u "$(printf "%.0s$digit" {1..8})-$digit$digit$digit$digit-4$digit$digit$digit-8$digit$digit$digit-$(printf "%.0s$digit" {1..12})"
	done
	"$root/usr/sbin/mdevctl" --root "$root" define-vfs -p 0000:41:00.0 --count max
}

install_stand_ins() { # root
	local root=$1 unit
	mkdir -p "$root/test" "$root/usr/lib/nvidia" "$root/etc/systemd/system/mdevctl.service.d"
	cp "$vm/boot"/{checks.sh,fake-cards,sriov-manage-lies} "$top/build/fake-sysfs" "$root/test/"
	cp "$top/tests/lib/checks.sh" "$root/test/check-functions.sh"
	sed 's|"devices/pci0000:40/[^"]*"|"devices/pci0000:00"|; s|"form": "name-id"|&, "unmanaged": true|' \
		"$top/tests/fake-sysfs/hosts/nvidia-a40.json" >"$root/test/host.json"
	cp "$top/tests/fake-sysfs/sriov-manage.sh" "$root/usr/lib/nvidia/sriov-manage.real"
	printf '#!/bin/sh\nFAKE_SYSFS=/run/fake/fake exec /bin/sh /usr/lib/nvidia/sriov-manage.real "$@"\n' >"$root/usr/lib/nvidia/sriov-manage"
	chmod 755 "$root/usr/lib/nvidia"/*
	sed -i 's|exec /usr|exec env FAKE_SYSFS=/run/fake/fake /usr|' "$root/test/sriov-manage-lies"
	# The same number of tries in less time.
	printf '[Service]\nRestartSec=1\n[Unit]\nStartLimitBurst=2\n' >"$root/etc/systemd/system/mdevctl.service.d/test.conf"
	printf '%s\n' mtty mdpy >"$root/etc/modules-load.d/samples.conf"
	for unit in "$vm/boot"/*.service; do
		cp "$unit" "$root/etc/systemd/system/"
		chroot "$root" systemctl -q enable "${unit##*/}"
	done
	for unit in systemd-networkd-wait-online systemd-timesyncd getty@tty1 apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do
		chroot "$root" systemctl -q mask "$unit" 2>/dev/null || true
	done
	chroot "$root" systemctl -q set-default graphical.target
	rm -f "$root/init"
	ln -s /lib/systemd/systemd "$root/init"
	mkdir -p "$root/lib/modules"
	cp -r "$kernel_dir/lib/modules" "$root/lib/"
}

archive() { # directory
	(cd "$1" && find . | "$(program busybox)" cpio -o -H newc 2>/dev/null)
}

boot_once() { # which
	local status=0 out=$scratch/$1
	mkdir "$out"
	{
		cat "$scratch/image"
		[ "$1" != again ] || archive "$scratch/kept"
	} >"$out/initramfs"
	timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg -cpu max -smp 1 -m 2048 \
		-nodefaults -display none -no-reboot -kernel "$kernel_dir/vmlinux" -initrd "$out/initramfs" \
		-append "console=ttyS0 loglevel=4 panic=-1 mitigations=off boot=$1 systemd.show_status=1 systemd.log_color=0" \
		-serial "file:$out/console" -serial "file:$out/output" -serial "file:$out/summary" -serial "file:$out/etc.tar" </dev/null || status=$?
	rm "$out/initramfs"
	echo "$status" >"$out/status"
}

judge_boot() { # which
	local out=$scratch/$1 ok not_ok
	cat "$out/output"
	ok=$(grep -c '^ok - ' "$out/output" || true) not_ok=$(grep -c '^not ok - ' "$out/output" || true)
	passed=$((passed + ok)) failed=$((failed + not_ok))
	if [ "$(cat "$out/status")" != 0 ] || [ "$(tr -d '\r' <"$out/summary")" != "$ok passed, $not_ok failed" ]; then
		printf 'not ok - systemd, %s: the checks did not get to their end; the end of its console:\n' "$1"
		tail -n 40 "$out/console" | sed 's/^/  # /'
		failed=$((failed + 1))
	fi
}

on_debian || die "this test takes its guest from Debian's packages and needs a Debian machine (amd64)"
is_root || die "installing a system for the guest needs root"
find_kernel "${VM_KERNEL:-6.1}" || die "the package lists have no Linux $series; as root: apt-get update"
# shellcheck disable=SC2153 # it is that of deps.sh
need "${BUILD_NEEDS[@]}" fuse3 deb-tools debootstrap
prepare_host
cached "$programs" make_programs
cached "$kernel_dir" make_kernel
cached "$cache/boot-$VERSION_CODENAME" make_debian
make -s -C "$top" build/fake-sysfs
cp -a "$cache/boot-$VERSION_CODENAME/root" "$scratch/image-root"
install_package "$scratch/image-root"
install_stand_ins "$scratch/image-root"
archive "$scratch/image-root" >"$scratch/image"
rm -rf "$scratch/image-root"

say "Linux $kernel, systemd as PID 1: ${boots[*]}"
for name in "${boots[@]}"; do
	# It takes what the first has left.
	[ "$name" != again ] || { wait; mkdir "$scratch/kept"; tar -C "$scratch/kept" -xf "$scratch/first/etc.tar"; }
	boot_once "$name" &
done
wait
for name in "${boots[@]}"; do
	judge_boot "$name"
done
summary
