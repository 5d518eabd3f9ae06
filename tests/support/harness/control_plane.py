"""A real Kubernetes control plane on loopback, in one directory."""
import pathlib
import secrets
import shutil

from .certificates import Certificates
from .cluster import Cluster
from .net import free_ports
from .paths import control_plane_binary
from .processes import Process
from .wait import wait_until

_HOST = "127.0.0.1"


class ControlPlane:
    """etcd, API server (Node and RBAC authorization), controller manager and scheduler.

    Each component is a Process that a test may kill and start again. Durations are parameters only
    where shorter ones save waiting: a node is NotReady after `node_monitor_grace_period` and its
    pods are evicted `default_toleration_s` later (Kubernetes: 50 s and 300 s). The grace period has
    to stay above cloudcore's 15 s between lease renewals.
    """

    def __init__(self, directory: pathlib.Path, node_monitor_period: str = "1s",
                 node_monitor_grace_period: str = "25s", default_toleration_s: int = 10):
        self.directory = directory
        self._node_monitor_period = node_monitor_period
        self._node_monitor_grace_period = node_monitor_grace_period
        self._default_toleration_s = default_toleration_s
        self._pki = Certificates(directory / "pki")
        self._binary = control_plane_binary()
        api_port, self._etcd_port, self._etcd_peer_port = free_ports(3)
        self.cluster = Cluster(str(directory), _HOST, api_port, default_toleration_s)
        self.etcd = self._process("etcd", self._etcd_flags())
        self.apiserver = self._process("kube-apiserver", self._apiserver_flags())
        self.controller_manager = self._process("kube-controller-manager",
                                                self._controller_manager_flags())
        self.scheduler = self._process("kube-scheduler", self._scheduler_flags())

    @property
    def components(self) -> list[Process]:
        return [self.etcd, self.apiserver, self.controller_manager, self.scheduler]

    def start(self) -> None:
        self._create_credentials()
        self.etcd.start()
        self.start_apiserver()
        self.controller_manager.start()
        self.scheduler.start()
        self._wait_for_defaults()

    def start_apiserver(self) -> None:
        """Also after a kill. Returns when it is ready."""
        self.apiserver.start()
        wait_until(self._ready, 90, "the API server is ready", ignoring=(OSError,),
                   seen=lambda: self.apiserver.tail(5))

    def snapshot(self) -> pathlib.Path:
        """A copy of etcd's data, as of one moment: etcd stands still meanwhile."""
        copy = self.directory / f"etcd-{secrets.token_hex(2)}"
        self.etcd.pause()
        try:
            shutil.copytree(self.directory / "etcd", copy)
        finally:
            self.etcd.resume()
        return copy

    def restore(self, snapshot: pathlib.Path) -> None:
        """Ends everything and starts it again with the data of then."""
        self.stop()
        shutil.rmtree(self.directory / "etcd")
        shutil.copytree(snapshot, self.directory / "etcd")
        self.etcd.start()
        self.start_apiserver()
        self.controller_manager.start()
        self.scheduler.start()

    def stop(self) -> None:
        for component in reversed(self.components):
            component.kill()  # its data goes with the directory: nothing to shut down in order

    def _ready(self) -> bool:
        assert self.apiserver.running, f"the API server ended:\n{self.apiserver.tail()}"
        return self.cluster.api.raw("GET", "/readyz")[0] == 200

    def _wait_for_defaults(self) -> None:
        """The controller manager makes what every pod needs; a pod created earlier is refused."""
        api = self.cluster.api
        wait_until(lambda: api.get("serviceaccounts", "default", "default") and
                   api.get("configmaps", "kube-root-ca.crt", "default"),
                   60, "namespace default has its service account and root CA",
                   seen=lambda: self.controller_manager.tail(5))

    def _create_credentials(self) -> None:
        self._pki.create_ca()
        self._pki.issue_server("apiserver", f"IP:{_HOST},IP:10.96.0.1,DNS:localhost,"
                                            "DNS:kubernetes,DNS:kubernetes.default.svc")
        self._pki.issue_client("admin", "admin", group="system:masters")
        self._pki.create_key_pair("service-account")
        for user in ("kube-controller-manager", "kube-scheduler"):
            self._pki.issue_client(user, f"system:{user}")
            self.cluster.client_kubeconfig(user)
        self.cluster.client_kubeconfig("admin")

    def _process(self, name: str, flags: dict[str, object]) -> Process:
        arguments = [f"--{flag}={value}" for flag, value in flags.items()]
        return Process(name, [self._binary, name, *arguments], self.directory / f"{name}.log")

    def _etcd_flags(self) -> dict[str, object]:
        client = f"http://{_HOST}:{self._etcd_port}"
        peer = f"http://{_HOST}:{self._etcd_peer_port}"
        return {"data-dir": self.directory / "etcd", "log-level": "warn", "unsafe-no-fsync": "true",
                "listen-client-urls": client, "advertise-client-urls": client,
                "listen-peer-urls": peer, "initial-advertise-peer-urls": peer,
                "initial-cluster": f"default={peer}"}

    def _apiserver_flags(self) -> dict[str, object]:
        pki, seconds = self._pki.directory, self._default_toleration_s
        return {"etcd-servers": f"http://{_HOST}:{self._etcd_port}",
                "bind-address": _HOST, "secure-port": self.cluster.port,
                "advertise-address": _HOST,
                "endpoint-reconciler-type": "none",  # loopback is no valid endpoint address
                "service-cluster-ip-range": "10.96.0.0/24",
                "tls-cert-file": pki / "apiserver.crt",
                "tls-private-key-file": pki / "apiserver.key",
                "client-ca-file": pki / "ca.crt", "authorization-mode": "Node,RBAC",
                "enable-admission-plugins": "NodeRestriction",
                "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
                "service-account-key-file": pki / "service-account.pub",
                "service-account-signing-key-file": pki / "service-account.key",
                "default-not-ready-toleration-seconds": seconds,
                "default-unreachable-toleration-seconds": seconds}

    def _controller_manager_flags(self) -> dict[str, object]:
        pki = self._pki.directory
        return {"kubeconfig": self.directory / "kube-controller-manager.kubeconfig",
                "leader-elect": "false", "secure-port": 0,
                "service-account-private-key-file": pki / "service-account.key",
                "root-ca-file": pki / "ca.crt", "use-service-account-credentials": "true",
                "node-monitor-period": self._node_monitor_period,
                "node-monitor-grace-period": self._node_monitor_grace_period}

    def _scheduler_flags(self) -> dict[str, object]:
        return {"kubeconfig": self.directory / "kube-scheduler.kubeconfig",
                "leader-elect": "false", "secure-port": 0}
