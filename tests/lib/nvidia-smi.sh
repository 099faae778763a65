#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# As much of NVIDIA's nvidia-smi as examples/nvidia/gpu-mode needs, for the
# simulated kernel.  A case links it as bin/nvidia-smi: it works on the cards of
# root/sys beside bin/, through fake/card/ and fake/control, and keeps in smi/
#	calls		each call's arguments, a line
#	compute.N	GPU instance N has its compute instance
#	fails		an extended regular expression, made by the case: calls whose
#			arguments match fail
#	silent		the same: calls that match do and say nothing, and succeed
#
# Where the answers are from:
# - vgpu -s -v: driver 580.105.06 with an RTX PRO 6000, as quoted in a test of
#   the public repository bigstack-oss/cubecos.  Types are all that the card can
#   have, also while MIG mode is off (said there); ids are hexadecimal.
# - mig -cgi, -dci, -dgi, their refusals, and the ids of profiles: NVIDIA's
#   Multi-Instance GPU User Guide, with an A100 of 40 GB.  "In use by another
#   client" is status 19, as seen; 23 for too little room is NVML's number.
# - --query-gpu=mig.mode.current: the same guide.
# - -q: public outputs of drivers 550 to 580; "Enabled" and "Disabled" for
#   heterogeneous mode are what cubecos's source expects, N/A in MIG mode as well.
# - vgpu -shm: refused with 19 while there is a vGPU (seen); what it says when it
#   succeeds is made up.
set -euo pipefail
case_dir=$(cd "$(dirname "$0")/.." && pwd)
fake=$case_dir/root/sys/fake
state=$case_dir/smi
mkdir -p "$state"
echo "$*" >>"$state/calls"

# Compute slices of 7 and memory slices of 8 that an instance takes, and its profile's id.
profiles='1g.5gb 19 1 1
2g.10gb 14 2 2
3g.20gb 9 3 4
4g.20gb 5 4 4
7g.40gb 0 7 8'

refuse() { # status, lines
	local status=$1
	shift
	printf '%s\n' "$@"
	exit "$status"
}

matches() { # name of a file with a regular expression, arguments
	[[ -e $state/$1 ]] && grep -Eq -- "$(<"$state/$1")" <<<"${*:2}"
}

card() { # key: the rest of its lines
	sed -n "s/^$1 //p" "$fake/card/$gpu"
}

mig_is_on() {
	[[ $(card mig) == yes ]]
}

show_types() {
	local id framebuffer profile name number
	echo "GPU 0000${gpu^^}"
	while read -r id framebuffer profile name; do
		number=$(awk -v name="$profile" '$1 == name { print $2 }' <<<"$profiles")
		printf '    %-38s: 0x%x\n' 'vGPU Type ID' "$id"
		printf '        %-34s: %s\n' Name "$name" Class Compute \
			'GPU Instance Profile ID' "${number:-N/A}" 'Max Instances' 7 'Max Instances Per VM' 1 \
			'Max Instances Per GI' "${number:+1}" 'FB Memory' "$framebuffer MiB"
	done < <(card type)
}

show_card() {
	local mode=Disabled
	[[ $(card equal_size) == yes ]] || mode=Enabled
	if mig_is_on; then mode=N/A; fi
	echo "GPU 0000${gpu^^}"
	printf '    %s\n' 'GPU Virtualization Mode'
	printf '        %-34s: %s\n' 'Virtualization Mode' 'Host VGPU' 'Host VGPU Mode' SR-IOV \
		'vGPU Heterogeneous Mode' "$mode"
	printf '    %s\n' 'GPU Reset Status'
}

# Whether there is room for one more; the names of instances come from the card.
has_room() { # compute slices, memory slices
	local compute=$1 memory=$2 name c m
	while read -r name _ c m; do
		compute=$((compute + c * $(card instance | grep -c "^[0-9]* $name ")))
		memory=$((memory + m * $(card instance | grep -c "^[0-9]* $name ")))
	done <<<"$profiles"
	((compute <= 7 && memory <= 8))
}

create() { # profile's id
	local name id compute memory instance
	mig_is_on || refuse 6 'No MIG-enabled devices found.'
	read -r name id compute memory < <(awk -v id="$1" '$2 == id' <<<"$profiles") ||
		refuse 2 "Unable to create a GPU instance on GPU  0 using profile $1: Invalid Argument" \
			'Failed to create GPU instances: Invalid Argument'
	has_room "$compute" "$memory" ||
		refuse 23 "Unable to create a GPU instance on GPU  0 using profile $1: Insufficient Resources" \
			'Failed to create GPU instances: Insufficient Resources'
	card instance | cut -d' ' -f1 >"$state/before"
	echo "gpu-instance-add $gpu $name" >"$fake/control"
	instance=$(card instance | cut -d' ' -f1 | grep -vxFf "$state/before")
	touch "$state/compute.$instance"
	printf 'Successfully created GPU instance ID %2d on GPU  0 using profile MIG %s (ID %2d)\n' "$instance" "$name" "$id"
	printf 'Successfully created compute instance ID  0 on GPU  0 GPU instance ID %2d using profile MIG %s (ID %2d)\n' \
		"$instance" "$name" $((compute - 1))
}

destroy_compute() { # instance
	[[ -e $state/compute.$1 ]] || refuse 6 "Unable to find the compute instance of GPU instance ID $1"
	rm "$state/compute.$1"
	printf 'Successfully destroyed compute instance ID  0 from GPU  0 GPU instance ID %2d\n' "$1"
}

destroy() { # instance
	if [[ -e $state/compute.$1 ]] || ! echo "gpu-instance-remove $gpu $1" 2>/dev/null >"$fake/control"; then
		refuse 19 "$(printf 'Unable to destroy GPU instance ID %2d from GPU  0: In use by another client' "$1")" \
			'Failed to destroy GPU instances: In use by another client'
	fi
	printf 'Successfully destroyed GPU instance ID %2d from GPU  0\n' "$1"
}

set_heterogeneous() {
	[[ -z $(card vgpu) ]] ||
		refuse 19 "Unable to set the vGPU heterogeneous mode of GPU 0000${gpu^^}: In use by another client"
	echo "card $gpu equal_size no" >"$fake/control"
	echo "Enabled vGPU heterogeneous mode of GPU 0000${gpu^^}"
}

if matches fails "$@"; then refuse 18 'Failed to initialize NVML: Driver/library version mismatch' 'NVML library version: 580.105'; fi
if matches silent "$@"; then exit 0; fi
arguments=" $* "
[[ $arguments =~ ' -i '([^ ]+)' ' ]] || refuse 2 'this stand-in wants -i GPU'
gpu=${BASH_REMATCH[1]}
[[ -e $fake/card/$gpu ]] || refuse 6 'No devices were found'
case ${arguments/ -i $gpu / } in
' vgpu -s -v ') show_types ;;
' -q ') show_card ;;
' --query-gpu=mig.mode.current --format=csv,noheader ') if mig_is_on; then echo Enabled; else echo Disabled; fi ;;
' mig -cgi '*' -C ') create "${*: -2:1}" ;;
' mig -dci -ci 0 -gi '*' ') destroy_compute "${!#}" ;;
' mig -dgi -gi '*' ') destroy "${!#}" ;;
' vgpu -shm 1 ') set_heterogeneous ;;
*) refuse 2 "this stand-in does not know: $*" ;;
esac
