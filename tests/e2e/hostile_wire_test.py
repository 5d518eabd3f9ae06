"""What anybody may do who reaches the hub's port: nothing, and it stays up.

Shows "Bad input: ... malformed, oversized, endless frames from either side: each gives one clear
line that says what to do, loses nothing, and recovers by itself where it can", the side where they
come from the edge (the other: hostile_cloud_test.py), and that a connection without a certificate
may only join, one with an expired certificate only renew it.
"""
import base64
import contextlib
import dataclasses
import json
import pathlib
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable

from harness import lane_messages
from harness.lane_case import LaneTestCase
from harness.lane_client import EdgeSession, Identity
from harness.lane_messages import (BULK, CONTROL, GOODBYE_PROTOCOL, NODE_STATUS,
                                   OBJECTS, OK, envelope, kind_of)
from harness.lane_wire import (CHUNK_BYTES_MAX, CONTINUATION, GRANT, PING, TEXT, UPGRADE, Lane,
                               LaneClosed, Wire)
from harness.processes import is_sanitized, run
from harness.wait import wait_until

RSS_GROWTH_KIB_MAX = 24 * 1024
HANDSHAKE_DEADLINE_S = 15  # CloudHub::kHandshakeDeadline


# ---- bytes that are no lane ---------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Bytes:
    """What a peer with a node's certificate sends, and what cloudcore says about it."""
    name: str
    send: Callable[[Lane], None]
    words: str


def endless_continuation(lane: Lane) -> None:
    lane.frames.send(b"\x08x", fin=False)
    while True:  # until the hub has had enough
        lane.frames.send(b"x" * 1000, opcode=CONTINUATION, fin=False)


def endless_message(lane: Lane) -> None:
    while True:  # within the windows, which the hub opens again and again
        lane.send_bytes(b"x" * CHUNK_BYTES_MAX, BULK, last=False)


def many_entries(lane: Lane) -> None:
    entry = b"\x0a\x00"  # an empty content entry: 2 bytes here, a hundred in memory
    listing = entry * 70_000
    head = b"\x32" + varint(len(listing))
    lane.send_bytes(head + listing, OBJECTS)


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7f:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


FRAMES = [
    Bytes("a text frame", lambda lane: lane.frames.send(b"hello", opcode=TEXT), "text"),
    Bytes("not masked", lambda lane: lane.frames.send(b"\x08x", masked=False), "protocol"),
    Bytes("an opcode that is none", lambda lane: lane.frames.send(b"x", opcode=11), "protocol"),
    Bytes("reserved bits", lambda lane: lane.frames.send(b"\x08x", reserved=4), "protocol"),
    Bytes("a length of 2^62", lambda lane: lane.frames.send(b"x", declared=2 ** 62),
          "over 16 KiB"),
    Bytes("a frame of 20 KiB", lambda lane: lane.frames.send(b"\x08" + b"x" * 20_000),
          "over 16 KiB"),
    Bytes("a continuation of nothing", lambda lane: lane.frames.send(b"x", opcode=CONTINUATION),
          "protocol"),
    Bytes("a fragmented ping", lambda lane: lane.frames.send(b"x", opcode=PING, fin=False),
          "protocol"),
    Bytes("an endless frame", endless_continuation, "over 16 KiB"),
    Bytes("an empty frame", lambda lane: lane.frames.send(b""), "without content"),
    Bytes("a class that is none", lambda lane: lane.frames.send(b"\x0fx"), "unknown header"),
    Bytes("unknown header bits", lambda lane: lane.frames.send(b"\x88x"), "unknown header"),
    Bytes("a window that nobody needs",
          lambda lane: lane.frames.send(bytes([GRANT]) + b"\xff\xff\xff\xff"), "never sent"),
    Bytes("a short window update", lambda lane: lane.frames.send(bytes([GRANT]) + b"\1"),
          "another length"),
    Bytes("an endless message", endless_message, "more than 4194304 bytes"),
    Bytes("no protobuf", lambda lane: lane.send_bytes(b"\xff" * 100, CONTROL), "not"),
    Bytes("a cut message", lambda lane: lane.send_bytes(b"\x22\x7f\x0a", CONTROL), "not readable"),
    Bytes("a list without end", many_entries, "entries"),
]


