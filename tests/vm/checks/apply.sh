# shellcheck shell=dash disable=SC2154 # the variables are of guest.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A host in one file, where the kernel says what there is room for.

cat >host.json <<'END'
{
  "pools": {"ports": {"types": ["Single port serial"], "attrs": []}},
  "devices": [{
    "mtty": [{"dual": {"mdev_type": "Dual port serial", "start": "auto", "count": 2}}],
    "mdp*": [{"display": {"mdev_type": "mdpy-vga", "start": "auto"}}],
    "pool:ports": [{"port": {"start": "auto", "count": "max"}}]
  }]
}
END

check 'apply: the host is as the file says, as many ports as fit too, and then there is nothing to do'
run mdevctl apply host.json --dry-run
is_status 3
has_devices 0
run mdevctl apply host.json
is_status 0
# 24 ports, of which two devices take two each.
stdout_has_line '1 pool defined, 23 defined, 23 started, 0 as wanted'
has_devices 23
is_free mtty mtty-1 0
run mdevctl apply host.json --prune --restart
is_status 0
is_stdout 'nothing to do, 23 as wanted'

check 'apply: what goes makes room for what comes, which is placed once there is some'
must mdevctl apply host.json
sed 's/"count": 2/"count": 8/; s/"count": "max"/"count": 4/' host.json >other.json
run mdevctl apply other.json
is_status 1
stderr_says 'mtty has no room for a further mtty-2' 'nothing was changed'
has_devices 23
run mdevctl apply other.json --prune
is_status 0
has_devices 13
is_free mtty mtty-1 4
run mdevctl apply other.json --prune
is_stdout 'nothing to do, 13 as wanted'

check 'apply: a step that the kernel refuses has everything undone'
must mdevctl start -u "$A" -p mtty -t mtty-1
cat >bad.json <<'END'
[{"mtty": [{"one": {"mdev_type": "mtty-2", "start": "auto"}}],
  "mdpy": [{"two": {"mdev_type": "mdpy-hd", "start": "auto", "attrs": [{"vendor/no_such": "1"}]}}]}]
END
run mdevctl apply bad.json
is_status 1
stderr_says "no attribute 'vendor/no_such'" 'undone: > start one mtty mtty-2' 'undone: + define one mtty mtty-2'
has_devices 1
run mdevctl list --defined
is_stdout ''

check 'apply: killed anywhere, and run again, it comes to the same'
must mdevctl apply host.json
for after in 20 50 100 150 200 300 400 600; do
	for file in other.json host.json; do
		mdevctl apply $file --prune --restart >out 2>err &
		usleep "${after}000"
		kill -KILL $! 2>/dev/null
		wait $!
	done
done 2>/dev/null
must mdevctl apply other.json --prune --restart
has_devices 13
run mdevctl apply other.json --prune --restart
is_stdout 'nothing to do, 13 as wanted'

check 'apply: a device in use is not stopped, and nothing is changed'
must mdevctl apply host.json
hold "$(mdevctl list -p mdpy | cut -d' ' -f1)"
sed 's/mdpy-vga/mdpy-hd/; s/"count": 2/"count": 1/' host.json >other.json
run mdevctl apply other.json --restart --prune
is_status 1
stderr_says 'display would have to be stopped, and is in use by' 'nothing was changed'
has_devices 23
