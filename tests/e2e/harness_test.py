"""The fixtures themselves: what every other end-to-end test takes for granted."""
import hashlib
import os
import secrets
import socket
import ssl
import subprocess
import threading
import time
import unittest

from harness import environment, host_traces, manifests, tls_records
from harness.case import KubernetesTestCase
from harness.certificates import Certificates
from harness.containerd import BUSYBOX, SANDBOX_IMAGE, Containerd
from harness.fake_node import FakeNode
from harness.net import Uplink
from harness.paths import missing_host_tools
from harness.processes import Process, ProcessFailed
from harness.proxy import Direction, TcpProxy
from harness.wait import WaitTimeout, stays_true, wait_until


class ControlPlaneTest(KubernetesTestCase):
    def test_it_is_a_kubernetes_1_34(self):
        self.assertIn("Server Version: v1.34.4", self.cluster.kubectl("version"))

    def test_a_pod_of_a_deployment_is_bound_to_a_fake_node(self):
        node = FakeNode(self.cluster, f"fake-{secrets.token_hex(3)}")
        node.create()
        self.addCleanup(node.remove)
        self.api.patch("nodes", node.name, {"spec": {"unschedulable": None}})
        spec = manifests.pod_spec(node.name)
        self.cluster.kubectl.apply(manifests.deployment(self.namespace, "web", 1, spec))
        pod = wait_until(lambda: [each for each in self.pods(app="web")
                                  if each["spec"].get("nodeName") == node.name],
                         20, "the pod is bound")[0]
        self.assertIn("kube-api-access", pod["spec"]["volumes"][0]["name"])

    def test_a_service_account_kubeconfig_has_its_rbac_and_no_more(self):
        file = self.cluster.serviceaccount_kubeconfig(self.namespace, "default",
                                                      self.directory / "sa.kubeconfig")
        kubectl = type(self.cluster.kubectl)(file)
        self.assertIn(f"system:serviceaccount:{self.namespace}:default", kubectl("auth", "whoami"))
        with self.assertRaisesRegex(ProcessFailed, "Forbidden"):
            kubectl("get", "pods", "-n", self.namespace)


@unittest.skipIf(missing_host_tools(), f"this machine lacks {missing_host_tools()}")
class ContainerdTest(unittest.TestCase):
    def setUp(self):
        self.directory = environment.current.directory / self.id().rsplit(".", 1)[1][:20]
        self.containerd = Containerd(self.directory / "cd")
        self.addCleanup(self.containerd.stop)
        self.containerd.create()

    def run_container(self, image: str, *command: str) -> str:
        # As CRI would name and label it; --runc-root: CRI's own option does not reach `ctr run`.
        name = hashlib.sha256(secrets.token_bytes(8)).hexdigest()
        runc_root = self.containerd.directory / "state" / "runc"
        self.containerd.ctr("run", "--detach", "--runc-root", runc_root,
                            "--label", "io.kubernetes.pod.namespace=some", image, name, *command)
        return name

    def test_it_runs_both_images_and_lists_what_runs(self):
        pause = self.run_container(SANDBOX_IMAGE)
        busybox = self.run_container(BUSYBOX, "sleep", "1000")
        self.assertEqual(self.containerd.running_ids("some"), {pause, busybox})
        self.assertEqual(self.containerd.running_ids("other"), set())

    def test_containers_outlive_a_killed_containerd(self):
        self.run_container(SANDBOX_IMAGE)
        before = self.containerd.containers()
        self.containerd.kill()
        self.containerd.start()
        self.assertEqual(self.containerd.containers(), before)

    def test_reboot_ends_everything_and_keeps_the_disk(self):
        name = self.run_container(SANDBOX_IMAGE)
        self.containerd.reboot()
        self.assertEqual(self.containerd.running_ids(), set())
        self.assertEqual([each.id for each in self.containerd.containers()], [name])
        self.assertEqual(self.containerd.leftovers(), [])

    def test_nothing_is_left_after_stop(self):
        name = self.run_container(BUSYBOX, "sleep", "1000")
        self.assertTrue(self.containerd.leftovers())
        self.containerd.stop()
        self.assertEqual(self.containerd.leftovers(), [])
        socket_name = hashlib.sha256(f"{self.containerd.socket}/k8s.io/{name}".encode()).hexdigest()
        self.assertFalse(os.path.exists(f"/run/containerd/s/{socket_name}"))

    def test_a_run_whose_owner_was_killed_is_swept(self):
        self.run_container(SANDBOX_IMAGE)
        self.containerd.kill()
        ended = subprocess.Popen(["true"])
        ended.wait()
        scratch = self.directory / "s"
        scratch.mkdir()
        orphan = Containerd(scratch / f"{ended.pid}-x" / "cd")
        (scratch / f"{ended.pid}-x").mkdir()
        orphan.create()
        orphan.kill()
        host_traces.sweep(scratch)
        self.assertEqual(orphan.leftovers(), [])
        self.assertFalse(orphan.directory.exists())


