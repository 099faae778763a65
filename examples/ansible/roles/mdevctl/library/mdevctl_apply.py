#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ansible module: a host's mediated devices as one description says, by mdevctl apply."""

import json
import re

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: mdevctl_apply
short_description: Make a host's mediated devices, pools and virtual functions be as described
description:
  - Gives the description to C(mdevctl apply), which changes only what differs, or nothing at all.
  - Check mode is its C(--dry-run), and what that prints is the diff.
options:
  description:
    description: What C(mdevctl dump) prints, as YAML or as a string of JSON; see A HOST IN ONE FILE in mdevctl(8).
    type: raw
    required: true
  prune:
    description: Remove what the description does not want, where it wants anything.
    type: bool
    default: false
  restart:
    description: Stop and start what runs otherwise than it is wanted.
    type: bool
    default: false
"""

EXAMPLES = """
- mdevctl_apply:
    description:
      devices:
        - "0000:00:02.0":
            - desktop: {mdev_type: i915-GVTg_V5_4, start: auto}
"""

RETURN = """
plan:
  description: One line for each step, and one with the counts.
  type: list
  returned: always
"""

CHANGES_PENDING = 3
KEY = re.compile(r'\s*"((?:[^"\\]|\\.)*)":')


def path_of(lines, number):
    """The keys that lead to a line of the JSON, which whoever wrote YAML has never seen."""
    path, depth = [], None
    for line in reversed(lines[:number]):
        indent = len(line) - len(line.lstrip())
        if depth is None or indent < depth:
            depth = indent
            key = KEY.match(line)
            if key:
                path.insert(0, key[1])
    return " > ".join(path)


class Apply:
    def __init__(self, module):
        self.module = module
        self.program = module.get_bin_path("mdevctl", required=True, opt_dirs=["/usr/local/sbin"])
        description = module.params["description"]
        self.text = description if isinstance(description, str) else json.dumps(description, indent=1)

    def run(self, *options):
        command = [self.program, "apply", "-", *options]
        command += [f"--{option}" for option in ("prune", "restart") if self.module.params[option]]
        rc, out, err = self.module.run_command(command, data=self.text)
        if rc not in (0, CHANGES_PENDING):
            self.module.fail_json(msg=self.explain(err), rc=rc)
        for line in err.splitlines():
            self.module.warn(line)
        return rc, out

    def explain(self, errors):
        lines = self.text.splitlines()
        return re.sub(
            r"standard input:(\d+): ", lambda where: path_of(lines, int(where[1])) + ": ", errors.strip()
        )


def main():
    module = AnsibleModule(
        argument_spec={
            "description": {"type": "raw", "required": True},
            "prune": {"type": "bool", "default": False},
            "restart": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    apply = Apply(module)
    rc, plan = apply.run("--dry-run")
    for line in plan.splitlines():
        if line.startswith("= "):
            module.warn(line[2:])
    changed = rc == CHANGES_PENDING
    if changed and not module.check_mode:
        _, plan = apply.run()
    module.exit_json(changed=changed, plan=plan.splitlines(), diff={"prepared": plan} if changed else {})


if __name__ == "__main__":
    main()
