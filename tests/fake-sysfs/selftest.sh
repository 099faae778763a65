#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# selftest.sh PATH_TO_FAKE_SYSFS: does the simulated kernel do what facts about the real one say?  Every row of
# the tables of create and remove, the order of events, faults, holds and the log.  Knows nothing of mdevctl.
# Prints "ok - ..." and "not ok - ..."; exit status 1 if any is not ok.

set -u

if [[ -z ${SELFTEST_INSIDE-} ]]; then
	if [[ $# -ne 1 || ! -x $1 ]]; then
		echo "usage: ${0##*/} PATH_TO_FAKE_SYSFS" >&2
		exit 2
	fi
	flags=-m
	[[ $EUID -eq 0 ]] || flags=-Urm
	SELFTEST_INSIDE=1 exec unshare "$flags" --propagation private "$0" "$(realpath "$1")"
fi

bin=$1
hosts=$(realpath "$(dirname "$0")")/hosts
tmp=$(mktemp -d)
chmod 755 "$tmp"
mnt=$tmp/sys
mkdir "$mnt"
pid=
passed=0
failed=0

U1=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
U2=83b8f4f2-509f-382f-3c1e-e6bfe0fa1002
U3=83b8f4f2-509f-382f-3c1e-e6bfe0fa1003
MTTY=devices/virtual/mtty/mtty
MDPY=devices/virtual/mdpy/mdpy
T1=$MTTY/mdev_supported_types/mtty-1
T2=$MTTY/mdev_supported_types/mtty-2
D=$MTTY/$U1

is() {
	if [[ $2 == "$3" ]]; then
		passed=$((passed + 1))
		echo "ok - $1"
	else
		failed=$((failed + 1))
		printf 'not ok - %s: expected %q, got %q\n' "$1" "$2" "$3"
	fi
}

# One system call: prints what it returned, or the name of its errno.
sys() {
	perl -MErrno -MFcntl -e '
		my ($op, $file, $data) = @ARGV;
		sub done {
			print defined $_[0] ? "$_[0]\n" :
				(grep { $_ ne "EWOULDBLOCK" && $!{$_} } sort keys %!)[0] . "\n";
			exit 0;
		}
		my $f;
		if ($op =~ /^fd/) {
			open($f, $op eq "fdread" ? "<&=" : ">&=", $file) or done(undef);
		} else {
			my $flags = { open => O_WRONLY, read => O_RDONLY, write => O_WRONLY, rdwr => O_RDWR,
				trunc => O_WRONLY|O_TRUNC, append => O_WRONLY|O_APPEND,
				creat => O_WRONLY|O_CREAT }->{$op};
			sysopen($f, $file, $flags, 0666) or done(undef);
			done(0) if $op eq "open" || $op eq "rdwr" || $op eq "creat";
		}
		if ($op =~ /read/) {
			my $r = sysread($f, my $text, 65536);
			done(undef) if !defined $r;
			print $text;
			exit 0;
		}
		$data =~ s/\\n/\n/g;
		$data =~ s/\\0/\0/g;
		done(syswrite($f, $data));
	' -- "$@"
}

w() { sys write "$@"; }
control() { w fake/control "$1"; }
exists() { if [[ -e $1 || -L $1 ]]; then echo yes; else echo no; fi; }
available() { tr '\n' ' ' < "$1/available_instances"; }

# wait_for FILE PATTERN: until a line matches.
wait_for() {
	local i
	for ((i = 0; i < 1000; i++)); do
		grep -q -- "$2" "$1" && return 0
		sleep 0.02
	done
	is "waited for '$2' in $1" there "$(cat "$1")"
	return 1
}

start() {
	local i
	cd "$tmp" || exit 1
	"$bin" -f "$1" "$mnt" &
	pid=$!
	for ((i = 0; i < 1000; i++)); do
		[[ -e $mnt/fake/control ]] && break
		sleep 0.01
	done
	cd "$mnt" || exit 1
}

stop() {
	local status
	cd "$tmp" || exit 1
	kill "$pid"
	wait "$pid"
	status=$?
	pid=
	is "SIGTERM ends it with status 0" 0 "$status"
	is "SIGTERM unmounts" no "$(exists "$mnt/fake")"
}

cleanup() {
	cd /
	[[ -z $pid ]] || kill -9 "$pid" 2> /dev/null
	umount -l "$mnt" 2> /dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT

test_tree() {
	start "$hosts/mtty-mdpy.json"
	is "mdev_bus link" ../../$MTTY "$(readlink class/mdev_bus/mtty)"
	is "subsystem of a parent is its own" ../../../../class/mtty "$(readlink $MTTY/subsystem)"
	is "modes of a type" "200 create 444 available_instances 444 device_api 444 name" \
		"$(cd $T1 && stat -c '%a %n' create available_instances device_api name | xargs)"
	is "attributes have 4096 bytes" 4096 "$(stat -c %s $T1/create)"
	is "links have none" 0 "$(stat -c %s class/mdev_bus/mtty)"
	is "directories are 0755" 755 "$(stat -c %a $T1)"
	is "description is optional" "no yes" \
		"$(exists $T1/description) $(exists $MDPY/mdev_supported_types/mdpy-vga/description)"
	is "read of create" EACCES "$(sys read $T1/create)"
	is "write to name" EACCES "$(sys open $T1/name)"
	is "read and write of create" EACCES "$(sys rdwr $T1/create)"
	is "O_CREAT of what is not there" EACCES "$(sys creat $T1/nothing)"
	is "O_CREAT of what is there" 0 "$(sys creat $T1/create)"
	is "open of what is not there" ENOENT "$(sys open $T1/nothing)"
	is "O_CREAT where the directory is gone" ENOENT "$(sys creat $MTTY/$U3/nothing)"
	is "mkdir" "mkdir: cannot create directory 'x': Operation not permitted" "$(LC_ALL=C mkdir x 2>&1)"
	is "not listed in order" no \
		"$(if find bus class devices module kernel | sort -c 2> /dev/null; then echo yes; else echo no; fi)"
	is "module is live" live "$(cat module/mtty/initstate)"
	is "another user is refused by the mode" EACCES "$(as_nobody sys open $T1/create)"
	is "another user may read" "24 " "$(as_nobody available $T1)"
	stop
	start "$hosts/empty.json"
	is "a host without mdev has no class" no "$(exists class/mdev_bus)"
	stop
}

as_nobody() {
	if [[ $(< /proc/self/uid_map) =~ ^\ *0\ +0\ +4294967295 ]]; then
		export -f sys available
		setpriv --reuid=65534 --regid=65534 --clear-groups bash -c '"$@"' -- "$@"
	else
		case $1 in sys) echo EACCES ;; *) "$@" ;; esac
	fi
}

# create_is DESCRIPTION RESULT DATA NAME: NAME is what must exist afterwards, and is removed again.
create_is() {
	is "create, $1" "$2" "$(w $T1/create "$3")"
	if [[ -n $4 ]]; then
		is "create, $1: named" yes "$(exists bus/mdev/devices/"$4"/mdev_type)"
		is "create, $1: removed" 1 "$(w $MTTY/"$4"/remove 1)"
	fi
	is "create, $1: nothing else" "24 " "$(available $T1)"
}

test_create() {
	local n zero=00000000-0000-0000-0000-000000000000 full=ffffffff-ffff-ffff-ffff-ffffffffffff
	start "$hosts/mtty-mdpy.json"
	create_is "36 characters" 36 $U1 $U1
	for n in '\n' ' ' X '\0'; do
		create_is "37 with '$n'" 37 "$U1$n" $U1
	done
	create_is "upper case" 36 ${U1^^} $U1
	create_is "all zero" 36 $zero $zero
	create_is "all f" 36 $full $full
	create_is "empty" 0 "" ""
	for n in "${U1%?}" "$U1\n\n" "{$U1}" "urn:uuid:$U1" "${U1//-/}" "${U1/8/g}" "${U1/-/8}" "\0${U1#?}" x '\n'; do
		create_is "bad: $n" EINVAL "$n" ""
	done
	is "O_TRUNC" 36 "$(sys trunc $T1/create $U1)"
	is "O_APPEND" 36 "$(sys append $T2/create $U2)"
	is "available of shared ports" "21 10 " "$(available $T1)$(available $T2)"
	is "UUID in use by the type" EEXIST "$(w $T1/create $U1)"
	is "UUID in use by another type" EEXIST "$(w $T1/create $U2)"
	is "UUID in use by another parent, upper case" EEXIST \
		"$(w $MDPY/mdev_supported_types/mdpy-vga/create ${U1^^})"
	for n in $(seq 21); do
		w $T1/create "$(printf '00000000-0000-0000-0000-%012d' "$n")" > "$tmp/last"
	done
	is "last instance" 36 "$(cat "$tmp/last")"
	is "full, get_available" ENOSPC "$(w $T1/create $U3)"
	is "full: nothing stays" no "$(exists $MTTY/$U3)"
	is "duplicates are looked for before instances" EEXIST "$(w $T1/create $U1)"
	for n in 1 2 3 4; do
		w $MDPY/mdev_supported_types/mdpy-vga/create "10000000-0000-0000-0000-00000000000$n" > /dev/null
	done
	is "full, max_instances" EUSERS "$(w $MDPY/mdev_supported_types/mdpy-hd/create $U3)"
	is "mdpy's types share a count" "0 0 " \
		"$(available $MDPY/mdev_supported_types/mdpy-hd)$(available $MDPY/mdev_supported_types/mdpy-xga)"
	is "full, duplicate" EEXIST "$(w $MDPY/mdev_supported_types/mdpy-hd/create $U1)"
	stop
}

test_device() {
	start "$hosts/mtty-mdpy.json"
	w $T1/create $U1 > /dev/null
	is "mdev_type" ../mdev_supported_types/mtty-1 "$(readlink $D/mdev_type)"
	is "link below the type" ../../../$U1 "$(readlink $T1/devices/$U1)"
	is "link on the bus" ../../../$D "$(readlink bus/mdev/devices/$U1)"
	is "driver" ../../../../../bus/mdev/drivers/mtty "$(readlink $D/driver)"
	is "subsystem" ../../../../../bus/mdev "$(readlink $D/subsystem)"
	is "attribute with the UUID" "This is MDEV $U1" "$(cat $D/vendor/sample_mdev_dev)"
	is "all of it" "driver iommu_group mdev_type power remove subsystem uevent vendor vfio-dev" \
		"$(find $D -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | xargs)"
	is "remove is 0200" 200 "$(stat -c %a $D/remove)"
	is "iommu group" "$U1" "$(ls $D/iommu_group/devices)"
	is "vfio node" "600 regular file" "$(stat -c '%a %F' fake/dev/vfio/"$(group $U1)")"
	is "a plain attribute takes what is written" "5 auto on" \
		"$(w $D/power/control 'on\0xx') auto $(cat $D/power/control)"
	stop
}

group() { basename "$(readlink "bus/mdev/devices/$1/iommu_group")"; }

test_remove() {
	local v fd
	start "$hosts/mtty-mdpy.json"
	for v in 1 '1\n' 2 0x1 0X1F 01 +1 '1\0' 18446744073709551615; do
		w $T1/create $U1 > /dev/null
		is "remove, '$v'" "$(printf '%b' "$v" | wc -c)" "$(w $D/remove "$v")"
		is "remove, '$v': gone" "no no 24 " "$(exists $D) $(exists bus/mdev/devices/$U1) $(available $T1)"
	done
	w $T1/create $U1 > /dev/null
	for v in 0 '0\n' +0 0x0; do
		is "remove, '$v'" "$(printf '%b' "$v" | wc -c)" "$(w $D/remove "$v")"
	done
	is "remove, empty" 0 "$(w $D/remove '')"
	for v in '\n' x -1 1x '1 ' ' 1' + 0x 08 18446744073709551616 '1\n\n'; do
		is "remove, '$v'" EINVAL "$(w $D/remove "$v")"
	done
	is "still there" "yes yes yes" "$(exists $D/remove) $(exists $D/mdev_type) $(exists bus/mdev/devices/$U1)"
	exec {fd}> $D/remove
	w $D/remove 1 > /dev/null
	is "already gone: open" ENOENT "$(sys open $D/remove)"
	is "already gone: descriptor from before" ENODEV "$(sys fdwrite $fd 1)"
	exec {fd}>&-
	w $T1/create $U1 > /dev/null
	control "slow write */remove 300" > /dev/null
	w $D/remove 1 > "$tmp/a" &
	w $D/remove 1 > "$tmp/b" &
	wait $! %%
	wait_for "$tmp/a" 1
	is "two removers at once are both told ok" "1 1" "$(cat "$tmp/a") $(cat "$tmp/b")"
	is "two removers: gone" no "$(exists $D)"
	stop
}

test_hold() {
	local n
	start "$hosts/mtty-mdpy.json"
	control "hold create $U1" > /dev/null
	w $T1/create $U1 > "$tmp/a" &
	wait_for fake/held "$U1 create"
	is "half made: remove and bus link are there" "yes yes" "$(exists $D/remove) $(exists bus/mdev/devices/$U1)"
	is "half made: no mdev_type, attributes, links" "no no no no" \
		"$(exists $D/mdev_type) $(exists $D/vendor) $(exists $T1/devices/$U1) $(exists $D/driver)"
	is "half made: instance taken" "23 " "$(available $T1)"
	is "half made: UUID taken" EEXIST "$(w $T2/create $U1)"
	is "half made: 0 to remove does nothing" 1 "$(w $D/remove 0)"
	is "hazard: 1 to remove" EAGAIN "$(w $D/remove 1)"
	is "hazard: remove is gone, the device is not" "no yes" "$(exists $D/remove) $(exists $D)"
	control "release $U1" > /dev/null
	wait_for "$tmp/a" .
	is "hazard: create succeeds" 36 "$(cat "$tmp/a")"
	is "hazard: stuck" "yes no ENOENT EACCES" \
		"$(exists $D/mdev_type) $(exists $D/remove) $(sys open $D/remove) $(sys creat $D/remove)"
	is "hazard: unregistering removes it" "18 no" "$(control 'parent-remove mtty') $(exists $D)"
	control "parent-add mtty" > /dev/null
	is "hazard: and frees it" "24 " "$(available $T1)"

	control "hold create *" > /dev/null
	for n in $U1 $U2; do
		w $T1/create "$n" > "$tmp/$n" &
	done
	wait_for fake/held $U1 && wait_for fake/held $U2
	is "two creates held on one file" 2 "$(grep -c create fake/held)"
	is "an attribute of the type can be read meanwhile" "22 " "$(available $T1)"
	control "release $U2" > /dev/null
	wait_for "$tmp/$U2" 36
	is "one is released, the other is not" "$U1 create" "$(cat fake/held)"
	is "available_instances" "22 " "$(available $T1)"
	control clear > /dev/null
	wait_for "$tmp/$U1" 36
	is "clear lets go" "" "$(cat fake/held)"

	control "hold remove $U1" > /dev/null
	w $D/remove 1 > "$tmp/a" &
	wait_for fake/held "$U1 remove"
	is "half removed" "no no no yes" \
		"$(exists $D/mdev_type) $(exists $T1/devices/$U1) $(exists bus/mdev/devices/$U1) $(exists $D)"
	is "half removed: UUID and instance taken" "EEXIST 22 " "$(w $T1/create $U1) $(available $T1)"
	control "release *" > /dev/null
	wait_for "$tmp/a" 1
	is "then gone" "no 23 " "$(exists $D) $(available $T1)"
	stop
}

test_in_use() {
	local fd node writer
	start "$hosts/mtty-mdpy.json"
	w $T1/create $U1 > /dev/null
	node=fake/dev/vfio/$(group $U1)
	is "probe: open and close" "0 0 0" "$(sys rdwr "$node") $(sys rdwr "$node") $(sys rdwr "$node")"
	exec {fd}<> "$node"
	is "second opener" EBUSY "$(sys rdwr "$node")"
	is "the opener can be found in /proc" "$mnt/$node $(stat -c %i "$node")" \
		"$(readlink /proc/$$/fd/$fd) $(stat -Lc %i /proc/$$/fd/$fd)"
	w $D/remove 1 > "$tmp/a" 2> /dev/null {fd}>&- &
	writer=$!
	wait_for fake/held "$U1 busy"
	is "in use: links are gone, the device is not" "no no no no yes" "$(exists $D/mdev_type) \
$(exists $T1/devices/$U1) $(exists bus/mdev/devices/$U1) $(exists $D/remove) $(exists $D)"
	is "in use: only VFIO's part is left" "iommu_group vfio-dev" "$(find $D -mindepth 1 -maxdepth 1 \
-printf '%f\n' | sort | xargs)"
	is "in use: instance and UUID taken" "23 EEXIST" "$(available $T1)$(w $T1/create $U1)"
	# shellcheck disable=SC2046 # several pids are several words
	kill -KILL $(cat "/proc/$writer/task/$writer/children")
	sleep 0.2
	is "in use: a signal does not end it" "$U1 busy" "$(cat fake/held)"
	exec {fd}>&-
	wait "$writer"
	wait_for fake/log "$U1/remove"
	is "closed: gone, the write succeeded" "no 24 write $D/remove \"1\" = 1" \
		"$(exists $D) $(available $T1)$(tail -n 1 fake/log)"
	is "closed: the node is gone" no "$(exists "$node")"

	w $T1/create $U1 > /dev/null
	exec {fd}<> "fake/dev/vfio/$(group $U1)"
	control "parent-remove mtty" > "$tmp/a" {fd}>&- &
	wait_for fake/held "$U1 busy"
	is "unregistering: the class link went first" "no yes" "$(exists class/mdev_bus/mtty) $(exists $T1/create)"
	is "unregistering: create" ENODEV "$(w $T1/create $U2)"
	exec {fd}>&-
	wait $!
	is "unregistering: done" "18 no" "$(cat "$tmp/a") $(exists $MTTY)"
	stop
}

test_parents() {
	local create avail
	start "$hosts/mtty-mdpy.json"
	exec {create}> $T1/create {avail}< $T1/available_instances
	w $T1/create $U1 > /dev/null
	control "hold create $U2" > /dev/null
	w $T1/create $U2 > "$tmp/a" &
	wait_for fake/held $U2
	control "parent-remove mtty" > "$tmp/b" &
	sleep 0.2
	is "unregistering waits for a create" yes "$(exists class/mdev_bus/mtty)"
	is "meanwhile no other" ENODEV "$(w $T1/create $U3)"
	control clear > /dev/null
	wait $!
	wait_for "$tmp/b" 18
	is "the create had succeeded" 36 "$(cat "$tmp/a")"
	is "all of it is gone" "no no no no no" "$(exists $MTTY) $(exists class/mdev_bus/mtty) $(exists class/mtty) \
$(exists bus/mdev/devices/$U1) $(exists module/mtty)"
	is "descriptors from before" "ENODEV ENODEV" "$(sys fdwrite $create $U3) $(sys fdread $avail)"
	exec {create}>&- {avail}<&-
	is "create where the type is gone" ENOENT "$(w $T1/create $U1)"
	is "unregister twice" ENODEV "$(control 'parent-remove mtty')"
	is "register" 15 "$(control 'parent-add mtty')"
	is "register twice" EEXIST "$(control 'parent-add mtty')"
	is "all instances are free" "24 live" "$(available $T1)$(cat module/mtty/initstate)"
	is "somebody else's device" 59 "$(control "device-add mtty mtty-2 $U1")"
	is "somebody else's device is there" "mtty-2 22 " "$(basename "$(readlink $D/mdev_type)") $(available $T1)"
	is "somebody else removes it" "50 no" "$(control "device-remove $U1") $(exists $D)"
	is "unknown parent, device" "ENOENT ENOENT" "$(control 'parent-add x') $(control "device-remove $U1")"
	stop
	start "$hosts/i915.json"
	is "types without name" no "$(exists devices/pci0000:00/0000:00:02.0/mdev_supported_types/i915-GVTg_V5_4/name)"
	is "description of several lines" 5 \
		"$(wc -l < class/mdev_bus/0000:00:02.0/mdev_supported_types/i915-GVTg_V5_4/description)"
	control "parent-remove 0000:00:02.0" > /dev/null
	is "a PCI device stays" "yes no" \
		"$(exists bus/pci/devices/0000:00:02.0) $(exists bus/pci/devices/0000:00:02.0/mdev_supported_types)"
	stop
}

test_nvidia() {
	local p=devices/pci0000:80/0000:80:02.0/0000:82:00.0/0000:83:08.0/0000:84:00.0/mdev_supported_types vf
	start "$hosts/nvidia-m60.json"
	is "name" "GRID M60-2Q" "$(cat $p/nvidia-18/name)"
	w $p/nvidia-18/create $U1 > /dev/null
	is "one type at a time" "3 0 0 " "$(available $p/nvidia-18)$(available $p/nvidia-11)$(available $p/nvidia-20)"
	is "the other GPU is free" "16 " "$(available class/mdev_bus/0000:85:00.0/mdev_supported_types/nvidia-11)"
	is "another type" ENOSPC "$(w $p/nvidia-20/create $U2)"
	w bus/mdev/devices/$U1/remove 1 > /dev/null
	is "free again" "4 16 2 " "$(available $p/nvidia-18)$(available $p/nvidia-11)$(available $p/nvidia-20)"
	stop
	start "$hosts/nvidia-sriov.json"
	vf=class/mdev_bus/0000:41:00.4
	is "physfn and virtfn" "../0000:41:00.0 ../0000:41:00.4" \
		"$(readlink $vf/physfn) $(readlink $vf/physfn/virtfn0)"
	is "a PF is no parent" "no 8" "$(exists class/mdev_bus/0000:41:00.0) $(find class/mdev_bus -type l | wc -l)"
	is "one instance each" "1 36 ENOSPC" "$(available $vf/mdev_supported_types/nvidia-558)$(
		w $vf/mdev_supported_types/nvidia-558/create $U1) $(w $vf/mdev_supported_types/nvidia-558/create $U2)"
	is "a write is cut to a page" 4096 "$(w $vf/$U1/nvidia/vgpu_params "$(printf 'x%.0s' {1..5000})")"
	is "the GPU is shared" "1 0 " "$(available class/mdev_bus/0000:41:00.5/mdev_supported_types/nvidia-558)$(
		available class/mdev_bus/0000:41:00.5/mdev_supported_types/nvidia-557)"
	stop
}

