# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What libvirt needs of mdevctl.  Each check has a libvirtd of its own, that
# begins with an empty /etc/mdevctl.d; after each one no refresh of libvirtd's
# may have failed.  Calls are compared as record.sh writes them.
# shellcheck disable=SC2154 # $message and $definitions come from steps.sh

P=$(parents | sed -n 1p)
Q=$(parents | sed -n 2p)
Q=${Q:-$P}
one=$(id 1) two=$(id 2)
M=$(mdev_node "$one" "$P")
M2=$(mdev_node "$two" "$P")
plain='{"mdev_type":"t-1","start":"manual"}'
with_attrs='{"mdev_type":"t-2","start":"auto","attrs":[{"b":"1"},{"a":"2"}]}'

written() { cat "$definitions/$P/$1"; }

starts_with_nothing() {
	called ''
	equals 'refreshes' 1 "$(refreshes)"
	equals "libvirt's devices" '' "$(virsh nodedev-list --cap mdev)$(inactive)"
}

starts_without_directory() {
	stop_libvirtd
	rm -r "${definitions:?}"
	start_libvirtd
	virsh_define "$P" t-1 "$(uuid_xml "$one")"
	equals "libvirt's inactive devices" "$M" "$(inactive)"
}

defines_with_uuid() {
	virsh_define "$P" t-1 "$(uuid_xml "$one")"
	called "0 define --parent=$P --jsonfile=/dev/stdin --uuid=$one <pipe:'$plain'"
	equals 'the file' $'{\n  "mdev_type": "t-1",\n  "start": "manual",\n  "attrs": []\n}' "$(written "$one")"
	equals "libvirt's inactive devices" "$M" "$(inactive)"
	equals "libvirt's active devices" '' "$(virsh nodedev-list --cap mdev)"
}

defines_without_uuid() {
	local uuid told
	told=$(inside virsh -c nodedev:///system nodedev-define "$(xml "$P" t-1)")
	called "0 define --parent=$P --jsonfile=/dev/stdin <pipe:'$plain'"
	uuid=$(ls "$definitions/$P")
	[[ $uuid =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]]
	contains "$told" "Node device '$(mdev_node "$uuid" "$P")' defined"
	equals "libvirt's inactive devices" "$(mdev_node "$uuid" "$P")" "$(inactive)"
	settle
	equals "... after a refresh" "$(mdev_node "$uuid" "$P")" "$(inactive)"
}

defines_uppercase() {
	virsh_define "$P" t-1 "$(uuid_xml ABCDEF00-0000-4000-8000-00000000000F)"
	equals 'the file' abcdef00-0000-4000-8000-00000000000f "$(ls "$definitions/$P")"
	settle
	equals "libvirt's inactive devices" "$(mdev_node abcdef00-0000-4000-8000-00000000000f "$P")" "$(inactive)"
}

# Of a list with a character that is not ASCII libvirt 11.3 takes nothing ("invalid utf-8 string").
e=é
is_libvirt_9 || e=e
attributes="<attr name='b' value='1'/><attr name='a' value='it&apos;s &lt;&quot;$e&quot;&gt; \\'/><attr name='b' value='1'/>"

defines_attributes() {
	local shown
	virsh_define "$P" t-1 "$(uuid_xml "$one")$attributes"
	called "0 define --parent=$P --jsonfile=/dev/stdin --uuid=$one <pipe:$(
	)'{\"mdev_type\":\"t-1\",\"start\":\"manual\",\"attrs\":[{\"b\":\"1\"},{\"a\":\"it'\\''s <\\\"$e\\\"> \\\\\"},{\"b\":\"1\"}]}'"
	settle
	# libvirt 9.0.0 forgets to escape them.
	shown=$(shown_attributes "$M" | sed "s/&apos;/'/g; s/&quot;/\"/g; s/&lt;/</g; s/&gt;/>/g")
	equals 'attributes as libvirt knows them' \
		"<attr name='b' value='1'/><attr name='a' value='it's <\"$e\"> \\'/><attr name='b' value='1'/>" "$shown"
}

