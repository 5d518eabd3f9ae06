"""Joining, and being refused.

Shows "Bad input: wrong, expired, reused token; wrong CA hash: each gives one clear line that says
what to do" and "a revoked node is out in <= 5 s and stays out after a restart of cloudcore. A
cloned disk image is refused while the original is connected."
"""
import re
import secrets
import shutil
import time

from harness.case import EdgeTestCase
from harness.edgecore import EdgeCore
from harness.proxy import TcpProxy
from harness.wait import stays_true, wait_until

OUT_WITHIN_S = 5


class JoinTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()

    def setUp(self):  # no namespace: no pods here
        self.link = TcpProxy(self.cloudcore.hub_port)
        self.addCleanup(self.link.stop)
        self.link.start()

    def new_edge(self, node: str | None = None) -> EdgeCore:
        """Without a container runtime: a node may join before it has one."""
        node = node or f"join-{secrets.token_hex(3)}"
        directory = self.directory / f"{node}-{secrets.token_hex(2)}"
        edge = EdgeCore(directory, node, f"unix://{directory}/absent.sock")
        self.processes.append(edge.process)
        self.addCleanup(self.api.delete, "nodes", node)
        self.addCleanup(edge.process.stop)
        return edge

    def join(self, edge: EdgeCore, token: str):
        return edge.join(f"127.0.0.1:{self.link.port}", token)

    def assert_refused(self, joined, *words: str) -> None:
        """One line for the user, which has these words."""
        self.assertNotEqual(joined.returncode, 0, joined.stdout)
        lines = [line for line in (joined.stdout + joined.stderr).splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, lines)
        for word in words:
            self.assertRegex(lines[0].lower(), word)

    def assert_joined(self, joined) -> None:
        self.assertEqual(joined.returncode, 0, joined.stdout + joined.stderr)

    # Refused

    def test_wrong_secret(self):
        token = changed_at_the_end(self.cloudcore.create_token())
        self.assert_refused(self.join(self.new_edge(), token), "token")

    def test_not_a_token_at_all(self):
        self.assert_refused(self.join(self.new_edge(), "hello"), "token")

    def test_wrong_ca_hash_and_the_secret_is_not_sent(self):
        token = self.cloudcore.create_token()
        edge = self.new_edge()
        self.assert_refused(self.join(edge, with_another_ca_hash(token)), "ca|certificate")
        self.assert_joined(self.join(edge, token))  # the single use is still there

    def test_expired_token(self):
        token = self.cloudcore.create_token("--ttl", "1s")
        time.sleep(1.5)
        self.assert_refused(self.join(self.new_edge(), token), "token", "expired")

    def test_reused_token(self):
        token = self.cloudcore.create_token()
        self.assert_joined(self.join(self.new_edge(), token))
        self.assert_refused(self.join(self.new_edge(), token), "token", "used")

    def test_token_bound_to_another_node(self):
        token = self.cloudcore.create_token("--node", "somebody-else")
        self.assert_refused(self.join(self.new_edge(), token), "token|node")

    def test_nobody_listens(self):
        self.link.refuse()
        self.assert_refused(self.join(self.new_edge(), self.cloudcore.create_token()),
                            "127.0.0.1:")

    # Let in

    def test_a_deleted_token_no_longer_works(self):
        token = self.cloudcore.create_token()
        listed = self.cloudcore.command("token", "list", check=True).stdout
        identifier = next(each for each in re.findall(r"[a-z0-9]{6,}", listed) if each in token)
        self.cloudcore.command("token", "delete", identifier, check=True)
        self.assert_refused(self.join(self.new_edge(), token), "token")

    def test_the_same_join_repeated_gives_the_same_certificate(self):
        token, edge = self.cloudcore.create_token(), self.new_edge()
        self.assert_joined(self.join(edge, token))
        first = self.certificates(edge)
        self.assertTrue(first)
        self.assert_joined(self.join(edge, token))
        self.assertEqual(self.certificates(edge), first)

    @staticmethod
    def certificates(edge: EdgeCore) -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in edge.data_dir.rglob("*.crt")}

    # Thrown out

    def connected(self) -> bool:
        """A session, not a handshake that is about to be refused: open for 2 s."""
        now = time.monotonic()
        return any(now - each.opened_at > 2 for each in self.link.open_connections())

    def test_a_revoked_node_is_out_and_stays_out(self):
        edge = self.new_edge()
        self.assert_joined(self.join(edge, self.cloudcore.create_token()))
        edge.start()
        wait_until(self.connected, 15, "the node is connected")
        started = time.monotonic()
        self.cloudcore.command("node", "revoke", edge.node, check=True)
        wait_until(lambda: not self.connected(), 10, "the revoked node is out", interval_s=0.05)
        self.assertLessEqual(time.monotonic() - started, OUT_WITHIN_S)
        stays_true(lambda: not self.connected(), 5, "the revoked node stays out")
        self.cloudcore.restart()
        stays_true(lambda: not self.connected(), 10, "it stays out after a restart of cloudcore")
        self.assertTrue(edge.process.running, "the refused daemon goes on with what it runs")

    def test_a_clone_is_refused_while_the_original_is_connected(self):
        """The image was copied after the join and before the first start: two store ids."""
        original = self.new_edge()
        self.assert_joined(self.join(original, self.cloudcore.create_token()))
        clone = self.new_edge(original.node)
        shutil.copytree(original.data_dir, clone.data_dir)
        original.start()
        wait_until(self.connected, 15, "the original is connected")
        session = self.link.open_connections()[0]
        clone.start()
        wait_until(lambda: len(self.link.connections) >= 2, 15, "the clone has tried")
        stays_true(lambda: not session.closed.is_set(), 8, "the original's session lives on")
        newer = [each for each in self.link.open_connections() if each is not session]
        self.assertFalse([each for each in newer if time.monotonic() - each.opened_at > 4],
                         "the clone has a session")


def changed_at_the_end(token: str) -> str:
    return token[:-1] + ("0" if token[-1] != "0" else "1")


def with_another_ca_hash(token: str) -> str:
    """The hash is the token's longest run of hexadecimal digits: 64 of them."""
    found = re.search(r"[0-9a-f]{64}", token)
    assert found, f"no SHA-256 in the token: {token!r}"
    digit = "0" if found.group()[0] != "0" else "1"
    return token[:found.start()] + digit + token[found.start() + 1:]
