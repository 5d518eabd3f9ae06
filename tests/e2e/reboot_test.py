"""The machine reboots while the cloud is away, and the work goes on; reconnecting costs nothing.

Shows "Reboot while offline: 20 pods with tokens, configmaps and secrets Running within 30 s,
finished Jobs do not run again. Reconnect restarts nothing; where nothing changed at most 1 KB
crosses in both directions after the TLS handshake, counted by a proxy, also after a restart of
cloudcore."
"""
import time
from collections.abc import Callable

from harness import manifests, tls_records
from harness.case import EdgeTestCase, condition
from harness.proxy import Connection, Direction
from harness.wait import stays_true, wait_until

PODS = 20
RUNNING_WITHIN_S = 30
RECONNECT_BYTES = 1024
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


class RebootTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()

    def setUp(self):
        super().setUp()
        pods = f"spec.nodeName={self.gateway.node}"  # of the test before: their end is traffic too
        wait_until(lambda: not self.api.list("pods", fields=pods), 60, "the node is empty",
                   seen=lambda: self.cluster.kubectl("get", "pods", "-A"))
        self.addCleanup(self.gateway.link.accept)  # also where a test fails while offline

    def test_offline_reboot_then_reconnect(self):
        folder = self.run_a_job_to_its_end()
        self.start_pods(PODS)
        self.gateway.link.refuse()

        started = time.monotonic()
        self.gateway.reboot()
        wait_until(lambda: len(self.running_pods()) == PODS, RUNNING_WITHIN_S + 30,
                   f"{PODS} pods run again", interval_s=0.5, seen=self.running_pods)
        self.assertLessEqual(time.monotonic() - started, RUNNING_WITHIN_S)
        self.see_volumes_and_tokens()
        self.assertEqual(self.runs_of(folder), 1, "the finished Job ran again")

        running = self.gateway.containerd.running_ids(self.namespace)
        self.gateway.link.accept()
        wait_until(self.all_ready, 15, "node and pods are Ready after the reconnect",
                   seen=lambda: self.cluster.kubectl("get", "nodes,pods", "-A"))
        stays_true(lambda: self.gateway.containerd.running_ids(self.namespace) == running, 5,
                   "the reconnect restarts nothing")
        self.assertEqual(self.runs_of(folder), 1, "the finished Job ran again")

    def test_a_reconnect_where_nothing_changed_costs_at_most_1_kb(self):
        self.start_pods(5)
        self.assert_cheap(self.connections_after(self.gateway.link.cut))

    def test_a_restart_of_cloudcore_costs_at_most_1_kb(self):
        self.start_pods(5)
        self.assert_cheap(self.connections_after(self.cloudcore.restart))

    # Steps

    def run_a_job_to_its_end(self):
        folder = self.gateway.directory / self.namespace
        container = manifests.container("echo ran >> /runs/runs", volumeMounts=[
            manifests.mount("runs", "/runs")])
        spec = manifests.pod_spec(self.gateway.node, container,
                                  volumes=[manifests.host_path_volume("runs", folder)])
        self.api.create(manifests.job(self.namespace, "once", spec))
        wait_until(lambda: self.api.get("jobs", "once", self.namespace)["status"].get("succeeded"),
                   30, "the Job succeeded")
        return folder

    def start_pods(self, count: int) -> None:
        container = manifests.container(volumeMounts=[manifests.mount("settings", "/etc/settings"),
                                                      manifests.mount("login", "/etc/login")])
        volumes = [manifests.config_map_volume("settings", "settings"),
                   manifests.secret_volume("login", "login")]
        spec = manifests.pod_spec(self.gateway.node, container, volumes=volumes)
        self.cluster.kubectl.apply(
            manifests.config_map(self.namespace, "settings", {"greeting": "hello"}),
            manifests.secret(self.namespace, "login", {"password": "s3cret"}),
            manifests.deployment(self.namespace, "web", count, spec))
        self.wait_available("web", count, timeout_s=90)

    def running_pods(self) -> list[str]:
        """Pods of the Deployment whose container runs, as containerd has it."""
        return [each.pod for each in self.gateway.containerd.containers(self.namespace)
                if each.running and each.pod.startswith("web-")]

    def see_volumes_and_tokens(self) -> None:
        for container in self.gateway.containerd.containers(self.namespace):
            if not container.running:
                continue
            read = self.gateway.containerd.read_file
            self.assertEqual(read(container, "/etc/settings/greeting"), "hello")
            self.assertEqual(read(container, "/etc/login/password"), "s3cret")
            self.assertEqual(read(container, TOKEN).count("."), 2)

    def runs_of(self, folder) -> int:
        return len((folder / "runs").read_text().splitlines())

    def all_ready(self) -> bool:
        return (condition(self.api.get("nodes", self.gateway.node), "Ready") == "True" and
                all(condition(pod, "Ready") == "True" for pod in self.pods(app="web")))

    def connections_after(self, cut: Callable[[], None]) -> list[Connection]:
        """All that were made in the 5 s after a reconnect: refused attempts cost bytes too."""
        link = self.gateway.link
        time.sleep(5)  # the last reports of the pods' start have crossed
        before = len(link.connections)
        cut()
        wait_until(lambda: any(each.bytes[Direction.DOWN] for each in link.connections[before:]),
                   15, "it reconnects")
        time.sleep(5)  # the session is settled, and no ping is due yet
        self.assertEqual(len(link.open_connections()), 1, "one connection, and it stays")
        return link.connections[before:]

    def assert_cheap(self, connections: list[Connection]) -> None:
        sizes = [records_after_handshake(each) for each in connections]
        total = sum(sum(up) + sum(down) for _, up, down in sizes)
        self.assertLessEqual(total, RECONNECT_BYTES, f"(resumed, up, down): {sizes}")
        print(f"reconnect: {total} bytes after the handshake; (resumed, up, down): {sizes}")


def records_after_handshake(connection: Connection) -> tuple[bool, list[int], list[int]]:
    up, down = (connection.records[way] for way in (Direction.UP, Direction.DOWN))
    client, server = tls_records.after_handshake(up, down)
    return (tls_records.is_resumed(down.first_handshake), [each.size for each in client],
            [each.size for each in server])
