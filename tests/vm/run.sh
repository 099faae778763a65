#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the mdevctl binary given as argument on a real kernel: Debian's stock one with the kernel's own sample mdev
# drivers, in QEMU without KVM.  This file makes the guest and judges the result: kernel, drivers and guest programs
# come from Debian packages, unpacked and never installed, and are cached outside the tree.  What is checked it does
# not know; that is in checks.sh, which guest.sh runs inside.

set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=$(realpath -m "${VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mdevctl-vm}")
series=${VM_KERNEL:-6.1}
limit=${VM_TIMEOUT:-300}

samples=(mtty mdpy mbochs)
modules=("${samples[@]}" vfio_iommu_type1)
trouble='BUG:|Oops|WARNING:|INFO: task|general protection|Call Trace|Kernel panic|soft lockup|self-detected stall'

# What the EXIT trap cleans up: temporary directories and the running guest.
scratch=
building=
guest=

# shellcheck source=tests/lib/packages.sh
. "$top/tests/lib/packages.sh"

say() { printf 'check-vm: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }

usage() {
	cat <<-END
	usage: tests/vm/run.sh PATH_TO_MDEVCTL
	VM_KERNEL   kernel series to test on, default 6.1
	VM_CACHE    where kernels and guest programs are kept, default ~/.cache/mdevctl-vm
	VM_TIMEOUT  seconds that the guest may take, default 300
	END
}

clean_up() {
	[ -z "$guest" ] || kill "$guest" 2>/dev/null || true
	rm -rf ${scratch:+"$scratch"} ${building:+"$building"}
}

make_programs() {
	local packages
	say "fetching busybox, kmod and udev"
	mapfile -t packages < <(with_libraries udev kmod | grep -E '^(udev|kmod|lib)')
	unpack "$building/root" busybox-static "${packages[@]}"
	rm -r "$building/root/usr/share"
	mv "$building/root"/* "$1"
}

# Whether packages have /bin or /usr/bin, /lib or /usr/lib, depends on the release.
program() { find "$programs" -path "*bin/$1" -print -quit; }

library_path() {
	printf '%s:' "$1"/{,usr/}lib/x86_64-linux-gnu{,/systemd}
}

run_kmod() {
	local as=$1
	shift
	(LD_LIBRARY_PATH=$(library_path "$programs") exec -a "$as" "$(program kmod)" "$@")
}

# Picks the newest version of the series that is offered of image, headers and source alike.
choose_kernel() {
	local version release
	for version in $(versions "linux-source-$series"); do
		release=$(depends "linux-image-amd64=$version" 2>/dev/null | sed -n 's/^linux-image-//p') || continue
		offers "linux-image-$release=$version" || continue
		offers "linux-headers-$release=$version" || continue
		kernel=$version
		kernel_release=$release
		kernel_dir=$cache/$version
		mapfile -t kernel_build < <(depends "linux-headers-$release=$version" | grep -E '^linux-(headers|kbuild)-')
		compiler=$(depends "linux-headers-$release=$version" | sed -n 's/^linux-compiler-\(gcc-[0-9]*\)-x86$/\1/p')
		return 0
	done
	return 1
}

make_kernel() {
	local into=$1 root=$building/root source=$building/source libraries
	say "kernel $kernel: fetching image, headers and source"
	mapfile -t libraries < <(with_libraries "${kernel_build[@]/%/=$kernel}" | grep '^lib')
	unpack "$root" {linux-image-,linux-headers-}"$kernel_release=$kernel" "${kernel_build[@]/%/=$kernel}" "${libraries[@]}"
	unpack "$source" "linux-source-$series=$kernel"
	say "kernel $kernel: building ${samples[*]}"
	tar -xJf "$source/usr/src/linux-source-$series.tar.xz" -C "$source" --strip-components=1 \
		"linux-source-$series/samples/vfio-mdev" "linux-source-$series/scripts/extract-vmlinux"
	sh "$source/scripts/extract-vmlinux" "$root/boot/vmlinuz-$kernel_release" >"$into/vmlinux"
	build_samples "$root" "$source/samples/vfio-mdev"
	pick_modules "$root" "$into"
}

# Without pahole there is no BTF of modules to be had, and nobody here misses it.
build_samples() {
	local root=$1 source=$2 headers=$1/usr/src/linux-headers-$kernel_release upper=("${samples[@]^^}")
	local options=("${upper[@]/#/CONFIG_SAMPLE_VFIO_MDEV_}")
	sed -i "s|/usr/src/|$root/usr/src/|" "$headers/Makefile"
	LD_LIBRARY_PATH=$(library_path "$root") make -s -C "$headers" M="$source" CONFIG_DEBUG_INFO_BTF_MODULES= \
		"${options[@]/%/=m}" modules >"$building/log" 2>&1 ||
		die "the sample drivers do not build:"$'\n'"$(cat "$building/log")"
	install -D -m 644 -t "$root/lib/modules/$kernel_release/extra" "$source"/*.ko
}

# Takes the modules of the guest, and what they depend on, out of all those of the kernel.
pick_modules() {
	local root=$1 into=$2 tree=lib/modules/$kernel_release file
	run_kmod depmod -b "$root" "$kernel_release"
	run_kmod modprobe -d "$root" -S "$kernel_release" --show-depends -a "${modules[@]}" |
		awk '/^insmod/ { print $2 }' | sort -u | while read -r file; do
			install -D -m 644 "$file" "$into/${file#"$root/"}"
		done
	cp "$root/$tree"/modules.{order,builtin,builtin.modinfo} "$into/$tree"
	run_kmod depmod -b "$into" "$kernel_release"
}

needed_commands() {
	printf '%s\n' "qemu-system-x86_64 qemu-system-x86" "cc gcc"
	[ -d "$kernel_dir" ] || printf '%s\n' "$compiler $compiler" "make make" "xz xz-utils" "readelf binutils"
}

missing_packages() {
	local command package
	needed_commands | while read -r command package; do
		command -v "$command" >/dev/null || printf '%s\n' "$package"
	done
	[ -e /usr/include/linux/vfio.h ] || echo libc6-dev
}

# Lists as old as the machine's image name files that the mirror has dropped, so fetching begins with fresh ones.
prepare_host() {
	local missing
	choose_kernel || { is_root && update_lists && choose_kernel; } ||
		die "the package lists have no Linux $series with image, headers and source of one version; as root: apt-get update"
	mapfile -t missing < <(missing_packages)
	if [ ${#missing[@]} -gt 0 ]; then
		say "missing packages: ${missing[*]}"
		is_root || die "install them, as root: apt-get install --no-install-recommends ${missing[*]}"
	fi
	if is_root && { [ ${#missing[@]} -gt 0 ] || [ ! -d "$kernel_dir" ]; }; then
		update_lists || say "going on with the package lists as they are"
		choose_kernel
	fi
	[ ${#missing[@]} = 0 ] || apt_get install -y --no-install-recommends "${missing[@]}" >/dev/null
	programs=$cache/programs-$(versions udev | head -n 1)
}

# libkmod is opened with dlopen by mdevctl, so ldd of mdevctl does not tell of it; udevadm needs it too.
copy_libraries() {
	local root=$1 list
	shift
	list=$(LD_LIBRARY_PATH=$(library_path "$programs") ldd "$@")
	case $list in *'not found'*) die "libraries are missing for the guest:"$'\n'"$list" ;; esac
	awk '/=> \// { print $3 } $1 ~ /^\/.*[^:]$/ { print $1 }' <<<"$list" | sort -u | while read -r file; do
		case $file in
		*/ld-linux*) cp -L "$file" "$root/lib64/" ;;
		*) cp -L "$file" "$root/lib/x86_64-linux-gnu/" ;;
		esac
	done
}

