"""A dealership on the phone app: the daemon as its linked device, WhatsApp's side in a process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.rig import Rig, rig
from tests.support.stock import STOCK
from tests.support.web_server import WebServer, web_server

SHOP, ANA, BIA = "5551933330001", "5551999990001", "5551999990002"


def settings(server: WebServer) -> str:
    return f"""
[whatsapp.web]
url = "{server.url}"
root_public_key = "{server.root_public_key}"
media_origins = ["{server.media_origin}"]
pace = 0.0
"""


@asynccontextmanager
async def dealership(directory: Path, *, linked: bool = True) -> AsyncIterator[tuple[Rig, WebServer]]:
    """A daemon with one tenant on `web`, and people with phones."""
    async with web_server() as server:
        for phone, name in ((SHOP, "Auto Sul"), (ANA, "Ana"), (BIA, "Bia")):
            await server.call("add_account", phone=phone, name=name)
        async with rig(directory, settings=settings(server)) as daemon:
            await daemon.start()
            await add(daemon, "auto-sul")
            if linked:
                await link(daemon, server, "auto-sul", SHOP)
            yield daemon, server


async def add(daemon: Rig, tenant: str) -> None:
    await daemon.call(
        "POST",
        "/v1/tenants",
        {
            "id": tenant,
            "name": f"Loja {tenant}",
            "channel": {"kind": "web"},
            "assistant": {"providers": ["catalogue"], "quiet_spell_seconds": 0.0},
        },
    )
    await daemon.add_stock(tenant, STOCK)


async def channel(daemon: Rig, tenant: str = "auto-sul") -> dict[str, Any]:
    found: dict[str, Any] = await daemon.call("GET", f"/v1/tenants/{tenant}/channel")
    return found


async def up(daemon: Rig, tenant: str = "auto-sul") -> None:
    async def is_up() -> bool:
        return (await channel(daemon, tenant))["state"] == "up"

    await daemon.until(is_up)


async def link(daemon: Rig, server: WebServer, tenant: str, phone: str) -> None:
    shown = await daemon.call("POST", f"/v1/tenants/{tenant}/channel/pair")
    await server.call("scan", phone=phone, text=shown["qr"])
    await up(daemon, tenant)


async def letters(server: WebServer, phone: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await server.call("letters", phone=phone))["letters"]
    return found


async def heard(daemon: Rig, server: WebServer, phone: str, count: int) -> list[dict[str, Any]]:
    """What the shop said to that customer, once there are `count` messages."""
    found: list[dict[str, Any]] = []

    async def enough() -> bool:
        nonlocal found
        found = [one for one in await letters(server, phone) if one["from"] == SHOP]
        return len(found) >= count

    await daemon.until(enough)
    return found


async def test_a_customer_is_answered(tmp_path: Path) -> None:
    async with dealership(tmp_path) as (daemon, server):
        assert (await channel(daemon))["jid"].startswith(SHOP)
        await server.call("write", phone=ANA, to=SHOP, text="Oi, tem corolla?")
        answer = (await heard(daemon, server, ANA, 1))[0]
        assert "Corolla" in answer["text"]
