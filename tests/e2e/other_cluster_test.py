"""cloudcore in front of a cluster that is not what the nodes know.

Shows "cloudcore started against an empty or restored cluster, or before its lists are whole,
removes nothing that it should not", and that what may be removed then goes by uid.
"""
import os
import re
import unittest

from harness import environment, manifests
from harness.api import KubernetesApi
from harness.api_proxy import ApiProxy
from harness.case import EdgeTestCase, condition
from harness.control_plane import ControlPlane
from harness.wait import stays_true, wait_until


LONG = bool(os.environ.get("SKERRY_LONG"))
other: ControlPlane  # a second one: new and empty at first, and wrecked later


def setUpModule():
    global other
    directory = environment.current.directory / "other"
    directory.mkdir()
    other = ControlPlane(directory)
    unittest.addModuleCleanup(other.stop)
    other.start()


class OtherClusterTest(EdgeTestCase):
    """Begins in the shared cluster and moves to the other one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()

    def test_a_node_follows_another_cluster_only_when_it_is_accepted(self):
        self.run_pod("old")
        running = self.gateway.containerd.running_ids()
        self.cloudcore.process.terminate()
        self.cloudcore.move_to(other.cluster)
        self.cloudcore.start()

        wait_until(lambda: self.link()["otherCluster"], 15, "the node sees another cluster")
        self.assertIn("cloudcore node accept", self.link()["lastError"])
        self.gateway.edgecore.process.wait_for_line("node accept", 1)
        wait_until(lambda: self.cloudcore.metric("skerry_edgecontroller_foreign_nodes") == 1, 5,
                   "the waiting node is counted")
        self.gateway.edgecore.restart_killed()
        stays_true(lambda: self.gateway.containerd.running_ids() == running, 5,
                   "no container is touched")
        self.assertIsNone(other.cluster.api.get("nodes", self.gateway.node))

        refused = self.cloudcore.command("node", "accept", "somebody-else")
        self.assertEqual((refused.returncode, len(refused.stderr.splitlines())), (1, 1))
        self.cloudcore.command("node", "accept", self.gateway.node, check=True)
        api = other.cluster.api
        wait_until(lambda: condition(api.get("nodes", self.gateway.node) or {}, "Ready") == "True",
                   15, "the node is Ready in its new cluster", seen=self.link)
        wait_until(lambda: not self.gateway.containerd.running_ids(), 20,
                   "what the new cluster does not know is gone")
        self.assertEqual(self.cloudcore.metric("skerry_edgecontroller_foreign_nodes"), 0)
        self.run_pod("new", api, namespace="default")

    def link(self) -> dict:
        return self.gateway.edgecore.status()["link"]

    def run_pod(self, name: str, api: KubernetesApi | None = None, namespace: str = "") -> str:
        """Returns its uid, once it runs."""
        api, namespace = api or self.api, namespace or self.namespace
        spec = manifests.pod_spec(self.gateway.node)
        uid = api.create(manifests.pod(namespace, name, spec))["metadata"]["uid"]
        wait_until(lambda: condition(api.get("pods", name, namespace) or {}, "Ready") == "True", 30,
                   f"pod {name} runs", seen=lambda: api.get("pods", name, namespace))
        return uid


class RestoredClusterTest(EdgeTestCase):
    """Belongs to the other cluster, which goes back to what it was."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster, cls.api = other.cluster, other.cluster.api
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()

    def create(self, name: str) -> str:
        mount = manifests.container(volumeMounts=[manifests.mount("config", "/config")])
        spec = manifests.pod_spec(self.gateway.node, mount,
                                  volumes=[manifests.config_map_volume("config", "config")])
        created = self.api.create(manifests.pod(self.namespace, name, spec))
        self.wait_running(name)
        return created["metadata"]["uid"]

    def containers(self, uid: str) -> set[str]:
        return {each.id for each in self.gateway.containerd.containers(self.namespace)
                if each.uid == uid and each.running}

    def config_of(self, uid: str) -> str:
        for each in self.gateway.containerd.containers(self.namespace):
            if each.uid == uid and each.running:
                return self.gateway.containerd.read_file(each, "/config/key")
        return ""

    def change_the_cluster(self) -> dict[str, str]:
        """What the backup does not have. Returns the uids of pods."""
        self.api.patch("configmaps", "config", {"data": {"key": "after"}}, self.namespace)
        uids = {"later": self.create("later")}
        for name in ("deleted", "twin"):
            self.api.delete("pods", name, self.namespace)
            self.wait_gone(name)
        uids["twin"] = self.create("twin")
        wait_until(lambda: self.config_of(uids["twin"]) == "after", 20, "the change has arrived")
        return uids

    def restore_and_see_the_restored_truth(self, while_down=None) -> None:
        self.api.create(manifests.config_map(self.namespace, "config", {"key": "before"}))
        before = {name: self.create(name) for name in ("kept", "deleted", "twin")}
        kept = self.containers(before["kept"])
        backup = other.snapshot()
        after = self.change_the_cluster()
        if while_down:
            self.cloudcore.process.terminate()
        other.restore(backup)
        if while_down:
            while_down()
        edge = self.gateway.edgecore.process
        wait_until(lambda: all(self.containers(before[each]) for each in before) and
                   not any(self.containers(after[each]) for each in after), 90,
                   "the node runs what the restored cluster says",
                   seen=lambda: self.gateway.containerd.containers(self.namespace))
        self.assertEqual(self.containers(before["kept"]), kept, "what is in both goes on")
        wait_until(lambda: self.config_of(before["kept"]) == "before", 20,
                   "the ConfigMap is the restored one")
        for name in before:
            self.assertEqual(self.wait_running(name)["metadata"]["uid"], before[name])
        self.wait_node_ready(self.gateway.node)
        self.assertTrue(edge.running)
        self.assertGreater(self.cloudcore.metric("skerry_edgecontroller_restored_total"), 0)
        self.assertRegex(self.cloudcore.process.output(False), "was it restored")

    def test_cloudcore_starts_against_a_restored_cluster(self):
        self.restore_and_see_the_restored_truth(while_down=self.cloudcore.start)

    if LONG:
        def test_cloudcore_runs_while_its_cluster_is_restored(self):
            """It takes half a minute to believe that: an API server that lags looks the same."""
            self.restore_and_see_the_restored_truth()
            self.cloudcore.process.wait_for_line("restored or replaced", 1)


