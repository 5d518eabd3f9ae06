"""What a gateway costs: edgecore's sizes, a pod's start, and a day of idling."""
import json
import os
import pathlib
import statistics
import time

from harness import manifests
from harness.case import EdgeTestCase
from harness.containerd import BUSYBOX
from harness.paths import REPO, product_binary
from harness.processes import run
from harness.wait import wait_until

from figures import record

IDLE_S = float(os.environ.get("SKERRY_BENCH_IDLE_S", "60"))
PODS = 11
TOOLS = REPO / "build" / "release" / "bench"
STARTS = 10
DAY_S = 86400


def cpu_s(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def written_bytes(pid: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


class GatewayBench(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.create_gateway()
        started = time.monotonic()
        cls.gateway.edgecore.start()
        cls.wait_node_ready(cls.gateway.node)
        record("node Ready after the first start", round(time.monotonic() - started, 2), "s", "<= 2")

    def test_1_sizes(self):
        record("edgecore binary, stripped",
               round(product_binary("edgecore").stat().st_size / 1e6, 1), "MB", "<= 15")
        record("cloudcore binary, stripped",
               round(product_binary("cloudcore").stat().st_size / 1e6, 1), "MB", "-")
        time.sleep(5)
        record("edgecore RSS, joined and idle",
               round(self.gateway.edgecore.process.rss_kib() / 1024, 1), "MiB", "<= 15")
        record("cloudcore RSS, one node",
               round(self.cloudcore.process.rss_kib() / 1024, 1), "MiB", "<= 30")

    def test_2_pod_start(self):
        """Each start beside one of the bare CRI calls, so that both see the same machine."""
        spec = manifests.pod_spec(self.gateway.node, manifests.container("sleep 1000"))
        took, bare, edge = [], [], []
        for number in range(STARTS):
            bare.append(self._bare_cri(f"bare-{number}"))
            name = f"start-{number}"
            started = time.monotonic()
            self.api.create({"apiVersion": "v1", "kind": "Pod", "spec": spec,
                             "metadata": {"name": name, "namespace": self.namespace}})
            self.cluster.kubectl("wait", "-n", self.namespace, f"pod/{name}", "--timeout=30s",
                                 "--for=jsonpath={.status.phase}=Running")
            took.append((time.monotonic() - started) * 1000)
            edge.append(self._created_to_running(f"seen-{number}", spec))
        record("pod create -> Running, kubectl wait, median",
               round(statistics.median(took)), "ms", "<= 500")
        record("pod create -> Running, as a watch sees it, median",
               round(statistics.median(edge)), "ms", "-")
        for call in ("sandbox", "create", "start", "all"):
            record(f"  bare CRI, same pod: {call}, median",
                   round(statistics.median(each[f"{call}_ms"] for each in bare)), "ms", "-")
        above = [seen - each["all_ms"] for seen, each in zip(edge, bare)]
        record("pod create -> Running above the bare CRI calls, median",
               round(statistics.median(above)), "ms", "<= 30")

    def _bare_cri(self, name: str) -> dict:
        """See tests/bench/bare_cri.cc."""
        directory = self.directory / "bare"
        directory.mkdir(exist_ok=True)
        return json.loads(run(TOOLS / "bare_cri", self.gateway.containerd.endpoint, directory,
                              BUSYBOX, name))

    def _created_to_running(self, name: str, spec: dict) -> float:
        """Milliseconds from the request until the watch of an API client says Running."""
        pods = f"/api/v1/namespaces/{self.namespace}/pods"
        with self.api.watch(f"{pods}?watch=1&fieldSelector=metadata.name={name}") as events:
            started = time.monotonic()
            self.api.create(manifests.pod(self.namespace, name, spec))
            for event in events:
                if event["object"]["status"].get("phase") == "Running":
                    return (time.monotonic() - started) * 1000
        raise AssertionError(f"the watch ended before {name} ran")

    def test_3_restart_of_cloudcore(self):
        started = time.monotonic()
        self.cloudcore.restart()
        spec = manifests.pod_spec(self.gateway.node, manifests.container("sleep 1000"))
        self.api.create({"apiVersion": "v1", "kind": "Pod", "spec": spec,
                         "metadata": {"name": "after", "namespace": self.namespace}})
        wait_until(lambda: self.api.get("pods", "after", self.namespace)["status"]["phase"]
                   == "Running", 60, "the pod runs", interval_s=0.05)
        record("cloudcore restart -> a new pod Running", round(time.monotonic() - started, 2), "s",
               "<= 3")

    def test_4_idle_with_pods(self):
        spec = manifests.pod_spec(self.gateway.node, manifests.container("sleep 100000"))
        self.cluster.kubectl.apply(manifests.deployment(self.namespace, "idle", PODS, spec))
        self.wait_available("idle", PODS, 120)
        # Pods of the tests before end by their grace period: not idle before they are gone.
        wait_until(lambda: len(self.api.list("pods", fields=f"spec.nodeName={self.gateway.node}"))
                   == PODS, 90, "only the idle pods are left")
        time.sleep(10)
        process, link = self.gateway.edgecore.process, self.gateway.link
        status = json.loads(self.gateway.edgecore.command("status", check=True).stdout)
        before = (cpu_s(process.pid), link.bytes(), written_bytes(process.pid),
                  status["store"]["commits"])
        time.sleep(IDLE_S)
        status = json.loads(self.gateway.edgecore.command("status", check=True).stdout)
        after = (cpu_s(process.pid), link.bytes(), written_bytes(process.pid),
                 status["store"]["commits"])
        cpu, link_bytes, disk, commits = (b - a for a, b in zip(before, after))
        record(f"edgecore RSS with {PODS} pods", round(process.rss_kib() / 1024, 1), "MiB", "<= 18")
        record("edgecore CPU, idle", round(100 * cpu / IDLE_S, 2), "% of core", "<= 0.2")
        record("link, idle, as TCP payload a day", round(link_bytes * DAY_S / IDLE_S / 1e6, 2), "MB",
               "<= 1")
        record("bytes written, idle, a day", round(disk * DAY_S / IDLE_S / 1e6, 2), "MB", "<= 1")
        record(f"store commits in {IDLE_S:.0f} s idle", commits, "", "<= 30 a day")
