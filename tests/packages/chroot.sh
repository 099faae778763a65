# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by run.sh: what is done in the chroot, and what is expected of it.
# shellcheck disable=SC2154 # version, system and the packages are run.sh's

# Those of an administrator: they outlive every package.
vm=7c9a1b52-3f0e-4d6a-8e21-0a5b6c7d8e9f
definition='{"mdev_type":"mtty-2","start":"auto"}'
rule=/usr/lib/udev/rules.d/60-mdevctl.rules

# A fresh system: the simulated kernel on its /sys, and a udevadm that notes how
# it is called, or none.
new_chroot() { # name, [no-udev]
	root=$TMPDIR/$1
	mkdir "$root"
	tar -C "$root" -xf "$system"
	mount -t proc proc "$root/proc"
	"$PWD/build/fake-sysfs" tests/fake-sysfs/hosts/several-cards.json "$root/sys"
	ln -s /sys/fake/dev/vfio "$root/dev/vfio"
	cp "$deb" "$root/new.deb"
	cp "$older_deb" "$root/old.deb"
	rm "$root/usr/bin/udevadm"
	[[ ${2-} ]] || printf '#!/bin/sh\necho "$@" >>/udevadm.log\n' >"$root/usr/bin/udevadm"
	[[ ${2-} ]] || chmod 755 "$root/usr/bin/udevadm"
	mkdir -p "$root/etc/mdevctl.d/mtty" "$root/etc/mdevctl.d/scripts.d/callouts"
	echo "$definition" >"$root/etc/mdevctl.d/mtty/$vm"
	printf '#!/bin/sh\nexit 2\n' >"$root/etc/mdevctl.d/scripts.d/callouts/own"
	chmod 755 "$root/etc/mdevctl.d/scripts.d/callouts/own"
}

end_chroot() {
	umount "$root/sys" "$root/proc"
	rm -rf "$root"
}

inside() {
	env -u TMPDIR PATH=/usr/sbin:/usr/bin DEBIAN_FRONTEND=noninteractive chroot "$root" "$@" </dev/null
}

apt() {
	inside apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@"
}

kept() {
	same "$definition" "$(<"$root/etc/mdevctl.d/mtty/$vm")"
	[[ -x $root/etc/mdevctl.d/scripts.d/callouts/own ]]
}

status_of() {
	# shellcheck disable=SC2016 # for dpkg-query to expand
	inside dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | sed 's/ *$//' || true
}

reloaded() { # runs of udevadm since the last call
	[[ -s $root/udevadm.log ]] || { echo "udevadm was not run"; return 1; }
	same '' "$(grep -vx 'control --reload' "$root/udevadm.log" || true)"
	rm "$root/udevadm.log"
}

# The commands that the rule names, without their arguments.
rule_programs() {
	grep -oE 'RUN\+?="[^ "]*' "$root$rule" | sed 's/.*"//' | sort -u | grep -v systemctl
}

rule_works() {
	local program
	program=$(rule_programs)
	same 1 "$(wc -l <<<"$program")"
	[[ -x $root$program ]] || { echo "the rule names $program"; return 1; }
	inside "$program" start-parent-mdevs mtty
	same "$vm mtty mtty-2 auto (defined)" "$(inside mdevctl list -u $vm)"
	inside mdevctl stop -u $vm
}

# A device's life, by the program that was installed.
life() {
	local card=0000:00:02.0 device
	device=$(inside mdevctl define --auto -p $card -t i915-GVTg_V5_4)
	same "$device $card i915-GVTg_V5_4 auto" "$(inside mdevctl list -d -u "$device")"
	inside mdevctl start -u "$device"
	same "$device $card i915-GVTg_V5_4 auto (defined)" "$(inside lsmdev -u "$device")"
	[[ -d $root/sys/bus/mdev/devices/$device ]]
	inside mdevctl stop -u "$device"
	inside mdevctl undefine -u "$device"
	same '' "$(inside mdevctl list -d -u "$device"; inside mdevctl list -u "$device")"
}

works() { # version
	same "mdevctl $1" "$(inside /usr/sbin/mdevctl --version)"
	same "mdevctl $1" "$(inside /usr/bin/mdevctl --version)"
	rule_works
	life
	kept
}

# No file of ours is left, no diversion, and what is the administrator's is.
gone() {
	[[ $(status_of mdevctl-c) != ii ]]
	same '' "$(inside find / -xdev \( -name '*mdevctl*' -o -name 'lsmdev*' \) ! -path '/etc/mdevctl.d*' \
		! -path '/var/*' ! -path '*/share/bug/*')"
	same '' "$(inside dpkg-divert --list '*mdevctl*')"
	kept
}

# As Debian does it; it runs at the next boot.
enabled() {
	local wants
	for wants in multi-user.target.wants nvidia-vgpu-mgr.service.wants; do
		same /lib/systemd/system/mdevctl.service "$(readlink "$root/etc/systemd/system/$wants/mdevctl.service")"
	done
	[[ -f $root/lib/systemd/system/mdevctl.service && -f $root/lib/systemd/system/mdevctl@.service ]]
}

