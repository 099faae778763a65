#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the examples of provisioning, as they are, on simulated hosts: the
# kickstart file's %post on an installed system and its first boot, the Ansible
# role with a local connection.  Ends with "N passed, N failed".
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
# shellcheck source=tests/lib/checks.sh
. tests/lib/checks.sh

vm1=$(uuidgen --sha1 --namespace @url --name mdev:desktop)
vm2=$(uuidgen --sha1 --namespace @url --name mdev:render)
vm3=5e4d3c2b-1a09-4f8e-8d7c-6b5a49382716
gpu=0000:84:00.0

# A host below a directory, with its simulated kernel.
simulate() { # directory
	mkdir -p "$1/sys"
	ln -s sys/fake/dev "$1/dev"
	build/fake-sysfs tests/fake-sysfs/hosts/several-cards.json "$1/sys"
}

installs() {
	mkdir -p /mnt/sysroot
	make -s install DESTDIR=/mnt/sysroot PREFIX=/usr
	sed -n '/^%post/,/^%end/{//!p}' examples/kickstart/mdevctl.ks >"$TMPDIR/post"
	/bin/bash "$TMPDIR/post"
	same "$(printf '%s\n' "$vm1 0000:00:02.0 i915-GVTg_V5_4 auto" '  Name: desktop' "$vm2 $gpu nvidia-18 manual" \
		'  Name: render' '  Attrs:' '    @{0}: {"nvidia/vgpu_params":"frame_rate_limiter=0"}')" \
		"$(build/mdevctl --root /mnt/sysroot list --defined --verbose)"
	same '' "$(find /etc/mdevctl.d -newer "$TMPDIR/post" 2>/dev/null || true)"
}

boots() {
	simulate /mnt/sysroot
	export MDEVCTL_ENV_ROOT=/mnt/sysroot
	build/mdevctl start-parent-mdevs 0000:00:02.0
	build/mdevctl start-parent-mdevs $gpu
	same "$vm1 0000:00:02.0 i915-GVTg_V5_4 auto (defined)" "$(build/mdevctl list -u "$vm1")"
	same '' "$(build/mdevctl list -u "$vm2")"
}

# With the role's own playbook; further arguments are ansible-playbook's.
play() {
	(cd examples/ansible && ansible-playbook -i localhost, -c local -e ansible_become=false -e mdevctl_package= \
		-e ansible_python_interpreter="$(command -v python3)" site.yml "$@") >"$TMPDIR/play" 2>&1 || {
		cat "$TMPDIR/play"
		return 1
	}
	cat "$TMPDIR/play"
}

changed() { # number of tasks that changed something
	same "$1" "$(sed -n 's/.*changed=\([0-9]*\).*failed=0.*/\1/p' "$TMPDIR/play")"
}

# Everything that there is, by somebody else's eyes than the module's.
state() {
	(cd "$root" && find etc sys/bus/mdev/devices \( -type f -exec cat {} + -o -type l -printf '%P\n' \) 2>/dev/null |
		sort)
}

role_checks() {
	build/mdevctl define -u $vm3 -p $gpu -t nvidia-18
	build/mdevctl start -u $vm3
	state >"$TMPDIR/before"
	play --check --diff
	changed 1
	grep -- '^+.*"mdev_type": "i915-GVTg_V5_4"' "$TMPDIR/play"
	grep -- '^-.*"active": true' "$TMPDIR/play"
	state | diff "$TMPDIR/before" -
}

role_changes() {
	play
	changed 1
	same "$vm1 0000:00:02.0 i915-GVTg_V5_4 auto (defined)" "$(build/mdevctl list -u "$vm1")"
	same "$vm2 $gpu nvidia-18 manual" "$(build/mdevctl list -d -u "$vm2")"
	same '' "$(build/mdevctl list -u "$vm2"; build/mdevctl list -u $vm3; build/mdevctl list -d -u $vm3)"
}

role_is_idempotent() {
	state >"$TMPDIR/before"
	play --diff
	changed 0
	same '' "$(grep '^[+-]' "$TMPDIR/play" || true)"
	state | diff "$TMPDIR/before" -
}

