"""cloudcore --standalone: a whole cluster in one process, and a real edge that runs its pods.

Shows of issue "Standalone": the walking skeleton; unmodified kubectl; what was acknowledged is there
after kill -9.
"""
import json
import secrets
import unittest

from harness import environment, host_traces, manifests
from harness.case import condition
from harness.cloudcore import StandaloneCloudCore
from harness.gateway import Gateway
from harness.paths import missing_requirements
from harness.wait import wait_until


class StandaloneTest(unittest.TestCase):
    """Has no control plane but the one under test."""

    @classmethod
    def setUpClass(cls):
        missing = missing_requirements()
        if missing:
            raise unittest.SkipTest("this machine lacks " + ", ".join(missing))
        cls.directory = environment.current.directory / cls.__name__
        cls.directory.mkdir()
        cls.cloudcore = StandaloneCloudCore(cls.directory / "cloud")
        cls.processes = environment.current.processes
        cls.processes.clear()
        cls.processes.append(cls.cloudcore.process)
        cls.addClassCleanup(cls.cloudcore.process.stop)
        cls.cloudcore.create()
        cls.kubectl = cls.cloudcore.kubectl
        cls.gateway = cls.start_gateway()

    @classmethod
    def start_gateway(cls) -> Gateway:
        name = f"edge-{secrets.token_hex(3)}"
        gateway = Gateway(cls.directory / name, name, cls.cloudcore)
        cls.processes += [gateway.edgecore.process, gateway.containerd.daemon]
        cls.addClassCleanup(cls.remove_gateway, gateway)
        gateway.create()
        gateway.edgecore.start()
        wait_until(lambda: condition(cls.cloudcore.get("nodes", name) or {}, "Ready") == "True",
                   15, f"node {name} is Ready", seen=lambda: cls.cloudcore.get("nodes", name))
        return gateway

    @classmethod
    def remove_gateway(cls, gateway: Gateway) -> None:
        gateway.close()
        left = gateway.leftovers() + [
            f"process {each.pid}: {each.command}"
            for each in host_traces.processes_of(gateway.directory)]
        assert not left, f"left on the host by {gateway.node}: {left}"

    def describe_failure(self) -> str:
        return self.kubectl("get", "nodes,pods", "-A", "-o", "json", check=False)[-4000:]

    def wait_running(self, name: str) -> dict:
        wait_until(lambda: condition(self.cloudcore.get("pods", name) or {}, "Ready") == "True", 30,
                   f"pod {name} is Ready", seen=lambda: self.cloudcore.get("pods", name))
        return self.cloudcore.get("pods", name)

    def wait_gone(self, name: str) -> None:
        wait_until(lambda: self.cloudcore.get("pods", name) is None, 30, f"pod {name} is gone",
                   seen=lambda: self.cloudcore.get("pods", name))

    def create_pod(self, name: str) -> None:
        settings = {"apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": name, "namespace": "default"}, "data": {"word": "hello"}}
        container = manifests.container("test \"$WORD\" = hello && sleep 1000")
        container["env"] = [{"name": "WORD", "valueFrom": {
            "configMapKeyRef": {"name": name, "key": "word"}}}]
        spec = {**manifests.pod_spec(self.gateway.node, container), "nodeName": self.gateway.node}
        pod = manifests.pod("default", name, spec)
        for each in (settings, pod):
            self.kubectl("apply", "-f", "-", stdin=json.dumps(each))

    def test_a_pod_runs_on_an_edge_and_is_deleted(self):
        self.create_pod("web")
        pod = self.wait_running("web")
        self.assertEqual(pod["status"]["phase"], "Running")
        self.assertTrue(pod["status"]["podIP"])
        self.kubectl("delete", "pod", "web", "--grace-period=1", "--wait=false")
        self.wait_gone("web")
        wait_until(lambda: self.gateway.leftovers() == [], 15, "nothing is left on the edge",
                   seen=self.gateway.leftovers)

    def test_a_killed_cloudcore_comes_back_with_everything(self):
        self.create_pod("keeper")
        before = self.wait_running("keeper")
        self.cloudcore.process.kill()
        self.cloudcore.start()
        after = self.wait_running("keeper")
        for path in (("metadata", "uid"), ("status", "containerStatuses")):
            self.assertEqual(before[path[0]][path[1]], after[path[0]][path[1]])
        node = json.loads(self.kubectl("get", "node", self.gateway.node, "-o", "json"))
        self.assertEqual(node["metadata"]["name"], self.gateway.node)
        self.kubectl("delete", "pod", "keeper", "--grace-period=1", "--wait=false")
        self.wait_gone("keeper")
