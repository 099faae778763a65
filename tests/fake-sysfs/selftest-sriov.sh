# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by selftest.sh, whose functions it uses: virtual functions and NVIDIA's vGPUs on them.
#
# Paths have no blanks; the variables are the other file's.
# shellcheck disable=SC2086,SC2154,SC2034

PF=bus/pci/devices/0000:41:00.0
VF=bus/pci/devices/0000:41:00.4
VF2=bus/pci/devices/0000:41:00.5
VF3=bus/pci/devices/0000:41:00.6

creatable() { # VF: its lines on one
	tr '\n' '|' < "$1/nvidia/creatable_vgpu_types"
}

# A VF's current vGPU type: written, or read.
type() {
	if [[ $# -gt 1 ]]; then w "$1/nvidia/current_vgpu_type" "$2"; else cat "$1/nvidia/current_vgpu_type"; fi
}

params() {
	if [[ $# -gt 1 ]]; then w "$1/nvidia/vgpu_params" "$2"; else cat "$1/nvidia/vgpu_params"; fi
}

vfio_node() { # VF
	echo "fake/dev/vfio/$(basename "$(readlink "$1/iommu_group")")"
}

vfs() {
	find bus/pci/devices -name '0000:41:0*' ! -name 0000:41:00.0 -printf '%f\n' | LC_ALL=C sort | xargs
}

# Like `control`, without its count of bytes.
tell() {
	local result
	result=$(control "$1")
	[[ $result == +([0-9]) ]] || is "control: $1" "done" "$result"
}

# A card whose driver has the errnos of the patches for the kernel.
start_patched() { # host
	local card
	start "$hosts/$1.json"
	for card in fake/unbindLock/*; do
		tell "card ${card##*/} errnos patches"
	done
}

# The released driver's: one for each refusal to create, one for all else.
test_released() {
	local fd
	start "$hosts/nvidia-l40s.json"
	is "released: unknown, and the value after it" "EIO 0" "$(type $VF 9999) $(type $VF)"
	is "released: a vGPU" 4 "$(type $VF 1150)"
	is "released: another size, over another, nothing over nothing" "EIO EPERM EPERM" \
		"$(type $VF2 1155) $(type $VF 1150) $(type $VF2 0)"
	exec {fd}<> "$(vfio_node $VF)"
	is "released: in use: remove, another type" "EPERM EPERM 1150" "$(type $VF 0) $(type $VF 1151) $(type $VF)"
	exec {fd}>&-
	wait_unused $VF
	is "released: not in use" "1 0" "$(type $VF 0) $(type $VF)"
	stop
}

test_vf_tree() {
	local l=../../../devices/pci0000:40/0000:40:01.1
	start_patched nvidia-l40s
	is "VFs are numbered from the PF's offset on" "32 0000:41:00.4 0000:41:04.3" \
		"$(vfs | awk '{ print NF, $1, $NF }')"
	is "a VF's links" "$l/0000:41:00.4 ../0000:41:00.0 ../../../../bus/pci/drivers/nvidia ../../../../bus/pci" \
		"$(readlink $VF) $(readlink $VF/physfn) $(readlink $VF/driver) $(readlink $VF/subsystem)"
	is "the PF's links" "../0000:41:00.4 ../0000:41:04.3 no" \
		"$(readlink $PF/virtfn0) $(readlink $PF/virtfn31) $(exists $PF/virtfn32)"
	is "the driver has them all" 33 "$(find bus/pci/drivers/nvidia -type l | wc -l)"
	is "ids" "0x10de 0x26b9 0x030200 0x10de 0x1851" \
		"$(cd $VF && cat vendor device class subsystem_vendor subsystem_device | xargs)"
	is "the PF's numbers" "32 32 4 1" \
		"$(cd $PF && cat sriov_totalvfs sriov_numvfs sriov_offset sriov_stride | xargs)"
	is "modes of a PF" "444 sriov_totalvfs 644 sriov_numvfs" \
		"$(cd $PF && stat -c '%a %n' sriov_totalvfs sriov_numvfs | xargs)"
	is "modes of a VF" "444 creatable_vgpu_types 644 current_vgpu_type 644 gpu_instance_id 644 placement_id \
644 vgpu_params 644 warm_update" "$(cd $VF/nvidia && stat -c '%a %n' -- * | LC_ALL=C sort -k 2 | xargs)"
	is "the PF has no vGPU attributes" no "$(exists $PF/nvidia)"
	is "VFIO of a VF" "0000:41:00.4 vfio 600" "$(ls $VF/iommu_group/devices) $(basename $VF/vfio-dev/vfio* |
		tr -d 0-9) $(stat -c %a "$(vfio_node $VF)")"
	is "nothing is registered with mdev" 0 "$(find class/mdev_bus -type l | wc -l)"
	stop
}

test_vgpu_rules() {
	local n
	start_patched nvidia-l40s
	is "empty" "0 ENXIO ENXIO 0" "$(type $VF) $(sys read $VF/nvidia/gpu_instance_id) \
$(sys read $VF/nvidia/placement_id) $(cat $VF/nvidia/warm_update)"
	is "0 over nothing" EPERM "$(type $VF 0)"
	for n in '\n' x -1 '1150 ' '1150\n\n' 0x; do
		is "no number: '$n'" EINVAL "$(type $VF "$n")"
	done
	is "a type that is unknown" "EINVAL 0" "$(type $VF 999) $(type $VF)"
	tell "card 0000:41:00.0 unknown ENODEV"
	is "a type that is unknown, another driver" "ENODEV 0" "$(type $VF 999) $(type $VF)"
	is "creatable_vgpu_types is only read" EACCES "$(sys open $VF/nvidia/creatable_vgpu_types)"
	is "create" "5 1150" "$(type $VF '1150\n') $(type $VF)"
	is "without newline" "4 1150" "$(type $VF2 1150) $(type $VF2)"
	is "over another, over itself" "EPERM EPERM 1150" "$(type $VF 1147) $(type $VF 1150) $(type $VF)"
	is "what can be read now" "4294967295 0" "$(cat $VF/nvidia/gpu_instance_id) $(cat $VF/nvidia/placement_id)"
	is "equal size: another size" "EINVAL 0" "$(type $VF3 1148) $(type $VF3)"
	is "equal size: another type of this size" "4 1160" "$(type $VF3 1160) $(type $VF3)"
	is "remove" "1 0 ENXIO" "$(type $VF 0) $(type $VF) $(sys read $VF/nvidia/placement_id)"
	is "remove, twice" EPERM "$(type $VF 0)"
	is "the log" "write devices/pci0000:40/0000:40:01.1/0000:41:00.4/nvidia/current_vgpu_type \"0\" = -EPERM" \
		"$(tail -n 1 fake/log)"
	is "placement: a number, in no use" "2 16 EINVAL" "$(w $VF2/nvidia/placement_id 16) \
$(cat $VF2/nvidia/placement_id) $(w $VF2/nvidia/placement_id x)"
	is "placement: of no vGPU" ENXIO "$(w $VF/nvidia/placement_id 16)"
	is "placement: is forgotten" "1 4 0" "$(type $VF2 0) $(type $VF2 1150) $(cat $VF2/nvidia/placement_id)"
	is "warm_update" "1 1 EINVAL" \
		"$(w $VF/nvidia/warm_update 1) $(cat $VF/nvidia/warm_update) $(w $VF/nvidia/warm_update 2)"
	stop
}

test_vgpu_forms() {
	local header='ID    : vGPU Name|' small='1145  : NVIDIA L40S-1B|' i
	start_patched nvidia-l40s
	is "form: header and rows" "${header}${small}1146  : NVIDIA L40S-2B|" "$(creatable $VF | cut -d'|' -f 1-3)|"
	tell "card 0000:41:00.0 form rows"
	is "form: rows" "${small}1146  : NVIDIA L40S-2B|" "$(creatable $VF | cut -d'|' -f 1,2)|"
	tell "card 0000:41:00.0 form name-id"
	is "form: name and id" "NVIDIA L40S-1B 1145|NVIDIA L40S-2B 1146|" "$(creatable $VF | cut -d'|' -f 1,2)|"
	is "all types" 22 "$(wc -l < $VF/nvidia/creatable_vgpu_types)"
	type $VF 1155 > /dev/null
	is "dynamic: nothing for a VF that has one" "" "$(creatable $VF)"
	is "dynamic: only this size for the others" "NVIDIA L40S-24Q 1155|NVIDIA L40S-24A 1165|" "$(creatable $VF2)"
	type $VF2 1165 > /dev/null
	is "dynamic: a full card" "" "$(creatable $VF3)"
	is "a full card" "ENOSPC 0" "$(type $VF3 1155) $(type $VF3)"
	is "a full card: another size" EINVAL "$(type $VF3 1150)"
	for i in "header $header" "header-or-empty " "rows " "name-id "; do
		tell "card 0000:41:00.0 form ${i%% *}"
		is "full: form ${i%% *}" "${i#* }|${i#* }" "$(creatable $VF3)|$(creatable $VF)"
	done
	tell "card 0000:41:00.0 form header"
	type $VF 0 > /dev/null
	is "dynamic: room again" "${header}1155  : NVIDIA L40S-24Q|1165  : NVIDIA L40S-24A|" "$(creatable $VF3)"
	is "unknown settings" "EINVAL EINVAL EINVAL EINVAL ENOENT" "$(control 'card 0000:41:00.0 form x') \
$(control 'card 0000:41:00.0 full 1') $(control 'card 0000:41:00.0 x yes') \
$(control 'card 0000:41:00.0 unknown EFOO') $(control 'card 0000:41:00.1 full yes')"
	stop
	start_patched nvidia-a40
	tell "sriov 0000:41:00.0 max"
	is "an older driver's file" "NVIDIA A40-1Q 557|" "$(creatable $VF | tr '|' '\n' | grep 557)|"
	stop
}

test_vgpu_room() {
	local i
	start_patched nvidia-l40s
	tell "card 0000:41:00.0 full yes"
	is "made full: nothing fits" "ID    : vGPU Name| ENOSPC 0" "$(creatable $VF) $(type $VF 1150) $(type $VF)"
	tell "card 0000:41:00.0 full no"
	is "no longer full" 4 "$(type $VF 1156)"
	is "the largest type is alone" ENOSPC "$(type $VF2 1156)"
	type $VF 0 > /dev/null
	for i in $VF/physfn/virtfn{0..11}; do type "$i" 1150 > "$tmp/last"; done
	is "max of a type: the last, one more" "4 ENOSPC ENOSPC" \
		"$(cat "$tmp/last") $(type $PF/virtfn12 1150) $(type $PF/virtfn12 1160)"
	for i in $PF/virtfn{0..11}; do type "$i" 0 > "$tmp/last"; done
	tell "card 0000:41:00.0 equal_size no"
	is "unlike sizes" "4 4 4" "$(type $VF 1155) $(type $VF2 1153) $(type $VF3 1152)"
	is "unlike sizes: what still fits" "1146 1150" \
		"$(creatable $PF/virtfn3 | tr '|' '\n' | awk '$1 ~ /^(1146|1150|1151)$/ { print $1 }' | xargs)"
	is "unlike sizes: what does not" "ENOSPC 4 ENOSPC" \
		"$(type $PF/virtfn3 1151) $(type $PF/virtfn3 1150) $(type $PF/virtfn4 1147)"
	stop
	cat > "$tmp/host.json" << EOF
{
	"parents": [{
		"name": "0000:41:00.0", "path": "devices", "subsystem": "bus/pci",
		"sriov": { "total": 4, "offset": 4, "numvfs": 4 },
		"vgpu": {
			"framebuffer": 9, "form": "rows", "errnos": "patches", "equal_size": false, "running": [7, 0, 7], "params_max": 3,
			"types": [
				{ "id": 7, "name": "a", "max": 2 }, { "id": 8, "name": "b" }, { "id": 9, "name": "c", "framebuffer": 2 }
			]
		}
	}]
}
EOF
	start "$tmp/host.json"
	is "max: reached" "ENOSPC 9     : c|" "$(type $VF2 7) $(creatable $VF2 | tr '|' '\n' | grep -v b)|"
	is "max: another size does not count" "1 1 7     : a|" \
		"$(type $VF2 9) $(type $VF 0) $(creatable $VF | cut -d'|' -f 1)|"
	is "max: another type of the size does" "1 ENOSPC" "$(type $VF 8) $(type $PF/virtfn3 7)"
	is "length of vgpu_params" "E2BIG 2 3" "$(params $VF3 'abc\n') $(params $VF3 ab) $(params $VF3 'ab\n')"
	stop
}

test_vgpu_params() {
	local fd
	start_patched nvidia-l40s
	is "params: empty" "" "$(params $VF)"
	is "params: need a vGPU" ENXIO "$(params $VF frame_rate_limiter=0)"
	type $VF 1150 > /dev/null
	is "params: written and read" "21|frame_rate_limiter=0" "$(params $VF 'frame_rate_limiter=0\n')|$(params $VF)"
	is "params: all is replaced" "28|disable_vnc=1, enable_uvm=1" \
		"$(params $VF 'disable_vnc=1, enable_uvm=1\n')|$(params $VF)"
	is "params: too long" "E2BIG|disable_vnc=1, enable_uvm=1" \
		"$(params $VF "$(printf 'x%.0s' {1..1025})")|$(params $VF)"
	is "params: just not too long" 1023 "$(params $VF "$(printf 'x%.0s' {1..1023})")"
	is "params: without a newline the last character is lost" "3|a=" "$(params $VF 'a=1')|$(params $VF)"
	is "params: cleared by a single space" "1|" "$(params $VF ' ')|$(params $VF)"
	params $VF 'a=1\n' > /dev/null
	is "params: cleared as echo does it" "2|" "$(params $VF ' \n')|$(params $VF)"
	params $VF 'a=1\n' > /dev/null
	exec {fd}<> "$(vfio_node $VF)"
	is "in use: params" "EPERM a=1" "$(params $VF b=1) $(params $VF)"
	is "in use: remove, another type" "EBUSY EBUSY 1150" "$(type $VF 0) $(type $VF 1147) $(type $VF)"
	is "in use: placement" EPERM "$(w $VF/nvidia/placement_id 1)"
	is "in use: another VF is not" 4 "$(type $VF2 1150)"
	is "in use: no VFs are disabled" "EBUSY 32" "$(control 'sriov 0000:41:00.0 0') $(cat $PF/sriov_numvfs)"
	is "in use: a second user" EBUSY "$(sys rdwr "$(vfio_node $VF)")"
	exec {fd}>&-
	wait_unused $VF
	is "not in use: remove, params are gone" "1 4|" "$(type $VF 0) $(type $VF 1150)|$(params $VF)"
	stop
}

# A close reaches the simulation a moment after it has returned.
wait_unused() { # VF
	local i
	for ((i = 0; i < 1000; i++)); do
		[[ $(w "$1/nvidia/placement_id" 0) == EPERM ]] || return 0
		sleep 0.01
	done
}

test_vgpu_mig() {
	local P=bus/pci/devices/0000:c4:00.0 VF=bus/pci/devices/0000:c4:00.4 VF2=bus/pci/devices/0000:c4:00.5 \
		VF3=bus/pci/devices/0000:c4:00.6 g
	local id=$VF/nvidia/gpu_instance_id
	start_patched nvidia-a100-mig
	is "MIG: nothing is listed without instances" "" "$(cat $VF/nvidia/creatable_vgpu_types)"
	tell "card 0000:c4:00.0 mig_listed yes"
	is "MIG: only types of instances are offered" "474 475 476 477 478" \
		"$(cut -d' ' -f 1 $VF/nvidia/creatable_vgpu_types | xargs)"
	is "MIG: without instance" "EIO 0" "$(type $VF 474) $(type $VF)"
	is "MIG: a time-sliced type" "EINVAL 0" "$(type $VF 468) $(type $VF)"
	tell "gpu-instances 0000:c4:00.0 1g.5gb 2g.10gb 1g.5gb"
	is "MIG: instance of another profile" EIO "$(type $VF 476)"
	is "MIG: with instances" "3 3 3" "$(type $VF 474) $(type $VF2 475) $(type $VF3 474)"
	is "MIG: which instances" "1 2 3" "$(cat {$VF,$VF2,$VF3}/nvidia/gpu_instance_id | xargs)"
	is "MIG: all are taken" "ENOSPC" "$(type $P/virtfn3 474)"
	is "MIG: what is left" "476 477 478" "$(cut -d' ' -f 1 $P/virtfn3/nvidia/creatable_vgpu_types | xargs)"
	is "MIG: instances in use stay" EBUSY "$(control 'gpu-instances 0000:c4:00.0')"
	is "MIG: another instance: free, taken, other profile, none" "1 1 1 EINVAL EINVAL EINVAL" \
		"$(type $VF3 0) $(w $id 3) $(w $id 1) $(w $id 2) $(w $id 4) $(w $id 0)"
	type $VF3 474 > /dev/null
	is "MIG: another instance: taken" EBUSY "$(w $id 3)"
	tell "gpu-instance-add 0000:c4:00.0 3g.20gb"
	type $P/virtfn3 476 > "$tmp/last"
	is "MIG: one more instance, and who has the others" "1 2 3 4" "$(cat {$VF,$VF2,$VF3,$P/virtfn3}/nvidia/gpu_instance_id | xargs)"
	is "MIG: what the card tells" "instance 3 1g.5gb 0000:c4:00.6|instance 4 3g.20gb 0000:c4:00.7|type 474 5120 1g.5gb GRID A100-1-5C" \
		"$(grep -E '^(instance [34]|type 474)' fake/card/0000:c4:00.0 | paste -sd'|')"
	is "MIG: an instance is removed: taken, none" "EBUSY ENOENT ENOENT EINVAL" "$(for g in 3 5 0 x; do
	control "gpu-instance-remove 0000:c4:00.0 $g"; done | xargs)"
	type $P/virtfn3 0 > "$tmp/last"
	tell "gpu-instance-remove 0000:c4:00.0 4"
	is "MIG: it is gone" "ENOENT 3" "$(control 'gpu-instance-remove 0000:c4:00.0 4') $(grep -c ^instance fake/card/0000:c4:00.0)"
	tell "gpu-instance-add 0000:c4:00.0 2g.10gb"
	is "MIG: its number is used again" "instance 4 2g.10gb -" "$(grep '^instance 4' fake/card/0000:c4:00.0)"
	tell "card 0000:c4:00.0 mig_listed no"
	is "MIG: listed only with a free instance" 475 "$(cut -d' ' -f 1 $P/virtfn3/nvidia/creatable_vgpu_types | xargs)"
	tell "card 0000:c4:00.0 mig_listed yes"
	for g in $VF $VF2 $VF3; do type "$g" 0 > "$tmp/last"; done
	tell "sriov 0000:c4:00.0 0"
	tell "sriov 0000:c4:00.0 max"
	is "enabling VFs ends the instances" EIO "$(type $VF 474)"
	tell "card 0000:c4:00.0 mig no"
	is "without MIG" "EINVAL 3 4294967295" "$(type $VF 474) $(type $VF 468) $(cat $id)"
	stop
}

test_vgpu_faults() {
	local writer fd
	start_patched nvidia-l40s
	tell 'fail write */0000:41:00.4/nvidia/current_vgpu_type EIO 1'
	is "fail a vGPU's write" "EIO 0 4" "$(type $VF 1150) $(type $VF) $(type $VF 1150)"
	tell 'fail write */vgpu_params E2BIG 1\nfail read */nvidia/creatable_vgpu_types EIO 1'
	is "fail others" "E2BIG EIO" "$(params $VF a=1) $(sys read $VF2/nvidia/creatable_vgpu_types)"
	tell 'slow write */current_vgpu_type 300 1'
	is "slow" yes "$(s=$EPOCHREALTIME; type $VF 0 > /dev/null; e=$EPOCHREALTIME
		[[ $((${e/./} - ${s/./})) -ge 300000 ]] && echo yes)"
	tell "set devices/pci0000:40/0000:40:01.1/0000:41:00.6/nvidia/creatable_vgpu_types 7 a\\x0a"
	is "set" "7 a|" "$(creatable $VF3)"
	tell 'hold create 0000:41:00.4'
	type $VF 1156 > "$tmp/a" &
	writer=$!
	wait_for fake/held "0000:41:00.4 create"
	is "held: none yet, but its room is taken" "0 ENXIO ENOSPC" \
		"$(type $VF) $(sys read $VF/nvidia/placement_id) $(type $VF2 1156)"
	type $VF 1150 > "$tmp/b" &
	tell 'release 0000:41:00.4'
	wait $writer $!
	is "held: a second writer comes after it" "4 EPERM 1156" "$(cat "$tmp/a") $(cat "$tmp/b") $(type $VF)"
	tell 'hold remove *'
	type $VF 0 > "$tmp/a" &
	wait_for fake/held "0000:41:00.4 remove"
	is "held: still there" "1156 ENOSPC" "$(type $VF) $(type $VF2 1156)"
	tell clear
	wait $!
	is "held: gone" "1 0" "$(cat "$tmp/a") $(type $VF)"
	is "somebody else's vGPU" "1150 EPERM" "$(tell 'vgpu 0000:41:00.5 1150'; type $VF2) $(type $VF2 1150)"
	is "somebody else's vGPU is not logged" 0 "$(grep -c '0000:41:00.5/nvidia.*"1150" = 4' fake/log)"
	is "somebody else: the rules hold" "EPERM EINVAL ENOENT" "$(control 'vgpu 0000:41:00.5 1151') \
$(control 'vgpu 0000:41:00.6 1151') $(control 'vgpu 0000:41:00.0 1150')"
	exec {fd}> $VF2/nvidia/current_vgpu_type
	tell 'reboot 0000:41:00.0'
	is "a descriptor from before" ENODEV "$(sys fdwrite $fd 0)"
	exec {fd}>&-
	stop
}

