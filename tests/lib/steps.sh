# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Words for the commands of a case.  The current directory has `root`, the
# simulated system.

# Tells the simulated kernel: see tests/fake-sysfs/README.md.
control() {
	printf '%s\n' "$*" >root/sys/fake/control
}

# What was written into sysfs, in order: the last two parts of the path, the data, the result.
writes() {
	grep -v ' fake/' root/sys/fake/log | sed 's|^write .*/\([^/]*/[^/]*\) "|\1 "|'
}

# Everything below the configuration directory: names and contents.
definitions() {
	(cd root/etc/mdevctl.d 2>/dev/null && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort |
		while IFS= read -r path; do
			if [[ -d $path ]]; then echo "$path/"; else sed "s|^|$path: |" "$path"; fi
		done)
	true
}

# One compact line per definition file.
definition_of() { # PARENT UUID
	tr -d ' \n' <"root/etc/mdevctl.d/$1/$2"
	echo
}

# What `define` says to this JSON (printf's escapes), from which nothing may be written.
define_json() { # TEXT
	local status
	printf '%b' "$1" >in.json
	mdevctl define -u 11111111-1111-4111-8111-111111111111 -p mtty --jsonfile in.json
	status=$?
	find root/etc -type f 2>/dev/null
	return "$status"
}

# A pool of this JSON, without a word.
pool() { # NAME JSON OPTION...
	printf '%s\n' "$2" >pool.json
	mdevctl define-pool "$1" --jsonfile pool.json "${@:3}" >/dev/null
}

# What the kernel has: UUID and type of each device on its bus, sorted.
devices() {
	local link
	for link in root/sys/bus/mdev/devices/*; do
		[[ -L $link ]] && echo "${link##*/} $(basename "$(readlink "$link/mdev_type")")"
	done | LC_ALL=C sort
}

available() { # PARENT TYPE
	cat "root/sys/class/mdev_bus/$1/mdev_supported_types/$2/available_instances"
}

