#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What udev itself runs by the rules for PCI devices: `udevadm test` on a PCI
# device of this machine, which only says what would be run.  The attributes
# that the rules ask for are replaced by some that this device has, or has not.
# Nothing outside a mount namespace is changed.  Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
# shellcheck source=tests/lib/checks.sh
. tests/lib/checks.sh

rules=/run/udev/rules.d
definitions=/run/definitions
# Every event runs this, so that none at all is told from what could not be seen.
control=/bin/control

# A udev that has our rule and no other.
make_udev() {
	local directory
	mount --make-rprivate /
	mount -t tmpfs tmpfs /run
	mkdir -p "$rules" /run/work /run/empty
	for directory in /etc/udev/rules.d /usr/lib/udev/rules.d /lib/udev/rules.d /usr/local/lib/udev/rules.d; do
		[[ ! -d $directory ]] || mount --bind /run/empty "$directory"
	done
	echo "RUN+=\"$control\"" >"$rules/99-control.rules"
}

# The rules, for a device that has of their attributes the named ones.
as_if_it_had() { # ATTRIBUTE...
	local attribute has script=()
	for attribute in physfn nvidia/creatable_vgpu_types sriov_totalvfs mdev_supported_types; do
		has=absent
		[[ " $* " != *" $attribute "* ]] || has=subsystem
		script+=(-e "s|TEST\([!=]\)=\"$attribute\"|TEST\1=\"$has\"|")
	done
	sed "${script[@]}" -e "s|@SBINDIR@|/usr/sbin|; s|@SYSCONFDIR@/mdevctl.d|$definitions|" \
		-e 's|ATTR{vendor}|ENV{VENDOR}|; s|ENV{DRIVER}|ENV{ITS_DRIVER}|' udev/60-mdevctl.rules >"$rules/60-mdevctl.rules"
	[[ $(<"$rules/60-mdevctl.rules") != *@[A-Z]*@* ]]
}

defined() { # nothing, device or vfs
	rm -rf "$definitions"
	case $1 in
	device) mkdir -p "$definitions/$device" ;;
	vfs) mkdir -p "$definitions/$device" && echo '{"vfs": 1}' >"$definitions/$device/vfs.json" ;;
	esac
}

# What an event runs; with a second word one of somebody's own making.  It has the
# properties of $properties as well.
properties=()
runs() { # ACTION [synthetic]
	local line property
	{
		[[ ! ${2-} ]] || echo 'ENV{SYNTH_UUID}="0"'
		for property in "${properties[@]}"; do
			echo "ENV{${property%%=*}}=\"${property#*=}\""
		done
	} >"$rules/10-event.rules"
	udevadm test --action="$1" "/sys/bus/pci/devices/$device" >/run/work/event 2>&1
	line=$(sed -n "s/^ *run: '\(.*\)'$/\1/p" /run/work/event | tr '\n' ',')
	[[ $line == *"$control,"* ]] || { cat /run/work/event; return 1; }
	echo "${line%"$control,"}"
}

starts() { # ACTION [synthetic]
	same "/usr/sbin/mdevctl start-parent-mdevs $device," "$(runs "$@")"
}

nothing() { # ACTION [synthetic]
	same '' "$(runs "$@")"
}

vf_with_definitions() {
	as_if_it_had physfn nvidia/creatable_vgpu_types
	defined device
	starts bind
	starts add synthetic
	starts change synthetic
	nothing add
	nothing change
	nothing remove
	nothing unbind
}

# The driver may make nvidia/ after it has bound the VF.
vf_without_types_yet() {
	as_if_it_had physfn
	defined device
	starts bind
	nothing add synthetic
}

without_definitions() {
	as_if_it_had physfn nvidia/creatable_vgpu_types sriov_totalvfs
	defined nothing
	nothing bind
	nothing add synthetic
	nothing change synthetic
	nothing add
}

pf_with_vfs() {
	as_if_it_had sriov_totalvfs
	defined vfs
	starts bind
	starts add synthetic
	starts change synthetic
	nothing add
	nothing remove
	nothing unbind
}

pf_without_vfs() {
	as_if_it_had sriov_totalvfs
	defined device
	nothing bind
	nothing add synthetic
}

# Moved to pci-pf-stub and back by sriov-manage, or given away whole.
pf_of_nvidia() {
	as_if_it_had sriov_totalvfs
	defined vfs
	properties=(VENDOR=0x10de ITS_DRIVER=nvidia)
	starts bind
	starts add synthetic
	nothing unbind
	properties=(VENDOR=0x10de ITS_DRIVER=pci-pf-stub)
	nothing add synthetic
	nothing bind
	nothing unbind
	properties=(VENDOR=0x10de ITS_DRIVER=nvidia)
	nothing bind
	nothing unbind
	starts bind
	properties=(VENDOR=0x10de ITS_DRIVER=vfio-pci)
	nothing bind
	nothing change synthetic
	properties=()
}

# What may take long is a unit's.
with_systemd() {
	mkdir -p /run/systemd/system
	as_if_it_had mdev_supported_types sriov_totalvfs
	defined vfs
	same "/usr/bin/systemctl --no-block start mdevctl@$device.service," "$(runs bind)"
	same "/usr/bin/systemctl --no-block start mdevctl@$device.service," "$(runs add synthetic)"
	properties=(MDEV_STATE=registered)
	same "/usr/bin/systemctl --no-block start mdevctl@$device.service," "$(runs change)"
	properties=()
	defined nothing
	nothing bind
	rm -r /run/systemd
}

plain_device() {
	as_if_it_had
	defined vfs
	nothing bind
	nothing add synthetic
}

mdev_parent() {
	as_if_it_had mdev_supported_types
	defined device
	nothing bind
	nothing add
	starts add synthetic
}

main() {
	make_udev
	export TMPDIR=/run/work LC_ALL=C
	check 'udev: a VF that has definitions is started when it is bound, and by coldplug' vf_with_definitions
	check 'udev: a VF is started when it is bound, before it offers types' vf_without_types_yet
	check 'udev: no PCI device without definitions runs anything' without_definitions
	check 'udev: the VFs of a PF are enabled when it is bound, and by coldplug' pf_with_vfs
	check 'udev: a PF without vfs.json runs nothing' pf_without_vfs
	check 'udev: the VFs of an NVIDIA card when its own driver has it, and not on its way through pci-pf-stub' pf_of_nvidia
	check 'udev: where systemd runs, units do what may take long' with_systemd
	check 'udev: a device that is neither runs nothing' plain_device
	check 'udev: a PCI device that is an mdev parent is started by coldplug' mdev_parent
	summary
}

device=$(find /sys/bus/pci/devices -mindepth 1 -printf '%f\n' 2>/dev/null | sort | head -n 1)
if [[ ! $device ]]; then
	echo "skipped: this machine has no PCI device to ask udev about"
	exit 0
fi
[[ ${MDEVCTL_TEST_NAMESPACE-} ]] || {
	need udevadm unshare find
	((EUID == 0)) || { echo "asking udev for other rules needs root" >&2; exit 1; }
}
enter_namespace "$PWD/tests/packages/udev.sh"
main