same_xml() {
	local before
	virsh_define "$P" t-1 "$(uuid_xml "$one")$attributes"
	before=$(virsh nodedev-dumpxml "$M")
	contains "$before" "<parent>$(node "$P")</parent>"
	contains "$before" "<parent_addr>$P</parent_addr>"
	settle
	equals 'XML after a refresh' "$before" "$(virsh nodedev-dumpxml "$M")"
	stop_libvirtd
	start_libvirtd
	until_knows "$M"
	equals 'XML after a restart' "$before" "$(virsh nodedev-dumpxml "$M")"
}

refused_twice() {
	local before
	define_file "$P" "$one" "$with_attrs"
	before=$(written "$one")
	until_knows "$M"
	fails virsh_define "$P" t-1 "$(uuid_xml "$one")"
	contains "$message" "Unable to define mediated device: $(piped "$plain" mdevctl define --parent="$P" --jsonfile=/dev/stdin --uuid="$one" 2>&1 || true)"
	contains "$message" 'already defined'
	called "1 define --parent=$P --jsonfile=/dev/stdin --uuid=$one <pipe:'$plain'"
	equals 'the file' "$before" "$(written "$one")"
}

# From libvirt 11 it is an update.
defines_again() {
	define_file "$P" "$one" "$with_attrs"
	until_knows "$M"
	virsh_define "$P" t-2 "$(uuid_xml "$one")<attr name='c' value='3'/>"
	called "0 modify --defined --live --jsonfile b --help <null
0 modify --parent=$P --jsonfile=/dev/stdin --uuid=$one --defined <pipe:'{\"mdev_type\":\"t-2\",\"start\":\"manual\",\"attrs\":[{\"c\":\"3\"}]}'"
	equals 'the file' '{"mdev_type":"t-2","start":"manual","attrs":[{"c":"3"}]}' "$(written "$one" | tr -d ' \n')"
}

vm12=$(uuidgen --sha1 --namespace @url --name mdev:vm12)
N=$(mdev_node "$vm12" "$P")

has_name() { # the definition with its type and the rest
	equals 'the definition' "$1,\"name\":\"vm12\"}" "$(written "$vm12" | tr -d ' \n')"
}

name_stays() {
	equals 'the UUID' "$vm12" "$(mdevctl define --name vm12 -p "$P" -t t-1)"
	until_knows "$N"
	virsh nodedev-autostart "$N"
	until_ok has_info "$N" Autostart yes
	has_name '{"mdev_type":"t-1","start":"auto","attrs":[]'
	virsh nodedev-autostart --disable "$N"
	until_ok has_info "$N" Autostart no
	has_name '{"mdev_type":"t-1","start":"manual","attrs":[]'
	if is_libvirt_9; then
		fails virsh_define "$P" t-1 "$(uuid_xml "$vm12")"
		# What later versions do then.
		piped "$with_attrs" mdevctl modify --parent="$P" --jsonfile=/dev/stdin --uuid="$vm12" --defined
		has_name '{"mdev_type":"t-2","start":"auto","attrs":[{"b":"1"},{"a":"2"}]'
	else
		virsh_define "$P" t-1 "$(uuid_xml "$vm12")<attr name='c' value='3'/>"
		has_name '{"mdev_type":"t-1","start":"manual","attrs":[{"c":"3"}]'
		virsh nodedev-dumpxml "$N" | sed "s/value='3'/value='4'/" >"$test_dir/update.xml"
		virsh nodedev-update "$N" /test/update.xml --config
		has_name '{"mdev_type":"t-1","start":"manual","attrs":[{"c":"4"}]'
	fi
	settle
	until_knows "$N"
	mdevctl list -d --name vm12 -v | grep -qx '  Name: vm12'
	virsh nodedev-undefine "$N"
	equals 'the files' '' "$(ls "$definitions/$P")"
}

