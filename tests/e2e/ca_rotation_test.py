"""A new CA reaches every node before it is used, and nobody joins again.

The connected node keeps its link; the one that is away is waited for and learns of the new CA when
it comes back; afterwards the hub's certificate is the new CA's, and both old and new nodes get in.
"""
import secrets
import ssl
import time

from harness.case import EdgeTestCase
from harness.edgecore import EdgeCore
from harness.processes import run_result
from harness.proxy import Connection, TcpProxy
from harness.wait import stays_true, wait_until

LEARNS_WITHIN_S = 20  # cloudcore looks every 5 s


class CaRotationTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Nodes of other tests never come back: a rotation would wait for them.
        for each in cls.api.list("secrets", "skerry-system", "skerry.io/record=node-identity"):
            cls.api.delete("secrets", each["metadata"]["name"], "skerry-system")
        cls.start_cloudcore()

    def setUp(self):  # no namespace: no pods here
        pass

    def joined_edge(self) -> tuple[EdgeCore, TcpProxy]:
        """Without a container runtime; its link goes through a proxy of its own."""
        link = TcpProxy(self.cloudcore.hub_port)
        self.addCleanup(link.stop)
        link.start()
        node = f"ca-{secrets.token_hex(3)}"
        directory = self.directory / node
        edge = EdgeCore(directory, node, f"unix://{directory}/absent.sock")
        self.processes.append(edge.process)
        self.addCleanup(self.api.delete, "nodes", node)
        self.addCleanup(edge.process.stop)
        joined = edge.join(f"127.0.0.1:{link.port}", self.cloudcore.create_token())
        self.assertEqual(joined.returncode, 0, joined.stdout + joined.stderr)
        return edge, link

    def status(self) -> str:
        return self.cloudcore.command("ca", "status", check=True).stdout

    def in_use(self) -> str:
        return next(line.split()[2] for line in self.status().splitlines()
                    if line.startswith("in use"))

    def server_is_issued_by(self, ca_pem: str) -> bool:
        server, ca = self.directory / "server.crt", self.directory / "issuer.crt"
        server.write_text(ssl.get_server_certificate(("127.0.0.1", self.cloudcore.hub_port)))
        ca.write_text(ca_pem)
        return run_result("openssl", "verify", "-CAfile", ca, server, timeout_s=10).returncode == 0

    def test_rotation_with_a_connected_and_an_absent_node(self):
        connected, link = self.joined_edge()
        absent, absent_link = self.joined_edge()
        for edge in (connected, absent):
            edge.start()
        wait_until(lambda: sessions(link) and sessions(absent_link), 15,
                   "both nodes are connected")
        absent.process.terminate()
        first, trusted = self.in_use(), bundle(connected)
        self.assertEqual(trusted, bundle(absent))

        self.cloudcore.command("ca", "rotate", check=True)
        wait_until(lambda: len(bundle(connected)) == len(trusted) + 1, LEARNS_WITHIN_S,
                   "the connected node trusts the new CA too", seen=self.status)
        new_ca = next(each for each in bundle(connected) if each not in trusted)
        wait_until(lambda: connected.node not in self.status(), LEARNS_WITHIN_S,
                   "cloudcore knows that", seen=self.status)
        self.assertIn(absent.node, self.status())
        stays_true(lambda: self.in_use() == first, 7, "the absent node is waited for")
        second_rotation = self.cloudcore.command("ca", "rotate")
        self.assertNotEqual(second_rotation.returncode, 0)
        self.assertIn("on its way", second_rotation.stderr)

        self.cloudcore.restart()  # who holds it is not forgotten
        wait_until(lambda: sessions(link), 15, "the node is connected again")
        session = sessions(link)[0]
        self.assertNotIn(new_ca, bundle(absent))
        absent.start()
        wait_until(lambda: new_ca in bundle(absent), LEARNS_WITHIN_S,
                   "the node that came back trusts the new CA too", seen=self.status)
        wait_until(lambda: self.in_use() != first, LEARNS_WITHIN_S, "the new CA is in use",
                   seen=self.status)
        wait_until(lambda: self.server_is_issued_by(new_ca), 10,
                   "the hub's certificate is issued by the new CA")
        self.assertFalse(any(self.server_is_issued_by(each) for each in trusted))

        self.assertFalse(session.closed.is_set(), "the link of the connected node lived on")
        fresh, fresh_link = self.joined_edge()  # by a token that pins the new CA
        fresh.start()
        wait_until(lambda: sessions(fresh_link), 15, "a node that joined afterwards is connected")
        self.assertIn(new_ca, bundle(fresh))
        for edge, proxy in ((connected, link), (absent, absent_link)):
            proxy.cut()  # with a certificate of the former CA
            wait_until(lambda proxy=proxy: sessions(proxy), 15,
                       "a node with a certificate of the former CA is let in")

    def test_now_waits_for_nobody(self):
        first = self.in_use()
        self.cloudcore.command("ca", "rotate", "--now", check=True)
        wait_until(lambda: self.in_use() != first, LEARNS_WITHIN_S, "the new CA is in use",
                   seen=self.status)


def sessions(link: TcpProxy) -> list[Connection]:
    """Not handshakes that are about to be refused: open for 2 s."""
    return [each for each in link.open_connections() if time.monotonic() - each.opened_at > 2]


def bundle(edge: EdgeCore) -> list[str]:
    """The certificates that the node trusts."""
    end = "-----END CERTIFICATE-----\n"
    text = (edge.data_dir / "identity" / "ca.crt").read_text()
    return [part + end for part in text.split(end) if part.strip()]
