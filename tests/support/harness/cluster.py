"""What a client needs to know of a running Kubernetes: its address and who one may be."""
import base64
import dataclasses
import functools
import json
import pathlib

from .api import KubernetesApi
from .kubectl import Kubectl


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Handed from the process that runs the control plane to the tests, as a JSON file."""
    directory: str
    host: str
    port: int
    default_toleration_s: int = 300  # what admission gives pods against absent nodes

    @property
    def pki(self) -> pathlib.Path:
        return pathlib.Path(self.directory) / "pki"

    @property
    def admin_kubeconfig(self) -> pathlib.Path:
        return pathlib.Path(self.directory) / "admin.kubeconfig"

    @functools.cached_property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.admin_kubeconfig)

    @functools.cached_property
    def api(self) -> KubernetesApi:
        return KubernetesApi(self.host, self.port, str(self.pki / "ca.crt"),
                             str(self.pki / "admin.crt"), str(self.pki / "admin.key"))

    def client_kubeconfig(self, user: str) -> pathlib.Path:
        """For a user whose certificate is pki/<user>.crt."""
        file = pathlib.Path(self.directory) / f"{user}.kubeconfig"
        file.write_text(self._kubeconfig(user, {
            "client-certificate": str(self.pki / f"{user}.crt"),
            "client-key": str(self.pki / f"{user}.key"),
        }))
        return file

    def serviceaccount_kubeconfig(self, namespace: str, name: str,
                                  file: pathlib.Path) -> pathlib.Path:
        """A bearer token of a ServiceAccount: the rights of a product's shipped RBAC, no more."""
        token = self.kubectl("create", "token", name, "-n", namespace, "--duration=24h").strip()
        file.touch(mode=0o600)
        file.write_text(self._kubeconfig(name, {"token": token}))
        return file

    def save(self, file: pathlib.Path) -> None:
        partial = file.with_suffix(".new")
        partial.write_text(json.dumps(dataclasses.asdict(self)))
        partial.rename(file)  # a reader sees a whole file or none

    @staticmethod
    def load(file: pathlib.Path) -> "Cluster":
        return Cluster(**json.loads(file.read_text()))

    def _kubeconfig(self, user: str, credentials: dict) -> str:
        authority = base64.b64encode((self.pki / "ca.crt").read_bytes()).decode()
        return json.dumps({  # JSON is YAML, and Python can write it
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": f"https://{self.host}:{self.port}",
                "certificate-authority-data": authority}}],
            "users": [{"name": user, "user": credentials}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
        }, indent=1)