# Neither libvirt nor its watch on the directory sees any of it.
pools_are_none_of_its() {
	echo '{"types": ["t-1"]}' >"$test_dir/pool.json"
	mdevctl define-pool small --jsonfile /test/pool.json
	define_file "$P" "$one" "$plain"
	until_knows "$M"
	settle
	equals "libvirt's inactive devices" "$M" "$(inactive)"
}

autostart_on() {
	define_file "$P" "$one" '{"mdev_type":"t-1","start":"manual","attrs":[{"a":"1"}],"extra":[1]}'
	until_knows "$M"
	equals 'autostart before' no "$(info "$M" Autostart)"
	virsh nodedev-autostart "$M"
	called "0 modify --uuid $one --auto <null"
	until_ok has_info "$M" Autostart yes
	equals 'the file' '{"mdev_type":"t-1","start":"auto","attrs":[{"a":"1"}],"extra":[1]}' \
		"$(written "$one" | tr -d ' \n')"
}

autostart_off() {
	define_file "$P" "$one" "$with_attrs"
	until_knows "$M"
	until_ok has_info "$M" Autostart yes
	virsh nodedev-autostart --disable "$M"
	called "0 modify --uuid $one --manual <null"
	until_ok has_info "$M" Autostart no
	contains "$(written "$one")" '"start": "manual"'
}

autostart_again() {
	define_file "$P" "$one" "$with_attrs"
	until_knows "$M"
	until_ok has_info "$M" Autostart yes
	virsh nodedev-autostart "$M"
	called ''
	equals 'autostart' yes "$(info "$M" Autostart)"
}

undefines() {
	define_file "$P" "$one" "$plain"
	define_file "$P" "$two" "$plain"
	until_knows "$M"$'\n'"$M2"
	virsh nodedev-undefine "$M"
	called "0 undefine --uuid=$one <null"
	equals 'the files' "$two" "$(ls "$definitions/$P")"
	until_knows "$M2"
}

undefine_fails() {
	define_file "$P" "$one" "$plain"
	until_knows "$M"
	# A refresh that is still to come would find it gone.
	settle
	stop_watching_by_moving
	fails virsh nodedev-undefine "$M"
	contains "$message" "Unable to undefine mediated device: $(mdevctl undefine --uuid="$one" 2>&1 || true)"
	contains "$message" 'it is not defined'
	called "1 undefine --uuid=$one <null"
}

# The definition goes and libvirt has not noticed: its watch is on the directory that was there when it started.
stop_watching_by_moving() {
	local etc=$root/etc
	mkdir "$etc/empty"
	mount --bind "$etc/empty" "$definitions"
	trap 'umount "$definitions"; rmdir "$root/etc/empty"; stop_libvirtd' EXIT
}

start_fails() {
	define_file "$P" "$one" "$plain"
	until_knows "$M"
	fails virsh nodedev-start "$M"
	contains "$message" "Unable to create mediated device: $(mdevctl start --uuid="$one" 2>&1 || true)"
	contains "$message" "mdevctl: cannot start $one"
	called "1 start --uuid=$one <null"
}

create_fails() {
	fails virsh nodedev-create "$(xml "$P" t-1 "$(uuid_xml "$one")<attr name='a' value='1'/>")"
	contains "$message" "Unable to start mediated device: mdevctl: cannot start"
	fails virsh nodedev-create "$(xml "$P" t-1)"
	called "1 start --parent=$P --jsonfile=/dev/stdin --uuid=$one <pipe:'{\"mdev_type\":\"t-1\",\"start\":\"manual\",\"attrs\":[{\"a\":\"1\"}]}'
1 start --parent=$P --jsonfile=/dev/stdin <pipe:'$plain'"
}

sees_shell_define() {
	mdevctl define --uuid "$one" --parent "$P" --type t-1 --auto
	until_knows "$M"
	equals 'autostart' yes "$(info "$M" Autostart)"
	equals 'persistent' yes "$(info "$M" Persistent)"
	mdevctl define --uuid "$two" --parent "$Q" --type t-1
	until_knows "$(printf '%s\n' "$M" "$(mdev_node "$two" "$Q")" | sort)"
}

