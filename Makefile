# SPDX-License-Identifier: LGPL-2.1-or-later
# make             build/mdevctl (SANITIZE=1: build-asan/mdevctl, with ASan and UBSan)
# make install     honours DESTDIR PREFIX SBINDIR SYSCONFDIR UDEVDIR UNITDIR MANDIR SCRIPTDIR, see below
# make check       the fast tests        make lint     static checks
# make check-faults  every system call fails, or the program dies there
# make check-vm    the real kernel       make demo     a device's life on a simulated host
# make check-libvirt  the real libvirtd
# make bench       measurements, as ratios (BENCH_ROUNDS, PEER)
# make coverage    lines that the cases execute
# make fuzz        hostile input, FUZZ_TIME=60 seconds for each kind
# make docs        the picture in README.md, of the demo
# make deb rpm     packages, in build/packages
# make check-packages  builds, inspects, installs and removes them; what udev runs
# make check-examples  provisioning by kickstart, Ansible and Kubernetes

VERSION = 0.1.0

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
SYSCONFDIR ?= /etc
UDEVDIR ?= /usr/lib/udev
UNITDIR ?= /usr/lib/systemd/system
MANDIR ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# Where packages put callout scripts: one path for all, whatever PREFIX is.
SCRIPTDIR ?= /usr/lib/mdevctl/scripts.d
DESTDIR ?=
INSTALL ?= install
CC ?= cc
OBJCOPY ?= objcopy
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g

WARN = -Wall -Wextra -Wshadow -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes
ifdef WERROR
WARN += -Werror
endif

SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# Without libFuzzer (FUZZ=1, clang) a fuzz target runs over files.
FUZZ_MAIN = $(BUILD)/fuzz/replay.o
ifdef FUZZ
BUILD ?= build-fuzz
HARDEN = -fsanitize=fuzzer-no-link $(SANITIZERS)
FUZZ_MAIN = -fsanitize=fuzzer
else ifdef SANITIZE
BUILD ?= build-asan
HARDEN = $(SANITIZERS)
else ifdef COVERAGE
BUILD ?= build-cov
HARDEN = --coverage
CFLAGS = -O0 -g
else
BUILD ?= build
HARDEN = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong
endif

CPPFLAGS_ALL = -iquote . -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' $(CPPFLAGS)
CFLAGS_ALL = -std=gnu11 -fPIE $(WARN) $(HARDEN) $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(HARDEN) $(LDFLAGS)

LIBS = $(shell $(PKG_CONFIG) --libs jansson uuid) -ldl
LIB_CFLAGS = $(shell $(PKG_CONFIG) --cflags jansson uuid libkmod)
FAKE_LIBS = $(shell $(PKG_CONFIG) --libs fuse3 jansson)
FAKE_CFLAGS = $(shell $(PKG_CONFIG) --cflags fuse3 jansson)