test_sriov() {
	local fd node
	start_patched nvidia-a40
	is "before: no VFs" "0 32  no" "$(cat $PF/sriov_numvfs) $(cat $PF/sriov_totalvfs) $(vfs) $(exists $PF/virtfn0)"
	is "a raw write, as this driver sees it" "ENOENT ENOENT ERANGE EINVAL EINVAL 1" "$(w $PF/sriov_numvfs 32) \
$(w $PF/sriov_numvfs '4\n') $(w $PF/sriov_numvfs 33) $(w $PF/sriov_numvfs x) $(w $PF/sriov_numvfs 65536) \
$(w $PF/sriov_numvfs 0)"
	is "VFs by the driver" "21 0000:41:00.4 0000:41:00.5 2" \
		"$(control 'sriov 0000:41:00.0 2\n') $(vfs) $(cat $PF/sriov_numvfs)"
	is "another number" "EBUSY ERANGE EINVAL ENOENT" "$(control 'sriov 0000:41:00.0 3') \
$(control 'sriov 0000:41:00.0 33') $(control 'sriov 0000:41:00.0 x') $(control 'sriov 0000:41:00.4 1')"
	is "a vGPU is gone with its VF" "3 no no no 0" "$(type $VF 557) $(tell 'sriov 0000:41:00.0 0'; exists $VF) \
$(exists bus/pci/drivers/nvidia/0000:41:00.4) $(exists $PF/virtfn0) $(find kernel/iommu_groups -type l | wc -l)"
	tell 'sriov 0000:41:00.0 max'
	is "and does not come back with it" "32 0" "$(cat $PF/sriov_numvfs) $(type $VF)"
	tell 'card 0000:41:00.0 equal_size no'
	is "unlike sizes" "3 3" "$(type $VF 557) $(type $VF2 558)"
	node=$(vfio_node $VF)
	exec {fd}<> "$node"
	tell 'card 0000:41:00.0 full yes'
	tell 'reboot 0000:41:00.0'
	is "reboot: VFs, users and vGPUs are gone, the PF is not" "0  no yes" \
		"$(cat $PF/sriov_numvfs) $(vfs) $(exists "$node") $(exists $PF)"
	exec {fd}>&-
	tell 'sriov 0000:41:00.0 max'
	is "reboot: room again, for one size" "3 EINVAL" "$(type $VF 557) $(type $VF2 558)"
	is "reboot: of no PF" ENOENT "$(control 'reboot 0000:41:00.4')"
	stop
	start_patched mixed
	is "mdev parents and VFs with vGPUs" "0000:00:02.0 1150 0 1150" \
		"$(ls class/mdev_bus) $(type $VF) $(type $VF2) $(type $VF3)"
	stop
}