sees_shell_modify() {
	mdevctl define --uuid "$one" --parent "$P" --type t-1
	until_knows "$M"
	mdevctl modify --uuid "$one" --type t-9
	until_ok shows "$M" "<type id='t-9'/>"
	mdevctl modify --uuid "$one" --addattr a --value 7
	until_ok shows "$M" "<attr name='a' value='7'/>"
	mdevctl modify --uuid "$one" --auto
	until_ok has_info "$M" Autostart yes
}

sees_shell_undefine() {
	mdevctl define --uuid "$one" --parent "$P" --type t-1
	mdevctl define --uuid "$two" --parent "$P" --type t-1
	until_knows "$M"$'\n'"$M2"
	mdevctl undefine --uuid "$one"
	until_knows "$M2"
	mdevctl undefine --uuid "$two"
	until_knows ''
}

same_uuid_twice() {
	[[ $P != "$Q" ]] || return 0
	define_file "$P" "$one" "$plain"
	define_file "$Q" "$one" "$with_attrs"
	until_knows "$(printf '%s\n' "$M" "$(mdev_node "$one" "$Q")" | sort)"
	shows "$M" "<type id='t-1'/>"
	shows "$(mdev_node "$one" "$Q")" "<type id='t-2'/>"
	fails virsh nodedev-autostart "$M"
	contains "$message" "$(mdevctl modify --uuid "$one" --auto 2>&1 || true)"
}

many() {
	local i expected
	stop_libvirtd
	for ((i = 1; i <= 200; i++)); do
		define_file "$P" "$(id "$i")" "{\"mdev_type\":\"t-$i\",\"start\":\"manual\",\"attrs\":[{\"n\":\"$i\"}]}"
	done
	start_libvirtd
	expected=$(for ((i = 1; i <= 200; i++)); do mdev_node "$(id "$i")" "$P"; done | sort)
	equals "libvirt's inactive devices" "$expected" "$(inactive)"
	shows "$(mdev_node "$(id 137)" "$P")" "<attr name='n' value='137'/>"
	rm "$definitions/$P/$(id 137)"
	until_knows "$(grep -vxF "$(mdev_node "$(id 137)" "$P")" <<<"$expected")"
}

broken_files() {
	define_file "$P" "$two" '{"mdev_type":'
	define_file "$P" "$(id 3)" ''
	define_file "$P" "$(id 4)" '{"mdev_type":"t","start":"manual","attrs":[{"a":"1","b":"2"}]}'
	define_file "$P" README 'not a definition'
	mkdir "$definitions/$P/$(id 5)"
	define_file "$P" "$one" "$plain"
	until_knows "$M"
	stop_libvirtd
	start_libvirtd
	equals "libvirt's inactive devices after a restart" "$M" "$(inactive)"
	define_file "$P" "$two" "$plain"
	until_knows "$M"$'\n'"$M2"
}

# The calls of newer libvirt, as libvirt makes them.

list_active() {
	local out
	out=$(mdevctl list --dumpjson </dev/null 2>"$test_dir/err")
	equals 'stdout' '[]' "$out"
	equals 'stderr' '' "$(cat "$test_dir/err")"
}

probe() {
	local out
	out=$(mdevctl modify --defined --live --jsonfile b --help </dev/null 2>"$test_dir/err")
	contains "$out" --live
	equals 'stderr' '' "$(cat "$test_dir/err")"
}

replaces() { # further options
	define_file "$P" "$one" "$plain"
	until_knows "$M"
	equals 'output' '' "$(piped "$with_attrs" mdevctl modify --parent="$P" --jsonfile=/dev/stdin --uuid="$one" "$@" 2>&1)"
	until_ok shows "$M" "<type id='t-2'/>"
	equals 'attributes' "<attr name='b' value='1'/><attr name='a' value='2'/>" \
		"$(shown_attributes "$M")"
	equals 'autostart' yes "$(info "$M" Autostart)"
}

