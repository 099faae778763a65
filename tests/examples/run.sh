#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the examples of provisioning, as they are, on simulated hosts: the
# kickstart file's %post on an installed system and its first boot, the Ansible
# role with a local connection, what the pods of the DaemonSet run in a chroot.
# Ends with "N passed, N failed".
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
simulate() { # directory, [host]
	mkdir -p "$1/sys"
	[[ -d $1/dev ]] || ln -s sys/fake/dev "$1/dev"
	build/fake-sysfs "tests/fake-sysfs/hosts/${2-several-cards}.json" "$1/sys"
}

installs() {
	mkdir -p /mnt/sysroot
	make -s install DESTDIR=/mnt/sysroot PREFIX=/usr
	sed -n '/^%post/,/^%end/{//!p}' examples/kickstart/mdevctl.ks >"$TMPDIR/post"
	/bin/bash "$TMPDIR/post" | tail -n 1 >"$TMPDIR/told"
	same '1 pool defined, 2 defined, 0 as wanted' "$(<"$TMPDIR/told")"
	same "$(printf '%s\n' "$vm1 0000:00:02.0 i915-GVTg_V5_4 auto" '  Name: desktop' "$vm2 $gpu nvidia-18 manual" \
		'  Name: render' '  Attrs:' '    @{0}: {"nvidia/vgpu_params":"frame_rate_limiter=0"}')" \
		"$(build/mdevctl --root /mnt/sysroot list --defined --verbose)"
	same '' "$(find /etc/mdevctl.d -newer "$TMPDIR/post" 2>/dev/null || true)"
	same 'nothing to do, 2 as wanted' "$(/bin/bash "$TMPDIR/post")"
}

# What is wrong with a description ends %post with an error, and so the installation.
refuses() {
	sed 's/"manual"/"sometimes"/' "$TMPDIR/post" >"$TMPDIR/wrong"
	fails /bin/bash "$TMPDIR/wrong" 2>"$TMPDIR/told"
	grep 'mdevctl-host.json:[0-9]*: "start" is "sometimes"' "$TMPDIR/told"
	grep 'nothing was changed' "$TMPDIR/told"
	/bin/bash "$TMPDIR/post"
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
	# The diff is the plan, word for word.
	grep -Fx "< stop $vm3 $gpu nvidia-18" "$TMPDIR/play"
	grep -Fx "+ define desktop 0000:00:02.0 i915-GVTg_V5_4" "$TMPDIR/play"
	grep -Fx '1 pool defined, 1 stopped, 1 undefined, 2 defined, 1 started, 0 as wanted' "$TMPDIR/play"
	state | diff "$TMPDIR/before" -
}

role_changes() {
	play
	changed 1
	same "$vm1 0000:00:02.0 i915-GVTg_V5_4 auto (defined)" "$(build/mdevctl list -u "$vm1")"
	same "$vm2 $gpu nvidia-18 manual" "$(build/mdevctl list -d -u "$vm2")"
	same '' "$(build/mdevctl list -u "$vm2"; build/mdevctl list -u $vm3; build/mdevctl list -d -u $vm3)"
	build/mdevctl list-pools | grep '^desktops: '
}

role_is_idempotent() {
	state >"$TMPDIR/before"
	play --diff
	changed 0
	same '' "$(grep '^[-+~<>] ' "$TMPDIR/play" || true)"
	play --check
	changed 0
	state | diff "$TMPDIR/before" -
}

# Keys that other programs keep in a definition are none of the role's.
role_repairs() {
	local file=$root/etc/mdevctl.d/$gpu/$vm2
	sed -i 's/"start"/"x-owner": "site", "start"/' "$file"
	build/mdevctl modify -u "$vm1" --manual
	build/mdevctl modify -u "$vm2" --addattr other --value 1
	build/mdevctl stop -u "$vm1"
	play --diff
	changed 1
	grep -Fx '~ modify desktop 0000:00:02.0 i915-GVTg_V5_4 (start: manual -> auto)' "$TMPDIR/play"
	grep '^~ modify render .*other=1' "$TMPDIR/play"
	same "$vm1 0000:00:02.0 i915-GVTg_V5_4 auto (defined)" "$(build/mdevctl list -u "$vm1")"
	grep '"x-owner": "site"' "$file"
	play
	changed 0
}