test_s390() {
	local t=devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough d=devices/vfio_ap/matrix zeros
	start "$hosts/s390-ap.json"
	w $t/create $U1 > /dev/null
	w $t/create $U2 > /dev/null
	is "assign" "1 2 4" \
		"$(w $d/$U1/assign_adapter 5) $(w $d/$U1/assign_domain '4\n') $(w $d/$U1/assign_domain 0xab)"
	is "assigned already" 1 "$(w $d/$U1/assign_adapter 5)"
	is "matrix" "05.0004 05.00ab" "$(xargs < $d/$U1/matrix)"
	is "no number, too large, above maximum" "EINVAL ERANGE ENODEV" "$(w $d/$U1/assign_adapter x) \
$(w $d/$U1/assign_adapter 0x10000000000000000) $(w $d/$U1/assign_domain 255)"
	is "only adapters" "2 05." "$(w $d/$U2/assign_adapter 05) $(cat $d/$U2/matrix)"
	is "somebody else's queue" EADDRINUSE "$(w $d/$U2/assign_domain 4)"
	is "the host's adapter" EADDRNOTAVAIL "$(w $d/$U1/assign_adapter 0)"
	is "the host's queue" "1 EADDRNOTAVAIL 1" \
		"$(w $d/$U2/assign_adapter 6) $(w $d/$U2/assign_domain 1) $(w $d/$U2/unassign_adapter 6)"
	is "control domains" "1 0003" "$(w $d/$U1/assign_control_domain 3) $(cat $d/$U1/control_domains)"
	is "unassign" "1 05.00ab" "$(w $d/$U1/unassign_domain 4) $(cat $d/$U1/matrix)"
	is "now it is free" 1 "$(w $d/$U2/assign_domain 4)"
	zeros=$(printf '0%.0s' {1..64})
	is "ap_config, read" "0x04${zeros:2},0x$(printf '0%.0s' {1..42})1${zeros:43},0x1${zeros:1}" \
		"$(cat $d/$U1/ap_config)"
	is "ap_config, all or nothing" "EADDRINUSE 05.00ab" \
		"$(w $d/$U1/ap_config "0x04,0x08,0x0") $(cat $d/$U1/matrix)"
	is "ap_config, written" "14 05.0005" "$(w $d/$U1/ap_config '0x04,0x04,0x0\n') $(cat $d/$U1/matrix)"
	is "ap_config, bad" "EINVAL EINVAL" "$(w $d/$U1/ap_config 0x04) $(w $d/$U1/ap_config 4,4,4)"
	stop
	start "$hosts/s390-ccw.json"
	t=devices/css0/0.0.0313/mdev_supported_types/vfio_ccw-io
	is "subchannel" "vfio-ccw 36 EUSERS" "$(cat $t/device_api) $(w $t/create $U1) $(w $t/create $U2)"
	stop
}

