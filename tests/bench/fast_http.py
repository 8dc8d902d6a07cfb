"""HTTP/1.1 as cheaply as plain Python can: for the peers of a benchmark, which share the machine with the daemon.

Protocols of asyncio's, and no more of HTTP than the daemon's requests and answers have: a Content-Length always, one
request at a time on a connection. All that Meta does with a message (a webhook, two requests served, three statuses)
takes 0.6 to 0.9 ms of CPU this way, where one POST with httpx alone takes 0.6 ms.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from attrs import define, field, frozen

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_STATUSES: Final = {200: b"OK", 400: b"Bad Request", 404: b"Not Found", 429: b"Too Many Requests"}


@frozen
class Request:
    """What a caller sent."""

    target: str
    head: bytes  # with its first line
    body: bytes

    def header(self, name: bytes) -> str:
        """One header's value, "" without it; `name` in lower case."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name:
                return value.strip().decode("latin-1")
        return ""


Reply = Callable[[int, bytes], None]
Route = Callable[[Request, Reply], None]
"""Answers a request with JSON, at once or later, exactly once."""


def _whole(data: bytearray) -> tuple[bytes, bytes] | None:
    """Head and body of the first message in `data`, taken out of it; None while some is missing."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(data[:end])
    found = _LENGTH.search(head)
    size = end + 4 + (int(found[1]) if found else 0)
    if len(data) < size:
        return None
    body = bytes(data[end + 4 : size])
    del data[:size]
    return head, body


@define(eq=False)
class _Served(asyncio.Protocol):
    """One connection of a caller."""

    route: Route
    everyone: "set[_Served]"
    _data: bytearray = field(factory=bytearray, init=False)
    _transport: asyncio.Transport | None = field(default=None, init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.everyone.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.everyone.discard(self)

    def close(self) -> None:
        """Break the connection."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (found := _whole(self._data)) is not None:
            head, body = found
            self.route(Request(head.split(b" ", 2)[1].decode("latin-1"), head, body), self._reply)

    def _reply(self, status: int, body: bytes) -> None:
        assert self._transport is not None
        line = b"HTTP/1.1 %d %b\r\n" % (status, _STATUSES.get(status, b"Error"))
        head = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._transport.write(line + head + body)


@asynccontextmanager
async def serve(route: Route) -> AsyncIterator[int]:
    """Serve on this machine's loopback; the port."""
    everyone: set[_Served] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Served(route, everyone), "127.0.0.1", 0, backlog=4096)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for each in list(everyone):
            each.close()
        await asyncio.sleep(0)  # so that they are closed


Answered = Callable[[int], None]
"""Told the status of an answer; 0 where the connection broke before it came."""


@define(eq=False)
class Sender:
    """POSTs to one address on at most `most` connections; what finds none free waits its turn."""

    host: str
    port: int
    target: str
    most: int
    _free: "list[_Sending]" = field(factory=list, init=False)
    _count: int = field(default=0, init=False)
    _open_ones: "set[_Sending]" = field(factory=set, init=False)
    _waiting: "deque[tuple[bytes, Answered]]" = field(factory=deque, init=False)
    _opening: set[asyncio.Task[None]] = field(factory=set, init=False)

    def request(self, body: bytes, signature: str) -> bytes:
        """A whole signed request, to be sent later."""
        lines = f"POST {self.target} HTTP/1.1\r\nhost: {self.host}:{self.port}\r\nx-hub-signature-256: {signature}\r\n"
        return f"{lines}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body

    def post(self, request: bytes, answered: Answered) -> None:
        """Send it as soon as a connection is free."""
        if self._free:
            self._free.pop().send(request, answered)
            return
        self._waiting.append((request, answered))
        if self._count < self.most:
            self._count += 1
            task = asyncio.ensure_future(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: _Sending(self), self.host, self.port)
        except OSError:
            self._count -= 1
            if self._waiting:
                self._waiting.popleft()[1](0)

    async def aclose(self) -> None:
        """Close all connections; what is under way is never told."""
        self._waiting.clear()
        for task in list(self._opening):
            task.cancel()
        for each in list(self._open_ones):
            each.close()
        await asyncio.sleep(0)  # so that they are closed

    def freed(self, connection: "_Sending") -> None:
        """A connection can take the next request."""
        self._open_ones.add(connection)
        if self._waiting:
            connection.send(*self._waiting.popleft())
        else:
            self._free.append(connection)

    def lost(self, connection: "_Sending") -> None:
        """A connection is gone."""
        self._count -= 1
        self._open_ones.discard(connection)
        if connection in self._free:
            self._free.remove(connection)


@define(eq=False)
class _Sending(asyncio.Protocol):
    """One connection to the daemon."""

    sender: Sender
    _data: bytearray = field(factory=bytearray, init=False)
    _answered: Answered | None = field(default=None, init=False)
    _transport: asyncio.Transport | None = field(default=None, init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.sender.freed(self)

    def close(self) -> None:
        """Break the connection; nobody is told."""
        self._answered = None
        if self._transport is not None:
            self._transport.abort()

    def send(self, request: bytes, answered: Answered) -> None:
        """Nothing else is under way on this connection."""
        assert self._transport is not None
        self._answered = answered
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if (found := _whole(self._data)) is None:
            return
        answered, self._answered = self._answered, None
        assert answered is not None
        answered(int(found[0][9:12]))
        self.sender.freed(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.sender.lost(self)
        if self._answered is not None:
            self._answered(0)
