#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ansible module: one mediated device as it should be, by mdevctl."""

import json
import uuid

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: mdevctl_device
short_description: Define, start, stop and forget a mediated device
description:
  - Compares what mdevctl lists with what is wanted, and changes only what differs.
  - A running device is not changed with its definition.
options:
  uuid:
    description: The device's UUID; this or I(name) is needed.
    type: str
  name:
    description: The device's name, which gives its UUID, the same on every host.
    type: str
  parent:
    description:
      - The parent device, such as 0000:00:02.0; needed with I(uuid).
      - Of a device with a I(name) it may be a pattern, or missing, and one that has the type free is chosen once.
    type: str
  pool:
    description: The pool that chooses type, parent and attributes of a device with a I(name), once.
    type: str
  type:
    description:
      - The type, by its id or its name; needed unless there is a I(pool) or I(state) is absent.
      - With I(parent) and I(attrs) by its id only.
    type: str
  start:
    description: Whether it is started whenever its parent appears.
    type: str
    choices: [auto, manual]
    default: manual
  attrs:
    description: Attributes in their order, each a dictionary with one key and a string as value.
    type: list
    elements: dict
  state:
    description: Whether there is a definition.
    type: str
    choices: [present, absent]
    default: present
  active:
    description: Whether the device runs; left as it is if not given.
    type: bool
"""

EXAMPLES = """
- mdevctl_device:
    uuid: 7c9a1b52-3f0e-4d6a-8e21-0a5b6c7d8e9f
    parent: "0000:00:02.0"
    type: i915-GVTg_V5_4
    start: auto
    active: true
- mdevctl_device:
    name: vm12
    type: NVIDIA L4-4Q
"""


def is_pattern(parent):
    return any(character in parent for character in "*?[")


class Device:
    def __init__(self, module):
        params = module.params
        self.module = module
        self.program = module.get_bin_path("mdevctl", required=True, opt_dirs=["/usr/local/sbin"])
        self.name = params["name"]
        self.uuid = params["uuid"] or str(uuid.uuid5(uuid.NAMESPACE_URL, f"mdev:{self.name}"))
        self.parent = params["parent"]
        if self.name and (not self.parent or is_pattern(self.parent)):
            self.parent = self.find_parent()

    def run(self, *arguments, data=None):
        _, out, _ = self.module.run_command([self.program, *arguments], data=data, check_rc=True)
        return out

    def find_parent(self):
        """Where it is defined or runs; None: it has yet to be chosen."""
        for option in (["--defined"], []):
            words = self.run("list", *option, "-u", self.uuid).split()
            if words:
                return words[1]
        return None

    def definition(self):
        """The definition, or None."""
        if not self.parent:
            return None
        out = self.run("list", "--defined", "--dumpjson", "-u", self.uuid, "-p", self.parent)
        return json.loads(out) or None

    def running(self):
        """Parent and type of the running device, or None."""
        words = self.run("list", "-u", self.uuid).split()
        return {"parent": words[1], "type": words[2]} if words else None

    def define(self, wanted):
        """The program chooses the parent where none is given, and knows types by name."""
        params = self.module.params
        which = ["--name", self.name] if self.name else ["-u", self.uuid]
        parent = self.parent or params["parent"]
        if wanted["attrs"]:
            which += ["-p", parent or "*", "--jsonfile", "-"]
            self.run("define", *which, data=json.dumps(wanted))
            return
        which += ["-p", parent] if parent else []
        which += ["--pool", params["pool"]] if params["pool"] else ["-t", params["type"]]
        which += ["--auto"] if params["start"] == "auto" else []
        self.run("define", *which)


def is_named(definition, wanted_type):
    """Whether the type of a definition is the one of this id, name or end of a name."""
    name = definition.get("type_name", "")
    return wanted_type in (definition["mdev_type"], name) or name.endswith(f" {wanted_type}")


def wanted_definition(module, current):
    """What the definition should be: keys that are not ours stay, and so does what a pool has chosen."""
    params = module.params
    if params["state"] == "absent":
        return None
    for attr in params["attrs"] or []:
        if len(attr) != 1 or not all(isinstance(value, str) for value in attr.values()):
            module.fail_json(
                msg=f"attribute {json.dumps(attr)}: one name with a value that is a string (quoted) is expected"
            )
    ours = {"mdev_type": params["type"], "start": params["start"], "attrs": params["attrs"] or []}
    kept = dict(current or {})
    if current and (not params["type"] or is_named(current, params["type"])):
        ours["mdev_type"] = current["mdev_type"]
    else:
        # The name of another type would decide over the id.
        kept.pop("type_name", None)
    if current and params["pool"]:
        ours["attrs"] = current["attrs"]
    return {**kept, **ours}


def change_definition(device, current, wanted):
    which = ["-u", device.uuid, "-p", device.parent]
    if wanted is None:
        device.run("undefine", *which)
    elif current:
        device.run("modify", *which, "--jsonfile", "-", data=json.dumps(wanted))
    else:
        device.define(wanted)


def diff_text(definition, active):
    return json.dumps({"definition": definition, "active": active}, indent=2) + "\n"


def main():
    module = AnsibleModule(
        argument_spec={
            "uuid": {"type": "str"},
            "name": {"type": "str"},
            "parent": {"type": "str"},
            "pool": {"type": "str"},
            "type": {"type": "str"},
            "start": {"type": "str", "choices": ["auto", "manual"], "default": "manual"},
            "attrs": {"type": "list", "elements": "dict"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "active": {"type": "bool"},
        },
        required_if=[("state", "present", ["type", "pool"], True), ("active", True, ["type", "pool"], True)],
        required_one_of=[("uuid", "name")],
        mutually_exclusive=[("uuid", "name"), ("pool", "type"), ("pool", "parent"), ("pool", "attrs")],
        required_by={"uuid": "parent", "pool": "name"},
        supports_check_mode=True,
    )
    params = module.params
    device = Device(module)
    current, running = device.definition(), device.running()
    wanted = wanted_definition(module, current)
    active = running is not None
    wanted_active = active if params["active"] is None else params["active"]

    if active and running["parent"] != device.parent:
        module.fail_json(msg=f"{device.uuid} runs on another parent, {running['parent']}")
    if wanted_active and not active and wanted is None:
        module.fail_json(msg="a device without a definition cannot be started: state is absent")
    if active and wanted_active and wanted and wanted != current:
        module.warn(f"{device.uuid} runs, and is not changed before it is started the next time")

    changed = wanted != current or wanted_active != active
    if changed and not module.check_mode:
        if active and not wanted_active:
            device.run("stop", "-u", device.uuid)
        if wanted != current:
            change_definition(device, current, wanted)
        if wanted_active and not active:
            device.run("start", "-u", device.uuid)
    module.exit_json(
        changed=changed,
        diff={
            "before": diff_text(current, active),
            "after": diff_text(wanted, wanted_active),
            "before_header": device.name or device.uuid,
            "after_header": device.name or device.uuid,
        },
    )


if __name__ == "__main__":
    main()
