# SPDX-License-Identifier: LGPL-2.1-or-later
# make             build/mdevctl (SANITIZE=1: build-asan/mdevctl, with ASan and UBSan)
# make install     honours DESTDIR PREFIX SBINDIR SYSCONFDIR UDEVDIR MANDIR SCRIPTDIR, see below
# make check       the fast tests        make lint     static checks
# make check-vm    the real kernel       make demo     a device's life on a simulated host
# make check-libvirt  the real libvirtd
# make bench       measurements, as ratios

VERSION = 0.1.0

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
SYSCONFDIR ?= /etc
UDEVDIR ?= /usr/lib/udev
MANDIR ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# Where packages put callout scripts: one path for all, whatever PREFIX is.
SCRIPTDIR ?= /usr/lib/mdevctl/scripts.d
DESTDIR ?=
INSTALL ?= install
CC ?= cc
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g

WARN = -Wall -Wextra -Wshadow -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes
ifdef WERROR
WARN += -Werror
endif

ifdef SANITIZE
BUILD ?= build-asan
HARDEN = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
BUILD ?= build
HARDEN = -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif

CPPFLAGS_ALL = -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' $(CPPFLAGS)
CFLAGS_ALL = -std=gnu11 -fPIE $(WARN) $(HARDEN) $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(HARDEN) $(LDFLAGS)

LIBS = $(shell $(PKG_CONFIG) --libs jansson uuid)
LIB_CFLAGS = $(shell $(PKG_CONFIG) --cflags jansson uuid libkmod)
FAKE_LIBS = $(shell $(PKG_CONFIG) --libs fuse3 jansson)
FAKE_CFLAGS = $(shell $(PKG_CONFIG) --cflags fuse3 jansson)

SOURCES = $(sort $(wildcard *.c))
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o)
FAKE_SOURCES = $(sort $(wildcard tests/fake-sysfs/*.c))
FAKE_OBJECTS = $(FAKE_SOURCES:tests/fake-sysfs/%.c=$(BUILD)/fake/%.o)

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
	@mkdir -p $(BUILD)/fake
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

$(BUILD)/kernel-facts: tests/kernel-facts.c $(BUILD)/flags
	$(say) CC $@
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $<

check:
	tests/run.sh

demo:
	tests/demo.sh

check-vm: $(BUILD)/mdevctl
	tests/vm/run.sh $(BUILD)/mdevctl

check-libvirt: $(BUILD)/mdevctl
	tests/libvirt/run.sh $(BUILD)/mdevctl

bench:
	tests/bench/run.sh

lint:
	tests/lint.sh

install: $(BUILD)/mdevctl
	$(INSTALL) -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(UDEVDIR)/rules.d $(DESTDIR)$(MANDIR)/man8
	$(INSTALL) -m 755 $(BUILD)/mdevctl $(DESTDIR)$(SBINDIR)/mdevctl
	ln -sf mdevctl $(DESTDIR)$(SBINDIR)/lsmdev
	sed 's|@SBINDIR@|$(SBINDIR)|g' udev/60-mdevctl.rules > $(BUILD)/60-mdevctl.rules
	$(INSTALL) -m 644 $(BUILD)/60-mdevctl.rules $(DESTDIR)$(UDEVDIR)/rules.d/60-mdevctl.rules
	$(INSTALL) -m 644 man/mdevctl.8 $(DESTDIR)$(MANDIR)/man8/mdevctl.8
	ln -sf mdevctl.8 $(DESTDIR)$(MANDIR)/man8/lsmdev.8
	$(INSTALL) -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	$(INSTALL) -m 644 completions/mdevctl.bash $(DESTDIR)$(BASHDIR)/mdevctl
	ln -sf mdevctl $(DESTDIR)$(BASHDIR)/lsmdev
	$(INSTALL) -m 644 completions/mdevctl.zsh $(DESTDIR)$(ZSHDIR)/_mdevctl
	$(INSTALL) -m 644 completions/mdevctl.fish $(DESTDIR)$(FISHDIR)/mdevctl.fish
	$(INSTALL) -d $(DESTDIR)$(SYSCONFDIR)/mdevctl.d/scripts.d/callouts \
		$(DESTDIR)$(SYSCONFDIR)/mdevctl.d/scripts.d/notifiers \
		$(DESTDIR)$(SCRIPTDIR)/callouts $(DESTDIR)$(SCRIPTDIR)/notifiers

clean:
	rm -rf build build-asan

FORCE:
.PHONY: all fake-sysfs check demo check-vm check-libvirt bench lint install clean FORCE
.DELETE_ON_ERROR:
-include $(OBJECTS:.o=.d) $(FAKE_OBJECTS:.o=.d)
