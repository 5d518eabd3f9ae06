"""Base classes of the end-to-end tests: fixtures once a class, a namespace a test."""
import pathlib
import secrets
import unittest

from . import environment, host_traces
from .api import KubernetesApi
from .cloudcore import CloudCore
from .cluster import Cluster
from .gateway import Gateway
from .net import Uplink
from .paths import missing_requirements
from .processes import Process
from .wait import wait_until


class KubernetesTestCase(unittest.TestCase):
    """Has the shared control plane, a directory of its class, a fresh namespace in each test."""

    cluster: Cluster
    api: KubernetesApi
    directory: pathlib.Path
    processes: list[Process]  # a failure shows the ends of their logs

    @classmethod
    def setUpClass(cls):
        cls.cluster = environment.current.cluster
        cls.api = cls.cluster.api
        cls.directory = environment.current.directory / cls.__name__
        cls.directory.mkdir()
        cls.processes = environment.current.processes
        cls.processes.clear()

    def setUp(self):
        self.namespace = self.create_namespace()

    def create_namespace(self) -> str:
        """With what pods need before they can be created. Its deletion is not waited for."""
        name = f"t-{secrets.token_hex(3)}"
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.addCleanup(self.api.delete, "namespaces", name)
        wait_until(lambda: self.api.get("serviceaccounts", "default", name) and
                   self.api.get("configmaps", "kube-root-ca.crt", name),
                   15, f"namespace {name} has its service account and root CA")
        return name

    def describe_failure(self) -> str:
        """Called by the runner while everything still stands."""
        parts = [self.cluster.kubectl("get", "nodes,pods,jobs", "-A", "-o", "wide", check=False)]
        if hasattr(self, "namespace"):
            parts.append(self.cluster.kubectl("get", "events", "-n", self.namespace, check=False))
        return "\n".join(parts)

    # What tests ask of pods

    def pods(self, **labels: str) -> list[dict]:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        return self.api.list("pods", self.namespace, selector)

    def wait_running(self, name: str, timeout_s: float = 30) -> dict:
        """Waits for the pod's condition Ready, and returns the pod."""
        def pod() -> dict:
            return self.api.get("pods", name, self.namespace) or {}
        wait_until(lambda: condition(pod(), "Ready") == "True", timeout_s,
                   f"pod {name} is Ready", seen=lambda: pod().get("status"))
        return pod()

    def wait_available(self, deployment: str, replicas: int, timeout_s: float = 60) -> list[dict]:
        """Waits until exactly `replicas` pods of the newest template exist and are available."""
        def status() -> dict:
            found = self.api.get("deployments", deployment, self.namespace)
            return {**found["status"], "generation": found["metadata"]["generation"]}

        def settled() -> bool:
            seen = status()
            return (seen.get("observedGeneration") == seen["generation"] and all(
                seen.get(count, 0) == replicas for count in
                ("replicas", "updatedReplicas", "availableReplicas")))
        wait_until(settled, timeout_s, f"deployment {deployment} has {replicas} available",
                   seen=status)
        return [each for each in self.pods(app=deployment)
                if "deletionTimestamp" not in each["metadata"]]

    def wait_gone(self, name: str, timeout_s: float = 30) -> None:
        wait_until(lambda: self.api.get("pods", name, self.namespace) is None, timeout_s,
                   f"pod {name} is gone from the API",
                   seen=lambda: self.api.get("pods", name, self.namespace))


class EdgeTestCase(KubernetesTestCase):
    """Besides: a cloudcore and what the class starts through start_gateway()."""

    cloudcore: CloudCore

    @classmethod
    def setUpClass(cls):
        missing = missing_requirements()
        if missing:
            raise unittest.SkipTest("this machine lacks " + ", ".join(missing))
        super().setUpClass()

    @classmethod
    def start_cloudcore(cls, address: str = "127.0.0.1", **skerry) -> CloudCore:
        """`skerry`: further keys of that group of its configuration."""
        cls.cloudcore = CloudCore(cls.directory / "cloud", cls.cluster, address, skerry)
        cls.processes.append(cls.cloudcore.process)
        cls.addClassCleanup(cls.cloudcore.process.stop)
        cls.cloudcore.create()
        return cls.cloudcore

    @classmethod
    def start_gateway(cls, uplink: Uplink | None = None) -> Gateway:
        """A new machine with a new node, joined, started, and Ready in the API."""
        gateway = cls.create_gateway(uplink)
        gateway.edgecore.start()
        cls.wait_node_ready(gateway.node)
        return gateway

    @classmethod
    def create_gateway(cls, uplink: Uplink | None = None) -> Gateway:
        """As start_gateway, up to where edgecore could be started."""
        name = f"edge-{secrets.token_hex(3)}"
        gateway = Gateway(cls.directory / name, name, cls.cloudcore, uplink)
        cls.processes += [gateway.edgecore.process, gateway.containerd.daemon]
        cls.addClassCleanup(cls._remove_gateway, gateway)
        gateway.create()
        return gateway

    @classmethod
    def wait_node_ready(cls, node: str, timeout_s: float = 15, status: str = "True") -> None:
        wait_until(lambda: condition(cls.api.get("nodes", node) or {}, "Ready") == status,
                   timeout_s, f"node {node} has Ready={status}", interval_s=0.02,
                   seen=lambda: cls.api.get("nodes", node))

    @classmethod
    def _remove_gateway(cls, gateway: Gateway) -> None:
        """Tests that care how pods end have looked already: here they only have to be gone."""
        gateway.close()
        for each in cls.api.list("pods", fields=f"spec.nodeName={gateway.node}"):
            meta = each["metadata"]
            cls.api.delete("pods", meta["name"], meta["namespace"], grace_s=0)
        cls.api.delete("nodes", gateway.node)
        left = gateway.leftovers() + [
            f"process {each.pid}: {each.command}"
            for each in host_traces.processes_of(gateway.directory)]
        assert not left, f"left on the host by {gateway.node}: {left}"


def condition(obj: dict, kind: str) -> str | None:
    """The status of a condition of a Pod or Node: "True", "False", "Unknown"; None if absent."""
    for each in obj.get("status", {}).get("conditions", []):
        if each["type"] == kind:
            return each["status"]
    return None


def container_status(pod: dict, name: str = "main") -> dict:
    for each in pod["status"].get("containerStatuses", []):
        if each["name"] == name:
            return each
    return {}
