#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the packages, has lintian and rpmlint judge them, and installs,
# upgrades, replaces and removes them in a small Debian, which debootstrap makes
# once and which is kept outside the tree.  Ends with "N passed, N failed".
#
#	PACKAGES_CACHE	where that Debian is kept, default ~/.cache/mdevctl-packages
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
# shellcheck source=tests/lib/checks.sh
. tests/lib/checks.sh
# shellcheck source=tests/packages/chroot.sh
. tests/packages/chroot.sh

cache=$(realpath -m "${PACKAGES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mdevctl-packages}")
system=$cache/bookworm-2.tar
work=$PWD/build/check-packages
version=$(sed -n 's/^VERSION = //p' Makefile)
architecture=$(dpkg --print-architecture)

# The chroot: its apt fetches nothing later.
make_system() {
	[[ ! -f $system ]] || return 0
	local building
	echo "making a Debian in $cache"
	mkdir -p "$cache"
	building=$(mktemp -d "$cache/building.XXXXXX")
	{ debootstrap --variant=minbase --include=libjansson4,udev bookworm "$building/root" &&
		chroot "$building/root" apt-get -qq update &&
		chroot "$building/root" apt-get -qq --download-only --no-install-recommends install mdevctl &&
		tar -C "$building/root" -cf "$building/system.tar" . &&
		mv "$building/system.tar" "$system"; } >"$building/log" 2>&1 </dev/null || {
		tail -20 "$building/log" >&2
		rm -rf "$building"
		exit 1
	}
	rm -rf "$building"
}

# The same tree with a lower version, without git; its deb as sudo builds it.
build_older() {
	mkdir -p "$work/older-tree"
	git ls-files -z --cached --others --exclude-standard | xargs -0 tar -c | tar -x -C "$work/older-tree"
	(
		cd "$work/older-tree"
		sed -i 's/^VERSION = .*/VERSION = 0.0.9/' Makefile
		sed -i '1s/(.*)/(0.0.9)/' debian/changelog
		sed -i 's/^Version: .*/Version: 0.0.9/' packaging/mdevctl-c.spec
		SUDO_UID=65534 SUDO_GID=65534 packaging/build.sh deb
		find build ! -user 65534 >"$work/left-to-root"
		mv build/packages "$work/older"
		packaging/build.sh rpm "$work/older"
	)
}

build_all() {
	need dpkg git "${BUILD_NEEDS[@]}" "${RUN_NEEDS[@]}" deb-tools rpmbuild lintian rpmlint debootstrap readelf
	need_fuse
	((EUID == 0)) || { echo "installing packages in a chroot needs root" >&2; exit 1; }
	make -s build/fake-sysfs
	rm -rf "$work" build/packages
	git status --porcelain >"$work.before"
	make -s deb rpm
	git status --porcelain >"$work.after"
	mkdir -p "$work"
	packaging/build.sh deb "$work/again"
	packaging/build.sh rpm "$work/again"
	build_older
	make_system
}

one_version() {
	same "$version" "$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)"
	same "$version" "$(sed -n 's/^Version: *//p' packaging/mdevctl-c.spec)"
	same "$version" "$(sed -n '/^%changelog/{n;s/.* - \(.*\)-.*/\1/p}' packaging/mdevctl-c.spec)"
}

reproducible() {
	local package
	# Not the source rpm: rpm records in it where it was made.
	for package in build/packages/*.{deb,dsc,tar.xz,"$(uname -m).rpm"}; do
		cmp "$package" "$work/again/${package##*/}"
	done
}

lint_deb() {
	local output
	output=$(lintian --allow-root --display-info --pedantic "build/packages/mdevctl-c_${version}_$architecture.changes" 2>&1)
	same '' "$output"
}

