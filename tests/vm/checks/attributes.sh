# shellcheck shell=dash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Attributes of devices: all of them are written, in their order, or the device is not made.  The sample drivers have
# none that can be written, but every device has those of its power management.

unknown='"nosuch": "1"'

check 'start writes attributes in their order'
definition mtty-1 manual '[{"power/control": "auto"}, {"power/control": "on"}]'
quietly mdevctl start -u "$A" -p mtty --jsonfile definition.json
has_attribute "$A" power/control on
definition mtty-1 manual '[{"power/control": "on"}, {"power/control": "auto"}]'
quietly mdevctl start -u "$B" -p mtty --jsonfile definition.json
has_attribute "$B" power/control auto

check 'start with an attribute that does not exist: nothing left behind'
definition mtty-2 manual "[{\"power/control\": \"on\"}, {$unknown}]"
run mdevctl start -u "$A" -p mtty --jsonfile definition.json
is_refused nosuch
has_devices 0
is_free mtty mtty-2 12

check 'start with an attribute that cannot be written: nothing left behind'
definition mdpy-vga manual '[{"vendor/resolution": "1x1"}]'
run mdevctl start -u "$A" -p mdpy --jsonfile definition.json
is_refused vendor/resolution 'cannot be written'
has_devices 0
is_free mdpy mdpy-vga 4

check 'start with a value that the kernel refuses, by EINVAL or by EIO: nothing left behind, and its words are told'
definition mtty-1 manual '[{"power/control": "sideways"}]'
run mdevctl start -u "$A" -p mtty --jsonfile definition.json
is_refused power/control sideways 'Invalid argument'
has_devices 0
definition mtty-1 manual '[{"power/control": "on"}, {"power/autosuspend_delay_ms": "1"}]'
run mdevctl start -u "$A" -p mtty --jsonfile definition.json
is_refused power/autosuspend_delay_ms 'Input/output error'
has_devices 0
is_free mtty mtty-1 24

check 'start with an attribute that is a directory: nothing left behind'
definition mtty-1 manual '[{"power": "on"}]'
run mdevctl start -u "$A" -p mtty --jsonfile definition.json
is_refused power
has_devices 0

check 'modify --addattr, --delattr: the next start writes what is left, in the new order'
must mdevctl define -u "$A" -p mtty -t mtty-1
quietly mdevctl modify -u "$A" --addattr power/control --value auto
quietly mdevctl modify -u "$A" --addattr power/nosuch --value 1
quietly mdevctl modify -u "$A" --addattr power/control --value on --index 0
run mdevctl start -u "$A"
is_refused power/nosuch
has_devices 0
quietly mdevctl modify -u "$A" --delattr
quietly mdevctl start -u "$A"
has_attribute "$A" power/control auto
must mdevctl stop -u "$A"
quietly mdevctl modify -u "$A" --delattr --index 1
quietly mdevctl start -u "$A"
has_attribute "$A" power/control on

check 'start with an attribute outside of the device, by its path or by a link: refused, nothing written'
for name in ../mdev_supported_types/mtty-1/create mdev_type/create; do
	definition mtty-1 manual "[{\"$name\": \"$B\"}]"
	run mdevctl start -u "$A" -p mtty --jsonfile definition.json
	is_refused "$name"
	has_devices 0
done
