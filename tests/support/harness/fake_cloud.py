"""The cloud's end of the lane by hand: what a real edgecore hears from it is up to the test."""
import base64
import hashlib
import json
import pathlib
import socket
import ssl
import time

from .certificates import Certificates
from .edgecore import EdgeCore
from .lane_messages import envelope, zstd
from .lane_wire import Lane, LaneClosed, WebSocket, Wire

_ACCEPT = ("HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
           "Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: skerry.lane.v1\r\n\r\n")
_CLUSTER = b"cluster"


class FakeCloud:
    """A listener with a CA of its own, and the identity of one node that trusts it.

    The test takes each connection when the edge dials: accept(), then whatever it wants to say.
    """

    def __init__(self, directory: pathlib.Path, node: str):
        self._pki, self._node = Certificates(directory / "pki"), node
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def create(self, edge: EdgeCore) -> None:
        """As if this edge had joined here."""
        self._pki.create_ca()
        self._pki.issue_server("hub", "IP:127.0.0.1")
        self._pki.issue_client("node", f"system:node:{self._node}")
        identity = edge.data_dir / "identity"
        identity.mkdir(parents=True)
        for name, source in (("ca.crt", "ca.crt"), ("node.crt", "node.crt"),
                             ("node.key", "node.key")):
            (identity / name).write_bytes((self._pki.directory / source).read_bytes())
        (identity / "config.yaml").write_text(json.dumps({"kind": "EdgeCore", "modules": {
            "edged": {"hostnameOverride": self._node, "tailoredKubeletConfig": {
                "containerRuntimeEndpoint": f"unix://{edge.directory}/absent.sock"}},
            "edgeHub": {"websocket": {"server": f"127.0.0.1:{self.port}"}}}}))

    def accept_tcp(self, timeout_s: float = 20) -> socket.socket:
        self._listener.settimeout(timeout_s)
        connection, _ = self._listener.accept()
        return connection

    def accept_tls(self, timeout_s: float = 20) -> Wire:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self._pki.directory / "hub.crt", self._pki.directory / "hub.key")
        context.load_verify_locations(self._pki.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        connection = self.accept_tcp(timeout_s)
        connection.settimeout(timeout_s)
        try:
            return Wire(context.wrap_socket(connection, server_side=True))
        except OSError as error:
            raise LaneClosed(str(error)) from None

    def accept_lane(self, timeout_s: float = 20) -> Lane:
        """Up to where the edge has said Hello."""
        wire = self.accept_tls(timeout_s)
        request = wire.take_until(b"\r\n\r\n", time.monotonic() + 10).decode()
        wire.send(_ACCEPT.format(_accept_key(request)).encode())
        lane = Lane(WebSocket(wire, masking=False))
        lane.expect("hello")
        return lane

    def accept_session(self, timeout_s: float = 20) -> Lane:
        """Up to where objects may be sent."""
        lane = self.accept_lane(timeout_s)
        lane.send(envelope(welcome={"epoch": 1, "cluster": _CLUSTER}))
        return lane

    def close(self) -> None:
        self._listener.close()


def upsert(seq: int, kind: str, name: str, content: bytes, uid: str = "", **fields):
    """An object of namespace "default"; the content need not be what it should be."""
    return envelope(upsert={"seq": seq, "key": {"kind": kind, "ns": "default", "name": name},
                            "uid": (uid or f"uid-of-{name}").encode(),
                            "version": _version(content), "resource_version": seq,
                            "json_zstd": zstd(content), "json_bytes": len(content), **fields})


def _version(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:16]


def _accept_key(request: str) -> str:
    key = next(line.split(":", 1)[1].strip() for line in request.split("\r\n")
               if line.lower().startswith("sec-websocket-key:"))
    magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3
    return base64.b64encode(hashlib.sha1((key + magic).encode()).digest()).decode()
