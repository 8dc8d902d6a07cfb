"""Sound in WebM, as browsers record it. Pure; nothing is decoded.

Formats: EBML RFC 8794, Matroska RFC 9559. A recording that is written while it is made says neither how long it is nor
where its parts end, so the blocks themselves are looked at.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

from attrs import frozen

MAGIC: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT, _TRACKS, _TRACK, _AUDIO, _CLUSTER, _GROUP = 0x18538067, 0x1654AE6B, 0xAE, 0xE1, 0x1F43B675, 0xA0
_OPENED: Final = frozenset((_SEGMENT, _TRACKS, _TRACK, _AUDIO, _CLUSTER, _GROUP))
"""Elements whose content is elements too; their ends tell us nothing."""
_CODEC, _CHANNELS, _TIMESTAMP, _BLOCK, _SIMPLE_BLOCK = 0x86, 0x9F, 0xE7, 0xA1, 0xA3
_READ: Final = frozenset((_CODEC, _CHANNELS, _TIMESTAMP, _BLOCK, _SIMPLE_BLOCK))
_READ_BYTES: Final = 64


@frozen(kw_only=True)
class Recording:
    """What the blocks say. `last_packet` are the first two bytes of the last packet, which begins at `last_seconds`."""

    codec: str
    channels: int | None
    packets: int
    last_seconds: float
    last_packet: bytes
    whole: bool


def read(file: BinaryIO, size: int) -> Recording:
    """Walk through a file of that many bytes, of one track and ticks of a millisecond, as every browser makes it."""
    codec, channels, packets, cluster, last, packet, whole = "", None, 0, 0, 0, b"", True
    for kind, content, complete in _elements(file, size):
        if not complete:
            whole = False
        elif kind == _CODEC:
            codec = content.rstrip(b"\0").decode("ascii", "replace")
        elif kind == _CHANNELS:
            channels = int.from_bytes(content, "big")
        elif kind == _TIMESTAMP:
            cluster = int.from_bytes(content, "big")
        elif kind in (_BLOCK, _SIMPLE_BLOCK) and len(content) > 4:
            packets += 1
            last = max(last, cluster + int.from_bytes(content[1:3], "big", signed=True))
            packet = content[4:6]
    return Recording(
        codec=codec, channels=channels, packets=packets, last_seconds=last / 1000, last_packet=packet, whole=whole
    )


def _elements(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """(id, first bytes of the content, whether it is whole) of the elements in file order, opened ones left out."""
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(12)
        if not head or not head[0] & 0xF0:
            return  # no element begins so
        id_bytes = 9 - head[0].bit_length()
        length_bytes = 9 - head[id_bytes].bit_length() if len(head) > id_bytes else 9
        if length_bytes > 8 or len(head) < id_bytes + length_bytes:
            yield 0, b"", False
            return
        kind = int.from_bytes(head[:id_bytes], "big")
        position += id_bytes + length_bytes
        if kind in _OPENED:
            continue
        mask = (1 << 7 * length_bytes) - 1
        length = int.from_bytes(head[id_bytes : id_bytes + length_bytes], "big") & mask
        content = b""
        if kind in _READ:
            file.seek(position)
            content = file.read(min(length, _READ_BYTES))
        position += length
        yield kind, content, position <= size
