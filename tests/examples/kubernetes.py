#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What of examples/kubernetes can be checked without a cluster.

    kubernetes.py check             its files, by themselves and together
    kubernetes.py rendered          what 'kubectl kustomize' makes of them, on standard input
    kubernetes.py words apply|watch the words of a container's command, or of its probe
"""

import json
import re
import sys
from pathlib import Path

import yaml

TOP = Path("examples/kubernetes")
DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
RESOURCE = re.compile(r"[a-z0-9.-]+/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
LABELS = {str: str}

# Fields that these examples may use, by hand from the APIs' documentation: a name that is not here is a mistake.
METADATA = {"name": str, "namespace": str, "labels": LABELS}
CONTAINER = {
    "name": str,
    "image": str,
    "command": [str],
    "securityContext": {"privileged": bool},
    "terminationMessagePolicy": str,
    "resources": {"requests": {"cpu": str, "memory": str}},
    "readinessProbe": {
        "exec": {"command": [str]},
        "periodSeconds": int,
        "timeoutSeconds": int,
        "failureThreshold": int,
    },
    "volumeMounts": [{"name": str, "mountPath": str, "mountPropagation": str, "readOnly": bool}],
}
POD = {
    "nodeSelector": LABELS,
    "automountServiceAccountToken": bool,
    "hostPID": bool,
    "initContainers": [CONTAINER],
    "containers": [CONTAINER],
    "volumes": [{"name": str, "hostPath": {"path": str, "type": str}, "configMap": {"name": str}}],
}
KINDS = {
    "Namespace": ("v1", {}),
    "ConfigMap": ("v1", {"data": {str: str}}),
    "DaemonSet": (
        "apps/v1",
        {
            "spec": {
                "selector": {"matchLabels": LABELS},
                "updateStrategy": {"type": str, "rollingUpdate": {"maxUnavailable": int}},
                "template": {"metadata": METADATA, "spec": POD},
            }
        },
    ),
    "Kustomization": (
        "kustomize.config.k8s.io/v1beta1",
        {
            "namespace": str,
            "nameSuffix": str,
            "labels": [{"pairs": LABELS, "includeSelectors": bool}],
            "resources": [str],
            "configMapGenerator": [{"name": str, "files": [str]}],
            "patches": [{"target": {"kind": str}, "patch": str}],
        },
    ),
    "KubeVirt": (
        "kubevirt.io/v1",
        {
            "spec": {
                "configuration": {
                    "mediatedDevicesConfiguration": {"enabled": bool},
                    "permittedHostDevices": {
                        "mediatedDevices": [
                            {"mdevNameSelector": str, "resourceName": str, "externalResourceProvider": bool}
                        ],
                        "pciHostDevices": [
                            {"pciVendorSelector": str, "resourceName": str, "externalResourceProvider": bool}
                        ],
                    },
                }
            }
        },
    ),
    "VirtualMachine": (
        "kubevirt.io/v1",
        {
            "spec": {
                "runStrategy": str,
                "template": {
                    "spec": {
                        "domain": {
                            "memory": {"guest": str},
                            "devices": {
                                "gpus": [{"name": str, "deviceName": str}],
                                "disks": [{"name": str, "disk": {"bus": str}}],
                            },
                        },
                        "volumes": [{"name": str, "containerDisk": {"image": str}}],
                    }
                },
            }
        },
    ),
}

failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


def check_fields(value, schema, where):
    if isinstance(schema, type):
        expect(type(value) is schema, f"{where} is {value!r}, which is no {schema.__name__}")
    elif isinstance(schema, list):
        expect(isinstance(value, list) and value, f"{where} is no list of something")
        for i, item in enumerate(value if isinstance(value, list) else []):
            check_fields(item, schema[0], f"{where}[{i}]")
    elif not isinstance(value, dict):
        expect(False, f"{where} is {value!r}, which is no mapping")
    else:
        for key, item in value.items():
            known = schema.get(key, schema.get(str))
            expect(known, f"{where}: there is no field {key!r}")
            if known:
                check_fields(item, known, f"{where}.{key}")


def check_document(document, where):
    kind = document.get("kind")
    expect(kind in KINDS, f"{where}: kind {kind!r}")
    if kind not in KINDS:
        return
    version, fields = KINDS[kind]
    expect(document.get("apiVersion") == version, f"{where}: {kind} is of {version}")
    common = {"apiVersion": str, "kind": str}
    if kind != "Kustomization":
        common["metadata"] = METADATA
        expect(DNS_NAME.fullmatch(document["metadata"]["name"]), f"{where}: the name is none of the DNS")
    check_fields(document, {**common, **fields}, where)
    if kind == "DaemonSet":
        check_pods(document["spec"], where)


def check_pods(spec, where):
    template = spec["template"]
    pod, labels = template["spec"], template["metadata"]["labels"]
    expect(spec["selector"]["matchLabels"].items() <= labels.items(), f"{where}: it does not select its own pods")
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in pod["initContainers"] + pod["containers"]:
        mounts = {mount["name"] for mount in container["volumeMounts"]}
        expect(mounts == volumes, f"{where}: {container['name']} mounts {mounts}, and there are {volumes}")
        expect(re.search(r":[0-9][0-9.]*$", container["image"]), f"{where}: {container['image']} has no version")
        expect(container["securityContext"]["privileged"], f"{where}: {container['name']} may not write to sysfs")


def load(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document is not None]


def selectors_of(permitted):
    """Each resource, and what it is of."""
    resources = {}
    for kind, key in (("mediatedDevices", "mdevNameSelector"), ("pciHostDevices", "pciVendorSelector")):
        for device in permitted[kind]:
            expect(RESOURCE.fullmatch(device["resourceName"]), f"{device['resourceName']} is no name of a resource")
            resources[device["resourceName"]] = device[key]
    return resources


def check_kubevirt():
    """KubeVirt permits what the descriptions make, and the machine asks for what is permitted."""
    own, external = (load(TOP / name)[0]["spec"]["configuration"] for name in ("kubevirt.yaml", "kubevirt-external.yaml"))
    resources = selectors_of(own["permittedHostDevices"])
    expect(own["mediatedDevicesConfiguration"]["enabled"] is False, "virt-handler would remove mdevctl's devices")
    expect(selectors_of(external["permittedHostDevices"]) == resources, "the two permit unlike devices")
    for devices in external["permittedHostDevices"].values():
        for device in devices:
            expect(device.get("externalResourceProvider"), f"{device['resourceName']} is not left to another plugin")
    permitted = {selector.lower() for selector in resources.values()}
    for path in sorted(TOP.glob("*/host.json")):
        for pool in json.loads(path.read_text())["pools"].values():
            wanted = set(map(str.lower, pool["types"] + pool["parents"]))
            expect(wanted & permitted, f"{path}: KubeVirt permits neither of {wanted}")
    machine = load(TOP / "vm.yaml")[0]["spec"]["template"]["spec"]
    for gpu in machine["domain"]["devices"]["gpus"]:
        expect(gpu["deviceName"] in resources, f"vm.yaml: nobody permits {gpu['deviceName']}")
    disks = {disk["name"] for disk in machine["domain"]["devices"]["disks"]}
    expect(disks == {volume["name"] for volume in machine["volumes"]}, "vm.yaml: disks and volumes differ")


def check_kustomizations():
    kinds = {path.parent.name for path in TOP.glob("*/host.json")}
    listed = set(load(TOP / "kustomization.yaml")[0]["resources"])
    expect(listed == kinds | {"namespace.yaml"}, f"kustomization.yaml lists {listed}, and there are {kinds}")
    for path in TOP.rglob("kustomization.yaml"):
        document = load(path)[0]
        generated = [file for maps in document.get("configMapGenerator", []) for file in maps["files"]]
        for name in document["resources"] + generated:
            expect((path.parent / name).exists(), f"{path}: there is no {name}")


def check():
    paths = sorted(TOP.rglob("*.yaml"))
    for path in paths:
        for document in load(path):
            check_document(document, str(path))
    check_kubevirt()
    check_kustomizations()
    print(f"{len(paths)} files")


def rendered():
    documents = [document for document in yaml.safe_load_all(sys.stdin) if document]
    maps = {d["metadata"]["name"]: d for d in documents if d["kind"] == "ConfigMap"}
    sets = [d for d in documents if d["kind"] == "DaemonSet"]
    hosts = []
    for document in documents:
        check_document(document, f"{document['kind']} {document['metadata']['name']}")
    for daemons in sets:
        name, pod = daemons["metadata"]["name"], daemons["spec"]["template"]["spec"]
        kind = name.removeprefix("mdevctl-")
        volumes = [volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume]
        expect(daemons["metadata"]["namespace"] == "mdevctl", f"{name} is in another namespace")
        expect(daemons["spec"]["selector"]["matchLabels"].get("app.kubernetes.io/instance") == kind, f"{name}: selector")
        expect(volumes and volumes[0] in maps, f"{name}: there is no ConfigMap {volumes}")
        expect(pod["nodeSelector"].get("kubernetes.io/os") == "linux", f"{name}: the base's selector is lost")
        hosts.append(pod["nodeSelector"].get("mdevctl.example.com/host"))
        expect(hosts[-1] == kind, f"{name} selects nodes of {hosts[-1]}")
        if volumes and volumes[0] in maps:
            text = maps[volumes[0]]["data"]["host.json"]
            expect(text == (TOP / kind / "host.json").read_text(), f"{name}: host.json is another")
    expect(len(set(hosts)) == len(sets) == len(maps) > 1, f"DaemonSets for {hosts}, ConfigMaps {list(maps)}")
    print(f"{len(documents)} objects")


def words(name):
    pod = load(TOP / "base/daemonset.yaml")[0]["spec"]["template"]["spec"]
    for container in pod["initContainers"] + pod["containers"]:
        if container["name"] == name:
            probe = container.get("readinessProbe")
            command = probe["exec"]["command"] if probe else container["command"]
            sys.stdout.write("".join(word + "\0" for word in command))


def main():
    {"check": check, "rendered": rendered, "words": words}[sys.argv[1]](*sys.argv[2:])
    for failure in failures:
        print(failure)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
