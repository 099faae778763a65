#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random pairs of what a simulated host is and what it is to be, for the real program.

    apply.py MDEVCTL FAKE-SYSFS [--seed N] [--pairs N] [--only N] [--verbose]

Of each pair: a plan changes nothing; apply reaches what is wanted, and writes to nothing
else; the second one has nothing to do; one that fails at any of its steps, each of them in
turn, leaves everything as it was, or names what is not; and after one that was killed at a
step the next one reaches what is wanted.  A pair depends on the seed and its number alone.
Wants a directory for its hosts in TMPDIR, strace, and root or a user namespace.
"""
import argparse
import fnmatch
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import uuid

SPEED = {"name": "vendor/speed", "mode": "0644", "value": "1", "accept": "[1-8]"}


def cards(name, types, numbers):
    """Cards that hold one type at a time."""
    return [{"name": number, "path": "devices/" + name + number[5:7], "subsystem": "bus/pci", "driver": name,
             "units": 8, "exclusive": True, "full": "ENOSPC", "types": types,
             "attrs": {"vendor": "0xfff0", "device": "0x0001", "numa_node": str(i)},
             "mdev": {"driver": name, "attrs": [SPEED]}} for i, number in enumerate(numbers)]


def functions(name, number, enabled):
    """A card whose virtual functions are parents."""
    return {"name": number, "path": "devices/" + name + number[5:7], "subsystem": "bus/pci", "driver": name,
            "attrs": {"vendor": "0xfff0", "device": "0xe500", "numa_node": "0"},
            "sriov": {"total": 4, "offset": 1, "numvfs": enabled, "vf": {
                "driver": name, "units": 2, "full": "EUSERS",
                "attrs": {"vendor": "0xfff0", "device": "0xe501", "numa_node": "0"},
                "types": [{"id": "half-1", "name": "half a function"},
                          {"id": "whole-2", "name": "a whole function", "cost": 2}],
                "mdev": {"driver": name, "attrs": [SPEED]}}}}


PORTS = [{"id": "port-1", "name": "Single port"}, {"id": "port-2", "name": "Dual port", "cost": 2}]
SIZES = [{"id": "size-15", "name": "GRID S-1Q", "max": 8, "description": "framebuffer=1024M"},
         {"id": "size-18", "name": "GRID S-2Q", "cost": 2, "max": 4, "description": "framebuffer=2048M"},
         {"id": "size-22", "name": "GRID S-8Q", "cost": 8, "max": 1, "description": "framebuffer=8192M"}]


def vgpu_card(number):
    vf = {"driver": "nvidia", "attrs": {"vendor": "0x10de", "device": "0x27b8", "numa_node": "0"}}
    return {"name": number, "path": "devices/pci" + number[5:7], "subsystem": "bus/pci", "driver": "nvidia",
            "attrs": {"vendor": "0x10de", "device": "0x27b8", "numa_node": "0"},
            "sriov": {"total": 4, "offset": 4, "numvfs": 4, "refuse": "ENOENT", "vf": vf},
            "vgpu": {"framebuffer": 24, "form": "header", "types": [
                {"id": 700, "name": "NVIDIA L4-4Q", "framebuffer": 4, "max": 6},
                {"id": 701, "name": "NVIDIA L4-8Q", "framebuffer": 8, "max": 3},
                {"id": 703, "name": "NVIDIA L4-24Q", "framebuffer": 24, "max": 1}]}}


# What a host has, and what may be asked of it: parents, patterns, types by id and by name.
HOSTS = {
    "ports": {
        "parents": [{"name": name, "path": "devices/virtual/" + name, "subsystem": "class/" + name, "module": name,
                     "units": units, "full": full, "types": PORTS, "mdev": {"driver": name, "attrs": [SPEED]}}
                    for name, units, full in (("tty-a", 5, "ENOSPC"), ("tty-b", 4, "EUSERS"), ("lone", 2, "ENOSPC"))],
        "patterns": ["tty-*", "*", "lon?"], "ids": ["port-1", "port-2"], "names": ["Single port", "Dual port"],
    },
    "cards": {
        "parents": cards("grid", SIZES, ["0000:41:00.0", "0000:c1:00.0"]),
        "patterns": ["0000:*", "0000:c1:*"], "ids": ["size-15", "size-18", "size-22"],
        "names": ["S-1Q", "GRID S-2Q", "S-8Q"],
    },
    "functions": {
        "parents": [functions("sriov", "0000:3b:00.0", 4), functions("sriov", "0000:5e:00.0", 0)],
        "there": ["0000:3b:00.%d" % i for i in range(1, 5)], "late": ["0000:5e:00.%d" % i for i in range(1, 5)],
        "patterns": ["0000:3b:*", "0000:*"], "ids": ["half-1", "whole-2"],
        "names": ["half a function", "a whole function"], "pf": "0000:5e:00.0",
    },
    "vgpus": {
        "parents": [vgpu_card("0000:41:00.0"), vgpu_card("0000:c1:00.0")],
        "there": ["0000:%s:00.%d" % (bus, i) for bus in ("41", "c1") for i in range(4, 8)],
        "patterns": ["0000:41:*", "0000:*"], "ids": ["nvidia-700", "nvidia-701", "nvidia-703"],
        "names": ["L4-4Q", "NVIDIA L4-8Q", "L4-24Q"], "vgpu": True,
    },
}
ABSENT = "0000:77:00.0"
NAMES = ["vm1", "vm2", "vm3", "web-1", "web-2", "web-3", "web-4"]
UUIDS = ["%d1111111-1111-4111-8111-111111111111" % i for i in range(1, 5)]
WORD = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Broken(Exception):
    pass


def must(promise, text, *more):
    if not promise:
        raise Broken("\n".join([text] + [m if isinstance(m, str) else json.dumps(m, indent=1, default=str) for m in more]))


def uuid_of(key):
    return key if WORD.fullmatch(key) else str(uuid.uuid5(uuid.NAMESPACE_URL, "mdev:" + key))


def is_pattern(text):
    return any(c in text for c in "*?[")


class Host:
    """A simulated host; what it has, and what it keeps."""

    def __init__(self, name, tools, work):
        self.about, self.tools = HOSTS[name], tools
        self.root = os.path.join(work, name)
        self.config = self.root + "/etc/mdevctl.d"
        self.vgpu = self.about.get("vgpu", False)
        self.pf = self.about.get("pf")
        self.there = self.about.get("there") or [p["name"] for p in self.about["parents"]]
        os.makedirs(self.root + "/sys")
        os.symlink("sys/fake/dev", self.root + "/dev")
        with open(self.root + ".json", "w") as f:
            json.dump({"modules": ["mdev", "vfio"], "parents": self.about["parents"]}, f)
        subprocess.run([tools["fake"], self.root + ".json", self.root + "/sys"], check=True)
        self.env = dict(os.environ, MDEVCTL_ENV_ROOT=self.root, ASAN_OPTIONS="detect_leaks=1:exitcode=99")

    def control(self, text):
        fd = os.open(self.root + "/sys/fake/control", os.O_WRONLY)
        try:
            os.write(fd, (text + "\n").encode())
            return True
        except OSError:
            return False
        finally:
            os.close(fd)

    def run(self, *arguments, text=None, inject=None, may_die=False):
        """@inject: options of strace, which the leak check of the sanitized build cannot have beside it."""
        tracer = ["strace", "-qq", "-y", "-o", self.root + ".trace", *inject] if inject else []
        env = dict(self.env, ASAN_OPTIONS="detect_leaks=0:exitcode=99") if inject else self.env
        r = subprocess.run([*tracer, self.tools["mdevctl"], *arguments], env=env, input=text, capture_output=True,
                           text=True, timeout=60)
        must(r.returncode in (0, 1, 3) or may_die, "%s: status %d" % (arguments, r.returncode), r.stderr)
        return r

    def devices(self):
        """UUID, or VF: parent, type, speed."""
        found = {}
        if self.vgpu:
            for vf in self.there:
                with open("%s/sys/bus/pci/devices/%s/nvidia/current_vgpu_type" % (self.root, vf)) as f:
                    number = f.read().strip()
                if number != "0":
                    found[vf] = (vf, "nvidia-" + number, None)
            return found
        bus = self.root + "/sys/bus/mdev/devices"
        for one in os.listdir(bus):
            with open("%s/%s/vendor/speed" % (bus, one)) as f:
                speed = f.read().strip()
            parent = os.readlink("%s/%s" % (bus, one)).split("/")[-2]
            found[one] = (parent, os.path.basename(os.readlink("%s/%s/mdev_type" % (bus, one))), speed)
        return found

    def files(self):
        """Path: text, and what a write would have changed."""
        found = {}
        for directory, _, names in os.walk(self.config):
            for name in names:
                path = os.path.join(directory, name)
                stat = os.stat(path)
                with open(path) as f:
                    found[os.path.relpath(path, self.config)] = (f.read(), stat.st_mtime_ns, stat.st_ino)
        return found

    def state(self):
        return self.files(), self.devices()

    def writes(self):
        with open(self.root + "/sys/fake/log") as f:
            return [line for line in f if not line.startswith("write fake/")]

    def enabled(self):
        with open("%s/sys/bus/pci/devices/%s/sriov_numvfs" % (self.root, self.pf)) as f:
            return int(f.read())

    def clear(self):
        self.control("clear")
        for one, (parent, _, _) in self.devices().items():
            self.control("vgpu %s 0" % one if self.vgpu else "device-remove " + one)
        if self.pf:
            self.control("sriov %s 0" % self.pf)
        for name in ("etc", "run", "usr"):
            shutil.rmtree(os.path.join(self.root, name), ignore_errors=True)
        os.makedirs(self.config)

    def put(self, parent, name, text):
        os.makedirs(os.path.join(self.config, parent), exist_ok=True)
        with open(os.path.join(self.config, parent, name), "w") as f:
            f.write(text)


class Pair:
    """What a host is, and what it is to be; both from a number alone."""

    def __init__(self, host, rng):
        self.host, self.rng, self.about = host, rng, host.about
        self.parents = host.there + [ABSENT] + self.about.get("late", [])[:1]
        self.before()
        self.after()

    def attrs(self):
        if self.host.vgpu or self.rng.random() < 0.5:
            return []
        return [{"vendor/speed": str(self.rng.randint(1, 8))}]

    def definition(self, kind):
        d = {"mdev_type": kind, "start": self.rng.choice(["auto", "manual"]), "attrs": self.attrs()}
        if self.rng.random() < 0.1:
            d["site"] = self.rng.randint(1, 3)
        return d

    def pool(self):
        rng, pool = self.rng, {}
        if rng.random() < 0.7:
            pool["parents"] = rng.sample(self.about["patterns"] + [rng.choice(self.host.there)], rng.randint(1, 2))
        pool["types"] = rng.sample(self.about["ids"] + self.about["names"], rng.randint(1, 2))
        if rng.random() < 0.5:
            pool["policy"] = rng.choice(["compact", "spread", "separate"])
        if rng.random() < 0.3:
            pool["limit"] = rng.randint(1, 4)
        if not self.host.vgpu and rng.random() < 0.3:
            pool["attrs"] = [{"vendor/speed": str(rng.randint(1, 8))}]
        return pool

    def before(self):
        rng = self.rng
        self.kept, self.active, self.kept_pools, self.broken = [], [], {}, []
        for name in ("small", "large"):
            if rng.random() < 0.4:
                self.kept_pools[name] = self.pool()
        for key in rng.sample(NAMES + UUIDS, rng.randint(0, 7)):
            d = self.definition(rng.choice(self.about["ids"]))
            if key in NAMES:
                d["name"] = key
                if self.kept_pools and rng.random() < 0.5:
                    d["pool"] = rng.choice(sorted(self.kept_pools))
            parent = rng.choice(self.parents)
            if self.host.vgpu and any(p == parent for p, _, _ in self.kept):
                continue
            if rng.random() < 0.1:
                self.broken.append((parent, uuid_of(key)))
                continue
            self.kept.append((parent, key, d))
            speed = d["attrs"][0]["vendor/speed"] if d["attrs"] else None
            if parent in self.host.there and rng.random() < 0.6:
                self.active.append((parent, uuid_of(key), d["mdev_type"], speed))
        # Somebody else's, and some of a name that is going to be asked for.
        for key in rng.sample(NAMES + ["somebody", "else"], rng.randint(0, 2)):
            if not any(k == key for _, k, _ in self.kept):
                self.active.append((rng.choice(self.host.there), uuid_of(key), rng.choice(self.about["ids"]), None))

    def after(self):
        rng = self.rng
        self.pools, self.devices, self.vfs = {}, {}, {}
        for name in ("small", "large"):
            if rng.random() < 0.3:
                self.pools[name] = self.kept_pools[name] if name in self.kept_pools and rng.random() < 0.5 else self.pool()
        if self.host.pf and rng.random() < 0.5:
            self.vfs[self.host.pf] = {"vfs": rng.choice([2, 4, "max"])}
        # Some as they are, so that there is something to be left alone.
        for parent, key, d in self.kept:
            if rng.random() < 0.4:
                self.devices.setdefault(parent, []).append({key: dict(d)})
        taken = {k for one in self.devices.values() for d in one for k in d}
        for key in rng.sample(NAMES[:3] + UUIDS + ["web", "web", "auto"], rng.randint(0, 5)):
            if key in taken:
                continue
            taken.add(key)
            self.ask_for(key, taken)
        if rng.random() < 0.15:
            self.devices.setdefault(rng.choice(self.parents + self.about["patterns"]), [])
        self.prune, self.restart = rng.random() < 0.4, rng.random() < 0.4

    def ask_for(self, key, taken):
        rng, where = self.rng, self.rng.random()
        pools = sorted(set(self.pools) | set(self.kept_pools))
        d = self.definition(rng.choice(self.about["ids"] + self.about["names"]))
        if where < 0.45:
            parent = rng.choice(self.parents)
        elif where < 0.8 or not pools or key in UUIDS:
            parent = rng.choice(self.about["patterns"])
        else:
            parent = "pool:" + rng.choice(pools)
            if rng.random() < 0.7:
                del d["mdev_type"]
        if rng.random() < 0.4 and not d["attrs"]:
            del d["attrs"]
        if key == "web" or (key not in UUIDS and rng.random() < 0.1 and key == "auto"):
            if any(k.startswith("web-") for k in taken):
                return
            d["count"] = rng.choice([1, 2, 3, "max"])
        self.devices.setdefault(parent, []).append({key: d})

    def put(self):
        host = self.host
        host.clear()
        for name, pool in self.kept_pools.items():
            host.put("pools.d", name + ".json", json.dumps(pool))
        for parent, key, d in self.kept:
            host.put(parent, uuid_of(key), json.dumps(d, indent=2) + "\n")
        for parent, one in self.broken:
            host.put(parent, one, '{"mdev_type":')
        for parent, one, kind, speed in self.active:
            if host.vgpu:
                host.control("vgpu %s %s" % (parent, kind.split("-")[1]))
            elif host.control("device-add %s %s %s" % (parent, kind, one)) and speed:
                with open("%s/sys/bus/mdev/devices/%s/vendor/speed" % (host.root, one), "w") as f:
                    f.write(speed)
        host.control("clear-log")

    def blueprint(self):
        b = {}
        if self.vfs:
            b["vfs"] = self.vfs
        if self.pools:
            b["pools"] = self.pools
        if self.devices:
            b["devices"] = [self.devices]
        return json.dumps(b)

    def options(self):
        return ["--prune"] * self.prune + ["--restart"] * self.restart


def same_type(host, parent, m, asked):
    """Whether a definition is of the type that is asked for, by its words or the parent's."""
    names = {t["id"]: t["name"] for p in host.about["parents"] for t in p.get("types", [])}
    for p in host.about["parents"]:
        names.update({t["id"]: t["name"] for t in p.get("sriov", {}).get("vf", {}).get("types", [])})
        names.update({"nvidia-%d" % t["id"]: t["name"] for t in p.get("vgpu", {}).get("types", [])})
    for name in (m["mdev_type"], m.get("type_name", ""), names.get(m["mdev_type"], "")):
        if name == asked or name.endswith(" " + asked):
            return True
    return False


