"""The ASGI application a listener serves: webhooks, health and metrics by itself, the rest through Quart."""

from collections.abc import Callable
from typing import Final

import trio
from attrs import define, field

from daemon.control import health as health_shapes
from daemon.control import problems
from daemon.control.asaas import PATH as ASAAS_PATH
from daemon.control.asgi import (
    DRAIN_BYTES,
    DRAIN_SECONDS,
    LINGER_SECONDS,
    App,
    Body,
    Message,
    Receive,
    Scope,
    Send,
    header,
    is_http1,
    refuse,
)
from daemon.control.auth import TokenBook, check
from daemon.control.ports import Health
from daemon.control.problems import PROBLEM, Problem
from daemon.control.webhooks import PATH as WEBHOOK_PATH
from daemon.control.webhooks import Webhooks

TRUSTED: Final = "showroomd.trusted"
"""In the ASGI scope: whether the listener's file mode is all the authority needed."""

METRICS_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


@define(eq=False)
class Gate:
    """One listener's way in. Several gates share one Quart application, which none of them starts or stops.

    `trusted`: the listener is the admin socket. `loopback_only`: refuse requests whose Host header is not a
    loopback name (the demo, where a page of another site must not reach us through the visitor's browser).
    """

    quart_app: App
    webhooks: Webhooks
    health: Health
    metrics: Callable[[], bytes]
    tokens: TokenBook
    asaas: App | None = None
    trusted: bool = False
    loopback_only: bool = False
    requests: int = field(default=0, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        kind = scope["type"]
        if kind == "http":
            self.requests += 1
            await self._http(scope, receive, send)
        elif kind == "lifespan":
            await _lifespan(receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == WEBHOOK_PATH:
            await self.webhooks(scope, receive, send)
        elif path == ASAAS_PATH and self.asaas is not None:
            await self.asaas(scope, receive, send)
        elif self.loopback_only and not _is_loopback(header(scope, b"host").decode("latin-1")):
            detail = "this server answers to localhost only: open it under http://127.0.0.1"
            await _problem(scope, receive, send, Problem(status=403, detail=detail))
        elif path in ("/healthz", "/readyz", "/metrics"):
            await self._vital(path, scope, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    async def _vital(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            problem = Problem(status=405, detail="use GET", headers=(("Allow", "GET, HEAD"),))
            await _problem(scope, receive, send, problem)
            return
        if path == "/metrics":
            await self._metrics(scope, receive, send)
            return
        status, body = (health_shapes.alive if path == "/healthz" else health_shapes.ready)(self.health)
        await refuse(scope, send, Body(scope, receive), status, body, b"application/json")

    async def _metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.trusted:
            try:
                actor = await self.tokens.actor(header(scope, b"authorization").decode("latin-1"))
                check(actor, method="GET", reach="server", admin_only=False, tenant=None)
            except problems.EXPECTED as error:
                problem = problems.of(error)
                assert problem is not None
                await _problem(scope, receive, send, problem)
                return
        await refuse(scope, send, Body(scope, receive), 200, self.metrics(), METRICS_TYPE)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Through Quart, which never waits for the rest of a body it does not want: we do, before its answer."""
        scope = {**scope, TRUSTED: self.trusted}
        transfer = _Transfer(receive)

        async def send_in_turn(message: Message) -> None:
            if message["type"] == "http.response.start":
                if not await transfer.settle(DRAIN_SECONDS) and is_http1(scope):
                    message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            elif not message.get("more_body", False):
                await transfer.linger()
                transfer.answered = True
            await send(message)

        await self.quart_app(scope, transfer.receive, send_in_turn)


@define(eq=False)
class _Transfer:
    """A request body on its way to Quart: counted, and dropped once the answer has begun."""

    upstream: Receive
    complete: bool = False
    unwanted: bool = False
    answered: bool = False
    dropped: int = 0
    _settled: trio.Event = field(factory=trio.Event)
    _ended: trio.Event = field(factory=trio.Event)

    async def receive(self) -> Message:
        message = await self.upstream()
        if message["type"] != "http.request":
            self.complete = True
            if self.answered:
                # hypercorn says so in the middle of our last send, before it has closed or recycled the connection;
                # Quart would cancel that send, and the connection would stay as it is for ever.
                await trio.sleep_forever()
        else:
            self.complete = self.complete or not message.get("more_body", False)
            if self.unwanted:
                self.dropped += len(message.get("body", b""))
                message = {**message, "body": b""}
        if self.complete:
            self._ended.set()
        if self.complete or self.dropped > DRAIN_BYTES:
            self._settled.set()
        return message

    async def settle(self, seconds: float) -> bool:
        """The answer begins: wait for the body's end; whether it came."""
        self.unwanted = True
        if not self.complete:
            with trio.move_on_after(seconds):
                await self._settled.wait()
        return self.complete

    async def linger(self) -> None:
        """The connection will be closed: let the peer read the answer first."""
        with trio.move_on_after(LINGER_SECONDS):
            await self._ended.wait()


def _is_loopback(host: str) -> bool:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower() in _LOOPBACK


async def _problem(scope: Scope, receive: Receive, send: Send, problem: Problem) -> None:
    headers = tuple((name.lower().encode(), value.encode()) for name, value in problem.headers)
    await refuse(scope, send, Body(scope, receive), problem.status, problem.body(), PROBLEM.encode(), headers)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Ours starts and stops with the daemon's nurseries, not with a listener: say yes to the server."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
