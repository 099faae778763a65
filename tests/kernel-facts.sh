#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kernel-facts.sh SYSFS HOOK: what a kernel with the sample drivers mtty (24 ports) and mdpy (4 devices) answers, one
# line `TITLE: ANSWER` for each question; kernel-facts-check.sh compares them.  Needs the program kernel-facts on the
# PATH, and a host without devices.
#
# What sysfs itself cannot do is asked of HOOK:
#	HOOK goes|comes DRIVER		its module is unloaded, loaded: the parent unregisters, registers
#	HOOK hold UUID GROUP		uses the device until it is killed; says "holding" once it does
#	HOOK slow|fast UUID		its creation takes long enough to be met half-way, or not any more
# shellcheck disable=SC2086,SC2154 # no path here has blanks; hook is of the words
# shellcheck source=tests/kernel-facts-words.sh
. "$(dirname "$0")/kernel-facts-words.sh"

bus=bus/mdev/devices
mtty=devices/virtual/mtty/mtty
mdpy=devices/virtual/mdpy/mdpy
one=$mtty/mdev_supported_types/mtty-1
two=$mtty/mdev_supported_types/mtty-2
vga=$mdpy/mdev_supported_types/mdpy-vga
hd=$mdpy/mdev_supported_types/mdpy-hd

# Letters, so that case can matter.
uuid() { printf 'abcdef00-1111-4222-8333-%012d\n' "$1"; }
A=$(uuid 1)
B=$(uuid 2)
C=$(uuid 3)
device=$mtty/$A

create() { must 36 open w "$1/create" write "$2"; }
remove() { must 1 open w "$bus/$1/remove" write 1; }

remove_all() {
	for link in "$bus"/*; do
		[ ! -h "$link" ] || remove "${link##*/}"
	done
}

hold() { hold_in_group "$1" "$bus/$1/iommu_group"; } # UUID

# Answers of several at once, sorted and counted: "7 EEXIST, 1 ok".
tally() { sort | uniq -c | sed 's/^ *//' | tr '\n' ',' | sed 's/,$//; s/,/, /g'; }

