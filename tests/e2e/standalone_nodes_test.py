"""cloudcore --standalone and its nodes: where pods go and why not, where traffic goes, what happens
when a node goes away or is drained, and manifests that are applied from a folder.

Shows of issue "Standalone": a pod pending for lack of CPU says so in its Events; drain respects
disruption budgets; <data-dir>/manifests is applied and applied again on change.
"""
import json

from harness import manifests
from harness.case import condition
from harness.standalone_case import StandaloneCase
from harness.wait import stays_true, wait_until

_UNREACHABLE = "node.kubernetes.io/unreachable"


class StandaloneNodesTest(StandaloneCase):

    def wait_running(self, name: str) -> None:
        wait_until(lambda: condition(self.cloudcore.get("pods", name) or {}, "Ready") == "True", 30,
                   f"pod {name} is Ready", seen=lambda: self.cloudcore.get("pods", name))

    def wait_gone(self, name: str) -> None:
        wait_until(lambda: self.cloudcore.get("pods", name) is None, 30, f"pod {name} is gone",
                   seen=lambda: self.cloudcore.get("pods", name))

    def wait_rolled_out(self, name: str, replicas: int) -> None:
        def available() -> int:
            status = (self.cloudcore.get("deployments", name) or {}).get("status", {})
            return status.get("availableReplicas", 0)
        wait_until(lambda: available() == replicas, 60, f"{name} has {replicas} available",
                   seen=available)

    def node_taints(self) -> set[str]:
        node = self.cloudcore.get("nodes", self.gateway.node) or {}
        return {each["key"] for each in node.get("spec", {}).get("taints", [])}

    def events_of(self, pod: str) -> str:
        return self.kubectl("get", "events", "--field-selector", f"involvedObject.name={pod}",
                            "-o", "jsonpath={range .items[*]}{.reason}: {.message}{\"\\n\"}{end}")

    def start_shop(self, name: str, replicas: int) -> None:
        ready = {"exec": {"command": ["true"]}, "periodSeconds": 1}
        container = manifests.container(ports=[{"name": "http", "containerPort": 8080}],
                                        readinessProbe=ready)
        self.apply(manifests.deployment("default", name, replicas,
                                        manifests.pod_spec(self.gateway.node, container)))
        self.wait_rolled_out(name, replicas)

    def remove_shop(self, name: str) -> None:
        self.kubectl("delete", "deployment", name, "--wait=false")
        wait_until(lambda: self.pods_of(name) == [], 60, f"the pods of {name} are gone")

    def test_a_pod_that_fits_nowhere_says_why_until_there_is_room(self):
        spec = {"containers": [{**manifests.container(),
                                "resources": {"requests": {"cpu": "1000"}}}]}
        self.apply(manifests.pod("default", "huge", spec))
        wait_until(lambda: "FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu. "
                   "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption "
                   "is not helpful for scheduling." in self.events_of("huge"), 15,
                   "an event says why", seen=lambda: self.events_of("huge"))
        self.assertIn("Insufficient cpu", self.kubectl("describe", "pod", "huge"))
        self.kubectl("delete", "pod", "huge")

        self.kubectl("cordon", self.gateway.node)
        wait_until(lambda: "node.kubernetes.io/unschedulable" in self.node_taints(), 10,
                   "the cordoned node is tainted")
        self.apply(manifests.pod("default", "waits", manifests.pod_spec(self.gateway.node)))
        wait_until(lambda: "1 node(s) were unschedulable" in self.events_of("waits"), 15,
                   "the event names the cordon", seen=lambda: self.events_of("waits"))
        self.kubectl("uncordon", self.gateway.node)
        self.wait_running("waits")
        self.assertIn("Scheduled: Successfully assigned default/waits to", self.events_of("waits"))
        self.kubectl("delete", "pod", "waits", "--grace-period=1", "--wait=false")
        self.wait_gone("waits")

    def test_drain_waits_for_the_disruption_budget(self):
        self.start_shop("shop", 2)
        budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
                  "metadata": {"name": "shop", "namespace": "default"},
                  "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "shop"}}}}
        self.apply(budget)

        def allowed() -> int:
            found = self.cloudcore.get("poddisruptionbudgets", "shop")
            status = found.get("status", {})
            return status["disruptionsAllowed"] if status.get("expectedPods") == 2 else -1
        wait_until(lambda: allowed() == 0, 10, "the budget allows nothing")
        refused = self.kubectl("drain", self.gateway.node, "--timeout=3s", check=False)
        wait_until(lambda: len(self.pods_of("shop")) == 2, 5, "both pods are there", seen=lambda:
                   refused)
        self.assertTrue(all("deletionTimestamp" not in each["metadata"]
                            for each in self.pods_of("shop")))

        self.kubectl("patch", "pdb", "shop", "--type=merge", "-p", '{"spec":{"minAvailable":0}}')
        wait_until(lambda: allowed() == 2, 10, "the budget allows both")
        self.kubectl("drain", self.gateway.node, "--timeout=60s", timeout_s=90)
        self.assertTrue(all(each["spec"].get("nodeName") is None for each in self.pods_of("shop")))
        self.kubectl("uncordon", self.gateway.node)
        self.wait_rolled_out("shop", 2)
        self.kubectl("delete", "pdb", "shop")
        self.remove_shop("shop")

    def test_a_service_shows_the_pods_that_are_ready(self):
        service = {"apiVersion": "v1", "kind": "Service",
                   "metadata": {"name": "web", "namespace": "default"},
                   "spec": {"clusterIP": "None", "selector": {"app": "web"},
                            "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}
        self.apply(service)
        self.start_shop("web", 2)
        wanted = sorted(each["status"]["podIP"] for each in self.pods_of("web"))

        def addresses() -> list[str]:
            subsets = (self.cloudcore.get("endpoints", "web") or {}).get("subsets", [])
            return sorted(each["ip"] for subset in subsets
                          for each in subset.get("addresses", []))

        def sliced() -> list[str]:
            text = self.kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name=web",
                                "-o", "json")
            return sorted(each["addresses"][0] for item in json.loads(text)["items"]
                          for each in item["endpoints"] or [] if each["conditions"]["ready"])
        wait_until(lambda: addresses() == wanted == sliced(), 15, "both forms show both pods",
                   seen=lambda: (addresses(), sliced(), wanted))
        ports = self.cloudcore.get("endpoints", "web")["subsets"][0]["ports"]
        self.assertEqual(ports, [{"name": "http", "port": 8080, "protocol": "TCP"}])
        self.remove_shop("web")
        wait_until(lambda: addresses() == [] == sliced(), 15, "nothing is left")
        self.kubectl("delete", "service", "web")

    def test_pods_stay_on_a_node_that_goes_away_and_returns(self):
        self.start_shop("stays", 1)
        (before,) = self.pods_of("stays")
        self.gateway.edgecore.process.pause()
        self.addCleanup(self.gateway.edgecore.process.resume)

        def ready() -> str | None:
            return condition(self.cloudcore.get("nodes", self.gateway.node), "Ready")
        wait_until(lambda: ready() == "Unknown", 120, "the silent node is unknown", seen=ready)
        wait_until(lambda: _UNREACHABLE in self.node_taints(), 15, "it is tainted")
        wait_until(lambda: condition(self.pods_of("stays")[0], "Ready") == "False", 15,
                   "its pod is not ready for the cloud")
        stays_true(lambda: "deletionTimestamp" not in self.pods_of("stays")[0]["metadata"], 5,
                   "the pod stays")
        self.gateway.edgecore.process.resume()
        wait_until(lambda: ready() == "True", 60, "the node is ready again", seen=ready)
        wait_until(lambda: _UNREACHABLE not in self.node_taints(), 15, "its taint is gone")
        wait_until(lambda: condition(self.pods_of("stays")[0], "Ready") == "True", 60,
                   "its pod is ready again", seen=lambda: self.pods_of("stays"))
        self.assertEqual(self.pods_of("stays")[0]["metadata"]["uid"], before["metadata"]["uid"])
        self.remove_shop("stays")

    def test_manifests_in_the_folder_are_applied_and_applied_again(self):
        folder = self.cloudcore.data_dir / "manifests"
        wait_until(folder.is_dir, 10, "the folder is there")

        def write(name: str, text: str) -> None:
            (folder / f".{name}.new").write_text(text)
            (folder / f".{name}.new").rename(folder / name)

        def value(namespace: str, name: str) -> str | None:
            found = self.cloudcore.get("configmaps", name, namespace)
            return found["data"]["word"] if found else None
        write("broken.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [}\n")
        write("site.yaml", "# what a site needs\n"
              "apiVersion: v1\nkind: ConfigMap\n"
              "metadata: {name: greeting, namespace: site}\ndata: {word: hello}\n"
              "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: site}\n")
        gone = {"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "data": {"word": "short"},
             "metadata": {"name": "brief", "annotations": {
                 "skerry.io/prune-with-manifest": "true"}}}]}
        write("brief.json", json.dumps(gone))
        wait_until(lambda: value("site", "greeting") == "hello", 15, "the manifest is applied")
        wait_until(lambda: value("default", "brief") == "short", 15, "the list is applied")
        self.cloudcore.process.wait_for_line("broken.yaml, document 1", 5)

        write("site.yaml", (folder / "site.yaml").read_text().replace("hello", "moin"))
        wait_until(lambda: value("site", "greeting") == "moin", 15, "the change is applied")
        (folder / "broken.yaml").unlink()
        (folder / "brief.json").unlink()
        (folder / "site.yaml").unlink()
        wait_until(lambda: value("default", "brief") is None, 30,
                   "what is to go with its file goes")
        self.assertEqual(value("site", "greeting"), "moin")
        self.kubectl("delete", "namespace", "site", "--wait=false")
