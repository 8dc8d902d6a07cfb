"""A tenant's `web` channel, put together: its session file, its socket, its way to the media hosts."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import trio

from daemon.channels.media import sniffed
from daemon.channels.web.channel import WebApp, WebChannel
from daemon.channels.web.connection import Randomness, Server
from daemon.channels.web.files import Files
from daemon.channels.web.live import Deliver
from daemon.channels.web.version import PAGE, ClientVersion
from daemon.config import WebConfig
from daemon.errors import FetchError
from daemon.stock.fetch import Fetcher
from daemon.tenants.surroundings import Surroundings
from daemon.tenants.web_keys import WebKeys
from daemon.whatsapp.web.noise import WHATSAPP_ROOT

CONNECTING: Final = 32
"""Sockets of a process that shake hands at a time."""
MAX_PICTURE_BYTES: Final = 16 << 20


def web_app(config: WebConfig, client: httpx.AsyncClient) -> WebApp:
    """What all tenants share. Only WhatsApp's own server has a page that tells its client version."""
    ours = urlsplit(config.url).hostname == "web.whatsapp.com"
    return WebApp(connecting=trio.CapacityLimiter(CONNECTING), version=ClientVersion(client, page=PAGE if ours else ""))


async def web_channel(tenant: str, around: Surroundings, deliver: Deliver) -> tuple[WebChannel, Files]:
    """The channel, and the fetcher of its customers' files. Makes the session file if it is not there.

    Raises `ShardUnavailable`.
    """
    config = around.config.whatsapp.web
    handle = await around.sessions.create(tenant)
    files = Files(
        around.graph,
        tenant=tenant,
        media_dir=around.data_dir / "media",
        test_origins=config.media_origins,
        random_bytes=os.urandom,
        now=around.now,
    )
    root = bytes.fromhex(config.root_public_key) or WHATSAPP_ROOT
    channel = WebChannel(
        WebKeys(handle, around.sealer, tenant),
        tenant=tenant,
        server=Server(config.url, root),
        app=around.web_app,
        files=files,
        load=partial(_loaded, fetcher=around.fetcher, folder=around.data_dir / "media" / tenant),
        deliver=deliver,
        now=around.now,
        randomness=Randomness(os.urandom, around.rng),
        pace_factor=config.pace,
    )
    return channel, files


@asynccontextmanager
async def _loaded(url: str, *, fetcher: Fetcher, folder: Path) -> AsyncIterator[tuple[Path, str]]:
    """A picture of the web as a file, for as long as the block runs. Raises `FetchError`."""
    path = folder / f".incoming-{secrets.token_hex(8)}"
    try:
        async with fetcher.open(url, max_bytes=MAX_PICTURE_BYTES) as opened:
            if opened.status >= 400:
                raise FetchError(f"the picture is not there (HTTP {opened.status})", "see the stock's photo addresses")
            head = b""
            await trio.to_thread.run_sync(partial(folder.mkdir, parents=True, exist_ok=True, mode=0o700))
            async with await trio.open_file(path, "xb") as file:
                async for chunk in opened.chunks:
                    head = head or chunk[:16]
                    await file.write(chunk)
        yield path, sniffed(head) or opened.headers.get("content-type", "").partition(";")[0] or "image/jpeg"
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(partial(path.unlink, missing_ok=True))