host() {
	fact 'the class of parents' stat class/mdev_bus list class/mdev_bus
	fact 'a parent in its class' stat class/mdev_bus/mtty readlink class/mdev_bus/mtty
	fact 'the class is no bus of parents' try r class/mdev_bus/mtty/subsystem/mdpy readlink $mtty/subsystem
	fact 'the bus without devices' stat bus/mdev list bus/mdev/devices
	fact 'the drivers of the bus' list bus/mdev/drivers
	fact 'a driver of the bus' list bus/mdev/drivers/mtty
	fact 'the subsystem leads to the parent' readlink class/mtty/mtty
	fact 'modules' open r module/mtty/initstate read 16 open r module/mdev/initstate read 16
	fact 'modules, their use' open r module/mtty/refcnt read 16 open r module/mdpy/refcnt read 16 \
		open r module/mdev/refcnt read 16
	for parent in $mtty $mdpy; do
		name=${parent##*/}
		fact "$name, the parent" stat "$parent" list "$parent"
		fact "$name, its uevent" stat "$parent/uevent" open r "$parent/uevent" read 4096
		fact "$name, its power" list "$parent/power"
		fact "$name, its types" stat "$parent/mdev_supported_types" list "$parent/mdev_supported_types"
	done
	fact 'mtty, an attribute of its own' stat $mtty/mtty_dev/sample_mtty_dev \
		open r $mtty/mtty_dev/sample_mtty_dev read 64
}

types() {
	for type in $one $two $vga "$mdpy/mdev_supported_types/mdpy-xga" $hd; do
		name=${type##*/}
		fact "$name, the type" stat "$type" list "$type"
		fact "$name, its name" open r "$type/name" read 64
		fact "$name, its device_api" open r "$type/device_api" read 64
		fact "$name, its available_instances" open r "$type/available_instances" read 64
		fact "$name, its devices" stat "$type/devices" list "$type/devices"
	done
	for attribute in create available_instances device_api name; do
		fact "mtty-1, the file $attribute" stat $one/$attribute
	done
	fact 'mtty-1 has no description' stat $one/description try r $one/description
	fact 'mdpy-vga, its description' stat $vga/description open r $vga/description read 128
	fact 'mdpy-hd, its description' open r $hd/description read 128
}

device() {
	create $one $A
	fact 'a device' stat $device list $device
	fact 'a device, remove' stat $device/remove
	fact 'a device, mdev_type' stat $device/mdev_type readlink $device/mdev_type
	fact 'a device, its link below the type' list $one/devices stat $one/devices/$A readlink $one/devices/$A
	fact 'a device, none below another type' list $two/devices
	fact 'a device, its link on the bus' list $bus stat $bus/$A readlink $bus/$A
	fact 'a device, its driver' readlink $device/driver readlink bus/mdev/drivers/mtty/$A
	fact 'a device, its subsystem' readlink $device/subsystem
	fact 'a device, its uevent' stat $device/uevent open r $device/uevent read 4096
	fact 'a device, its power' stat $device/power list $device/power
	for name in async autosuspend_delay_ms control runtime_active_kids runtime_active_time runtime_enabled \
		runtime_status runtime_suspended_time runtime_usage; do
		fact "a device, power/$name" stat $device/power/$name open r $device/power/$name read 32
	done
	fact 'a device, attributes of the driver' stat $device/vendor list $device/vendor \
		stat $device/vendor/sample_mdev_dev
	fact 'a device, its attribute knows the UUID' open r $device/vendor/sample_mdev_dev read 100
	fact 'a device, no attribute is called by the UUID' stat $device/uuid stat $device/name
	fact 'a device, its VFIO group' stat $device/iommu_group readlink $device/iommu_group
	fact 'a device, the files of its VFIO group' list $device/iommu_group
	fact 'a device, its VFIO group names it' list $device/iommu_group/devices \
		readlink $device/iommu_group/devices/$A
	fact 'a device, below vfio-dev' list $device/vfio-dev list $device/vfio-dev/vfio0
	fact 'a device, its vfio-dev' readlink $device/vfio-dev/vfio0/device readlink $device/vfio-dev/vfio0/subsystem
	fact 'a device, uevent of its vfio-dev' open r $device/vfio-dev/vfio0/uevent read 64
	fact 'a device, the class vfio-dev' list class/vfio-dev readlink class/vfio-dev/vfio0
	fact 'a device, instances taken' open r $one/available_instances read 8 open r $two/available_instances read 8
	create $hd $B
	fact 'a device of mdpy' list $mdpy/$B readlink $mdpy/$B/mdev_type readlink $mdpy/$B/driver
	fact 'a device of mdpy, attributes of the driver' list $mdpy/$B/vendor open r $mdpy/$B/vendor/resolution read 64
	fact 'a device of mdpy, its uevent' open r $mdpy/$B/uevent read 4096
	fact 'a device of mdpy, the next VFIO group' readlink $mdpy/$B/iommu_group list $mdpy/$B/vfio-dev
	fact 'a device of mdpy, instances taken' open r $hd/available_instances read 8 \
		open r $vga/available_instances read 8
	remove_all
}

opens() {
	create $one $A
	fact 'open, 0200 to read' try r $one/create try rw $one/create try r $device/remove
	fact 'open, 0444 to write' try w $one/name try rw $one/name try w $one/available_instances \
		try w $device/vendor/sample_mdev_dev
	fact 'open, 0644' try r $device/power/control try w $device/power/control try rw $device/power/control
	fact 'open, O_TRUNC, O_APPEND, O_CREAT of what is there' try w+trunc $one/create try w+append $one/create \
		try w+creat $one/create
	fact 'open, O_TRUNC of 0444' try r+trunc $one/name try w+trunc $one/name
	fact 'open, O_EXCL of what is there' try w+creat+excl $one/create
	fact 'open, what is not there' try r $one/nothing try w $one/nothing try r $device/vendor/nothing
	fact 'open, O_CREAT of what is not there' try w+creat $one/nothing try w+creat $device/nothing \
		try w+creat $device/vendor/nothing try rw+creat $mtty/nothing
	fact 'open, O_CREAT where the directory is not there' try w+creat $mtty/$B/nothing
	fact 'open, below an attribute' try r $one/name/x try w+creat $one/name/x
	fact 'open, an attribute with O_DIRECTORY' try r+dir $one/name
	fact 'open, a directory' try r $one try r+dir $one try w $one try rw $one
	fact 'open, a directory with O_CREAT' try w+creat $one try r+creat $one
	fact 'open, a link to a directory' try r+dir $device/mdev_type try r+dir+nofollow $device/mdev_type \
		try r+nofollow $device/mdev_type
	fact 'open, O_PATH' try r+path $one/create try r+path $device/mdev_type
	fact 'open, a name that is too long' try r "$one/$(printf '%0300d' 0)"
	fact 'read, a directory' open r $one read 10
	fact 'write, a descriptor for reading' open r $one/name write 1
	fact 'read, a descriptor for writing' open w $one/create read 1
	remove_all
}

reads() {
	fact 'read, to the end' open r $one/name read 4096 read 4096
	fact 'read, in parts' open r $one/name read 7 read 5 read 100 read 100
	fact 'read, nothing' open r $one/name read 0 read 3
	fact 'pread, with offsets' open r $one/name pread 4 0 pread 4 7 pread 100 15
	fact 'pread, at the end and beyond' open r $one/name pread 10 19 pread 10 20 pread 10 4096
	fact 'pread, before any read' open r $one/name pread 6 12
	fact 'pread, a negative offset' open r $one/name pread 6 -1
	fact 'lseek' open r $one/name seek 7 read 4 seek 0 read 6 seek 100 read 6 seek -1
	fact 'lseek, for writing' open w $one/create seek 5
	say 'read, what has changed meanwhile' "$(
		exec 3<$one/available_instances 4<$one/available_instances 5<$one/available_instances
		kernel-facts fd 3 read 8 fd 4 read 1
		create $one $A
		kernel-facts fd 3 read 8 seek 0 read 8 fd 4 pread 1 1 read 8 fd 5 pread 8 1
		remove $A
		kernel-facts fd 3 pread 8 0 pread 8 1 pread 8 2
	)"
}

# What sysfs does not know.
names() {
	create $one $A
	fact 'mkdir' mkdir $one/x mkdir $mtty/$B mkdir $one
	fact 'rmdir' rmdir $device rmdir $device/power rmdir $one/nothing rmdir $one/name
	fact 'unlink' unlink $one/name unlink $device/remove unlink $device/mdev_type unlink $one/nothing unlink $device
	fact 'rename' rename $one/name $one/other rename $device $mtty/$B rename $one/name $one/device_api \
		rename $one/nothing $one/x
	fact 'rename, to elsewhere' rename $one/name /proc/x
	fact 'symlink' symlink x $one/x symlink x $one/name
	fact 'link' link $one/name $one/x
	fact 'mknod' mknod $one/x mknod $one/name mkfifo $one/x
	fact 'truncate' truncate 0 $device/power/control stat $device/power/control truncate 9 $one/name stat $one/name
	fact 'chmod' chmod 0600 $device/power/control stat $device/power/control chmod 0644 $device/power/control \
		stat $device/power/control
	fact 'chmod opens what the mode had closed' chmod 0644 $one/name try w $one/name chmod 0444 $one/name \
		try w $one/name
	fact 'readlink, of what is none' readlink $one readlink $one/name readlink $one/nothing
	fact 'list, of what is no directory' list $one/name list $device/mdev_type/devices
	remove_all
}

# What the write says, and what is there then.
created() { # TITLE DATA NAME
	fact "create, $1" open w $one/create write "$2" readlink "$bus/$3/mdev_type"
	remove_all
}

creates() {
	created '36 characters' $A $A
	created '37 with a newline' "$A\n" $A
	created '37 with a blank' "$A " $A
	created '37 with a letter' "${A}X" $A
	created '37 with a digit' "${A}0" $A
	created '37 with a NUL' "$A\0" $A
	created '37 with a byte that is not ASCII' "$A\xff" $A
	upper=$(echo $A | tr a-f A-F)
	created 'upper case' "$upper" $A
	created 'upper case, by that name' "$upper" "$upper"
	remove_all
	zero=00000000-0000-0000-0000-000000000000
	full=ffffffff-ffff-ffff-ffff-ffffffffffff
	created 'all zero' $zero $zero
	created 'all f' $full $full
	for version in 1111-0222-0333 1111-9222-8333 1111-f222-f333; do
		created "version and variant $version" abcdef00-$version-000000000001 abcdef00-$version-000000000001
	done
	created 'nothing' '' $A
	created 'one newline' '\n' $A
	created '35 characters' "${A%?}" $A
	created '35 and a newline' "${A%?}\n" $A
	created '38 characters' "$A\n\n" $A
	created 'twice in one write' "$A\n$B\n" $A
	created 'a blank before' " $A" $A
	created 'a NUL before' "\0$A" $A
	created 'a NUL inside' "abcdef00\01111-4222-8333-000000000001" $A
	created 'a letter that is no digit' "g${A#?}" $A
	created 'a dash for a digit' "-${A#?}" $A
	created 'a digit for a dash' abcdef0001111-4222-8333-000000000001 $A
	created 'dashes elsewhere' abcdef0-01111-4222-8333-000000000001 $A
	created 'no dashes' "$(echo $A | tr -d -)" $A
	created 'no dashes, 36 digits' abcdef00111142228333000000000001abcd $A
	created 'braces' "{$A}" $A
	created 'urn:uuid' "urn:uuid:$A" $A
	created '0x' "0x${A#??}" $A
	fact 'create, 5000 bytes' open w $one/create fill 5000
	fact 'create, at an offset' open w $one/create pwrite $A 100 readlink $bus/$A/mdev_type
	remove_all
	fact 'create, after an offset' open w $one/create seek 37 write $A readlink $bus/$A/mdev_type
	remove_all
	fact 'create, O_TRUNC' open w+trunc $one/create write $A
	fact 'create, O_APPEND' open w+append $one/create write $B
	fact 'create, O_CREAT' open w+creat $one/create write $C
	remove_all
	fact 'create, several through one descriptor' open w $one/create write $A write "$B\n" write x write $A \
		write '' write $C list $bus
	remove_all
}

duplicates() {
	create $one $A
	fact 'duplicate, same type' open w $one/create write $A
	fact 'duplicate, upper case' open w $one/create write "$(echo $A | tr a-f A-F)"
	fact 'duplicate, another type' open w $two/create write $A
	fact 'duplicate, another parent' open w $vga/create write $A
	fact 'duplicate, nothing has changed' list $bus list $two/devices readlink $device/mdev_type \
		open r $one/available_instances read 8
	remove $A
	fact 'no duplicate any more' open w $vga/create write $A readlink $bus/$A/mdev_type
	remove_all
}

create_many() { # TYPE FIRST LAST
	for number in $(seq "$2" "$3"); do
		kernel-facts open w "$1/create" write "$(uuid "$number")"
	done
}

full() {
	say 'mtty, 25 creates one after the other' "$(create_many $one 101 125 | tally)"
	fact 'mtty, full' open r $one/available_instances read 8 open r $two/available_instances read 8
	fact 'mtty, full, nothing stays of what was refused' stat "$mtty/$(uuid 125)" stat "$bus/$(uuid 125)"
	fact 'mtty, full, a duplicate' open w $one/create write "$(uuid 101)"
	fact 'mtty, full, another type' open w $two/create write $A
	fact 'mtty, full, not a UUID' open w $one/create write x
	fact 'mtty, full, another parent has room' open w $vga/create write $A
	remove "$(uuid 101)"
	fact 'mtty, one port free' open r $two/available_instances read 8 open w $two/create write $B \
		open w $one/create write $B
	remove_all
	say 'mdpy, 5 creates one after the other' "$(create_many $vga 101 105 | tally)"
	fact 'mdpy, full' open r $vga/available_instances read 8 open r $hd/available_instances read 8
	fact 'mdpy, full, nothing stays of what was refused' stat "$mdpy/$(uuid 105)" stat "$bus/$(uuid 105)"
	fact 'mdpy, full, a duplicate' open w $hd/create write "$(uuid 101)"
	fact 'mdpy, full, another type' open w $hd/create write $A
	fact 'mdpy, full, not a UUID' open w $hd/create write x
	remove_all
	say 'mtty, 12 of two ports' "$(create_many $two 101 113 | tally)"
	remove_all
}

removed() { # TITLE DATA
	create $one $A
	fact "remove, $1" open w $device/remove write "$2" stat $device list $bus open r $one/available_instances read 8
	remove_all
}

removes() {
	for data in 1 '1\n' 2 9 01 +1 0x1 0X1f 0x1F '1\0' '1\0x' '1\n\0x' 010 18446744073709551615; do
		removed "'$data'" "$data"
	done
	for data in 0 '0\n' +0 0x0 00 '' '\n' ' ' x yes on -1 - + 0x 0xg 08 1x '1 ' ' 1' '1\n\n' '1\n ' '\0' '\x001' \
		++1 +-1 1.0 18446744073709551616 '0x10000000000000000'; do
		removed "'$data'" "$data"
	done
	create $one $A
	fact 'remove, 5000 bytes' open w $device/remove fill 5000
	fact 'remove, at an offset' open w $device/remove pwrite 1 7 stat $device
	create $one $A
	fact 'remove, through the link on the bus' open w $bus/$A/remove write 1 stat $device
	create $one $A
	fact 'remove, through the link of the type' open w $one/devices/$A/remove write 1 stat $device
	create $one $A
	fact 'remove, twice through one descriptor' open w $device/remove write 1 write 1 write 0 write x
	create $one $A
	fact 'remove, and then nothing through one descriptor' open w $device/remove write 1 write ''
	create $one $A
	fact 'remove, and then lseek' open w $device/remove write 1 seek 5
	create $one $A
	fact 'remove, zero first' open w $device/remove write 0 write x write 1
	fact 'remove, when it is gone' try w $device/remove try w+creat $device/remove
	create $one $A
	say 'descriptors from before a removal' "$(
		exec 3>$device/remove 4<$device/vendor/sample_mdev_dev 5<$device/uevent 6<$device
		kernel-facts fd 4 read 12
		remove $A
		kernel-facts fd 3 write 1 write 0
		kernel-facts fd 4 read 12 read 1000 read 10 pread 12 0 pread 12 3 fd 5 read 12
		kernel-facts list /proc/self/fd/6 fd 6 stat /proc/self/fd/6/remove try r /proc/self/fd/6/uevent
	)"
	create $one $A
	say 'a descriptor from before is not one of the next device' "$(
		exec 3>$device/remove
		remove $A
		create $one $A
		kernel-facts fd 3 write 1
		kernel-facts list $bus
	)"
	remove_all
}

