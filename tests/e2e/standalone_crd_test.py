"""Custom resources: the same definitions and objects, valid and invalid, get the same answers from a
real kube-apiserver and from the standalone API.

Shows of issue "Standalone", Deliver 1: CustomResourceDefinitions with structural schemas.
"""
import copy
import json

from custom_resources import cases
from harness.case import KubernetesTestCase
from harness.cloudcore import StandaloneCloudCore
from harness.processes import ProcessFailed
from harness.wait import wait_until
from kind_manifests.compare import api_of, comparable, stable

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAMESPACE = "custom-resources"
MERGE = "application/merge-patch+json"


class StandaloneCrdTest(KubernetesTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cloudcore = StandaloneCloudCore(cls.directory / "cloud")
        cls.processes.append(cls.cloudcore.process)
        cls.addClassCleanup(cls.cloudcore.process.stop)
        cls.cloudcore.create()
        cls.kubectl = cls.cloudcore.kubectl
        cls.own = api_of(cls.cloudcore.data_dir / "kubeconfig")
        cls.apis = (cls.api, cls.own)
        for api in cls.apis:
            api.raw("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                                   "metadata": {"name": NAMESPACE}})
            api.request("POST", DEFINITIONS, cases.crontabs())
        cls.addClassCleanup(cls.api.raw, "DELETE", f"/api/v1/namespaces/{NAMESPACE}")
        cls.addClassCleanup(cls.api.raw, "DELETE", f"{DEFINITIONS}/crontabs.{cases.GROUP}")
        for api in cls.apis:
            cls.wait_served(api)

    @classmethod
    def wait_served(cls, api, group: str = cases.GROUP, plural: str = "crontabs") -> None:
        wait_until(lambda: api.raw("GET", f"/apis/{group}/v1/{plural}")[0] == 200, 20,
                   f"{plural} are served")

    def alike(self, method: str, path: str, body=None, kind: str = "application/json") -> dict:
        """Sends one request to both; answers what both answered."""
        answers = []
        for api in self.apis:
            status, text = api.raw(method, path, body, kind)
            answers.append({"status": status, "body": self.shown(json.loads(text))})
        self.assertEqual(answers[1], answers[0], f"{method} {path}")
        return answers[1]

    @staticmethod
    def shown(body: dict) -> object:
        if body.get("kind") == "Status" and body.get("status") == "Failure":
            return comparable(body)
        if body.get("kind", "").endswith("List"):
            body["metadata"].pop("continue", None)  # "" at the end, from apiextensions-apiserver
        return stable(body)

    def objects(self, version: str = "v1") -> str:
        return f"/apis/{cases.GROUP}/{version}/namespaces/{NAMESPACE}/crontabs"

    def test_definitions_are_defaulted_and_refused_alike(self):
        for name, definition in cases.DEFINITIONS.items():
            with self.subTest(name):
                self.alike("POST", f"{DEFINITIONS}?dryRun=All", definition)

    def test_what_is_not_done_is_said(self):
        for name, definition in cases.WARNED.items():
            with self.subTest(name):
                with self.assertRaisesRegex(ProcessFailed, "1 warning received"):
                    self.kubectl("create", "--dry-run=server", "--warnings-as-errors", "-f", "-",
                                 stdin=json.dumps(definition))

    def test_objects_are_pruned_defaulted_and_refused_alike(self):
        for name, spec in cases.OBJECTS.items():
            with self.subTest(name):
                self.alike("POST", f"{self.objects()}?dryRun=All", cases.crontab("a", spec))
        with self.subTest("strict"):
            unknown = cases.crontab("a", cases.OBJECTS["unknown fields"], foo=1)
            self.alike("POST", f"{self.objects()}?dryRun=All&fieldValidation=Strict", unknown)
        with self.subTest("another version"):
            self.alike("POST", f"{self.objects('v1beta1')}?dryRun=All", {
                **cases.crontab("a", {"zz": 1}), "apiVersion": f"{cases.GROUP}/v1beta1"})

    def test_an_object_lives_alike(self):
        one = f"{self.objects()}/life"
        self.alike("POST", self.objects(), cases.crontab("life", cases.OK, status={"replicas": 3}))
        for method, path, body, kind in (
                ("GET", one, None, ""),
                ("PUT", one, cases.crontab("life", cases.OK), ""),  # names no resourceVersion
                ("PATCH", one, {"spec": {"replicas": 2}}, MERGE),
                ("PATCH", one, {"spec": {"replicas": 20}}, MERGE),
                ("PATCH", one, {"metadata": {"labels": {"a": "b"}}}, MERGE),
                ("PATCH", one, [{"op": "add", "path": "/spec/mode", "value": "fast"}],
                 "application/json-patch+json"),
                ("PATCH", one, {"spec": {"replicas": 2}}, "application/strategic-merge-patch+json"),
                ("PATCH", f"{one}/status", {"status": {"replicas": 2, "labelSelector": "a=b"},
                                            "spec": {"replicas": 9}}, MERGE),
                ("PATCH", f"{one}/status", {"status": {"replicas": "x"}}, MERGE),
                ("GET", f"{one}/scale", None, ""),
                ("PATCH", f"{one}/scale", {"spec": {"replicas": 5}}, MERGE),
                ("GET", one, None, ""),
                ("GET", f"{self.objects('v1beta1')}/life", None, ""),
                ("GET", f"{self.objects()}?fieldSelector=spec.mode=fast", None, ""),
                ("GET", f"{self.objects()}?fieldSelector=spec.mode=slow", None, ""),
                ("GET", f"{self.objects()}?fieldSelector=spec.image=x", None, ""),
                ("DELETE", one, None, ""),
                ("GET", one, None, "")):
            with self.subTest(f"{method} {path} {body}"):
                self.alike(method, path, body, kind or "application/json")

    def test_definitions_are_established_and_change_alike(self):
        for api in self.apis:
            made = cases.definition("alikes", "alike.skerry.io", "Alike")
            api.request("POST", DEFINITIONS, made)
            self.addCleanup(api.raw, "DELETE", f"{DEFINITIONS}/alikes.alike.skerry.io")
            self.wait_served(api, "alike.skerry.io", "alikes")
            taken = cases.definition("others", "alike.skerry.io", "Alike")
            api.request("POST", DEFINITIONS, taken)
            self.addCleanup(api.raw, "DELETE", f"{DEFINITIONS}/others.alike.skerry.io")
            wait_until(lambda: len(self.conditions(api, "others.alike.skerry.io")) == 2, 20,
                       "its names are judged")
        self.alike("GET", f"{DEFINITIONS}/alikes.alike.skerry.io")
        self.alike("GET", f"{DEFINITIONS}/others.alike.skerry.io")
        whole = f"{DEFINITIONS}/alikes.alike.skerry.io?dryRun=All"
        second = cases.DEFINITIONS["a second version"]["spec"]["versions"]
        swapped = copy.deepcopy(second)
        swapped[0]["storage"], swapped[1]["storage"] = False, True
        for name, change in {"scope": {"scope": "Cluster"}, "kind": {"names": {"kind": "Zork"}},
                             "group": {"group": "a.b"}, "plural": {"names": {"plural": "zorks"}},
                             "another storage version": {"versions": swapped},
                             "a version that was stored": {"versions": swapped[1:]}}.items():
            with self.subTest(name):
                self.alike("PATCH", whole, {"spec": change}, MERGE)

    @staticmethod
    def conditions(api, name: str) -> list:
        return (api.request("GET", f"{DEFINITIONS}/{name}").get("status") or {}).get(
            "conditions") or []

    def test_discovery_and_openapi_are_alike(self):
        documents = []
        for api in self.apis:
            resources = api.request("GET", f"/apis/{cases.GROUP}/v1")["resources"]
            for each in resources:
                each.pop("storageVersionHash", None)
            documents.append((resources, api.request("GET", f"/apis/{cases.GROUP}")))
        self.assertEqual(documents[1], documents[0])
        explained = [kubectl("explain", "crontabs.spec.cronSpec", "--api-version",
                             f"{cases.GROUP}/v1") for kubectl in
                     (self.cluster.kubectl, self.kubectl)]
        self.assertEqual(explained[1], explained[0])

    def test_kubectl_shows_the_columns_alike(self):
        made = cases.crontab("shown", {**cases.OK, "enabled": True, "tags": ["a", "b"]})
        for api, kubectl in zip(self.apis, (self.cluster.kubectl, self.kubectl)):
            kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(made))
            self.addCleanup(api.raw, "DELETE", f"{self.objects()}/shown")
            api.request("PATCH", f"{self.objects()}/shown/status", {"status": {"conditions": [
                {"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]}}, MERGE)
        for flags in ((), ("-o", "wide"), ("-o", "custom-columns=N:.metadata.name,S:.spec.mode")):
            shown = [self.without_age(kubectl("get", "sct", "shown", "-n", NAMESPACE, *flags))
                     for kubectl in (self.cluster.kubectl, self.kubectl)]
            self.assertEqual(shown[1], shown[0])

    @staticmethod
    def without_age(text: str) -> list:
        rows = [line.split() for line in text.splitlines()]
        return [row[:-1] if "AGE" in rows[0] else row for row in rows]

    def test_kubectl_applies_waits_and_the_objects_go_with_their_definition(self):
        made = cases.definition("gadgets", "life.skerry.io", "Gadget")
        self.kubectl("apply", "-f", "-", stdin=json.dumps(made))
        self.kubectl("wait", "--for=condition=Established", "--timeout=20s",
                     "crd/gadgets.life.skerry.io")
        gadget = {"apiVersion": "life.skerry.io/v1", "kind": "Gadget",
                  "metadata": {"name": "one", "finalizers": ["skerry.io/held"]},
                  "spec": {"a": "b"}}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(gadget))
        self.kubectl("delete", "crd", "gadgets.life.skerry.io", "--wait=false")
        other = {**gadget, "metadata": {"name": "two"}}
        place = "/apis/life.skerry.io/v1/namespaces/default/gadgets"
        status, text = self.own.raw("POST", place, other)
        self.assertEqual((status, json.loads(text)["reason"]), (405, "MethodNotAllowed"))
        self.kubectl("patch", "gadget", "one", "--type=merge", "-p",
                     '{"metadata":{"finalizers":null}}')
        self.kubectl("wait", "--for=delete", "--timeout=20s", "crd/gadgets.life.skerry.io")
        self.assertEqual(self.own.raw("GET", place)[0], 404)

    def test_a_large_definition_and_a_restart(self):
        self.kubectl("create", "-f", "-", stdin=json.dumps(cases.large()))
        self.addCleanup(self.own.raw, "DELETE", f"{DEFINITIONS}/larges.{cases.GROUP}")
        self.kubectl("wait", "--for=condition=Established", "--timeout=20s",
                     f"crd/larges.{cases.GROUP}")
        large = {"apiVersion": f"{cases.GROUP}/v1", "kind": "Large", "metadata": {"name": "l"},
                 "spec": {"nested": {"list": [{"map": {"k": {"field1": "x"}}}]}}}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(large))
        self.assertIn("field1", self.kubectl("explain", "larges.spec.nested.list.map"))
        before = self.cloudcore.get("larges", "l")
        self.assertEqual(before["spec"]["option7"], 7)
        self.cloudcore.restart()
        self.wait_served(self.own, plural="larges")
        self.assertEqual(stable(self.cloudcore.get("larges", "l")), stable(before))

    def test_a_new_default_is_seen_in_an_old_object(self):
        made = cases.definition("olds", "old.skerry.io", "Old")
        for api in self.apis:
            api.request("POST", DEFINITIONS, made)
            self.addCleanup(api.raw, "DELETE", f"{DEFINITIONS}/olds.old.skerry.io")
            self.wait_served(api, "old.skerry.io", "olds")
            place = f"/apis/old.skerry.io/v1/namespaces/{NAMESPACE}/olds"
            api.request("POST", place, {"apiVersion": "old.skerry.io/v1", "kind": "Old",
                                        "metadata": {"name": "o"}, "spec": {"a": "b"}})
            changed = copy.deepcopy(made["spec"]["versions"])
            changed[0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] = {
                "n": {"type": "integer", "default": 4}}
            api.request("PATCH", f"{DEFINITIONS}/olds.old.skerry.io",
                        {"spec": {"versions": changed}}, MERGE)
            wait_until(lambda: api.request("GET", f"{place}/o")["spec"] == {"n": 4}, 20,
                       "the new schema is used",
                       seen=lambda: api.request("GET", f"{place}/o")["spec"])
