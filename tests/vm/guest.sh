#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The guest's init: brings up just enough of a system (mounts, syslog), runs the files of checks with the helpers below,
# and powers off.  The second serial port carries the results, the third one their number.  A check begins with
# `check TITLE`, on a host with mtty and mdpy but no device and no definition, and lasts until the next one.  The
# first expectation that does not hold makes it fail, and shows what ran last before that.

export PATH=/sbin:/usr/sbin:/bin

definitions=/etc/mdevctl.d
devices=/sys/bus/mdev/devices
syslog=/var/log/messages

passed=0
failed=0
title=
holder=
undo=

check() {
	finish_check
	reset_host
	title=$1
	held=0
	broken=
	command=
	: >succeeded
}

finish_check() {
	[ -n "$title" ] || return 0
	[ "$held" -gt 0 ] || [ -n "$broken" ] || broken='  # nothing was checked'
	if [ -z "$broken" ]; then
		passed=$((passed + 1))
		echo "ok - $title"
	else
		failed=$((failed + 1))
		printf 'not ok - %s\n%s\n' "$title" "$broken"
	fi
	title=
}

# expect WHAT COMMAND...: WHAT is what COMMAND tests.
expect() {
	what=$1
	shift
	if "$@"; then
		held=$((held + 1))
	elif [ -z "$broken" ]; then
		broken=$(describe_failure "$what")
	fi
}

describe_failure() {
	echo "$1" | sed '1s/^/  # expected: /; 1!s/^/  #           /'
	[ -n "$command" ] || return 0
	echo "  # command:  $command"
	echo "  # status:   $status"
	sed 's/^/  # stdout:   /' out
	sed 's/^/  # stderr:   /' err
}

run() {
	command=$*
	status=0
	"$@" >out 2>err </dev/null || status=$?
}

# A step on the way to what is checked.
must() {
	run "$@"
	is_status 0
}

is_status() { expect "status $1" [ "$status" = "$1" ]; }

# The whole of stdout, without its last newline, which must be there; '' is nothing at all.
is_stdout() {
	if [ -n "$1" ]; then printf '%s\n' "$1"; fi >expected
	expect "stdout: $1" cmp -s expected out
}

is_silent() {
	is_stdout ''
	has_no_warning
}

# Runs a command that has to succeed without a word.
quietly() {
	run "$@"
	is_status 0
	is_silent
}

stdout_has_line() { expect "stdout has the line '$1'" grep -qxF -e "$1" out; }

has_no_warning() { expect 'nothing on stderr' [ ! -s err ]; }

# Each word appears on stderr.
stderr_says() {
	for text; do
		expect "stderr says $text" grep -qF -e "$text" err
	done
}

# The command failed, told why on stderr with each of the words, and printed no result.
is_refused() {
	is_status 1
	is_stdout ''
	expect 'a message on stderr' [ -s err ]
	stderr_says "$@"
}

is_uuid() {
	expect 'one line with a UUID on stdout' [ "$(grep -cEx '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' out)" = 1 ]
	expect 'nothing else on stdout' [ "$(wc -l <out)" = 1 ]
}

# Runs a command as a user with no rights.
run_as_nobody() {
	run su -s /bin/sh nobody -c "$*"
	command="$* (as nobody)"
}

# Runs a command after the check, whatever comes before that.
afterwards() { undo="$*; $undo"; }

# Runs a command in the background; `succeeded` waits for all of these.
at_once() {
	command="$* (and others at once)"
	{ if "$@" >>out 2>>err </dev/null; then echo "$command" >>succeeded; fi; } &
}

# N of the commands given to at_once succeeded.
succeeded() {
	wait
	status="0 for $(wc -l <succeeded) of them"
	expect "status 0 for $1 of them" [ "$status" = "0 for $1 of them" ]
}

# Runs a command N times, whatever becomes of it.
repeat() {
	times=$1
	shift
	for _ in $(seq "$times"); do "$@"; done
}

uuid() { printf '00000000-0000-4000-8000-%012d' "$1"; }

# shellcheck disable=SC2034 # the checks use them
A=$(uuid 1) B=$(uuid 2) C=$(uuid 3) D=$(uuid 4)

