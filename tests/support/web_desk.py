"""Dealerships on the phone app: the real daemon as their linked device, WhatsApp's side in the test's process."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from attrs import define

from daemon.emulator.whatsapp_web.letters import Letter
from daemon.emulator.whatsapp_web.network import Network
from daemon.emulator.whatsapp_web.phone import Phone
from daemon.emulator.whatsapp_web.rig import Rig as WhatsApp
from daemon.emulator.whatsapp_web.rig import running
from daemon.whatsapp.web import messages_pb2 as wa
from tests.support.rig import Rig, rig
from tests.support.stock import STOCK

PATIENCE_SECONDS = 60

Json = dict[str, Any]


def settings(whatsapp: WhatsApp) -> str:
    """The part of the daemon's configuration that leads to this server, without human-like pauses."""
    return f"""
[whatsapp.web]
url = "{whatsapp.url}"
root_public_key = "{whatsapp.root_public_key.hex()}"
media_origins = ["http://{whatsapp.media.store.host}"]
pace = 0.0
"""


def said(text: str) -> wa.Message:
    return wa.Message(conversation=text)


@define(eq=False)
class WebDesk:
    """One daemon, WhatsApp's side, and the people."""

    daemon: Rig
    whatsapp: WhatsApp
    shop: Phone
    ana: Phone
    bia: Phone

    @property
    def network(self) -> Network:
        return self.whatsapp.network

    async def add(self, tenant: str, **assistant: Any) -> None:
        await self.daemon.call(
            "POST",
            "/v1/tenants",
            {
                "id": tenant,
                "name": f"Loja {tenant}",
                "channel": {"kind": "web"},
                "assistant": {"providers": ["catalogue"], "quiet_spell_seconds": 0.0, **assistant},
            },
        )
        await self.daemon.add_stock(tenant, STOCK)

    async def channel(self, tenant: str = "auto-sul") -> Json:
        found: Json = await self.daemon.call("GET", f"/v1/tenants/{tenant}/channel")
        return found

    async def until_channel(self, state: str, tenant: str = "auto-sul") -> Json:
        """Wait for that state of the channel."""
        found: Json = {}

        async def reached() -> bool:
            nonlocal found
            found = await self.channel(tenant)
            return bool(found["state"] == state)

        await self.daemon.until(reached)
        return found

    async def link(self, phone: Phone, tenant: str = "auto-sul") -> None:
        """Show the QR and have that phone scan it."""
        shown = await self.daemon.call("POST", f"/v1/tenants/{tenant}/channel/pair")
        self.network.scan(phone, shown["qr"])
        await self.until_channel("up", tenant)

    def write(self, sender: Phone, text: str) -> str:
        """Somebody writes to the shop; the message's id."""
        return self.network.write(sender, self.shop.account, said(text))

    async def until(self, condition: Callable[[], bool]) -> None:
        with trio.fail_after(PATIENCE_SECONDS):
            await self.network.until(condition)

    def from_shop(self, phone: Phone) -> list[Letter]:
        """What the shop said to that phone, in order."""
        return [one for one in phone.letters.values() if one.sender.account is self.shop.account]

    async def answered(self, phone: Phone, count: int = 1) -> list[Letter]:
        """The same, once there are `count`."""
        await self.until(lambda: len(self.from_shop(phone)) >= count)
        return self.from_shop(phone)

    async def conversations(self, tenant: str = "auto-sul") -> list[Json]:
        found: list[Json] = (await self.daemon.call("GET", f"/v1/tenants/{tenant}/conversations?limit=500"))["items"]
        return found

    async def messages(self, conversation: Json, tenant: str = "auto-sul") -> list[Json]:
        path = f"/v1/tenants/{tenant}/conversations/{conversation['id']}/messages?limit=500"
        found: list[Json] = (await self.daemon.call("GET", path))["items"]
        return found

    async def only_conversation(self) -> tuple[Json, list[Json]]:
        [found] = await self.conversations()
        return found, await self.messages(found)

    async def until_messages(self, condition: Callable[[list[Json]], bool]) -> list[Json]:
        """The messages of the only conversation, once that holds."""
        found: list[Json] = []

        async def holds() -> bool:
            nonlocal found
            conversations = await self.conversations()
            found = await self.messages(conversations[0]) if conversations else []
            return condition(found)

        await self.daemon.until(holds)
        return found


@asynccontextmanager
async def web_desk(
    directory: Path, *, linked: bool = True, more: str = "", environ: Mapping[str, str] | None = None, **assistant: Any
) -> AsyncIterator[WebDesk]:
    """A tenant "auto-sul" on `web`, linked to the shop's phone; `more` is TOML added to the configuration."""
    async with running(directory) as whatsapp:
        network = whatsapp.network
        shop = network.add_account("5551933330001", name="Auto Sul")
        ana = network.add_account("5551999990001", name="Ana")
        bia = network.add_account("5551999990002", name="Bia")
        async with rig(directory, settings=settings(whatsapp) + more, environ=environ) as daemon:
            await daemon.start()
            desk = WebDesk(daemon, whatsapp, shop, ana, bia)
            await desk.add("auto-sul", **assistant)
            if linked:
                await desk.link(shop)
            yield desk
