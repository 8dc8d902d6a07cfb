"""The quick way in for Meta's deliveries, in front of hypercorn.

Every message passes the webhook four times. A plain signed POST costs hypercorn 0.6 ms of CPU before we see it (a
task, two channels, h11 and a timer each time), here 0.1 ms. A connection whose next request is anything but a plain
POST to the webhook is hypercorn's from there on, with every byte that was read.
"""

import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Final, Protocol

import trio
from attrs import define, field, frozen

from daemon.clock import Now, utc_now
from daemon.control.webhooks import MOST_BYTES, PATH, Answered
from daemon.http1 import Headers, NotHttp, headers_of, length_of
from daemon.logs import get_logger

RECEIVE_BYTES: Final = 64 * 1024
MAX_HEAD: Final = 16 * 1024
BEGINNING: Final = b"POST %b HTTP/1.1\r\n" % PATH.encode()

_REASONS: Final = {200: b"OK", 400: b"Bad Request", 403: b"Forbidden", 503: b"Service Unavailable"}
_NOT_PLAIN: Final = frozenset((b"transfer-encoding", b"expect", b"upgrade", b"trailer", b"te"))

_log = get_logger("lane")


class Deliveries(Protocol):
    """Whoever takes deliveries (`daemon.control.webhooks.Webhooks`)."""

    async def deliver(self, body: bytes, signature: bytes) -> Answered: ...


@frozen
class Delivery:
    """A plain POST to the webhook: its body is at `begin` to `end` of what was read."""

    begin: int
    end: int
    signature: bytes


def delivery_in(data: bytes | bytearray) -> Delivery | int | None:
    """What the beginning of `data` is: a delivery, how many bytes it takes to know more, or None: not for us."""
    if not data.startswith(BEGINNING):
        return len(data) + 1 if BEGINNING.startswith(data) else None
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return len(data) + 1 if len(data) <= MAX_HEAD else None
    try:
        headers = headers_of(bytes(data[len(BEGINNING) : end])) if end > len(BEGINNING) else []
        length = length_of(headers)
    except NotHttp:
        return None
    if length is None or length > MOST_BYTES or not _plain(headers):
        return None
    signature = next((value for name, value in headers if name == b"x-hub-signature-256"), b"")
    return Delivery(end + 4, end + 4 + length, signature)


def _plain(headers: Headers) -> bool:
    names = [name for name, _ in headers]
    return (
        names.count(b"host") == 1
        and names.count(b"content-length") == 1
        and not any(name in _NOT_PLAIN for name in names)
        and all(value.lower() == b"keep-alive" for name, value in headers if name == b"connection")
    )


class Resumed:
    """A stream, and what was read of it already. What hypercorn asks of a TCP stream."""

    def __init__(self, stream: trio.SocketStream, read: bytes) -> None:
        self.socket = stream.socket
        self._stream = stream
        self._read = read

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """As a stream's; first what was read already."""
        if self._read:
            most = max_bytes or len(self._read)
            head, self._read = self._read[:most], self._read[most:]
            await trio.lowlevel.checkpoint()
            return head
        return bytes(await self._stream.receive_some(max_bytes))

    async def send_all(self, data: bytes) -> None:
        """As a stream's."""
        await self._stream.send_all(data)

    async def send_eof(self) -> None:
        """As a stream's."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """As a stream's."""
        await self._stream.aclose()


@define(eq=False)
class Lane:
    """Serves the connections of one listener."""

    deliveries: Deliveries
    rest: Callable[[Resumed], Awaitable[object]]
    keep_alive_seconds: float
    now: Now = utc_now
    _waiting: set[trio.CancelScope] = field(factory=set, init=False)
    _closing: bool = field(default=False, init=False)
    _second: datetime | None = field(default=None, init=False)
    _date: bytes = field(default=b"", init=False)

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer deliveries; give the connection to `rest` when something else comes. The caller closes it."""
        data = bytearray()
        try:
            while (found := delivery_in(data)) is not None:
                wanted = found if isinstance(found, int) else found.end
                if len(data) < wanted:
                    chunk = await self._more(stream)
                    if not chunk:
                        return
                    data += chunk
                elif isinstance(found, Delivery):
                    body = bytes(data[found.begin : found.end])
                    del data[: found.end]
                    await stream.send_all(self._response(await self._answered(body, found.signature)))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return  # the peer is gone
        await self.rest(Resumed(stream, bytes(data)))

    async def _answered(self, body: bytes, signature: bytes) -> Answered:
        try:
            return await self.deliveries.deliver(body, signature)
        except Exception:  # noqa: BLE001 - as hypercorn does: a fault of ours ends a request, not the server
            _log.exception("webhook failed")
            return Answered(503, headers=((b"retry-after", b"5"),))

    async def _more(self, stream: trio.SocketStream) -> bytes:
        """The next bytes; none when the peer closed, was silent for too long, or we are closing."""
        with trio.CancelScope(deadline=trio.current_time() + self.keep_alive_seconds) as scope:
            if self._closing:
                return b""
            self._waiting.add(scope)
            try:
                return bytes(await stream.receive_some(RECEIVE_BYTES))
            finally:
                self._waiting.discard(scope)
        return b""

    def close_idle(self) -> None:
        """End the connections that wait for a request; the others end after their answer."""
        self._closing = True
        for scope in self._waiting:
            scope.deadline = -math.inf

    def _response(self, answered: Answered) -> bytes:
        lines = [b"HTTP/1.1 %d %b" % (answered.status, _REASONS.get(answered.status, b"")), b"date: " + self._today()]
        lines += [b"%b: %b" % pair for pair in answered.headers]
        lines.append(b"content-length: %d" % len(answered.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + answered.body

    def _today(self) -> bytes:
        second = self.now().replace(microsecond=0)
        if second != self._second:
            self._second, self._date = second, format_datetime(second, usegmt=True).encode()
        return self._date
