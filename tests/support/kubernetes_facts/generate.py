#!/usr/bin/env python3
"""Writes the tables of facts (cloudcore/standalone/schema/facts.txt, access/rbac_facts.txt) from what
the test control plane says of its API and from the Go types of the modules that it is built from.

  tests/support/kubernetes_facts/generate.py

Run it when the control plane's version changes; tests/e2e/schema_facts_test.py says when it is due.
"""
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from harness.control_plane import ControlPlane  # noqa: E402
from harness.paths import REPO  # noqa: E402
from kubernetes_facts.facts import Facts  # noqa: E402
from kubernetes_facts.rbac import RbacFacts  # noqa: E402
from kubernetes_facts.wire_numbers import WireNumbers  # noqa: E402

TABLE = REPO / "cloudcore" / "standalone" / "schema" / "facts.txt"
HEAD = HERE / "head.txt"
RBAC_TABLE = REPO / "cloudcore" / "standalone" / "access" / "rbac_facts.txt"
RBAC_HEAD = HERE / "rbac_head.txt"
CONTROL_PLANE = HERE.parent / "controlplane"


def table(api) -> str:
    """What the table should be, from a server that harness.api.KubernetesApi talks to."""
    def fetch(path: str, accept: str = "application/json") -> dict:
        status, body = api.fetch(path, accept)
        assert status == 200, f"GET {path}: {status}"
        return json.loads(body)
    return HEAD.read_text() + "\n".join(Facts(fetch, WireNumbers(CONTROL_PLANE)).lines()) + "\n"


def rbac_table(api) -> str:
    """The same of the roles and bindings that a new cluster has."""
    def fetch(path: str) -> dict:
        status, body = api.fetch(path, "application/json")
        assert status == 200, f"GET {path}: {status}"
        return json.loads(body)
    return RBAC_HEAD.read_text() + "\n".join(RbacFacts(fetch).lines()) + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        control_plane = ControlPlane(pathlib.Path(directory))
        try:
            control_plane.start()
            texts = {TABLE: table(control_plane.cluster.api),
                     RBAC_TABLE: rbac_table(control_plane.cluster.api)}
        finally:
            control_plane.stop()
    for file, text in texts.items():
        file.write_text(text)
        print(f"{file}: {len(text)} bytes")


if __name__ == "__main__":
    main()
