# shellcheck shell=dash disable=SC2086,SC2154 # the variables are of guest.sh and vfs-host.sh; no name has blanks
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Cards, pools and devices in one file; and whatever is interrupted is made good by the next run.

cat >cards.json <<'END'
{
  "vfs": {
    "0000:01:00.0": {"vfs": 3, "driver": "vfio-pci"},
    "0000:02:00.0": {"vfs": 2, "driver": "vfio-pci", "bind": true}
  },
  "pools": {"disks": {"parents": ["0000:01:*"], "types": ["vfio-pci"]}},
  "devices": [{"pool:disks": [{"vm12": {"start": "auto"}}]}]
}
END

is_as_the_file_says() {
	has_vfs $pf 3
	has_vfs $other 2
	are_started $vf 0000:02:00.1 0000:02:00.2
	are_free 0000:01:00.2 0000:01:00.3
	host_kept_off
}

check 'apply: functions are enabled, one is placed and started, those of the other card are bound; then nothing to do'
run mdevctl apply cards.json --dry-run
is_status 3
has_vfs $pf 0
must mdevctl apply cards.json
is_as_the_file_says
run mdevctl list --defined
is_stdout "$vm12 $vf vfio-pci auto (active)"
run mdevctl apply cards.json
is_status 0
expect 'nothing to do' grep -q '^nothing to do' out

check 'dump: what apply takes, with the driver; on an empty host it makes the same of it'
must mdevctl apply cards.json
must mdevctl dump
cp out dumped.json
must mdevctl apply dumped.json
expect 'nothing to do' grep -q '^nothing to do' out
must mdevctl stop --name vm12
reset_host
must mdevctl apply dumped.json
is_as_the_file_says

check 'apply --prune: a device in use is not stopped, and nothing is changed'
must mdevctl apply cards.json
hold $vf
sed 's/"devices".*/"devices": [{"0000:01:00.2": [{"other": {"mdev_type": "vfio-pci"}}], "0000:01:00.1": []}]/' cards.json >less.json
run mdevctl apply less.json --prune
is_status 1
stderr_says vm12 'in use'
has_driver vfio-pci $vf
are_free 0000:01:00.2

check 'start-parent-mdevs: killed anywhere, the next run has all as it should be, what the host may take too'
must mdevctl define-vfs -p $pf --count 3 --driver vfio-pci --bind
for after in 2 5 10 15 20 30 50 80 120; do
	mdevctl start-parent-mdevs $pf >/dev/null 2>&1 &
	usleep ${after}000
	kill -KILL $! 2>/dev/null
	wait $!
	must mdevctl start-parent-mdevs $pf
	are_started 0000:01:00.1 0000:01:00.2 0000:01:00.3
	host_kept_off
	echo 0 >$pci/$pf/sriov_numvfs
done 2>/dev/null

check 'start and stop: killed anywhere, the next start has it'
keep $pf 1
for after in 2 5 10 15 20 30 50; do
	for what in "start --name vm12 -p $vf -t vfio-pci" 'stop --name vm12'; do
		mdevctl $what >/dev/null 2>&1 &
		usleep ${after}000
		kill -KILL $! 2>/dev/null
		wait $!
	done
	must mdevctl start --name vm12 -p $vf -t vfio-pci
	is_stdout $vm12
	are_started $vf
done 2>/dev/null
quietly mdevctl stop --name vm12
are_free $vf
