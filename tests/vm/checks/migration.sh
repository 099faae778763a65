# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What describe and compat say, held against what the driver does: mtty migrates from Linux 6.7 on, and refuses the state
# of a device of its other type.  What documents of another kernel make is in documents.sh.

case $(uname -r) in
6.[0-6].*) migrates=0 ;;
*) migrates=1 ;;
esac

# describe_mtty UUID: as $1.json, with what VFIO answers.
describe_mtty() {
	run mdevctl describe -u "$1" --probe
	is_status 0
	cp out "$1.json"
}

# migrate_mtty FROM TO TEXT
migrate_mtty() { run migrate "$(group_of "$1")" "$1" "$(group_of "$2")" "$2" "$3"; }

check 'describe --probe: what the device can, as VFIO says, which no module had to be loaded for before'
# Those who held devices before this have had it loaded.
modprobe -r vfio_iommu_type1
must mdevctl start -u "$A" -p mtty -t mtty-1
is_not_loaded vfio_iommu_type1
describe_mtty "$A"
if [ $migrates = 1 ]; then
	tr -d ' \n' <out >line
	expect 'stop-copy, p2p and pre-copy' grep -qF '"migration":{"source":"vfio","features":["stop-copy","p2p","pre-copy"]' line
else
	tr -d ' \n' <out >line
	expect 'that it cannot migrate' grep -qF '"migration":{"source":"vfio","features":[]}' line
fi
expect 'the version of the driver' grep -qF '"module_version": "0.1"' out
expect 'the release of the kernel' grep -qF "\"kernel\": \"$(uname -r)\"" out
is_active "$A" mtty mtty-1

check 'describe --probe: a device in use is refused, naming the process, and stays in use'
must mdevctl start -u "$A" -p mtty -t mtty-1
hold "$A"
run mdevctl describe -u "$A" --probe
is_refused "$A"
names_holder holder
expect 'the process is there' [ -e "/proc/$holder" ]
release
describe_mtty "$A"

check "what the kernel's debugfs shows is what VFIO answers"
must mdevctl start -u "$A" -p mtty -t mtty-1
describe_mtty "$A"
[ -d /sys/kernel/debug/vfio ] || mount -t debugfs none /sys/kernel/debug
must mdevctl describe -u "$A"
if [ -d "/sys/kernel/debug/vfio/$A" ]; then
	expect 'stop-copy in both' [ "$(grep -c stop-copy out)" = "$(grep -c stop-copy "$A.json")" ]
	expect 'the source' grep -qF '"source": "debugfs"' out
else
	expect 'no word on migration without such a kernel' [ "$(grep -c '"migration"' out)" = 0 ]
fi

if [ $migrates = 1 ]; then
	check 'mtty-1 to mtty-1: compat knows no blocker, and the driver takes the state: what was written to the port is there'
	must mdevctl start -u "$A" -p mtty -t mtty-1
	describe_mtty "$A"
	run mdevctl compat "$A.json" -p mtty
	is_status 0
	stdout_has_line 'mtty mtty-1: no known blocker'
	stdout_has_line '  ok       migration: the device there can: stop-copy, p2p, pre-copy'
	must mdevctl stop -u "$A"
	must mdevctl start --like "$A.json"
	is_active "$A" mtty mtty-1
	must mdevctl start -u "$B" -p mtty -t mtty-1
	migrate_mtty "$A" "$B" 'a byte'
	is_status 0
	is_stdout 'moved: a byte'

	check 'mtty-2 to mtty-2: the same'
	must mdevctl start -u "$A" -p mtty -t mtty-2
	describe_mtty "$A"
	must mdevctl compat "$A.json" -p mtty
	stdout_has_line 'mtty mtty-2: no known blocker'
	must mdevctl start -u "$B" -p mtty -t mtty-2
	migrate_mtty "$A" "$B" x
	is_status 0
	is_stdout 'moved: x'

	check 'mtty-1 to mtty-2 and back: compat says incompatible, and the driver refuses the state'
	must mdevctl start -u "$A" -p mtty -t mtty-1
	must mdevctl start -u "$B" -p mtty -t mtty-2
	describe_mtty "$A"
	describe_mtty "$B"
	run mdevctl compat "$A.json" -p mtty -t mtty-2
	is_status 3
	stdout_has_line 'mtty mtty-2: incompatible'
	stdout_has_line '  blocks   type name: Single port serial there, Dual port serial here'
	migrate_mtty "$A" "$B" x
	is_status 1
	is_stdout 'refused: Bad address'
	run mdevctl compat "$B.json" -p mtty -t mtty-1
	is_status 3
	stdout_has_line 'mtty mtty-1: incompatible'
	migrate_mtty "$B" "$A" x
	is_status 1
	is_stdout 'refused: Bad address'
else
	check 'a device that cannot migrate: compat says so wherever it is to go, and the driver has no state to give'
	must mdevctl start -u "$A" -p mtty -t mtty-1
	must mdevctl start -u "$B" -p mtty -t mtty-1
	describe_mtty "$A"
	run mdevctl compat "$A.json"
	is_status 3
	stdout_has_line 'mtty mtty-1: incompatible'
	stdout_has_line '  blocks   migration: the device cannot migrate, says vfio there'
	modprobe vfio_iommu_type1
	migrate_mtty "$A" "$B" x
	is_status 2
	stderr_says 'Inappropriate ioctl'
fi

check 'compat, start --like: a full parent'
must mdevctl start -u "$A" -p mtty -t mtty-1
must mdevctl describe -u "$A"
cp out "$A.json"
for i in $(seq 11 33); do
	must mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-1
done
run mdevctl compat "$A.json" -p mtty
is_status 3
stdout_has_line '  blocks   room: full: 24 of mtty-1 run there'
run mdevctl start --like "$A.json"
is_refused
has_devices 24