# With a description of its own: what runs is left alone and warned of, until it may be restarted.
role_restarts() {
	echo '{"mdevctl_host": [{"0000:00:02.0": [{"desktop": {"mdev_type": "i915-GVTg_V5_8", "start": "auto"}}]}]}' \
		>"$TMPDIR/smaller.yml"
	play -e "@$TMPDIR/smaller.yml"
	changed 1
	grep 'WARNING.*desktop runs on 0000:00:02.0 as i915-GVTg_V5_4 still' "$TMPDIR/play"
	same "$vm1 0000:00:02.0 i915-GVTg_V5_4 auto (defined)" "$(build/mdevctl list -u "$vm1")"
	play -e "@$TMPDIR/smaller.yml" -e mdevctl_restart=true
	changed 1
	same "$vm1 0000:00:02.0 i915-GVTg_V5_8 auto (defined)" "$(build/mdevctl list -u "$vm1")"
}

# All at once, and where in the YAML, of which mdevctl has seen nothing.
role_refuses() {
	cat >"$TMPDIR/wrong.yml" <<-END
		mdevctl_host:
		  devices:
		    - "$gpu":
		        - fast: {mdev_type: nvidia-18, start: auto, attrs: [{speed: 0x47}]}
		        - slow: {mdev_type: nvidia-18, start: sometimes}
	END
	state >"$TMPDIR/before"
	for mode in --check --diff; do
		fails play "$mode" -e "@$TMPDIR/wrong.yml"
		grep "devices > $gpu > fast > attrs > speed: the value of attribute" "$TMPDIR/play"
		grep "devices > $gpu > slow > start: .*sometimes" "$TMPDIR/play"
		grep '2 things are wrong with it; nothing was changed' "$TMPDIR/play"
	done
	state | diff "$TMPDIR/before" -
}

# The python that ansible runs with, which has a parser for YAML.
manifests() {
	/usr/bin/python3 tests/examples/kubernetes.py "$@"
}

manifests_are_valid() {
	manifests check
	# A misspelled field is seen.
	cp -r examples/kubernetes "$TMPDIR/kubernetes"
	sed -i 's/hostPID/hostPid/' "$TMPDIR/kubernetes/base/daemonset.yaml"
	(mkdir "$TMPDIR/broken" && mv "$TMPDIR/kubernetes" "$TMPDIR/broken/" && ln -s "$PWD/tests" "$TMPDIR/tests" &&
		cd "$TMPDIR" && mv broken examples && fails manifests check >told && grep "no field 'hostPid'" told)
}

manifests_are_built() {
	kubectl kustomize examples/kubernetes | manifests rendered
}

# A node with the program and its libraries, and beside it the root of a container, which has but busybox.
new_node() { # kind, host
	local file
	node=$TMPDIR/node-$1 pod=$TMPDIR/pod-$1
	mkdir -p "$node"/{dev,proc,tmp} "$pod"/{bin,host,description}
	make -s install DESTDIR="$node" PREFIX=/usr
	while read -r file; do
		install -D "$file" "$node$file"
	done < <(ldd build/mdevctl | grep -o '/[^ ]*')
	simulate "$node" "$2"
	mount -t proc proc "$node/proc"
	ln -s /sys/fake/dev/vfio "$node/dev/vfio"
	cp "$(command -v busybox)" "$pod/bin/busybox"
	for file in sh chroot sleep; do
		ln -s busybox "$pod/bin/$file"
	done
	mount --rbind "$node" "$pod/host"
	cp "examples/kubernetes/$1/host.json" "$pod/description"
}

# What the container does, or its probe, by the words in the DaemonSet.
in_pod() { # container
	local words
	mapfile -d '' words < <(manifests words "$1")
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin timeout 60 /usr/sbin/chroot "$pod" "${words[@]}" >"$TMPDIR/told" 2>&1
}

on_node() {
	env -i PATH=/usr/sbin:/usr/bin /usr/sbin/chroot "$node" mdevctl "$@"
}

# The expected number of devices, and nothing more to do for the probe.
as_described() { # number
	same "$1" "$(on_node list | wc -l)"
	in_pod watch
	grep "^nothing to do, $1 as wanted" "$TMPDIR/told"
}

node_of_mdevs() {
	new_node m60 two-nodes
	fails in_pod watch
	in_pod apply
	as_described 8
	# KubeVirt finds them by the type's name, as the kernel has it.
	same "$(sed -n 's/.*mdevNameSelector: //p' examples/kubernetes/kubevirt.yaml)" \
		"$(cat "$node"/sys/bus/mdev/devices/*/mdev_type/name | sort -u)"
	in_pod apply
	grep '^nothing to do, 8 as wanted' "$TMPDIR/told"
	on_node stop --name desktop-3
	fails in_pod watch
	in_pod apply
	as_described 8
}

