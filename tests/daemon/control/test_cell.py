"""The entry socket of a cell."""

import httpx
import pytest
import trio
from attrs import define, field

from daemon.control.cell import CellDoor
from daemon.control.webhooks import NUMBERS_PATH, PATH, Webhooks
from daemon.whatsapp.cloud import signature_of

SECRET = "app secret"


@define
class Shop:
    """What is behind the door."""

    received: list[bytes] = field(factory=list)
    reasons: list[str] = field(factory=list)
    not_owned: bytes | None = None

    async def receive_share(self, body: bytes) -> bytes | None:
        await trio.lowlevel.checkpoint()
        self.received.append(body)
        return self.not_owned

    async def numbers(self) -> list[str]:
        await trio.lowlevel.checkpoint()
        return ["1", "2"]

    def ready(self) -> tuple[bool, list[str]]:
        return not self.reasons, self.reasons

    def degraded(self) -> list[str]:
        return []

    def client(self) -> httpx.AsyncClient:
        door = CellDoor(Webhooks(self.receive_share, SECRET, ""), self.numbers, self)
        transport = httpx.ASGITransport(app=door)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://cell")


async def test_it_tells_its_numbers() -> None:
    async with Shop().client() as entry:
        answer = await entry.get(NUMBERS_PATH)
    assert (answer.status_code, answer.json()) == (200, {"phone_number_ids": ["1", "2"]})


async def test_not_before_every_tenant_was_opened() -> None:
    async with Shop(reasons=["the shards are being opened"]).client() as entry:
        answer = await entry.get(NUMBERS_PATH)
    assert (answer.status_code, answer.text) == (503, "the shards are being opened")


@pytest.mark.parametrize("not_owned", [None, b'["999"]'])
async def test_a_delivery_is_stored_and_what_is_not_its_own_is_named(not_owned: bytes | None) -> None:
    shop = Shop(not_owned=not_owned)
    async with shop.client() as entry:
        answer = await entry.post(PATH, content=b"{}", headers={"x-hub-signature-256": signature_of(SECRET, b"{}")})
    assert (answer.status_code, answer.content) == (200, not_owned or b"")
    assert shop.received == [b"{}"]


async def test_who_reaches_the_socket_cannot_invent_a_delivery() -> None:
    shop = Shop()
    async with shop.client() as entry:
        answer = await entry.post(PATH, content=b"{}", headers={"x-hub-signature-256": signature_of("guess", b"{}")})
    assert answer.status_code == 403
    assert shop.received == []


@pytest.mark.parametrize("path", ["/v1/tenants", "/metrics", "/"])
async def test_nothing_else_is_here(path: str) -> None:
    async with Shop().client() as entry:
        assert (await entry.get(path)).status_code == 404
        assert (await entry.post(NUMBERS_PATH)).status_code == 404
