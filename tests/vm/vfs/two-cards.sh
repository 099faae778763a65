# shellcheck shell=dash disable=SC2086,SC2154 # the variables are of guest.sh and vfs-host.sh; no name has blanks
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Which of two cards a virtual function is taken from: names, policies and pools.

# are_used N M: so many of either card are started.
are_used() {
	for card in $pf $other; do
		count=0
		for link in "$pci/$card"/virtfn*; do
			[ ! -e "$link/driver" ] || count=$((count + 1))
		done
		expect "$1 of $card are started, not $count" [ "$count" = "$1" ]
		shift
	done
}

keep_both() {
	keep $pf "$1"
	keep $other "$1"
}

check 'start without a parent, compact: one card is filled before the next'
keep_both 2
must mdevctl start -t vfio-pci
are_used 1 0
must mdevctl start -t vfio-pci
are_used 2 0
must mdevctl start -t vfio-pci
are_used 2 1
host_kept_off

check 'start --policy spread: by turns'
keep_both 2
must mdevctl start -t vfio-pci --policy spread
are_used 1 0
must mdevctl start -t vfio-pci --policy spread
are_used 1 1
must mdevctl start -t vfio-pci --policy spread
are_used 2 1

check 'start --policy separate: one on each card, and the third is refused'
keep_both 2
must mdevctl start -t vfio-pci --policy separate
must mdevctl start -t vfio-pci --policy separate
are_used 1 1
run mdevctl start -t vfio-pci --policy separate
is_refused vfio-pci
are_used 1 1

check 'start --dry-run: prints what would be, and does nothing'
keep_both 1
run mdevctl start --name vm12 -t vfio-pci --dry-run
is_status 0
is_stdout "$vm12 $vf vfio-pci"
are_used 0 0

check 'start --pool, by the vendor and device of the card: 6 at once for 4 places: 4 succeed, 2 fail with the table'
keep_both 2
echo '{"parents": ["1b36:0010"], "types": ["vfio-pci"], "policy": "spread"}' >pool.json
must mdevctl define-pool disks --jsonfile pool.json
: >out
for _ in 1 2 3 4 5 6; do
	at_once mdevctl start --pool disks
done
succeeded 4
are_used 2 2
expect '4 UUIDs' [ "$(sort -u out | wc -l)" = 4 ]

check '6 start --name of one name at once from a pool: one device, and all succeed'
keep_both 2
echo '{"parents": ["0000:02:*", "0000:01:*"], "types": ["vfio-pci"]}' >pool.json
must mdevctl define-pool disks --jsonfile pool.json
: >out
for _ in 1 2 3 4 5 6; do
	at_once mdevctl start --name vm12 --pool disks
done
succeeded 6
are_used 0 1
expect 'one UUID, 6 times' [ "$(sort -u out)" = $vm12 ]

check 'define without a parent: what is promised is left to it'
keep_both 1
must mdevctl define --name vm12 -t vfio-pci --auto
must mdevctl start -t vfio-pci
are_used 0 1
run mdevctl start -t vfio-pci
is_refused 'promised to vm12'
quietly mdevctl start-parent-mdevs $vf
are_used 1 1
