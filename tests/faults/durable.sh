# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a loss of power would leave, judged by the trace of strace -y: POSIX
# promises the contents of a file after its fsync, and a name only after the
# fsync of its directory.

# Prints what of a successful run would not be there after a loss of power.
not_durable() { # TRACE
	awk '
	# "5</path/of/fd>" as the n-th descriptor of the line
	function fd_path(n,    rest, path) {
		for (rest = $0; n > 0; n--) {
			if (!match(rest, /[0-9]+<[^>]*>/)) return ""
			path = substr(rest, RSTART, RLENGTH)
			rest = substr(rest, RSTART + RLENGTH)
		}
		sub(/^[0-9]+</, "", path); sub(/>$/, "", path)
		return path
	}
	function name(n,    parts) { split($0, parts, "\""); return parts[2 * n] }
	!/ = [0-9]+(<[^>]*>)?$/ && !/^exit_group/ { next }
	# Gone with the next boot anyway.
	fd_path(1) ~ /\/root\/run(\/|$)/ { next }
	/^(write|pwrite64|ftruncate|fchmod)\(/ && fd_path(1) ~ /mdevctl\.d\// { dirty[fd_path(1)] = 1 }
	/^openat2?\(/ && /O_CREAT/ { dirty[fd_path(1) "/" name(1)] = 1 }
	/^(fsync|fdatasync)\(/ { delete dirty[fd_path(1)]; delete pending[fd_path(1)] }
	/^rename/ {
		if ((fd_path(1) "/" name(1)) in dirty)
			print "renamed before its contents were synced: " name(2)
		changes++
		pending[fd_path(2)] = "rename to " name(2)
	}
	/^unlink/ { changes++; pending[fd_path(1)] = "removal of " name(1) }
	/^mkdir/ { changes++; pending[fd_path(1)] = "directory " name(1) }
	/^fchmodat\(/ { pending[fd_path(1)] = "mode of " name(1) }
	/^(write\(1<|exit_group\(0\))/ {
		for (dir in pending) print "success before this was synced in " dir ": " pending[dir]
		for (file in dirty) print "success before this was synced: " file
	}
	END { if (!changes) print "nothing was changed" }' "$1"
}

# The trace of the run without fault is durable, and without any one of its
# fsyncs it would not be: so this check sees each of them.
check_durable() { # SCENARIO
	local lost line syncs=0
	[[ $1 == *-unchanged ]] && return
	lost=$(not_durable trace)
	[[ ! $lost ]] || report "a loss of power would undo it: $lost"
	while IFS=: read -r line _; do
		((++syncs))
		sed "${line}d" trace >without
		[[ $(not_durable without) ]] || report "line $line of the trace is an fsync too many, or the check is blind"
	done < <(grep -n '^fsync' trace | grep -v '/root/run')
	((syncs)) || report 'nothing was synced'
}

# Readers neither lock nor write.
check_takes_no_lock() {
	local changes='^(flock|fcntl.*F_(OFD_)?SETLK|rename|unlink|mkdir|fsync)|O_CREAT|^openat.*(O_WRONLY|O_RDWR)'
	if grep -E "$changes" trace >locks; then
		report "a reader locked or wrote: $(<locks)"
	fi
}
