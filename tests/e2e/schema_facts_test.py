"""What the standalone API says of its kinds is what a real kube-apiserver says of them.

Shows of issue "Standalone", Deliver 1: facts are read from the control plane's discovery and OpenAPI,
and the documents made from them are equal to its own, as far as the same kinds are served.
"""
import json
import subprocess

from harness.case import KubernetesTestCase
from harness.paths import BIN, REPO
from harness.wait import wait_until
from kubernetes_facts import compare, generate

CASES = REPO / "tests" / "unit" / "standalone_schema" / "structural_cases.json"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "facts.skerry.io"


def definition(schema: dict, **version) -> dict:
    names = {"plural": "crontabs", "singular": "crontab", "kind": "CronTab", "shortNames": ["ct"]}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"crontabs.{GROUP}"},
            "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [
                {"name": "v1", "served": True, "storage": True,
                 "schema": {"openAPIV3Schema": schema}, **version}]}}


CRON_TAB = definition(
    {"type": "object", "description": "A tab.", "properties": {
        "metadata": {"type": "object"},
        "spec": {"type": "object", "required": ["cron"], "properties": {
            "cron": {"type": "string", "pattern": "^[0-9* ]+$", "description": "When."},
            "replicas": {"type": "integer", "format": "int32", "minimum": 1, "default": 1},
            "port": {"x-kubernetes-int-or-string": True},
            "free": {"x-kubernetes-preserve-unknown-fields": True, "type": "object"},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "steps": {"type": "array", "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["name"], "maxItems": 9,
                      "items": {"type": "object", "required": ["name"], "properties": {
                          "name": {"type": "string"}, "when": {"type": "string", "nullable": True}}}},
            "mode": {"type": "string", "enum": ["a", "b"]}},
            "oneOf": [{"required": ["port"]}, {"required": ["mode"]}]},
        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}}}},
    subresources={"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
                                          "statusReplicasPath": ".status.replicas"}})


class SchemaFactsTest(KubernetesTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run(["cmake", "--build", BIN.parent, "--target", "schema_documents"], check=True,
                       stdout=subprocess.DEVNULL, timeout=600)
        cls.api.request("POST", DEFINITIONS, CRON_TAB)
        cls.addClassCleanup(cls.api.request, "DELETE", f"{DEFINITIONS}/crontabs.{GROUP}")
        wait_until(lambda: f"apis/{GROUP}/v1" in cls.theirs("/openapi/v3")["paths"], 30,
                   "the custom kind has an OpenAPI document")
        cls.documents = cls.directory / "documents"
        cls.documents.mkdir()
        file = cls.directory / "definition.json"
        file.write_text(json.dumps(CRON_TAB))
        subprocess.run([BIN / "schema_documents", cls.documents, file], check=True, timeout=60)

    @classmethod
    def theirs(cls, path: str, accept: str = "application/json") -> dict:
        status, body = cls.api.fetch(path, accept)
        assert status == 200, f"GET {path}: {status}"
        return json.loads(body)

    def ours(self, path: str) -> dict:
        return json.loads((self.documents / (path.replace("/", "_") + ".json")).read_text())

    def group_versions(self) -> list[str]:
        return list(self.ours("openapi/v3")["paths"])

    def assert_equal(self, differences: list[str]) -> None:
        self.assertEqual(differences, [], "\n".join(differences[:100]))

    def test_the_table_is_what_the_server_says(self):
        table = generate.table(self.api)
        self.assertEqual(generate.TABLE.read_text(), table,
                         "run tests/support/kubernetes_facts/generate.py")
        self.assertLess(len(table), 250_000)

    def test_discovery(self):
        self.assert_equal(compare.aggregated(self.ours("aggregated/api"),
                                             self.theirs("/api", AGGREGATED)))
        self.assert_equal(compare.aggregated(self.ours("aggregated/apis"),
                                             self.theirs("/apis", AGGREGATED)))
        self.assert_equal(compare.groups(self.ours("apis"), self.theirs("/apis")))
        for path in self.group_versions():
            with self.subTest(path):
                self.assert_equal(compare.resources(self.ours(path), self.theirs(f"/{path}")))
        self.assertEqual(self.ours("apis/autoscaling"), self.theirs("/apis/autoscaling"))

    def test_openapi_v3(self):
        places = self.theirs("/openapi/v3")["paths"]
        for path in self.group_versions():
            with self.subTest(path):
                ours = self.ours(f"openapi/v3/{path}")
                theirs = self.theirs(places[path]["serverRelativeURL"])
                self.assert_equal(compare.schemas(ours["components"]["schemas"],
                                                  theirs["components"]["schemas"]))
                self.assert_equal(compare.paths(ours["paths"], theirs["paths"]))

    def test_openapi_v2(self):
        ours = self.ours("openapi/v2")["definitions"]
        self.assertIn(f"{'.'.join(reversed(GROUP.split('.')))}.v1.CronTab", ours)
        self.assert_equal(compare.schemas(ours, self.theirs("/openapi/v2")["definitions"]))

    def test_the_problems_of_schemas_are_the_servers(self):
        for case in json.loads(CASES.read_text()):
            with self.subTest(case["name"]):
                body = definition(case["schema"])
                body["metadata"]["name"] = f"others.{GROUP}"
                body["spec"]["names"] = {"plural": "others", "singular": "other", "kind": "Other"}
                _, answer = self.api.raw("POST", f"{DEFINITIONS}?dryRun=All", body)
                causes = json.loads(answer).get("details", {}).get("causes", [])
                self.assertEqual(sorted(f"{each['field']}: {each['message']}" for each in causes),
                                 case["problems"])