class Check:
    """An independent reading of what is promised."""

    def __init__(self, pair, before, done, killed=False):
        self.pair, self.host, self.before, self.killed = pair, pair.host, before, killed
        self.steps, self.notes = done["steps"], done["notes"]
        self.files, self.devices = pair.host.state()
        self.definitions = {}
        for path, (text, _, _) in self.files.items():
            parent, name = path.split("/")
            if WORD.fullmatch(name) and (parent, name) not in pair.broken:
                self.definitions.setdefault(name, {})[parent] = json.loads(text)
            elif WORD.fullmatch(name):
                try:
                    self.definitions.setdefault(name, {})[parent] = json.loads(text)
                except ValueError:
                    pass

    def wanted(self):
        """Key, definition, where, of each device; those of "max" apart."""
        for where, devices in self.pair.devices.items():
            for one in devices:
                for key, d in one.items():
                    d = dict(d)
                    count = d.pop("count", None)
                    if count == "max":
                        continue
                    for name in ["%s-%d" % (key, i) for i in range(1, count + 1)] if count else [key]:
                        yield name, d, where

    def all(self):
        for name, pool in self.pair.pools.items():
            must(json.loads(self.files["pools.d/%s.json" % name][0]) == pool, "the pool %s is another" % name)
        for pf, vfs in self.pair.vfs.items():
            must(json.loads(self.files["%s/vfs.json" % pf][0])["vfs"] == vfs["vfs"], "other VFs are kept")
            must(self.host.enabled() == (4 if vfs["vfs"] == "max" else vfs["vfs"]), "VFs are not enabled")
        self.covered = {}
        for key, d, where in self.wanted():
            self.device(key, d, where)
        self.others()
        if not self.killed:
            self.untouched()

    def device(self, key, d, where):
        one = uuid_of(key)
        found = self.definitions.get(one, {})
        if where.startswith("pool:") or is_pattern(where):
            must(len(found) == 1, "%s is defined on %s" % (key, list(found)))
            parent = next(iter(found))
            must(where.startswith("pool:") or fnmatch.fnmatchcase(parent, where), "%s is on %s" % (key, parent))
            if where.startswith("pool:"):
                must(found[parent].get("pool") == where[5:], "%s is of no pool" % key, found)
        else:
            parent = where
            must(parent in found, "%s is not defined on %s" % (key, where))
            must(not WORD.fullmatch(key) and len(found) == 1 or WORD.fullmatch(key), "%s is defined twice" % key)
        m = found[parent]
        self.covered.setdefault(one, set()).add(parent)
        must("mdev_type" not in d or same_type(self.host, parent, m, d["mdev_type"]), "%s is of another type" % key, m, d)
        must(m["start"] == d["start"], "%s starts otherwise" % key, m)
        must("site" not in d or m.get("site") == d["site"], "%s has lost a key" % key, m)
        pool = self.pair.pools.get(where[5:], self.pair.kept_pools.get(where[5:], {})) if where.startswith("pool:") else {}
        attrs = d["attrs"] if "attrs" in d else pool.get("attrs", [])
        must(m["attrs"] == attrs, "%s has other attributes" % key, m, attrs)
        self.running(key, one, parent, m, d)

    def running(self, key, one, parent, m, d):
        is_there = parent in self.host.there or (parent in self.pair.about.get("late", []) and parent in self.offered())
        now = self.devices.get(parent if self.host.vgpu else one)
        was = self.before[1].get(parent if self.host.vgpu else one)
        if self.host.vgpu and now and not same_type(self.host, parent, {"mdev_type": now[1]}, m.get("type_name", m["mdev_type"])) and \
                now[1] != m["mdev_type"]:
            # It is the VF's, and another device.
            now = None
        # The place of a vGPU that has to move, and runs, is elsewhere.
        stays = self.host.vgpu and any(note.startswith(key + " runs on ") and " still, as it was" in note for note in self.notes)
        if d["start"] == "auto" and is_there and not stays:
            must(now, "%s does not run" % key)
        if now and now[0] != parent and now[0] in self.definitions[one]:
            # A UUID may be defined on several parents, and runs as one of them.
            return
        if now and self.pair.restart and (now[0] == parent or is_there):
            must(now[0] == parent and (self.host.vgpu or now[1] == m["mdev_type"]), "%s runs as %s" % (key, now), m)
        if now and was != now and not self.host.vgpu and m["attrs"]:
            must(now[2] == m["attrs"][0]["vendor/speed"], "%s has another speed" % key, m, str(now))
        goes = any(uuid_of(k) == one and p != parent and self.covers(p, d) for p, k, d in self.pair.kept)
        if was and not self.host.vgpu and not (self.pair.prune and goes):
            must(now, "%s has been stopped" % key)

    def offered(self):
        return os.listdir(self.host.root + "/sys/class/mdev_bus")

    def covers(self, parent, m):
        for key in self.pair.devices:
            if key == "pool:" + m.get("pool", "") or key == parent or (is_pattern(key) and fnmatch.fnmatchcase(parent, key)):
                return True
        families = [k for ds in self.pair.devices.values() for one in ds for k, d in one.items() if "count" in d]
        return any(re.fullmatch(re.escape(f) + "-[1-9][0-9]*", m.get("name", "")) for f in families)

    def others(self):
        """What nobody asks for stays, or goes with --prune where the file says something."""
        families = [k for ds in self.pair.devices.values() for one in ds for k, d in one.items() if d.get("count") == "max"]
        asked = {uuid_of(key): where for key, _, where in self.wanted()}
        for parent, key, d in self.pair.kept:
            one = uuid_of(key)
            stays = parent in self.definitions.get(one, {})
            # Of a name, or of what may be anywhere, there is one.
            if parent in self.covered.get(one, ()):
                continue
            if one in asked and (key in NAMES or asked[one].startswith("pool:") or is_pattern(asked[one])):
                must(not stays, "%s is left on %s" % (key, parent))
            elif any(re.fullmatch(re.escape(f) + "-[1-9][0-9]*", key) for f in families):
                # One that may not stay where it is need not keep its number.
                must(one in self.definitions or not self.may_stay(parent, key), "%s is gone" % key)
            elif self.pair.prune and self.covers(parent, d):
                must(not stays, "%s is left" % key)
                was = self.before[1].get(parent if self.host.vgpu else one)
                must(not was or was[0] != parent or self.host.vgpu or one in asked or one not in self.devices, "%s runs still" % key)
            else:
                must(stays and self.files[parent + "/" + one] == self.before[0][parent + "/" + one], "%s was touched" % key)
        for one in ("somebody", "else"):
            at = uuid_of(one)
            must(self.host.vgpu or self.before[1].get(at) == self.devices.get(at), "%s was touched" % one)

    def may_stay(self, parent, key):
        return any(k == key.rsplit("-", 1)[0] and (where == parent or (is_pattern(where) and fnmatch.fnmatchcase(parent, where)))
                   for where, ds in self.pair.devices.items() for one in ds for k in one)

    def untouched(self):
        """Only what a step names has been written."""
        stepped = {s["uuid"] for s in self.steps if s["object"] == "device"}
        files = {s["uuid"] for s in self.steps if s["object"] == "device" and s["step"] in ("define", "modify", "undefine")}
        files |= {s["name"] + ".json" for s in self.steps if s["object"] == "pool"}
        if any(s["object"] == "vfs" for s in self.steps):
            files.add("vfs.json")
        for path in set(self.before[0]) | set(self.files):
            if self.before[0].get(path) != self.files.get(path):
                must(path.split("/")[1] in files, "%s was written, and no step says so" % path, self.steps)
        moved = {s["uuid"] for s in self.steps if s["object"] == "device" and s["step"] in ("start", "stop")}
        places = {s["parent"] for s in self.steps if s["object"] == "device" and s["step"] in ("start", "stop")}
        for line in self.host.writes():
            if self.host.vgpu:
                must(any("/%s/" % p in line for p in places) or "= -E" in line, "written, and no step says so: " + line, self.steps)
            # One of as many as fit may have been tried in vain.
            elif "sriov_" not in line and "= -E" not in line:
                must(WORD.search(line) and WORD.search(line).group() in moved & stepped, "written, and no step says so: " + line, self.steps)