# Waits (10 s at most) until the command succeeds.
until_ok() {
	local i
	for ((i = 0; i < 1000; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.01
	done
	echo "still failing after 10 s: $*" >&2
	return 1
}

# Devices of somebody else.
occupy() { # PARENT TYPE COUNT
	local i
	for ((i = 0; i < $3; i++)); do
		control device-add "$1" "$2" "$(cat /proc/sys/kernel/random/uuid)"
	done
}

# A host of the case's own as ROOT/sys, from standard input.
simulate() {
	cat >host.json
	"$TEST_TOP/build/fake-sysfs" host.json root/sys
}

# Waits until the simulated kernel has stopped half-way: create, remove, busy.
until_held() { # UUID STATE
	until_ok grep -qx "$1 $2" root/sys/fake/held
}

# A guest that uses the device of this VFIO group; its pid is in holder.pid.
hold_group() { # GROUP
	ln -sf "$(command -v sleep)" qemu-kvm
	exec 9<>"root/dev/vfio/$1"
	./qemu-kvm 600 >/dev/null 2>&1 &
	exec 9>&-
	echo $! >holder.pid
	until_ok grep -qx qemu-kvm "/proc/$!/comm"
}

end_holder() {
	kill "$(cat holder.pid)"
}

# Begins a command that later steps meet while it runs.
begin() { # NAME COMMAND...
	local name=$1
	shift
	{
		"$@" >"$name.out" 2>"$name.err" &
		echo $! >"$name.pid"
		wait $!
		echo $? >"$name.status.new"
		mv "$name.status.new" "$name.status"
	} >/dev/null 2>&1 &
	until_ok test -s "$name.pid"
}

# Waits until what `begin` began has gone to sleep a number of times.
until_polling() { # NAME
	until_ok grep -Eq '^voluntary_ctxt_switches:.[0-9]{2,}' "/proc/$(cat "$1.pid")/status"
}

# What `begin` began: waits for its end, and has its output and status.
end() { # NAME
	until_ok test -e "$1.status" || return 124
	cat "$1.out"
	cat "$1.err" >&2
	return "$(cat "$1.status")"
}

# Kills what starts the device once that is there, and its first attribute is on its way.
kill_half_way() { # UUID COMMAND...
	local uuid=$1
	shift
	rm -f killed.*
	control 'slow write *vendor/speed 700 1'
	begin killed "$@"
	until_ok test -e "root/sys/bus/mdev/devices/$uuid/mdev_type"
	kill -KILL "$(cat killed.pid)"
	end killed
	control clear
}

# Runs the command as somebody who may not write.  Root becomes nobody; in a
# user namespace, where there is no other user, a further one has no rights.
as_nobody() {
	if [[ $(</proc/self/uid_map) == *4294967295 ]]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
	else
		unshare -U "$@"
	fi
}

# Scripts; tests/lib/script.sh says what their bodies may use.
script_in() { # DIRECTORY NAME BODY
	mkdir -p "root/$1"
	# shellcheck disable=SC2016 # it is expanded by the script
	printf '#!/bin/bash\n. "$TEST_TOP/tests/lib/script.sh"\n%s\n' "$3" >"root/$1/$2"
	chmod 755 "root/$1/$2"
}

callouts=usr/lib/mdevctl/scripts.d/callouts
notifiers=usr/lib/mdevctl/scripts.d/notifiers

callout() { # NAME BODY
	script_in "$callouts" "$@"
}

# In the older place.
callout_etc() { # NAME BODY
	script_in etc/mdevctl.d/scripts.d/callouts "$@"
}

notifier() { # NAME BODY
	script_in "$notifiers" "$@"
}

# What the scripts have noted since the last time.
calls() {
	cat calls 2>/dev/null
	rm -f calls
}

# An example of examples/callouts as a script of this case.
example() { # NAME, callouts or notifiers
	mkdir -p "root/usr/lib/mdevctl/scripts.d/$2"
	cp "$TEST_TOP/examples/callouts/$1" "root/usr/lib/mdevctl/scripts.d/$2/"
}

# A definition with one attribute of so many bytes.
big_definition() { # BYTES
	printf '{"mdev_type":"mtty-1","start":"manual","attrs":[{"a":"%s"}]}' "$(head -c "$1" /dev/zero | tr '\0' x)"
}

# Runs the command as on a kernel without openat2, pidfd_open and close_range (before 5.3).
without_openat2() {
	[[ -e no-openat2.so ]] ||
		cc -shared -fPIC -o no-openat2.so "$TEST_TOP/tests/lib/no-openat2.c" -ldl
	LD_PRELOAD=$PWD/no-openat2.so ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 "$@"
}

has_child() { # PID
	[[ $(<"/proc/$1/task/$1/children") ]]
}

# Runs a command in a mount namespace of its own.  Only a mount point can be made
# private, and "/" is none in a plain chroot: so nothing is made so but what is
# mounted then, and that must lie below something private, as make_work() has it.
with_own_mounts() {
	unshare --mount --propagation unchanged "$@"
}

# Runs the command as on a system that is not below --root: chrooted to where the case's sys and etc/mdevctl.d lie
# over those of this machine, and a simulated libkmod, which modules.conf tells what there is (tests/lib/fake-kmod.c),
# in place of its own, and an empty /run.  FILE from the current directory is /mnt/FILE there.
on_this_system() {
	mkdir -p system root/etc/mdevctl.d
	# shellcheck disable=SC2016 # these are the inner shell's
	with_own_mounts bash -euc '
		mount --rbind / system
		mount --make-rprivate system
		mount -t tmpfs none system/mnt
		mount -t tmpfs none system/run
		mkdir system/mnt/lib
		cp "$MDEVCTL" system/mnt/mdevctl
		cp "$TEST_TOP/build/libkmod.so.2" system/mnt/lib/
		for file in *; do [[ ! -f $file ]] || cp "$file" system/mnt/; done
		mount -t tmpfs none system/etc
		mkdir system/etc/mdevctl.d
		mount --bind root/etc/mdevctl.d system/etc/mdevctl.d
		mount --rbind root/sys system/sys
		command=$1
		shift
		[[ $command != mdevctl ]] || command=/mnt/mdevctl
		exec env -u MDEVCTL_ENV_ROOT LD_LIBRARY_PATH=/mnt/lib FAKE_KMOD=/mnt/modules.conf \
			chroot system "$command" "$@"' bash "$@"
}

# In a root that has the program, what ldd names, the simulated kernel and nothing else, but
# for /proc, where sanitizers look for their options.
in_empty_root() {
	local library
	mkdir -p empty/sys empty/proc
	cp "$MDEVCTL" empty/
	for library in $(ldd "$MDEVCTL" | grep -o '/[^ ]*'); do
		cp --parents -L "$library" empty
	done
	# shellcheck disable=SC2016 # these are the inner shell's
	with_own_mounts bash -euc '
		mount --rbind root/sys empty/sys
		[[ $MDEVCTL != *asan* ]] || mount --rbind /proc empty/proc
		exec env -u MDEVCTL_ENV_ROOT chroot empty /mdevctl "$@"' bash "$@"
}

# The rule and the program that it runs, as a package installs them.
install_rule() {
	install -D "$MDEVCTL" root/usr/sbin/mdevctl
	mkdir -p root/usr/lib/udev/rules.d
	sed 's|@SBINDIR@|/usr/sbin|; s|@SYSCONFDIR@|/etc|' "$TEST_TOP/udev/60-mdevctl.rules" >root/usr/lib/udev/rules.d/60-mdevctl.rules
}

# Modules of the running kernel, loaded or not.
has_modules() { # PATH...
	mkdir -p "root/lib/modules/$(uname -r)"
	printf '%s:\n' "$@" >"root/lib/modules/$(uname -r)/modules.dep"
}

# A file of /proc.
says() { # NAME TEXT
	echo "$2" >"$1"
	umount "root/proc/$1" 2>/dev/null || true
	mount --bind "$1" "root/proc/$1"
}

# From here on ROOT/sys is that of another host, or of the same one booted anew, perhaps
# changed; what is on its disk stays.
boot() { # HOST [SED-SCRIPT]
	mountpoint -q root/sys && umount -l root/sys
	sed "${2-}" "$TEST_TOP/tests/fake-sysfs/hosts/$1.json" | simulate
}

# The release that the kernel tells.
kernel_is() { # RELEASE
	echo "$1" >osrelease
	umount root/proc/sys/kernel/osrelease 2>/dev/null || true
	mount --bind osrelease root/proc/sys/kernel/osrelease
}

# Types the keys (printf's escapes) into an interactive bash that has our completion.
in_bash() { # KEYS
	{
		printf '%s\n' 'set +o history; bind "set bell-style none"; . '"$TEST_TOP"'/completions/mdevctl.bash'
		sleep 0.5
		printf '%b\n' "$1"
		sleep 0.5
		printf 'exit\n'
	} | TERM=dumb timeout 20 script -qec 'bash --norc --noprofile -i' /dev/null >/dev/null 2>&1
}

# The host that measurements have, of this size.
bench_host() { # PARENTS DEVICES-OF-EACH
	sed "s/\"count\": 100,/\"count\": $1,/; s/\"count\": 100 }/\"count\": $2 }/" \
		"$TEST_TOP/tests/fake-sysfs/hosts/bench.json" | simulate
}

# So many PCI cards with ten types each, and a device on each.
many_cards() { # CARDS
	local i types=
	for i in {0..9}; do
		types+=$(printf '{"id": "bench-%d", "name": "Bench %d", "description": "size=%d, kind=%d"},' "$i" "$i" "$i" "$i")
	done
	simulate <<-END
		{"cached": true, "modules": ["mdev", "vfio"], "parents": [{
			"name": "{N:04x}:01:00.0", "count": $1, "path": "devices/pci{N:04x}:00", "subsystem": "bus/pci",
			"attrs": {"vendor": "0xfff0", "device": "0x0001", "numa_node": "0"},
			"units": 100, "types": [${types%,}], "devices": [{"type": "bench-1"}], "mdev": {"driver": "bench"}}]}
	END
}

# Every device that runs on the parent gets a definition.
define_running() { # PARENT
	local uuid type
	mkdir -p "root/etc/mdevctl.d/$1"
	devices | while read -r uuid type; do
		printf '{"mdev_type": "%s", "start": "manual", "attrs": []}\n' "$type" >"root/etc/mdevctl.d/$1/$uuid"
	done
}

# How many the command makes, without those for memory, which are the allocator's.
system_calls() { # COMMAND...
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 "$TEST_TOP/build/count-syscalls" "$@" | cut -d' ' -f2
}

at_most() { # NUMBER ACTUAL
	(($2 <= $1)) || echo "$2, which is more than $1"
}

# NVIDIA's vendor-specific VFIO: what each VF that holds a vGPU holds, sorted.
vgpus() {
	local vf
	for vf in root/sys/bus/pci/devices/*/nvidia; do
		[[ -e $vf && $(<"$vf/current_vgpu_type") != 0 ]] || continue
		vf=${vf%/nvidia}
		echo "${vf##*/} $(<"$vf/nvidia/current_vgpu_type")"
	done
}

# The UUID of a vGPU that is not defined, as everybody can compute it.
vgpu_uuid() { # VF NUMBER
	uuidgen --sha1 --namespace @url --name "vgpu:$1:$2"
}

# An automatic vGPU on each of the first VFs.
define_on_vfs() { # TYPE COUNT
	local vf n=0
	for vf in root/sys/bus/pci/devices/*/nvidia; do
		((n++ < $2)) || break
		vf=${vf%/nvidia}
		mdevctl define -u "$(printf '%08d-0000-4000-8000-000000000000' "$n")" -p "${vf##*/}" -t "$1" --auto
	done
}

