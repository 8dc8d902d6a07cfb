"""WhatsApp's side of WhatsApp Web in a process of its own; `daemon/emulator/whatsapp_web/admin.py` has the commands."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import define, field

from tests.support.line_process import Line, LineProcess, line_process


@define(eq=False)
class WebServer(LineProcess):
    """A running server, its commands through `call`."""

    ready: Line = field(factory=dict)

    @property
    def url(self) -> str:
        """Where devices connect to."""
        return str(self.ready["url"])

    @property
    def root_public_key(self) -> str:
        """What devices are to trust instead of WhatsApp's root, in hex."""
        return str(self.ready["root_public_key"])

    @property
    def media_origin(self) -> str:
        """The media host without TLS, for clients that may be told of one."""
        return f"http://{self.ready['media']}"

    @property
    def ca_file(self) -> Path:
        """What clients have to trust for the media host with TLS."""
        return Path(self.ready["ca_file"])


@asynccontextmanager
async def web_server(*arguments: str) -> AsyncIterator[WebServer]:
    """A server that runs until the block ends; `arguments` are those of its command line."""
    command = [sys.executable, "-m", "daemon.emulator.whatsapp_web", *arguments]
    async with line_process(WebServer, command, {}) as server:
        server.ready = await server.matching(lambda line: "url" in line)
        yield server
