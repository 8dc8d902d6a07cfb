"""A tiny HTTP server that answers what a test scripted, on loopback, in plain text or TLS."""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio
from attrs import define, field

Answer = tuple[int, Mapping[str, str], bytes]


@define
class Asked:
    """A request as it came in."""

    path: str
    headers: dict[str, str]


@define
class WebPeer:
    """`answer` makes (status, headers, body) of a request; `asked` has the requests so far."""

    answer: Callable[[Asked], Answer]
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(factory=list)
    port: int = 0
    stalled: bool = False

    async def _serve(self, raw: trio.SocketStream) -> None:
        stream: Any = raw if self.tls is None else trio.SSLStream(raw, self.tls, server_side=True)
        try:
            data = b""
            while b"\r\n\r\n" not in data:
                block = await stream.receive_some(65536)
                if not block:
                    return
                data += block
            first, *lines = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            asked = Asked(first.split()[1], headers)
            self.asked.append(asked)
            status, extra, body = self.answer(asked)
            given = {"Content-Length": str(len(body)), "Connection": "close", **extra}
            head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
            await stream.send_all(f"HTTP/1.1 {status} x\r\n{head}\r\n".encode("latin-1") + body)
            if self.stalled:
                await trio.sleep_forever()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            await trio.aclose_forcefully(raw)


@asynccontextmanager
async def web_peer(
    answer: Callable[[Asked], Answer], *, tls: ssl.SSLContext | None = None, stalled: bool = False
) -> AsyncIterator[WebPeer]:
    """A peer that listens until the block ends."""
    peer = WebPeer(answer, tls, stalled=stalled)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), peer._serve, 0)
        peer.port = listeners[0].socket.getsockname()[1]
        yield peer
        nursery.cancel_scope.cancel()