class ProcessTest(unittest.TestCase):
    def setUp(self):
        self.log = environment.current.directory / f"{self.id().rsplit('.', 1)[1]}.log"

    def test_a_line_is_waited_for_and_a_dead_process_is_an_error(self):
        process = Process("talker", ["sh", "-c", "echo one; echo two; sleep 0.2"], self.log)
        process.start()
        self.assertEqual(process.wait_for_line("^t", 5), "two")
        with self.assertRaises(ProcessFailed):
            process.wait_for_line("three", 5)

    def test_terminate_fails_where_sigterm_is_ignored(self):
        script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
        process = Process("deaf", ["sh", "-c", script], self.log)
        process.start()
        process.wait_for_line("ready", 5)
        with self.assertRaises(ProcessFailed):
            process.terminate(timeout_s=0.5)
        self.assertFalse(process.running)

    def test_waits_end_at_their_deadline(self):
        with self.assertRaisesRegex(WaitTimeout, "never true"):
            wait_until(lambda: False, 0.2, "never true")
        with self.assertRaises(WaitTimeout):
            stays_true(lambda: False, 0.2, "always true")


class ProxyTest(unittest.TestCase):
    """Against an echo server."""

    def setUp(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        threading.Thread(target=self._serve, args=(server,), daemon=True).start()
        self.proxy = TcpProxy(server.getsockname()[1])
        self.addCleanup(self.proxy.stop)
        self.proxy.start()

    @staticmethod
    def _serve(server: socket.socket) -> None:
        def echo(connection: socket.socket) -> None:
            try:
                while data := connection.recv(65536):
                    connection.sendall(data)
            except OSError:
                pass
        while True:
            try:
                threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()
            except OSError:
                return

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=5)
        self.addCleanup(client.close)
        return client

    def test_it_counts_both_ways(self):
        client = self.connect()
        client.sendall(b"12345")
        self.assertEqual(client.recv(100), b"12345")
        wait_until(lambda: self.proxy.bytes() == 10, 1, "10 bytes are counted")

    def test_cut_after_lets_exactly_n_bytes_through(self):
        self.proxy.cut_after(3, Direction.UP)
        client = self.connect()
        client.sendall(b"12345")
        with self.assertRaises(ConnectionResetError):
            while client.recv(100):
                pass
        self.assertEqual(self.proxy.bytes(Direction.UP), 3)

    def test_refused_then_accepted_on_the_same_port(self):
        self.proxy.refuse()
        with self.assertRaises(ConnectionRefusedError):
            self.connect()
        self.proxy.accept()
        self.test_it_counts_both_ways()

    def test_a_swallowed_connection_stays_open_and_silent(self):
        client = self.connect()
        self.proxy.swallow()
        client.sendall(b"lost")
        client.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            client.recv(10)

    def test_throttle_holds_the_rate(self):
        self.proxy.bits_per_second = 64_000
        client = self.connect()
        started = time.monotonic()
        client.sendall(bytes(4000))  # half a second up, and half a second down beside it
        received = 0
        while received < 4000:
            received += len(client.recv(4000))
        self.assertGreater(time.monotonic() - started, 0.5)
        self.assertLess(time.monotonic() - started, 2.0)


