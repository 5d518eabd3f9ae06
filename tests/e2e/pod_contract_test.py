"""What a pod may ask for, and what the API then says of it: a few pods that use much at once.

Shows the sub-items of "edged, first contract" that no other file shows: environment of every form,
command and args, every volume, resources, users, probes of three kinds in three ways, images that
are not there, ends with their reasons, grace and SIGKILL, hooks, Events; and that what was said of
a pod stays as it was said while nothing changes.
"""
import json
import time

from harness import manifests
from harness.case import EdgeTestCase, condition, container_status
from harness.wait import stays_true, wait_until

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
UNREACHABLE_IMAGE = "127.0.0.1:1/nobody/nothing:1"
SHOW = "{ env; echo PWD=$(pwd); echo ARGS=$0,$1; id; } > /shared/seen; " + manifests.IDLE


class PodContractTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()

    # Fixtures of these tests

    def spec(self, *containers: dict, **fields) -> dict:
        return manifests.pod_spec(self.gateway.node, *containers, **fields)

    def create(self, name: str, *containers: dict, **fields) -> None:
        self.api.create(manifests.pod(self.namespace, name, self.spec(*containers, **fields)))

    def pod(self, name: str) -> dict:
        return self.api.get("pods", name, self.namespace)

    def wait_status(self, name: str, holds, timeout_s: float, what: str) -> dict:
        """Waits until `holds(pod)`, and returns the pod."""
        wait_until(lambda: holds(self.pod(name)), timeout_s, what,
                   seen=lambda: json.dumps(self.pod(name)["status"], indent=1))
        return self.pod(name)

    def running(self, pod: str, name: str = "main"):
        """The container as containerd has it."""
        return next(each for each in self.gateway.containerd.containers(self.namespace)
                    if (each.pod, each.name) == (pod, name) and each.running)

    def file(self, pod: str, path: str, name: str = "main") -> str:
        return self.gateway.containerd.read_file(self.running(pod, name), path)

    def events(self, pod: str) -> dict[str, list[dict]]:
        """By their reason."""
        found: dict[str, list[dict]] = {}
        for each in self.api.list("events", self.namespace):
            if each["involvedObject"].get("name") == pod:
                found.setdefault(each["reason"], []).append(each)
        return found

    # What goes into a container

    def test_environment_command_volumes_and_users(self):
        host = self.gateway.directory / self.namespace
        self.cluster.kubectl.apply(
            manifests.config_map(self.namespace, "settings", {"A": "a1", "B": "b1"}),
            manifests.secret(self.namespace, "login", {"password": "s3cret"}))
        main = manifests.container(
            SHOW, args=["$(LITERAL)", "$$(LITERAL)"], workingDir="/work",
            env=[{"name": "LITERAL", "value": "one"},
                 {"name": "CHAIN", "value": "$(LITERAL)-$(A)-$(UNKNOWN)-$$(LITERAL)"},
                 manifests.env_from_field("NAME", "metadata.name"),
                 manifests.env_from_field("UID_", "metadata.uid"),
                 manifests.env_from_field("LABEL", "metadata.labels['app']"),
                 manifests.env_from_field("NOTE", "metadata.annotations['note']"),
                 manifests.env_from_field("NODE", "spec.nodeName"),
                 manifests.env_from_field("ACCOUNT", "spec.serviceAccountName"),
                 manifests.env_from_field("POD_IP", "status.podIP"),
                 manifests.env_from_field("HOST_IP", "status.hostIP"),
                 {"name": "CPU", "valueFrom": {"resourceFieldRef": {
                     "resource": "limits.cpu", "divisor": "1m"}}},
                 {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {
                     "resource": "requests.memory", "divisor": "1Mi"}}},
                 manifests.env_from_config_map("A_KEY", "settings", "A"),
                 manifests.env_from_secret("PASSWORD", "login", "password"),
                 {"name": "ABSENT", "valueFrom": {"configMapKeyRef": {
                     "name": "none", "key": "x", "optional": True}}}],
            envFrom=[{"configMapRef": {"name": "settings"}},
                     {"prefix": "P_", "secretRef": {"name": "login"}},
                     {"configMapRef": {"name": "none", "optional": True}}],
            resources={"requests": {"cpu": "50m", "memory": "16Mi"},
                       "limits": {"cpu": "200m", "memory": "32Mi"}},
            securityContext={"runAsUser": 1234, "runAsGroup": 2345,
                             "allowPrivilegeEscalation": False},
            volumeMounts=[
                manifests.mount("settings", "/etc/settings"),
                {**manifests.mount("settings", "/etc/one"), "subPath": "deep/b", "readOnly": True},
                manifests.mount("login", "/etc/login"), manifests.mount("shared", "/shared"),
                manifests.mount("memory", "/memory"), manifests.mount("host", "/host"),
                manifests.mount("self", "/self"), manifests.mount("shared", "/work")])
        helper = manifests.container("touch /shared/from-helper; " + manifests.IDLE, name="helper",
                                     volumeMounts=[manifests.mount("shared", "/shared")])
        volumes = [
            {"name": "settings", "configMap": {"name": "settings", "items": [
                {"key": "A", "path": "a"}, {"key": "B", "path": "deep/b", "mode": 0o440}]}},
            {"name": "login", "secret": {"secretName": "login", "defaultMode": 0o400}},
            {"name": "shared", "emptyDir": {}}, {"name": "memory", "emptyDir": {"medium": "Memory"}},
            manifests.host_path_volume("host", host),
            {"name": "self", "downwardAPI": {"items": [
                {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]
        pod = manifests.pod(self.namespace, "full", self.spec(
            main, helper, volumes=volumes, securityContext={"fsGroup": 3456}))
        pod["metadata"]["annotations"] = {"note": "x y"}
        self.api.create(pod)
        status = self.wait_running("full")["status"]
        seen = wait_until(lambda: self.file("full", "/shared/seen"), 10, "it showed itself")
        lines = seen.splitlines()
        for line in ("LITERAL=one", "CHAIN=one-a1-$(UNKNOWN)-$(LITERAL)", "NAME=full",
                     "LABEL=full", "NOTE=x y", f"NODE={self.gateway.node}", "ACCOUNT=default",
                     f"UID_={self.pod('full')['metadata']['uid']}", f"POD_IP={status['podIP']}",
                     f"HOST_IP={status['hostIP']}", "CPU=200", "MEMORY=16", "A_KEY=a1", "A=a1",
                     "B=b1", "PASSWORD=s3cret", "P_password=s3cret", "PWD=/work",
                     "ARGS=one,$(LITERAL)"):
            self.assertIn(line, lines)
        self.assertFalse([line for line in lines if line.startswith("ABSENT")])
        self.assertRegex(seen, r"uid=1234 gid=2345 groups=.*3456")

        root = self.gateway.containerd.root_of(self.running("full"))
        self.assertEqual((root / "etc/settings/a").read_text(), "a1")
        self.assertEqual((root / "etc/settings/deep/b").stat().st_mode & 0o777, 0o440)
        self.assertEqual((root / "etc/one").read_text(), "b1")
        self.assertEqual((root / "etc/login/password").stat().st_gid, 3456)
        self.assertIn('app="full"', (root / "self/labels").read_text())
        self.assertTrue((root / "shared/from-helper").exists(), "two containers share it")
        self.assertTrue(host.is_dir())
        mounts = self.file("full", "/proc/self/mounts") or (root / "proc/1/mounts").read_text()
        self.assertRegex(mounts, r"tmpfs /memory tmpfs")
        self.assertEqual((root / SERVICE_ACCOUNT[1:] / "namespace").read_text(), self.namespace)
        memory = root / "sys/fs/cgroup/memory/memory.limit_in_bytes"
        if memory.exists():  # cgroup v1
            self.assertEqual(int(memory.read_text()), 32 << 20)
            self.assertEqual(int((root / "sys/fs/cgroup/cpu/cpu.cfs_quota_us").read_text()), 20000)
            self.assertEqual(int((root / "sys/fs/cgroup/cpu/cpu.shares").read_text()), 51)
        else:
            self.assertEqual(int((root / "sys/fs/cgroup/memory.max").read_text()), 32 << 20)

    def test_an_object_changed_while_the_link_was_down_arrives_whole(self):
        self.cluster.kubectl.apply(
            manifests.config_map(self.namespace, "settings", {"A": "old", "B": "old"}))
        watch = ("while true; do a=$(cat /etc/s/..data/A); b=$(cat /etc/s/..data/B); "
                 "echo $a$b >> /seen; sleep 0.05; done")
        self.create("reader", manifests.container(
            watch, volumeMounts=[manifests.mount("s", "/etc/s")]),
            volumes=[manifests.config_map_volume("s", "settings")], terminationGracePeriodSeconds=0)
        self.wait_running("reader")
        identifier = self.running("reader").id
        self.cloudcore.process.kill()
        try:
            self.api.patch("configmaps", "settings", {"data": {"A": "new", "B": "new"}},
                           self.namespace)
            self.gateway.edgecore.restart_killed()
        finally:
            self.cloudcore.start()
        wait_until(lambda: "newnew" in self.file("reader", "/seen"), 30, "it changed")
        self.assertEqual(self.running("reader").id, identifier)
        self.assertLessEqual(set(self.file("reader", "/seen").split()), {"oldold", "newnew"})

    # Probes

    def test_probes_of_three_kinds_in_three_ways(self):
        served = {"path": "/tmp/up", "port": "web"}
        main = manifests.container(
            f"httpd -p {manifests.HTTP_PORT} -h /; sleep 1; touch /tmp/started; sleep 1; "
            "touch /tmp/up; " + manifests.IDLE,
            ports=[{"name": "web", "containerPort": manifests.HTTP_PORT}],
            startupProbe={"exec": {"command": ["test", "-e", "/tmp/started"]}, "periodSeconds": 1,
                          "failureThreshold": 30},
            readinessProbe={"httpGet": served, "periodSeconds": 1},
            livenessProbe={"tcpSocket": {"port": "web"}, "periodSeconds": 1})
        deaf = manifests.container(
            manifests.IDLE, name="deaf",
            livenessProbe={"tcpSocket": {"port": 9}, "periodSeconds": 1, "failureThreshold": 2})
        self.create("probed", main)
        self.create("deaf", deaf)
        pod = self.wait_status("probed", lambda pod: container_status(pod).get("started") is False,
                               20, "it runs and has not started")
        self.assertEqual(condition(pod, "ContainersReady"), "False")
        self.wait_running("probed")
        (self.gateway.containerd.root_of(self.running("probed")) / "tmp/up").unlink()
        pod = self.wait_status("probed", lambda pod: condition(pod, "Ready") == "False", 20,
                               "it is unready")
        ready = next(each for each in pod["status"]["conditions"] if each["type"] == "Ready")
        self.assertEqual(ready["reason"], "ContainersNotReady")
        self.assertEqual(ready["message"], "containers with unready status: [main]")
        self.assertEqual(container_status(pod)["restartCount"], 0)
        self.wait_status("deaf", lambda pod: container_status(pod, "deaf")["restartCount"] == 1, 30,
                         "the deaf one is restarted")
        events = wait_until(lambda: (lambda found: found if {"Killing", "Unhealthy"} <= set(found)
                                     else None)(self.events("deaf")), 10, "it is said")
        self.assertEqual(events["Killing"][0]["message"],
                         "Container deaf failed liveness probe, will be restarted")
        self.assertRegex(events["Unhealthy"][0]["message"], r"^Liveness probe failed: dial tcp ")
        unhealthy = wait_until(lambda: self.events("probed").get("Unhealthy"), 10, "it is said")
        self.assertIn("Readiness probe failed: HTTP probe failed with statuscode: 404",
                      [each["message"] for each in unhealthy])

    # Images

    def test_images_that_are_not_there(self):
        self.create("missing",
                    manifests.container(name="far", image=UNREACHABLE_IMAGE),
                    {**manifests.container(name="never", image="docker.io/library/none:1"),
                     "imagePullPolicy": "Never"})

        def waits(pod: dict, name: str) -> dict:
            return container_status(pod, name).get("state", {}).get("waiting", {})
        pod = self.wait_status("missing", lambda pod: waits(pod, "far").get("reason") ==
                               "ErrImagePull", 30, "ErrImagePull")
        self.assertEqual(pod["status"]["phase"], "Pending")
        self.assertIn("failed to pull and unpack image", waits(pod, "far")["message"])
        pod = self.wait_status("missing", lambda pod: waits(pod, "far").get("reason") ==
                               "ImagePullBackOff", 30, "ImagePullBackOff")
        self.assertTrue(waits(pod, "far")["message"].startswith(
            f'Back-off pulling image "{UNREACHABLE_IMAGE}": ErrImagePull: '))
        self.assertEqual(waits(pod, "never"), {
            "reason": "ErrImageNeverPull",
            "message": 'Container image "docker.io/library/none:1" is not present with pull policy '
                       'of Never'})
        events = wait_until(lambda: (lambda found: found if "BackOff" in found else None)(
            self.events("missing")), 10, "the back-off is said")
        self.assertEqual(events["Pulling"][0]["message"], f'Pulling image "{UNREACHABLE_IMAGE}"')
        self.assertIn("Error: ErrImagePull", [each["message"] for each in events["Failed"]])

    # Ends

    def test_ends_with_their_reasons_codes_and_messages(self):
        hungry = manifests.container("x=$(yes | head -c 200000000); echo $x", name="hungry",
                                     resources={"limits": {"memory": "16Mi"}})
        self.create("ended", manifests.container("exit 0", name="good"),
                    manifests.container("echo why > /dev/termination-log; exit 3", name="bad"),
                    {**manifests.container("echo last words; exit 4", name="loud"),
                     "terminationMessagePolicy": "FallbackToLogsOnError"},
                    hungry, restartPolicy="Never")
        pod = self.wait_status("ended", lambda pod: pod["status"]["phase"] == "Failed", 30,
                               "it has failed")
        ends = {each["name"]: each["state"]["terminated"]
                for each in pod["status"]["containerStatuses"]}
        self.assertEqual(list(ends), sorted(ends))
        said = {name: (end["exitCode"], end["reason"], end.get("message"))
                for name, end in ends.items()}
        self.assertEqual(said["good"], (0, "Completed", None))
        self.assertEqual(said["bad"], (3, "Error", "why\n"))
        self.assertEqual(said["loud"], (4, "Error", "last words\n"))
        self.assertEqual(said["hungry"][:2], (137, "OOMKilled"))
        for end in ends.values():
            self.assertTrue(end["containerID"].startswith("containerd://"))
            self.assertLessEqual(end["startedAt"], end["finishedAt"])
        for kind, status, reason in (("Ready", "False", "PodFailed"),
                                     ("ContainersReady", "False", "PodFailed"),
                                     ("PodReadyToStartContainers", "False", None)):
            found = next(each for each in pod["status"]["conditions"] if each["type"] == kind)
            self.assertEqual((found["status"], found.get("reason")), (status, reason), kind)
        address = pod["status"]["podIP"]
        self.gateway.edgecore.restart_killed()
        self.wait_node_ready(self.gateway.node)
        stays_true(lambda: self.pod("ended")["status"] == pod["status"], 3,
                   "nothing of its status changes")
        self.assertEqual(self.pod("ended")["status"]["podIP"], address)

    def test_an_init_container_that_fails_is_tried_again_or_ends_the_pod(self):
        for name, policy in (("again", "Always"), ("once", "Never")):
            self.create(name, restartPolicy=policy, initContainers=[
                manifests.container("exit 5", name="setup")])
        pod = self.wait_status("once", lambda pod: pod["status"]["phase"] == "Failed", 20, "failed")
        setup = pod["status"]["initContainerStatuses"][0]
        self.assertEqual(setup["state"]["terminated"]["exitCode"], 5)
        self.assertEqual(container_status(pod)["state"]["waiting"]["reason"], "PodInitializing")

        def loops(pod: dict) -> bool:
            setup = (pod["status"].get("initContainerStatuses") or [{}])[0]
            waiting = setup.get("state", {}).get("waiting", {})
            return waiting.get("reason") == "CrashLoopBackOff"
        pod = self.wait_status("again", loops, 30, "its init container crash-loops")
        self.assertEqual(pod["status"]["phase"], "Pending")
        initialized = next(each for each in pod["status"]["conditions"]
                           if each["type"] == "Initialized")
        self.assertEqual((initialized["status"], initialized["reason"], initialized["message"]),
                         ("False", "ContainersNotInitialized",
                          "containers with incomplete status: [setup]"))
        self.assertIn("Init:CrashLoopBackOff",
                      self.cluster.kubectl("get", "pods", "-n", self.namespace))

    def test_grace_hook_and_sigkill(self):
        host = self.gateway.directory / self.namespace
        stubborn = manifests.container(
            "trap 'echo term >> /host/said' TERM; while true; do sleep 0.1; done",
            lifecycle={"preStop": {"exec": {"command": [
                "sh", "-c", "echo hook >> /host/said; sleep 1"]}},
                "postStart": {"exec": {"command": ["sh", "-c", "echo started >> /host/said"]}}},
            volumeMounts=[manifests.mount("host", "/host")])
        self.create("stubborn", stubborn, terminationGracePeriodSeconds=3,
                    volumes=[manifests.host_path_volume("host", host)])
        self.wait_running("stubborn")
        begun = time.monotonic()
        self.api.delete("pods", "stubborn", self.namespace)
        self.wait_gone("stubborn")
        took = time.monotonic() - begun
        self.assertGreaterEqual(took, 2.9)
        self.assertLessEqual(took, 6)
        self.assertEqual((host / "said").read_text().split(), ["started", "hook", "term"])
        killing = wait_until(lambda: self.events("stubborn").get("Killing"), 10, "it is said")
        self.assertEqual([each["message"] for each in killing], ["Stopping container main"])

    # What is said

    def test_status_and_events_of_a_plain_pod_stay_as_they_are(self):
        self.create("plain")
        pod = self.wait_running("plain")
        status = pod["status"]
        self.assertEqual(status["qosClass"], "BestEffort")
        self.assertEqual(status["hostIPs"], [{"ip": status["hostIP"]}])
        conditions = {each["type"]: each["status"] for each in status["conditions"]}
        self.assertEqual(conditions, dict.fromkeys(
            ("PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready",
             "PodScheduled"), "True"))
        main = container_status(pod)
        self.assertEqual(main["lastState"], {})
        self.assertRegex(main["imageID"], r"sha256:[0-9a-f]{64}")
        reasons = wait_until(lambda: (lambda found: found if "Started" in found else None)(
            self.events("plain")), 10, "Started is said")
        self.assertLessEqual({"Scheduled", "Pulled", "Created", "Started"}, set(reasons))
        self.assertEqual(reasons["Created"][0]["message"], "Created container: main")
        self.assertEqual(reasons["Pulled"][0]["message"],
                         f'Container image "{main["image"]}" already present on machine')
        for each in (reasons[reason] for reason in ("Pulled", "Created", "Started")):
            self.assertEqual([event["count"] for event in each], [1])
            self.assertEqual(each[0]["involvedObject"]["fieldPath"], "spec.containers{main}")
        self.gateway.edgecore.restart_killed()
        self.wait_node_ready(self.gateway.node)
        stays_true(lambda: self.pod("plain")["status"] == status, 3, "its status is the same")
        self.assertEqual({reason: len(found) for reason, found in self.events("plain").items()},
                         {reason: len(found) for reason, found in reasons.items()})