def restored(pair, before, r, fault):
    """After a failure: as before, or what is not is named."""
    files, devices = pair.host.state()
    must("mdevctl: " in r.stderr, "it failed without a word")
    left = [line for line in r.stderr.splitlines() if "NOT undone" in line]
    unable = [line for line in left if "> vfs" not in line]
    must(not unable, "could not be undone: " + fault, r.stdout, r.stderr)
    texts = lambda f: {path: text for path, (text, _, _) in f.items()}
    must(texts(files) == texts(before[0]), "the files are not as before: " + fault, r.stdout, r.stderr, texts(before[0]), texts(files))
    if pair.host.vgpu or set(devices) != set(before[1]) or any(devices[d][:2] != before[1][d][:2] for d in devices):
        must(devices == before[1], "other devices run than before: " + fault, r.stdout, r.stderr, str(before[1]), str(devices))
    defined = {uuid_of(k): d["attrs"] for _, k, d in pair.kept}
    for one, now in devices.items():
        must(not defined.get(one) or now == before[1][one], "%s runs otherwise than before: %s" % (one, fault), r.stderr)


def at_nth(host, action, n, what):
    """A script that does something before the n-th (from 0) of an action."""
    scripts = host.root + "/usr/lib/mdevctl/scripts.d/callouts"
    os.makedirs(scripts, exist_ok=True)
    with open(scripts + "/10", "w") as f:
        f.write("#!/bin/sh\n"
                'case "$*" in *"-e pre -a %s "*) ;; *) exit 2 ;; esac || exit 2\n'
                "n=$(cat %s/count 2>/dev/null || echo 0); echo $((n + 1)) >%s/count; [ $n != %d ] || %s\n"
                % (action, host.root, host.root, n, what))
    os.chmod(scripts + "/10", 0o755)
    if os.path.exists(host.root + "/count"):
        os.unlink(host.root + "/count")


