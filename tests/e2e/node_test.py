"""What a pod has of the machine it runs on: its network, its disk.

Shows of Deliver 7: "hostNetwork or CNI" and "container log files with rotation".
"""
import os
import urllib.request

from harness import manifests
from harness.case import EdgeTestCase
from harness.net import free_ports
from harness.wait import wait_until

LOG_BYTES_MAX = 16 * 1024
LOG_FILES_MAX = 3


class NodeTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.create_gateway()
        cls.gateway.edgecore.configure({"modules": {"edged": {"tailoredKubeletConfig": {
            "containerLogMaxSize": "16Ki", "containerLogMaxFiles": LOG_FILES_MAX}}}})
        cls.gateway.edgecore.start()
        cls.wait_node_ready(cls.gateway.node)

    def run_pod(self, name: str, container: dict, **fields) -> dict:
        spec = manifests.pod_spec(self.gateway.node, container, **fields)
        self.api.create(manifests.pod(self.namespace, name, spec))
        return self.wait_running(name)

    def test_a_host_network_pod_has_the_machines_network(self):
        port, = free_ports(1)
        script = f"echo it is me > /tmp/index.html; httpd -f -p {port} -h /tmp"
        pod = self.run_pod("host", manifests.container(script), hostNetwork=True)
        self.assertEqual(pod["status"]["podIP"], pod["status"]["hostIP"])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            self.assertEqual(answer.read(), b"it is me\n")
        container, = self.gateway.containerd.containers(self.namespace)
        self.assertEqual(os.readlink(f"/proc/{container.pid}/ns/net"),
                         os.readlink("/proc/self/ns/net"))

    def test_a_containers_log_is_rotated_at_its_limit(self):
        # 40 kB at once, and a line each second after it: they have to go on in the new file.
        script = ("i=0; while [ $i -lt 1000 ]; do echo \"line $i of a log that grows\"; "
                  "i=$((i+1)); done; while sleep 1; do echo tick; done")
        pod = self.run_pod("talker", manifests.container(script))
        folder = (self.gateway.edgecore.data_dir / "log" / "pods" /
                  f"{self.namespace}_talker_{pod['metadata']['uid']}" / "main")
        current = folder / "0.log"
        wait_until(lambda: len(list(folder.iterdir())) > 1, 20, "the log is rotated",
                   seen=lambda: list(folder.iterdir()))
        wait_until(lambda: current.exists() and "tick" in current.read_text(), 10,
                   "the container writes into the new file")
        self.assertLess(current.stat().st_size, LOG_BYTES_MAX)
        self.assertLessEqual(len(list(folder.iterdir())), LOG_FILES_MAX)
        logs = self.gateway.edgecore.command("logs", f"{self.namespace}/talker", check=True)
        self.assertIn("tick", logs.stdout)