# udev's events of all parents that something is defined for, at the same time.
all_events() {
	local parent
	for parent in root/etc/mdevctl.d/*; do
		mdevctl start-parent-mdevs "${parent##*/}" &
	done
	wait
}

# NVIDIA's script, of the simulated kernel.
install_sriov_manage() {
	install -D "$TEST_TOP/tests/fake-sysfs/sriov-manage.sh" root/usr/lib/nvidia/sriov-manage
}

# The callout script of examples/nvidia with these settings, and a stand-in for nvidia-smi.
install_gpu_mode() { # NAME=VALUE...
	local setting script=root/etc/mdevctl.d/scripts.d/callouts/gpu-mode
	install -D "$TEST_TOP/examples/nvidia/gpu-mode" "$script"
	for setting; do
		set_gpu_mode "$setting"
	done
	mkdir smi
	ln -s "$TEST_TOP/tests/lib/nvidia-smi.sh" bin/nvidia-smi
}

set_gpu_mode() { # NAME=VALUE
	local script=root/etc/mdevctl.d/scripts.d/callouts/gpu-mode
	grep -q "^${1%%=*}=" "$script" && sed -i "s/^${1%%=*}=.*/${1%%=*}='${1#*=}'/" "$script"
}

# What nvidia-smi was asked since the last time.
smi_calls() {
	cat smi/calls 2>/dev/null
	rm -f smi/calls
}

# The GPU instances of a card: number, profile, VF or "-".
gpu_instances() { # PF
	sed -n 's/^instance //p' "root/sys/fake/card/$1"
}

# Virtual functions that are enabled: the driver that has each, or "-".
functions() {
	local vf driver
	for vf in root/sys/bus/pci/devices/*/physfn; do
		vf=${vf%/physfn}
		[[ -e $vf ]] || continue
		driver=-
		[[ ! -L $vf/driver ]] || driver=$(basename "$(readlink "$vf/driver")")
		echo "${vf##*/} $driver"
	done
}

# The UUID of a virtual function that is given away without a definition, as everybody can compute it.
vf_uuid() { # VF DRIVER
	uuidgen --sha1 --namespace @url --name "vf:$1:$2"
}