lint_rpm() {
	rpmlint --config packaging/rpmlint.toml build/packages/*.rpm packaging/mdevctl-c.spec | tee "$TMPDIR/rpmlint"
	grep -q ' 0 errors, 0 warnings,' "$TMPDIR/rpmlint"
}

# What dpkg-buildflags and the Makefile want: checked in the result.
hardened() {
	local program=$TMPDIR/unpacked/usr/sbin/mdevctl
	dpkg -x "$deb" "$TMPDIR/unpacked"
	readelf -hW "$program" | grep 'Type: *DYN'
	readelf -dW "$program" | grep 'FLAGS.*BIND_NOW'
	readelf -lW "$program" | grep GNU_RELRO
	readelf --dyn-syms -W "$program" | grep '_chk@'
	readelf --dyn-syms -W "$program" | grep '__stack_chk_fail'
}

# Stripping leaves the note that says which library is opened.
libraries_recorded() {
	readelf -p .note.dlopen "$TMPDIR/unpacked/usr/sbin/mdevctl" >"$TMPDIR/notes"
	grep '"soname":\["libkmod.so.2"\]' "$TMPDIR/notes"
	same 1 "$(grep -o soname "$TMPDIR/notes" | wc -l)"
	dpkg-deb -f "$deb" Depends | grep -w libjansson4
	dpkg-deb -f "$deb" Depends | grep -w libuuid1
	rpm -qp --requires "$rpm" | grep '^libjansson\.so\.4'
	rpm -qp --requires "$rpm" | grep '^libuuid\.so\.1'
	dpkg-deb -f "$deb" Recommends | grep libkmod2
	rpm -qp --recommends "$rpm" | grep '^libkmod\.so\.2'
	same '' "$(dpkg-deb -f "$deb" Depends | grep kmod || true)"
}

stands_for_mdevctl() {
	same 'mdevctl (= 1.3.0)' "$(dpkg-deb -f "$deb" Provides)"
	rpm -qp --provides "$rpm" | grep -x 'mdevctl = 1.3.0'
	rpm -qp --conflicts "$rpm" | grep -x mdevctl
}

# Both packages have what make install has, but for places of documents, and what
# has Fedora enable the unit.
complete() {
	make -s install DESTDIR="$TMPDIR/installed" BUILD="$TMPDIR/build" PREFIX=/usr CFLAGS=-O0
	local documents='/usr/share/(doc|licenses|lintian)|/usr/lib/.build-id|^/usr/bin|vendor-completions|site-functions|system-preset'
	files_below "$TMPDIR/installed" "$documents" >"$TMPDIR/list"
	files_below "$TMPDIR/unpacked" "$documents" | sed 's/\.gz$//; s|^/lib/|/usr/lib/|' | sort | diff "$TMPDIR/list" -
	rpm -qpl --noghost "$rpm" | grep -vE "$documents" | while IFS= read -r file; do
		[[ ! -d $TMPDIR/installed$file ]] || [[ -L $TMPDIR/installed$file ]] || continue
		echo "$file"
	done | sort | diff "$TMPDIR/list" -
}

files_below() {
	(cd "$1" && find . ! -type d -printf '/%P\n' | grep -vE "$2" | sort)
}

main() {
	make_work
	export TMPDIR=/sys LC_ALL=C
	deb=build/packages/mdevctl-c_${version}_$architecture.deb
	rpm=$(echo build/packages/mdevctl-c-"$version"-*."$(uname -m)".rpm)
	older_deb=$work/older/mdevctl-c_0.0.9_$architecture.deb
	older_rpm=$(echo "$work"/older/mdevctl-c-0.0.9-*."$(uname -m)".rpm)

	check 'packages: one version in Makefile, changelog and spec' one_version
	check 'packages: building leaves the tree as it was' diff "$work.before" "$work.after"
	check 'packages: what sudo builds belongs to who called it' same '' "$(<"$work/left-to-root")"
	check 'packages: the same tree gives the same packages, bit for bit' reproducible
	check 'deb: lintian has nothing to remark' lint_deb
	check 'rpm: rpmlint has nothing to remark' lint_rpm
	check 'deb: the program is hardened' hardened
	check 'packages: jansson and libuuid are required, libkmod recommended, and noted in the stripped program' libraries_recorded
	check 'packages: they stand for mdevctl' stands_for_mdevctl
	check 'packages: they have what make install has' complete
	check_debs
	check_rpms
	summary
}

[[ ${MDEVCTL_TEST_NAMESPACE-} ]] || build_all
enter_namespace "$PWD/tests/packages/run.sh"
main