# What drivers and the core do with writes to other files.
writes() {
	create $one $A
	fact 'power/control, on and auto' open rw $device/power/control write on pread 8 0 write 'auto\n' pread 8 0
	fact 'power/control, what on does' open w $device/power/control write on open r $device/power/runtime_usage read 8 \
		open r $device/power/runtime_status read 32 open r $device/power/runtime_enabled read 32
	fact 'power/control, what it does not know' open w $device/power/control write x write '' write 'on ' \
		write 'on\n\n' write ' on' write ON
	fact 'power/control, NUL' open rw $device/power/control write 'on\0xx' pread 8 0
	fact 'power/control, at an offset' open rw $device/power/control pwrite auto 50 pread 8 0
	fact 'power/control, 5000 bytes' open w $device/power/control fill 5000
	fact 'uevent, an action' open w $device/uevent write change write 'add\n' write bind write 'change\0' \
		write offline
	fact 'uevent, an action with what goes with it' open w $device/uevent write "change $A" \
		write "change $A KEY=VALUE" \
		write "change $A KEY=VALUE K2=2\n" write "change x" write "change $A KEY" \
		write "change $A K-Y=1" write "change "
	fact 'uevent, what is none' open w $device/uevent write x write '' write changed write '\n' write chang \
		write ' change' write 'change\n\n' write CHANGE
	fact 'uevent, 5000 bytes' open w $device/uevent fill 5000
	remove_all
}

