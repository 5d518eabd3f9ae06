"""A node's certificate is renewed: in time over the live link, and after it has expired.

Shows "Certificates renewed at 70-90 % of life without dropping the link" and "an expired one only
Renew, up to 365 days after expiry unless revoked" (design.md section 6).
"""
import secrets
import time

from harness.case import EdgeTestCase
from harness.certificates import Certificate
from harness.edgecore import EdgeCore
from harness.proxy import TcpProxy
from harness.wait import stays_true, wait_until

LIFE_S = 20


class RenewalTest(EdgeTestCase):
    """No container runtime: a node has its identity without one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore(nodeCertificateDuration=f"{LIFE_S}s")

    def setUp(self):  # no namespace: no pods here
        self.link = TcpProxy(self.cloudcore.hub_port)
        self.addCleanup(self.link.stop)
        self.link.start()
        node = f"renew-{secrets.token_hex(3)}"
        directory = self.directory / node
        self.edge = EdgeCore(directory, node, f"unix://{directory}/absent.sock")
        self.processes.append(self.edge.process)
        self.addCleanup(self.api.delete, "nodes", node)
        self.addCleanup(self.edge.process.stop)
        joined = self.edge.join(f"127.0.0.1:{self.link.port}", self.cloudcore.create_token())
        self.assertEqual(joined.returncode, 0, joined.stderr)
        self.joined_at = time.monotonic()

    def certificate(self) -> Certificate:
        return Certificate.read(self.edge.data_dir / "identity" / "node.crt")

    def wait_renewed(self, before: Certificate, timeout_s: float) -> Certificate:
        wait_until(lambda: self.certificate().serial != before.serial, timeout_s,
                   "the certificate is another one", seen=self.edge.process.tail)
        return self.certificate()

    def test_renewed_in_time_over_the_live_link_which_stays(self):
        first = self.certificate()
        self.edge.start()
        self.edge.process.wait_for_line("link up", 15)
        session = self.link.open_connections()[-1]
        second = self.wait_renewed(first, LIFE_S)
        renewed_at_s = time.monotonic() - self.joined_at
        third = self.wait_renewed(second, LIFE_S)
        self.assertGreater(third.not_after, second.not_after)
        stays_true(lambda: not session.closed.is_set(), 3, "the session goes on")
        self.assertEqual(len(self.link.open_connections()), 1)
        print(f"renewed after {renewed_at_s:.1f} s of {LIFE_S} s")
        self.assertGreater(renewed_at_s, 0.6 * LIFE_S)
        self.assertLess(renewed_at_s, LIFE_S)

    def expire(self) -> Certificate:
        expired = self.certificate()
        left_s = expired.not_after - time.time()
        self.assertLessEqual(left_s, LIFE_S + 1)
        time.sleep(max(0.0, left_s) + 1)  # real time: a certificate's life is the point
        return expired

    def test_renewed_after_its_end(self):
        expired = self.expire()
        self.edge.start()
        self.wait_renewed(expired, 15)
        self.edge.process.wait_for_line("link up", 15)
        self.assertIn("certificate", self.edge.command("status", check=True).stdout)

    def test_not_renewed_after_its_end_when_revoked(self):
        self.cloudcore.command("node", "revoke", self.edge.node, check=True)
        expired = self.expire()  # also the seconds that a revocation may take
        self.edge.start()
        self.edge.process.wait_for_line("revoked", 15)
        stays_true(lambda: self.certificate().serial == expired.serial, 5,
                   "a revoked certificate is not renewed")