test_faults() {
	local fd
	start "$hosts/mtty-mdpy.json"
	is "unknown command" "EINVAL EINVAL EINVAL EINVAL" "$(control bogus) $(control 'fail write *') \
$(control 'fail write * EFOO') $(control 'release a b')"
	control 'fail write */mtty-1/create EIO 2 1\n' > /dev/null
	is "fail, COUNT and SKIP" "36 EIO EIO 36" \
		"$(w $T1/create $U1) $(w $T1/create $U2) $(w $T1/create $U2) $(w $T1/create $U2)"
	is "the log" "write $T1/create \"$U1\" = 36|write $T1/create \"$U2\" = -EIO|write $T1/create \"$U2\" = -EIO|\
write $T1/create \"$U2\" = 36|" "$(tr '\n' '|' < fake/log)"
	control clear-log > /dev/null
	w $D/power/control '"\0\n' > /dev/null
	is "the log, escaped" "write $D/power/control \"\\\"\\x00\\n\" = -EINVAL" "$(cat fake/log)"
	control 'fail open */name EMFILE\nfail read */device_api ENXIO\nfail readdir */devices EIO' > /dev/null
	is "fail open, read" "EMFILE ENXIO" "$(sys read $T1/name) $(sys read $T1/device_api)"
	is "fail readdir" 2 "$(ls bus/mdev/devices > /dev/null 2>&1; echo $?)"
	control 'fail readlink */mdev_type ENOENT\nfail lookup */mtty-2 EACCES' > /dev/null
	is "fail readlink, lookup" " EACCES" "$(readlink $D/mdev_type) $(sys read $T2/name)"
	control clear > /dev/null
	is "clear" "Single port serial mtty-1" "$(cat $T1/name) $(basename "$(readlink $D/mdev_type)")"
	control "short */power/control 2" > /dev/null
	is "short write" "2 on" "$(w $D/power/control onward) $(cat $D/power/control)"
	control 'fail write * EIO\nfail open * EIO\nfail read * EIO\nfail lookup * EIO' > /dev/null
	is "control itself cannot fail" 6 "$(control 'clear\n')"
	control 'slow read */name 300' > /dev/null
	is "slow" yes "$(s=$EPOCHREALTIME; cat $T1/name > /dev/null; e=$EPOCHREALTIME
		[[ $((${e/./} - ${s/./})) -ge 300000 ]] && echo yes)"
	control "set $T1/name two  words\\x0a\\x41" > /dev/null
	is "set" 'two  words|A' "$(tr '\n' '|' < $T1/name)"
	control "set $T1/available_instances many" > /dev/null
	is "set of a computed one" many "$(cat $T1/available_instances)"
	exec {fd}< $T1/name
	control "unlink $T1/name" > /dev/null
	is "unlink" "no ENODEV" "$(exists $T1/name) $(sys fdread $fd)"
	exec {fd}<&-
	stop
}

