"""What a gateway costs: edgecore's sizes, a pod's start, and a day of idling."""
import json
import os
import pathlib
import statistics
import time

from harness import manifests
from harness.case import EdgeTestCase
from harness.paths import product_binary
from harness.wait import wait_until

from figures import record

IDLE_S = float(os.environ.get("SKERRY_BENCH_IDLE_S", "60"))
PODS = 11
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
        spec = manifests.pod_spec(self.gateway.node, manifests.container("sleep 1000"))
        took = []
        for number in range(STARTS):
            name = f"start-{number}"
            started = time.monotonic()
            self.api.create({"apiVersion": "v1", "kind": "Pod", "spec": spec,
                             "metadata": {"name": name, "namespace": self.namespace}})
            self.cluster.kubectl("wait", "-n", self.namespace, f"pod/{name}", "--timeout=30s",
                                 "--for=jsonpath={.status.phase}=Running")
            took.append((time.monotonic() - started) * 1000)
        record("pod create -> Running, kubectl wait, median",
               round(statistics.median(took)), "ms", "<= 500")

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
