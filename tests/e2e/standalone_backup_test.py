"""cloudcore backup, restore, export: a site's objects survive a disk, and a site outgrows one box.

Shows of issue "Standalone", Deliver 3 (a backup made while writes go on holds every acknowledged
object) and 6 (manifests that a real cluster accepts).
"""
import json
import pathlib
import threading

from custom_resources import cases
from harness import manifests
from harness.case import KubernetesTestCase
from harness.cloudcore import StandaloneCloudCore
from harness.paths import product_binary
from harness.processes import ProcessFailed, run, run_result
from harness.wait import wait_until
from kind_manifests.compare import api_of

WRITERS = 4


class StandaloneBackupTest(KubernetesTestCase):
    def setUp(self):
        super().setUp()
        self.place = self.directory / self.namespace  # short: the socket's path has a limit
        self.cloudcore = StandaloneCloudCore(self.place / "cloud")
        self.processes.append(self.cloudcore.process)
        self.addCleanup(self.cloudcore.process.stop)
        self.cloudcore.create()
        self.cloudcore.process.wait_for_line("known in full", 20)
        self.kubectl = self.cloudcore.kubectl
        self.own = self.own_api()

    def own_api(self):
        return api_of(self.cloudcore.data_dir / "kubeconfig")

    def command(self, *args, data_dir: pathlib.Path | None = None) -> str:
        return run(product_binary("cloudcore"), *args, "--data-dir",
                   data_dir or self.cloudcore.data_dir)

    def write_until(self, stop: threading.Event, writer: int, acknowledged: list) -> None:
        api = self.own_api()  # a connection is one thread's
        while not stop.is_set():
            name = f"w{writer}-{len(acknowledged)}"
            api.create({"apiVersion": "v1", "kind": "ConfigMap",
                        "metadata": {"name": name, "namespace": "default"},
                        "data": {"text": "x" * 500}})
            acknowledged.append(name)

    def names(self) -> set:
        return {each["metadata"]["name"] for each in self.own.list("configmaps", "default")}

    def test_a_backup_under_load_has_all_that_was_acknowledged(self):
        stop, lists = threading.Event(), [[] for _ in range(WRITERS)]
        threads = [threading.Thread(target=self.write_until, args=(stop, i, lists[i]))
                   for i in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            wait_until(lambda: all(len(each) > 50 for each in lists), 60, "writers write")
            before = [name for each in lists for name in each]
            backup = self.place / "backup"
            self.command("backup", backup)
            after = sum(len(each) for each in lists)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertGreater(after, len(before), "writes went on meanwhile")
        self.assertEqual(backup.stat().st_mode & 0o777, 0o600)
        with self.assertRaisesRegex(ProcessFailed, "is there already"):
            self.command("backup", backup)
        with self.assertRaisesRegex(ProcessFailed, "in use: stop cloudcore first"):
            self.command("restore", backup)

        newest = int(self.own.request("GET", "/api/v1/namespaces")["metadata"]["resourceVersion"])
        for name in before[:10]:
            self.own.delete("configmaps", name, "default")
        self.cloudcore.process.terminate()
        said = self.command("restore", backup)
        replaced = self.cloudcore.data_dir / "standalone" / "objects.db.replaced"
        self.assertIn(str(replaced), said)
        self.assertTrue(replaced.exists())
        self.cloudcore.start()
        self.own = self.own_api()
        missing = set(before) - self.names()
        self.assertFalse(missing, f"{len(missing)} of {len(before)} acknowledged objects are lost")
        again = int(self.own.request("GET", "/api/v1/namespaces")["metadata"]["resourceVersion"])
        self.assertGreater(again, newest, "no watcher sees the revisions go back")

    def test_a_backup_of_a_cloudcore_that_does_not_run(self):
        self.own.create({"apiVersion": "v1", "kind": "ConfigMap",
                         "metadata": {"name": "kept", "namespace": "default"}})
        self.cloudcore.process.terminate()
        self.command("backup", self.place / "backup")
        other = self.place / "other"
        self.command("restore", self.place / "backup", data_dir=other)
        self.assertTrue((other / "standalone" / "objects.db").exists())
        nothing = run_result(product_binary("cloudcore"), "backup", self.place / "none",
                             "--data-dir", self.place / "nowhere")
        self.assertEqual(nothing.returncode, 1)
        self.assertIn("nothing to back up", nothing.stderr)

    def make_site(self) -> list[dict]:
        """What a small site has, in a namespace of its own. Answers what must arrive."""
        ns = self.namespace
        meta = {"namespace": ns, "labels": {"site": "one"}}
        spec = manifests.pod_spec("nowhere", manifests.container())
        spec.pop("nodeName", None)
        objects = [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**meta, "name": "worker"}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**meta, "name": "settings"},
             "data": {"a": "yes", "b": "1e3"}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {**meta, "name": "key"},
             "type": "Opaque", "data": {"k": "dg=="}},
            {"apiVersion": "v1", "kind": "Service", "metadata": {**meta, "name": "web"},
             "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}},
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
             "metadata": {**meta, "name": "data"},
             "spec": {"accessModes": ["ReadWriteOnce"],
                      "resources": {"requests": {"storage": "1Gi"}}}},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
             "metadata": {**meta, "name": "reader"},
             "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
            manifests.deployment(ns, "web", 1, spec),
            {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {**meta, "name": "nightly"},
             "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {
                 "spec": {**spec, "restartPolicy": "Never"}}}}}},
            {"apiVersion": "example.skerry.io/v1", "kind": "Exported",
             "metadata": {**meta, "name": "custom"}, "spec": {"a": "b"}}]
        self.own.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ns}})
        self.kubectl("apply", "-f", "-", stdin=json.dumps(
            cases.definition("exporteds", "example.skerry.io", "Exported")))
        self.kubectl("wait", "--for=condition=Established", "--timeout=20s",
                     "crd/exporteds.example.skerry.io")
        self.kubectl("apply", "-f", "-", stdin="\n---\n".join(json.dumps(each) for each in objects))
        return objects

    def test_an_export_applies_to_a_real_cluster(self):
        objects = self.make_site()
        wait_until(lambda: "web" in self.kubectl("get", "pods", "-n", self.namespace), 30,
                   "the Deployment has its pod")
        target = self.place / "manifests"
        self.command("export", target)
        files = sorted(target.iterdir())
        self.assertTrue(all(each.stat().st_mode & 0o777 == 0o600 for each in files))
        self.assertFalse([each for each in files if "pods" in each.name or "event" in each.name])
        self.addCleanup(self.cluster.kubectl, "delete", "crd", "exporteds.example.skerry.io",
                        "--ignore-not-found")
        self.addCleanup(self.cluster.kubectl, "delete", "ns", "skerry-system", "--wait=false",
                        "--ignore-not-found")
        first = [part for each in files if each.name.startswith("0-") for part in ("-f", each)]
        self.cluster.kubectl("apply", *first)
        self.cluster.kubectl("wait", "--for=condition=Established", "--timeout=20s",
                             "crd/exporteds.example.skerry.io")
        self.cluster.kubectl("apply", "-f", target)
        for each in objects:
            name, kind = each["metadata"]["name"], each["kind"].lower()
            found = json.loads(self.cluster.kubectl("get", kind, name, "-n", self.namespace, "-o",
                                                    "json"))
            for field in ("data", "rules"):
                self.assertEqual(found.get(field), each.get(field), name)
        # The same text goes through a pipe.
        streamed = self.command("export")
        self.cluster.kubectl("apply", "--dry-run=server", "-f", "-", stdin=streamed)
        with self.assertRaisesRegex(ProcessFailed, "is not empty"):
            self.command("export", target)
