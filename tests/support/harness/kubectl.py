"""kubectl as its user runs it: for what a person would see; api.py is quicker for polling."""
import json
import pathlib

from .paths import control_plane_binary
from .processes import run


class Kubectl:
    def __init__(self, kubeconfig: pathlib.Path):
        self.kubeconfig = kubeconfig

    @property
    def command(self) -> list:
        return [control_plane_binary(), "kubectl", "--kubeconfig", self.kubeconfig]

    @property
    def environment(self) -> dict[str, str]:
        # HOME: kubectl keeps its discovery cache there, and each control plane needs its own.
        return {"HOME": str(self.kubeconfig.parent), "KUBECONFIG": ""}

    def __call__(self, *args, stdin: str | None = None, timeout_s: float = 60,
                 check: bool = True) -> str:
        return run(*self.command, *args, stdin=stdin, timeout_s=timeout_s, check=check,
                   env=self.environment)

    def apply(self, *objects: dict) -> None:
        bundle = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self("apply", "-f", "-", stdin=json.dumps(bundle))

    def apply_file(self, file: pathlib.Path) -> list[dict]:
        """Applies a manifest and returns its objects."""
        applied = json.loads(self("apply", "-f", file, "-o", "json"))
        return applied["items"] if applied["kind"] == "List" else [applied]
