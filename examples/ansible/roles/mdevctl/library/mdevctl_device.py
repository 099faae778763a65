#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ansible module: one mediated device as it should be, by mdevctl."""

import json

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: mdevctl_device
short_description: Define, start, stop and forget a mediated device
description:
  - Compares what mdevctl lists with what is wanted, and changes only what differs.
  - A running device is not changed with its definition.
options:
  uuid:
    description: The device's UUID.
    type: str
    required: true
  parent:
    description: The parent device, such as 0000:00:02.0.
    type: str
    required: true
  type:
    description: The type; needed unless I(state) is absent.
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
    default: []
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
"""


class Device:
    def __init__(self, module):
        self.module = module
        self.program = module.get_bin_path("mdevctl", required=True, opt_dirs=["/usr/local/sbin"])
        self.which = ["-u", module.params["uuid"], "-p", module.params["parent"]]

    def run(self, *arguments, data=None):
        _, out, _ = self.module.run_command([self.program, *arguments], data=data, check_rc=True)
        return out

    def definition(self):
        """The definition, or None."""
        return json.loads(self.run("list", "--defined", "--dumpjson", *self.which)) or None

    def running(self):
        """Parent and type of the running device, or None."""
        words = self.run("list", "-u", self.module.params["uuid"]).split()
        return {"parent": words[1], "type": words[2]} if words else None


def wanted_definition(module, current):
    """What the definition should be: keys that are not ours stay."""
    params = module.params
    if params["state"] == "absent":
        return None
    for attr in params["attrs"]:
        if len(attr) != 1 or not all(isinstance(value, str) for value in attr.values()):
            module.fail_json(
                msg=f"attribute {json.dumps(attr)}: one name with a value that is a string (quoted) is expected"
            )
    ours = {"mdev_type": params["type"], "start": params["start"], "attrs": params["attrs"]}
    return {**(current or {}), **ours}


def change_definition(device, current, wanted):
    if wanted is None:
        device.run("undefine", *device.which)
    else:
        verb = "modify" if current else "define"
        device.run(verb, *device.which, "--jsonfile", "-", data=json.dumps(wanted))


def diff_text(definition, active):
    return json.dumps({"definition": definition, "active": active}, indent=2) + "\n"


def main():
    module = AnsibleModule(
        argument_spec={
            "uuid": {"type": "str", "required": True},
            "parent": {"type": "str", "required": True},
            "type": {"type": "str"},
            "start": {"type": "str", "choices": ["auto", "manual"], "default": "manual"},
            "attrs": {"type": "list", "elements": "dict", "default": []},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "active": {"type": "bool"},
        },
        required_if=[("state", "present", ["type"]), ("active", True, ["type"])],
        supports_check_mode=True,
    )
    params = module.params
    device = Device(module)
    current, running = device.definition(), device.running()
    wanted = wanted_definition(module, current)
    active = running is not None
    wanted_active = active if params["active"] is None else params["active"]

    if active and running["parent"] != params["parent"]:
        module.fail_json(msg=f"{params['uuid']} runs on another parent, {running['parent']}")
    if wanted_active and not active and wanted is None:
        module.fail_json(msg="a device without a definition cannot be started: state is absent")
    if active and wanted_active and wanted and wanted != current:
        module.warn(f"{params['uuid']} runs, and is not changed before it is started the next time")

    changed = wanted != current or wanted_active != active
    if changed and not module.check_mode:
        if active and not wanted_active:
            device.run("stop", "-u", params["uuid"])
        if wanted != current:
            change_definition(device, current, wanted)
        if wanted_active and not active:
            device.run("start", *device.which)
    module.exit_json(
        changed=changed,
        diff={
            "before": diff_text(current, active),
            "after": diff_text(wanted, wanted_active),
            "before_header": params["uuid"],
            "after_header": params["uuid"],
        },
    )


if __name__ == "__main__":
    main()
