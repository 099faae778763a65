# shellcheck shell=dash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `start` loads the module of a type whose parent is not there, as modprobe would.

# loads MODULE COMMAND...: the command succeeds, and says on stderr which module it has loaded, and nothing else.
loads() {
	module=$1
	shift
	is_not_loaded "$module"
	run "$@"
	is_status 0
	stderr_says "$module"
	expect 'one line on stderr' [ "$(wc -l <err)" = 1 ]
	is_loaded "$module"
}

# fails_to_load COMMAND...: it is refused and loads nothing; the message has to be looked at.
fails_to_load() {
	is_not_loaded mtty
	run timeout 60 "$@"
	is_status 1
	is_stdout ''
	stderr_says mtty
	has_devices 0
	is_not_loaded mtty
}

check 'start without its driver: loads the module and those that it depends on, and says so on stderr'
modprobe -r mtty mdpy
is_not_loaded mdev
loads mtty mdevctl start -u "$A" -p mtty -t mtty-2
is_stdout ''
is_loaded mdev
is_active "$A" mtty mtty-2
has_devices 1

check 'start without its driver and without UUID: the UUID is all there is on stdout'
modprobe -r mdpy
loads mdpy mdevctl start -p mdpy -t mdpy-hd
is_uuid
is_active "$(cat out)" mdpy mdpy-hd

check 'start of a defined device without its driver: loads the module; defining it does not'
modprobe -r mtty
quietly mdevctl define -u "$A" -p mtty -t mtty-2
is_not_loaded mtty
loads mtty mdevctl start -u "$A"
is_stdout ''
is_active "$A" mtty mtty-2

check 'list, types, stop, undefine load nothing'
modprobe -r mtty mdpy
must mdevctl define -u "$A" -p mtty -t mtty-2 --auto
must mdevctl list
must mdevctl types
run mdevctl types -p mtty
run mdevctl stop -u "$A"
is_refused "$A"
quietly mdevctl undefine -u "$A"
is_not_loaded mtty
is_not_loaded mdev

check 'start with its driver loaded: says nothing of modules'
quietly mdevctl start -u "$A" -p mtty -t mtty-2

check 'start without its driver on a parent that the driver does not bring: refused in time, and told what there is'
modprobe -r mtty
run timeout 60 mdevctl start -u "$A" -p mtti -t mtty-1
is_refused mtti mtty
has_devices 0

check 'start without its driver, of a type that the driver does not bring: refused in time, and told what there is'
modprobe -r mtty
run timeout 60 mdevctl start -u "$A" -p mtty -t mtty-3
is_refused mtty-3 mtty-1 mtty-2
has_devices 0

check '12 starts at once without their driver: all succeed'
modprobe -r mtty
for i in $(seq 12); do
	at_once mdevctl start -u "$(uuid "$i")" -p mtty -t mtty-2
done
succeeded 12
has_devices 12

check 'start without its driver, with attributes of which one is wrong: nothing left behind'
modprobe -r mtty
definition mtty-1 manual '[{"nosuch": "1"}]'
run mdevctl start -u "$A" -p mtty --jsonfile definition.json
is_refused nosuch
has_devices 0

check 'start beside udev, without their driver: the one device and the auto devices run, without a word in syslog'
must mdevctl define -u "$A" -p mtty -t mtty-2 --auto
must mdevctl define -u "$B" -p mtty -t mtty-1 --auto
modprobe -r mtty
start_udevd
loads mtty mdevctl start -u "$C" -p mtty -t mtty-1
stop_udevd
are_active "$A" "$B" "$C"
syslog_is_silent

check 'start --no-load without its driver: refused, and told which module is missing'
modprobe -r mtty
fails_to_load mdevctl start --no-load -u "$A" -p mtty -t mtty-1
stderr_says mtty

check 'start --no-load with its driver: works'
quietly mdevctl start --no-load -u "$A" -p mtty -t mtty-1
is_active "$A" mtty mtty-1

check 'start --root: loads nothing'
modprobe -r mtty
mkdir -p root/sys
mount -o bind /sys root/sys
afterwards umount /tmp/root/sys
fails_to_load mdevctl --root /tmp/root start -u "$A" -p mtty -t mtty-1

check 'start with its driver blacklisted, in /etc or in /run: refused, and told that it is'
modprobe -r mtty
for dir in /etc/modprobe.d /run/modprobe.d; do
	configure_modprobe 'blacklist mtty' "$dir"
	fails_to_load mdevctl start -u "$A" -p mtty -t mtty-1
	stderr_says blacklist
	rm -r "$dir"
done

check 'start with another module blacklisted: works'
modprobe -r mtty
configure_modprobe 'blacklist mdpy'
loads mtty mdevctl start -u "$A" -p mtty -t mtty-1

check 'start with an install rule for its driver: that is run, and what it prints is not on stdout'
modprobe -r mtty
rm -f installed
afterwards rm -f /tmp/installed
configure_modprobe 'install mtty echo noise; /sbin/modprobe --ignore-install mtty && touch /tmp/installed'
run mdevctl start -p mtty -t mtty-1
is_status 0
is_uuid
expect 'the install rule has been run' [ -e installed ]
is_active "$(cat out)" mtty mtty-1

check 'start with an install rule that fails, or does nothing: refused'
modprobe -r mtty
configure_modprobe 'install mtty /bin/false'
fails_to_load mdevctl start -u "$A" -p mtty -t mtty-1
configure_modprobe 'install mtty /bin/true'
fails_to_load mdevctl start -u "$A" -p mtty -t mtty-1

check 'start without its driver: options and soft dependencies of modprobe.d are honoured'
modprobe -r mtty mdpy
configure_modprobe 'options mdpy count=7
softdep mdpy pre: mtty'
loads mdpy mdevctl start -u "$A" -p mdpy -t mdpy-vga
is_free mdpy mdpy-vga 6
is_loaded mtty

check 'start of a type that no module has: refused, and told which is looked for'
run timeout 60 mdevctl start -u "$A" -p nosuch -t nosuch-1
is_refused "$A" nosuch module
has_devices 0

check 'start of a type on a parent that is there: loads nothing of what the type may be named after'
run mdevctl start -u "$A" -p mtty -t mbochs-small
is_refused mbochs-small mtty-1
is_not_loaded mbochs

check 'start without its driver by somebody who is not root: refused, and told that only root may'
modprobe -r mtty
run_as_nobody mdevctl start -u "$A" -p mtty -t mtty-1
is_refused "$A" root
is_not_loaded mtty

check 'start without its driver and without libkmod: refused, and told that libkmod is missing'
modprobe -r mtty
mkdir libkmod
mv /lib/x86_64-linux-gnu/libkmod.so.* libkmod
afterwards rmdir /tmp/libkmod
afterwards mv /tmp/libkmod/libkmod.so.* /lib/x86_64-linux-gnu
fails_to_load mdevctl start -u "$A" -p mtty -t mtty-1
stderr_says libkmod

check 'without libkmod everything else works'
must mdevctl define -u "$A" -p mtty -t mtty-1 --auto
mkdir libkmod
mv /lib/x86_64-linux-gnu/libkmod.so.* libkmod
afterwards rmdir /tmp/libkmod
afterwards mv /tmp/libkmod/libkmod.so.* /lib/x86_64-linux-gnu
quietly mdevctl start-parent-mdevs mtty
quietly mdevctl start -u "$B" -p mdpy -t mdpy-vga
quietly mdevctl stop -u "$A"
is_active "$B" mdpy mdpy-vga