def remove_scripts(host):
    shutil.rmtree(host.root + "/usr", ignore_errors=True)


def file_changes(pair):
    """Each system call that changes a file that is kept: its name, and which one of that name it is."""
    host, counts, changes = pair.host, {}, []
    calls = "rename,renameat,renameat2,unlink,unlinkat"
    pair.put()
    host.run("apply", "-", *pair.options(), text=pair.blueprint(), inject=["-e", "trace=" + calls])
    with open(host.root + ".trace") as f:
        for line in f:
            call = line.split("(")[0]
            counts[call] = counts.get(call, 0) + 1
            if "/mdevctl.d" in line and line.rstrip().endswith("= 0"):
                changes.append((call, counts[call]))
    return changes


def list_faults(pair, steps, rng):
    """One for each step."""
    host, counts = pair.host, {}
    faults = [("file", *change) for change in file_changes(pair)]
    for s in steps:
        if s["object"] == "vfs" and s["step"] == "enable":
            faults.append(("control", "fail write *sriov_numvfs EIO 1"))
        if s["object"] != "device":
            continue
        n = counts.get(s["step"], 0)
        counts[s["step"]] = n + 1
        if s["step"] in ("start", "stop") and rng.random() < 0.7:
            where = ("*current_vgpu_type" if host.vgpu else "*create") if s["step"] == "start" else \
                ("*current_vgpu_type" if host.vgpu else "*remove")
            faults.append(("control", "fail write %s %s 1 %d" % (where, rng.choice(["EIO", "ENOMEM", "EBUSY", "ENOSPC"]), n)))
        else:
            faults.append(("script", s["step"], n))
    return faults


