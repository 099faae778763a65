# shellcheck shell=dash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the kernel refuses: every errno that the sample drivers give, with the message that mdevctl makes of it, and
# that a start which fails leaves nothing behind.

check 'start of a UUID that runs: refused, and told where it runs'
must mdevctl start -u "$A" -p mtty -t mtty-2
run mdevctl start -u "$A" -p mtty -t mtty-2
is_refused "$A" mtty
run mdevctl start -u "$A" -p mtty -t mtty-1
is_refused "$A" mtty
is_active "$A" mtty mtty-2
has_devices 1

check 'start of a UUID that runs on another parent: refused, and told where it runs'
must mdevctl start -u "$A" -p mtty -t mtty-2
run mdevctl start -u "$A" -p mdpy -t mdpy-vga
is_refused "$A" mtty
is_active "$A" mtty mtty-2
is_free mdpy mdpy-vga 4

check 'start of a defined device that runs: refused'
must mdevctl define -u "$A" -p mtty -t mtty-2
must mdevctl start -u "$A"
run mdevctl start -u "$A"
is_refused "$A" mtty
is_active "$A" mtty mtty-2

check 'start of all 24 ports of mtty, then one more: no instance left (ENOSPC)'
for i in $(seq 24); do
	must mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-1
done
is_free mtty mtty-1 0
run mdevctl start -u "$(uuid 25)" -p mtty -t mtty-1
is_refused mtty-1
is_inactive "$(uuid 25)"
has_devices 24

check 'start of a type for which too little is left: refused, and told what is free'
for i in $(seq 23); do
	must mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-1
done
run mdevctl start -u "$(uuid 25)" -p mtty -t mtty-2
is_refused mtty-2 mtty-1
has_devices 23

check 'start of a fifth display of mdpy: no instance left (EUSERS)'
for i in $(seq 4); do
	must mdevctl start -u "$(uuid "$i")" -p mdpy -t mdpy-vga
done
run mdevctl start -u "$(uuid 5)" -p mdpy -t mdpy-hd
is_refused mdpy-hd
expect 'a message about instances, not the text of EUSERS' [ "$(grep -ci 'too many users' err)" = 0 ]
is_inactive "$(uuid 5)"
has_devices 4

check 'start of an unknown type: refused, and told what the parent offers'
run mdevctl start -u "$A" -p mtty -t mtty-3
is_refused mtty-3 mtty-1 mtty-2
has_devices 0

check 'start on an unknown parent: refused, and told the nearest name'
run mdevctl start -u "$A" -p mtti -t mtty-1
is_refused mtti mtty
has_devices 0

check 'stop of a device that does not run: refused'
must mdevctl define -u "$A" -p mtty -t mtty-2
run mdevctl stop -u "$A"
is_refused "$A"

check 'start, stop, define by somebody who is not root: refused, and told that only root may'
must mdevctl start -u "$A" -p mtty -t mtty-2
run_as_nobody mdevctl start -u "$B" -p mtty -t mtty-1
is_refused root
run_as_nobody mdevctl stop -u "$A"
is_refused "$A" root
run_as_nobody mdevctl define -u "$C" -p mtty -t mtty-1
is_refused root
is_active "$A" mtty mtty-2
has_devices 1
quietly mdevctl list --defined

check 'list and types by somebody who is not root: as for root'
must mdevctl define -u "$B" -p mtty -t mtty-1 --auto
must mdevctl start -u "$A" -p mtty -t mtty-2
for command_line in 'list' 'list --defined' 'list --dumpjson' 'types' 'types --dumpjson'; do
	# shellcheck disable=SC2086 # words
	must mdevctl $command_line
	mv out as-root
	run_as_nobody "mdevctl $command_line"
	is_status 0
	has_no_warning
	expect "what root sees with $command_line" cmp -s as-root out
done
