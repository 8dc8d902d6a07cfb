"""A real Baileys client in a Node process of its own, driven from a test. `baileys/peer.mjs` is the other half."""

import base64
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import trio
from attrs import define, frozen

from daemon.emulator.whatsapp_web.accounts import Device
from daemon.emulator.whatsapp_web.network import Network
from daemon.emulator.whatsapp_web.phone import Phone
from tests.support.line_process import WAIT_SECONDS, Line, LineProcess, line_process

FOLDER: Final = Path(__file__).parent / "baileys"


def missing() -> str:
    """Why Baileys cannot run here; "" if it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (FOLDER / "node_modules" / "baileys").is_dir():
        return "Baileys is not installed: run tests/support/baileys/install"
    return ""


needs_baileys = pytest.mark.skipif(
    bool(missing()) and os.environ.get("SHOWROOMD_TEST_BAILEYS") != "must", reason=missing() or "Baileys is there"
)


@frozen(kw_only=True)
class Memory:
    """Of the whole Node process, after a garbage collection, in bytes."""

    rss: int
    heap: int
    external: int
    array_buffers: int
    sockets: int  # that are open


@define(eq=False)
class Peer(LineProcess):
    """A running process. A `socket` is one linked device in it."""

    async def event(self, *kinds: str, socket: str = "main", where: Callable[[Line], object] = bool) -> Line:
        """The oldest event of these kinds on that socket, once there is one."""
        return await self.matching(
            lambda event: event["event"] in kinds and event["socket"] == socket and bool(where(event))
        )

    async def open(self, *, socket: str = "main", **options: Any) -> None:
        """Start a device: it pairs (its QR code is an event) or logs in again."""
        await self.call("open", socket=socket, options=options)

    async def close(self, *, socket: str = "main") -> None:
        """End its connection; the device stays linked."""
        await self.call("close", socket=socket)

    async def send(
        self, to: str, content: Mapping[str, Any], *, socket: str = "main", quote: str | None = None, **options: Any
    ) -> str:
        """Send what Baileys calls `content`, files as base64; the message's id."""
        extra = {} if quote is None else {"quote": quote}
        answer = await self.call("send", socket=socket, to=to, content=content, options=options, **extra)
        return str(answer["key"]["id"])

    async def text(self, to: str, text: str, *, socket: str = "main", quote: str | None = None) -> str:
        """Send a text; the message's id."""
        return await self.send(to, {"text": text}, socket=socket, quote=quote)

    async def react(self, to: str, message_id: str, text: str, *, socket: str = "main") -> None:
        """React to a message; "" takes it back."""
        await self.call("react", socket=socket, to=to, message_id=message_id, text=text)

    async def read(self, *message_ids: str, socket: str = "main") -> None:
        """Mark as read."""
        await self.call("read", socket=socket, message_ids=message_ids)

    async def download(self, message_id: str, *, socket: str = "main") -> bytes:
        """The file of a message that was received."""
        answer = await self.call("download", socket=socket, message_id=message_id)
        return base64.b64decode(answer["bytes"])

    async def memory(self) -> Memory:
        """What the process holds."""
        answer = await self.call("memory")
        return Memory(**{name: answer[name] for name in ("rss", "heap", "external", "array_buffers", "sockets")})


@asynccontextmanager
async def baileys(url: str, directory: Path, *, ca_file: Path | None = None) -> AsyncIterator[Peer]:
    """A process that connects to `url` and keeps its devices in `directory`; killed at the end.

    ca_file: certificates it trusts besides (PEM), for a media host of ours.
    """
    directory.mkdir(parents=True, exist_ok=True)
    environ = {"TMPDIR": str(directory)}  # Baileys writes there what it uploads
    if ca_file is not None:
        environ["NODE_EXTRA_CA_CERTS"] = str(ca_file)
    command = ["node", "--expose-gc", str(FOLDER / "peer.mjs"), url, str(directory)]
    async with line_process(Peer, command, environ) as peer:
        yield peer


async def link(peer: Peer, network: Network, phone: Phone, *, socket: str = "main", **options: Any) -> Device:
    """Open a device and have `phone` scan its QR code; the companion, once it is connected and caught up."""
    await peer.open(socket=socket, **options)
    network.scan(phone, (await peer.event("qr", socket=socket))["text"])
    await peer.event("paired", socket=socket)
    return await logged_in(peer, network, phone, socket=socket)


async def logged_in(peer: Peer, network: Network, phone: Phone, *, socket: str = "main") -> Device:
    """The newest companion of `phone`, once it is connected and cleared all that waited for it."""
    await peer.event("open", socket=socket)
    await peer.event("caught_up", socket=socket)
    device = network.companion(phone.account.phone)
    with trio.fail_after(WAIT_SECONDS):
        await network.until(lambda: network.greeted(device) and not device.waiting)
    return device
