# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes and boots guests: Debian's stock kernel with the kernel's own sample mdev drivers, in QEMU without KVM.  Kernel,
# drivers and guest programs come from Debian packages, unpacked and never installed, and are cached outside the tree.
# What a guest does is in guest.sh and in the files of checks that it is given; this file knows neither.
# Who sources it has these to set before calling `run_on_kernel`, and may define a function `extend_root ROOT`:

# The program under test, and the files that the guest runs one after the other.
guest_mdevctl=
guest_checks=()
# Packages that are unpacked, with their libraries, beside the guest's own.
guest_packages=()
# Of memory, in MiB: a display of mdpy takes 2.
guest_memory=512
# Arguments of QEMU for the machine, and further ones of the guest's kernel.
guest_machine=(-smp 2)
guest_append=
# What messages begin with.
task=check-vm

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$vm/../.." && pwd)
cache=$(realpath -m "${VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mdevctl-vm}")
limit=${VM_TIMEOUT:-900}
rule=$top/udev/60-mdevctl.rules

samples=(mtty mdpy mbochs)
# One set for all guests, so that a kernel is fetched and its drivers are built once.
modules=("${samples[@]}" vfio_iommu_type1 vfio-pci pci-stub nvme fuse)
# A VFIO driver of the NVMe controllers' own: the kernel's vfio-pci by another name, and for those devices.
variant=nvme-vfio-pci
trouble='BUG:|Oops|WARNING:|INFO: task|general protection|Call Trace|Kernel panic|soft lockup|self-detected stall'

passed=0
failed=0

# What the EXIT trap cleans up: temporary directories and the running guest.
scratch=
building=
guest=

say() { printf '%s: %s\n' "$task" "$*"; }
die() { say "$*" >&2; exit 1; }

# shellcheck source=tests/lib/packages.sh
. "$top/tests/lib/packages.sh"

clean_up() {
	[ -z "$guest" ] || kill "$guest" 2>/dev/null || true
	rm -rf ${scratch:+"$scratch"} ${building:+"$building"}
}

