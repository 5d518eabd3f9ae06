"""A real edgecore at a cloud that does not keep to the rules: malformed, oversized, endless.

Shows "Bad input: ... malformed, oversized, endless frames from either side: each gives one clear
line that says what to do, loses nothing, and recovers by itself where it can", the side where they
come from the cloud (the other: hostile_wire_test.py). After each row the same edgecore dials again,
and a cloud that behaves brings it a new object.
"""
import concurrent.futures
import contextlib
import dataclasses
import json
import re
import time
import unittest
from collections.abc import Callable

from harness import environment
from harness.edgecore import EdgeCore
from harness.fake_cloud import FakeCloud, upsert
from harness.lane_messages import BULK, CONTROL, OBJECTS, envelope, zstd, zstd_bomb
from harness.lane_wire import CHUNK_BYTES_MAX, CONTINUATION, GRANT, TEXT, Lane, LaneClosed
from harness.paths import missing_requirements
from harness.processes import is_sanitized

EDGES = 8  # each takes a share of the rows; what they wait for is the edge's redial
RSS_GROWTH_KIB_MAX = 24 * 1024
ONE_LINE = 'msg="link down: what came is not what a cloudcore says'


@dataclasses.dataclass(frozen=True)
class Row:
    """What the cloud does to one connection, and the words of edgecore's line about it."""
    name: str
    act: Callable[[FakeCloud], None]
    words: str
    line: str = ONE_LINE


# ---- connections that become no lane ------------------------------------------------------------

def not_tls(data: bytes) -> Callable[[FakeCloud], None]:
    def act(cloud: FakeCloud) -> None:
        connection = cloud.accept_tcp()
        with contextlib.suppress(OSError):
            connection.sendall(data)
            while connection.recv(4096):
                pass
        connection.close()
    return act


def http_answer(data: bytes) -> Callable[[FakeCloud], None]:
    def act(cloud: FakeCloud) -> None:
        wire = cloud.accept_tls()
        wire.take_until(b"\r\n\r\n", time.monotonic() + 10)
        with contextlib.suppress(LaneClosed):
            wire.send(data)
        wire.wait_closed(10)
        wire.close()
    return act


def endless_body(cloud: FakeCloud) -> None:
    wire = cloud.accept_tls()
    wire.take_until(b"\r\n\r\n", time.monotonic() + 10)
    wire.send(b"HTTP/1.1 404 no\r\nContent-Length: 99999999\r\n\r\n")
    with contextlib.suppress(LaneClosed):
        while True:
            wire.send(b"x" * 100_000)
    wire.close()


NO_DIAL = 'msg="cloudcore cannot be reached'
DIALS = [
    Row("no TLS", not_tls(b"SSH-2.0-OpenSSH_9.2\r\n"), "TLS", NO_DIAL),
    Row("an endless TLS record", not_tls(b"\x16\x03\x03\xff\xff" + b"x" * 100_000), "TLS|record",
        NO_DIAL),
    Row("HTTP 503", http_answer(b"HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\n"), "HTTP 503",
        NO_DIAL),
    Row("HTTP 200", http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "HTTP 200",
        NO_DIAL),
    Row("no HTTP", http_answer(b"hello\r\n\r\n"), "protocol", NO_DIAL),
    Row("endless headers", http_answer(b"HTTP/1.1 101 OK\r\n" + b"X: y\r\n" * 100_000),
        "over 8 KiB|protocol", NO_DIAL),
    Row("an endless header", http_answer(b"HTTP/1.1 101 OK\r\nX: " + b"x" * 1_000_000),
        "over 8 KiB|protocol", NO_DIAL),
    Row("an endless body", endless_body, "HTTP 404|body limit", NO_DIAL),
]


# ---- lanes that break ---------------------------------------------------------------------------

