"""The lane by hand: websocket frames and the mux of common/lane, also where they break the rules."""
import contextlib
import socket
import struct
import time

from . import lane_messages
from .wait import WaitTimeout

CONTINUATION, TEXT, BINARY, CLOSE, PING = 0, 1, 2, 8, 9
CHUNK_BYTES_MAX = 16 * 1024 - 16
WINDOWS = (64 * 1024, 256 * 1024, 128 * 1024, 256 * 1024)  # kWindowBytes
LAST, GRANT = 0x08, 0x10
UPGRADE = ("GET / HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Protocol: skerry.lane.v1\r\n\r\n").encode()


class LaneClosed(Exception):
    """The other side ended the connection."""


class Wire:
    """Bytes of one connection; what was read and not used stays, also over a timeout."""

    def __init__(self, connection: socket.socket):
        self._connection, self._buffer = connection, b""

    def send(self, data: bytes) -> None:
        try:
            self._connection.settimeout(20)
            self._connection.sendall(data)
        except (OSError, ValueError) as error:
            raise LaneClosed(str(error)) from None

    def take(self, count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            self._more(deadline)
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def take_until(self, end: bytes, deadline: float) -> bytes:
        while end not in self._buffer:
            self._more(deadline)
        taken, _, self._buffer = self._buffer.partition(end)
        return taken + end

    def wait_closed(self, timeout_s: float) -> None:
        """Until the other side closes; what it still says is dropped."""
        deadline = time.monotonic() + timeout_s
        with contextlib.suppress(LaneClosed):
            while True:
                self._buffer = b""
                self._more(deadline)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.close()

    def _more(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise WaitTimeout("the other side neither said anything nor closed")
        try:
            self._connection.settimeout(left)
            data = self._connection.recv(65536)
        except TimeoutError:
            return self._more(deadline)
        except (OSError, ValueError) as error:
            raise LaneClosed(str(error)) from None
        if not data:
            raise LaneClosed("end of stream")
        self._buffer += data


class WebSocket:
    """RFC 6455 after the upgrade. `masking`: what this side owes the other (a client masks)."""

    def __init__(self, wire: Wire, masking: bool):
        self.wire, self._masking = wire, masking

    def send(self, payload: bytes, opcode: int = BINARY, fin: bool = True,
             declared: int | None = None, masked: bool | None = None, reserved: int = 0) -> None:
        masked = self._masking if masked is None else masked
        size = len(payload) if declared is None else declared
        head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
        mask_bit = 0x80 if masked else 0
        if size < 126:
            head += bytes([mask_bit | size])
        elif size < 65536:
            head += bytes([mask_bit | 126]) + struct.pack(">H", size)
        else:
            head += bytes([mask_bit | 127]) + struct.pack(">Q", size)
        self.wire.send(head + (b"\0\0\0\0" if masked else b"") + payload)  # mask zero: as it is

    def receive(self, deadline: float) -> bytes:
        """The next data frame; a close frame is the end."""
        while True:
            first, second = self.wire.take(2, deadline)
            size = second & 0x7f
            if size == 126:
                size = struct.unpack(">H", self.wire.take(2, deadline))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.wire.take(8, deadline))[0]
            mask = self.wire.take(4, deadline) if second & 0x80 else b"\0\0\0\0"
            payload = self.wire.take(size, deadline)
            opcode = first & 0x0f
            if opcode == CLOSE:
                raise LaneClosed("websocket close frame")
            if opcode in (CONTINUATION, TEXT, BINARY):
                return _unmask(payload, mask)


class Lane:
    """Messages on a WebSocket: chunks and windows. `frames` is there to be misused."""

    def __init__(self, frames: WebSocket):
        self.frames = frames
        self._may_send = list(WINDOWS)
        self._consumed = [0] * len(WINDOWS)
        self._partial = [b""] * len(WINDOWS)
        self._arrived: list = []

    def send(self, message) -> None:
        self.send_bytes(message.SerializeToString(), lane_messages.class_of(message))

    def send_bytes(self, data: bytes, cls: int, last: bool = True) -> None:
        """Waits for window as the rules say; whatever arrives meanwhile is kept."""
        deadline = time.monotonic() + 30
        for at in range(0, len(data), CHUNK_BYTES_MAX):
            chunk = data[at:at + CHUNK_BYTES_MAX]
            while self._may_send[cls] < len(chunk):
                self._take_frame(deadline)
            self._may_send[cls] -= len(chunk)
            end = LAST if last and at + len(chunk) == len(data) else 0
            self.frames.send(bytes([cls | end]) + chunk)

    def receive(self, timeout_s: float = 10):
        """The next message, an Envelope. Raises LaneClosed at the end."""
        deadline = time.monotonic() + timeout_s
        while not self._arrived:
            self._take_frame(deadline)
        return self._arrived.pop(0)

    def expect(self, kind: str, timeout_s: float = 10):
        """The next message of this kind; others are dropped."""
        deadline = time.monotonic() + timeout_s
        while True:
            message = self.receive(deadline - time.monotonic())
            if lane_messages.kind_of(message) == kind:
                return getattr(message, kind)

    def wait_closed(self, timeout_s: float = 10) -> None:
        self.frames.wire.wait_closed(timeout_s)

    def close(self) -> None:
        self.frames.wire.close()

    def _take_frame(self, deadline: float) -> None:
        frame = self.frames.receive(deadline)
        cls, payload = frame[0] & 0x07, frame[1:]
        if frame[0] & GRANT:
            self._may_send[cls] += int.from_bytes(payload, "big")
            return
        self._partial[cls] += payload
        self._consumed[cls] += len(payload)
        if self._consumed[cls] >= WINDOWS[cls] // 2:
            self.frames.send(bytes([GRANT | cls]) + self._consumed[cls].to_bytes(4, "big"))
            self._consumed[cls] = 0
        if frame[0] & LAST:
            message = lane_messages.lane_pb2().Envelope.FromString(self._partial[cls])
            self._partial[cls] = b""
            self._arrived.append(message)



def _unmask(payload: bytes, mask: bytes) -> bytes:
    if mask == b"\0\0\0\0":
        return payload
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