def check_faults(pair, steps, rng):
    host, text = pair.host, pair.blueprint()
    faults = list_faults(pair, steps, rng) if steps else []
    for fault in faults:
        inject = None
        pair.put()
        before = host.state()
        if fault[0] == "control":
            host.control(fault[1])
        elif fault[0] == "script":
            at_nth(host, fault[1], fault[2], "exit 1")
        else:
            inject = ["-e", "trace=" + fault[1], "-e", "inject=%s:error=EIO:when=%d" % fault[1:]]
        r = host.run("apply", "-", "--dumpjson", *pair.options(), text=text, inject=inject)
        host.control("clear")
        remove_scripts(host)
        if r.returncode == 0:
            # Another place was tried, or fewer fit, or no more than a directory is left; then all is as it should be.
            must(fault[0] != "script", "a script refused %s, and nobody minded" % (fault,), r.stderr)
            Check(pair, before, json.loads(r.stdout)).all()
        else:
            restored(pair, before, r, str(fault))
    return len(faults)


def check_kill(pair, steps, rng):
    """Once at some step, as faults/ has each system call: the next apply has to reach what this one would have."""
    host, text, counts, kills = pair.host, pair.blueprint(), {}, []
    for s in steps:
        if s["object"] == "device":
            n = counts.get(s["step"], 0)
            counts[s["step"]] = n + 1
            kills.append((s["step"], n))
    if not kills:
        return 0
    kill = rng.choice(kills)
    pair.put()
    before = host.state()
    at_nth(host, *kill, "kill -KILL $PPID")
    killed = host.run("apply", "-", *pair.options(), text=text, may_die=True)
    must(killed.returncode == -9, "it was not killed at " + str(kill), killed.stderr)
    wanted = {k for ds in pair.devices.values() for one in ds for k, d in one.items() if "count" not in d}
    for _, key, _ in pair.kept:
        must(key not in NAMES or key not in wanted or any(path.endswith("/" + uuid_of(key)) for path in host.files()),
             "killed at %s it has lost the definition of %s" % (kill, key), killed.stdout)
    remove_scripts(host)
    r = host.run("apply", "-", "--dumpjson", *pair.options(), text=text)
    must(r.returncode == 0, "after a kill at %s it cannot be applied" % (kill,), killed.stdout, r.stderr)
    Check(pair, before, json.loads(r.stdout), killed=True).all()
    return 1


