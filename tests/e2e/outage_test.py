"""The cloud is gone for a minute (SKERRY_LONG=1: ten), and nothing happens at the edge.

Shows "cloudcore killed for 60 s, and for 10 minutes: NotReady upstream, pods not evicted,
containers untouched, local restarts and probes go on; Node and every Pod condition Ready=True again
<= 5 s after return. edgecore killed -9 and started again meanwhile: same container ids."
"""
import os
import secrets
import signal
import time

from harness import manifests
from harness.case import EdgeTestCase, condition, container_status
from harness.fake_node import FakeNode
from harness.wait import stays_true, wait_until

OUTAGE_S = 600 if os.environ.get("SKERRY_LONG") else 60
BACK_WITHIN_S = 5


class OutageTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()
        cls.fake_nodes = [cls.start_fake_node() for _ in range(4)]

    @classmethod
    def start_fake_node(cls) -> FakeNode:
        """Where most nodes of a cluster are absent, Kubernetes evicts nothing: it needs company."""
        node = FakeNode(cls.cluster, f"fake-{secrets.token_hex(3)}")
        node.create()
        cls.addClassCleanup(node.remove)
        return node

    def test_an_outage_of_the_cloud_touches_nothing(self):
        self.start_pods()
        running = self.gateway.containerd.running_ids(self.namespace)
        control = self.start_control()
        outage_started = time.monotonic()
        self.cloudcore.process.kill()

        self.kill_edgecore_and_find_the_same_containers(running)
        running = self.crash_a_container_and_see_it_restarted()
        self.wait_node_ready(self.gateway.node, 45, status="Unknown")
        wait_until(lambda: "deletionTimestamp" in self.api.get("pods", control, self.namespace)
                   ["metadata"], 30, "the control pod of a silent node is evicted")
        remaining_s = max(5.0, OUTAGE_S - (time.monotonic() - outage_started))
        stays_true(lambda: self.gateway.containerd.running_ids(self.namespace) == running,
                   remaining_s, "no container is touched", interval_s=2)
        for name in ("steady", "crashing", "probed"):
            self.assertNotIn("deletionTimestamp",
                             self.api.get("pods", name, self.namespace)["metadata"], name)

        self.cloudcore.start()
        returned = time.monotonic()
        wait_until(self.all_ready, 30, "node and pods are Ready again", interval_s=0.05,
                   seen=lambda: self.cluster.kubectl("get", "nodes,pods", "-A"))
        self.assertLessEqual(time.monotonic() - returned, BACK_WITHIN_S)
        self.assertEqual(self.gateway.containerd.running_ids(self.namespace), running)
        crashed = container_status(self.api.get("pods", "crashing", self.namespace))
        self.assertEqual(crashed["restartCount"], 1, "what happened offline is reported")

    def start_pods(self) -> None:
        node = self.gateway.node
        probe = {"exec": {"command": ["true"]}, "periodSeconds": 1}
        for name, container in (
                ("steady", manifests.container()), ("crashing", manifests.container()),
                ("probed", manifests.container(livenessProbe=probe, readinessProbe=probe))):
            self.api.create(manifests.pod(self.namespace, name,
                                          manifests.pod_spec(node, container)))
        for name in ("steady", "crashing", "probed"):
            self.wait_running(name)

    def start_control(self) -> str:
        """A pod on a node that falls silent with the cloud: shows that eviction would come."""
        spec = {**manifests.pod_spec("-"), "nodeName": self.fake_nodes[0].name}
        del spec["nodeSelector"]
        self.api.create(manifests.pod(self.namespace, "control", spec))
        self.fake_nodes[0].fall_silent()
        return "control"

    def kill_edgecore_and_find_the_same_containers(self, running: set[str]) -> None:
        self.gateway.edgecore.restart_killed()
        stays_true(lambda: self.gateway.edgecore.process.running and
                   self.gateway.containerd.running_ids(self.namespace) == running,
                   5, "edgecore runs again and adopted its containers")

    def crash_a_container_and_see_it_restarted(self) -> set[str]:
        """Returns the ids that run now: all but one as before."""
        before = self.gateway.containerd.running_ids(self.namespace)
        victim = next(each for each in self.gateway.containerd.containers(self.namespace)
                      if each.pod == "crashing" and each.running)
        os.kill(victim.pid, signal.SIGKILL)  # a process of this test's own container

        def replaced() -> set[str] | None:
            now = self.gateway.containerd.running_ids(self.namespace)
            return now if len(now - before) == 1 and before - now == {victim.id} else None
        return wait_until(replaced, 30, "the crashed container runs again, without the cloud")

    def all_ready(self) -> bool:
        node = self.api.get("nodes", self.gateway.node)
        pods = [self.api.get("pods", name, self.namespace)
                for name in ("steady", "crashing", "probed")]
        return condition(node, "Ready") == "True" and all(
            condition(pod, kind) == "True" for pod in pods
            for kind in ("Ready", "ContainersReady"))