make_programs() {
	local packages
	say "fetching ${program_packages[*]}"
	mapfile -t packages < <(with_libraries "${program_packages[@]}")
	unpack "$building/root" "${packages[@]}"
	rm -rf "$building/root/usr/share"/{doc,man,locale,bash-completion,zsh,lintian}
	mv "$building/root"/* "$1"
}

# Their directory is named after the version of udev, and after what else a caller wants.
choose_programs() {
	program_packages=(busybox-static kmod udev "${guest_packages[@]}")
	programs=$cache/programs-$(versions udev | head -n 1)$(printf -- '-%s' "${guest_packages[@]}")
	programs=${programs%-}
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

# "VERSION RELEASE" of each image of the series that is no variant (cloud, rt).
list_images() {
	local names
	mapfile -t names < <(apt-cache pkgnames "linux-image-$series." |
		grep -E "^linux-image-${series//./[.]}[.][0-9]+[-+][^-]+-amd64\$")
	[ ${#names[@]} = 0 ] || apt-cache madison "${names[@]}" |
		awk -F ' *[|] *' '{ sub(/^ *linux-image-/, "", $1); print $2, $1 }'
}

# Picks the newest version of the series that is offered of image, headers and source alike.  Its directory is named
# after what is taken out of it, too.
choose_kernel() {
	local images version release
	images=$(list_images)
	for version in $(versions "linux-source-$series"); do
		release=$(awk -v version="$version" '$1 == version { release = $2 } END { print release }' <<<"$images")
		[ -n "$release" ] || continue
		offers "linux-headers-$release=$version" || continue
		kernel=$version
		kernel_release=$release
		kernel_dir=$cache/$version-$(cksum <<<"${modules[*]} $variant" | cut -d ' ' -f 1)
		mapfile -t kernel_build < <(depends "linux-headers-$release=$version" | grep -E '^linux-(headers|kbuild)-')
		compiler=$(depends "linux-headers-$release=$version" |
			sed -nE 's/^(linux-compiler-)?(gcc-[0-9]+)(-x86)?$/\2/p')
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
	say "kernel $kernel: building ${samples[*]} $variant"
	tar -xJf "$source/usr/src/linux-source-$series.tar.xz" -C "$source" --strip-components=1 \
		"linux-source-$series"/{samples/vfio-mdev,drivers/vfio/pci,scripts/extract-vmlinux}
	sh "$source/scripts/extract-vmlinux" "$root/boot/vmlinuz-$kernel_release" >"$into/vmlinux"
	build_samples "$root" "$source/samples/vfio-mdev"
	pick_modules "$root" "$into"
	build_variant "$root" "$source/drivers/vfio/pci" "$into/variant"
}

build_samples() {
	local root=$1 source=$2 headers=$1/usr/src/linux-headers-$kernel_release upper=("${samples[@]^^}")
	local options=("${upper[@]/#/CONFIG_SAMPLE_VFIO_MDEV_}")
	sed -i "s|/usr/src/|$root/usr/src/|" "$headers/Makefile"
	build_modules "$root" "$source" "${options[@]/%/=m}"
	install -D -m 644 -t "$root/lib/modules/$kernel_release/extra" "$source"/*.ko
}

build_variant() {
	local root=$1 source=$2 into=$3 name=${variant//-/_}
	sed -E "/^static struct pci_driver/,/;/s/\"vfio-pci\"/\"$variant\"/
		s/(PCI_DRIVER_OVERRIDE_DEVICE_VFIO)\(PCI_ANY_ID, PCI_ANY_ID\)/\1(0x1b36, 0x0010)/" \
		"$source/vfio_pci.c" >"$source/$name.c"
	printf '%s\n' "obj-m := $variant.o" "$variant-y := $name.o vfio_pci_igd.o" >"$source/Makefile"
	build_modules "$root" "$source"
	install -D -m 644 -t "$into" "$source/$variant.ko"
}

# Without pahole there is no BTF of modules to be had, and nobody here misses it.
build_modules() {
	local root=$1 source=$2
	LD_LIBRARY_PATH=$(library_path "$root") make -s -C "$root/usr/src/linux-headers-$kernel_release" M="$source" \
		CONFIG_DEBUG_INFO_BTF_MODULES= "${@:3}" modules >"$building/log" 2>&1 ||
		die "the drivers do not build:"$'\n'"$(cat "$building/log")"
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

# Whether the series is offered; lists that do not have it may be older than it is.
find_kernel() {
	series=$1
	choose_kernel || { is_root && update_lists && choose_kernel; }
}

# Lists as old as the machine's image name files that the mirror has dropped, so fetching begins with fresh ones.
prepare_host() {
	local missing
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
	choose_programs
}

# What mdevctl opens itself, libkmod, ldd does not tell of, but udevadm needs it too.
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

# Whether the guest is to run DIR/NAME.sh.
has_check() { [[ " ${guest_checks[*]} " == */"$1".sh\ * ]]; }

# A guest's own QEMU is that of this machine; until Debian 12 TCG is a plugin of it.
copy_qemu() {
	local root=$1 plugins=usr/lib/x86_64-linux-gnu/qemu files
	mkdir -p "$root"/{usr/bin,usr/share/qemu,$plugins}
	cp "$(command -v qemu-system-x86_64)" "$root/usr/bin/"
	ln -s ../usr/bin/qemu-system-x86_64 "$root/bin/"
	find "/$plugins" -name 'accel-tcg-*.so' -exec cp -t "$root/$plugins" {} +
	cp /usr/share/seabios/bios-256k.bin /usr/share/qemu/kvmvapic.bin "$root/usr/share/qemu/"
	mapfile -t files < <(find "$root/usr/bin" "$root/$plugins" -type f)
	copy_libraries "$root" "${files[@]}"
}

