# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Words for the checks: a libvirtd of its own for each check, virsh, the shell
# user's mdevctl, which is not recorded, and what the recorder has seen.
# shellcheck disable=SC2034,SC2154 # $message is for checks.sh, $root comes from run.sh

definitions=$root/etc/mdevctl.d
test_dir=$root/test
child=

is_libvirt_9() { [[ $LIBVIRT_VERSION == 9.* ]]; }

inside() { PATH=/test/bin:/usr/sbin:/usr/bin LC_ALL=C chroot "$root" "$@"; }

# The same beside this script; its process is $child, with no shell between.
background() {
	(PATH=/test/bin:/usr/sbin:/usr/bin LC_ALL=C exec chroot "$root" "$@") &
	child=$!
}

# libvirt's client, and a user's mdevctl.
virsh() { inside virsh -q -c nodedev:///system "$@"; }
mdevctl() { inside /test/real/mdevctl "$@"; }

# Waits until the command succeeds, 20 s at most.
until_ok() {
	local deadline=$((SECONDS + 20))
	while ((SECONDS < deadline)); do
		if "$@" >/dev/null 2>&1; then return; fi
		sleep 0.05
	done
	echo "still failing after 20 s: $*" >&2
	return 1
}

start_libvirtd() {
	: >"$test_dir/begun"
	: >"$test_dir/calls"
	LIBVIRT_DRIVER_DIR=/test/drivers LIBVIRT_LOG_OUTPUTS=3:file:/test/log \
		background libvirtd >"$test_dir/daemon.out" 2>&1
	until_ok virsh nodedev-list
	until_ok has_begun 1
	until_idle
}

stop_libvirtd() {
	local daemon=$child
	[[ $daemon ]] || return 0
	# A list that nobody reads any more would have failed.
	until_idle
	# From 11 it mostly waits for 30 s before it obeys.
	if is_libvirt_9; then kill "$daemon"; else kill -KILL "$daemon"; fi 2>/dev/null || true
	wait "$daemon" 2>/dev/null || true
	child=
}

lines() { wc -l <"$1"; }

has_begun() { (($(lines "$test_dir/begun") >= $1)); }
all_ended() { (($(lines "$test_dir/begun") == $(lines "$test_dir/calls"))); }
until_idle() { until_ok all_ended; }

# A fresh host and daemon, the check in a subshell, its result.
check() { # title, function
	local title=$1 status output=$test_dir/output
	# shellcheck disable=SC2053 # it is a pattern
	[[ $title == $pattern ]] || return 0
	rm -rf "${definitions:?}"/* "$definitions"/.[!.]* "$test_dir"/{log,stdin.*}
	mkdir -p "$definitions"
	set +e
	(
		set -e
		trap stop_libvirtd EXIT
		start_libvirtd
		"$2"
		refreshes_succeeded
	) >"$output" 2>&1
	status=$?
	set -e
	report "$status" "$title" "$output" "$test_dir/calls"
}

# The same for what virsh does without a daemon.
check_alone() { # title, function
	local title=$1 status output=$test_dir/output
	# shellcheck disable=SC2053 # it is a pattern
	[[ $title == $pattern ]] || return 0
	set +e
	(set -e; "$2") >"$output" 2>&1
	status=$?
	set -e
	report "$status" "$title" "$output"
}

equals() { # what, expected, actual
	[[ $2 == "$3" ]] && return
	printf '%s:\n' "$1"
	diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") || true
	return 1
}

contains() { # text, part
	[[ $1 == *"$2"* ]] && return
	printf '%s\n' "expected: $2" "in: $1"
	return 1
}

# The command fails; what it says on stderr is in $message.
fails() {
	local status=0
	message=$("$@" 2>&1 >/dev/null) || status=$?
	((status != 0)) && return
	echo "should have failed: $*"
	return 1
}

# Calls but for refreshes, as record.sh writes them.
calls() {
	until_idle
	grep -v ' list --dumpjson' "$test_dir/calls" || true
}

called() { # expected lines
	equals 'calls of mdevctl' "$1" "$(calls)"
}

refreshes() {
	grep -c ' list --dumpjson --defined <null$' "$test_dir/calls" || true
}

# libvirt's lists never failed, and were nothing but the expected calls: from 11
# it asks for what runs, too.
refreshes_succeeded() {
	local expected='0 list --dumpjson --defined <null'
	until_idle
	(($(refreshes) > 0))
	is_libvirt_9 || expected+=$'\n0 list --dumpjson <null'
	equals 'refreshes' "$expected" "$(grep ' list ' "$test_dir/calls" | LC_ALL=C sort -u)"
}

# Has libvirtd see all that was changed so far: files are reported in order, so
# when a file written now has caused a refresh, every earlier one has.
settle() {
	local before
	before=$(lines "$test_dir/begun")
	: >"$definitions/.settle.$before.$RANDOM"
	until_ok has_begun $((before + 1))
	until_idle
}

id() { printf '00000000-0000-4000-8000-%012d' "$1"; }
parents() { ls "$root/sys/bus/pci/devices"; }

# The names that libvirt gives to a PCI device and to a definition.
node() { local name=${1//[:.]/_}; echo "pci_$name"; }
mdev_node() { local name=mdev_$1_$2; echo "${name//[-:.]/_}"; }

# A device as XML: parent, type, further elements.
xml() {
	cat >"$test_dir/device.xml" <<-END
	<device><parent>$(node "$1")</parent><capability type='mdev'><type id='$2'/>${3-}</capability></device>
	END
	echo /test/device.xml
}

uuid_xml() { echo "<uuid>$1</uuid>"; }

virsh_define() { virsh nodedev-define "$(xml "$@")"; }

# Sorted names of what libvirt knows to be defined and not active.
inactive() { virsh nodedev-list --cap mdev --inactive | sed '/^$/d' | sort; }
knows() { [[ $(inactive) == "$1" ]]; }
until_knows() {
	until_ok knows "$1" || equals "libvirt's inactive devices" "$1" "$(inactive)"
}

shows() { [[ $(virsh nodedev-dumpxml "$1") == *"$2"* ]]; }
shown_attributes() { virsh nodedev-dumpxml "$1" | sed -n 's/^ *\(<attr .*\)/\1/p' | tr -d '\n'; }

info() { virsh nodedev-info "$1" | sed -n "s/^$2: *//p"; }
has_info() { [[ $(info "$1" "$2") == "$3" ]]; }

# A definition as a user would have left it.
define_file() { # parent uuid text
	mkdir -p "$definitions/$1"
	printf '%s' "$3" >"$definitions/$1/$2"
}

# What libvirt sends, through a pipe and without a newline.
piped() { # text, command...
	local text=$1
	shift
	printf %s "$text" | "$@"
}
