"""cloudcore --standalone: StatefulSets, DaemonSets, Jobs and CronJobs, run by a real edge and
driven by unmodified kubectl.

Shows of issue "Standalone": the workload controllers.
"""
import json

from harness import manifests
from harness.standalone_case import StandaloneCase
from harness.wait import wait_until


class StandaloneWorkloadsTest(StandaloneCase):

    def workload(self, kind: str, name: str, version: str, **spec) -> dict:
        """Its pods are told the version in their environment."""
        container = manifests.container(env=[{"name": "VERSION", "value": version}])
        out = manifests.deployment("default", name, 1,
                                   manifests.pod_spec(self.gateway.node, container))
        del out["spec"]["replicas"]
        return {**out, "kind": kind, "spec": {**out["spec"], **spec}}

    def versions(self, name: str) -> list[str]:
        return [pod["spec"]["containers"][0]["env"][0]["value"] for pod in self.pods_of(name)
                if "deletionTimestamp" not in pod["metadata"]]

    def wait_rolled_out(self, what: str) -> None:
        self.kubectl("rollout", "status", what, "--timeout=90s")

    def wait_no_pods(self, name: str) -> None:
        wait_until(lambda: self.pods_of(name) == [], 40, f"the pods of {name} are gone",
                   seen=lambda: self.pods_of(name))

    def events_of(self, kind: str, name: str) -> list[str]:
        found = json.loads(self.kubectl(
            "get", "events", "-o", "json", "--field-selector",
            f"involvedObject.kind={kind},involvedObject.name={name}"))["items"]
        return [each["reason"] for each in found]

    def test_a_stateful_set_comes_in_order_rolls_over_and_comes_back(self):
        self.apply(self.workload("StatefulSet", "base", "1", replicas=2, serviceName="base"))
        self.wait_rolled_out("statefulset/base")
        first, second = sorted(self.pods_of("base"), key=lambda pod: pod["metadata"]["name"])
        self.assertEqual([first["metadata"]["name"], second["metadata"]["name"]],
                         ["base-0", "base-1"])
        started = first["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
        self.assertLessEqual(started, second["metadata"]["creationTimestamp"])
        self.assertEqual(first["spec"]["hostname"], "base-0")

        self.apply(self.workload("StatefulSet", "base", "2", replicas=2, serviceName="base"))
        self.wait_rolled_out("statefulset/base")
        self.assertEqual(self.versions("base"), ["2", "2"])
        self.kubectl("rollout", "undo", "statefulset/base")
        self.wait_rolled_out("statefulset/base")
        self.assertEqual(self.versions("base"), ["1", "1"])
        history = self.kubectl("rollout", "history", "statefulset/base").splitlines()
        self.assertEqual([line.split()[0] for line in history[2:] if line.strip()], ["2", "3"])

        self.kubectl("scale", "statefulset/base", "--replicas=1")
        wait_until(lambda: [pod["metadata"]["name"] for pod in self.pods_of("base")] == ["base-0"],
                   30, "base-1 is gone")
        self.kubectl("delete", "statefulset", "base", "--wait=false")
        self.wait_no_pods("base")

    def test_a_daemon_set_runs_on_the_edge_rolls_over_restarts_and_comes_back(self):
        self.apply(self.workload("DaemonSet", "agent", "1"))
        self.wait_rolled_out("daemonset/agent")
        (pod,) = self.pods_of("agent")
        self.assertEqual(pod["spec"]["nodeName"], self.gateway.node)
        self.apply(self.workload("DaemonSet", "agent", "2"))
        self.wait_rolled_out("daemonset/agent")
        self.assertEqual(self.versions("agent"), ["2"])
        self.kubectl("rollout", "undo", "daemonset/agent")
        self.wait_rolled_out("daemonset/agent")
        self.assertEqual(self.versions("agent"), ["1"])
        self.kubectl("rollout", "restart", "daemonset/agent")
        self.wait_rolled_out("daemonset/agent")
        (restarted,) = self.pods_of("agent")
        self.assertNotEqual(restarted["metadata"]["uid"], pod["metadata"]["uid"])
        self.kubectl("delete", "daemonset", "agent", "--wait=false")
        self.wait_no_pods("agent")

    def test_a_job_does_every_index_once_and_a_failing_one_gives_up(self):
        spec = manifests.pod_spec(self.gateway.node, manifests.container(
            "test \"$JOB_COMPLETION_INDEX\" -lt 3"))
        job = manifests.job("default", "sums", spec)
        job["spec"].update(completions=3, parallelism=2, completionMode="Indexed")
        self.apply(job)
        self.kubectl("wait", "--for=condition=complete", "job/sums", "--timeout=90s")
        status = self.cloudcore.get("jobs", "sums")["status"]
        self.assertEqual((status["succeeded"], status["completedIndexes"]), (3, "0-2"))
        self.assertEqual(status.get("failed", 0), 0)
        held = [pod["metadata"]["name"] for pod in self.pods_of("sums")
                if pod["metadata"].get("finalizers")]
        self.assertEqual(held, [])
        events = self.events_of("Job", "sums")
        self.assertEqual((events.count("SuccessfulCreate"), events.count("Completed")), (3, 1))

        spec = manifests.pod_spec(self.gateway.node, manifests.container("exit 3"))
        self.apply(manifests.job("default", "broken", spec))
        self.kubectl("wait", "--for=condition=failed", "job/broken", "--timeout=60s")
        status = self.cloudcore.get("jobs", "broken")["status"]
        self.assertEqual(status["failed"], 1)
        self.assertIn("BackoffLimitExceeded", self.events_of("Job", "broken"))
        self.kubectl("delete", "job", "sums", "broken")
        self.wait_no_pods("sums")

    def test_a_cron_job_starts_a_job_every_minute_and_by_hand(self):
        spec = manifests.pod_spec(self.gateway.node, manifests.container("true"))
        self.apply(manifests.cron_job("default", "tick", "* * * * *", spec))
        self.kubectl("create", "job", "by-hand", "--from=cronjob/tick")
        self.kubectl("wait", "--for=condition=complete", "job/by-hand", "--timeout=60s")

        def status() -> dict:
            return self.cloudcore.get("cronjobs", "tick").get("status", {})
        wait_until(lambda: "lastSuccessfulTime" in status(), 100, "a Job by the clock succeeds",
                   seen=status)
        self.assertIn("SuccessfulCreate", self.events_of("CronJob", "tick"))
        self.kubectl("delete", "cronjob", "tick")
        self.kubectl("delete", "job", "--all")
        self.wait_no_pods("tick")
