"""Invoices over HTTP. The clock of these tests stands at 14 March 2026; February is billed."""

from typing import Any

import httpx
import pytest

from daemon.billing import pix
from shards.shard import Tx
from tests.daemon.control.test_billing_plans import PLAN
from tests.support.control import Control

FEBRUARY = {"tenant": "auto-sul", "period": "2026-02"}


async def billed(desk: Control, api: httpx.AsyncClient, tenant: str = "auto-sul") -> dict[str, Any]:
    """A draft for February."""
    await desk.add(tenant)
    await api.post("/v1/billing/plans", json=PLAN)
    await api.post(
        "/v1/billing/subscriptions", json={"tenant": tenant, "plan": "essencial", "version": 1, "day": "2026-02-15"}
    )
    drawn = await api.post("/v1/billing/invoices", json={**FEBRUARY, "tenant": tenant})
    assert drawn.status_code == 201, drawn.text
    made: dict[str, Any] = drawn.json()
    return made


async def test_from_draft_to_paid(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        draft = await billed(desk, api)
        assert (draft["state"], draft["number"], draft["total_centavos"]) == ("draft", None, 14_950)
        [line] = draft["lines"]
        assert line == {
            "kind": "fee",
            "text": "Mensalidade do plano Essencial, 15/02 a 28/02 (14 de 28 dias)",
            "quantity": 14,
            "price": "299.00",
            "per": 28,
            "amount_centavos": 14_950,
        }
        path = f"/v1/billing/invoices/{draft['id']}"
        issued = (await api.post(f"{path}/issue")).json()
        assert (issued["state"], issued["number"], issued["due_day"]) == ("open", 1, "2026-03-24")
        assert pix.parse(issued["pix"]).amount_centavos == 14_950
        assert (await api.post(f"{path}/issue")).status_code == 409
        credited = (await api.post(f"{path}/credits", json={"amount_centavos": 950, "reason": "cortesia"})).json()
        assert (credited["balance_centavos"], credited["credit_notes"][0]["reason"]) == (14_000, "cortesia")
        part = (await api.post(f"{path}/payments", json={"amount_centavos": 4_000, "reference": "E1"})).json()
        assert (part["state"], part["balance_centavos"]) == ("open", 10_000)
        again = await api.post(f"{path}/payments", json={"amount_centavos": 4_000, "reference": "E1"})
        assert again.status_code == 409
        key = {"Idempotency-Key": "rest"}
        paid = await api.post(f"{path}/payments", headers=key)
        assert (await api.post(f"{path}/payments", headers=key)).json() == paid.json()
        assert (paid.json()["state"], paid.json()["balance_centavos"]) == ("paid", 0)
        assert (await api.get(path)).json() == paid.json()
        [listed] = (await api.get("/v1/billing/invoices", params={"state": "paid"})).json()["items"]
        assert (listed["id"], listed["paid_centavos"]) == (draft["id"], 14_000)
        actions = [one["action"] for one in (await api.get("/v1/audit")).json()["items"]]
        assert actions[:2] == ["invoice.pay", "invoice.pay"]


async def test_void_and_drawn_again(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        draft = await billed(desk, api)
        assert (await api.post("/v1/billing/invoices", json=FEBRUARY)).json()["id"] == draft["id"]
        path = f"/v1/billing/invoices/{draft['id']}"
        await api.post(f"{path}/issue")
        assert (await api.post("/v1/billing/invoices", json=FEBRUARY)).status_code == 409
        void = (await api.post(f"{path}/void", json={"reason": "plano errado"})).json()
        assert (void["state"], void["state_reason"]) == ("void", "plano errado")
        again = (await api.post("/v1/billing/invoices", json=FEBRUARY)).json()
        assert again["id"] != draft["id"]
        assert (await api.post(f"{path}/payments")).status_code == 409


async def test_what_cannot_be(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        await billed(desk, api)
        for body, status in (
            ({**FEBRUARY, "period": "2026-03"}, 422),
            ({**FEBRUARY, "period": "2026-01"}, 422),
            ({**FEBRUARY, "period": "2026-13"}, 422),
            ({**FEBRUARY, "tenant": "nobody"}, 422),
        ):
            assert (await api.post("/v1/billing/invoices", json=body)).status_code == status, body
        for path in ("", "/page"):
            assert (await api.get(f"/v1/billing/invoices/none{path}")).status_code == 404
        for path in ("/issue", "/payments"):
            assert (await api.post(f"/v1/billing/invoices/none{path}")).status_code == 404


async def test_a_tenants_token_sees_its_own(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        mine, other = await billed(desk, api), await billed(desk, api, "b-cars")
    async with desk.client(await desk.token("viewer", "auto-sul")) as bound:
        assert [one["id"] for one in (await bound.get("/v1/billing/invoices")).json()["items"]] == [mine["id"]]
        assert (await bound.get(f"/v1/billing/invoices/{mine['id']}")).status_code == 200
        for path in ("", "/page"):
            assert (await bound.get(f"/v1/billing/invoices/{other['id']}{path}")).status_code == 404
        assert (await bound.get("/v1/billing/invoices", params={"tenant": "b-cars"})).status_code == 403
        assert (await bound.post(f"/v1/billing/invoices/{mine['id']}/payments")).status_code == 403


async def test_pages_of_the_list(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        made = {(await billed(desk, api, name))["id"] for name in ("a-cars", "b-cars", "c-cars")}
        seen, after = [], ""
        while True:
            page = (await api.get("/v1/billing/invoices", params={"limit": 1, "after": after})).json()
            seen += [one["id"] for one in page["items"]]
            if page["next"] is None:
                break
            after = page["next"]
        assert set(seen) == made
        assert len(seen) == 3


@pytest.mark.parametrize("state", ["draft", "open", "paid", "overdue", "void"])
async def test_the_page(desk: Control, state: str) -> None:
    async with desk.client(trusted=True) as api:
        draft = await billed(desk, api)
        path = f"/v1/billing/invoices/{draft['id']}"
        if state != "draft":
            await api.post(f"{path}/issue")

        def move(tx: Tx) -> None:
            tx.run("UPDATE invoices SET state = ? WHERE state <> ?", (state, state))

        await desk.central.write(move)
        answer = await api.get(f"{path}/page")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    assert ("<svg" in answer.text) == (state in ("open", "overdue"))
    assert "Auto Sul Veículos" in answer.text
