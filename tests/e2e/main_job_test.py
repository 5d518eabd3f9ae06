"""The main job: what is applied to the Kubernetes API runs on an edge node, and ends there.

Shows the first line of "Must show": Node Ready <= 2 s; a Deployment with ConfigMap, Secret and
token becomes Available; scale, rollout, CronJob, CrashLoopBackOff; delete leaves nothing behind.
"""
import json
import time
import urllib.request

from harness import manifests
from harness.case import EdgeTestCase, condition, container_status
from harness.containerd import BUSYBOX
from harness.wait import stays_true, wait_until

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


class MainJobTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.create_gateway()
        started = time.monotonic()
        cls.gateway.edgecore.start()
        cls.wait_node_ready(cls.gateway.node)
        cls.ready_after_s = time.monotonic() - started

    # Fixtures of these tests

    def spec(self, *containers: dict, **fields) -> dict:
        return manifests.pod_spec(self.gateway.node, *containers, **fields)

    def apply_web(self, replicas: int = 3, image: str = BUSYBOX, greeting: str = "hello") -> None:
        """A web server that uses a ConfigMap, a Secret and its default service account's token."""
        container = manifests.container(
            manifests.SERVE_FILES, image=image,
            env=[manifests.env_from_config_map("GREETING", "settings", "greeting"),
                 manifests.env_from_secret("PASSWORD", "login", "password"),
                 manifests.env_from_field("POD_NAME", "metadata.name"),
                 {"name": "BOTH", "value": "$(GREETING), $(POD_NAME)"}],
            volumeMounts=[manifests.mount("settings", "/etc/settings"),
                          manifests.mount("login", "/etc/login"),
                          manifests.mount("scratch", "/scratch")],
            resources={"requests": {"cpu": "10m", "memory": "8Mi"}, "limits": {"memory": "32Mi"}},
            readinessProbe={"httpGet": {"path": "/etc/settings/greeting",
                                        "port": manifests.HTTP_PORT}, "periodSeconds": 1})
        volumes = [manifests.config_map_volume("settings", "settings"),
                   manifests.secret_volume("login", "login"), {"name": "scratch", "emptyDir": {}}]
        self.cluster.kubectl.apply(
            manifests.config_map(self.namespace, "settings", {"greeting": greeting}),
            manifests.secret(self.namespace, "login", {"password": "s3cret"}),
            manifests.deployment(self.namespace, "web", replicas,
                                 self.spec(container, volumes=volumes)))

    def fetch(self, pod: dict, path: str) -> str:
        """A file of the container, through the pod network."""
        url = f"http://{pod['status']['podIP']}:{manifests.HTTP_PORT}{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()

    def runs_of(self, script_folder) -> int:
        """How often a container ran that appends a line to `runs` in its hostPath."""
        file = script_folder / "runs"
        return len(file.read_text().splitlines()) if file.exists() else 0

    # The node

    def test_node_is_ready_within_2_s_of_the_first_start(self):
        self.assertLessEqual(self.ready_after_s, 2.0)

    def test_node_looks_as_a_kubelet_would_register_it(self):
        node = self.api.get("nodes", self.gateway.node)
        self.assertEqual(node["spec"]["providerID"], f"skerry://{self.gateway.node}")
        for label in ("kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os",
                      "node-role.kubernetes.io/edge"):
            self.assertIn(label, node["metadata"]["labels"])
        for resource in ("cpu", "memory", "pods"):
            self.assertIn(resource, node["status"]["allocatable"])
        self.assertIn("containerd://", node["status"]["nodeInfo"]["containerRuntimeVersion"])
        self.assertTrue(any(each["type"] == "InternalIP" for each in node["status"]["addresses"]))

    # Pods

    def test_deployment_with_config_secret_and_token_becomes_available(self):
        self.apply_web()
        pods = self.wait_available("web", 3)
        for pod in pods:
            name = pod["metadata"]["name"]
            self.assertEqual(self.fetch(pod, "/etc/settings/greeting"), "hello")
            self.assertEqual(self.fetch(pod, "/etc/login/password"), "s3cret")
            self.assertEqual(self.fetch(pod, f"{SERVICE_ACCOUNT}/namespace"), self.namespace)
            self.assertIn("BEGIN CERTIFICATE", self.fetch(pod, f"{SERVICE_ACCOUNT}/ca.crt"))
            self.assertEqual(self.fetch(pod, f"{SERVICE_ACCOUNT}/token").count("."), 2)
            environment = self.fetch(pod, "/tmp/env").splitlines()
            self.assertIn("PASSWORD=s3cret", environment)
            self.assertIn(f"BOTH=hello, {name}", environment)
        self.assertEqual(len({pod["status"]["podIP"] for pod in pods}), 3)

    def test_pod_status_is_what_a_kubelet_reports(self):
        self.apply_web(replicas=1)
        pod = self.wait_available("web", 1)[0]
        status = pod["status"]
        self.assertEqual((status["phase"], status["qosClass"]), ("Running", "Burstable"))
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready"):
            self.assertEqual(condition(pod, kind), "True", kind)
        self.assertEqual(status["podIPs"], [{"ip": status["podIP"]}])
        self.assertIn("startTime", status)
        self.assertIn("hostIP", status)
        container = container_status(pod)
        self.assertTrue(container["ready"] and container["started"])
        self.assertIn("startedAt", container["state"]["running"])
        self.assertEqual(container["restartCount"], 0)
        ids = {each.id for each in self.gateway.containerd.containers(self.namespace)}
        self.assertIn(container["containerID"].removeprefix("containerd://"), ids)
        described = self.cluster.kubectl("describe", "pod", "-n", self.namespace,
                                         pod["metadata"]["name"])
        self.assertIn("Started", described, "an Event says so")

    def test_init_containers_run_in_order_before_the_others(self):
        share = [manifests.mount("share", "/share")]
        spec = self.spec(
            manifests.container("cat /share/log > /share/seen; " + manifests.IDLE,
                                volumeMounts=share),
            initContainers=[manifests.container(f"echo {each} >> /share/log", name=each,
                                                volumeMounts=share) for each in ("one", "two")],
            volumes=[{"name": "share", "emptyDir": {}}])
        self.api.create(manifests.pod(self.namespace, "ordered", spec))
        self.wait_running("ordered")
        main = next(each for each in self.gateway.containerd.containers(self.namespace)
                    if each.name == "main")
        seen = wait_until(lambda: self.gateway.containerd.read_file(main, "/share/seen"), 5,
                          "it ran")
        self.assertEqual(seen, "one\ntwo\n")

    def test_scale_up_and_down(self):
        self.apply_web(replicas=1)
        self.wait_available("web", 1)
        for replicas in (4, 2):
            self.cluster.kubectl("scale", "-n", self.namespace, "deployment/web",
                                 f"--replicas={replicas}")
            self.wait_available("web", replicas)
        containerd = self.gateway.containerd
        wait_until(lambda: len(containerd.containers(self.namespace)) == 2, 15,
                   "two containers exist", seen=lambda: containerd.containers(self.namespace))

    def test_image_and_environment_change_roll_out(self):
        newer = BUSYBOX.replace("1.36", "1.37")
        self.gateway.containerd.tag_image(BUSYBOX, newer)
        self.apply_web(replicas=2)
        before = {pod["metadata"]["uid"] for pod in self.wait_available("web", 2)}
        self.apply_web(replicas=2, image=newer)
        pods = self.wait_available("web", 2)
        self.assertFalse(before & {pod["metadata"]["uid"] for pod in pods})
        self.assertEqual({container_status(pod)["image"] for pod in pods}, {newer})

    def test_a_changed_config_map_reaches_mounted_files_without_a_restart(self):
        self.apply_web(replicas=1)
        pod = self.wait_available("web", 1)[0]
        running = self.gateway.containerd.running_ids(self.namespace)
        self.api.patch("configmaps", "settings", {"data": {"greeting": "hi"}}, self.namespace)
        wait_until(lambda: self.fetch(pod, "/etc/settings/greeting") == "hi", 10, "it changed")
        self.api.patch("secrets", "login", {"stringData": {"password": "n3w"}}, self.namespace)
        wait_until(lambda: self.fetch(pod, "/etc/login/password") == "n3w", 10, "it changed")
        self.assertEqual(self.gateway.containerd.running_ids(self.namespace), running)

    def test_a_cron_jobs_job_completes_and_is_not_run_again(self):
        folder = self.gateway.directory / self.namespace
        container = manifests.container("echo ran >> /runs/runs", volumeMounts=[
            manifests.mount("runs", "/runs")])
        spec = self.spec(container, volumes=[manifests.host_path_volume("runs", folder)])
        self.cluster.kubectl.apply(manifests.cron_job(self.namespace, "tick", "* * * * *", spec))
        jobs = wait_until(lambda: self.api.list("jobs", self.namespace), 70, "there is a Job")
        self.api.patch("cronjobs", "tick", {"spec": {"suspend": True}}, self.namespace)
        name = jobs[0]["metadata"]["name"]

        def status() -> dict:
            return self.api.get("jobs", name, self.namespace)["status"]
        wait_until(lambda: status().get("succeeded") == 1, 30, "the Job succeeded", seen=status)
        self.gateway.edgecore.restart_killed()
        self.wait_node_ready(self.gateway.node)
        stays_true(lambda: self.runs_of(folder) == 1, 5, "it ran once")
        pod = self.pods(**{"job-name": name})[0]
        self.assertEqual(pod["status"]["phase"], "Succeeded")
        terminated = container_status(pod)["state"]["terminated"]
        self.assertEqual((terminated["exitCode"], terminated["reason"]), (0, "Completed"))

    def test_a_failing_container_shows_crash_loop_back_off(self):
        failing = manifests.container("exit 3")
        self.api.create(manifests.pod(self.namespace, "broken", self.spec(failing)))

        def status() -> dict:
            return container_status(self.api.get("pods", "broken", self.namespace))

        def backs_off() -> bool:
            waiting = status().get("state", {}).get("waiting", {})
            return waiting.get("reason") == "CrashLoopBackOff" and status()["restartCount"] >= 2
        wait_until(backs_off, 60, "CrashLoopBackOff after two restarts", seen=status)
        self.assertEqual(status()["lastState"]["terminated"]["exitCode"], 3)
        pod = self.api.get("pods", "broken", self.namespace)
        self.assertEqual(pod["status"]["phase"], "Running")
        self.assertIn("CrashLoopBackOff", self.cluster.kubectl("get", "pods", "-n", self.namespace))

    def test_a_failing_liveness_probe_restarts_the_container(self):
        probe = {"exec": {"command": ["test", "-e", "/tmp/ok"]},
                 "periodSeconds": 1, "failureThreshold": 2}
        container = manifests.container("touch /tmp/ok; " + manifests.IDLE, livenessProbe=probe)
        self.api.create(manifests.pod(self.namespace, "probed", self.spec(container)))
        self.wait_running("probed")
        running = self.gateway.containerd.containers(self.namespace)[0]
        (self.gateway.containerd.root_of(running) / "tmp/ok").unlink()
        wait_until(lambda: container_status(self.api.get("pods", "probed", self.namespace))
                   .get("restartCount") == 1, 20, "it was restarted once",
                   seen=lambda: self.api.get("pods", "probed", self.namespace)["status"])

    # The end

    def test_delete_leaves_nothing_behind(self):
        """In the API, the store, containerd, mounts, cgroups and CNI: of all tests' pods."""
        self.apply_web()
        pods = self.wait_available("web", 3)
        started = time.monotonic()
        self.api.delete("deployments", "web", self.namespace)
        wait_until(lambda: not self.pods(app="web"), 20, "the pods are gone from the API",
                   seen=lambda: self.cluster.kubectl("get", "pods", "-A"))
        self.assertLess(time.monotonic() - started, 20)
        self.wait_for_an_empty_node()
        listed = self.gateway.edgecore.command("get", "pods", check=True).stdout
        for pod in pods:
            self.assertNotIn(pod["metadata"]["name"], listed)
            uid = pod["metadata"]["uid"]
            left = [path for path in self.gateway.edgecore.data_dir.rglob("*") if uid in str(path)]
            self.assertEqual(left, [])

    def wait_for_an_empty_node(self) -> None:
        wait_until(lambda: not self.gateway.containerd.sandboxes(), 60, "no sandbox exists",
                   seen=self.gateway.containerd.sandboxes)
        wait_until(lambda: not self.gateway.leftovers(), 15, "nothing is left on the host",
                   seen=lambda: json.dumps(self.gateway.leftovers(), indent=1))