role_repairs() {
	build/mdevctl modify -u "$vm1" --manual
	build/mdevctl modify -u "$vm2" --addattr other --value 1
	play --diff
	changed 1
	grep -- '^+.*"start": "auto"' "$TMPDIR/play"
	grep -- '^-.*"other": "1"' "$TMPDIR/play"
	grep "$vm1 runs, and is not changed before" "$TMPDIR/play"
	play
	changed 0
	build/mdevctl stop -u "$vm1"
	play
	changed 1
	same "$vm1 0000:00:02.0 i915-GVTg_V5_4 auto (defined)" "$(build/mdevctl list -u "$vm1")"
}

# The card is chosen once, and the type may be said by id, by name, or by a pool.
role_chooses() {
	cat >"$TMPDIR/pool.json" <<-END
		{"parents": ["10de:13f2"], "types": ["GRID M60-2Q"], "policy": "spread", "attrs": [{"nvidia/vgpu_params": "x=1"}]}
	END
	build/mdevctl define-pool spread --jsonfile "$TMPDIR/pool.json"
	cat >"$TMPDIR/chosen.yml" <<-END
		mdevctl_devices:
		  - {name: by-pool, pool: spread, active: true}
		  - {name: by-name, type: GRID M60-2Q, parent: "0000:85:*", start: auto}
	END
	play -e "@$TMPDIR/chosen.yml"
	changed 1
	build/mdevctl list -d --name by-pool -v | grep -A3 ' 0000:85:00.0 nvidia-18 manual (active)'
	build/mdevctl list -d --name by-name | grep ' 0000:85:00.0 nvidia-18 auto$'
	play -e "@$TMPDIR/chosen.yml"
	changed 0
	sed -i 's/GRID M60-2Q/nvidia-18/' "$TMPDIR/chosen.yml"
	play -e "@$TMPDIR/chosen.yml"
	changed 0
}

# Keys that other programs keep in a definition are none of the module's.
role_keeps() {
	local file=$root/etc/mdevctl.d/$gpu/$vm2
	sed -i 's/"start"/"x-owner": "site", "start"/' "$file"
	play
	changed 0
	build/mdevctl modify -u "$vm2" --auto
	play
	changed 1
	grep '"x-owner": "site"' "$file"
}

role_refuses() {
	cat >"$TMPDIR/wrong.yml" <<-END
		mdevctl_devices: [{uuid: $vm2, parent: "$gpu", type: nvidia-18, attrs: [{speed: 0x47}]}]
	END
	state >"$TMPDIR/before"
	fails play -e "@$TMPDIR/wrong.yml"
	grep 'a value that is a string' "$TMPDIR/play"
	sed -i 's/nvidia-18, attrs.*/nvidia-99, active: true}]/' "$TMPDIR/wrong.yml"
	fails play -e "@$TMPDIR/wrong.yml"
	grep 'nvidia-99' "$TMPDIR/play"
}

main() {
	make_work
	mount -t tmpfs tmpfs /mnt
	export TMPDIR=/sys LC_ALL=C.UTF-8 HOME=/sys/home ANSIBLE_NOCOLOR=1
	export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_DEPRECATION_WARNINGS=false
	mkdir $HOME
	check 'kickstart: %post defines devices in the installed system' installs
	check 'kickstart: at its first boot the automatic one is started' boots

	root=/sys/host
	simulate $root
	export MDEVCTL_ENV_ROOT=$root PATH=$PWD/build:$PATH
	check 'ansible: the role tells with --check --diff what it would do, and does nothing' role_checks
	check 'ansible: defines, starts, stops and forgets' role_changes
	check 'ansible: a second run changes nothing' role_is_idempotent
	check 'ansible: what somebody has changed is put right, and what runs is warned of' role_repairs
	check 'ansible: by name, by pool and by pattern a card is chosen once' role_chooses
	check 'ansible: keys of other programs stay' role_keeps
	check 'ansible: a number for an attribute and an unknown type are errors' role_refuses
	check 'README: its picture shows what the demo prints' env -u MDEVCTL_TEST_NAMESPACE tests/picture.sh --check
	summary
}

if [[ -z ${MDEVCTL_TEST_NAMESPACE-} ]]; then
	((EUID == 0)) || { echo "this needs root: it mounts an installed system" >&2; exit 1; }
	need "${BUILD_NEEDS[@]}" "${RUN_NEEDS[@]}" ansible-playbook
	need_fuse
	make -s build/mdevctl build/fake-sysfs
fi
enter_namespace "$PWD/tests/examples/run.sh"
main
