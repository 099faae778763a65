#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What tests/kernel-facts.sh asks of its host, on the real kernel of the guest.
set -eu

case $1 in
goes) exec /sbin/modprobe -r "$2" ;;
comes) exec /sbin/modprobe "$2" ;;
slow | fast) ;;
hold)
	/sbin/modprobe vfio_iommu_type1
	exec holder "/dev/vfio/$3" "$2" 60
	;;
esac