install_alone() {
	apt install /new.deb
	works "$version"
	enabled
	same ii "$(status_of mdevctl-c)"
}

install_bare() {
	apt purge mdevctl-c
	rm -r "$root/etc/mdevctl.d"
	apt install /new.deb
	same "$(printf '%s\n' /etc/mdevctl.d{,/scripts.d{,/callouts,/notifiers}})" \
		"$(inside find /etc/mdevctl.d | sort)"
	apt purge mdevctl-c
	[[ ! -e $root/etc/mdevctl.d ]]
}

remove() {
	apt remove mdevctl-c
	gone
	reloaded
}

purge() {
	apt install /new.deb
	apt purge mdevctl-c
	gone
}

# Its preinst diverts the distribution's rule, and no postinst ends that.
unpack_only() {
	inside dpkg --unpack /new.deb
	[[ $(inside dpkg-divert --list '*mdevctl*') == *60-mdevctl.rules* ]]
	inside dpkg -r mdevctl-c
	gone
	install_distribution
	gone_but_distribution
	apt purge mdevctl
}

upgrade() {
	apt install /old.deb
	works 0.0.9
	rm "$root/udevadm.log"
	apt install /new.deb
	works "$version"
	reloaded
}

downgrade() {
	apt --allow-downgrades install /old.deb
	works 0.0.9
	inside dpkg -i /new.deb
	works "$version"
}

install_distribution() {
	apt --allow-downgrades install mdevctl
	same ii "$(status_of mdevctl)"
	same 'mdevctl 1.2.0' "$(inside mdevctl --version)"
	[[ -f $root$rule ]]
	kept
}

# The other way there is only apt: that package does not replace this one.
and_back() {
	install_distribution
	gone_but_distribution
}

gone_but_distribution() {
	[[ $(status_of mdevctl-c) != ii ]]
	same '' "$(inside dpkg-divert --list '*mdevctl*')"
	inside dpkg --verify mdevctl
}

replaced() {
	[[ $(status_of mdevctl) != ii ]]
	inside dpkg --verify mdevctl-c
	same '' "$(inside dpkg-divert --list '*mdevctl*')"
	works "$version"
	reloaded
}

replace_by_apt() {
	apt install /new.deb
	replaced
}

# dpkg removes the other package once this one is unpacked: what both have, by
# whatever name, must be there afterwards.
replace_by_dpkg() {
	inside dpkg -i /new.deb
	replaced
}

serves_libvirt() {
	local plan
	plan=$(inside apt-get -q -s install libvirt-daemon-system)
	grep '^Inst libvirt-daemon-system ' <<<"$plan"
	same '' "$(grep -E '^(Inst|Remv) mdevctl' <<<"$plan" || true)"
}

check_debs() {
	new_chroot bare no-udev
	check 'deb: installs where there is no udevadm' install_alone
	check 'deb: the directories of definitions and scripts are made, and go if they are empty' install_bare
	end_chroot

	new_chroot debian
	check 'deb: installs over nothing; a device lives; the rule starts another' install_alone
	check 'deb: udev reads its rules when it is installed' reloaded
	check 'deb: libvirt wants no other mdevctl' serves_libvirt
	check 'deb: is removed, but for definitions, and udev reads its rules' remove
	check 'deb: is purged, but for definitions' purge
	check 'deb: is removed without having been configured, and leaves no diversion' unpack_only
	check 'deb: is upgraded' upgrade
	check 'deb: is downgraded, and upgraded by dpkg' downgrade
	check "deb: the distribution's mdevctl takes its place" and_back
	check "deb: takes the place of the distribution's by apt" replace_by_apt
	check "deb: the distribution's mdevctl takes its place again" and_back
	check "deb: takes the place of the distribution's by dpkg" replace_by_dpkg
	end_chroot
}

in_rpm() {
	rpm --root "$root" --dbpath /var/lib/rpm "$@"
}

rpm_install() {
	in_rpm -i --nodeps "$rpm"
	in_rpm -V --nodeps mdevctl-c
	works_rpm "$version"
	reloaded
}

works_rpm() {
	same "mdevctl $1" "$(inside /usr/sbin/mdevctl --version)"
	rule_works
	life
	kept
}

rpm_upgrade() {
	in_rpm -U --nodeps --oldpackage "$older_rpm"
	works_rpm 0.0.9
	in_rpm -U --nodeps "$rpm"
	in_rpm -V --nodeps mdevctl-c
	works_rpm "$version"
}

rpm_erase() {
	rm -f "$root/udevadm.log"
	in_rpm -e --nodeps mdevctl-c
	same '' "$(in_rpm -qa)"
	gone
	reloaded
}

check_rpms() {
	new_chroot fedora
	check 'rpm: installs; a device lives; the rule starts another; udev reads its rules' rpm_install
	check 'rpm: is downgraded and upgraded' rpm_upgrade
	check 'rpm: is erased, but for definitions, and udev reads its rules' rpm_erase
	end_chroot
}
