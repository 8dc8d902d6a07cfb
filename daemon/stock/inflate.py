"""Unpacking gzip under a limit, so that a small file cannot fill the memory or the disk."""

import zlib
from collections.abc import Iterator
from typing import Final

MAGIC: Final = b"\x1f\x8b"
_STEP: Final = 256 * 1024


class InflateError(ValueError):
    """The gzip data is damaged, cut off, or unpacks to more than the limit; `str()` says which."""


class Inflater:
    """Unpacks one stream of gzip members; at most `limit_bytes` come out."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._member = zlib.decompressobj(31)
        self._begun = False
        self._out = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bytes that `data` unpacks to, in bounded pieces. Raises `InflateError`."""
        while data:
            if self._member.eof:
                if not data.strip(b"\0"):
                    return  # padding after the last member
                self._member = zlib.decompressobj(31)
            self._begun = True
            try:
                piece = self._member.decompress(data, _STEP)
            except zlib.error as error:
                raise InflateError(f"the gzip data is damaged ({error})") from error
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            self._out += len(piece)
            if self._out > self._limit:
                raise InflateError(f"it unpacks to more than {self._limit // 1_000_000} MB")
            if piece:
                yield piece

    def finish(self) -> None:
        """Call at the end of the data. Raises `InflateError` when it was cut off."""
        if self._begun and not self._member.eof:
            raise InflateError("the gzip data is cut off")