make_root() {
	local root=$1 name
	mkdir -p "$root"/{bin,sbin,usr/sbin,usr/lib/udev/rules.d,lib/x86_64-linux-gnu,lib64,etc,proc,sys,dev,run,tmp,var/log}
	for name in busybox kmod udevadm; do
		cp "$(program "$name")" "$root/bin/"
	done
	ln -s ../bin/kmod "$root/sbin/modprobe"
	ln -s ../bin/udevadm "$root/sbin/systemd-udevd"
	install "$mdevctl" "$root/usr/sbin/mdevctl"
	ln -s mdevctl "$root/usr/sbin/lsmdev"
	cp -r "$kernel_dir/lib/modules" "$root/lib/"
	find "$programs" -name 50-udev-default.rules -exec cp -t "$root/usr/lib/udev/rules.d" {} +
	[ ! -e "$rule" ] || sed 's|@sbindir@|/usr/sbin|gi' "$rule" >"$root/usr/lib/udev/rules.d/60-mdevctl.rules"
	cc -Wall -Wextra -O2 -o "$root/sbin/holder" "$here/holder.c"
	copy_libraries "$root" "$root"/bin/{kmod,udevadm} "$root/sbin/holder" "$root/usr/sbin/mdevctl"
	install "$here/guest.sh" "$root/init"
	cp "$here/checks.sh" "$root/"
	add_facts "$root"
}

