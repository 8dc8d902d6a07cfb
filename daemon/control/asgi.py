"""Plain ASGI answers, and request bodies that are always read to their end or end the connection.

hypercorn 0.18 hands body chunks over through a short queue and waits when it is full: an answer that leaves the
body unread would hang the connection.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import trio

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

DRAIN_BYTES: Final = 16 * 1024 * 1024
"""How much of an unwanted body is read to keep its connection."""
DRAIN_SECONDS: Final = 10.0
LINGER_SECONDS: Final = 2.0
"""How long a connection that will be closed is still read, so that the peer gets to see the answer."""

SECURITY_HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Gone(Exception):
    """The peer left before its request was whole."""


class BodyTooLarge(Exception):
    """The body passed its limit; what was read is dropped."""


class Body:
    """The body of one request, counted. `finished` once its last byte was received."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self.finished = False
        self.gone = False
        self.ended = trio.Event()
        self.declared = declared_length(scope)

    async def chunk(self) -> bytes:
        """The next bytes, maybe none. Raises `Gone`."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.gone = True
            self._end()
            raise Gone
        if not message.get("more_body", False):
            self._end()
        data: bytes = message.get("body", b"")
        return data

    def _end(self) -> None:
        self.finished = True
        self.ended.set()

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises `BodyTooLarge` as soon as it passes `limit` bytes, and `Gone`."""
        if self.declared is not None and self.declared > limit:
            raise BodyTooLarge
        whole = bytearray()
        while not self.finished:
            whole += await self.chunk()
            if len(whole) > limit:
                raise BodyTooLarge
        return bytes(whole)

    async def drain(self, limit: int = DRAIN_BYTES, seconds: float = DRAIN_SECONDS) -> bool:
        """Read and forget the rest; whether its end was reached within `limit` bytes and `seconds`."""
        if self.declared is not None and self.declared > limit:
            return self.finished
        left = limit
        with trio.move_on_after(seconds):
            while not self.finished and left >= 0:
                try:
                    left -= len(await self.chunk())
                except Gone:
                    break
        return self.finished

    async def discard(self) -> None:
        """Read and forget until the peer is gone or the body over. May be cancelled."""
        while not self.finished:
            try:
                await self.chunk()
            except Gone:
                return


def declared_length(scope: Scope) -> int | None:
    """The Content-Length, None without a usable one."""
    value = header(scope, b"content-length")
    return int(value) if value.isdigit() and len(value) <= 15 else None


def header(scope: Scope, name: bytes) -> bytes:
    """The first header of that (lower-case) name, b"" without."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return b""


async def answer(
    scope: Scope,
    send: Send,
    status: int,
    body: bytes = b"",
    content_type: bytes = b"text/plain; charset=utf-8",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Send a whole answer to a request whose body has been read."""
    await send(_start(status, body, content_type, headers))
    await send({"type": "http.response.body", "body": _shown(scope, body), "more_body": False})


async def refuse(
    scope: Scope,
    send: Send,
    rest: Body,
    status: int,
    body: bytes = b"",
    content_type: bytes = b"text/plain; charset=utf-8",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Answer a request whose body is unread: read it away and keep the connection, or end that."""
    if rest.gone:
        return
    if await rest.drain():
        if not rest.gone:
            await answer(scope, send, status, body, content_type, headers)
        return
    closing = () if not is_http1(scope) else ((b"connection", b"close"),)
    await send(_start(status, body, content_type, headers + closing))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(rest.discard)
        await send({"type": "http.response.body", "body": _shown(scope, body), "more_body": True})
        with trio.move_on_after(LINGER_SECONDS):
            await rest.ended.wait()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        nursery.cancel_scope.cancel()


def is_http1(scope: Scope) -> bool:
    """Whether the connection carries one request at a time (HTTP/2 forbids the connection header)."""
    return str(scope.get("http_version", "1.1")).startswith("1")


def _shown(scope: Scope, body: bytes) -> bytes:
    return b"" if scope["method"] == "HEAD" else body


def _start(status: int, body: bytes, content_type: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> dict[str, Any]:
    sized = ((b"content-length", b"%d" % len(body)),) if status != 204 else ()
    typed = ((b"content-type", content_type),) if body else ()
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [*typed, *sized, *SECURITY_HEADERS, *headers],
    }
