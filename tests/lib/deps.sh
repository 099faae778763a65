# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by what a newcomer runs first: finds out what is missing for a task,
# says so, and installs it when it may (root, with apt or dnf).  Works on a
# machine on which even make is missing.

# capability:Debian's packages:Fedora's packages; a name that is not here is
# that of a command and of the package that has it.
PACKAGES='
cc:gcc libc6-dev:gcc glibc-devel
pkg-config:pkg-config:pkgconf-pkg-config
jansson:libjansson-dev:jansson-devel
uuid:uuid-dev:libuuid-devel
libkmod:libkmod-dev:kmod-devel
fuse3:libfuse3-dev:fuse3-devel
sanitizers:gcc libc6-dev:gcc libasan libubsan
unshare:util-linux:util-linux
mount:mount:util-linux
umount:mount:util-linux
find:findutils:findutils
xargs:findutils:findutils
diff:diffutils:diffutils
script:bsdutils:/usr/bin/script
strace:strace:strace
uuidgen:uuid-runtime:/usr/bin/uuidgen
clang-tidy:clang-tidy:clang-tools-extra
objcopy:binutils:binutils
gcov:gcc:gcc
libfuzzer:clang libclang-rt-dev libc6-dev:clang compiler-rt
shellcheck:shellcheck:ShellCheck
python3:python3:python3
deb-tools:build-essential debhelper:dpkg-dev debhelper
rpmbuild:rpm:rpm-build
readelf:binutils:binutils
udevadm:udev:systemd-udev
ansible-playbook:ansible-core:ansible-core
busybox:busybox-static:busybox
'

# Whether the capability is there.
have() {
	case $1 in
	jansson | uuid | libkmod | fuse3) command -v pkg-config >/dev/null && pkg-config --exists "$1" ;;
	# dpkg-buildpackage asks for the former itself.
	deb-tools) dpkg -s build-essential debhelper >/dev/null 2>&1 ;;
	sanitizers)
		command -v cc >/dev/null &&
			echo 'int main(void) { return 0; }' |
			cc -fsanitize=address,undefined -x c -o /dev/null - 2>/dev/null
		;;
	libfuzzer)
		command -v clang >/dev/null &&
			echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return d && n < 0; }' |
			clang -fsanitize=fuzzer,address,undefined -x c -o /dev/null - 2>/dev/null
		;;
	*) command -v "$1" >/dev/null ;;
	esac
}

packages_of() { # capability, field
	local line
	while IFS= read -r line; do
		[[ $line == "$1":* ]] && cut -d: -f"$2" <<<"$line" && return
	done <<<"$PACKAGES"
	echo "$1"
}

install_packages() { # manager, packages...
	local manager=$1
	shift
	local log
	log=$(mktemp)
	echo "installing with $manager: $*"
	if [[ $manager == apt-get ]]; then
		{ DEBIAN_FRONTEND=noninteractive apt-get -q update &&
			DEBIAN_FRONTEND=noninteractive \
				apt-get -q install -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null
	else
		dnf -q -y install "$@" >"$log" 2>&1 </dev/null
	fi || {
		cat "$log" >&2
		rm -f "$log"
		return 1
	}
	rm -f "$log"
}

# Makes sure that these capabilities are there, or says how and ends.
need() {
	local capability manager field package missing=() packages=()
	for capability in "$@"; do
		have "$capability" || missing+=("$capability")
	done
	((${#missing[@]})) || return 0
	if command -v apt-get >/dev/null; then
		manager=apt-get field=2
	elif command -v dnf >/dev/null; then
		manager=dnf field=3
	else
		echo "missing: ${missing[*]}; install them with this system's package manager" >&2
		exit 1
	fi
	for capability in "${missing[@]}"; do
		for package in $(packages_of "$capability" $field); do
			[[ " ${packages[*]} " == *" $package "* ]] || packages+=("$package")
		done
	done
	if ((EUID != 0)); then
		echo "missing: ${packages[*]}; get them with: sudo $manager install ${packages[*]}" >&2
		exit 1
	fi
	install_packages "$manager" "${packages[@]}" || {
		echo "could not install: ${packages[*]}" >&2
		exit 1
	}
	for capability in "${missing[@]}"; do
		have "$capability" && continue
		echo "$capability is still missing after installing ${packages[*]}" >&2
		exit 1
	done
}

# What the program, the simulated kernel and their runs need.
# shellcheck disable=SC2034 # used by those who source this
BUILD_NEEDS=(make cc pkg-config jansson uuid libkmod)
# shellcheck disable=SC2034
RUN_NEEDS=(fuse3 unshare mount umount find xargs diff script uuidgen python3)

# Gives what root has built in this tree to who called sudo, whose next make
# writes there.
give_builds() {
	((EUID == 0)) && [[ ${SUDO_UID-} && ${SUDO_GID-} ]] || return 0
	local directory
	for directory in build build-asan build-cov; do
		[[ ! -d $directory ]] || chown -hR "$SUDO_UID:$SUDO_GID" "$directory"
	done
}

need_fuse() {
	[[ -c /dev/fuse ]] || modprobe fuse 2>/dev/null || true
	[[ -c /dev/fuse && -r /dev/fuse && -w /dev/fuse ]] && return
	if [[ -c /dev/fuse ]]; then
		echo "you may not use /dev/fuse, which the simulated kernel needs: run this with sudo" >&2
	else
		echo "there is no /dev/fuse, which the simulated kernel needs: load the module fuse, or bind /dev/fuse into this container" >&2
	fi
	exit 1
}

# Goes on in a mount and process namespace of its own, so that no mount and no
# process outlives this script, however it ends: unshare itself ignores SIGTERM
# and SIGINT, so they kill it, and with it the namespace.
enter_namespace() { # script, its arguments
	[[ ${MDEVCTL_TEST_NAMESPACE-} ]] && return
	local flags=(--mount --propagation unchanged --pid --fork --kill-child --mount-proc) pid status=0
	((EUID == 0)) || flags+=(--user --map-root-user)
	trap 'kill -KILL ${pid:+"$pid"}; exit 130' INT
	trap 'kill -KILL ${pid:+"$pid"}; exit 143' TERM HUP
	MDEVCTL_TEST_NAMESPACE=1 unshare "${flags[@]}" "$@" </dev/null &
	pid=$!
	wait "$pid" || status=$?
	exit "$status"
}

# In that namespace: an empty directory in memory, whose mounts nobody else
# sees.  It lies over /sys, because that is a mount point in every chroot and
# container, where "/" may not be one, and only a mount point can be made
# private.  And so no test can touch the real one.
make_work() {
	mount --make-private /sys && mount -t tmpfs -o mode=755 tmpfs /sys && return
	echo "cannot mount on /sys, which the simulated kernel needs: is /sys mounted here?" >&2
	exit 1
}
