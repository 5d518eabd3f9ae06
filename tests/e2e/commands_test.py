"""What a person asks, at the gateway and at the cloud: `edgecore get|logs|status`, `cloudcore node
explain`.

Shows of Deliver 7: "`edgecore get pods|objects`, `edgecore logs`, `edgecore status`: offline, over
the local socket".
"""
import json
import os
import urllib.request

from harness import manifests
from harness.case import EdgeTestCase
from harness.wait import wait_until


class CommandsTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()

    def run_pod(self) -> None:
        container = manifests.container("echo one; echo two; echo three; sleep 1000")
        self.api.create(manifests.pod(self.namespace, "talker",
                                      manifests.pod_spec(self.gateway.node, container)))
        self.wait_running("talker")

    def ask(self, *args: str) -> str:
        return self.gateway.edgecore.command(*args, check=True).stdout

    def test_offline_commands_answer_from_the_gateway(self):
        self.run_pod()
        self.gateway.link.refuse()
        self.addCleanup(self.gateway.link.accept)
        wait_until(lambda: not json.loads(self.ask("status"))["link"]["up"], 10, "the link is down")

        status = json.loads(self.ask("status"))
        self.assertEqual(status["node"], self.gateway.node)
        self.assertTrue(status["link"]["lastError"])
        self.assertTrue(status["runtime"]["answers"])

        pods = json.loads(self.ask("get", "pods", "--json"))
        talker = next(pod for pod in pods if pod["name"] == "talker")
        self.assertEqual((talker["phase"], talker["ready"]), ("Running", "1/1"))
        self.assertIn("talker", self.ask("get", "pods"))

        kinds = {each["kind"] for each in json.loads(self.ask("get", "objects", "--json"))}
        self.assertLessEqual({"node", "pod", "configmap"}, kinds)

        name = f"{self.namespace}/talker"
        wait_until(lambda: "three" in self.ask("logs", name), 10, "the log is there")
        self.assertEqual(self.ask("logs", name).split(), ["one", "two", "three"])
        self.assertEqual(self.ask("logs", name, "--tail", "1").split(), ["three"])

    def test_what_is_not_there_is_one_clear_line(self):
        answer = self.gateway.edgecore.command("logs", "nowhere/nothing")
        self.assertNotEqual(answer.returncode, 0)
        self.assertEqual(len((answer.stdout + answer.stderr).strip().splitlines()), 1)
        self.assertIn("nowhere/nothing", answer.stderr)

    def explain(self) -> str:
        return self.cloudcore.command("node", "explain", self.gateway.node, check=True).stdout

    def test_cloudcore_explains_a_node_and_why_its_pod_waits(self):
        container = manifests.container("sleep 1000")
        container["envFrom"] = [{"configMapRef": {"name": "not-there"}}]
        spec = manifests.pod_spec(self.gateway.node, container)
        spec["tolerations"] = [{"key": "node.kubernetes.io/unreachable", "operator": "Exists",
                                "effect": "NoExecute", "tolerationSeconds": 77}]
        self.api.create(manifests.pod(self.namespace, "waits", spec))
        missing = f"waits: ConfigMap {self.namespace}/not-there does not exist"
        wait_until(lambda: missing in self.explain(), 10, "the reason is told", seen=self.explain)
        text = self.explain()
        for words in ("Ready=True", "live (epoch", "keep: pods stay", "certificate valid until",
                      "leaves after 77 s of node.kubernetes.io/unreachable"):
            self.assertIn(words, text)
        self.cloudcore.process.terminate()
        self.addCleanup(self.cloudcore.start)
        text = self.explain()  # honest about what it cannot know
        self.assertIn("not known here (no cloudcore answers", text)
        self.assertRegex(text, r"renewed its lease \d+ s ago")

    def metrics(self) -> dict[str, float]:
        url = f"http://127.0.0.1:{self.cloudcore.monitor_port}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    def test_cloudcore_counts_what_it_does(self):
        self.run_pod()
        ok = 'kind="pod-status",outcome="ok"'
        for name in ('skerry_edgecontroller_objects{kind="pod"}',
                     "skerry_edgecontroller_nodes_live",
                     f"skerry_edgecontroller_reports_total{{{ok}}}",
                     'skerry_edgecontroller_report_duration_seconds_count{kind="pod-status"}',
                     'skerry_edgecontroller_report_duration_seconds_bucket{kind="pod-status",'
                     'le="10"}', 'skerry_edgecontroller_lists_total{kind="node"}',
                     'skerry_cloudhub_messages_total{message="upsert"}',
                     "skerry_cloudhub_sessions"):
            wait_until(lambda name=name: self.metrics().get(name, 0) >= 1, 5, f"{name} counts",
                       seen=self.metrics)
        for name in ("skerry_cloudhub_frames_refused_total",
                     'skerry_edgecontroller_reports_total{kind="pod-status",outcome="refused"}'):
            self.assertEqual(self.metrics().get(name, 0), 0)

    def test_the_local_socket_is_for_its_owner_alone(self):
        mode = os.stat(self.gateway.edgecore.data_dir / "edgecore.sock").st_mode & 0o777
        self.assertEqual(mode, 0o600)