def on_lane(*messages, raw: Callable[[Lane], None] | None = None, welcome: bool = True):
    """These messages, or raw bytes, on a lane that was welcomed; then until the edge hangs up."""
    def act(cloud: FakeCloud) -> None:
        lane = cloud.accept_session() if welcome else cloud.accept_lane()
        with contextlib.suppress(LaneClosed):
            for message in messages:
                lane.send(message)
            if raw:
                raw(lane)
        lane.wait_closed()
        lane.close()
    return act


def endless_frame(lane: Lane) -> None:
    lane.frames.send(b"\x08x", fin=False)
    while True:
        lane.frames.send(b"x" * 1000, opcode=CONTINUATION, fin=False)


def endless_message(lane: Lane) -> None:
    while True:
        lane.send_bytes(b"x" * CHUNK_BYTES_MAX, BULK, last=False)


def objects_without_end(lane: Lane) -> None:
    """The edge commits each batch; a cloud that waits for no Ack is cut off by its window."""
    content = b'{"data":{"x":"' + b"y" * 2_000_000 + b'"}}'
    for seq in range(1, 200):
        lane.send(upsert(seq, "configmap", f"big-{seq}", content))


KEY = {"kind": "pod", "ns": "default", "name": "x"}


def bad_upsert(**fields):
    """An Upsert of which some fields are wrong."""
    right = {"seq": 1, "key": KEY, "uid": b"u", "version": bytes(16), "json_zstd": zstd(b"{}"),
             "json_bytes": 2}
    return envelope(upsert={**right, **fields})


LANES = [
    Row("a text frame", on_lane(raw=lambda lane: lane.frames.send(b"hello", opcode=TEXT)), "text"),
    Row("a masked frame", on_lane(raw=lambda lane: lane.frames.send(b"\x08x", masked=True)),
        "protocol"),
    Row("a length of 2^62", on_lane(raw=lambda lane: lane.frames.send(b"x", declared=2 ** 62)),
        "over 16 KiB"),
    Row("a frame of 20 KiB", on_lane(raw=lambda lane: lane.frames.send(b"\x08" + b"x" * 20_000)),
        "over 16 KiB"),
    Row("an endless frame", on_lane(raw=endless_frame), "over 16 KiB"),
    Row("an empty frame", on_lane(raw=lambda lane: lane.frames.send(b"")), "without content"),
    Row("an unknown header", on_lane(raw=lambda lane: lane.frames.send(b"\xffx")),
        "unknown header"),
    Row("a window that nobody needs", on_lane(raw=lambda lane: lane.frames.send(
        bytes([GRANT | OBJECTS]) + b"\xff\xff\xff\xff")), "never sent"),
    Row("an endless message", on_lane(raw=endless_message), "more than 4194304 bytes"),
    Row("objects without end", on_lane(raw=objects_without_end), "more than its window allows"),
    Row("no protobuf", on_lane(raw=lambda lane: lane.send_bytes(b"\xff" * 100, CONTROL)),
        "not a lane message|not readable"),
    Row("a cut message", on_lane(raw=lambda lane: lane.send_bytes(b"\x4a\x7f\x0a", OBJECTS)),
        "not readable"),
    Row("an Upsert before the Welcome", on_lane(bad_upsert(), welcome=False), "before its Welcome"),
    Row("an Upsert of a kind that is none", on_lane(bad_upsert(key={**KEY, "kind": "deployment"})),
        "deployment"),
    Row("an Upsert without a key", on_lane(bad_upsert(key={})), "kind"),
    Row("an Upsert without a uid", on_lane(bad_upsert(uid=b"")), "without an object"),
    Row("an Upsert with a short version", on_lane(bad_upsert(version=b"x")), "content version"),
    Row("an Upsert of 3 GB", on_lane(bad_upsert(json_bytes=3_000_000_000)), "the limit is"),
    Row("a bomb", on_lane(bad_upsert(json_zstd=zstd_bomb(2 ** 31, declared=100),
                                     json_bytes=100)), "do not decompress|another size"),
    Row("an Upsert of another size", on_lane(bad_upsert(json_bytes=3)), "another size"),
    Row("an Upsert that is no zstd", on_lane(bad_upsert(json_zstd=b"{}")), "not zstd"),
    Row("a Remove without a uid", on_lane(envelope(remove={"seq": 1, "key": KEY})),
        "without a uid"),
    Row("a Remove for no known reason", on_lane(envelope(remove={
        "seq": 1, "key": KEY, "uid": b"u", "reason": 99})), "reason"),
    Row("a second Welcome", on_lane(envelope(welcome={"epoch": 2})), "at the wrong time"),
    Row("a late Compare", on_lane(envelope(compare={"buckets": 1})), "at the wrong time"),
    Row("a Compare of 17 buckets", on_lane(envelope(compare={"buckets": 0x10000}), welcome=False),
        "16 buckets"),
    Row("what only an edge says", on_lane(envelope(hello={"node": "x"})), "only an edge"),
    Row("an Ack", on_lane(envelope(ack={"seq": 1})), "only an edge"),
    Row("a Report", on_lane(envelope(report={"key": KEY})), "only an edge"),
]

