"""A Node that no machine stands behind: a bystander, or the control of an experiment."""
import datetime
import threading

from .api import KubernetesApi
from .cluster import Cluster


class FakeNode:
    """Ready for as long as it beats. Unschedulable: pods get here only by naming it."""

    def __init__(self, cluster: Cluster, name: str):
        self.name = name
        # Its own connection: it beats from its own thread.
        self._api = KubernetesApi(cluster.host, cluster.port, str(cluster.pki / "ca.crt"),
                                  str(cluster.pki / "admin.crt"), str(cluster.pki / "admin.key"))
        self._stop = threading.Event()
        self._beating: threading.Thread | None = None

    def create(self) -> None:
        self._api.create({"apiVersion": "v1", "kind": "Node", "spec": {"unschedulable": True},
                          "metadata": {"name": self.name,
                                       "labels": {"kubernetes.io/hostname": self.name}}})
        self._beat()
        self._beating = threading.Thread(target=self._beat_on, daemon=True)
        self._beating.start()

    def fall_silent(self) -> None:
        """As a machine whose network is gone."""
        self._stop.set()
        self._beating.join()

    def remove(self) -> None:
        self.fall_silent()
        for pod in self._api.list("pods", fields=f"spec.nodeName={self.name}"):
            meta = pod["metadata"]
            self._api.delete("pods", meta["name"], meta["namespace"], grace_s=0)
        self._api.delete("nodes", self.name)

    def _beat_on(self) -> None:
        while not self._stop.wait(3):
            self._beat()

    def _beat(self) -> None:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "fake",
                 "lastHeartbeatTime": now}
        room = {"pods": "10", "cpu": "1", "memory": "1Gi"}
        self._api.request("PATCH", f"/api/v1/nodes/{self.name}/status",
                          {"status": {"conditions": [ready], "allocatable": room,
                                      "capacity": room}},
                          "application/strategic-merge-patch+json")