create_at_once() { # TYPE FIRST LAST
	for number in $(seq "$2" "$3"); do
		kernel-facts open w "$1/create" write "$(uuid "$number")" &
	done
	wait
}

at_once() {
	say 'create, one UUID 8 times at once' "$(
		for number in $(seq 8); do kernel-facts open w $one/create write $A & done | tally
	)"
	fact 'create, one UUID 8 times at once, one device' list $bus open r $one/available_instances read 8
	say 'remove, 4 times at once' "$(
		for number in $(seq 4); do kernel-facts open w $device/remove write 1 & done |
			sed 's/^ENODEV$\|^ENOENT$\|^1$/1|ENODEV|ENOENT/' | tally
	)"
	fact 'remove, 4 times at once, gone' stat $device list $bus open r $one/available_instances read 8
	say 'create, 30 at once where 24 fit' "$(create_at_once $one 101 130 | tally)"
	fact 'create, 30 at once where 24 fit, none is free' open r $one/available_instances read 8
	remove_all
	say 'create, 8 at once where 4 fit' "$(create_at_once $hd 101 108 | tally)"
	remove_all
	say 'mdev_type appears last' "$(
		for number in $(seq 10); do
			begin watch await $device/mdev_type list $device list $one/devices list $bus \
				readlink bus/mdev/drivers/mtty/$A readlink $device/driver \
				open r $device/vendor/sample_mdev_dev read 12 open w $device/remove write 0
			create $one $A
			wait
			output watch
			remove $A
		done | sort | uniq
	)"
}

