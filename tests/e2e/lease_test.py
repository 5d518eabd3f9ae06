"""Expired credentials: served on while the cloud is away, up to the lease, and then no longer.

Shows "a token or certificate that expires while the cloud is away is kept and served up to a
declared limit (default 30 days, configurable), then stopped" and "everything is judged again when
the clock jumps" (design.md section 5). The API server signs default tokens for a year.
"""
import json
import pathlib

from harness import manifests
from harness.case import EdgeTestCase
from harness.wait import stays_true, wait_until

DAY_S = 24 * 3600
TOKEN_DAYS, LEASE_DAYS = 365, 30


class TokenLeaseTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()

    def test_an_expired_token_is_served_up_to_the_lease(self):
        spec = manifests.pod_spec(self.gateway.node)
        spec["automountServiceAccountToken"] = True
        self.api.create(manifests.pod(self.namespace, "app", spec))
        self.wait_running("app")
        running = self.gateway.containerd.running_ids(self.namespace)
        token = self.token_file()
        text = token.read_text()
        self.cloudcore.process.kill()

        self.restart_with_clock(TOKEN_DAYS + LEASE_DAYS - 1)
        wait_until(lambda: self.tokens()["expiredButServed"] == 1, 15, "the lease has begun",
                   seen=self.tokens)
        stays_true(lambda: token.read_text() == text, 3, "the expired token is served")

        self.restart_with_clock(TOKEN_DAYS + LEASE_DAYS + 1)
        wait_until(lambda: not token.exists(), 15, "the token's file is gone")
        self.assertTrue((token.parent / "ca.crt").exists(), "and only that one")
        self.assertEqual(self.tokens()["pastLease"], 1)
        self.edgecore.process.wait_for_line("past the offline lease", 5)
        stays_true(lambda: not token.exists(), 2, "it stays away, and the Event is stored")

        self.restart_with_clock(0)
        wait_until(lambda: token.exists() and token.read_text() == text, 15,
                   "the clock is right again, and the token is back")
        self.assertEqual(self.gateway.containerd.running_ids(self.namespace), running)
        self.cloudcore.start()
        wait_until(lambda: self.events("ServiceAccountTokenExpired"), 30, "the pod's Event is here")

    @property
    def edgecore(self):
        return self.gateway.edgecore

    def restart_with_clock(self, days_ahead: int) -> None:
        self.edgecore.process.kill()
        self.edgecore.set_clock_off(days_ahead * DAY_S)
        self.edgecore.start()
        wait_until(lambda: self.edgecore.command("status").returncode == 0, 15, "edgecore answers")

    def tokens(self) -> dict:
        return json.loads(self.edgecore.command("status", check=True).stdout)["tokens"]

    def token_file(self) -> pathlib.Path:
        found = list(self.edgecore.data_dir.glob("pods/*/volumes/kubernetes.io~projected/*/token"))
        self.assertEqual(len(found), 1, found)
        return found[0]

    def events(self, reason: str) -> list[dict]:
        return [each for each in self.api.list("events", self.namespace)
                if each["reason"] == reason]