parent_of() { basename "$(dirname "$(readlink "$devices/$1")")"; }
type_of() { basename "$(readlink "$devices/$1/mdev_type")"; }
free_of() { cat "/sys/class/mdev_bus/$1/mdev_supported_types/$2/available_instances"; }
count_devices() { find $devices -mindepth 1 2>/dev/null | wc -l; }

# is_active UUID [PARENT TYPE]
is_active() {
	expect "$1 is active" [ -e "$devices/$1/mdev_type" ]
	[ $# = 1 ] || expect "$1 is a $3 of $2" [ "$(parent_of "$1") $(type_of "$1")" = "$2 $3" ]
}

is_inactive() { expect "$1 is not active" [ ! -e "$devices/$1" ]; }

# The devices are these, and no others.
are_active() {
	for device; do is_active "$device"; done
	has_devices $#
}

has_attribute() { expect "$2 of $1 is $3" [ "$(cat "$devices/$1/$2")" = "$3" ]; }

has_no_bus() { expect 'no mdev bus' [ ! -e $devices ]; }

# is_free PARENT TYPE N
is_free() { expect "$3 instances of $2 on $1 are free, not $(free_of "$1" "$2")" [ "$(free_of "$1" "$2")" = "$3" ]; }

has_devices() { expect "$1 devices, not $(count_devices)" [ "$(count_devices)" = "$1" ]; }

# Waits up to 20 s for a command to be true: the machine may be busy with other things.
soon() {
	for _ in $(seq 200); do
		if "$@"; then return 0; fi
		sleep 0.1
	done
	return 1
}

# Identifies a running device, as no later one of the same UUID has the same inode.
identity() { stat -L -c %i "$devices/$1"; }

syslog_says() { expect "syslog says $1" soon grep -qF -e "$1" $syslog; }
syslog_is_silent() { expect "no word of mdevctl in syslog: $(cat $syslog)" [ "$(grep -c mdevctl $syslog)" = 0 ]; }

# Writes the definition of a type with attributes (a JSON array) to a file to be given as --jsonfile.
definition() {
	printf '{"mdev_type": "%s", "start": "%s", "attrs": %s}\n' "$1" "$2" "$3" >definition.json
}

# Debian's busybox prefers its own applets to programs; this is kmod's.
modprobe() { /sbin/modprobe "$@"; }

reload_driver() {
	modprobe -r "$1"
	modprobe "$1"
}

group_of() { echo "/dev/vfio/$(basename "$(readlink "$devices/$1/iommu_group")")"; }

is_loaded() { expect "module $1 is loaded" [ -e "/sys/module/$1" ]; }
is_not_loaded() { expect "module $1 is not loaded" [ ! -e "/sys/module/$1" ]; }

# configure_modprobe LINE [DIR]
configure_modprobe() {
	mkdir -p "${2-/etc/modprobe.d}"
	echo "$1" >"${2-/etc/modprobe.d}/check.conf"
}

# In hundredths of a second.
now() { sed 's/ .*//; s/[.]//' /proc/uptime; }

# hold UUID [SECONDS]: a process uses the device until `release`, or for that long.
hold() {
	modprobe vfio_iommu_type1
	rm -f held
	holder "$(group_of "$1")" "$1" "${2-120}" >held 2>&1 &
	holder=$!
	expect 'the process uses the device' soon grep -qs holding held
}

# A process has the device's VFIO group open, without a use for it yet.
hold_group() {
	sleep 120 3<>"$(group_of "$1")" &
	holder=$!
	expect 'the group is open' soon [ -e /proc/$holder/fd/3 ]
}

# The last message names the process and its command.
names_holder() { stderr_says "$holder" "$1"; }

is_holder_gone() { expect 'the process is gone' [ ! -e "/proc/$holder" ]; }

# machine ARGUMENTS...: QEMU makes a virtual machine that has these devices, until `release`.  Its processor never runs.
machine() {
	modprobe vfio_iommu_type1
	printf 'info pci\ninfo status\n' >questions
	command="qemu-system-x86_64 $*"
	status='none yet'
	: >out
	qemu-system-x86_64 -accel tcg -machine q35 -m 16 -nodefaults -display none -S -monitor stdio "$@" \
		<questions >monitor 2>err &
	holder=$!
}

# Of VFIO, by the process.
count_open_devices() { find "/proc/$1/fd" -type l -exec readlink {} \; | grep -c '^anon_inode:.*vfio-device'; }

# machine_has N VENDOR:DEVICE...: QEMU has N devices of VFIO open, and the machine one with each of these ids.
machine_has() {
	soon grep -q 'VM status: paused' monitor
	tr -d '\r' <monitor | grep -e ': PCI device' -e '^VM status' >out
	expect 'the machine is there' grep -q 'VM status: paused' out
	expect "it has $1 VFIO devices open, not $(count_open_devices "$holder")" [ "$(count_open_devices "$holder")" = "$1" ]
	shift
	for ids; do
		expect "the machine has a PCI device $ids" grep -q ": PCI device $ids\$" out
	done
}

# QEMU ends, and says each of the words.
has_no_machine() {
	status=0
	wait "$holder" || status=$?
	holder=
	is_status 1
	stderr_says "$@"
}

release() {
	kill "$holder"
	wait "$holder"
	holder=
} 2>/dev/null

# From now on `calls` tells for which parents start-parent-mdevs has been run.
record_calls() {
	mv /usr/sbin/mdevctl /usr/sbin/mdevctl.real
	afterwards mv /usr/sbin/mdevctl.real /usr/sbin/mdevctl
	: >calls
	cat >/usr/sbin/mdevctl <<-END
		#!/bin/sh
		[ "\$1" != start-parent-mdevs ] || echo "\$2" >>/tmp/calls
		exec /usr/sbin/mdevctl.real "\$@"
	END
	chmod 755 /usr/sbin/mdevctl
}

# The rules have started it for these parents and no others, so often as they are given.
is_called_for() {
	for parent; do echo "$parent"; done | sort >expected
	sort calls | cmp -s expected - && wrong= || wrong=" not: $(tr '\n' ' ' <calls)"
	expect "runs for: $*,$wrong" [ -z "$wrong" ]
}

start_udevd() { systemd-udevd --daemon --resolve-names=never >/dev/null 2>&1; }

# First waits for what the rules have started.
stop_udevd() {
	udevadm settle
	udevadm control --exit
}

# What systemd-udev-trigger.service does at boot; of devices only those that an option, such as --subsystem-match=pci,
# says.
coldplug() {
	udevadm trigger --type=subsystems --action=add
	udevadm trigger --type=devices --action=add "$@"
}

reset_host() {
	[ -z "$holder" ] || release
	wait
	eval "$undo"
	undo=
	rm -rf $definitions /etc/modprobe.d /run/modprobe.d
	reset_devices
	: >$syslog
}

# What a check begins on.  Checks of another kind of devices come with a /host.sh, where these two are different.
load_drivers() { modprobe -a mtty mdpy; }

# A device that cannot be removed (a kernel hazard that mdevctl has to avoid) goes with its driver.
reset_devices() {
	for remove in "$devices"/*/remove; do
		[ ! -e "$remove" ] || echo 1 >"$remove"
	done
	[ "$(count_devices)" = 0 ] || modprobe -r mtty mdpy
	modprobe -q -r -a vfio_iommu_type1 mbochs
	[ "$(cat /sys/module/mdpy/parameters/count 2>/dev/null)" = 4 ] || modprobe -q -r mdpy
	[ -e /sys/module/mtty ] || modprobe mtty
	[ -e /sys/module/mdpy ] || modprobe mdpy
}

mount_file_systems() {
	/bin/busybox --install -s /bin
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs dev /dev
	stty -F /dev/ttyS1 raw -echo
	stty -F /dev/ttyS2 raw -echo
}

run_checks() {
	set -e
	cd /tmp
	syslogd -O $syslog
	soon [ -S /dev/log ]
	# shellcheck source=/dev/null
	[ ! -e /host.sh ] || . /host.sh
	load_drivers
	set +e
	for checks in /checks/*.sh; do
		# shellcheck source=/dev/null
		. "$checks"
	done
	finish_check
	echo "$passed passed, $failed failed" >/dev/ttyS2
}

mount_file_systems
(run_checks) >/dev/ttyS1 2>&1
# The last bytes are still on their way when `echo` is done.
sleep 0.3
poweroff -f
sleep 60
