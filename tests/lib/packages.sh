# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by tests that use programs from Debian packages, unpacked and never
# installed, and cached outside the tree.  The script that sources it has
# functions `say` and `die`, $cache, the directory of what is kept, and
# $building, which it removes when it ends.
#
# shellcheck disable=SC2154 # $cache is theirs

lists_are_fresh=

is_root() { [ "$(id -u)" = 0 ]; }

on_debian() {
	grep -qsx 'ID=debian' /etc/os-release && [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ]
}

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o APT::Sandbox::User=root "$@"; }

update_lists() {
	[ -z "$lists_are_fresh" ] || return 0
	lists_are_fresh=yes
	say "updating the package lists"
	apt_get update
}

# From here on the packages are those of another release, CODENAME of Debian, whose lists are kept in $cache; the
# machine's own are not touched.  Fails if its mirror has no such release.
use_release() {
	local dir=$cache/lists-$1 mirror
	# shellcheck disable=SC2016 # it is apt-get's
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
	[ "$mirror" ] || return 1
	mkdir -p "$dir"/{state/lists,cache/archives}/partial
	: >"$dir/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
		Dir::State "$dir/state";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "-";
	END
	export APT_CONFIG=$dir/apt.conf
	[ "$(apt-cache pkgnames 2>/dev/null | head -c 1)" ] || update_lists
}

# Newest first, each once.
versions() { apt-cache madison "$1" | awk -F ' *[|] *' '!seen[$2]++ { print $2 }'; }

offers() { apt-cache show "$1" >/dev/null 2>&1; }

# Names of what packages NAME or NAME=VERSION depend on; of alternatives the first.
depends() {
	apt-cache show "$@" | awk -F ': ' '/^Package:/ { newest = !seen[$2]++ }
		newest && /^(Pre-)?Depends:/ { gsub(/, */, "\n", $2); print $2 }' | sed 's/[ :|].*//'
}

# The packages and the libraries that they need, but the C library: programs of the guest run with the host's, as the
# binary under test is linked with that.  A call of apt-cache takes long, so there is one for each level of the tree.
with_libraries() {
	local level=("$@") fresh seen=' libc6 libgcc-s1 ' package
	while [ ${#level[@]} -gt 0 ]; do
		fresh=()
		for package in "${level[@]}"; do
			case $seen in *" $package "*) continue ;; esac
			seen+="$package "
			fresh+=("$package")
		done
		[ ${#fresh[@]} -gt 0 ] || break
		printf '%s\n' "${fresh[@]}"
		mapfile -t level < <(depends "${fresh[@]}" | grep '^lib')
	done
}

# Fetches packages (NAME or NAME=VERSION) and unpacks them into DIR.
unpack() {
	local into=$1 debs deb
	shift
	debs=$(mktemp -d "$building/debs.XXXXXX")
	(cd "$debs" && apt_get download "$@") || die "cannot fetch packages; are the lists up to date (apt-get update)?"
	for deb in "$debs"/*.deb; do
		dpkg -x "$deb" "$into"
	done
	rm -r "$debs"
}

# Has MAKE fill an empty directory beside DIR, which becomes DIR when whole.  Of two that do so at once one wins.
cached() {
	local dir=$1 make=$2
	[ ! -d "$dir" ] || return 0
	mkdir -p "$cache"
	building=$(mktemp -d "$cache/building.XXXXXX")
	mkdir "$building/result"
	"$make" "$building/result"
	mv -T "$building/result" "$dir" 2>/dev/null || [ -d "$dir" ]
	rm -rf "$building"
	building=
}
