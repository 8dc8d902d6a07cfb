"""A tenant's `web` channel, put together: its session file, its socket, its way to the media hosts."""

import os
import ssl
from typing import Final
from urllib.parse import urlsplit

import httpx
import trio

from daemon.channels.web.channel import WebApp, WebChannel
from daemon.channels.web.composing import Load
from daemon.channels.web.connection import Randomness
from daemon.channels.web.files import Files
from daemon.channels.web.live import Deliver
from daemon.channels.web.version import PAGE, ClientVersion
from daemon.channels.web.websocket import Server
from daemon.config import WebConfig
from daemon.tenants.surroundings import Surroundings
from daemon.tenants.web_keys import WebKeys
from daemon.whatsapp.web.noise import WHATSAPP_ROOT

CONNECTING: Final = 32
"""Sockets of a process that shake hands at a time."""


def web_app(config: WebConfig, client: httpx.AsyncClient) -> WebApp:
    """What all tenants share. Only WhatsApp's own server has a page that tells its client version."""
    where = urlsplit(config.url)
    page = PAGE if where.hostname == "web.whatsapp.com" else ""
    return WebApp(
        connecting=trio.CapacityLimiter(CONNECTING),
        version=ClientVersion(client, page=page),
        tls=ssl.create_default_context() if where.scheme == "wss" else None,
    )


async def web_channel(tenant: str, around: Surroundings, deliver: Deliver, load: Load) -> tuple[WebChannel, Files]:
    """The channel, and the fetcher of its customers' files. Makes the session file if it is not there. `load` has the
    pictures of vehicles as files.

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
        server=Server(config.url, root, around.web_app.tls),
        app=around.web_app,
        files=files,
        load=load,
        deliver=deliver,
        now=around.now,
        randomness=Randomness(os.urandom, around.rng),
        pace_factor=config.pace,
    )
    return channel, files
