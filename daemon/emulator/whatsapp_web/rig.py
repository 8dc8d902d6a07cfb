"""Everything together: network, sockets and media host, with this machine's clock and randomness."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from attrs import define

from daemon.clock import utc_now
from daemon.emulator.whatsapp_web.media_host import Certificate, MediaServer, MediaStore
from daemon.emulator.whatsapp_web.network import Network
from daemon.emulator.whatsapp_web.server import Identity, Server


def unix_now() -> int:
    """Seconds."""
    return int(utc_now().timestamp())


@define(eq=False)
class Rig:
    """A running server."""

    network: Network
    server: Server
    media: MediaServer

    @property
    def url(self) -> str:
        """Where devices connect to."""
        return self.server.url

    @property
    def root_public_key(self) -> bytes:
        """What devices are to trust instead of WhatsApp's own root."""
        return self.server.identity.root.public


@asynccontextmanager
async def running(directory: Path, *, port: int = 0, media_port: int = 0) -> AsyncIterator[Rig]:
    """A server that runs until the block ends; `directory` gets the media host's certificate."""
    entropy = os.urandom
    network = Network(unix_now, entropy)
    store = MediaStore(entropy)
    media = MediaServer(store, Certificate.make(utc_now()), directory)
    server = Server(network, Identity.make(entropy, unix_now()), entropy)
    async with trio.open_nursery() as nursery:
        await nursery.start(media.serve, media_port)
        network.use_media(store, media.known_as)
        await nursery.start(server.serve, port)
        yield Rig(network, server, media)
        nursery.cancel_scope.cancel()
