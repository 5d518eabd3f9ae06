"""What a session costs cloudcore: memory, and how many it takes on a second."""
import base64
import json
import resource
import statistics
import subprocess
import time

from harness import environment
from harness.case import KubernetesTestCase
from harness.cloudcore import CloudCore
from harness.control_plane import ControlPlane
from harness.paths import REPO
from harness.processes import Process

from figures import record

NODES = 5000
STEPS = (2000, NODES)
ROUNDS = 3
HOLD_S = 25
TOOLS = REPO / "build" / "release" / "bench"


class LoadClient:
    """tests/bench/hub_load.cc: thousands of nodes' ends of the lane in one process."""

    def __init__(self, port: int, ca, key, nodes: int, *flags: str):
        command = [TOOLS / "hub_load", "127.0.0.1", str(port), ca, key, str(nodes), *flags]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True)
        self._answer()

    def __call__(self, *words) -> dict:
        print(*words, file=self._process.stdin, flush=True)
        return self._answer()

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        assert line, "hub_load ended"
        return json.loads(line)


class HubBench(KubernetesTestCase):
    """Real nodes beside a real API, whose other controllers rest: they would write about thousands
    of nodes at once, which is neither cloudcore's doing nor what is measured."""

    @classmethod
    def setUpClass(cls):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))  # for the load client
        cls.directory = environment.current.directory / cls.__name__
        cls.directory.mkdir()
        cls.processes = environment.current.processes
        (cls.directory / "kube").mkdir()
        plane = ControlPlane(cls.directory / "kube")
        cls.addClassCleanup(plane.stop)
        plane.start()
        cls.cluster, cls.api = plane.cluster, plane.cluster.api
        cls.cloudcore = CloudCore(cls.directory / "cloud", cls.cluster)
        cls.addClassCleanup(cls.cloudcore.process.stop)
        cls.processes.append(cls.cloudcore.process)
        cls.cloudcore.create()
        plane.controller_manager.kill()
        plane.scheduler.kill()
        cls.ca, cls.key = cls._authority()

    def setUp(self):
        pass  # no namespace: there are no pods

    @classmethod
    def _authority(cls):
        data = cls.api.get("secrets", "skerry-ca", "skerry-system")["data"]
        files = []
        for datum, name in (("tls.crt", "node-ca.crt"), ("tls.key", "node-ca.key")):
            files.append(cls.directory / name)
            files[-1].touch(mode=0o600)
            files[-1].write_bytes(base64.b64decode(data[datum]))
        return files

    def test_sessions(self):
        load = LoadClient(self.cloudcore.hub_port, self.ca, self.key, NODES)
        self.addCleanup(load.end)
        self._register(load)
        self._memory(load)
        self._accept(load)

    def _register(self, load: LoadClient) -> None:
        """Every node registers through cloudcore, as its edgecore would."""
        started = time.monotonic()
        opened = load("connect", NODES)
        self.assertEqual(opened["opened"], NODES, opened)
        settled = load("settle")
        self.assertEqual(settled["settled"], NODES, settled)
        record(f"{NODES} nodes registered through cloudcore",
               round(NODES / (time.monotonic() - started)), "nodes/s", "-")
        load("close")

    def _memory(self, load: LoadClient) -> None:
        self.cloudcore.restart()
        time.sleep(5)
        before = self.cloudcore.process.rss_kib()
        record(f"cloudcore RSS, knowing {NODES} absent nodes", round(before / 1024, 1), "MiB", "-")
        for sessions in STEPS:
            opened = load("connect", sessions)
            self.assertEqual(opened["sessions"], sessions, opened)
            held = load("hold", HOLD_S)
            self.assertEqual((held["sessions"], held["lost"]), (sessions, 0), held)
            grown = self.cloudcore.process.rss_kib() - before
            record(f"cloudcore, per idle mTLS session, {sessions} of them",
                   round(grown / sessions, 1), "KiB", "<= 36")
        load("close")

    def _accept(self, load: LoadClient) -> None:
        """The fleet comes back: TLS, upgrade, Hello, Welcome{in_sync} of each; and in
        turn with it plain TLS with nothing behind, same client and cores."""
        rates, bare_rates = [], []
        server = subprocess.Popen([TOOLS / "bare_tls_server", self.ca, self.key],
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.kill)
        bare = LoadClient(int(server.stdout.readline()), self.ca, self.key, STEPS[0], "--bare")
        self.addCleanup(bare.end)
        for _ in range(ROUNDS):
            bare_rates.append(bare("connect", STEPS[0])["per_second"])
            bare("close")
            time.sleep(3)
            opened = load("connect", STEPS[0])
            self.assertEqual(opened["in_sync"], STEPS[0], opened)
            rates.append(opened["per_second"])
            load("close")
            time.sleep(3)
        record("sessions accepted, a fleet that comes back, median",
               statistics.median(rates), "1/s", ">= 1000")
        record("  the same client at a bare TLS server, median",
               statistics.median(bare_rates), "1/s", "-")
