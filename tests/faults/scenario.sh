#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs one scenario: scenario.sh BUILD NAME.  First without a fault, which
# gives the list of system calls and the state before and after; then once for
# each call and each way in which it can fail, and once for each call with the
# program killed there.  Prints one line, "ok - ..." or "not ok - ...".
set -u
shopt -s nullglob
build=$1
# shellcheck source=tests/faults/scenarios.sh
. "$TEST_TOP/tests/faults/scenarios.sh"
# shellcheck source=tests/faults/durable.sh
. "$TEST_TOP/tests/faults/durable.sh"
describe "$2"
dir=$(mktemp -d "$TEST_WORK/faults.XXXXXX")
export MDEVCTL_ENV_ROOT=$dir/root MDEVCTL=$TEST_WORK/$build/mdevctl
# The leak check needs ptrace, which strace has.
export ASAN_OPTIONS=detect_leaks=0:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
failures=() n_failures=0 errors=0 kills=0 missed=0 old='' new='' good_output=''

# What is defined and what runs, as text in $state; a generated UUID as U.
snapshot() {
	local file text value path
	state=
	for file in "$config"/*/*; do
		IFS= read -r -d '' text <"$file"
		state+="${file#"$config"/} $text"
	done
	[[ ! $host ]] || for path in root/sys/bus/mdev/devices/*; do
		value=-
		IFS= read -r value 2>/dev/null <"$path/vendor/speed"
		state+="device ${path##*/} $value"$'\n'
	done
	[[ $host != vf-cards ]] || snapshot_functions
	others=()
	while [[ $state =~ ([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}) ]] &&
		is_generated; do
		others+=("$generated")
		state=${state//"$generated"/U}
	done
}

# Who has each virtual function, and whether the host's drivers may have new ones.
snapshot_functions() {
	local card=root/sys/bus/pci/devices/0000:3b:00.0 vf who
	for vf in "$card"/virtfn*; do
		who=somebody
		[[ ! "$vf/driver" -ef root/sys/bus/pci/drivers/vfio-pci ]] || who=vfio-pci
		[[ -e $vf/driver ]] || who=nobody
		state+="function ${vf##*/} $who"$'\n'
	done
	IFS= read -r who <"$card/sriov_drivers_autoprobe"
	state+="autoprobe $who"$'\n'
	IFS= read -r who <"$card/power_limit"
	state+="power_limit $who"$'\n'
}

# Whether a UUID in $state is none of ours.
is_generated() {
	local text=$state
	text=${text//"$a"/}
	text=${text//"$b"/}
	text=${text//"$bystander"/}
	[[ $text =~ ([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}) ]] || return 1
	generated=${BASH_REMATCH[1]}
}

remove_devices() {
	local path
	for path in root/sys/bus/mdev/devices/*; do
		printf 'device-remove %s\n' "${path##*/}" >root/sys/fake/control
	done
}

reset() {
	rm -rf root/etc root/usr root/run
	if [[ $host == example ]]; then
		remove_devices
		device $bystander
		speed $bystander 8
	fi
	if [[ $host == vf-cards ]]; then
		printf 'reboot 0000:3b:00.0\n' >root/sys/fake/control
		printf 1 >root/sys/bus/pci/devices/0000:3b:00.0/sriov_drivers_autoprobe
		printf 75 >root/sys/bus/pci/devices/0000:3b:00.0/power_limit
		printf auto >root/sys/bus/pci/devices/0000:3b:00.0/power/control
	fi
	$before
}

# Runs the command; the words before it are strace's.
run() {
	# The shell's own word about a program that was killed is of no interest.
	{
		timeout -k 1 20 strace -qq -o trace "$@" ${without:+-e "inject=$without:error=ENOSYS"} \
			"$MDEVCTL" "${command[@]}" >"${output:-out}" 2>err </dev/null
		status=$?
	} 2>/dev/null
	IFS= read -r -d '' told <err
	[[ $output ]] || IFS= read -r -d '' printed <out
	snapshot
}

report() {
	((++n_failures > 8)) && return
	failures+=("  $fault: $1; status $status, said: ${told:-nothing}")
	[[ $state == "$old" || $state == "$new" ]] || failures+=("${state//$'\n'/$'\n'      }")
}

# What is true whatever happened.
check_state() {
	[[ $status != 139 && $status != 134 && $status != 99 && $status != 124 ]] || report 'it crashed or hangs'
	[[ $state == *"$bystander"* || $scenario == define-first || $kind == read ]] || report "another's was removed"
	if [[ $host == example ]]; then
		[[ $state == *"device $bystander 8"* ]] || report "another's device was changed"
	fi
}

# A definition is the old or the new one, whole, and is read without a word.
check_definitions() {
	local file parsed
	[[ $scenario == undefine-broken ]] && return
	parsed=$("$MDEVCTL" list -d --dumpjson --all 2>&1) || report 'then list --defined failed'
	for file in "$config"/*/*; do
		if [[ $file == */pools.d/* ]]; then
			[[ $("$MDEVCTL" list-pools 2>&1) == small:* ]] || report 'then list-pools failed'
			continue
		fi
		[[ $file == */vfs.json || $parsed == *"${file##*/}"* ]] || report "then list --defined does not have ${file##*/}: $parsed"
	done
	[[ $parsed != mdevctl:* ]] || report "then list --defined said: $parsed"
}

