"""Tells a TLS 1.3 handshake from what follows it, by counting records and without keys.

The outer type of every record after the hellos is application_data, so the handshake's end is found
by the number of records that it has: OpenSSL puts each handshake message into a record of its own.
"""
import dataclasses

_HANDSHAKE, _APPLICATION_DATA = 22, 23
_SERVER_HELLO, _PRE_SHARED_KEY = 2, 41
_HEADER_BYTES = 5

# Encrypted handshake records of a mutual handshake, then of a resumed one.
#   server: EncryptedExtensions CertificateRequest Certificate CertificateVerify Finished
#   client: Certificate CertificateVerify Finished
_FULL = {"server": 5, "client": 3}
_RESUMED = {"server": 2, "client": 1}


@dataclasses.dataclass(frozen=True)
class Record:
    kind: int
    size: int  # with its header: bytes on the wire


class RecordCounter:
    """Parses one direction of a connection as it passes."""

    def __init__(self):
        self.records: list[Record] = []
        self.first_handshake = b""  # the plaintext hello
        self._pending = b""

    def feed(self, data: bytes) -> None:
        self._pending += data
        while len(self._pending) >= _HEADER_BYTES:
            kind, size = self._pending[0], int.from_bytes(self._pending[3:5], "big")
            end = _HEADER_BYTES + size
            if len(self._pending) < end:
                return
            if kind == _HANDSHAKE and not self.first_handshake:
                self.first_handshake = self._pending[_HEADER_BYTES:end]
            self.records.append(Record(kind, end))
            self._pending = self._pending[end:]

    def after_handshake(self, encrypted_handshake_records: int) -> list[Record]:
        """Records behind the handshake: the session tickets are the first of a server's."""
        application = [each for each in self.records if each.kind == _APPLICATION_DATA]
        return application[encrypted_handshake_records:]


def after_handshake(client: RecordCounter,
                    server: RecordCounter) -> tuple[list[Record], list[Record]]:
    """The records of a mutual TLS 1.3 connection after both Finished: (client's, server's)."""
    expected = _RESUMED if is_resumed(server.first_handshake) else _FULL
    return (client.after_handshake(expected["client"]), server.after_handshake(expected["server"]))


def is_resumed(server_hello: bytes) -> bool:
    """Whether the server took a pre-shared key: RFC 8446, 4.1.3 and 4.2.11."""
    if not server_hello or server_hello[0] != _SERVER_HELLO:
        return False
    position = 4 + 2 + 32  # message header, version, random
    position += 1 + server_hello[position]  # session id
    position += 2 + 1 + 2  # cipher suite, compression, length of extensions
    while position + 4 <= len(server_hello):
        extension = int.from_bytes(server_hello[position:position + 2], "big")
        if extension == _PRE_SHARED_KEY:
            return True
        position += 4 + int.from_bytes(server_hello[position + 2:position + 4], "big")
    return False
