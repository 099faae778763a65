# shellcheck shell=dash disable=SC2086,SC2154 # the variables are of guest.sh and vfs-host.sh; no name has blanks
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Virtual functions that a process holds as a virtual machine does.  The kernel waits for it, whoever asks, and asks
# nobody where only the group is open.

start_held() {
	keep $pf 3
	must mdevctl start --name vm12 -p $vf -t vfio-pci
}

check 'stop of a device in use: refused, naming the process, and left bound; works once that is gone'
start_held
hold $vf
run mdevctl stop --name vm12
is_refused
names_holder holder
has_driver vfio-pci $vf
expect 'it keeps its driver_override' [ "$(override_of $vf)" = vfio-pci ]
release
quietly mdevctl stop --name vm12
are_free $vf

check 'stop of a device whose VFIO group is open: refused, naming the process, and left bound; then it works'
start_held
hold_group $vf
run mdevctl stop --name vm12
is_refused
names_holder sleep
has_driver vfio-pci $vf
release
quietly mdevctl stop --name vm12
are_free $vf

check 'stop of a device beside one in use: works'
start_held
must mdevctl start -p 0000:01:00.2 -t vfio-pci
hold $vf
quietly mdevctl stop -u $vf2_uuid
are_free 0000:01:00.2
has_driver vfio-pci $vf

check 'start-parent-mdevs with another number kept, while one is in use: nothing changes'
start_held
hold $vf
before=$(identity $vf)
must mdevctl define-vfs -p $pf --count 4 --driver vfio-pci
run mdevctl start-parent-mdevs $pf
is_refused $pf 3 4
has_vfs $pf 3
has_driver vfio-pci $vf
expect "$vf is the same device as before" [ "$(identity $vf)" = "$before" ]

check 'stop --force of a device in use: says whom it waits for, and ends when that is gone'
start_held
hold $vf 3
run mdevctl stop --force --name vm12
is_status 0
is_stdout ''
names_holder holder
is_holder_gone
are_free $vf

# Whoever reads a file that the kernel keeps locked meanwhile cannot even be killed.
all_answer() {
	for asked in list 'list --defined' types "types -p $other" doctor; do
		# shellcheck disable=SC2086 # words of a command
		mdevctl $asked >/dev/null 2>&1 </dev/null &
		asking=$!
		expect "'mdevctl $asked' ends" soon [ ! -e /proc/$asking/exe ]
	done
}

check 'while somebody else unbinds a device in use: every list answers, and the device is none'
start_held
hold $vf
echo $vf >/sys/bus/pci/drivers/vfio-pci/unbind &
unbinding=$!
expect 'the unbinding has begun' soon [ ! -e $pci/$vf/driver ]
all_answer
quietly mdevctl list
must mdevctl start -p 0000:01:00.2 -t vfio-pci
expect 'it waits still' [ -e /proc/$unbinding/exe ]
release
wait
must mdevctl start --name vm12 -p $vf -t vfio-pci
are_started $vf

check 'while somebody else disables the functions of a card, one in use: every list answers'
start_held
must mdevctl define-vfs -p $other --count 1 --driver vfio-pci
hold $vf
echo 0 >$pci/$pf/sriov_numvfs &
disabling=$!
expect 'it has begun' soon [ ! -e $pci/$pf/virtfn0 ]
all_answer
expect 'it waits still' [ -e /proc/$disabling/exe ]
release
wait
has_vfs $pf 0