def http(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


# Sent after the TLS handshake, without a certificate: what the hub answers.
REQUESTS = [
    ("a browser", http("GET / HTTP/1.1", "Host: hub"), b" 426 "),
    ("another path", UPGRADE.replace(b"GET / ", b"GET /x "), b" 404 "),
    ("another subprotocol", UPGRADE.replace(b"skerry.lane.v1", b"skerry.lane.v9"), b" 400 "),
    ("early bytes", UPGRADE + b"early", b" 400 "),
    ("no HTTP", b"hello\r\n\r\n", b""),
    ("an endless header", b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000_000, b""),
    ("endless headers", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000, b""),
    ("a body", http("POST / HTTP/1.1", "Content-Length: 9999999999"), b""),
]


class WireTest(LaneTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.attacker = cls.joined("attacker")
        cls.bystander = EdgeSession(cls.hub, cls.joined("bystander"))
        cls.bystander.open()
        cls.addClassCleanup(cls.bystander.close)

    def setUp(self):  # no namespace: no pods here
        self.rss_before = self.cloudcore.process.rss_kib()

    def tearDown(self):
        self.assertTrue(self.cloudcore.process.running)
        verdict = self.bystander.verdict_on(self.bystander.report(
            NODE_STATUS, {"kind": "node", "name": self.bystander.identity.node}, "",
            json.dumps({"registration": {}, "status": {"conditions": []}}).encode()))
        self.assertEqual(verdict.verdict, OK, "the other node's session goes on")
        growth = self.cloudcore.process.rss_kib() - self.rss_before
        if not is_sanitized(self.cloudcore.process.args[0]):
            self.assertLess(growth, RSS_GROWTH_KIB_MAX, "cloudcore's memory, KiB")

    # With a node's certificate

    def test_bytes_that_are_no_lane_end_their_connection_alone(self):
        for row in FRAMES:
            with self.subTest(row.name):
                mark = self.log_mark()
                lane = self.hub.open_lane(self.attacker)
                with contextlib.suppress(LaneClosed):
                    row.send(lane)
                lane.wait_closed()
                lane.close()
                line = self.wait_log(mark, "audit=denied", f"node={self.attacker.node}", row.words)
                self.assertEqual(self.cloudcore.process.output()[mark:].count("level="), 1, line)

    def test_the_node_itself_comes_back_at_once(self):
        lane = self.hub.open_lane(self.attacker)
        lane.frames.send(b"hello", opcode=TEXT)
        lane.wait_closed()
        session = EdgeSession(self.hub, self.attacker)
        session.open()
        session.close()

    # Without one

    def test_without_a_certificate_a_node_may_only_join(self):
        mark = self.log_mark()
        for kind in sorted(lane_messages.all_kinds()):
            with self.subTest(kind):
                lane = self.hub.open_lane()
                lane.send(first_message(kind))
                if kind == "ping":
                    lane.send(first_message("hello"))
                goodbye = lane.expect("goodbye")
                joins = kind == "join_request"
                self.assertRegex(goodbye.reason, "token" if joins else "may only join")
                self.assertEqual(goodbye.code, GOODBYE_PROTOCOL)
                lane.close()
        self.wait_log(mark, "connection refused", "may only join", "audit=denied")

    def test_with_an_expired_certificate_a_node_may_only_renew_it(self):
        expired = self.expired(f"late-{secrets.token_hex(3)}")
        mark = self.log_mark()
        for kind in sorted(lane_messages.all_kinds() - {"renew_request"}):
            with self.subTest(kind):
                lane = self.hub.open_lane(expired)
                lane.send(first_message(kind))
                if kind == "ping":
                    lane.send(first_message("hello"))
                goodbye = lane.expect("goodbye")
                self.assertRegex(goodbye.reason, "may only renew")
                lane.close()
        self.wait_log(mark, "connection refused", expired.node, "may only renew", "audit=denied")
        # ... and only for its own name.
        for node, answer in ((self.bystander.identity.node, "goodbye"),
                             (expired.node, "certificate_reply")):
            lane = self.hub.open_lane(expired)
            lane.send(envelope(renew_request={"csr_pem": request_for(node, expired.key)}))
            self.assertEqual(kind_of(lane.receive(20)), answer)
            lane.close()

    def expired(self, node: str) -> Identity:
        """A certificate by the hub's own CA whose time is over."""
        stem = self.directory / node
        secret = self.api.get("secrets", "skerry-ca", "skerry-system")["data"]
        names = {"ca.crt": next(key for key in secret if key.endswith("crt")),
                 "ca.key": next(key for key in secret if key.endswith("key"))}
        for suffix, field in names.items():
            pathlib.Path(f"{stem}.{suffix}").write_bytes(decoded(secret[field]))
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-out", f"{stem}.key")
        pathlib.Path(f"{stem}.csr").write_text(request_for(node, pathlib.Path(f"{stem}.key")))
        config = pathlib.Path(f"{stem}.cnf")
        config.write_text(f"""[ca]
default_ca = one
[one]
database = {stem}.index
rand_serial = yes
default_md = sha256
policy = any
new_certs_dir = {self.directory}
[any]
commonName = supplied
[client]
extendedKeyUsage = clientAuth
""")
        pathlib.Path(f"{stem}.index").touch()
        run("openssl", "ca", "-batch", "-config", config, "-extensions", "client", "-notext",
            "-cert", f"{stem}.ca.crt", "-keyfile", f"{stem}.ca.key", "-in", f"{stem}.csr",
            "-startdate", "20260101000000Z", "-enddate", "20260102000000Z", "-out", f"{stem}.crt")
        return Identity(node, pathlib.Path(f"{stem}.crt"), pathlib.Path(f"{stem}.key"))

    def test_requests_that_are_no_upgrade(self):
        for name, request, answer in REQUESTS:
            with self.subTest(name):
                wire = self.hub.dial_tls()
                with contextlib.suppress(LaneClosed):
                    wire.send(request)
                if answer:
                    self.assertIn(answer, wire.take_until(b"\r\n", time.monotonic() + 10))
                wire.wait_closed(10)
                wire.close()

    def test_what_is_not_even_tls(self):
        mark = self.log_mark()
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b"\0" * 9):
            connection = Wire(self.hub.dial("127.0.0.9"))
            with contextlib.suppress(LaneClosed):
                connection.send(data)
            connection.wait_closed(10)
            connection.close()
        self.wait_log(mark, "connection refused", "127.0.0.9", "TLS")

    def test_a_certificate_of_another_ca(self):
        mark = self.log_mark()
        stranger = self.self_signed(f"stranger-{secrets.token_hex(3)}")
        with contextlib.suppress(LaneClosed):
            self.hub.open_lane(stranger).wait_closed()
        self.wait_log(mark, "connection refused", "not issued by this hub's CA")

    def self_signed(self, node: str) -> Identity:
        stem = self.directory / node
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "1", "-subj", f"/CN=system:node:{node}", "-addext",
            "extendedKeyUsage=clientAuth", "-keyout", f"{stem}.key", "-out", f"{stem}.crt")
        return Identity(node, pathlib.Path(f"{stem}.crt"), pathlib.Path(f"{stem}.key"))

    # Many

    def test_a_flood_of_joins_from_one_address_costs_the_others_nothing(self):
        lanes = [self.hub.open_lane(source="127.0.0.2") for _ in range(30)]
        for lane in lanes:  # all at once, also where handshakes are slow
            lane.send(join_of_a_stranger())
        reasons = [lane.expect("goodbye").reason for lane in lanes]
        for lane in lanes:
            lane.close()
        self.assertTrue(any("too many join requests" in each for each in reasons), reasons)
        self.assertNotIn("too many", self.try_to_join("127.0.0.3"))

    def test_what_a_stranger_sends_does_not_rewrite_the_log(self):
        mark = self.log_mark()
        self.try_to_join("127.0.0.4", node="a\rlevel=info\nts=0\x1b[2J")
        line = self.wait_log(mark, "join refused", "127.0.0.4")
        self.assertNotRegex(line, "[\r\x1b]")

    def try_to_join(self, source: str, node: str = "x") -> str:
        """The hub's answer to a token that is none."""
        lane = self.hub.open_lane(source=source)
        lane.send(join_of_a_stranger(node))
        reason = lane.expect("goodbye").reason
        lane.close()
        return reason

    def test_a_join_over_its_limit_is_cut_off(self):
        mark = self.log_mark()
        lane = self.hub.open_lane(source="127.0.0.5")
        with contextlib.suppress(LaneClosed):
            lane.send(envelope(join_request={"token": "x", "csr_pem": "x" * 100_000}))
        lane.wait_closed()
        self.wait_log(mark, "connection refused", "127.0.0.5", "more than 65536 bytes")

    def test_slow_peers_hold_nobody_up_and_are_ended(self):
        started = time.monotonic()
        slow = SlowPeers(self.hub)
        self.addCleanup(slow.close)
        slow.open(each=25)
        for _ in range(5):  # a node that comes back meanwhile
            asked = time.monotonic()
            session = EdgeSession(self.hub, self.attacker)
            session.open()
            session.close()
            self.assertLess(time.monotonic() - asked, 2)
        wait_until(lambda: not slow.alive(), HANDSHAKE_DEADLINE_S + 5, "all slow peers are ended",
                   seen=slow.alive)
        self.assertGreater(time.monotonic() - started, HANDSHAKE_DEADLINE_S / 2, "by the deadline")