ROWS = [*DIALS, *LANES]


@unittest.skipIf(missing_requirements(), f"this machine lacks {missing_requirements()}")
class HostileCloudTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = environment.current.directory / cls.__name__
        cls.directory.mkdir()
        environment.current.processes.clear()

    def start_edge(self, name: str) -> tuple[FakeCloud, EdgeCore]:
        """Without a container runtime: nothing runs here."""
        directory = self.directory / name
        edge = EdgeCore(directory, name, f"unix://{directory}/absent.sock")
        cloud = FakeCloud(directory, name)
        self.addCleanup(cloud.close)
        cloud.create(edge)
        environment.current.processes.append(edge.process)
        self.addCleanup(edge.process.stop)
        edge.start()
        return cloud, edge

    def converge(self, cloud: FakeCloud, edge: EdgeCore, number: int) -> Lane:
        """A connection on which the cloud behaves brings a new object, durably."""
        lane = cloud.accept_session()
        name = f"good-{number}"
        lane.send(upsert(1, "configmap", name, f'{{"data":{{"number":"{number}"}}}}'.encode()))
        self.assertEqual(lane.expect("ack").seq, 1)
        return lane

    def test_each_breach_is_one_line_and_the_next_connection_is_a_good_one(self):
        edges = [self.start_edge(f"edge-{number}") for number in range(EDGES)]
        with concurrent.futures.ThreadPoolExecutor(EDGES) as pool:
            shares = [pool.submit(self.play_all, cloud, edge, ROWS[number::EDGES])
                      for number, (cloud, edge) in enumerate(edges)]
            failures = [failure for share in shares for failure in share.result()]
        self.assertEqual(failures, [])

    def play_all(self, cloud: FakeCloud, edge: EdgeCore, rows: list[Row]) -> list[str]:
        """Plays rows in turn with one daemon; what failed, as text: it runs on its own thread."""
        failures = []
        self.converge(cloud, edge, 0).close()
        rss_before = edge.process.rss_kib()
        for number, row in enumerate(rows, 1):
            try:
                self.play(cloud, edge, row, number)
            except (AssertionError, OSError, LaneClosed) as error:
                failures.append(f"{row.name}: {error!r}")
                if not edge.process.running:
                    return failures
        growth = edge.process.rss_kib() - rss_before
        if not is_sanitized(edge.process.args[0]) and growth > RSS_GROWTH_KIB_MAX:
            failures.append(f"memory grew by {growth} KiB")
        names = {each["name"] for each in json.loads(
            edge.command("get", "objects", "--json", check=True).stdout)}
        expected = {f"good-{number}" for number in range(len(rows) + 1)}
        if not expected <= names:
            failures.append(f"lost: {expected - names}")
        return failures

    def play(self, cloud: FakeCloud, edge: EdgeCore, row: Row, number: int) -> None:
        mark = len(edge.process.output())
        row.act(cloud)
        self.converge(cloud, edge, number).close()
        lines = [line for line in edge.process.output()[mark:].splitlines()
                 if re.search("level=(warning|error)", line)]
        about = [line for line in lines if row.line in line]
        self.assertEqual(len(about), 1, lines)
        self.assertRegex(about[0], row.words)
        self.assertFalse([line for line in lines if line not in about and "link" in line], lines)

    # What is wrong with one object only

    def test_what_is_wrong_with_one_object_does_not_end_the_link(self):
        cloud, edge = self.start_edge("edge-objects")
        identity = edge.data_dir / "identity"
        files = {file: file.read_bytes() for file in identity.iterdir()}
        lane = cloud.accept_session()
        deep = b"[" * 1_000_000
        pods = {"no-json": b"hello", "no-object": b"[]", "no-spec": b'{"kind":"Pod"}',
                "deep": deep, "not-utf8": b'{"metadata":{"name":"\xff\xfe"}}',
                "types": b'{"metadata":7,"spec":{"containers":{"a":[]},"volumes":"x"}}'}
        for seq, (name, content) in enumerate(pods.items(), 1):
            lane.send(upsert(seq, "pod", name, content))
        seq = len(pods)
        seq += 1
        lane.send(upsert(seq, "pod", "outside", pod_json("outside"), uid="../../../../outside"))
        seq += 1
        lane.send(upsert(seq, "pod", "..", pod_json("../../outside")))
        seq += 1
        lane.send(upsert(seq, "pod", "renamed", pod_json("another"), uid="another"))
        seq += 1
        lane.send(upsert(seq, "lease", "not-kept", b"{}"))
        refused = {lane.expect("nack").seq for _ in range(seq)}
        self.assertEqual(refused, set(range(1, seq + 1)))
        for message in (
                envelope(remove={"seq": seq + 1, "key": KEY, "uid": b"nobody"}),
                envelope(remove={"seq": seq + 2, "key": {"kind": "node", "name": "../x"},
                                 "uid": b"u", "reason": 1}),
                upsert(seq + 3, "configmap", "no-json", b"hello"),
                upsert(seq + 4, "secret", "deep", deep, status_seed="x"),
                envelope(report_again={"key": KEY, "uid": b"nobody"}),
                envelope(report_again={"key": {"kind": "deployment"}, "uid": b"u"}),
                envelope(token_grant={"query": 77, "token": "x"}),
                envelope(token_grant={"slot": {"pod": b"nobody", "volume": "v"}, "token": "x",
                                      "expires_ms": -2 ** 63}),
                envelope(report_ack={"verdicts": [{"seq": 2 ** 63, "verdict": 1, "code": "x"}]}),
                envelope(ca_bundle={"pem": "x"}),
                envelope(certificate_reply={"certificate_pem": "x", "ca_bundle_pem": "y"}),
                later_message(),
                upsert(seq + 5, "configmap", "good", b'{"data":{}}')):
            lane.send(message)
        while lane.expect("ack").seq < seq + 5:
            pass
        edge.process.wait_for_line("new CA bundle cannot be stored", 5)
        edge.process.wait_for_line("renewed certificate cannot be stored", 5)
        self.assertEqual({file: file.read_bytes() for file in identity.iterdir()}, files)
        self.assertTrue(edge.process.running)
        self.assertEqual(list(self.directory.parent.rglob("outside")), [])
        lane.close()
        self.converge(cloud, edge, 1).close()

    def test_a_cloud_that_never_learns_is_dialled_ever_more_slowly(self):
        cloud, _ = self.start_edge("edge-patient")
        dialled = []
        for _ in range(4):
            on_lane(bad_upsert(uid=b""))(cloud)
            dialled.append(time.monotonic())
        waits = [later - earlier for earlier, later in zip(dialled, dialled[1:])]
        self.assertGreater(waits[-1], 1.5, waits)  # a quarter of a second each would be a storm


def pod_json(name: str) -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {
        "name": name, "namespace": "default", "uid": name},
        "spec": {"containers": [{"name": "a", "image": "b"}]}}).encode()


def later_message():
    message = envelope()
    message.MergeFromString(b"\xa2\x06\x00")
    return message