# What facts.sh needs.
add_facts() {
	local root=$1
	cc -Wall -Wextra -O2 -D_GNU_SOURCE -static -o "$root/bin/kernel-facts" "$top/tests/kernel-facts.c"
	install -D -t "$root/facts" "$top"/tests/kernel-facts{,-check}.sh "$here/facts-hook.sh"
	cp -t "$root/facts" "$top"/tests/kernel-facts.{expected,differ}
	cp "$here/facts.sh" "$root/"
}

make_initramfs() {
	local root=$scratch/root
	make_root "$root"
	(cd "$root" && find . | bin/busybox cpio -o -H newc 2>/dev/null) >"$scratch/initramfs"
}

# The ELF kernel starts by PVH in half the time that the bzImage takes.  Serial ports: console, output, exit status.
boot() {
	local status=0
	: >"$scratch/output"
	timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m 512 -nodefaults -display none -no-reboot \
		-kernel "$kernel_dir/vmlinux" -initrd "$scratch/initramfs" \
		-append 'console=ttyS0 panic=-1 oops=panic mitigations=off sysctl.kernel.hung_task_timeout_secs=60' \
		-serial "file:$scratch/console" -serial "file:$scratch/output" -serial "file:$scratch/status" </dev/null &
	guest=$!
	tail -s 0.1 -n +1 -f --pid="$guest" "$scratch/output" &
	wait "$guest" || status=$?
	guest=
	wait
	[ "$status" != 124 ] || fail_guest "the guest was still running after $limit seconds"
	[ "$status" = 0 ] || fail_guest "qemu ended with status $status"
}

fail_guest() {
	say "$1; the end of its console:" >&2
	tail -n 40 "$scratch/console" >&2
	exit 1
}

judge() {
	local last passed failed
	if grep -nE "$trouble" "$scratch/console" >&2; then
		fail_guest "the kernel complained"
	fi
	last=$(tail -n 1 "$scratch/output")
	[[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] || fail_guest "the checks did not get to their end"
	passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]}
	[ "$failed" = 0 ] || die "checks failed"
	[ "$passed" -gt 0 ] || die "nothing was checked"
	[ "$(cat "$scratch/status")" = 0 ] || fail_guest "the checks ended with status $(cat "$scratch/status")"
}

case ${1-} in
-h | --help) usage; exit 0 ;;
esac
[ $# = 1 ] || { usage >&2; exit 2; }
mdevctl=$1
rule=$top/udev/60-mdevctl.rules
[ -x "$mdevctl" ] || die "$mdevctl: no such program"
on_debian || die "these tests take their kernel from Debian's packages and need a Debian machine (amd64)"

trap clean_up EXIT
trap 'exit 130' INT TERM
scratch=$(mktemp -d)
prepare_host
cached "$programs" make_programs
cached "$kernel_dir" make_kernel
make_initramfs
boot
judge