replaces_plainly() { replaces; }
replaces_defined() { replaces --defined; }

live_fails() { # further options
	local before
	define_file "$P" "$one" "$plain"
	before=$(written "$one")
	fails piped "$with_attrs" mdevctl modify --parent="$P" --jsonfile=/dev/stdin --uuid="$one" "$@"
	equals 'message' "mdevctl: cannot modify $one while it runs: it is not active; leave --live out to change its definition" "$message"
	equals 'the file' "$before" "$(written "$one")"
}

live_alone() { live_fails --live; }
live_and_defined() { live_fails --defined --live; }

stop_fails() {
	define_file "$P" "$one" "$plain"
	fails mdevctl stop --uuid="$one"
	contains "$message" "mdevctl: cannot stop $one"
	equals 'the file' "$plain" "$(written "$one")"
}

# What it costs.  Kernel's events, as somebody sees them who watches as libvirt does, without those of reading.

watch() {
	: >"$test_dir/events"
	daemon=$child
	background inotifywait -q -m -r -e create,modify,attrib,close_write,move,delete --format '%e %f' \
		/etc/mdevctl.d >>"$test_dir/events" 2>/dev/null
	watcher=$child child=$daemon
	trap 'kill "$watcher"; stop_libvirtd' EXIT
	until_ok marked
}

# A file made now is seen by the watcher.
marked() {
	local mark=.mark.$RANDOM$RANDOM
	: >"$definitions/$mark"
	sleep 0.02
	grep -qF "CLOSE_WRITE,CLOSE $mark" "$test_dir/events"
}

# Events since the last time.
events() {
	local mark=.end.$RANDOM$RANDOM
	: >"$definitions/$mark"
	until_ok grep -qF "CLOSE_WRITE,CLOSE $mark" "$test_dir/events"
	grep -v -e ' \.mark\.' -e ' \.end\.' "$test_dir/events" || true
	: >"$test_dir/events"
}

events_of() { # what, expected, command...
	local what=$1 expected=$2
	shift 2
	events >/dev/null
	"$@" >/dev/null 2>&1 || true
	equals "events of $what" "$expected" "$(events | sed "s/$one/UUID/")"
}

no_more_events() {
	local replaced
	replaced='CREATE .mdevctl.tmp
ATTRIB .mdevctl.tmp
MODIFY .mdevctl.tmp
CLOSE_WRITE,CLOSE .mdevctl.tmp
MOVED_FROM .mdevctl.tmp
MOVED_TO UUID'
	mkdir "$definitions/$P"
	watch
	events_of define "$replaced" mdevctl define --uuid "$one" --parent "$P" --type t-1
	events_of modify "$replaced" mdevctl modify --uuid "$one" --auto
	events_of undefine 'DELETE UUID' mdevctl undefine --uuid "$one"
}

no_events() {
	mkdir "$definitions/$P"
	mdevctl define --uuid "$one" --parent "$P" --type t-1 --auto
	watch
	events_of list '' mdevctl list --defined --dumpjson
	events_of 'a modify that changes nothing' '' mdevctl modify --uuid "$one" --auto
	events_of 'a define of what is defined' '' mdevctl define --uuid "$one" --parent "$P" --type t-1
	events_of 'an undefine of what is not' '' mdevctl undefine --uuid "$two"
	events_of 'a broken jsonfile' '' mdevctl modify --uuid "$one" --parent "$P" --jsonfile /dev/null
}

# Refreshes that a command costs, at least and at most.  The file that settle writes has one of its own.
costs() { # least, most, what, command...
	local least=$1 most=$2 what=$3 before cost
	shift 3
	settle
	before=$(refreshes)
	"$@" >/dev/null 2>&1 || true
	until_ok has_refreshed $((before + least))
	settle
	cost=$(($(refreshes) - before - 1))
	((cost >= least && cost <= most)) && return
	echo "$what cost $cost refreshes, not $least to $most"
	return 1
}
has_refreshed() { (($(refreshes) >= $1)); }

