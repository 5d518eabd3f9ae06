"""A TCP proxy on loopback that counts, delays, throttles, cuts and swallows bytes."""
import contextlib
import enum
import socket
import struct
import threading
import time

from .tls_records import RecordCounter

_CHUNK = 16 * 1024


class Direction(enum.Enum):
    UP = "edge to cloud"
    DOWN = "cloud to edge"


class Connection:
    """One proxied connection: its sockets and what has crossed it."""

    def __init__(self, client: socket.socket, server: socket.socket):
        self.sockets = {Direction.UP: client, Direction.DOWN: server}  # by where bytes come from
        self.bytes = {Direction.UP: 0, Direction.DOWN: 0}
        self.records = {Direction.UP: RecordCounter(), Direction.DOWN: RecordCounter()}
        self.closed = threading.Event()
        self.opened_at = time.monotonic()

    def reset(self) -> None:
        """Both ends see a connection reset, at once."""
        self.closed.set()
        for each in self.sockets.values():
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RD)  # wakes the pump that reads it
            with contextlib.suppress(OSError):
                each.close()


class TcpProxy:
    """Listens on loopback and forwards to one target. Settings may be changed while it runs.

    cut()        resets every connection; new ones are accepted
    refuse()     cut(), and new connections are refused until accept()
    swallow()    reads and discards, so that neither side hears anything again, until forward()
    cut_after()  lets exactly n more bytes through in one direction, then cuts
    bits_per_second, delay_s   throttle and delay of each direction
    """

    def __init__(self, target_port: int, target_host: str = "127.0.0.1"):
        self._target = (target_host, target_port)
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.connections: list[Connection] = []
        self.bits_per_second: int | None = None
        self.delay_s = 0.0
        self._swallowing = False
        self._allowance: dict[Direction, int] = {}

    def start(self) -> None:
        self.accept()

    def stop(self) -> None:
        self.refuse()

    def accept(self) -> None:
        if self._listener is not None:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))  # the first time port 0: any that is free
        listener.listen()
        self.port, self._listener = listener.getsockname()[1], listener
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def refuse(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def cut(self) -> None:
        for connection in self.open_connections():
            connection.reset()

    def cut_after(self, count: int, direction: Direction) -> None:
        with self._lock:
            self._allowance[direction] = count

    def swallow(self) -> None:
        self._swallowing = True

    def forward(self) -> None:
        self._swallowing = False

    def open_connections(self) -> list[Connection]:
        with self._lock:
            return [each for each in self.connections if not each.closed.is_set()]

    def bytes(self, direction: Direction | None = None) -> int:
        """Payload bytes since the start, of one direction or of both."""
        wanted = [direction] if direction else list(Direction)
        with self._lock:
            return sum(each.bytes[way] for each in self.connections for way in wanted)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        server = socket.socket()
        for each in (client, server):
            # Small buffers: what the throttle holds back stays in the sender, as on a real link.
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _CHUNK)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _CHUNK)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            server.connect(self._target)
        except OSError:
            Connection(client, server).reset()
            return
        connection = Connection(client, server)
        with self._lock:
            self.connections.append(connection)
        for direction in Direction:
            threading.Thread(target=self._pump, args=(connection, direction), daemon=True).start()

    def _pump(self, connection: Connection, direction: Direction) -> None:
        source = connection.sockets[direction]
        other = Direction.DOWN if direction is Direction.UP else Direction.UP
        target = connection.sockets[other]
        try:
            while data := source.recv(self._chunk_size()):
                if self.delay_s:
                    time.sleep(self.delay_s)
                if self.bits_per_second:
                    time.sleep(len(data) * 8 / self.bits_per_second)
                if self._swallowing:
                    continue
                data, cut = self._take_allowance(data, direction)
                with self._lock:  # counted first: what a peer has seen is always in the count
                    connection.bytes[direction] += len(data)
                    connection.records[direction].feed(data)
                target.sendall(data)
                if cut:
                    break
            else:
                target.shutdown(socket.SHUT_WR)  # an orderly end is passed on as one
                connection.closed.set()
                return
        except OSError:
            pass
        connection.reset()

    def _chunk_size(self) -> int:
        """Throttled: what 50 ms carry, so that the pace is even."""
        rate = self.bits_per_second
        return _CHUNK if not rate else max(64, min(_CHUNK, rate // 8 // 20))

    def _take_allowance(self, data: bytes, direction: Direction) -> tuple[bytes, bool]:
        with self._lock:
            left = self._allowance.get(direction)
            if left is None:
                return data, False
            if len(data) < left:
                self._allowance[direction] = left - len(data)
                return data, False
            del self._allowance[direction]
            return data[:left], True