# The house is described in HACKING.md.
ROOMS = cli cmd config device doctor hardware lib model script
SOURCES = $(sort $(wildcard *.c $(ROOMS:%=%/*.c)))
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o)
FAKE_SOURCES = $(sort $(wildcard tests/fake-sysfs/*.c))
FAKE_OBJECTS = $(FAKE_SOURCES:tests/fake-sysfs/%.c=$(BUILD)/fake/%.o)
FUZZ_OBJECTS = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%.o,$(wildcard tests/fuzz/*.c))
FUZZ_TARGETS = $(patsubst tests/fuzz/dict/%.dict,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/dict/*.dict)))

# V=1 shows the commands, -s nothing.
ifdef V
say = @:
else
say = @$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,printf '  %-5s %s\n')
Q = @
endif

all: $(BUILD)/mdevctl

# Rebuilds everything when the flags change, and only then.
FLAGS_NOW = $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL)
$(BUILD)/flags: FORCE
	@mkdir -p $(addprefix $(BUILD)/,fake fuzz property $(ROOMS))
	@$(PKG_CONFIG) --exists jansson uuid libkmod || { echo "jansson, libuuid and libkmod are needed, and $(PKG_CONFIG):" \
		"libjansson-dev uuid-dev libkmod-dev pkg-config on Debian, jansson-devel libuuid-devel kmod-devel pkgconf on Fedora"; exit 1; }
	@echo '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || echo '$(subst ','\'',$(FLAGS_NOW))' > $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(say) CC $@
	$(Q)$(CC) $(CPPFLAGS_ALL) $(LIB_CFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/mdevctl: $(OBJECTS)
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(OBJECTS) $(LIBS)

fake-sysfs: $(BUILD)/fake-sysfs

$(BUILD)/fake/%.o: tests/fake-sysfs/%.c $(BUILD)/flags
	$(say) CC $@
	$(Q)$(CC) $(CPPFLAGS_ALL) $(FAKE_CFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/fake-sysfs: $(FAKE_OBJECTS)
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(FAKE_OBJECTS) $(FAKE_LIBS) -lpthread

$(BUILD)/libkmod.so.2: tests/lib/fake-kmod.c $(BUILD)/flags
	$(say) LINK $@
	$(Q)$(CC) $(CPPFLAGS_ALL) $(LIB_CFLAGS) -std=gnu11 $(WARN) $(CFLAGS) -shared -fPIC -o $@ $<

fuzz-targets: $(FUZZ_TARGETS)

$(BUILD)/fuzz/%.o: tests/fuzz/%.c $(BUILD)/flags
	$(say) CC $@
	$(Q)$(CC) $(CPPFLAGS_ALL) $(LIB_CFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/main.o: $(BUILD)/mdevctl.o
	$(say) COPY $@
	$(Q)$(OBJCOPY) --redefine-sym main=mdevctl_main $< $@

FUZZ_LINK = $(BUILD)/fuzz/main.o $(filter-out $(BUILD)/mdevctl.o,$(OBJECTS))
# The command line runs with commands of the target's own.
COMMANDS = $(filter-out %/commands.o %/complete.o,$(filter $(BUILD)/cmd/%,$(OBJECTS)))
$(BUILD)/fuzz/command-line: FUZZ_LINK = $(BUILD)/fuzz/main.o \
	$(filter-out $(BUILD)/mdevctl.o $(BUILD)/cli/output.o $(BUILD)/cli/plan.o $(COMMANDS),$(OBJECTS))
$(FUZZ_TARGETS): $(BUILD)/fuzz/main.o

$(FUZZ_TARGETS): %: %.o $(BUILD)/fuzz/fuzz.o $(filter %.o,$(FUZZ_MAIN)) $(OBJECTS)
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $@.o $(BUILD)/fuzz/fuzz.o $(FUZZ_MAIN) $(FUZZ_LINK) $(LIBS)

# Random hosts in memory against the planner alone.
property: $(BUILD)/property/plan

$(BUILD)/property/%.o: tests/property/%.c $(BUILD)/flags
	$(say) CC $@
	$(Q)$(CC) $(CPPFLAGS_ALL) $(LIB_CFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/property/plan: $(BUILD)/property/plan.o $(BUILD)/fuzz/main.o $(OBJECTS)
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(FUZZ_LINK) $(LIBS)

# Small programs of the tests and measurements, of one file each.
PLAIN_TOOLS = $(BUILD)/kernel-facts $(BUILD)/count-syscalls $(BENCH_TOOLS)
BENCH_TOOLS = $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))

tools: $(PLAIN_TOOLS)

$(BUILD)/kernel-facts: tests/kernel-facts.c $(BUILD)/flags
$(BUILD)/count-syscalls: tests/lib/count-syscalls.c $(BUILD)/flags
$(BENCH_TOOLS): $(BUILD)/bench/%: tests/bench/%.c $(BUILD)/flags
$(PLAIN_TOOLS):
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $<

check:
	tests/run.sh

check-faults:
	tests/faults/run.sh

fuzz:
	tests/fuzz/run.sh

coverage:
	tests/coverage.sh

demo:
	tests/demo.sh

docs:
	tests/picture.sh

# Each half has its line of totals; the second runs also when the first failed.
check-vm: $(BUILD)/mdevctl
	tests/vm/run.sh $(BUILD)/mdevctl; status=$$?; tests/vm/boot.sh && exit $$status

# Each half has its line of totals; the guest runs also when the other half failed.
check-libvirt: $(BUILD)/mdevctl
	tests/libvirt/run.sh $(BUILD)/mdevctl; status=$$?; \
		tests/libvirt/guest/run.sh $(BUILD)/mdevctl && exit $$status

bench:
	tests/bench/run.sh

lint:
	tests/lint.sh

deb rpm:
	packaging/build.sh $@ $(BUILD)/packages

check-packages:
	tests/plain-root.sh
	tests/packages/udev.sh
	tests/packages/run.sh

check-examples:
	tests/examples/run.sh

# With the paths that are installed to.
PLACED = sed 's|@SBINDIR@|$(SBINDIR)|g; s|@SYSCONFDIR@|$(SYSCONFDIR)|g'

install: $(BUILD)/mdevctl
	$(INSTALL) -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(UDEVDIR)/rules.d $(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(MANDIR)/man8
	$(INSTALL) -m 755 $(BUILD)/mdevctl $(DESTDIR)$(SBINDIR)/mdevctl
	ln -sf mdevctl $(DESTDIR)$(SBINDIR)/lsmdev
	$(PLACED) udev/60-mdevctl.rules > $(BUILD)/60-mdevctl.rules
	$(INSTALL) -m 644 $(BUILD)/60-mdevctl.rules $(DESTDIR)$(UDEVDIR)/rules.d/60-mdevctl.rules
	$(INSTALL) -d $(DESTDIR)$(UNITDIR)
	for unit in mdevctl.service mdevctl@.service; do \
		$(PLACED) systemd/$$unit > $(BUILD)/$$unit && \
		$(INSTALL) -m 644 $(BUILD)/$$unit $(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
	$(INSTALL) -m 644 man/mdevctl.8 $(DESTDIR)$(MANDIR)/man8/mdevctl.8
	$(INSTALL) -m 644 man/mdevctl-callouts.7 $(DESTDIR)$(MANDIR)/man7/mdevctl-callouts.7
	ln -sf mdevctl.8 $(DESTDIR)$(MANDIR)/man8/lsmdev.8
	$(INSTALL) -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	$(INSTALL) -m 644 completions/mdevctl.bash $(DESTDIR)$(BASHDIR)/mdevctl
	ln -sf mdevctl $(DESTDIR)$(BASHDIR)/lsmdev
	$(INSTALL) -m 644 completions/mdevctl.zsh $(DESTDIR)$(ZSHDIR)/_mdevctl
	$(INSTALL) -m 644 completions/mdevctl.fish $(DESTDIR)$(FISHDIR)/mdevctl.fish
	ln -sf mdevctl.fish $(DESTDIR)$(FISHDIR)/lsmdev.fish
	$(INSTALL) -d $(DESTDIR)$(SYSCONFDIR)/mdevctl.d/scripts.d/callouts \
		$(DESTDIR)$(SYSCONFDIR)/mdevctl.d/scripts.d/notifiers \
		$(DESTDIR)$(SCRIPTDIR)/callouts $(DESTDIR)$(SCRIPTDIR)/notifiers

clean:
	rm -rf build build-asan build-fuzz build-cov

FORCE:
.PHONY: all fake-sysfs fuzz-targets property tools check check-faults fuzz coverage demo docs check-vm check-libvirt bench lint deb rpm check-packages check-examples install clean FORCE
.DELETE_ON_ERROR:
-include $(OBJECTS:.o=.d) $(FAKE_OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d) $(wildcard $(BUILD)/property/*.d)
