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
