# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What has to hold in a guest that systemd has booted from the installed package; the kernel's
# command line says how it was booted.
set -u
cd /
export TMPDIR=/run LC_ALL=C
exec >/dev/ttyS1 2>&1
# shellcheck source=tests/lib/checks.sh
. /test/check-functions.sh
[[ $(</proc/cmdline) =~ boot=([a-z-]+) ]]
boot=${BASH_REMATCH[1]}

mtty_device=11111111-1111-4111-8111-111111111111
mdpy_device=22222222-2222-4222-8222-222222222222
vgpu=33333333-3333-4333-8333-333333333333
all="$vgpu 0000:41:00.4 nvidia-557 auto (defined)
$mdpy_device mdpy mdpy-vga auto (defined)
$mtty_device mtty mtty-1 auto (defined)"

state() { # unit, property
	systemctl show --property="$2" --value "$1"
}

wait_for() { # seconds, command...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || { echo "still not: $*"; return 1; }
		sleep 1
	done
}

journal() { journalctl -b -o cat -u mdevctl.service; }

everything() {
	same "$all" "$(</run/at-libvirt)"
	same "$all" "$(mdevctl list)"
}

unit_succeeded() {
	same 'enabled active exited' "$(systemctl is-enabled mdevctl.service) $(state mdevctl.service ActiveState) $(state mdevctl.service SubState)"
	same success "$(state mdevctl.service Result)"
}

in_order() {
	local before after name
	for name in nvidia-vgpud nvidia-vgpu-mgr; do
		before=$(state "$name.service" ActiveEnterTimestampMonotonic)
		[[ $before != 0 ]] || before=$(state "$name.service" ExecMainExitTimestampMonotonic)
		after=$(state mdevctl.service ExecMainStartTimestampMonotonic)
		((before > 0 && before <= after)) || { echo "$name at $before, mdevctl at $after"; return 1; }
	done
	before=$(state mdevctl.service ExecMainExitTimestampMonotonic)
	after=$(state libvirtd.service ExecMainStartTimestampMonotonic)
	((before > 0 && before <= after)) || { echo "mdevctl until $before, libvirtd at $after"; return 1; }
}

names_parents() {
	{ journal; journalctl -b -o cat -u 'mdevctl@*'; } >/run/journal
	grep -q "started $vgpu on 0000:41:00.4 as nvidia-557" /run/journal || { cat /run/journal; return 1; }
	grep -q "started $mtty_device on mtty as mtty-1" /run/journal || { cat /run/journal; return 1; }
}

verified() {
	same '' "$(systemd-analyze verify --man=no /lib/systemd/system/mdevctl.service /lib/systemd/system/mdevctl@mtty.service 2>&1)"
}

is_active() { mdevctl list -u "$1" | grep -q .; }

back_with_its_driver() {
	rmmod mtty
	same '' "$(mdevctl list -u $mtty_device)"
	modprobe mtty
	wait_for 60 is_active $mtty_device
	same success "$(state mdevctl@mtty.service Result)"
}

back_with_the_manager() {
	echo 0 >/sys/bus/pci/devices/0000:41:00.4/nvidia/current_vgpu_type
	same '' "$(mdevctl list -u $vgpu)"
	systemctl restart nvidia-vgpu-mgr.service
	wait_for 60 is_active $vgpu
}

disabled_by_hand() {
	mdevctl stop -u $vgpu
	# Each start counts, also that of a restart.
	systemctl reset-failed mdevctl.service
	/usr/lib/nvidia/sriov-manage -d 0000:41:00.0
	systemctl restart nvidia-vgpu-mgr.service
	wait_for 200 systemctl is-failed -q mdevctl.service
	same 0 "$(cat /sys/bus/pci/devices/0000:41:00.0/sriov_numvfs)"
	journal >/run/journal
	grep -q 'somebody has disabled them' /run/journal || { cat /run/journal; return 1; }
}

doctor_is_content() {
	same '' "$(mdevctl doctor | grep -E '^FAIL (unit|udev|definitions)')"
}

# The boot went on, without what needs the manager.
boot_went_on() {
	same "$(grep -v "$vgpu" <<<"$all")" "$(</run/at-libvirt)"
}

has_failed() {
	wait_for 300 systemctl is-failed -q mdevctl.service
	journal >/run/journal
	grep -q "0000:41:00.4: cannot start $vgpu: 0000:41:00.4 cannot hold nvidia-557 now: the GPU offers nothing.*is its vGPU manager running" /run/journal || { cat /run/journal; return 1; }
	mdevctl doctor >/run/doctor || true
	grep -q '^FAIL unit: mdevctl.service has failed' /run/doctor || { cat /run/doctor; return 1; }
	grep -q "^FAIL .*nvidia-vgpud" /run/doctor || { cat /run/doctor; return 1; }
}

tried_again() {
	same 3 "$(wc -l </run/sriov-manage-calls)"
	journal | grep -q 'none is enabled; it printed "Enabled VFs on 0000:41:00.0"; trying again'
	same nvidia "$(basename "$(readlink /sys/bus/pci/devices/0000:41:00.0/driver)")"
}

case $boot in
first | again)
	check "systemd, $boot boot: everything is active when libvirt starts" everything
	check "systemd, $boot boot: the unit is enabled, and has succeeded" unit_succeeded
	check "systemd, $boot boot: after NVIDIA's services, before libvirt's" in_order
	check "systemd, $boot boot: the journal names parent and device" names_parents
	check "systemd, $boot boot: doctor finds nothing to mend" doctor_is_content
	;;&
first)
	check 'systemd: systemd-analyze verify is silent' verified
	check 'systemd: with its driver a device is back, by its own unit' back_with_its_driver
	check "systemd: when the manager is restarted, what has gone is back" back_with_the_manager
	check 'systemd: what sriov-manage -d has disabled by hand is not undone' disabled_by_hand
	;;
no-manager)
	check 'systemd, no manager: the boot goes on, and what needs none is there' boot_went_on
	check 'systemd, no manager: the unit has failed, and the journal and doctor say why' has_failed
	;;
lies)
	check 'systemd, sriov-manage lies twice: everything is active when libvirt starts' everything
	check 'systemd, sriov-manage lies twice: it was run again, and the card has its driver' tried_again
	;;
esac
echo "$passed passed, $failed failed" >/dev/ttyS2
# For the next boot of the same system.
stty -F /dev/ttyS3 raw
tar -C / -cf /run/etc.tar etc
cat /run/etc.tar >/dev/ttyS3
