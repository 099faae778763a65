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

# As it could be typed.
show() {
	local word line=
	for word; do
		[[ $word == *[!A-Za-z0-9_./:=,-]* ]] && word="'$word'"
		line+=" $word"
	done
	printf '%s$%s%s\n' "$bold" "$line" "$plain"
}

run() {
	show "$@"
	"$@"
}

# For what is meant to fail, and says why.
refused() {
	show "$@"
	if "$@" 2>&1; then
		echo "this should have failed" >&2
		exit 1
	fi
}

card=0000:00:02.0

say 'A simulated host: an Intel GPU, two NVIDIA GPUs and a serial card. What runs there?'
run mdevctl list

say "What do two of its cards offer? ('mdevctl types' alone lists them all.)"
run mdevctl types --parent $card
run mdevctl types --parent mtty

say 'A device of this kind for that virtual machine: the card is chosen. Who asks again gets the same one.'
run mdevctl start --name render --type M60-2Q
run mdevctl start --name render --type M60-2Q
run mdevctl start --name render2 --need 'framebuffer>=2G' --need num_heads=4 --policy spread
run mdevctl list

say 'Keep one, on a card of our choice; it comes back by itself at every boot.'
run mdevctl define --auto --name desktop --parent $card --type i915-GVTg_V5_4
run mdevctl start --name desktop
run mdevctl list --defined --verbose

say 'What cannot be says why, and what would help.'
refused mdevctl start --type M60-4Q --parent '0000:8*'
refused mdevctl start --parent 00:02.0 --type i915-GVTg_V5_4

say 'The Intel card goes away (driver unloaded, host rebooted) and comes back.'
echo "parent-remove $card" >$root/sys/fake/control
run mdevctl list --defined
echo "parent-add $card" >$root/sys/fake/control
say "Now the udev rule runs this (there is no udev in the simulation):"
run mdevctl start-parent-mdevs $card
run mdevctl list --defined

say 'A pool: one choice for unlike hosts, and not more than so many.'
echo '{"parents": ["10de:13f2", "mtty"], "types": ["M60-8Q", "mtty-2"], "limit": 2}' >$root/pool.json
run cat $root/pool.json
run mdevctl define-pool small --jsonfile $root/pool.json
run mdevctl start --name vm1 --pool small
refused mdevctl start --name vm2 --pool small

say 'The whole host in one file: what it says is done, and what is so already is left alone.'
cat >$root/host.json <<'END'
[{"mtty": [{"console": {"mdev_type": "mtty-1", "start": "auto"}}],
  "0000:8*": [{"web": {"mdev_type": "M60-2Q", "start": "auto", "count": 2}}]}]
END
run cat $root/host.json
run mdevctl apply $root/host.json
sed -i 's/2}/1}/; s/"mtty-1", "start": "auto"/"mtty-2", "start": "manual"/' $root/host.json
run mdevctl apply $root/host.json --prune --restart
run mdevctl apply $root/host.json

say 'Change a definition; the device itself changes when it is started next.'
run mdevctl modify --name desktop --type i915-GVTg_V5_8
run mdevctl modify --name desktop --addattr intel_vgpu/vgpu_id --value 2
run mdevctl list --defined --verbose

say 'Stop and forget.'
run mdevctl stop --name desktop
run mdevctl undefine --name desktop
run mdevctl undefine-pool small
run mdevctl list --defined
run mdevctl list