class IncompleteListsTest(EdgeTestCase):
    """The API answers some pages of a list and fails at the next."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()

    def test_nothing_is_removed_before_the_lists_are_whole(self):
        for name in ("one", "two", "three"):
            self.api.create(manifests.pod(self.namespace, name,
                                          manifests.pod_spec(self.gateway.node)))
        for name in ("one", "two", "three"):
            self.wait_running(name)
        running = self.gateway.containerd.running_ids()
        proxy = ApiProxy(self.cluster)
        proxy.page_limit = 1
        proxy.fault = lambda path, query: (
            500 if path == "/api/v1/pods" and "continue" in query else None)
        proxy.start()
        self.addCleanup(proxy.stop)
        self.cloudcore.process.kill()
        self.cloudcore.go_through(proxy.port)
        self.cloudcore.start()
        wait_until(lambda: proxy.refused >= 3, 30, "pages have failed")
        link = self.gateway.edgecore.status()["link"]
        self.assertFalse(link["up"], link)
        if LONG:  # until then the node's Hello waits for an answer
            edge = self.gateway.edgecore
            wait_until(lambda: "not been listed yet" in edge.status()["link"]["lastError"], 45,
                       "cloudcore says goodbye for now", seen=edge.status)
        self.assertEqual(self.gateway.containerd.running_ids(), running)
        proxy.fault = lambda path, query: None
        wait_until(lambda: self.gateway.edgecore.status()["link"]["up"], 30, "the link is up",
                   seen=lambda: self.cloudcore.process.tail(5))
        edge_log = self.gateway.edgecore.process.output()
        self.assertRegex(edge_log, re.compile(r"link up.*in_sync=\"?true"))
        self.assertEqual(self.gateway.containerd.running_ids(), running)
