"""Manifests, valid and invalid, that a real kube-apiserver and the standalone API must answer alike.

A family of kinds has a module here whose CASES maps a name to what is sent: an object is created as
a dry run; an Update creates its object and then changes it by a merge patch, as a dry run. A new
case is an entry; e2e/kind_defaults_test.py runs them all. While developing:

  python3 tests/support/kind_manifests/compare.py REFERENCE_KUBECONFIG OWN_KUBECONFIG [WORD]...
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Update:
    """What a change of an object is answered with. Kinds that a controller changes meanwhile (a
    Deployment's status) do not fit, nor do ones whose deletion is not at once."""
    object: dict
    change: dict


def obj(api_version: str, kind: str, name: str | None = "x", **fields) -> dict:
    """`metadata` adds to the name; everything else stands at the top."""
    metadata = {"name": name} if name else {}
    metadata |= fields.pop("metadata", {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
