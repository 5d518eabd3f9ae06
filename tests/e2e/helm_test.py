"""Helm installs, upgrades, rolls back and removes a chart on cloudcore --standalone and a real edge.

Shows of issue "Standalone": an unmodified Helm; the chart has a custom kind, hooks and access rules.
"""
import json

from harness.paths import REPO
from harness.processes import run
from harness.standalone_case import StandaloneCase

CHART = REPO / "tests" / "support" / "chart"


class HelmTest(StandaloneCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = run(REPO / "deploy" / "kubectl", timeout_s=300).strip()
        cls.helm_binary = f"{folder}/helm"

    def helm(self, *args) -> str:
        return run(self.helm_binary, "--kubeconfig", self.kubectl.kubeconfig, *args, timeout_s=180,
                   env={"HOME": str(self.directory)})

    def greeting(self) -> str:
        return self.cloudcore.get("configmaps", "quay")["data"]["greeting"]

    def test_install_upgrade_rollback_uninstall(self):
        self.helm("install", "quay", CHART, "--wait", "--timeout", "90s")
        self.assertEqual(self.greeting(), "hello")
        self.assertEqual(self.cloudcore.get("deployments", "quay")["status"]["readyReplicas"], 1)
        self.assertEqual(self.cloudcore.get("berths", "quay")["spec"], {"metres": 12})
        who = "--as=system:serviceaccount:default:quay"
        self.assertEqual(self.kubectl("auth", "can-i", "list", "berths", who).strip(), "yes")

        self.helm("upgrade", "quay", CHART, "--set", "greeting=ahoy,replicas=2", "--wait",
                  "--timeout", "90s")
        self.assertEqual(self.greeting(), "ahoy")
        self.assertEqual(self.cloudcore.get("deployments", "quay")["status"]["readyReplicas"], 2)

        self.helm("rollback", "quay", "1", "--wait", "--timeout", "90s")
        self.assertEqual(self.greeting(), "hello")
        self.assertEqual(self.cloudcore.get("deployments", "quay")["spec"]["replicas"], 1)
        history = json.loads(self.helm("history", "quay", "-o", "json"))
        self.assertEqual([each["status"] for each in history],
                         ["superseded", "superseded", "deployed"])

        self.helm("uninstall", "quay", "--wait", "--timeout", "90s")
        left = self.kubectl("get", "deployments,configmaps,services,roles,rolebindings,jobs,berths",
                            "-o", "name").split()
        self.assertEqual([each for each in left if "quay" in each], [])