class TlsRecordsTest(unittest.TestCase):
    """What crosses after a mutual TLS 1.3 handshake, full or resumed, is told from it."""

    HELLO_BYTES = 5 + len(b"hello") + 1 + 16  # header, text, inner type, authentication tag

    def setUp(self):
        pki = Certificates(environment.current.directory / "tls")
        pki.create_ca()
        pki.issue_server("server", "IP:127.0.0.1")
        pki.issue_client("client", "client")
        self.server_context = self._context(ssl.PROTOCOL_TLS_SERVER, pki, "server")
        self.client_context = self._context(ssl.PROTOCOL_TLS_CLIENT, pki, "client")
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        threading.Thread(target=self._echo_twice, args=(listener,), daemon=True).start()
        self.proxy = TcpProxy(listener.getsockname()[1])
        self.addCleanup(self.proxy.stop)
        self.proxy.start()

    @staticmethod
    def _context(protocol: int, pki: Certificates, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pki.ca)
        context.load_cert_chain(pki.directory / f"{name}.crt", pki.directory / f"{name}.key")
        return context

    def _echo_twice(self, listener: socket.socket) -> None:
        for _ in range(2):
            with self.server_context.wrap_socket(listener.accept()[0], server_side=True) as peer:
                peer.sendall(peer.recv(100))

    def _say_hello(self, session: ssl.SSLSession | None) -> ssl.SSLSession:
        raw = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=5)
        with self.client_context.wrap_socket(raw, server_hostname="127.0.0.1",
                                             session=session) as client:
            client.sendall(b"hello")
            self.assertEqual(client.recv(100), b"hello")
            return client.session

    def test_full_then_resumed(self):
        session = self._say_hello(None)
        self._say_hello(session)
        for connection, resumed, tickets in zip(self.proxy.connections, (False, True), (2, 1)):
            up, down = connection.records[Direction.UP], connection.records[Direction.DOWN]
            self.assertEqual(tls_records.is_resumed(down.first_handshake), resumed)
            client, server = tls_records.after_handshake(up, down)
            self.assertEqual(client[0].size, self.HELLO_BYTES)
            self.assertEqual(server[tickets].size, self.HELLO_BYTES)


@unittest.skipIf(missing_host_tools(), f"this machine lacks {missing_host_tools()}")
class UplinkTest(unittest.TestCase):
    """The wire loses packets without a sign, and carries them again."""

    def setUp(self):
        self.uplink = Uplink()
        self.addCleanup(self.uplink.remove)
        self.uplink.create()

    def test_blackhole_and_back(self):
        with socket.create_server((self.uplink.cloud_ip, 0)) as server:
            port = server.getsockname()[1]
            client = subprocess.Popen([*self.uplink.enter, "python3", "-c", _TALKER,
                                       self.uplink.cloud_ip, str(port)])
            self.addCleanup(client.kill)
            server.settimeout(10)
            connection, _ = server.accept()
            connection.settimeout(2)
            self.assertTrue(connection.recv(100))
            self.assertEqual(self.uplink.established(port), (1, 1))
            self.uplink.blackhole()
            time.sleep(0.3)  # what was under way arrives
            connection.settimeout(0.05)
            while True:
                try:
                    connection.recv(1000)
                except TimeoutError:
                    break
            connection.settimeout(1.5)
            with self.assertRaises(TimeoutError):
                connection.recv(100)
            self.assertEqual(self.uplink.established(port), (1, 1))
            self.uplink.restore()
            connection.settimeout(10)
            self.assertTrue(connection.recv(100))


_TALKER = """
import socket, sys, time
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as talker:
    for _ in range(600):
        talker.sendall(b"x")
        time.sleep(0.02)
"""