few_refreshes() {
	stop_libvirtd
	define_file "$P" "$two" "$plain"
	start_libvirtd
	costs 1 3 'define' mdevctl define --uuid "$one" --parent "$P" --type t-1
	costs 1 3 'modify' mdevctl modify --uuid "$one" --auto
	costs 1 1 'undefine' mdevctl undefine --uuid "$one"
}

no_refreshes() {
	stop_libvirtd
	mdevctl define --uuid "$one" --parent "$P" --type t-1 --auto
	start_libvirtd
	costs 0 0 'list' mdevctl list --defined
	costs 0 0 'types' mdevctl types
	costs 0 0 'a modify that changes nothing' mdevctl modify --uuid "$one" --auto
	costs 0 0 'a define that is refused' mdevctl define --uuid "$one" --parent "$P" --type t-1
	costs 0 0 'virsh nodedev-dumpxml' virsh nodedev-dumpxml "$M"
}

check 'libvirtd starts with one refresh, and an empty directory is no error' starts_with_nothing
check 'libvirtd starts without the directory, and nodedev-define makes it' starts_without_directory
check 'nodedev-define with a UUID: one define, by pipe, and the device is inactive' defines_with_uuid
check 'nodedev-define without a UUID: libvirt takes the UUID that was printed' defines_without_uuid
check 'nodedev-define with a UUID in upper case: stored and listed in lower case' defines_uppercase
check 'nodedev-define with attributes: order, repetition and awkward values survive the round trip' defines_attributes
check 'nodedev-dumpxml is the same before and after a refresh, and after a restart' same_xml
if is_libvirt_9; then
	check 'nodedev-define of what is defined: refused, our words in virsh, file untouched' refused_twice
else
	check 'nodedev-define of what is defined: modify --defined replaces the definition' defines_again
fi
check 'a definition keeps its name: defined again, modified, updated, autostarted' name_stays
check 'pools: libvirt takes them for nothing' pools_are_none_of_its
check 'nodedev-autostart: modify --auto, libvirt sees it, attributes and unknown keys are kept' autostart_on
check 'nodedev-autostart --disable: modify --manual, libvirt sees it' autostart_off
check 'nodedev-autostart of what our list calls auto: libvirt has nothing to ask' autostart_again
check 'nodedev-undefine: one undefine, and only that device goes' undefines
check 'nodedev-undefine of what has gone unnoticed: our words in virsh' undefine_fails
check 'nodedev-start without a driver: start --uuid, our words in virsh' start_fails
check 'nodedev-create without a driver: start --parent --jsonfile, with and without a UUID' create_fails
check "define from the shell: libvirt sees it, on new parents too" sees_shell_define
check 'modify from the shell: libvirt sees type, attribute and autostart' sees_shell_modify
check 'undefine from the shell: libvirt sees it' sees_shell_undefine
check 'one UUID on two parents: libvirt has both, and is told what is ambiguous' same_uuid_twice
check '200 definitions: libvirt has each, and sees one go' many
check 'broken files, a directory and a README hide nothing, and no refresh fails' broken_files
check '11.x, refresh: list --dumpjson without active devices prints []' list_active
check '11.x, before modify: the probe for --live exits 0' probe
check 'modify --parent --jsonfile=/dev/stdin --uuid: replaces the definition' replaces_plainly
check '11.x, nodedev-update --config: the same with --defined' replaces_defined
check '11.x, nodedev-update --live of an inactive device: refused, definition untouched' live_alone
check '11.x, nodedev-update --live --config: refused as well, definition untouched' live_and_defined
check 'stop --uuid of an inactive device: refused, definition untouched' stop_fails
check 'file events: define and modify cost a temporary file and a rename, undefine one' no_more_events
check 'file events: none where nothing changes' no_events
check 'refreshes: define and modify at most 3, undefine 1' few_refreshes
check 'refreshes: none where nothing changes' no_refreshes