in_use() {
	create $one $A
	hold $A
	fact 'in use, the module' open r module/mtty/refcnt read 16
	fact 'in use, the device' list $device open r $one/available_instances read 8
	say 'in use, two descriptors of remove, and 1 to the first' "$(
		exec 3>$device/remove
		begin remover open w $device/remove write 1
		kernel-facts gone $bus/$A gone $device/remove fd 3 write 1
	)"
	until_ok [ ! -e $bus/$A ]
	sleep 0.3
	fact 'in use, while the removal waits' list $device list $bus list $one/devices
	fact 'in use, while the removal waits, vfio-dev' list $device/vfio-dev
	fact 'in use, while the removal waits, the driver' stat bus/mdev/drivers/mtty/$A
	fact 'in use, while the removal waits, opens' try w $device/remove try w+creat $device/remove \
		try r $device/mdev_type
	fact 'in use, while the removal waits, the same UUID' open w $one/create write $A open w $vga/create write $A
	fact 'in use, while the removal waits, instances' open r $one/available_instances read 8
	fact 'in use, while the removal waits, another device' open w $one/create write $B open w $mtty/$B/remove \
		write 1
	say 'in use, the removal has not ended' "'$(output remover)'"
	release
	until_ok has_line . remover
	say 'in use, the removal once the user is gone' "$(output remover)"
	fact 'in use, after it' stat $device open r $one/available_instances read 8 open w $one/create write $A
	remove_all
}

