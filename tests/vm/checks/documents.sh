# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Hosts with different kernels exchange documents: each boot prints its own (run.sh gives it to the boots after it) and
# compares those that it was given, /documents/RELEASE.

check 'describe: a document for the boots after this one'
must mdevctl start -u "$A" -p mtty -t mtty-1
run mdevctl describe -u "$A" --probe
is_status 0
echo "# document $(uname -r) $(tr -d '\n' <out)"

for document in /documents/*; do
	[ -e "$document" ] || continue
	from=$(basename "$document")
	[ "$from" != "$(uname -r)" ] || continue

	check "compat: a document of Linux $from"
	run mdevctl compat "$document" -p mtty
	cp out judged
	expect 'both kernels are named' grep -qF "kernel: $from there, $(uname -r) here" judged
	if grep -q stop-copy "$document"; then
		# It could, but is this the same driver?
		expect 'status 4' [ "$status" = 4 ]
		expect unknown grep -qxF 'mtty mtty-1: unknown' judged
		expect 'that the driver is built from other sources' grep -q '^  unknown  driver sources: ' judged
		expect 'nothing in the way' [ "$(grep -c '^  blocks' judged)" = 0 ]
	else
		expect 'status 3' [ "$status" = 3 ]
		expect incompatible grep -qxF 'mtty mtty-1: incompatible' judged
		expect 'that it cannot migrate there' grep -qxF '  blocks   migration: the device cannot migrate, says vfio there' judged
	fi

	check "start --like: a document of Linux $from: the same device, with the same UUID"
	must mdevctl start --like "$document"
	is_stdout "$A"
	has_no_warning
	is_active "$A" mtty mtty-1
	run mdevctl list --libvirt-xml -u "$A"
	stdout_has_line "    <address uuid='$A'/>"
done
