"""Frames: how payloads follow each other on the socket, whatever messages of the WebSocket they come in.

A frame is a length of 3 bytes (big-endian) and that many bytes. The client's first frame is preceded by `INTRO`, which
may itself be preceded by a routing hint ("ED").
"""

from typing import Final

from attrs import define, field

from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.tokens import DICTIONARY_VERSION

MAX_PAYLOAD: Final = 2**24 - 1
INTRO: Final = b"WA\x06" + bytes((DICTIONARY_VERSION,))
"""What a client says first: the protocol's magic number and the edition of its dictionaries."""

_HEADER: Final = 3
_ROUTING: Final = b"ED\x00\x01"


def frame(payload: bytes) -> bytes:
    """A payload with its length before it. Raises `Garbled` over `MAX_PAYLOAD` bytes."""
    if len(payload) > MAX_PAYLOAD:
        raise Garbled(f"a payload of {len(payload)} bytes does not fit into a frame")
    return len(payload).to_bytes(_HEADER, "big") + payload


def intro(routing: bytes = b"") -> bytes:
    """What a client writes before its first frame; with a routing hint from an earlier connection, that one first.

    Only `INTRO` itself is part of the handshake's hash. Raises `Garbled` for a hint of more than `MAX_PAYLOAD` bytes.
    """
    return _ROUTING + frame(routing) + INTRO if routing else INTRO


@define(eq=False)
class Frames:
    """Cuts the bytes as they come into payloads. Holds what came, never what a header announces."""

    limit: int = MAX_PAYLOAD
    _data: bytearray = field(factory=bytearray, init=False, repr=False)

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that are whole now. Raises `Garbled` for one of more than `limit` bytes; then close."""
        self._data += data
        return self._cut(0)

    def _cut(self, start: int) -> list[bytes]:
        held, found = self._data, []
        while len(held) >= start + _HEADER:
            size = int.from_bytes(held[start : start + _HEADER], "big")
            if size > self.limit:
                raise Garbled(f"a frame of {size} bytes, where {self.limit} are taken")
            end = start + _HEADER + size
            if len(held) < end:
                break
            found.append(bytes(held[start + _HEADER : end]))
            start = end
        del held[:start]
        return found


@define(eq=False)
class ServerFrames(Frames):
    """The same on a server's side: what the client says before its first frame is checked and taken off."""

    routing: bytes = field(default=b"", init=False)
    """The routing hint, if the client gave one."""
    _introduced: bool = field(default=False, init=False)

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that are whole now. Raises `Garbled` for a wrong beginning or a frame over the limit."""
        self._data += data
        if self._introduced:
            return self._cut(0)
        start = self._routing_end()
        if start is None:
            return []
        intro = self._data[start : start + len(INTRO)]
        if not INTRO.startswith(intro):
            raise Garbled(f"a connection that begins with {intro.hex()}, not {INTRO.hex()}")
        self._introduced = len(intro) == len(INTRO)
        return self._cut(start + len(INTRO)) if self._introduced else []

    def _routing_end(self) -> int | None:
        """Where the routing hint ends (0 without one), None as long as it is not whole."""
        begin = len(_ROUTING)
        if not _ROUTING.startswith(self._data[:begin]):
            return 0
        if len(self._data) < begin + _HEADER:
            return None
        size = int.from_bytes(self._data[begin : begin + _HEADER], "big")
        if size > self.limit:
            raise Garbled(f"a routing hint of {size} bytes, where {self.limit} are taken")
        end = begin + _HEADER + size
        if len(self._data) < end:
            return None
        self.routing = bytes(self._data[begin + _HEADER : end])
        return end
