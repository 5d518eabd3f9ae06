"""cloudcore as a user runs it: a data directory, a config file, the rights of its shipped RBAC."""
import json
import pathlib
import socket
import subprocess

from .cluster import Cluster
from .net import free_ports
from .paths import REPO, product_binary
from .processes import Process, run_result
from .wait import wait_until

_RBAC = REPO / "deploy" / "rbac.yaml"


class CloudCore:
    """One cloudcore beside the test Kubernetes. A restart keeps ports, data and identity."""

    def __init__(self, directory: pathlib.Path, cluster: Cluster, address: str = "127.0.0.1"):
        self.directory, self.address = directory, address
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
        account = next(each for each in self._cluster.kubectl.apply_file(_RBAC)
                       if each["kind"] == "ServiceAccount")["metadata"]
        self._cluster.serviceaccount_kubeconfig(account["namespace"], account["name"],
                                                self._kubeconfig)
        self._config.write_text(json.dumps(self._settings()))  # JSON is YAML
        self.start()

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
            "skerry": {"defaultTolerationSeconds": self._cluster.default_toleration_s},
        }
