"""The emulated Graph API over real loopback HTTP, in the test's own loop."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import trio

from daemon.channels.cloud import CloudApp, CloudChannel
from daemon.emulator.graph import GraphPeer
from daemon.emulator.listening import serve

PHONE_NUMBER_ID = "200000000000001"
VERSION = "v26.0"
TOKEN = "EAAG-emulated"


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """The base URL of an ASGI app on a free port; cut off at the end."""
    async with trio.open_nursery() as nursery:
        port = await nursery.start(serve, app)
        yield f"http://127.0.0.1:{port}"
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def graph_peer(**options: Any) -> AsyncIterator[tuple[GraphPeer, str]]:
    """A peer with its courier running, and its base URL."""
    peer = GraphPeer(**options)
    async with serving(peer) as url, trio.open_nursery() as nursery:
        if peer.courier is not None:
            await nursery.start(peer.courier.run)
        yield peer, url
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def cloud_channel(url: str, *, app: CloudApp | None = None, token: str = TOKEN) -> AsyncIterator[CloudChannel]:
    """A channel of its own client."""
    async with httpx.AsyncClient() as client:
        yield CloudChannel(
            client,
            graph_url=url,
            version=VERSION,
            phone_number_id=PHONE_NUMBER_ID,
            token=lambda: token,
            rng=random.Random(7),
            app=app,
        )


class WebhookSink:
    """Takes webhooks; answers with `statuses` one after the other, then 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.bodies.append(body)
            self.signatures.append(dict(scope["headers"])[b"x-hub-signature-256"].decode())
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
