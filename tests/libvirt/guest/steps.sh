# shellcheck shell=dash disable=SC2034,SC2154 # variables of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Words for the checks with libvirt, beside those of guest.sh.  Each check has a systemd-udevd and a libvirtd of its own
# that begin with an empty /etc/mdevctl.d.

log=/tmp/libvirtd.log

libvirt_check() {
	finish_libvirt_check
	check "$1"
	start_udevd
	afterwards stop_udevd
	start_libvirtd
	afterwards stop_libvirtd
}

# At the end of the check before: libvirt got the list of definitions whenever it asked, and could read it.
finish_libvirt_check() {
	[ -n "$title" ] || return 0
	expect "no failed refresh in libvirt's log: $(grep mdevctl $log)" \
		[ "$(grep -cE 'failed to query mdevs|failed to update mediated|mdevctl response|mdevctl not found' $log)" = 0 ]
	expect 'libvirtd is still there' [ -e "/proc/$libvirtd" ]
}

start_libvirtd() {
	mkdir -p "$definitions"
	run_libvirtd /drivers
	expect 'libvirtd knows mtty' in_time shows mtty_mtty '<name>mtty_mtty</name>'
}

# As a daemon it is no child of this shell, which waits for its children after each check.
run_libvirtd() { # DRIVERS [ROOT]
	: >$log
	LC_ALL=C LIBVIRT_DRIVER_DIR=$1 LIBVIRT_LOG_OUTPUTS=3:file:$log \
		chroot "${2-/}" libvirtd --daemon --pid-file /run/libvirtd.pid
	libvirtd=$(cat /run/libvirtd.pid)
}

stop_libvirtd() {
	kill "$libvirtd"
	in_time [ ! -e "/proc/$libvirtd" ]
}

# Waits up to 90 s for a command to be true: libvirt looks for a device of its making every 5 s only, and a call of virsh
# takes a second.
in_time() {
	deadline=$(($(now) + 9000))
	until "$@"; do
		[ "$(now)" -lt "$deadline" ] || return 1
		sleep 0.2
	done
}

virsh() { LC_ALL=C /bin/virsh -q -c nodedev:///system "$@"; }

# A device as XML: device_xml TYPE [ELEMENTS]
device_xml() {
	echo "<device><parent>mtty_mtty</parent><capability type='mdev'><type id='$1'/>${2-}</capability></device>" \
		>device.xml
}

# The name that libvirt gives to it.
node() { echo "mdev_$1_mtty" | tr - _; }

shows() { virsh nodedev-dumpxml "$1" 2>/dev/null | grep -qF -e "$2"; }
info() { virsh nodedev-info "$1" 2>/dev/null | sed -n "s/^$2: *//p"; }
has_info() { [ "$(info "$1" "$2")" = "$3" ]; }

# Sorted names of what libvirt knows, with further options.
known() { virsh nodedev-list --cap mdev "$@" | sed '/^ *$/d' | sort; }

nodes() { for device; do node "$device"; done; }
lists() { [ "$(known)" = "$1" ]; }
lists_inactive() { [ "$(known --inactive)" = "$1" ]; }

# libvirt comes to know of these active devices, of these inactive ones, and of no others.
knows_active() {
	expect "libvirt's active devices: $*" in_time lists "$(nodes "$@")"
	[ $# = 0 ] || expect 'they are active to libvirt' has_info "$(node "$1")" Active yes
}
knows_inactive() { expect "libvirt's inactive devices: $*" in_time lists_inactive "$(nodes "$@")"; }

has_definitions() { expect "$1 definitions" [ "$(find "$definitions" -type f | wc -l)" = "$1" ]; }

# nodedev_define UUID TYPE [ELEMENTS]
nodedev_define() {
	device_xml "$2" "<uuid>$1</uuid>${3-}"
	must virsh nodedev-define device.xml
}

nodedev_create() {
	device_xml "$2" "<uuid>$1</uuid>${3-}"
	must virsh nodedev-create device.xml
}

# As `mdevctl list --dumpjson` shows a device without attributes: list_entry UUID TYPE START
list_entry() { printf '{"%s":{"mdev_type":"%s","start":"%s","attrs":[]}}' "$@"; }

restart_libvirtd() {
	stop_libvirtd
	start_libvirtd
}

# libvirt's events of this kind from now on are written to a file; those of a device of its own tell that it has begun.
watch_events() {
	LC_ALL=C /bin/virsh -q -c nodedev:///system nodedev-event --loop --event "$1" >events 2>&1 </dev/null &
	holder=$!
	expect 'libvirt tells of events' in_time sees_events
}

# libvirt does not notice what comes and goes within a tenth of a second.
sees_events() {
	mdevctl define -u "$D" -p mtty -t mtty-1
	sleep 1
	mdevctl modify -u "$D" --auto
	sleep 1
	mdevctl undefine -u "$D"
	sleep 1
	grep -q "$(node "$D")" events
}

# has_events WHAT...: what the lifecycle events of $A were so far, in their order.
has_events() {
	in_time has_lifecycle "$*" || true
	expect "events: $*, not $(lifecycle)" has_lifecycle "$*"
}
lifecycle() { sed -n "s/^event 'lifecycle' for node device $(node "$A"): //p" events | tr '\n' ' ' | sed 's/ $//'; }
has_lifecycle() { [ "$(lifecycle)" = "$1" ]; }
updates() { grep -c "^event 'update' for node device $(node "$1")" events; }
has_update() { [ "$(updates "$1")" -gt 0 ]; }