test_sriov_manage() {
	local manage=$tmp/usr/lib/nvidia/sriov-manage fd
	mkdir -p "${manage%/*}"
	cp "${hosts%/*}/sriov-manage.sh" "$manage"
	start_patched nvidia-a40
	tell 'sriov-lock 0000:41:00.0 2'
	is "sriov-manage: the lock is held" "Enabling VFs on 0000:41:00.0|Cannot obtain unbindLock for 0000:41:00.0|1" \
		"$("$manage" -e 0000:41:00.0 2> /dev/null | tr '\n' '|')$("$manage" -e ALL > /dev/null; echo $?)"
	is "sriov-manage: nothing was done" "0 0" "$(cat $PF/sriov_numvfs) $(cat fake/unbindLock/0000:41:00.0)"
	is "sriov-manage: at last" "Enabling VFs on 0000:41:00.0|0|32" \
		"$("$manage" -e 0000:41:00.0 | tr '\n' '|'; echo "${PIPESTATUS[0]}")|$(cat $PF/sriov_numvfs)"
	is "sriov-manage: lets go of the lock" "0" "$(cat fake/unbindLock/0000:41:00.0)"
	is "sriov-manage: attempts are in the log" 3 "$(grep -c '^write fake/unbindLock/0000:41:00.0 "1' fake/log)"
	is "sriov-manage: enabled already" 0 "$("$manage" -e ALL > /dev/null; echo $?)"
	type $VF 557 > /dev/null
	exec {fd}<> "$(vfio_node $VF)"
	is "the unbindLock of a card in use" "1 0" \
		"$(w fake/unbindLock/0000:41:00.0 1) $(cat fake/unbindLock/0000:41:00.0)"
	is "sriov-manage: in use" "1 32" "$("$manage" -d ALL > /dev/null; echo $?) $(cat $PF/sriov_numvfs)"
	exec {fd}>&-
	wait_unused $VF
	is "the unbindLock of a card" "1 1 1 0 EINVAL" "$(for i in 1 0; do
			w fake/unbindLock/0000:41:00.0 $i; cat fake/unbindLock/0000:41:00.0
		done | xargs) $(w fake/unbindLock/0000:41:00.0 2)"
	is "sriov-manage: -d" "0 0" "$("$manage" -d ALL > /dev/null; echo $?) $(cat $PF/sriov_numvfs)"
	is "sriov-manage: usage, unknown GPU" "1 1 1" "$("$manage" > /dev/null; echo $?) \
$("$manage" -x ALL > /dev/null; echo $?) $("$manage" -e 0000:99:00.0 > /dev/null; echo $?)"
	stop
}