# What is there may be neither the old nor the new state; a device that was killed on its
# way has a value of its own.
is_step() {
	local line known=$'\n'$old$'\n'$new$'\n'
	[[ $1 != partial ]] || known+="device $a 1"$'\n'"device $a 3"$'\n'
	[[ $steps || $1 == partial ]] || return 1
	while IFS= read -r line; do
		[[ $known == *$'\n'"$line"$'\n'* ]] || return 1
	done <<<"$state"
}

check_error() {
	check_state
	[[ $state == *'function '* || $state != *'power_limit 60'* || $told == *'cannot be put back of'* ]] ||
		report 'the card keeps an attribute without a function'
	[[ $state == *' vfio-pci'$'\n'* || $state != *'power_limit 50'* || $told == *'stay as they were set'* ]] ||
		report 'an attribute stays of a function that was not started'
	[[ $state == "$old" || $state == "$new" ]] || is_step "$steps" || is_told ||
		report 'neither the old nor the new state'
	case $kind in
	read) check_reading ;;
	never)
		((status == 1)) || report 'it should have failed'
		[[ $state == "$old" ]] || is_told || report 'it was done all the same'
		;;
	*)
		if ((status == 0)); then
			[[ $state == "$new" ]] || report 'success, but it was not done'
			check_uuid
		elif ((status != 1)); then
			report 'a status of its own'
		elif [[ $state != "$old" && ! $steps ]]; then
			is_told || report 'failure, but it was done'
		fi
		;;
	esac
	((status == 0)) || [[ $told == *mdevctl:* ]] || report 'it failed without a word'
}

# A generated UUID has been printed.
check_uuid() {
	((${#others[@]} == 0)) || [[ $printed == "${others[0]}"$'\n' ]] || report "another UUID was printed: $printed"
}

# The few ways in which a failure leaves something behind, which it says.
is_told() {
	[[ $told == *'may not survive'* || $told == *'is active, without'* || $told == *'it stays '* ||
		$told == *'cannot be set back to what it was'* || $told == *'cannot be put back of'* || $told == *'stay as they were set'* ||
		$told == *'NOT undone: '* ||
		$told == *'everywhere: cannot read'* || $told == *'cannot write to standard output'* ]]
}

# Definitions are whole, or incomplete with a word.  A device or a type that
# sysfs does not give is left out, as one that vanishes; what is printed of the
# others is whole.
check_reading() {
	local line
	[[ $state == "$old" ]] || report 'reading changed something'
	if [[ $printed == "$good_output" ]]; then
		((status == 0)) || [[ $told ]] || report 'it failed without a word'
	elif [[ ! $told && $scenario == list-defined* ]]; then
		[[ $printed == "${good_output// (active)/}" ]] || report "incomplete without a word: $printed"
	elif [[ ! $told && $scenario == *json ]]; then
		[[ $printed == \[*\]$'\n' ]] || report "torn: $printed"
	elif [[ ! $told ]]; then
		while IFS= read -r line; do
			[[ $'\n'$good_output == *$'\n'"$line"$'\n'* ]] || report "a line of its own: $line"
		done < <(printf '%s' "$printed")
	fi
}

check_kill() {
	check_state
	if ((status != 137)); then
		((++missed))
		check_error
		return
	fi
	case $kind in
	never | read) [[ $state == "$old" || $scenario == *-refused || $scenario == *-unprintable ]] || report 'it was done all the same' ;;
	start) ;;
	apply) is_step partial || report 'neither old nor new' ;;
	*) [[ $state == "$old" || $state == "$new" ]] || is_step "$steps" || report 'neither the old nor the new state' ;;
	esac
}

