"""A dealership with its phone and our device, and a customer, on one network."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from daemon.channels.web.keys import Rows
from daemon.whatsapp.web.jid import LID, Jid
from daemon.whatsapp.web.node import Attr, Node
from tests.support.web_devices import Network, WebDevice, network_on_disk

SHOP, SHOP_LID = Jid("5511900000001"), Jid("111", LID)
ANA, ANA_LID = Jid("5521988887777"), Jid("222", LID)


@define
class Cast:
    net: Network
    phone: WebDevice  # the dealership's
    web: WebDevice  # ours, linked to it
    ana: WebDevice


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[Cast]:
    async with network_on_disk(tmp_path) as net:
        phone, web = await net.join(SHOP.user, SHOP_LID.user), await net.join(SHOP.user, SHOP_LID.user, 12)
        await web.rows(lambda rows: rows.save_identity("111_1:0", phone.device.identity.public))
        yield Cast(net, phone, web, await net.join(ANA.user, ANA_LID.user))


def kinds(nodes: list[Node]) -> list[tuple[str, str]]:
    return [(node.tag, node.get("type") or node.get("error")) for node in nodes]


async def snapshot(device: WebDevice) -> dict[str, Any]:
    """All that a message could change beside its own proof."""

    def work(rows: Rows) -> dict[str, Any]:
        tx = rows._tx  # type: ignore[attr-defined]
        tables = "addresses app_state_keys facts message_secrets privacy_tokens phone_requests outbound device failures"
        return {table: list(tx.rows(f"SELECT * FROM {table}")) for table in tables.split()}

    return await device.rows(work)


async def stored(device: WebDevice) -> list[tuple[Any, ...]]:
    """(stanza, plaintext, drained) of everything received."""
    return await device.rows(
        lambda rows: list(rows._tx.rows("SELECT stanza, plaintext, drained FROM inbound"))  # type: ignore[attr-defined]
    )


def empty(cast: Cast, id_: str = "3EB0AD", *, age: int = 0, kind: str = "", by: Jid = ANA_LID) -> Node:
    """A message without its content, as ads produce them."""
    attrs: dict[str, Attr] = {"id": id_, "from": by, "t": str(cast.net.seconds - age), "notify": "Ana"}
    return Node("message", attrs, (Node("unavailable", {"type": kind} if kind else {}),))
