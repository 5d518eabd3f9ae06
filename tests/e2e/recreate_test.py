"""Pods that are deleted, created and recreated while the node is offline.

Shows "Deleted while offline -> gone after reconnect; created and deleted while offline -> never
runs; deleted and recreated under the same name -> the new uid runs, the old one is finished
properly and does not report for the new."
"""
from harness import manifests
from harness.case import EdgeTestCase, condition, container_status
from harness.wait import stays_true, wait_until


class RecreateTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()

    def setUp(self):
        super().setUp()
        self.runs = self.gateway.directory / self.namespace
        self.addCleanup(self.gateway.link.accept)  # also where a test fails while offline

    def create(self, name: str, **labels: str) -> str:
        """A pod that leaves a file when it runs, bound to the node at once; returns its uid."""
        container = manifests.container(f"echo $POD_UID > /runs/{name}; {manifests.IDLE}",
                                        env=[manifests.env_from_field("POD_UID", "metadata.uid")],
                                        volumeMounts=[manifests.mount("runs", "/runs")])
        spec = manifests.pod_spec(self.gateway.node, container, nodeName=self.gateway.node,
                                  volumes=[manifests.host_path_volume("runs", self.runs)])
        created = self.api.create(manifests.pod(self.namespace, name, spec, labels or None))
        return created["metadata"]["uid"]

    def uids_on_the_node(self) -> set[str]:
        return {each.uid for each in self.gateway.containerd.sandboxes(self.namespace)}

    def reconnect(self) -> None:
        self.gateway.link.accept()
        wait_until(self.gateway.link.open_connections, 15, "the node is back")

    def test_deleted_while_offline_is_gone_after_reconnect(self):
        for name in ("graceful", "forced"):
            self.create(name)
            self.wait_running(name)
        self.gateway.link.refuse()
        self.api.delete("pods", "graceful", self.namespace)
        self.api.delete("pods", "forced", self.namespace, grace_s=0)
        stays_true(lambda: len(self.uids_on_the_node()) == 2, 3, "offline, both go on")
        self.reconnect()
        self.wait_gone("graceful", 20)
        wait_until(lambda: not self.uids_on_the_node(), 20, "both are gone from the node",
                   seen=lambda: self.gateway.containerd.sandboxes(self.namespace))

    def test_created_and_deleted_while_offline_never_runs(self):
        self.gateway.link.refuse()
        for name in ("graceful", "forced"):
            self.create(name)
        self.api.delete("pods", "graceful", self.namespace)
        self.api.delete("pods", "forced", self.namespace, grace_s=0)
        self.reconnect()
        self.wait_gone("graceful", 20)
        self.create("after")  # what comes later has arrived: so would have what was to be skipped
        self.wait_running("after")
        self.assertEqual(sorted(file.name for file in self.runs.iterdir()), ["after"])

    def test_recreated_while_offline_runs_the_new_uid_only(self):
        old = self.create("twin")
        self.wait_running("twin")
        self.gateway.link.refuse()
        self.api.delete("pods", "twin", self.namespace, grace_s=0)
        new = self.create("twin")
        self.reconnect()
        pod = self.wait_running("twin")
        self.assertEqual(pod["metadata"]["uid"], new)
        self.assertEqual((self.runs / "twin").read_text().strip(), new)
        wait_until(lambda: self.uids_on_the_node() == {new}, 20, "only the new uid is left",
                   seen=self.uids_on_the_node)
        stays_true(lambda: self.reports_its_own_container(new), 5,
                   f"the status of {new} is its own, not that of {old}")

    def reports_its_own_container(self, uid: str) -> bool:
        pod = self.api.get("pods", "twin", self.namespace)
        reported = container_status(pod).get("containerID", "").removeprefix("containerd://")
        own = {each.id for each in self.gateway.containerd.containers(self.namespace)
               if each.uid == uid and each.running}
        return (pod["metadata"]["uid"] == uid and condition(pod, "Ready") == "True" and
                own == {reported})

    def test_recreated_many_times_while_offline_runs_the_last(self):
        self.create("twin")
        self.wait_running("twin")
        self.gateway.link.refuse()
        for _ in range(5):
            self.api.delete("pods", "twin", self.namespace, grace_s=0)
            last = self.create("twin")
        self.reconnect()
        self.assertEqual(self.wait_running("twin")["metadata"]["uid"], last)
        wait_until(lambda: self.uids_on_the_node() == {last}, 20, "only the last uid is left",
                   seen=self.uids_on_the_node)
