#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Measures this mdevctl, a peer, and the least that the work can cost, in turns:
# machines are noisy, so what counts is the ratio.  Never a test.  Writes a table
# to standard output and build/bench.md, and a plot, build/bench.svg.
#
#	BENCH_ROUNDS=N	how often each command runs, at least; 15
#	PEER=PROGRAM	instead of the mdevctl of Debian's package; empty: none
#	BENCH_CACHE	where that package is kept, ~/.cache/mdevctl-bench
#
# The programs run in roots of their own in memory, with the libraries that they
# need and a tree of links and files as deep as on a real machine: a tmpfs, which
# leaves the CPUs alone, as the kernel's sysfs does and a FUSE server would not.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

say() { echo "bench: $*" >&2; }
rounds=${BENCH_ROUNDS:-15}
work=/sys

prepare() {
	need "${BUILD_NEEDS[@]}" unshare mount find awk taskset
	make -s build/mdevctl tools
	[[ ${PEER+set} ]] || PEER=$(debian_peer) || PEER=
	[[ $PEER ]] || say "measuring without a peer"
	export PEER
}

# PARENTS, TYPES of each, DEVICES in all.
make_hosts() {
	make_base "$work/base"
	make_host 0 0 0 0
	make_host 10 100 8 10
	make_host 1000 100 8 1000
	make_host 10000 100 8 10000
	make_host wide 500 10 0
	make_host scripts 2 1 200
	give_scripts "$work/scripts"
	for_writing 0
	for_writing 10000
}

all() { # the program's work of `limit`, then mdevctl's arguments; at each host of $at
	local host limit=$1
	shift
	for host in $at; do
		command_line "$row@$host" mdevctl "$host" - /usr/sbin/mdevctl "$@"
		[[ ! $PEER ]] || command_line "$row@$host" peer "$host" - /peer/mdevctl "$@"
		case $limit in
		-) ;;
		empty) command_line "$row@$host" limit "$host" - /usr/bin/empty ;;
		*)
			# shellcheck disable=SC2086 # several words
			command_line "$row@$host" limit "$host" - /usr/bin/limit $limit
			;;
		esac
	done
}

start_up() {
	local at=0
	row=version all empty --version
	row=list all empty list
}

lists() {
	row=list at='10 1000 10000' all running list
	row=defined at='1000 10000' all defined list --defined
}

dumps() {
	local at=10000
	row=dumpjson all running list --dumpjson
	row=defined-dumpjson all defined list --defined --dumpjson
}

types() {
	row=types at=10000 all types types
}

# Where many parents could have it.
choosing() {
	local type
	type=$(chroot "$work/wide" /usr/sbin/mdevctl types | sed -n '2s/ *//p')
	command_line types@wide mdevctl wide - /usr/sbin/mdevctl types
	command_line choose@wide mdevctl wide - /usr/sbin/mdevctl start --dry-run -t "$type"
	command_line choose-spread@wide mdevctl wide - /usr/sbin/mdevctl start --dry-run -t "$type" --policy spread
}

# The host is as the description says, and that is all there is to find out.
planning() {
	chroot "$work/1000" /usr/sbin/mdevctl dump >"$work/1000/host.json"
	command_line apply@1000 mdevctl 1000 - /usr/sbin/mdevctl apply /host.json --dry-run
	command_line list-beside@1000 mdevctl 1000 - /usr/sbin/mdevctl list
	command_line dumpjson-beside@1000 mdevctl 1000 - /usr/sbin/mdevctl list --defined --dumpjson
}

# Any device will do: the one whose name the directory gives first.
one_among_many() {
	local at='1000 10000' file parent uuid
	file=$(find "$work/1000/etc/mdevctl.d" -type f -print -quit)
	parent=$(basename "$(dirname "$file")") uuid=${file##*/}
	row=one all - list -u "$uuid"
	row=one-defined all - list --defined -u "$uuid"
	row=one-of-parent all "one $uuid $parent" list --defined -u "$uuid" -p "$parent"
	command_line one-of-parent@10000 empty 10000 - /usr/bin/empty
}

# The new definition is taken away after each time, and its directory if it was made.
defines() {
	local uuid=5ca1ab1e-0000-4000-8000-000000000000 parent=0000:3b:05.2 host dir program
	for host in 0 10000; do
		dir=$work/write-$host/etc/mdevctl.d/$parent
		for program in mdevctl ${PEER:+peer}; do
			command_line "define@$host" "$program" "write-$host" \
				"rm $dir/$uuid; rmdir --ignore-fail-on-non-empty $dir" \
				"$(path_of "$program")" define -u $uuid -p $parent -t nvidia-63
		done
	done
}

scripts() {
	local at=scripts
	row=plain all - list
	row=verbose all - list --verbose
	command_line verbose@scripts one-cpu scripts - /usr/bin/taskset -c 0 /usr/sbin/mdevctl list --verbose
}

agree_on_output() {
	[[ $PEER ]] || return 0
	local arguments
	for arguments in list 'list --defined' 'list --dumpjson' 'list --defined --dumpjson' types; do
		same_output 1000 "$arguments"
	done
	same_output scripts list
	same_output scripts 'list --verbose'
}

run_all() {
	: >"$work/results"
	measure $((rounds * 10)) start_up
	measure "$rounds" lists
	measure "$rounds" dumps
	measure "$rounds" types
	measure "$rounds" choosing
	measure "$rounds" planning
	measure $((rounds * 3)) one_among_many
	measure "$rounds" defines
	measure $(((rounds * 2 + 2) / 3)) scripts
}

peer_name() {
	if [[ $PEER ]]; then chroot "$work/0" /peer/mdevctl --version; else echo none; fi
}

report() {
	{
		echo "mdevctl $(build/mdevctl --version | awk '{ print $NF }'), peer: $(peer_name); $(nproc) CPUs, Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg)."
		echo
		awk -v cpus="$(nproc)" -f tests/bench/report.awk "$work/results" FS='|' tests/bench/targets
	} | tee build/bench.md
	awk -f tests/bench/plot.awk "$work/results" >build/bench.svg
	say "the table is in build/bench.md, the plot in build/bench.svg"
}

[[ ${MDEVCTL_TEST_NAMESPACE-} ]] || prepare
enter_namespace "$PWD/tests/bench/run.sh"
make_work
make_hosts
agree_on_output
run_all
report