test_host() {
	local d=devices/virtual/x/x1/$U1 t=devices/virtual/x/x1/mdev_supported_types/t
	cat > "$tmp/host.json" << EOF
{
	"parents": [{
		"name": "x{N}", "count": 2, "start": 1, "path": "devices/virtual/x", "subsystem": "class/x",
		"types": [{ "id": "t", "max": 1, "attrs": [{ "name": "a/b/c", "value": "type's" }] }], "units": 9,
		"mdev": {
			"vfio": false,
			"attrs": [
				{ "name": "evil", "link": "../../../../../etc/{uuid}" },
				{ "name": "dir", "dir": true },
				{ "name": "choice", "mode": "0644", "value": ["one", "two"], "accept": "@(yes|no)" },
				{ "name": "broken", "mode": "0600", "read_errno": "ENXIO", "write_errno": "EPERM" }
			]
		}
	}, {
		"name": "late", "path": "devices/virtual/x", "registered": false, "types": [{ "id": "t" }]
	}],
	"files": [{ "path": "class/x/extra", "link": "nowhere" }, { "path": "kernel/note", "value": "text" }]
}
EOF
	start "$tmp/host.json"
	is "parents by count" "extra x1 x2" "$(find class/x -type l -printf '%f\n' | sort | xargs)"
	is "max of a type" "36 ENOSPC" "$(w $t/create $U1) $(w $t/create $U2)"
	is "no VFIO" "no no" "$(exists $d/iommu_group) $(exists fake/dev/vfio/0)"
	is "a link" ../../../../../etc/$U1 "$(readlink $d/evil)"
	is "nested, directory" "type's directory" "$(cat $d/a/b/c) $(stat -c %F $d/dir)"
	is "accepted or not" "one two EINVAL 4 yes" \
		"$(xargs < $d/choice) $(w $d/choice maybe) $(w $d/choice 'yes\n') $(cat $d/choice)"
	is "attributes with errnos" "ENXIO EPERM" "$(sys read $d/broken) $(w $d/broken x)"
	is "registered later" "no 16 1 " "$(exists class/mdev_bus/late) $(control 'parent-add late\n'
		) $(available class/../devices/virtual/x/late/mdev_supported_types/t)"
	is "other files" "text nowhere" "$(cat kernel/note) $(readlink class/x/extra)"
	stop
}

