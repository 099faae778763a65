#!/usr/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What libvirtd finds as mdevctl: runs the real one, with standard input of the
# same kind and content, and writes a line about the call, when it has ended:
#
#	STATUS ARGUMENTS <KIND
#
# KIND is null for /dev/null, and pipe: followed by what came through it.
# Every argument and the content are quoted as for a shell where they have
# to be, a newline being $'\n'.
PATH=/usr/bin:/usr/sbin
here=/test

newline='
'

# shellcheck disable=SC3060 # busybox has it
quote() {
	case $1 in
	*[!a-zA-Z0-9_./=:,-]* | '')
		set -- "${1//"'"/"'\\''"}"
		printf "'%s'" "${1//"$newline"/"'\$'\\n''"}"
		;;
	*) printf %s "$1" ;;
	esac
}

echo "$*" >>$here/begun
line=
for argument; do
	line="$line $(quote "$argument")"
done
case $(busybox readlink /proc/self/fd/0) in
/dev/null)
	kind='null'
	$here/real/mdevctl "$@"
	status=$?
	;;
pipe:*)
	copy=$(busybox mktemp $here/stdin.XXXXXX)
	busybox tee "$copy" | $here/real/mdevctl "$@"
	status=$?
	content=$(busybox cat "$copy"; echo x)
	kind="pipe:$(quote "${content%x}")"
	;;
*)
	kind=other
	$here/real/mdevctl "$@"
	status=$?
	;;
esac
echo "$status$line <$kind" >>$here/calls
exit $status
