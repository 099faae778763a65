#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The fast tests, or those that match, in a root that is no mount point, as build
# daemons have: a chroot to a directory in which this system's are mounted.
#
#	tests/plain-root.sh [PATTERN...]	without: those that make mounts of their own
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
((EUID == 0)) || { echo "a chroot needs root" >&2; exit 1; }
[[ ${MDEVCTL_TEST_NAMESPACE-} ]] || need unshare mount
enter_namespace "$PWD/tests/plain-root.sh" "$@"
(($#)) || set -- 'module:' 'libraries:' 'lock:' 'hostile sysfs:'

make_work
root=/sys/plain
mkdir -p "$root"/{proc,sys,tmp}
for entry in /*; do
	case $entry in
	/proc | /sys | /tmp) ;;
	*)
		if [[ -L $entry ]]; then
			cp -P "$entry" "$root"
		elif [[ -d $entry ]]; then
			mkdir "$root$entry"
			mount --rbind "$entry" "$root$entry"
		fi
		;;
	esac
done
chmod 1777 "$root/tmp"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
chroot "$root" mountpoint -q / && { echo "$root is a mount point" >&2; exit 1; }
unset MDEVCTL_TEST_NAMESPACE
chroot "$root" "$PWD/tests/run.sh" "$@"
