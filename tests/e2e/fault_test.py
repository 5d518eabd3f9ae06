"""What surrounds cloudcore and edgecore fails: the disk, the store's file, the container runtime,
the kubeconfig.

Shows "broken kubeconfig; full disk; damaged store; containerd absent or restarted: each gives one
clear line that says what to do, loses nothing, and recovers by itself where it can".
"""
import base64
import json
import os
import random
import signal

from harness import manifests
from harness.case import EdgeTestCase, KubernetesTestCase, condition, container_status
from harness.paths import product_binary
from harness.processes import run_result
from harness.wait import stays_true, wait_until

SMALL_DISK_BYTES = 12 << 20
LARGE_BYTES = 900_000  # two of them are more than the store's log holds before it must grow
FULL_FOR_S = 8


class FullDiskTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.create_gateway()
        cls.gateway.edgecore.move_to_small_disk(SMALL_DISK_BYTES)
        cls.gateway.edgecore.start()
        cls.wait_node_ready(cls.gateway.node)

    def create_large_pod(self) -> None:
        volumes, mounts = [], []
        for number in range(2):
            name = f"large-{number}"
            content = random.Random(number).randbytes(LARGE_BYTES)
            self.api.create({"apiVersion": "v1", "kind": "ConfigMap",
                             "metadata": {"name": name, "namespace": self.namespace},
                             "binaryData": {"blob": base64.b64encode(content).decode()}})
            volumes.append(manifests.config_map_volume(name, name))
            mounts.append(manifests.mount(name, f"/{name}"))
        spec = manifests.pod_spec(self.gateway.node, manifests.container(volumeMounts=mounts),
                                  volumes=volumes)
        self.api.create(manifests.pod(self.namespace, "late", spec))

    def stored(self) -> set[str]:
        listed = self.gateway.edgecore.command("get", "objects", "--json", check=True).stdout
        return {each["name"] for each in json.loads(listed)}

    def test_nothing_is_taken_that_cannot_be_stored(self):
        edge = self.gateway.edgecore
        self.api.create(manifests.pod(self.namespace, "steady",
                                      manifests.pod_spec(self.gateway.node)))
        self.wait_running("steady")
        running = self.gateway.containerd.running_ids()
        ballast = edge.fill_disk()
        self.create_large_pod()
        line = edge.process.wait_for_line("level=error.*disk full", 20)
        self.assertRegex(line, f"free space for {edge.data_dir}")
        stays_true(lambda: edge.process.running and
                   self.gateway.containerd.running_ids() == running, FULL_FOR_S,
                   "daemon and containers go on")
        self.assertFalse({"large-0", "large-1", "late"} & self.stored(), "kept by no store")
        told = [each for each in edge.process.output().splitlines() if "level=error" in each]
        self.assertEqual(len(told), 1, told)
        ballast.unlink()
        self.wait_running("late", 40)
        self.assertLessEqual({"large-0", "large-1", "late", "steady"}, self.stored())
        self.assertLessEqual(running, self.gateway.containerd.running_ids())
        self.wait_node_ready(self.gateway.node)


class DamagedStoreTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()

    def test_a_damaged_store_is_put_aside_and_what_runs_goes_on(self):
        edge, containerd = self.gateway.edgecore, self.gateway.containerd
        self.api.create(manifests.pod(self.namespace, "steady",
                                      manifests.pod_spec(self.gateway.node)))
        self.wait_running("steady")
        running = containerd.running_ids()

        self.gateway.link.refuse()  # offline: nobody can say what should run
        edge.process.terminate()
        edge.damage_store()
        edge.start()
        line = edge.process.wait_for_line("damaged", 5)
        self.assertIn(str(edge.data_dir / "edgecore.db.damaged-"), line)
        self.assertEqual(len(edge.damaged_stores()), 1)
        stays_true(lambda: containerd.running_ids() == running, 5, "what runs is held")

        self.gateway.link.accept()
        wait_until(lambda: edge.status()["link"]["up"], 15, "the link is up", seen=edge.status)
        wait_until(lambda: "steady" in edge.command("get", "pods").stdout, 10, "it is known again")
        self.assertEqual(containerd.running_ids(), running)

        edge.process.terminate()  # online: the cloud says it at once
        edge.damage_store()
        edge.start()
        edge.process.wait_for_line("damaged", 5)
        wait_until(lambda: "steady" in edge.command("get", "pods").stdout, 15, "it is known again")
        self.wait_node_ready(self.gateway.node)
        self.assertEqual(containerd.running_ids(), running)
        pod = self.wait_running("steady")
        self.assertEqual(container_status(pod)["restartCount"], 0)


class ContainerRuntimeTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()

    def ready_message(self, node: str) -> str:
        status = (self.api.get("nodes", node) or {}).get("status", {})
        return next((each.get("message", "") for each in status.get("conditions", [])
                     if each["type"] == "Ready" and each["status"] == "False"), "")

    def test_absent_at_the_start_and_restarted_under_running_pods(self):
        gateway = self.create_gateway()
        gateway.containerd.kill()
        gateway.edgecore.start()
        wait_until(lambda: "container runtime" in self.ready_message(gateway.node), 15,
                   "the node is NotReady and says why",
                   seen=lambda: self.api.get("nodes", gateway.node))
        told = [line for line in gateway.edgecore.process.output().splitlines()
                if "level=warning" in line or "level=error" in line]
        self.assertEqual(len(told), 1, told)
        self.assertRegex(told[0], f"{gateway.containerd.socket} .*start it")
        self.assertFalse(gateway.edgecore.status()["runtime"]["answers"])
        gateway.containerd.start()
        self.wait_node_ready(gateway.node, 10)

        for name in ("steady", "victim"):
            self.api.create(manifests.pod(self.namespace, name,
                                          manifests.pod_spec(gateway.node)))
            self.wait_running(name)
        self.restart_and_see_what_ended(gateway)

    def restart_and_see_what_ended(self, gateway) -> None:
        def ids(pod: str) -> set[str]:
            return {each.id for each in gateway.containerd.containers(self.namespace)
                    if each.pod == pod and each.running}
        steady = ids("steady")
        victim = next(each for each in gateway.containerd.containers(self.namespace)
                      if each.pod == "victim")
        gateway.containerd.kill()
        self.wait_node_ready(gateway.node, 15, status="False")
        os.kill(victim.pid, signal.SIGKILL)
        gateway.containerd.start()
        self.wait_node_ready(gateway.node, 15)
        wait_until(lambda: container_status(self.api.get("pods", "victim", self.namespace))
                   .get("restartCount") == 1, 15, "the exit is noticed afterwards",
                   seen=lambda: self.api.get("pods", "victim", self.namespace)["status"])
        self.wait_running("victim")
        self.assertNotEqual(ids("victim"), {victim.id})
        self.assertEqual(ids("steady"), steady)
        pod = self.api.get("pods", "steady", self.namespace)
        self.assertEqual(container_status(pod)["restartCount"], 0)
        self.assertEqual(condition(pod, "Ready"), "True")


class KubeconfigTest(KubernetesTestCase):
    def setUp(self):
        pass  # no namespace: no pods here

    def test_a_broken_kubeconfig_is_one_clear_line(self):
        file = self.directory / "kubeconfig"
        good = json.loads(self.cluster.admin_kubeconfig.read_text())
        plugin = {**good, "users": [{"name": "admin", "user": {"exec": {"command": "aws"}}}]}
        nowhere = {**good, "current-context": "missing"}
        for text, word in ((None, "kubeconfig"), ("{ not: [yaml", "kubeconfig"),
                           (json.dumps(plugin), "exec"), (json.dumps(nowhere), "missing")):
            file.unlink(missing_ok=True)
            if text is not None:
                file.write_text(text)
            for command in ([], ["token", "list"]):
                with self.subTest(text=text, command=command):
                    ended = run_result(product_binary("cloudcore"), "--kubeconfig", file,
                                       *command, timeout_s=10)
                    said = [line for line in ended.stderr.splitlines()
                            if "cloudcore starts" not in line]
                    self.assertEqual((ended.returncode, len(said)), (1, 1), said)
                    self.assertIn(word, said[0])