class SlowPeers:
    """Connections that never get anywhere: silent, and a byte a second of TLS or HTTP."""

    def __init__(self, hub):
        self._hub, self._sockets = hub, []
        self._stop = threading.Event()

    def open(self, each: int) -> None:
        context = ssl.create_default_context(cafile=self._hub.ca)
        for _ in range(each):
            self._sockets.append((self._hub.dial(), b""))
            self._sockets.append((self._hub.dial(), b"\x16\x03\x01\x02\x00\x01" + b"\0" * 500))
            wrapped = context.wrap_socket(self._hub.dial(), server_hostname=self._hub.host)
            self._sockets.append((wrapped, UPGRADE))
        threading.Thread(target=self._drip, daemon=True).start()

    def alive(self) -> int:
        return sum(not self._is_closed(each) for each, _ in self._sockets)

    def close(self) -> None:
        self._stop.set()
        for each, _ in self._sockets:
            each.close()

    def _drip(self) -> None:
        at = 0
        while not self._stop.wait(1):
            for connection, script in self._sockets:
                with contextlib.suppress(OSError):
                    connection.send(script[at:at + 1])
            at += 1

    @staticmethod
    def _is_closed(connection: socket.socket) -> bool:
        try:
            connection.settimeout(0.001)
            return connection.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


def join_of_a_stranger(node: str = "x"):
    """With a token that is none."""
    return envelope(join_request={"token": "abcdef." + "0" * 32, "node": node, "csr_pem": "x"})


def first_message(kind: str):
    """A message of this kind with nothing in it, but what makes it readable."""
    filled = {
        "hello": {"node": "x", "store": b"s", "cut_rules": 1},
        "upsert": {"key": KEY, "version": bytes(16), "json_zstd": lane_messages.zstd(b"{}"),
                   "json_bytes": 2},
        "remove": {"key": KEY}, "report_again": {"key": KEY}, "report": {"key": KEY},
        "token_query": {"pod": KEY}, "ca_bundle_held": {"digest": bytes(16)},
    }
    return envelope(**{kind: filled.get(kind, {})})


KEY = {"kind": "pod", "ns": "a", "name": "b"}


def request_for(node: str, key: pathlib.Path) -> str:
    return run("openssl", "req", "-new", "-key", key, "-subj", f"/CN=system:node:{node}")


def decoded(text: str) -> bytes:
    return base64.b64decode(text)
