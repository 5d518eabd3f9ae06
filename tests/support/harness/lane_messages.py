"""The lane's messages in Python, generated from proto/lane.proto when they are first used."""
import functools
import importlib
import sys
import types

from .paths import REPO
from .processes import run

_PROTO = REPO / "proto" / "lane.proto"
_GENERATED = REPO / "build" / "e2e" / "proto"
_DEBIAN_PACKAGES = "/usr/lib/python3/dist-packages"  # python3 on PATH may be another one

# Class of a message on the mux; all others are control. As in common/lane/message.cc.
CONTROL, OBJECTS, STREAMS, BULK = range(4)
_OF_CLASS_OBJECTS = {"listing", "upsert", "remove", "report_again", "token_grant", "report"}

POD_STATUS, NODE_STATUS, EVENT, FINALISED = 1, 0, 2, 3  # Report.kind
REPORT_KINDS = 4
OK, REFUSED, RETRY = range(3)  # ReportAck.Verdict.verdict
GOODBYE_NOT_READY, GOODBYE_PROTOCOL = 0, 5


@functools.cache
def lane_pb2() -> types.ModuleType:
    module = _GENERATED / "lane_pb2.py"
    if not module.exists() or module.stat().st_mtime < _PROTO.stat().st_mtime:
        _GENERATED.mkdir(parents=True, exist_ok=True)
        run("protoc", f"--python_out={_GENERATED}", "-I", _PROTO.parent, _PROTO)
    sys.path.insert(0, str(_GENERATED))
    try:
        importlib.import_module("google.protobuf")
    except ModuleNotFoundError:
        sys.path.append(_DEBIAN_PACKAGES)
    return importlib.import_module("lane_pb2")


def envelope(**fields):
    """One message: envelope(ping={}), envelope(ack={"seq": 1})."""
    return lane_pb2().Envelope(**fields)


def kind_of(message) -> str:
    """The field's name, or "" for what is none of the known ones."""
    return message.WhichOneof("message") or ""


def all_kinds() -> set[str]:
    return {field.name for field in lane_pb2().Envelope.DESCRIPTOR.oneofs[0].fields}


def class_of(message) -> int:
    return OBJECTS if kind_of(message) in _OF_CLASS_OBJECTS else CONTROL


# zstd by hand (RFC 8878): one segment, raw or RLE blocks. No compression, and bombs.

_BLOCK_MAX = 128 * 1024


def zstd(content: bytes, declared: int | None = None) -> bytes:
    blocks = [content[at:at + _BLOCK_MAX] for at in range(0, len(content), _BLOCK_MAX)] or [b""]
    framed = b"".join(_block(len(block), 0, index == len(blocks) - 1) + block
                      for index, block in enumerate(blocks))
    return _zstd_header(len(content) if declared is None else declared) + framed


def zstd_bomb(size: int, declared: int | None = None) -> bytes:
    """`size` bytes "x" in 4 bytes for each 128 KiB."""
    count = -(-size // _BLOCK_MAX)
    framed = b"".join(_block(_BLOCK_MAX, 1, index == count - 1) + b"x" for index in range(count))
    return _zstd_header(size if declared is None else declared) + framed


def _zstd_header(size: int) -> bytes:
    return b"\x28\xb5\x2f\xfd\xa0" + size.to_bytes(4, "little")


def _block(size: int, kind: int, last: bool) -> bytes:
    return (size << 3 | kind << 1 | last).to_bytes(3, "little")
