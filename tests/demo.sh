#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The whole life of a mediated device on a simulated host, command by command.
# Installs what is missing (as root) and builds; everything happens below a
# temporary directory in a mount namespace of its own, so nothing is left
# behind, however it ends.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh

if [[ -z ${MDEVCTL_TEST_NAMESPACE-} ]]; then
	need "${BUILD_NEEDS[@]}" "${RUN_NEEDS[@]}"
	need_fuse
	trap give_builds EXIT
	make -s build/mdevctl build/fake-sysfs
fi
enter_namespace "$PWD/tests/demo.sh"

make_work
root=/sys/host
mkdir -p $root/sys
ln -s sys/fake/dev $root/dev
build/fake-sysfs tests/fake-sysfs/hosts/several-cards.json $root/sys
export PATH=$PWD/build:$PATH MDEVCTL_ENV_ROOT=$root

bold='' plain=''
[[ -t 1 && -z ${NO_COLOR-} ]] && bold=$'\e[1m' plain=$'\e[0m'

say() {
	printf '\n%s\n' "# $*"
}

run() {
	printf '%s$ %s%s\n' "$bold" "$*" "$plain"
	"$@"
}

# For what is meant to fail, and says why.
refused() {
	printf '%s$ %s%s\n' "$bold" "$*" "$plain"
	if "$@" 2>&1; then
		echo "this should have failed" >&2
		exit 1
	fi
}

card=0000:00:02.0
gpu=0000:84:00.0
vm1=7c9a1b52-3f0e-4d6a-8e21-0a5b6c7d8e9f

say 'A simulated host: an Intel GPU, two NVIDIA GPUs and a serial card. What runs there?'
run mdevctl list

say "What do two of its cards offer? ('mdevctl types' alone lists them all.)"
run mdevctl types --parent $card
run mdevctl types --parent mtty

say 'Keep two devices for virtual machines; the first comes back by itself at every boot.'
run mdevctl define --auto --uuid $vm1 --parent $card --type i915-GVTg_V5_4
run mdevctl define --parent $gpu --type nvidia-18
vm2=$(mdevctl list --defined --parent $gpu)
vm2=${vm2%% *}
run mdevctl list --defined

say 'Start them.'
run mdevctl start --uuid $vm1
run mdevctl start --uuid "$vm2"
run mdevctl list

say 'A device that needs no definition: it is forgotten when it is stopped.'
run mdevctl start --parent mtty --type mtty-2

say 'What cannot be says why, and what would help.'
refused mdevctl start --parent $gpu --type nvidia-11
refused mdevctl start --parent 00:02.0 --type i915-GVTg_V5_4

say 'The Intel card goes away (driver unloaded, host rebooted) and comes back.'
echo "parent-remove $card" >$root/sys/fake/control
run mdevctl list
echo "parent-add $card" >$root/sys/fake/control
say "Now the udev rule runs this (there is no udev in the simulation):"
run mdevctl start-parent-mdevs $card
run mdevctl list --parent $card

say 'Change a definition; the device itself changes when it is started next.'
run mdevctl modify --uuid $vm1 --type i915-GVTg_V5_8
run mdevctl modify --uuid "$vm2" --auto
run mdevctl modify --uuid "$vm2" --addattr nvidia/vgpu_params --value frame_rate_limiter=0
run mdevctl list --defined --verbose

say 'Stop and forget.'
run mdevctl stop --uuid $vm1
run mdevctl undefine --uuid $vm1
run mdevctl undefine --uuid "$vm2"
run mdevctl list --defined
run mdevctl list