# Others instead, while a machine has one: refused as a whole, and done once it is free.
node_waits_for_users() {
	local group holder
	node=$TMPDIR/node-m60 pod=$TMPDIR/pod-m60
	sed -i 's/GRID M60-2Q/GRID M60-1Q/; s/"desktop"/"small"/' "$pod/description/host.json"
	group=$(readlink "$node/sys/bus/mdev/devices/$(uuidgen --sha1 --namespace @url --name mdev:desktop-1)/iommu_group")
	# No process that calls mdevctl: those are known not to use it.
	sleep 600 9<>"$node/sys/fake/dev/vfio/${group##*/}" >/dev/null 2>&1 &
	holder=$!
	until [[ $(readlink "/proc/$holder/fd/9") == */vfio/* && $(<"/proc/$holder/comm") == sleep ]]; do sleep 0.05; done
	fails in_pod apply
	grep 'desktop-1 would have to be stopped, and is in use by [0-9]* (sleep)' "$TMPDIR/told"
	grep 'nothing was changed' "$TMPDIR/told"
	same 8 "$(on_node list | grep -c nvidia-18)"
	kill $holder
	wait $holder || true
	in_pod apply
	as_described 16
	same 16 "$(on_node list | grep -c nvidia-15)"
}

node_of_functions() {
	local selector
	new_node l4 two-vgpu-cards
	in_pod apply
	as_described 6
	same 6 "$(cat "$node"/sys/bus/pci/devices/*/nvidia/current_vgpu_type | grep -cx 701)"
	# KubeVirt finds them by these.
	selector=$(sed -n 's/.*pciVendorSelector: "\(.*\):\(.*\)"/0x\1 0x\2/p' examples/kubernetes/kubevirt.yaml)
	same "${selector,,}" \
		"$(cd "$node/sys/bus/pci/devices" && cat 0000:41:00.4/{vendor,device} | paste -sd' ')"
}

main() {
	make_work
	mount -t tmpfs tmpfs /mnt
	export TMPDIR=/sys LC_ALL=C.UTF-8 HOME=/sys/home ANSIBLE_NOCOLOR=1
	export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_DEPRECATION_WARNINGS=false
	mkdir $HOME
	check 'kickstart: %post defines devices in the installed system' installs
	check 'kickstart: a mistake in the description ends the installation' refuses
	check 'kickstart: at its first boot the automatic one is started' boots

	root=/sys/host
	simulate $root
	export MDEVCTL_ENV_ROOT=$root PATH=$PWD/build:$PATH
	check 'ansible: the role tells with --check --diff what it would do, and does nothing' role_checks
	check 'ansible: defines, starts, stops and forgets' role_changes
	check 'ansible: a second run changes nothing' role_is_idempotent
	check 'ansible: what somebody has changed is put right, and keys of other programs stay' role_repairs
	check 'ansible: what runs otherwise is warned of, and restarted where that is asked for' role_restarts
	check 'ansible: all that is wrong is told, with its place in the YAML, and nothing is changed' role_refuses

	unset MDEVCTL_ENV_ROOT
	check 'kubernetes: its files have the fields that there are, and fit together' manifests_are_valid
	if command -v kubectl >/dev/null; then
		check 'kubernetes: kubectl builds a DaemonSet and a ConfigMap for each kind of nodes' manifests_are_built
	else
		echo 'skipped - kubernetes: there is no kubectl to build with'
	fi
	check 'kubernetes: the pod makes as many mediated devices as fit, and again after a change' node_of_mdevs
	check 'kubernetes: the pod waits for a device that is in use, and changes nothing before' node_waits_for_users
	check 'kubernetes: the pod makes vGPUs on virtual functions' node_of_functions
	check 'README: its picture shows what the demo prints' env -u MDEVCTL_TEST_NAMESPACE tests/picture.sh --check
	summary
}

if [[ -z ${MDEVCTL_TEST_NAMESPACE-} ]]; then
	((EUID == 0)) || { echo "this needs root: it mounts an installed system" >&2; exit 1; }
	need "${BUILD_NEEDS[@]}" "${RUN_NEEDS[@]}" ansible-playbook busybox
	need_fuse
	make -s build/mdevctl build/fake-sysfs
fi
enter_namespace "$PWD/tests/examples/run.sh"
main
