#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the packages of Debian and Fedora with their own tools, from a copy of
# the tree, which stays as it is.  The same tree gives the same packages.
#
#	packaging/build.sh deb|rpm [DIRECTORY]	default: build/packages
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/lib/deps.sh
. tests/lib/deps.sh
kind=${1-}
[[ $kind == deb || $kind == rpm ]] || { echo "usage: packaging/build.sh deb|rpm [DIRECTORY]" >&2; exit 2; }
trap give_builds EXIT
mkdir -p "${2:-build/packages}"
output=$(realpath "${2:-build/packages}")
version=$(sed -n 's/^VERSION = //p' Makefile)
name=mdevctl-c-$version
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"; give_builds' EXIT
source=$scratch/$name
# A clone is older than what is in it; the changelog has the date of the release.
SOURCE_DATE_EPOCH=$(date -u -d "$(sed -n 's/^ -- .*>  //p' debian/changelog | head -1)" +%s)
export SOURCE_DATE_EPOCH

export_tree() {
	mkdir -p "$source"
	if [[ -e .git ]] && command -v git >/dev/null; then
		git ls-files -z --cached --others --exclude-standard | sort -z |
			while IFS= read -r -d '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
			tar -c --null -T -
	else
		tar -c --exclude='./build*' .
	fi | tar -x -C "$source"
}

# What a tool says shows only when it fails.
quietly() {
	"$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; echo "cannot build the packages" >&2; exit 1; }
}

build_deb() {
	local architecture package
	architecture=$(dpkg --print-architecture)
	(cd "$source" && quietly dpkg-buildpackage --no-sign -j"$(nproc)")
	for package in "$scratch"/*_{"$architecture",source}.* "$scratch"/*.dsc "$scratch"/*.tar.*; do
		[[ ! -f $package ]] || mv "$package" "$output/"
	done
}

build_rpm() {
	tar -C "$scratch" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
		-c "$name" | gzip -n >"$scratch/$name.tar.gz"
	# Where rpm keeps no record of the system's packages, it finds none.
	local nodeps=() step
	command -v dnf >/dev/null || nodeps=(--nodeps)
	# In two steps: the binary package would record the source package, which
	# records where it was made.
	for step in -bb -bs; do
		quietly rpmbuild $step "${nodeps[@]}" --define "_topdir $scratch/rpm" --define "_sourcedir $scratch" \
			--define '_buildhost reproducible' --define 'use_source_date_epoch_as_buildtime 1' \
			--define 'clamp_mtime_to_source_date_epoch 1' packaging/mdevctl-c.spec
	done
	mv "$scratch"/rpm/RPMS/*/*.rpm "$scratch"/rpm/SRPMS/*.rpm "$output/"
}

tools=deb-tools
[[ $kind == deb ]] || tools=rpmbuild
need "${BUILD_NEEDS[@]}" tar gzip "$tools"
export_tree
"build_$kind"