# The next command works, and cleans up.
check_next() {
	local uuid file
	fault="the next command after $fault"
	case $kind in read) return ;; esac
	[[ $host != example || $kind == apply || $kind == stop || $scenario == stop* || $scenario == define* ]] ||
		for file in root/sys/bus/mdev/devices/*; do
			uuid=${file##*/}
			[[ $uuid == "$bystander" ]] || "$MDEVCTL" stop -u "$uuid" 2>err || { read -r told <err && report 'it cannot be stopped'; }
		done
	[[ $scenario != functions-start || $state != *' vfio-pci'$'\n'* ]] || "$MDEVCTL" stop -u "$a" || report 'it cannot be stopped'
	for uuid in "${others[@]}"; do
		[[ ${command[0]} != define ]] || "$MDEVCTL" undefine -u "$uuid" || report 'it cannot be undefined'
	done
	"$MDEVCTL" "${command[@]}" >"${output:-out}" 2>err </dev/null
	status=$?
	IFS= read -r -d '' told <err
	snapshot
	[[ $state == "$new" ]] || report 'it did not do its work'
	check_definitions
	file=$(compgen -G "$config/*/.*") && [[ $file == *mdevctl.tmp* ]] && report 'a temporary file is left'
}

# Errors that the call could give, and to which it matters.  A brk(2) that fails
# makes malloc of glibc 2.36 crash by itself.
errnos_of() { # SYSCALL
	case $1 in
	openat) errnos=(EIO EMFILE EROFS ENOSPC) ;;
	openat2) errnos=(EIO EMFILE EAGAIN ENOSYS) ;;
	write | fsync | rename* | unlink* | mkdir* | *chmod*) errnos=(EIO ENOSPC EDQUOT EROFS EACCES ENOMEM EINTR) ;;
	close | read | poll | ppoll | wait4) errnos=(EIO EINTR) ;;
	flock) errnos=(EIO EINTR EAGAIN ENOLCK) ;;
	fcntl | dup* | pipe*) errnos=(EMFILE) ;;
	clone* | fork | vfork) errnos=(EAGAIN ENOMEM) ;;
	mmap | mremap) errnos=(ENOMEM) ;;
	getrandom) errnos=(EINTR ENOSYS) ;;
	pidfd_open) errnos=(ENOSYS EMFILE) ;;
	rt_sig* | exit* | munmap | mprotect | brk | kill | prlimit64 | ioctl | getpid | gettid | clock* | restart_syscall) errnos=() ;;
	*) errnos=(EIO ENOMEM) ;;
	esac
	[[ $build == build || ${#errnos[@]} == 0 ]] || errnos=("${errnos[0]}")
	# Where scripts run, or a card is asked again and again, there are many calls, and most of them are tried elsewhere.
	[[ (! -e root/usr && $host != vf-cards) || ${#errnos[@]} == 0 ]] || errnos=("${errnos[0]}")
	# Its own allocator ends the program.
	[[ $build == build || ${errnos[*]} != ENOMEM ]] || errnos=()
}

# Names of the calls of a run without fault in $calls, with how often each came
# before in $counts, from where the program opens its root directory on.
read_trace() {
	local line call begun=''
	local -A seen=()
	calls=() counts=()
	while IFS= read -r line; do
		[[ $line =~ ^([a-z0-9_]+)\( ]] || continue
		call=${BASH_REMATCH[1]}
		seen[$call]=$((${seen[$call]-0} + 1))
		[[ $line != openat*"$dir/root"*O_PATH* ]] || begun=1
		[[ $begun && $call != "$without" ]] || continue
		# A call that is made to fail is not carried out, and a pipe or
		# a device that is still open is something that no kernel leaves
		# behind a close.
		[[ $line != close* || $line == 'close(1<'* ]] || continue
		# Where there is no stderr there is no message.
		[[ $line != 'write(2<'* ]] || continue
		calls+=("$call")
		counts+=("${seen[$call]}")
	done <trace
}

without_fault() {
	fault='without a fault'
	reset
	snapshot
	old=$state
	run -y
	new=$state good_output=${printed-}
	case $kind in
	never) [[ $status == 1 && $old == "$new" ]] || report 'expected a refusal' ;;
	read) [[ $status == 0 && $good_output && $old == "$new" ]] || report 'expected a list' ;;
	*) [[ $status == 0 && ($old != "$new" || $scenario == *-unchanged) ]] || report 'expected a change' ;;
	esac
	case $kind in
	define | modify | undefine | apply) check_durable "$scenario" ;;
	read) check_takes_no_lock ;;
	esac
	read_shortest_trace
	((${#calls[@]} > 4)) || report 'no system calls were seen'
}

# How often a pipe is read, or a path that mounts of others disturb is opened,
# is not the same each time: the shortest of three runs is what each run does.
read_shortest_trace() {
	local i
	local -a fewest_calls fewest_counts
	read_trace
	for i in 2 3; do
		fewest_calls=("${calls[@]}") fewest_counts=("${counts[@]}")
		reset
		run -y
		read_trace
		((${#calls[@]} > ${#fewest_calls[@]})) || continue
		calls=("${fewest_calls[@]}") counts=("${fewest_counts[@]}")
	done
}

inject_errors() {
	local i errno errnos
	for i in "${!calls[@]}"; do
		errnos_of "${calls[i]}"
		for errno in "${errnos[@]}"; do
			fault="${calls[i]} number ${counts[i]} gives $errno"
			reset
			run -e "trace=${calls[i]}${without:+,$without}" -e "inject=${calls[i]}:error=$errno:when=${counts[i]}"
			((++errors))
			check_error
			check_next
		done
	done
}

inject_kills() {
	local i
	for i in "${!calls[@]}"; do
		fault="killed at ${calls[i]} number ${counts[i]}"
		reset
		run -e "trace=${calls[i]}${without:+,$without}" -e "inject=${calls[i]}:signal=KILL:when=${counts[i]}"
		((++kills))
		check_kill
		check_next
	done
}

prepare() {
	mkdir -p root/sys
	ln -s sys/fake/dev root/dev
	printf '%s\n' "$json" >in.json
	echo '{"types": ["example-1"], "limit": 3}' >pool.json
	printf '{"format": 1, "uuid": "%s", "parent": {"name": "there"}, "type": {"id": "example-1"}, "attrs": [{"vendor/speed": "3"}]}' "$a" >like.json
	[[ ! $host ]] || "$TEST_TOP/build/fake-sysfs" "$TEST_TOP/tests/fake-sysfs/hosts/$host.json" root/sys
}

clean_up() {
	cd /
	[[ ! $host ]] || umount -l "$dir/root/sys"
	rm -rf "$dir"
}

cd "$dir" || exit 1
prepare
without_fault
if ((n_failures == 0)); then
	inject_errors
	# What a kill leaves behind does not depend on the build.
	[[ $kind == read || $build == build-asan ]] || inject_kills
	fault='of all kills'
	((missed * 10 <= kills)) || report "$missed missed"
fi
clean_up
label="faults of $scenario${build#build}"
if ((n_failures)); then
	printf 'not ok - %s: %s of %s wrong\n' "$label" "$n_failures" "$((errors + kills))"
	printf '%s\n' "${failures[@]}"
else
	printf 'ok - %s: %s errors, %s kills\n' "$label" "$errors" "$kills"
fi
