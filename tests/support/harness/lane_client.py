"""An edge by hand: a node's certificate, and any message one likes."""
import dataclasses
import pathlib
import socket
import ssl
import time
import uuid

from .lane_messages import envelope, kind_of
from .lane_wire import UPGRADE, Lane, LaneClosed, WebSocket, Wire


@dataclasses.dataclass(frozen=True)
class Identity:
    """What `edgecore join` has written, or what a test has forged."""
    node: str
    certificate: pathlib.Path
    key: pathlib.Path

    @staticmethod
    def of(node: str, data_dir: pathlib.Path) -> "Identity":
        return Identity(node, data_dir / "identity" / "node.crt", data_dir / "identity" / "node.key")


@dataclasses.dataclass(frozen=True)
class Hub:
    """Where cloudcore listens, and the CA that signs for it."""
    host: str
    port: int
    ca: pathlib.Path

    def dial(self, source: str = "") -> socket.socket:
        """TCP alone. `source`: the address to come from, for limits that go by address."""
        return socket.create_connection((self.host, self.port), timeout=10,
                                        source_address=(source, 0) if source else None)

    def dial_tls(self, identity: Identity | None = None, source: str = "") -> Wire:
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if identity:
            context.load_cert_chain(identity.certificate, identity.key)
        try:
            return Wire(context.wrap_socket(self.dial(source), server_hostname=self.host))
        except OSError as error:
            raise LaneClosed(str(error)) from None

    def open_lane(self, identity: Identity | None = None, source: str = "") -> Lane:
        """Up to where messages can be sent; nothing was said yet."""
        wire = self.dial_tls(identity, source)
        wire.send(UPGRADE)
        answer = wire.take_until(b"\r\n\r\n", time.monotonic() + 10)
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        return Lane(WebSocket(wire, masking=True))


class EdgeSession:
    """A session of one node, opened properly with an empty store: it holds nothing."""

    def __init__(self, hub: Hub, identity: Identity, store: str | None = None):
        self._hub, self.identity = hub, identity
        self.store = store or str(uuid.uuid4())
        self._next = 1
        self.lane: Lane | None = None

    def hello(self, **fields):
        return envelope(hello={"node": self.identity.node, "agent_version": "by hand",
                               "protocol_min": 1, "protocol_max": 1, "cut_rules": 1,
                               "store": self.store.encode(), "boot": b"boot", **fields})

    def open(self) -> None:
        """Returns when the cloud has said Welcome."""
        self.lane = self._hub.open_lane(self.identity)
        self.lane.send(self.hello())
        while True:
            message = self.lane.receive(20)
            kind = kind_of(message)
            if kind == "compare":
                self.lane.send(envelope(listing={}))
            elif kind == "welcome":
                return
            elif kind == "goodbye":
                raise LaneClosed(message.goodbye.reason)

    def report(self, kind: int, key: dict, uid: str = "", body: bytes = b"{}"):
        """A Report that nobody has sent before."""
        seq, self._next = self._next, self._next + 1
        return envelope(report={"seq": seq, "kind": kind, "key": key, "uid": uid.encode(),
                                "revision": seq, "body": body})

    def token_query(self, key: dict, uid: str, volume: str, path: str = "token"):
        query, self._next = self._next, self._next + 1
        return envelope(token_query={"query": query, "pod": key, "slot": {
            "pod": uid.encode(), "volume": volume, "path": path}})

    def verdict_on(self, report):
        """Sends the Report and waits for what the cloud says to it."""
        self.lane.send(report)
        while True:
            for verdict in self.lane.expect("report_ack", 20).verdicts:
                if verdict.seq == report.report.seq:
                    return verdict

    def grant_for(self, query):
        self.lane.send(query)
        while True:
            grant = self.lane.expect("token_grant", 20)
            if grant.query == query.token_query.query:
                return grant

    def close(self) -> None:
        if self.lane:
            self.lane.close()