test_sriov_mdev() {
	local pf=bus/pci/devices/0000:3b:00.0 vf=0000:3b:1f.2 next=0000:3b:1f.4 t fd
	t=bus/pci/devices/$vf/mdev_supported_types/example_sriov-half
	start "$hosts/sriov-mdev.json"
	is "VFs that are not there are no parents" "0 ENODEV" \
		"$(find class/mdev_bus -type l 2> /dev/null | wc -l) $(control "parent-add $vf")"
	is "sriov_numvfs" "2 4" "$(w $pf/sriov_numvfs '4\n') $(cat $pf/sriov_numvfs)"
	is "VFs are parents" "0000:3b:1f.2 0000:3b:1f.4 0000:3b:1f.6 0000:3c:00.0" \
		"$(find class/mdev_bus -type l -printf '%f\n' | LC_ALL=C sort | xargs)"
	is "their links" "../0000:3b:00.0 ../0000:3c:00.0" "$(readlink $pf/virtfn0/physfn) $(readlink $pf/virtfn3)"
	is "no vGPUs" no "$(exists bus/pci/devices/$vf/nvidia)"
	is "another number needs 0 first" "EBUSY 1 ERANGE" \
		"$(w $pf/sriov_numvfs 5) $(w $pf/sriov_numvfs 4) $(w $pf/sriov_numvfs 17)"
	is "each has its own units" "36 36 EUSERS 2 " "$(w $t/create $U1) $(w $t/create $U2) $(w $t/create $U3) $(
		available bus/pci/devices/$next/mdev_supported_types/example_sriov-half)"
	exec {fd}<> "fake/dev/vfio/$(group $U2)"
	w $pf/sriov_numvfs 0 > "$tmp/a" {fd}>&- &
	wait_for fake/held "$U2 busy"
	is "a user keeps its VF" "yes 4" "$(exists bus/pci/devices/$vf) $(cat $pf/sriov_numvfs)"
	exec {fd}>&-
	wait $!
	is "0: VFs and devices are gone" "1 0 0 0 0" "$(cat "$tmp/a") $(cat $pf/sriov_numvfs) \
$(find class/mdev_bus bus/mdev/devices -type l | wc -l) $(find $pf/ -name 'virtfn*' | wc -l) \
$(find bus/pci/devices/ -type l ! -name 0000:3b:00.0 | wc -l)"
	is "the driver stays" "yes yes" "$(exists bus/pci/drivers/example_sriov) $(exists bus/mdev/drivers/example_sriov_mdev)"
	tell 'sriov 0000:3b:00.0 1'
	w $t/create $U1 > /dev/null
	exec {fd}<> "fake/dev/vfio/$(group $U1)"
	tell 'reboot 0000:3b:00.0'
	is "reboot takes what is in use, too" "no no" "$(exists bus/mdev/devices/$U1) $(exists bus/pci/devices/$vf)"
	exec {fd}>&-
	is "vGPU words are for NVIDIA's cards" "ENOENT ENOENT" \
		"$(control 'sriov-lock 0000:3b:00.0 1') $(control 'card 0000:3b:00.0 full yes')"
	stop
}

