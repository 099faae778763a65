#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# nvidia-smi as far as examples/nvidia/ uses it, for the simulated cards: the GPU
# instances are those of the simulation.  The forms are those of NVIDIA's user guides
# (vGPU, MIG), and no recording.  Calls that change something are noted in ./smi-calls.
set -u
sys=${MDEVCTL_ENV_ROOT-}/sys
state=${FAKE_SMI_STATE-$PWD/smi-state}
mkdir -p "$state"

profiles=([14]=2g.10gb [9]=3g.20gb [5]=4g.20gb [0]=7g.40gb [19]=1g.5gb)

types() { # of the A100 in hosts/nvidia-a100-mig.json, and one that needs no instance
	local row id name profile
	echo "GPU 00000000:C4:00.0"
	for row in 468:GRID_A100-4C:N/A 474:GRID_A100-1-5C:19 475:GRID_A100-2-10C:14 476:GRID_A100-3-20C:9; do
		IFS=: read -r id name profile <<<"$row"
		printf '    vGPU Type ID                          : 0x%x\n' "$id"
		printf '        Name                              : %s\n' "${name/_/ }"
		printf '        Class                             : Compute\n'
		printf '        GPU Instance Profile ID           : %s\n' "$profile"
	done
}

list_instances() {
	local n=0 id
	[[ -s $state/instances ]] || { echo "No GPU instances found: Not Found"; exit 6; }
	echo '+-------------------------------------------------------+'
	echo '| GPU   Name             Profile  Instance   Placement  |'
	while read -r id; do
		printf '|   0  MIG %-12s %6s %8s          %s:1     |\n' "${profiles[id]}" "$id" "$((++n))" "$n"
	done <"$state/instances"
}

make_instance() { # profile
	echo "cgi $1" >>smi-calls
	[[ ! -e $state/full ]] || { echo "Unable to create a GPU instance on GPU  0 using profile $1: Insufficient Resources"; exit 4; }
	sleep 0.2
	echo "$1" >>"$state/instances"
	echo "gpu-instance-add $card ${profiles[$1]}" >"$sys/fake/control"
	echo "Successfully created GPU instance ID  $(wc -l <"$state/instances") on GPU  0 using profile MIG ${profiles[$1]} (ID $1)"
}

heterogeneous() {
	echo shm >>smi-calls
	[[ ! $(cat "$sys/bus/pci/devices/$card"/virtfn*/nvidia/current_vgpu_type) =~ [1-9] ]] ||
		{ echo "Unable to set vGPU heterogeneous mode: In use by another client"; exit 19; }
	echo "card $card equal_size no" >"$sys/fake/control"
	touch "$state/heterogeneous"
}

card=
for ((i = 1; i < $#; i++)); do
	[[ ${!i} != -i ]] || { i=$((i + 1)) card=${!i}; break; }
done
case " $* " in
*" vgpu "*" -s -v "*) types ;;
*" vgpu "*" -shm 1 "*) heterogeneous ;;
*" mig "*" -lgi "*) list_instances ;;
*" mig "*" -cgi "*) words=" $* " words=${words#* -cgi }; make_instance "${words%% *}" ;;
*" --query-gpu=mig.mode.current "*) if [[ -e $state/no-mig ]]; then echo Disabled; else echo Enabled; fi ;;
*" -q "*) printf '    GPU Virtualization Mode\n        vGPU Heterogeneous Mode           : %s\n' "$([[ -e $state/heterogeneous ]] && echo Enabled || echo Disabled)" ;;
*) echo "not simulated: $*" >&2; exit 2 ;;
esac
