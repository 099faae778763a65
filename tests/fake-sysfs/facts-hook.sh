#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What tests/kernel-facts.sh and kernel-facts-vfs.sh ask of its host, on the simulated kernel.  Runs in the directory of its sysfs.
set -eu

case "$1 $2" in
"goes vfio-pci") echo "driver-remove $2" >fake/control ;;
"comes vfio-pci") echo "driver-add $2" >fake/control ;;
goes*) echo "parent-remove $2" >fake/control ;;
comes*) echo "parent-add $2" >fake/control ;;
slow*) echo "hold create $2" >fake/control ;;
fast*) echo "release $2" >fake/control ;;
hold*)
	exec 3<>"fake/dev/vfio/$3"
	echo holding
	exec sleep 60
	;;
esac