def check_pair(pair, rng):
    host, text = pair.host, pair.blueprint()
    pair.put()
    before = host.state()
    # VFs that are not there cannot hold what runs; what could not be made does not run.
    plan = host.run("apply", "-", "--dry-run", "--dumpjson", *pair.options(), text=text)
    must(host.state() == before and not host.writes(), "a plan has changed something")
    r = host.run("apply", "-", "--dumpjson", *pair.options(), text=text)
    if plan.returncode == 1:
        must(r.returncode == 1, "it did what it could not plan", plan.stderr, r.stderr)
        must(host.state() == before and not host.writes(), "it changed something though it could not")
        return "refused", 0, 0
    if r.returncode != 0:
        restored(pair, before, r, "none")
        must(re.search(r"cannot start|cannot apply", r.stderr), "it failed without a fault", r.stderr)
        if os.environ.get("PROPERTY_WHY"):
            print("pair %d: %s" % (pair.number, r.stderr))
        return "no room", 0, 0
    planned, done = json.loads(plan.stdout), json.loads(r.stdout)
    must((plan.returncode == 3) == bool(planned["steps"]), "the status of the plan is %d" % plan.returncode, planned)
    if not any("no room yet" in note for note in planned["notes"]) and "after all" not in r.stderr and \
            not any(s["object"] == "device" and s["parent"] is None for s in planned["steps"]):
        keys = [k for ds in pair.devices.values() for one in ds for k, d in one.items() if d.get("count") == "max"]
        # What a VF can hold may have a name only once it is free.
        for s in (planned["steps"] + done["steps"]) if host.vgpu else []:
            s.pop("mdev_type", None)
        must(keys or planned["steps"] == done["steps"], "it did otherwise than planned", planned, done)
    Check(pair, before, done).all()
    again = host.state()
    host.control("clear-log")
    for options in (["--dry-run"], []):
        second = host.run("apply", "-", "--dumpjson", *options, *pair.options(), text=text)
        must(second.returncode == 0 and not json.loads(second.stdout)["steps"], "the second time it does something",
             r.stdout, second.stdout, second.stderr)
        must(host.state() == again and not host.writes(), "the second time it writes")
    return ("changed" if done["steps"] else "as wanted"), check_faults(pair, done["steps"], rng), check_kill(pair, done["steps"], rng)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mdevctl")
    parser.add_argument("fake")
    parser.add_argument("--seed", default=os.environ.get("PROPERTY_SEED", "1"))
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--only", type=int)
    parser.add_argument("--verbose", action="store_true")
    a = parser.parse_args()
    work = tempfile.mkdtemp(prefix="property.")
    hosts = {name: Host(name, {"mdevctl": a.mdevctl, "fake": a.fake}, work) for name in HOSTS}
    seen, failed, faults, kills = {}, 0, 0, 0
    for number in range(a.pairs) if a.only is None else [a.only]:
        rng = random.Random("%s/%d" % (a.seed, number))
        name = sorted(HOSTS)[number % len(HOSTS)]
        pair = Pair(hosts[name], rng)
        pair.number = number
        try:
            outcome, n_faults, n_kills = check_pair(pair, rng)
            seen[outcome] = seen.get(outcome, 0) + 1
            faults += n_faults
            kills += n_kills
        except Broken as broken:
            failed += 1
            print("pair %d of seed %s, host %s, apply - %s: %s" % (number, a.seed, name, " ".join(pair.options()), broken))
            if a.verbose or failed == 1:
                print("kept: %s\npools: %s\nactive: %s\nbroken: %s\nwanted: %s" % (
                    json.dumps(pair.kept), json.dumps(pair.kept_pools), pair.active, pair.broken, pair.blueprint()))
            if failed == 8:
                break
    for host in hosts.values():
        subprocess.run(["umount", "-l", host.root + "/sys"], check=False)
    shutil.rmtree(work, ignore_errors=True)
    # A run that never gets anywhere would prove nothing.
    if a.only is None and not failed and seen.get("changed", 0) * 3 < a.pairs:
        print("too few of the pairs could be applied")
        failed += 1
    print("%s, %d faults, %d kills, %d failed" % (", ".join("%d %s" % (n, k) for k, n in sorted(seen.items())), faults, kills,
                                                   failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
