# shellcheck shell=dash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Is the kernel the one that tests/fake-sysfs simulates?  The other half of this is in tests/run.sh.

check 'the real kernel answers as the simulated one, about virtual functions'
run /facts/kernel-facts-check.sh -q kernel-facts-vfs "$(uname -r | cut -d. -f1,2)" /sys /facts/facts-hook.sh
is_status 0
is_silent