unregistering() {
	create $one $A
	create $vga $B
	exec 3>$one/create 4<$one/available_instances 5>$device/remove 6<$one 7<$one/name
	"$hook" goes mtty
	fact 'unregistered, the parent' stat $mtty stat class/mdev_bus/mtty list class/mdev_bus stat class/mtty
	fact 'unregistered, its devices' stat $device stat $bus/$A list $bus
	fact 'unregistered, the other parent' readlink $bus/$B/mdev_type open r $vga/available_instances read 8
	fact 'unregistered, create' try w $one/create try w+creat $one/create
	fact 'unregistered, the module' stat module/mtty stat bus/mdev/drivers/mtty list bus/mdev/drivers \
		stat module/mdpy/initstate
	fact 'unregistered, descriptors of create' fd 3 write $A write x
	fact 'unregistered, descriptors of create, nothing' fd 3 write ''
	fact 'unregistered, descriptors of available_instances' fd 4 read 8
	fact 'unregistered, descriptors of name' fd 7 read 8
	fact 'unregistered, descriptors of remove' fd 5 write 1 write 0
	fact 'unregistered, descriptors of the type' list /proc/self/fd/6 try w /proc/self/fd/6/create
	"$hook" comes mtty
	fact 'registered again' list class/mdev_bus readlink class/mdev_bus/mtty open r $one/available_instances read 8
	fact 'registered again, descriptors from before' fd 3 write $A fd 4 read 8
	fact 'registered again, create' open w $one/create write $A readlink $bus/$A/mdev_type
	exec 3>&- 4<&- 5>&- 6<&- 7<&-
	remove_all
}

# 1 to remove, of a device that is not yet active.  The kernel has to be met in a moment, so it is tried again.
half_made() {
	tries=300
	answer=
	while [ "$answer" != EAGAIN ] && [ "$tries" -gt 0 ]; do
		tries=$((tries - 1))
		remove_all
		"$hook" slow $A
		begin remover await $device/remove open w $device/remove write 1
		begin creator open w $one/create write $A
		until_ok has_line . remover
		answer=$(output remover)
		[ "$answer" != EAGAIN ] || "$hook" fast $A
		[ "$answer" = EAGAIN ] || wait
	done
	wait
	"$hook" fast $A
	say 'half made, 1 to remove' "$answer"
	say 'half made, its creation' "$(output creator)"
	fact 'half made, cannot be removed any more' list $device open w $device/remove write 1
	fact 'half made, has all but remove' readlink $device/mdev_type readlink $bus/$A \
		open r $one/available_instances read 8
	"$hook" goes mtty
	"$hook" comes mtty
	fact 'half made, goes with its parent' stat $device stat $bus/$A open r $one/available_instances read 8
}

for part in host types device opens reads names creates duplicates full removes writes at_once in_use unregistering \
	half_made; do
	$part
done
