#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the libvirtd and virsh of Debian 12 and of Debian 13 against the mdevctl
# binary given as argument.  This file prepares the packages, which are unpacked
# and never installed, and the root directory in which libvirtd runs: nothing of
# the machine but its /proc, /sys and /dev is seen there, and nothing is left
# behind.  checks.sh has what is checked of libvirtd, domains.sh what of virsh
# without one, steps.sh the words for both.
set -euo pipefail
shopt -s inherit_errexit
mdevctl=$(realpath -m -- "${1-}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
top=$PWD
here=$top/tests/libvirt
cache=$(realpath -m "${LIBVIRT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mdevctl-libvirt}")
building=

# shellcheck source=tests/lib/packages.sh
. tests/lib/packages.sh
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh

say() { printf 'check-libvirt: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }

usage() {
	cat <<-END
	usage: tests/libvirt/run.sh PATH_TO_MDEVCTL [PATTERN]
	       tests/libvirt/run.sh --programs
	--programs         unpack the programs only, and print their directory: nothing, if there are none to be had
	PATTERN            only checks whose title matches (glob)
	LIBVIRT_RELEASE    only that of Debian's release bookworm or trixie
	LIBVIRT_CACHE      where programs are kept, default ~/.cache/mdevctl-libvirt
	END
}

# libvirt, programs to record and watch with, and QEMU where that for s390 is a package of its own, since Debian 13.
choose_packages() {
	wanted=(libvirt-daemon libvirt-clients inotify-tools libjansson4 libuuid1)
	# Of its own since Debian 13.
	if offers libvirt-daemon-driver-nodedev; then wanted+=(libvirt-daemon-driver-nodedev); fi
	# Until then it is but a name that another one provides.
	if [[ $(versions qemu-system-s390x) ]]; then
		wanted+=(libvirt-daemon-driver-qemu qemu-system-s390x qemu-system-x86 qemu-system-data seabios)
	fi
	version=$(versions libvirt-daemon | head -n 1)
	programs=$cache/libvirt-$version-$(cksum <<<"${wanted[*]}" | cut -d ' ' -f 1)
}

# These, what they and the binary under test are linked with, down to the C library, and a shell.
make_programs() {
	local packages directory
	say "fetching libvirt $version"
	mapfile -t packages < <(with_libraries "${wanted[@]}")
	unpack "$building/root" "${packages[@]}" libc6 libgcc-s1 zlib1g busybox-static
	rm -rf "$building"/root/usr/share/{doc,man,locale}
	mv "$building/root/usr" "$1"
	for directory in bin sbin lib lib64; do
		[[ ! -d $building/root/$directory ]] || cp -a "$building/root/$directory" "$1/usr"
	done
}

# The machine's own lists are those of one release; 1: there is no other to be had.
choose_release() {
	release=$LIBVIRT_RELEASE
	grep -qsx "VERSION_CODENAME=$release" /etc/os-release && return
	say "looking for the packages of $release"
	use_release "$release"
}

prepare() {
	choose_packages
	if [[ ! $version || ! -d $programs ]] && is_root; then
		update_lists || say "going on with the package lists as they are"
		choose_packages
	fi
	[[ $version ]] || die "the package lists have no libvirt-daemon; as root: apt-get update"
	cached "$programs" make_programs
}

# In the namespace: the root directory of libvirtd, in memory.
make_root() {
	make_work
	root=/sys/root
	mkdir -p "$root"/{usr,proc,sys,dev,run,tmp,var/log,etc/mdevctl.d,test/bin,test/real,test/drivers}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root"
	ln -s /run "$root/var/run"
	mount --bind "$programs/usr" "$root/usr"
	mount -t sysfs sysfs "$root/sys"
	mount --rbind /proc "$root/proc"
	mount --rbind /dev "$root/dev"
	echo root:x:0:0:root:/root:/bin/sh >"$root/etc/passwd"
	echo root:x:0: >"$root/etc/group"
	install "$mdevctl" "$root/test/real/mdevctl"
	install "$here/record.sh" "$root/test/bin/mdevctl"
	ln -s /usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_nodedev.so "$root/test/drivers"
}

# One after the other, each in a process of its own.
both_releases() {
	local status=0 release
	for release in bookworm trixie; do
		LIBVIRT_RELEASE=$release "$here/run.sh" "$@" || status=1
	done
	return $status
}

case ${1-} in
-h | --help) usage; exit 0 ;;
--programs)
	trap 'rm -rf ${building:+"$building"}' EXIT
	{ choose_release && prepare; } >&2 && echo "$programs"
	exit 0
	;;
esac
[[ $# == 1 || $# == 2 ]] || { usage >&2; exit 2; }
[[ -x $mdevctl ]] || die "$1: no such program"
on_debian || die "this test takes libvirt from Debian's packages and needs a Debian machine (amd64)"
if [[ -z $(ls /sys/bus/pci/devices 2>/dev/null) ]]; then
	say "skipped: libvirt takes PCI devices for parents, and this machine has none"
	exit 0
fi
if [[ ! ${LIBVIRT_RELEASE-} ]]; then
	both_releases "$mdevctl" "${@:2}"
	exit
fi
trap 'rm -rf ${building:+"$building"}' EXIT
if [[ ! ${MDEVCTL_TEST_NAMESPACE-} ]]; then
	need unshare mount uuidgen pkg-config fuse3
	need_fuse
	make -s build/fake-sysfs
	choose_release || { say "skipped: the mirror has no packages of $LIBVIRT_RELEASE"; exit 0; }
	prepare
	export LIBVIRT_PROGRAMS=$programs LIBVIRT_VERSION=$version
fi
enter_namespace "$here/run.sh" "$mdevctl" "${@:2}"
programs=$LIBVIRT_PROGRAMS
say "libvirt $LIBVIRT_VERSION"
make_root
pattern="*${2-}*"
# shellcheck source=tests/lib/checks.sh
. "$here/../lib/checks.sh"
# shellcheck source=tests/libvirt/steps.sh
. "$here/steps.sh"
# shellcheck source=tests/libvirt/checks.sh
. "$here/checks.sh"
# shellcheck source=tests/libvirt/domains.sh
. "$here/domains.sh"
summary
