"""HTTP/1.1 as bytes, for the two paths that every message takes: requests that we send, webhooks that we get. No I/O.

h11 reads and writes the same in four times the CPU. This module knows less and refuses the rest: a response that is
not plainly framed is an error, a request that is not plainly framed is somebody else's to read.
"""

import re
from collections.abc import Iterable
from typing import Final

from attrs import define, field, frozen

MAX_HEAD: Final = 64 * 1024

Headers = list[tuple[bytes, bytes]]
"""Names in lower case, values without the spaces round them."""

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: [^\r\n\0]*)?")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)")
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_DIGITS: Final = re.compile(rb"[0-9]{1,15}")


class NotHttp(Exception):
    """The peer sent something that is no HTTP/1.1, or not as plain as we take it."""


def headers_of(head: bytes) -> Headers:
    """The header lines of a head (without its first line). Raises `NotHttp`."""
    found: Headers = []
    for line in head.split(b"\r\n"):
        match = _HEADER.fullmatch(line)
        if match is None:
            raise NotHttp(f"a header line that is none: {line[:60]!r}")
        found.append((match[1].lower(), match[2].rstrip(b" \t")))
    return found


def length_of(headers: Headers) -> int | None:
    """The Content-Length, None without one. Raises `NotHttp` for several or a strange one."""
    values = {value for name, value in headers if name == b"content-length"}
    if not values:
        return None
    value = values.pop()
    if values or not _DIGITS.fullmatch(value):
        raise NotHttp("no usable content-length")
    return int(value)


def request(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    """A whole request. `headers` must have Host, and the framing headers that fit `body`. Raises `ValueError`."""
    lines = [b"%b %b HTTP/1.1" % (method, target)]
    for name, value in headers:
        lines.append(b"%b: %b" % (name, value))
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b"\0" in head or b" " in target:
        raise ValueError("a line break or a space inside a request's head")
    return head + b"\r\n\r\n" + body


@frozen
class Response:
    """A whole response. `reusable`: its connection may carry another request."""

    status: int
    headers: Headers
    body: bytes
    reusable: bool


@define(eq=False)
class ResponseReader:
    """Reads the response to one request from the bytes as they come."""

    max_body: int
    _data: bytearray = field(factory=bytearray, init=False)
    _status: int = field(default=0, init=False)
    _headers: Headers = field(factory=list, init=False)
    _left: int | None = field(default=None, init=False)  # body bytes to come; None: until the peer closes
    _chunks: list[bytes] | None = field(default=None, init=False)
    _total: int = field(default=0, init=False)
    _keep: bool = field(default=False, init=False)

    @property
    def begun(self) -> bool:
        """Whether anything of the response has come."""
        return bool(self._data) or self._status > 0

    def feed(self, data: bytes | bytearray) -> Response | None:
        """Take what came (b"": the peer closed); the response once it is whole. Raises `NotHttp`."""
        self._data += data
        while not self._status:
            if not self._read_head():
                if not data:
                    raise NotHttp("the connection was closed before the answer")
                return None
        if self._chunks is not None:
            whole = self._read_chunks()
        elif self._left is None:
            whole = not data
        else:
            whole = len(self._data) >= self._left
        if len(self._data) + self._total > self.max_body:
            raise NotHttp(f"the answer has more than {self.max_body} bytes")
        if not whole:
            if not data:
                raise NotHttp("the connection was closed in the middle of the answer")
            return None
        return self._whole()

    def _whole(self) -> Response:
        if self._chunks is not None:
            body, rest = b"".join(self._chunks), bool(self._data)
        elif self._left is None:
            body, rest = bytes(self._data), True
        else:
            body, rest = bytes(self._data[: self._left]), len(self._data) > self._left
        return Response(self._status, self._headers, body, self._keep and not rest)

    def _read_head(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            if len(self._data) > MAX_HEAD:
                raise NotHttp(f"a head of more than {MAX_HEAD} bytes")
            return False
        line, _, rest = bytes(self._data[:end]).partition(b"\r\n")
        del self._data[: end + 4]
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise NotHttp(f"a status line that is none: {line[:60]!r}")
        status = int(match[2])
        if status < 200:
            if status == 101:
                raise NotHttp("the peer wants another protocol")
            return bool(self._data) and self._read_head()  # an interim answer; the real one follows
        self._headers = headers_of(rest) if rest else []
        self._keep = match[1] == b"1" and b"close" not in self._words(b"connection")
        self._frame(status)
        self._status = status
        return True

    def _frame(self, status: int) -> None:
        length, codings = length_of(self._headers), self._words(b"transfer-encoding")
        if status in (204, 304):
            self._left = 0
        elif codings:
            if codings != [b"chunked"] or length is not None:
                raise NotHttp("a transfer-encoding that is not plainly chunked")
            self._chunks = []
        else:
            self._left = length

    def _words(self, name: bytes) -> list[bytes]:
        return [word.strip().lower() for key, value in self._headers if key == name for word in value.split(b",")]

    def _read_chunks(self) -> bool:
        """Take whole chunks out of the data; whether the last one and its trailers were among them."""
        assert self._chunks is not None
        while (end := self._data.find(b"\r\n")) >= 0:
            match = _SIZE.fullmatch(self._data, 0, end)
            if match is None:
                raise NotHttp("a chunk without a size")
            size = int(match[1], 16)
            if size == 0:
                return self._read_trailers(end + 2)
            if self._total + size > self.max_body:
                raise NotHttp(f"the answer has more than {self.max_body} bytes")
            if len(self._data) < end + 2 + size + 2:
                return False
            if self._data[end + 2 + size : end + 4 + size] != b"\r\n":
                raise NotHttp("a chunk longer than it says")
            self._chunks.append(bytes(self._data[end + 2 : end + 2 + size]))
            self._total += size
            del self._data[: end + 4 + size]
        if len(self._data) > MAX_HEAD:
            raise NotHttp("a chunk without a size")
        return False

    def _read_trailers(self, start: int) -> bool:
        if self._data[start : start + 2] == b"\r\n":
            del self._data[: start + 2]
            return True
        end = self._data.find(b"\r\n\r\n", start)
        if end < 0:
            return False
        del self._data[: end + 4]
        return True
