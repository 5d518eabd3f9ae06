#!/usr/bin/env python3
"""Sends the manifests to two APIs and tells where the answers differ."""
import base64
import difflib
import importlib
import json
import pathlib
import pkgutil
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))

from harness.api import KubernetesApi  # noqa: E402
from kind_manifests import Update  # noqa: E402

NAMESPACE = "kind-manifests"
_CLUSTER_SCOPED = {"Namespace", "Node", "PersistentVolume", "StorageClass", "PriorityClass",
                   "ClusterRole", "ClusterRoleBinding", "IngressClass", "RuntimeClass", "CSINode",
                   "CSIDriver", "VolumeAttachment", "CustomResourceDefinition",
                   "CertificateSigningRequest"}
# Differ from one server to the next, or from one moment to the next.
_PASSING = {"uid", "creationTimestamp", "managedFields", "resourceVersion", "lastTransitionTime",
            "lastPhaseTransitionTime"}
_DIFFERENCE = "\n@@ "
_RANDOM = [(re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uid>"),
           (re.compile(r"kube-api-access-[a-z0-9]{5}"), "kube-api-access-?"),
           (re.compile(r"\b10\.(43|96)\.\d+\.\d+(/\d+)?\b"), "<cluster ip>"),
           (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uid>"),
           (re.compile(r"generated-[a-z0-9]{5}"), "generated-?")]


def all_cases() -> dict[str, object]:
    cases = {}
    for module in pkgutil.iter_modules([str(HERE)]):
        found = getattr(importlib.import_module(f"kind_manifests.{module.name}"), "CASES", {})
        cases |= {f"{module.name}: {name}": case for name, case in found.items()}
    return cases


def difference(reference: KubernetesApi, own: KubernetesApi, case: object) -> str:
    """Empty: both answer alike."""
    lines = [json.dumps(answer(api, case), indent=1, sort_keys=True).splitlines()
             for api in (reference, own)]
    return "\n".join(difflib.unified_diff(*lines, "kube-apiserver", "standalone", lineterm="", n=2))


def answer(api: KubernetesApi, case: object) -> dict:
    """As one may compare it."""
    if isinstance(case, Update):
        where = path(case.object)
        status, body = api.raw("POST", where, case.object)
        if status == 201:
            one = f"{where}/{json.loads(body)['metadata']['name']}"
            try:
                status, body = api.raw("PATCH", f"{one}?dryRun=All", case.change,
                                       "application/merge-patch+json")
            finally:
                api.raw("DELETE", one, {"gracePeriodSeconds": 0})
                # A protected volume would wait for a controller; it is free to go once it is marked.
                api.raw("PATCH", one, {"metadata": {"finalizers": None}},
                        "application/merge-patch+json")
    else:
        status, body = api.raw("POST", f"{path(case)}?dryRun=All", case)
    return {"status": status, "body": comparable(json.loads(body))}


def comparable(body: dict) -> object:
    if body.get("kind") == "Status":
        details = body.get("details", {})
        # Some end with what differs between two internal objects, in Go's words.
        causes = sorted({f"{each.get('reason')} {each.get('field')}: "
                         f"{stable(each.get('message').partition(_DIFFERENCE)[0].strip())}"
                         for each in details.get("causes", [])})
        # With several causes the order of the message is that of a map, at times.
        return {"reason": body.get("reason"), "causes": causes, "kind": details.get("kind"),
                "name": details.get("name"),
                "message": None if len(causes) > 1 else stable(
                    body["message"].partition(_DIFFERENCE)[0].strip())}
    return stable(body)


def stable(value: object) -> object:
    if isinstance(value, dict):
        if value.get("key") in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
            value = {**value, "tolerationSeconds": "as configured"}
        if "nodePort" in value or "healthCheckNodePort" in value:
            value = {**value, **{key: "allocated" for key in ("nodePort", "healthCheckNodePort")
                                 if value.get(key, 0) > 0}}
        return {key: stable(each) for key, each in value.items() if key not in _PASSING}
    if isinstance(value, list):
        return [stable(each) for each in value]
    if isinstance(value, str):
        for pattern, instead in _RANDOM:
            value = pattern.sub(instead, value)
    return value


def path(obj: dict) -> str:
    version, kind = obj["apiVersion"], obj["kind"]
    plural = kind.lower()
    if plural.endswith("y"):
        plural = plural[:-1] + "ies"
    elif plural != "endpoints":
        plural += "es" if plural.endswith("s") else "s"
    group = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{group}/{plural}" if kind in _CLUSTER_SCOPED else (
        f"{group}/namespaces/{NAMESPACE}/{plural}")


def prepare(api: KubernetesApi) -> None:
    """The namespace with its account, that pods need; `remove` takes it away again."""
    api.raw("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                           "metadata": {"name": NAMESPACE}})
    # A case that names the account must find it, also where a controller makes it later.
    api.raw("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts",
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})


def remove(api: KubernetesApi) -> None:
    api.raw("DELETE", f"/api/v1/namespaces/{NAMESPACE}")


def api_of(kubeconfig: pathlib.Path) -> KubernetesApi:
    """Of an administrator's kubeconfig, with its certificates inside or beside it, or a token."""
    config = json.loads(kubeconfig.read_text()) if kubeconfig.read_text().startswith("{") else (
        _yaml(kubeconfig.read_text()))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]

    def file(holder: dict, key: str) -> str:
        if key in holder or f"{key}-data" not in holder:
            return holder.get(key, "")
        with tempfile.NamedTemporaryFile(delete=False, suffix=".pem") as out:
            out.write(base64.b64decode(holder[f"{key}-data"]))
        return out.name
    host, port = cluster["server"].removeprefix("https://").split(":")
    return KubernetesApi(host, int(port), file(cluster, "certificate-authority"),
                         file(user, "client-certificate"), file(user, "client-key"),
                         user.get("token", ""))


def _yaml(text: str) -> dict:
    """Of the flat kubeconfigs that products write: the values by their keys."""
    values = dict(re.findall(r"^[ -]*([a-z-]+): *(\S+)$", text, re.MULTILINE))
    return {"clusters": [{"cluster": values}], "users": [{"user": values}]}


def main(reference: str, own: str, *words: str) -> int:
    apis = [api_of(pathlib.Path(each)) for each in (reference, own)]
    for api in apis:
        prepare(api)
    bad = 0
    for name, case in all_cases().items():
        if words and not any(word in name for word in words):
            continue
        found = difference(*apis, case)
        bad += bool(found)
        print(f"{'DIFFERS' if found else 'equal'}  {name}")
        if found:
            print(found)
    print(f"{bad} differ")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
