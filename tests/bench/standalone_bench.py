"""What the standalone API costs and does, beside a kube-apiserver with etcd in the same run."""
import base64
import http.client
import json
import ssl
import time

from harness import manifests
from harness.control_plane import ControlPlane
from harness.kubectl import Kubectl
from harness.paths import REPO
from harness.processes import Process, run
from harness.standalone_case import StandaloneCase
from harness.wait import wait_until

from figures import record

PODS = 20
IDLE_S = 60
ROUNDS = (("create", "ConfigMaps of 1 KB created, 8 connections", "per_second", "1/s", ">= 2x"),
          ("get", "  gets", "per_second", "1/s", ">= 2x"),
          ("list", "  lists of 500", "per_second", "1/s", ">= 5x"),
          ("watch", "  one change to 1,000 watchers, p99", "p99_ms", "ms", "<= 40"))


class Api:
    """Where an API is, and its administrator's certificate, as apiload and Python want them."""

    def __init__(self, kubectl: Kubectl, folder):
        config = json.loads(kubectl("config", "view", "--raw", "-o", "json"))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server = cluster["server"]
        self.files = {}
        folder.mkdir()
        for flag, holder, key in (("ca", cluster, "certificate-authority"),
                                  ("cert", user, "client-certificate"), ("key", user, "client-key")):
            file = folder / f"{flag}.pem"
            file.touch(mode=0o600)
            file.write_bytes(base64.b64decode(holder[f"{key}-data"]) if f"{key}-data" in holder
                             else open(holder[key], "rb").read())
            self.files[flag] = file

    def load(self, program: str, what: str) -> dict:
        flags = [word for flag, file in self.files.items() for word in (f"-{flag}", file)]
        return json.loads(run(program, "-server", self.server, *flags, what, timeout_s=300))

    def is_ready(self) -> bool:
        context = ssl.create_default_context(cafile=self.files["ca"])
        context.load_cert_chain(self.files["cert"], self.files["key"])
        host = self.server.removeprefix("https://")
        connection = http.client.HTTPSConnection(host, context=context, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


class StandaloneBench(StandaloneCase):
    @classmethod
    def setUpClass(cls):
        folder = REPO / "tests" / "bench" / "apiload"
        cls.program = run(REPO / "tests/support/build_go", folder, timeout_s=600).strip().splitlines()[-1]
        super().setUpClass()

    def test_figures(self):
        self._with_a_node()
        self._start()
        self._load()
        self._filled()

    def _with_a_node(self) -> None:
        """One node and 20 pods on it, at rest."""
        spec = {**manifests.pod_spec(self.gateway.node), "terminationGracePeriodSeconds": 1}
        self.apply(manifests.deployment("default", "rest", PODS, spec))
        self.kubectl("rollout", "status", "deployment/rest", "--timeout=120s", timeout_s=130)
        time.sleep(20)
        process = self.cloudcore.process
        record(f"standalone cloudcore RSS, one node, {PODS} pods", round(process.rss_kib() / 1024, 1),
               "MiB", "<= 50")
        before = _bytes_written(process)
        time.sleep(IDLE_S)
        per_day = (_bytes_written(process) - before) * 86_400 / IDLE_S / 1e6
        record(f"  written to disk at rest ({IDLE_S} s watched)", round(per_day, 2), "MB/day", "<= 1")

    def _start(self) -> None:
        api = Api(self.kubectl, self.directory / "pki")
        self.cloudcore.process.terminate()
        started = time.monotonic()
        self.cloudcore.process.start()
        wait_until(api.is_ready, 30, "the API is ready", interval_s=0.005)
        record("  start to readyz", round(time.monotonic() - started, 2), "s", "<= 1")

    def _load(self) -> None:
        plane = ControlPlane(self.directory / "kube")
        self.addCleanup(plane.stop)
        plane.start()
        theirs = Api(plane.cluster.kubectl, self.directory / "kube-pki")
        ours = Api(self.kubectl, self.directory / "ours-pki")
        components = sum(each.rss_kib() for each in plane.components) / 1024
        record("the same of etcd and three Kubernetes components, RSS", round(components), "MiB", "-")
        plane.controller_manager.kill()  # the load is the API's alone
        plane.scheduler.kill()
        for what, name, key, unit, wanted in ROUNDS:
            record(name, round(ours.load(self.program, what)[key], 1), unit, wanted)
            record(f"  kube-apiserver and etcd: {what}", round(theirs.load(self.program, what)[key], 1),
                   unit, "-")
        record("standalone cloudcore RSS after that load",
               round(self.cloudcore.process.rss_kib() / 1024, 1), "MiB", "-")
        after = sum(each.rss_kib() for each in (plane.etcd, plane.apiserver)) / 1024
        record("  etcd and kube-apiserver", round(after), "MiB", "-")

    def _filled(self) -> None:
        api = Api(self.kubectl, self.directory / "fill-pki")
        self.kubectl("delete", "namespace", "load-create", "load-list", "load-watch", timeout_s=120)
        api.load(self.program, "fill")
        process = self.cloudcore.process
        process.terminate(60)
        started = time.monotonic()
        process.start()
        wait_until(api.is_ready, 60, "the API is ready", interval_s=0.01)
        record("10,000 pods, 500 nodes: restart to readyz", round(time.monotonic() - started, 2), "s",
               "<= 3")
        time.sleep(10)
        record("  RSS", round(process.rss_kib() / 1024), "MiB", "<= 250")


def _bytes_written(process: Process) -> int:
    with open(f"/proc/{process.pid}/io", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))
