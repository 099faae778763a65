# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by run.sh: the peer, the roots in which programs are measured, and the
# measuring of a group of commands.
#
# shellcheck disable=SC2154 # $work, $rounds and say() are run.sh's

# Of Debian's package, unpacked and not installed; its path.
debian_peer() (
	# shellcheck source=tests/lib/packages.sh
	. tests/lib/packages.sh
	cache=$(realpath -m "${BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mdevctl-bench}")
	building=
	die() {
		say "$@"
		exit 1
	}
	# shellcheck disable=SC2317 # it is, by its name
	fetch() { unpack "$1" mdevctl; }
	trap 'rm -rf ${building:+"$building"}' EXIT
	on_debian || die "the peer is Debian's, and this is none (amd64)"
	if ! offers mdevctl && is_root; then update_lists || true; fi
	cached "$cache/peer" fetch >&2
	find "$cache/peer" -path '*bin/mdevctl' -type f -print -quit
)

path_of() { # mdevctl, peer
	if [[ $1 == peer ]]; then echo /peer/mdevctl; else echo /usr/sbin/mdevctl; fi
}

libraries_of() { # program
	ldd "$1" | awk '/=> \// { print $3 } $1 ~ /^\// { print $1 }'
}

# Copies programs as PATH-IN-ROOT=FILE, and their libraries.
copy_programs() { # root, programs
	local root=$1 program file
	shift
	for program in "$@"; do
		install -D "${program#*=}" "$root/${program%%=*}"
		for file in $(libraries_of "${program#*=}"); do
			[[ -e $root/$file ]] || install -D "$file" "$root/$file"
		done
	done
}

# What every root has; bash and the rest are for scripts.
make_base() { # directory
	local name programs=()
	for name in bash tr cut sed taskset; do
		programs+=("usr/bin/$name=$(command -v "$name")")
	done
	copy_programs "$1" usr/sbin/mdevctl=build/mdevctl usr/bin/empty=build/bench/empty \
		usr/bin/limit=build/bench/limit ${PEER:+"peer/mdevctl=$PEER"} "${programs[@]}"
	ln -s usr/bin "$1/bin"
	mkdir -p "$1"/{dev,proc,tmp,sys,etc}
	cp /etc/ld.so.cache "$1/etc/"
}

# Files of the base are shared, and so are their pages.
make_root() { # name
	cp -al "$work/base" "$work/$1"
	mount --rbind /dev "$work/$1/dev"
	mount --rbind /proc "$work/$1/proc"
}

make_host() { # name, parents, types of each, devices in all
	make_root "$1"
	build/bench/tree "$work/$1" "$2" "$3" "$4"
	# The peer does nothing without them.
	mkdir -p "$work/$1"/etc/mdevctl.d/scripts.d/{callouts,notifiers}
}

# A script of the usual weight: bash, and a few programs that it runs.  In the older place, and with no device defined,
# as the peer looks nowhere else, and of a defined device shows what its definition says.
give_scripts() { # root
	local script=$1/etc/mdevctl.d/scripts.d/callouts/attributes
	cat >"$script" <<-'END'
		#!/bin/bash
		while (($#)); do declare "${1#-}=$2"; shift 2; done
		[[ $e/$a == get/attributes ]] || exit 2
		profile=$(echo "$t" | tr a-z A-Z)
		level=$(echo "$u" | cut -c1 | sed 's/[^0-9]/0/')
		printf '[{"vendor/profile":"%s"},{"vendor/level":"%s"}]' "$profile" "$level"
	END
	chmod 755 "$script"
	find "$1/etc/mdevctl.d" -type f -path '*/0000:*' -delete
}

# The same host, but its definitions are on disk, where fsync takes its time.
for_writing() { # host
	local disk=$PWD/build/bench/disk-$1
	make_root "write-$1"
	rm -rf "$disk"
	cp -r "$work/$1/etc/mdevctl.d" "$disk"
	sync -f "$disk"
	mount --bind "$work/$1/sys" "$work/write-$1/sys"
	mkdir "$work/write-$1/etc/mdevctl.d"
	mount --bind "$disk" "$work/write-$1/etc/mdevctl.d"
}

# What is measured of programs that do not do the same is worth nothing.  They may
# differ in the order.
same_output() { # host, arguments
	local arguments program
	read -ra arguments <<<"$2"
	for program in mdevctl peer; do
		chroot "$work/$1" "$(path_of "$program")" "${arguments[@]}" | tr -d ', ' | sed '/^$/d' |
			LC_ALL=C sort >"$work/output-$program"
	done
	cmp -s "$work"/output-{mdevctl,peer} && return
	say "mdevctl and its peer do not print the same for '$2'"
	diff "$work"/output-{mdevctl,peer} | head -n 5 >&2 || true
	exit 1
}

# A line for build/bench/measure.
command_line() { # row, program, host, undo, command...
	local IFS=$'\t' row=$1 program=$2 host=$3
	shift 3
	echo "$row $program"$'\t'"$work/$host"$'\t'"$*"
}

# Of the program alone, as its scripts are not ours; and undoes it.
count_calls() { # root, undo, command...
	local root=$1 undo=$2 counted
	shift 2
	counted=$(build/count-syscalls chroot "$root" "$@")
	[[ $undo == - ]] || eval "$undo"
	echo "${counted% *}"
}

# Measures the commands that a function names; adds lines "ROW PROGRAM wall minimum CPU memory calls".
measure() { # rounds, function
	local root undo command
	say "$2: $1 rounds"
	"$2" >"$work/commands"
	build/bench/measure "$1" <"$work/commands" | tr '\t' ' ' >"$work/measured"
	while IFS=$'\t' read -r _ root undo command; do
		IFS=$'\t' read -ra command <<<"$command"
		count_calls "$root" "$undo" "${command[@]}"
	done <"$work/commands" | paste -d ' ' "$work/measured" - >>"$work/results"
}
