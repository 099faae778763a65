# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The scenarios: what is there before, which command runs, and what may be
# there afterwards.  The current directory has `root`; nothing here forks
# where a built-in does, as it runs thousands of times.
#
# A scenario sets
#	command    the arguments of mdevctl
#	kind       define, modify, undefine, start, stop: a change, all or nothing
#	           apply: the same, but one that is killed may have done some of it
#	           never: it must not happen, whatever fails; status 1
#	           read: it prints, and changes nothing
#	host       a simulated host, if it needs one
#	steps      a change may stop after some of several devices or definitions
# and has a function before_NAME, or uses before_common.
# shellcheck disable=SC2034 # scenario.sh uses them

a=11111111-1111-4111-8111-111111111111
b=22222222-2222-4222-8222-222222222222
# vf:0000:3b:00.1:vfio-pci
function=5839c7fc-fcb6-5742-bf4c-d76492df2735
# Somebody else's, which nothing may touch; it sorts first.
bystander=00000000-0000-4000-8000-000000000000

scenarios=(
	define-first define define-json define-generated define-running define-scripts
	define-existing define-vetoed define-unprintable
	define-named define-pool define-pinned start-named start-pool start-like
	modify modify-json modify-unchanged modify-scripts modify-vetoed modify-without-openat2
	undefine undefine-several undefine-broken undefine-scripts undefine-vetoed
	start start-generated start-transient start-scripts start-without-openat2
	start-refused start-vetoed start-unprintable autostart autostart-scripts
	stop stop-scripts stop-vetoed
	functions-enable functions-start functions-stop
	apply-first apply-prune apply-restart apply-pool
	list-defined list-defined-json list-defined-one list-running list-running-json types types-json
)

config=root/etc/mdevctl.d
json='{"mdev_type": "example-1", "start": "manual", "attrs": [{"vendor/speed": "3"}, {"vendor/speed": "5"}], "other": [1]}'

put_definition() { # PARENT UUID JSON
	[[ -d $config/$1 ]] || mkdir -p "$config/$1"
	printf '%s\n' "$3" >"$config/$1/$2"
}

put_script() { # DIRECTORY BODY
	mkdir -p "root/usr/lib/mdevctl/scripts.d/$1"
	printf '#!/bin/sh\n%s\n' "$2" >"root/usr/lib/mdevctl/scripts.d/$1/script"
	chmod 755 "root/usr/lib/mdevctl/scripts.d/$1/script"
}

device() { # UUID
	printf 'device-add example example-1 %s\n' "$1" >root/sys/fake/control
}

speed() { # UUID VALUE
	printf '%s' "$2" >"root/sys/bus/mdev/devices/$1/vendor/speed"
}

before_common() {
	put_definition example $bystander "$json"
	case $scenario in
	modify* | undefine* | *-existing) put_definition example $a "$json" ;;
	start-vetoed | start | start-scripts | start-without-openat2 | stop*) put_definition example $a "$json" ;;
	esac
	case $scenario in
	*-scripts)
		put_script callouts 'case "$*" in *capabilities*) exit 0 ;; esac; exec cat >/dev/null'
		put_script notifiers 'exec cat >/dev/null'
		;;
	*-vetoed) put_script callouts 'case "$*" in *" pre "*) exit 1 ;; esac' ;;
	esac
	case $scenario in
	stop*) device $a ;;
	esac
}

before_define-first() {
	mkdir -p root
}

before_define-running() {
	before_common
	put_script callouts 'case "$*" in *"-a attributes"*) echo "[{\"vendor/speed\":\"7\"}]" ;; *) exit 2 ;; esac'
	device $a
}

before_modify-unchanged() {
	before_common
	"$MDEVCTL" modify -u "$a" --auto
}

before_start-pool() {
	before_common
	put_definition pools.d small.json '{"types": ["example-1"], "attrs": [{"vendor/speed": "3"}], "limit": 9}'
}

before_functions-enable() {
	put_definition example $bystander "$json"
	put_definition 0000:3b:00.0 vfs.json '{"vfs": 2, "driver": "vfio-pci", "attrs": [{"power_limit": "60"}, {"power/control": "on"}]}'
}

before_functions() {
	put_definition example $bystander "$json"
	put_definition 0000:3b:00.0 vfs.json '{"vfs": 1, "driver": "vfio-pci", "bind": true, "attrs": [{"power_limit": "60"}]}'
	"$MDEVCTL" start-parent-mdevs 0000:3b:00.0
	[[ $scenario == functions-start ]] || return 0
	"$MDEVCTL" stop -u $function
	put_definition 0000:3b:00.1 $a '{"mdev_type": "vfio-pci", "start": "manual", "attrs": [{"pf/power_limit": "50"}, {"reset_method": "bus"}]}'
}

before_undefine-several() {
	before_common
	put_definition another $a "$json"
	put_definition third $a "$json"
}

before_undefine-broken() {
	before_common
	put_definition example $a '{'
}

before_start-refused() {
	put_definition example $bystander "$json"
	put_definition example $a '{"mdev_type": "example-1", "start": "manual", "attrs": [{"vendor/speed": "9"}]}'
}

