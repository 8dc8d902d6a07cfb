"""What Asaas sees of us."""

import httpx
import pytest

from shards.central import invoices
from shards.errors import StorageFull
from tests.daemon.billing.test_asaas import notice
from tests.daemon.control.test_billing_invoices import billed
from tests.support.control import ASAAS_TOKEN, Control
from tests.support.failing import Failing

TOKEN = {"asaas-access-token": ASAAS_TOKEN}


async def post(desk: Control, body: bytes, headers: dict[str, str] = TOKEN) -> httpx.Response:
    async with desk.client() as api:
        return await api.post("/webhooks/asaas", content=body, headers=headers)


async def test_a_payment_is_noted_once(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        draft = await billed(desk, api)
        await api.post(f"/v1/billing/invoices/{draft['id']}/issue")
    for event, id_ in (("PAYMENT_CONFIRMED", "evt_1"), ("PAYMENT_CONFIRMED", "evt_1"), ("PAYMENT_RECEIVED", "evt_2")):
        answer = await post(desk, notice(event, id_, value=149.5, externalReference=draft["id"]))
        assert (answer.status_code, answer.content) == (200, b"")
    found = await desk.central.read(lambda tx: invoices.get(tx, draft["id"]))
    assert (found.state, found.paid_centavos) == ("paid", 14_950)
    payments = [entry for entry in desk.ring.ring._entries if entry.event == "payment"]
    assert [(entry.tenant, entry.data["outcome"]) for entry in payments] == [("auto-sul", "paid")]


async def test_what_belongs_to_nothing_is_taken_and_told(desk: Control) -> None:
    assert (await post(desk, notice(externalReference="77"))).status_code == 200
    [entry] = [entry for entry in desk.ring.ring._entries if entry.event == "payment"]
    assert (entry.tenant, entry.data["outcome"], entry.data["amount_centavos"]) == (None, "look", 29_990)
    assert (await post(desk, notice("PAYMENT_CREATED", "evt_2"))).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"asaas-access-token": "wrong"}, {"asaas-access-token": ""}])
async def test_who_does_not_know_the_token(desk: Control, headers: dict[str, str]) -> None:
    answer = await post(desk, notice(), headers)
    assert answer.status_code == 401
    assert await desk.central.read(lambda tx: tx.value("SELECT count(*) FROM asaas_events")) == 0


async def test_what_is_no_notice(desk: Control) -> None:
    assert (await post(desk, b"[]")).status_code == 400
    assert (await post(desk, b" " * 300_000)).status_code == 413
    async with desk.client() as api:
        assert (await api.get("/webhooks/asaas")).status_code == 405


async def test_a_full_disk_asks_for_it_again(desk: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Failing(monkeypatch)
    failing.plan("central.db", StorageFull("the disk is full", "free some space"))
    assert (await post(desk, notice())).status_code == 503
    failing.heal("central.db")
    assert (await post(desk, notice())).status_code == 200