test_many() {
	local n jobs=()
	start "$hosts/s390-ap.json"
	control "hold create *" > /dev/null
	for n in $(seq 64); do
		printf '%08d-0000-0000-0000-000000000000' "$n" \
			> devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/create &
		jobs+=($!)
	done
	for n in $(seq 500); do
		[[ $(wc -l < fake/held) -eq 64 ]] && break
		sleep 0.02
	done
	is "64 creates held" 64 "$(wc -l < fake/held)"
	is "control gets through" 10 "$(control 'release *\n')"
	wait "${jobs[@]}"
	is "none is held any more" "" "$(cat fake/held)"
	is "all were made" 64 "$(find devices/vfio_ap/matrix/ -name mdev_type | wc -l)"
	stop
	start "$hosts/mtty-mdpy.json"
	control "hold create *" > /dev/null
	w $T1/create $U1 > "$tmp/a" &
	wait_for fake/held $U1
	stop
	wait
}

test_program() {
	local out status
	cd "$tmp" || exit 1
	out=$("$bin" "$hosts/several-cards.json" "$mnt" 2>&1)
	is "daemon: returns, holds no pipe, is usable at once" "0  4" \
		"$? $out $(find "$mnt/bus/mdev/devices/" -type l | wc -l)"
	umount "$mnt"
	exec 9> lock
	flock 9
	"$bin" "$hosts/empty.json" "$mnt"
	exec 9>&-
	is "daemon: keeps no lock" 0 "$(flock -n lock true; echo $?)"
	umount "$mnt"
	printf '{\n"parents": [\n{ "name": "x", "path": "p",\n"typos": 1 }]}' > bad.json
	out=$("$bin" bad.json "$mnt" 2>&1)
	status=$?
	is "bad host file" "1 fake-sysfs: bad.json:4: parents[0].typos: unknown key" "$status ${out%%;*}"
	printf '{\n"parents": [\n{]' > bad.json
	is "bad JSON" "fake-sysfs: bad.json:3:" "$("$bin" bad.json "$mnt" 2>&1 | cut -d' ' -f 1,2)"
	# Not in a chroot.
	unshare -Ur true 2>/dev/null || return
	# shellcheck disable=SC2016
	out=$(unshare -Urm bash -c '"$1" "$2" "$3" && cat "$3/class/mdev_bus/mtty/mdev_supported_types/mtty-1/name"
		umount "$3"' -- "$bin" "$hosts/mtty-mdpy.json" "$mnt" 2>&1)
	is "in a user namespace" "Single port serial" "$out"
}

# shellcheck source=tests/fake-sysfs/selftest-sriov.sh
. "${hosts%/*}/selftest-sriov.sh"

for t in tree create device remove hold in_use parents nvidia s390 faults host many program "${sriov_tests[@]}"; do
	"test_$t"
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
