"""A gate behind a real hypercorn on loopback, and a client that speaks raw HTTP/1.1."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import h11
import trio
from attrs import define, frozen
from hypercorn.config import Config
from hypercorn.trio import serve


@asynccontextmanager
async def listening(app: Any, bind: str = "127.0.0.1:0") -> AsyncIterator[int]:
    """Serve `app`; the port, 0 for a unix socket."""
    config = Config()
    config.bind = [bind]
    config.graceful_timeout = 1
    config.accesslog = None
    config.errorlog = None
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        binds = await nursery.start(partial(serve, app, config, shutdown_trigger=stop.wait))
        try:
            yield 0 if bind.startswith("unix:") else int(binds[0].rpartition(":")[2])
        finally:
            stop.set()


@frozen
class Got:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@define
class RawClient:
    """One connection. Requests are bytes; answers are parsed."""

    stream: trio.SocketStream

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def answer(self, method: str = "POST") -> Got:
        """Read one answer, and not a byte more than it has."""
        with trio.fail_after(20):
            peer = h11.Connection(h11.CLIENT)
            peer.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
            peer.send(h11.EndOfMessage())
            head: h11.Response | None = None
            body = b""
            while True:
                event = peer.next_event()
                if event is h11.NEED_DATA:
                    peer.receive_data(await self.stream.receive_some(65536))
                elif isinstance(event, h11.Response):
                    head = event
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    assert head is not None
                    headers = {name.decode(): value.decode() for name, value in head.headers}
                    return Got(head.status_code, headers, body)
                elif not isinstance(event, h11.InformationalResponse):
                    raise AssertionError(event)

    async def closed(self) -> bool:
        """Whether the peer ended the connection."""
        with trio.move_on_after(5):
            try:
                return await self.stream.receive_some(1) == b""
            except trio.BrokenResourceError:
                return True
        return False


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[RawClient]:
    """Connect to a listener."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        assert isinstance(stream, trio.SocketStream)
        yield RawClient(stream)