# Mistakes in the keys of a host file.
test_sriov_host() {
	local case want out
	cd "$tmp" || exit 1
	while IFS='|' read -r want case; do
		printf '{"parents": [{ "name": "0000:41:00.0", "path": "devices", %s }]}' "$case" > bad.json
		out=$("$bin" bad.json "$mnt" 2>&1)
		is "bad host: $case" "fake-sysfs: bad.json:1: parents[0]$want" "$out"
	done << 'EOF'
.sriov: "total" is 1 to 256|"sriov": {}
.sriov: "offset" and "stride" are 1 or more|"sriov": { "total": 2, "stride": 0 }
.sriov: a PCI card does not vanish|"vanishes": true, "sriov": { "total": 1 }
.sriov.numvfs: there are at most 2|"sriov": { "total": 2, "numvfs": 3 }
.vgpu: a card without "sriov" has no VFs for vGPUs|"vgpu": {}
.vgpu.form: unknown form "x"|"sriov": { "total": 1 }, "vgpu": { "form": "x" }
.vgpu.types[1]: a second type 1|"sriov": { "total": 1 }, "vgpu": { "types": [{ "id": 1, "name": "a" }, { "id": 1, "name": "b" }] }
.vgpu.types[0]: "id" is missing, or 0|"sriov": { "total": 1 }, "vgpu": { "types": [{ "name": "a" }] }
.vgpu.running[0]: cannot create vGPU 1: EIO|"sriov": { "total": 1, "numvfs": 1 }, "vgpu": { "running": [1] }
.vgpu.running[0]: expected the ids of types, one for each enabled VF|"sriov": { "total": 1 }, "vgpu": { "running": [1] }
EOF
	printf '{"parents": [{ "name": "0000:41:00", "path": "devices", "sriov": { "total": 1 } }]}' > bad.json
	is "bad host: a PF's name" "fake-sysfs: bad.json:1: parents[0].sriov.vf: 0000:41:00 is no PCI address" \
		"$("$bin" bad.json "$mnt" 2>&1)"
}

sriov_tests=(released vf_tree vgpu_rules vgpu_forms vgpu_room vgpu_params vgpu_mig vgpu_faults sriov sriov_manage sriov_mdev
	sriov_host)
