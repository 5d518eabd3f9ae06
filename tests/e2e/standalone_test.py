"""cloudcore --standalone: a whole cluster in one process, and a real edge that runs its pods.

Shows of issue "Standalone": the walking skeleton; unmodified kubectl; what was acknowledged is there
after kill -9.
"""
import json

from harness import manifests
from harness.case import condition
from harness.standalone_case import StandaloneCase
from harness.wait import wait_until


class StandaloneTest(StandaloneCase):
    def wait_running(self, name: str) -> dict:
        wait_until(lambda: condition(self.cloudcore.get("pods", name) or {}, "Ready") == "True", 30,
                   f"pod {name} is Ready", seen=lambda: self.cloudcore.get("pods", name))
        return self.cloudcore.get("pods", name)

    def wait_gone(self, name: str) -> None:
        wait_until(lambda: self.cloudcore.get("pods", name) is None, 30, f"pod {name} is gone",
                   seen=lambda: self.cloudcore.get("pods", name))

    def create_pod(self, name: str) -> None:
        settings = {"apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": name, "namespace": "default"}, "data": {"word": "hello"}}
        container = manifests.container("test \"$WORD\" = hello && sleep 1000")
        container["env"] = [{"name": "WORD", "valueFrom": {
            "configMapKeyRef": {"name": name, "key": "word"}}}]
        spec = {**manifests.pod_spec(self.gateway.node, container), "nodeName": self.gateway.node}
        pod = manifests.pod("default", name, spec)
        for each in (settings, pod):
            self.kubectl("apply", "-f", "-", stdin=json.dumps(each))

    def wait_rolled_out(self, name: str, replicas: int) -> None:
        def status() -> dict:
            found = self.cloudcore.get("deployments", name)
            return {**found.get("status", {}), "generation": found["metadata"]["generation"]}

        def settled() -> bool:
            seen = status()
            return seen.get("observedGeneration") == seen["generation"] and all(
                seen.get(count, 0) == replicas
                for count in ("replicas", "updatedReplicas", "availableReplicas"))
        wait_until(settled, 60, f"deployment {name} has {replicas} available", seen=status)

    def test_a_deployment_is_scheduled_rolled_out_scaled_and_deleted(self):
        container = manifests.container(env=[{"name": "VERSION", "value": "1"}])
        deployment = manifests.deployment("default", "shop", 3,
                                          manifests.pod_spec(self.gateway.node, container))
        self.kubectl("apply", "-f", "-", stdin=json.dumps(deployment))
        self.wait_rolled_out("shop", 3)
        first = {pod["metadata"]["uid"] for pod in self.pods_of("shop")}
        self.assertEqual(len(first), 3)

        container["env"][0]["value"] = "2"
        self.kubectl("apply", "-f", "-", stdin=json.dumps(deployment))
        self.kubectl("rollout", "status", "deployment/shop", "--timeout=60s")
        self.wait_rolled_out("shop", 3)
        wait_until(lambda: not first & {pod["metadata"]["uid"] for pod in self.pods_of("shop")}, 30,
                   "the pods of the first template are gone")

        self.kubectl("scale", "deployment/shop", "--replicas=1")
        self.wait_rolled_out("shop", 1)
        self.kubectl("rollout", "undo", "deployment/shop")
        self.wait_rolled_out("shop", 1)
        environment_now = self.cloudcore.get("deployments", "shop")
        spec = environment_now["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual(spec["env"][0]["value"], "1")

        self.kubectl("delete", "deployment", "shop", "--wait=false")
        wait_until(lambda: self.pods_of("shop") == [], 30, "its pods are gone")
        sets = json.loads(self.kubectl("get", "replicasets", "-o", "json"))["items"]
        self.assertEqual(sets, [])

    def test_a_pod_without_a_place_says_why(self):
        spec = {"containers": [{**manifests.container(),
                                "resources": {"requests": {"cpu": "1000"}}}]}
        self.kubectl("apply", "-f", "-",
                     stdin=json.dumps(manifests.pod("default", "huge", spec)))
        wait_until(lambda: "0/1 nodes are available: 1 Insufficient cpu." in
                   self.kubectl("get", "events", "-o", "json"), 15, "an event says why")
        pod = self.cloudcore.get("pods", "huge")
        self.assertEqual(condition(pod, "PodScheduled"), "False")
        self.kubectl("delete", "pod", "huge")

    def test_a_pod_runs_on_an_edge_and_is_deleted(self):
        self.create_pod("web")
        pod = self.wait_running("web")
        self.assertEqual(pod["status"]["phase"], "Running")
        self.assertTrue(pod["status"]["podIP"])
        self.kubectl("delete", "pod", "web", "--grace-period=1", "--wait=false")
        self.wait_gone("web")
        wait_until(lambda: self.gateway.leftovers() == [], 15, "nothing is left on the edge",
                   seen=self.gateway.leftovers)

    def test_a_killed_cloudcore_comes_back_with_everything(self):
        self.create_pod("keeper")
        before = self.wait_running("keeper")
        self.cloudcore.process.kill()
        self.cloudcore.start()
        after = self.wait_running("keeper")
        for path in (("metadata", "uid"), ("status", "containerStatuses")):
            self.assertEqual(before[path[0]][path[1]], after[path[0]][path[1]])
        node = json.loads(self.kubectl("get", "node", self.gateway.node, "-o", "json"))
        self.assertEqual(node["metadata"]["name"], self.gateway.node)
        self.kubectl("delete", "pod", "keeper", "--grace-period=1", "--wait=false")
        self.wait_gone("keeper")