make_root() {
	local root=$1 name
	mkdir -p "$root"/{bin,sbin,usr/sbin,usr/lib/udev/rules.d,lib/x86_64-linux-gnu,lib64,checks,etc,proc,sys,dev,run,tmp,var/log}
	for name in busybox kmod udevadm; do
		cp "$(program "$name")" "$root/bin/"
	done
	ln -s ../bin/kmod "$root/sbin/modprobe"
	ln -s ../bin/kmod "$root/sbin/depmod"
	ln -s ../bin/udevadm "$root/sbin/systemd-udevd"
	install "$guest_mdevctl" "$root/usr/sbin/mdevctl"
	ln -s mdevctl "$root/usr/sbin/lsmdev"
	echo 'root:x:0:0:root:/:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/sh' >"$root/etc/passwd"
	cp -r "$kernel_dir/lib/modules" "$root/lib/"
	cp -r "$kernel_dir/variant" "$root/"
	find "$programs" -name 50-udev-default.rules -exec cp -t "$root/usr/lib/udev/rules.d" {} +
	sed 's|@sbindir@|/usr/sbin|gi; s|@sysconfdir@|/etc|gi' "$rule" >"$root/usr/lib/udev/rules.d/60-mdevctl.rules"
	for name in "$vm"/*.c; do
		cc -Wall -Wextra -O2 -o "$root/sbin/$(basename "$name" .c)" "$name"
	done
	copy_libraries "$root" "$root"/bin/{kmod,udevadm} "$root/usr/sbin/mdevctl"
	install "$vm/guest.sh" "$root/init"
	cp "${guest_checks[@]}" "$root/checks/"
	if declare -F extend_root >/dev/null; then extend_root "$root"; fi
}

# All of the directory, or those that VM_CHECKS names; it may name some of other directories, too.
choose_checks() { # DIR [OTHER...]
	local name
	guest_checks=("$1"/*.sh)
	[ -n "${VM_CHECKS-}" ] || return 0
	guest_checks=()
	for name in $VM_CHECKS; do
		[ ! -e "$1/$name.sh" ] || guest_checks+=("$1/$name.sh")
		[ "$(find "$@" -maxdepth 1 -name "$name.sh")" ] || die "there is no $name.sh in $*"
	done
}

# From here on guests have an IOMMU and, at 0000:01:00.0 and so on, NVMe controllers with SR-IOV.
use_cards() { # PROCESSORS CARDS
	local card
	guest_append=intel_iommu=on
	guest_machine=(-machine q35 -smp "$1" -device "intel-iommu,intremap=on")
	for ((card = 0; card < $2; card++)); do
		guest_machine+=(-device "pcie-root-port,id=port$card,slot=$card" -device "nvme-subsys,id=card$card"
			-device "nvme,serial=$card,subsys=card$card,bus=port$card,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,max_ioqpairs=14,msix_qsize=12")
	done
}

# Makes what a guest on Linux of the series that was found last boots from.
make_guest() {
	local root=$scratch/root
	prepare_host
	cached "$programs" make_programs
	cached "$kernel_dir" make_kernel
	rm -rf "$root"
	make_root "$root"
	(cd "$root" && find . | bin/busybox cpio -o -H newc 2>/dev/null) >"$scratch/initramfs"
}

# Runs it and shows what it prints; 124 when it took too long.  The ELF kernel starts by PVH in half the time that the
# bzImage takes.  Serial ports: console (without the drivers' word on every device), output, summary.
boot() {
	local status=0
	: >"$scratch/output"
	timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg -cpu max -m "$guest_memory" \
		-nodefaults -display none -no-reboot -kernel "$kernel_dir/vmlinux" -initrd "$scratch/initramfs" \
		-append "console=ttyS0 loglevel=6 panic=-1 oops=panic mitigations=off sysctl.kernel.hung_task_timeout_secs=60 $guest_append" \
		"${guest_machine[@]}" -serial "file:$scratch/console" -serial "file:$scratch/output" -serial "file:$scratch/summary" </dev/null &
	guest=$!
	tail -s 0.1 -n +1 -f --pid="$guest" "$scratch/output" &
	wait "$guest" || status=$?
	guest=
	wait
	return "$status"
}

count() { grep -c "^$1 - " "$scratch/output" || true; }

# What went wrong outside of the checks is a failure, too.
fail_guest() {
	printf 'not ok - Linux %s: %s; the end of its console:\n' "$kernel" "$1"
	tail -n 40 "$scratch/console" | sed 's/^/  # /'
	failed=$((failed + 1))
}

judge() {
	local status=$1 ok not_ok
	ok=$(count ok) not_ok=$(count 'not ok')
	passed=$((passed + ok)) failed=$((failed + not_ok))
	if [ "$status" = 124 ]; then
		fail_guest "the guest was still running after $limit seconds"
	elif [ "$status" != 0 ]; then
		fail_guest "qemu ended with status $status"
	elif [ "$(cat "$scratch/summary")" != "$ok passed, $not_ok failed" ]; then
		fail_guest 'the checks did not get to their end'
	fi
	if grep -nE "$trouble" "$scratch/console"; then
		fail_guest 'the kernel complained'
	fi
}

# Makes and runs a guest on Linux of the series that was found last, and adds up what held there.
run_on_kernel() {
	local status=0
	make_guest
	say "Linux $kernel"
	boot || status=$?
	judge "$status"
}

summary() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

trap clean_up EXIT
trap 'exit 130' INT TERM
scratch=$(mktemp -d)