before_autostart() {
	local uuid
	put_definition example $bystander "$json"
	for uuid in $a $b; do put_definition example "$uuid" "${json/manual/auto}"; done
}

before_autostart-scripts() {
	before_autostart
	before_common
}

# Nothing is kept yet; one that is started, with attributes, and one that is not.
before_apply-first() {
	put_definition example $bystander "$json"
	printf '{"pools": {"small": {"types": ["example-1"], "limit": 3}}, "devices": [{"example": [{"%s": %s}, {"%s": {"mdev_type": "example-1", "start": "manual", "attrs": []}}]}]}\n' \
		$a "${json/manual/auto}" $b >host.json
}

# One goes with its definition, one becomes automatic, and its start uses the room.
before_apply-prune() {
	put_definition example $bystander "$json"
	put_definition example $a "${json/5/3}"
	put_definition example $b '{"mdev_type": "example-1", "start": "manual", "attrs": []}'
	device $a
	speed $a 3
	printf '[{"example": [{"%s": %s}, {"%s": {"mdev_type": "example-1", "start": "auto", "attrs": []}}]}]\n' $bystander "$json" $b >host.json
}

# One that runs gets other attributes.
before_apply-restart() {
	put_definition example $bystander "$json"
	put_definition example $a "${json/5/3}"
	device $a
	speed $a 3
	printf '[{"example": [{"%s": %s}]}]\n' $a "$json" >host.json
}

# Where the program chooses.
before_apply-pool() {
	put_definition example $bystander "$json"
	put_definition pools.d small.json '{"types": ["example-1"], "limit": 9}'
	printf '{"pools": {"small": {"types": ["example-1"], "limit": 3}}, "devices": [{"pool:small": [
		{"%s": {"start": "auto"}}]}]}\n' $a >host.json
}

before_list-defined() {
	local parent
	for parent in example another; do
		put_definition $parent $a "$json"
		put_definition $parent $b "${json/manual/auto}"
	done
	device $a
}

before_list-running() {
	before_list-defined
	put_script callouts 'case "$*" in *"-a attributes"*) echo "[{\"vendor/speed\":\"7\"}]" ;; *) exit 2 ;; esac'
}

describe() { # NAME
	scenario=$1 kind=${1%%-*} host='' steps='' without='' output=''
	before=before_common
	case $1 in
	define-first | define | define-existing | define-scripts | define-vetoed) command=(define -u "$a" -p example -t example-1) ;;
	define-json) command=(define -u "$a" -p example --jsonfile in.json) ;;
	define-generated | define-unprintable) command=(define -p example --jsonfile in.json) ;;
	define-named) command=(define --name vm1 -t example-1) host=example ;;
	define-pool) command=(define-pool small --jsonfile pool.json) ;;
	start-named) command=(start --name vm1 -t example-1) host=example ;;
	define-pinned) command=(define -u "$a" -p example -t example-1 --pin) host=example ;;
	start-pool) command=(start --pool small) host=example ;;
	start-like) command=(start --like like.json) host=example ;;
	define-running) command=(define -u "$a") host=example ;;
	modify-json) command=(modify -u "$a" -p example --jsonfile in.json) ;;
	modify*) command=(modify -u "$a" --auto) ;;
	undefine*) command=(undefine -u "$a") ;;
	start-generated | start-unprintable) command=(start -p example --jsonfile in.json) host=example ;;
	start-transient) command=(start -u "$a" -p example --jsonfile in.json) host=example ;;
	start*) command=(start -u "$a") host=example ;;
	autostart*) command=(start-parent-mdevs example) host=example kind=start steps=1 ;;
	stop*) command=(stop -u "$a") host=example ;;
	apply-prune) command=(apply host.json --prune) host=example ;;
	apply-restart) command=(apply host.json --restart) host=example ;;
	apply*) command=(apply host.json) host=example ;;
	list-defined) command=(list -dv) host=example ;;
	list-defined-json) command=(list -d --dumpjson) host=example ;;
	list-defined-one) command=(list -d --dumpjson -u "$a" -p example) host=example ;;
	list-running) command=(list -v) host=example ;;
	list-running-json) command=(list --dumpjson) host=example ;;
	functions-enable) command=(start-parent-mdevs 0000:3b:00.0) host=vf-cards kind=start ;;
	functions-start) command=(start -u "$a") host=vf-cards kind=start ;;
	functions-stop) command=(stop -u "$function") host=vf-cards kind=stop ;;
	types) command=(types) host=mtty-mdpy ;;
	types-json) command=(types --dumpjson) host=mtty-mdpy ;;
	esac
	case $1 in
	*-vetoed | *-existing | *-refused | *-unprintable) kind=never ;;
	list* | types*) kind="read" ;;
	esac
	case $1 in
	*-without-openat2) without=openat2 ;;
	*-unprintable) output=/dev/full ;;
	undefine-several) steps=1 ;;
	functions-enable) steps=1 before=before_functions-enable ;;
	list-defined*) before=before_list-defined ;;
	list-running*) before=before_list-running ;;
	functions*) before=before_functions ;;
	*) if declare -F "before_$1" >/dev/null; then before=before_$1; fi ;;
	esac
	[[ $kind != read || $1 != types* ]] || before=:
}
