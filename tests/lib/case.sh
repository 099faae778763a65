#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs one case: case.sh BUILD FILE:LINE.  HACKING.md describes the format.
# Prints "ok - TITLE" or "not ok - TITLE" with the command, the difference and
# the tree, in one write, so that cases may run side by side.
set -u
build=$1 file=${2%:*} first=${2##*:}
dir=$(mktemp -d "$TEST_WORK/case.XXXXXX")
root=$dir/root
failure=
skipped=
title=
command=
want=0
expected_out=()
expected_err=()

expand() { # @1 ... @9 are UUIDs
	local text=$1 digit
	for digit in 1 2 3 4 5 6 7 8 9; do
		text=${text//"@$digit"/"$digit$digit$digit$digit$digit$digit$digit$digit-$digit$digit$digit$digit-4$digit$digit$digit-8$digit$digit$digit-$digit$digit$digit$digit$digit$digit$digit$digit$digit$digit$digit$digit"}
	done
	printf '%s' "$text"
}

prepare() {
	chmod 755 "$dir"
	mkdir -p "$dir/bin" "$root/sys" "$root/proc"
	ln -s "$TEST_WORK/$build/mdevctl" "$dir/bin/mdevctl"
	ln -s mdevctl "$dir/bin/lsmdev"
	ln -s sys/fake/dev "$root/dev"
	# For the holders of a device; not for a case to change.
	mount -o bind,ro /proc "$root/proc"
	cd "$dir" || exit 1
	export PATH="$dir/bin:$PATH" MDEVCTL_ENV_ROOT="$root" MDEVCTL="$TEST_WORK/$build/mdevctl"
	export ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
	export TEST_TOP
	unset MAKEFLAGS MFLAGS MAKELEVEL INVOCATION_ID # neither make check nor a unit is a part of a case
}

host() {
	local json=$TEST_TOP/tests/fake-sysfs/hosts/$1.json
	"$TEST_TOP/build/fake-sysfs" "$json" "$root/sys" 2>"$dir/host.err" ||
		failure="cannot simulate the host $1: $(cat "$dir/host.err")"
}

# A definition: PARENT UUID and its JSON.
definition() {
	mkdir -p "$root/etc/mdevctl.d/$1"
	printf '%s\n' "$3" >"$root/etc/mdevctl.d/$1/$2"
}

same_lines() { # actual file, then expected lines as "=text" or "~regex"
	local lines=() i=0 line
	mapfile -t lines <"$1"
	shift
	(($# == ${#lines[@]})) || return 1
	for line in "$@"; do
		case $line in
		=*) [[ ${line:1} == "${lines[i]}" ]] || return 1 ;;
		~*) [[ ${lines[i]} =~ ^(${line:1})$ ]] || return 1 ;;
		esac
		((++i))
	done
}

show_difference() { # name, actual file, expected lines
	local name=$1 actual=$2
	shift 2
	echo "  $name (- expected, + printed):"
	diff -U 3 <(for line in "$@"; do echo "${line:1}"; done) "$actual" | sed -n '3,$s/^/    /p'
}

show_tree() {
	echo '  tree:'
	(cd "$root" && find etc sys/bus/mdev/devices \( -type f -o -type l \) -printf '%P -> ' \
		-exec head -c 300 {} \; 2>/dev/null | sed 's/^/    /')
	[[ -r $root/sys/fake/log ]] && sed 's/^/    log: /' "$root/sys/fake/log"
}

check_step() {
	[[ $command && -z $failure ]] || return
	local got
	(
		# shellcheck source=tests/lib/steps.sh
		. "$TEST_TOP/tests/lib/steps.sh"
		eval "$command"
	) >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	sed -i "s|$root|ROOT|g" "$dir/out" "$dir/err"
	if ((got == want)) && same_lines "$dir/out" "${expected_out[@]}" &&
		same_lines "$dir/err" "${expected_err[@]}"; then
		return
	fi
	failure=$(
		echo "  \$ $command"
		((got == want)) || echo "  status: expected $want, got $got"
		same_lines "$dir/out" "${expected_out[@]}" ||
			show_difference stdout "$dir/out" "${expected_out[@]}"
		same_lines "$dir/err" "${expected_err[@]}" ||
			show_difference stderr "$dir/err" "${expected_err[@]}"
		show_tree
	)
}

next_step() {
	check_step
	command=$1
	want=0
	expected_out=()
	expected_err=()
}

interpret() { # one line of the case
	local line
	line=$(expand "$1")
	case $line in
	'' | '#'*) ;;
	'needs other users') [[ $(</proc/self/uid_map) == *4294967295 ]] || skipped=1 ;;
	'host '*) host "${line#host }" ;;
	'def '*)
		read -r _ parent uuid json <<<"$line"
		definition "$parent" "$uuid" "$json"
		;;
	'$ '*) next_step "${line:2}" ;;
	'  '*) command+=$'\n'${line:2} ;;
	'>') expected_out+=('=') ;;
	'> '*) expected_out+=("=${line:2}") ;;
	'>~ '*) expected_out+=("~${line:3}") ;;
	'!') expected_err+=('=') ;;
	'! '*) expected_err+=("=${line:2}") ;;
	'!~ '*) expected_err+=("~${line:3}") ;;
	'? '*) want=${line:2} ;;
	*) failure="  $file: not understood: $line" ;;
	esac
}

run_case() {
	local number=0 line
	while IFS= read -r line || [[ $line ]]; do
		((++number < first)) && continue
		if ((number == first)); then
			title=${line#== }
			continue
		fi
		[[ $line == '== '* ]] && break
		interpret "$line"
		[[ $failure || $skipped ]] && break
	done <"$TEST_TOP/$file"
	next_step ''
}

clean_up() {
	cd /
	mountpoint -q "$root/sys" && umount -l "$root/sys"
	umount -l "$root/proc"
	rm -rf "$dir"
}

prepare
run_case
label=$title
[[ $build == build-asan ]] && label="$title [sanitized]"
if [[ $failure ]]; then
	result=$(printf 'not ok - %s (%s:%s)\n%s' "$label" "$file" "$first" "$failure")
elif [[ $skipped ]]; then
	result="skip - $label (only as root)"
else
	result="ok - $label"
fi
clean_up
printf '%s\n' "$result"
