"""cloudcore as a user runs it: a data directory, a config file, the rights of its shipped RBAC."""
import json
import pathlib
import re
import socket
import subprocess
import urllib.request

from .cluster import Cluster
from .kubectl import Kubectl
from .net import free_ports
from .paths import REPO, product_binary
from .processes import Process, run_result
from .wait import wait_until

SYSTEM_NAMESPACE = "skerry-system"
_RBAC = REPO / "deploy" / "rbac.yaml"


class CloudCore:
    """One cloudcore beside the test Kubernetes. A restart keeps ports, data and identity."""

    def __init__(self, directory: pathlib.Path, cluster: Cluster, address: str = "127.0.0.1",
                 skerry: dict | None = None):
        """`skerry`: further keys of that group of the configuration."""
        self.directory, self.address = directory, address
        self._skerry = skerry or {}
        self.hub_port, self.monitor_port = free_ports(2)
        self.data_dir = directory / "data"
        self._cluster = cluster
        self._kubeconfig = directory / "cloudcore.kubeconfig"
        self._config = directory / "cloudcore.yaml"
        self.process = Process("cloudcore", [product_binary("cloudcore"), *self._common_flags(),
                                             "--config", self._config], directory / "cloudcore.log")

    def create(self) -> None:
        """Installs the RBAC, writes the config, starts."""
        self.directory.mkdir(parents=True)
        self._get_account()
        self._config.write_text(json.dumps(self._settings()))  # JSON is YAML
        self.start()

    def move_to(self, cluster: Cluster) -> None:
        """Serves another cluster from the next start on, by the same address; the process must not
        run. What it keeps in namespace skerry-system moves along, as an administrator would see to:
        the CA by which nodes know it, the nodes, the deny list."""
        secrets = self._cluster.api.list("secrets", SYSTEM_NAMESPACE)
        self._cluster = cluster
        self._get_account()
        for each in secrets:
            kept = {"name": each["metadata"]["name"], "namespace": SYSTEM_NAMESPACE,
                    "labels": each["metadata"].get("labels", {})}
            cluster.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": kept,
                                "type": each["type"], "data": each["data"]})

    def go_through(self, proxy_port: int | None) -> None:
        """Reaches the API through a proxy from the next start on; None: directly again."""
        config = json.loads(self._kubeconfig.read_text())
        port = proxy_port or self._cluster.port
        config["clusters"][0]["cluster"]["server"] = f"https://{self._cluster.host}:{port}"
        self._kubeconfig.write_text(json.dumps(config))

    def metric(self, name: str) -> float:
        """A value of /metrics without labels; 0 where there is none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.monitor_port}/metrics",
                                    timeout=5) as answer:
            text = answer.read().decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def start(self) -> None:
        """Returns when the hub's port accepts, which may be before it knows the cluster."""
        self.process.start()
        wait_until(self._listens, 15, "cloudcore listens", interval_s=0.02, ignoring=(OSError,),
                   seen=lambda: self.process.tail(5))

    def restart(self) -> None:
        self.process.terminate()
        self.start()

    def create_token(self, *flags: str) -> str:
        return self.command("token", "create", *flags, check=True).stdout.strip().splitlines()[-1]

    def command(self, *args: str, check: bool = False) -> subprocess.CompletedProcess:
        """A subcommand, as an administrator gives it on the same machine."""
        return run_result(product_binary("cloudcore"), *self._common_flags(), *args,
                          timeout_s=30, check=check)

    def _get_account(self) -> None:
        account = next(each for each in self._cluster.kubectl.apply_file(_RBAC)
                       if each["kind"] == "ServiceAccount")["metadata"]
        self._cluster.serviceaccount_kubeconfig(account["namespace"], account["name"],
                                                self._kubeconfig)

    def _common_flags(self) -> list:
        return ["--kubeconfig", self._kubeconfig, "--data-dir", self.data_dir]

    def _listens(self) -> bool:
        assert self.process.running, f"cloudcore ended:\n{self.process.tail()}"
        with socket.create_connection((self.address, self.hub_port), timeout=1):
            return True

    def _settings(self) -> dict:
        return {
            "apiVersion": "cloudcore.config.kubeedge.io/v1alpha2", "kind": "CloudCore",
            "commonConfig": {"monitorServer": {"bindAddress": f"127.0.0.1:{self.monitor_port}"}},
            "modules": {"cloudHub": {
                "advertiseAddress": [self.address],
                "websocket": {"enable": True, "address": self.address, "port": self.hub_port},
            }},
            "skerry": {**self._own_settings(), **self._skerry},
        }

    def _own_settings(self) -> dict:
        return {"defaultTolerationSeconds": self._cluster.default_toleration_s}


class StandaloneCloudCore(CloudCore):
    """One cloudcore with a Kubernetes API of its own: nothing else is needed, and no rights."""

    def __init__(self, directory: pathlib.Path, address: str = "127.0.0.1"):
        super().__init__(directory, None, address)
        (self.api_port,) = free_ports(1)
        self.process.args = [product_binary("cloudcore"), *self._common_flags(),
                             "--config", self._config, "--standalone"]
        self.kubectl = Kubectl(self.data_dir / "kubeconfig")

    def create(self) -> None:
        self.directory.mkdir(parents=True)
        self._config.write_text(json.dumps(self._settings()))
        self.start()

    def get(self, resource: str, name: str, namespace: str = "default") -> dict | None:
        """The object, by kubectl; None: there is none."""
        text = self.kubectl("get", resource, name, "-n", namespace, "-o", "json",
                            "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def _common_flags(self) -> list:
        return ["--data-dir", self.data_dir]

    def _own_settings(self) -> dict:
        return {"standalone": {"address": "127.0.0.1", "port": self.api_port}}
