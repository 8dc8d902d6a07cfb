"""Reports, usage and corrections over HTTP. The clock of these tests stands at 14 March 2026."""

from datetime import date
from typing import Any

from shards.shard import Tx
from tests.daemon.control.test_billing_invoices import billed
from tests.daemon.control.test_billing_plans import PRICE
from tests.support.control import Control
from tests.support.ledgers import book, noon, receipt


def spend(tx: Tx) -> None:
    day = noon(date(2026, 2, 20))
    book(
        tx,
        "auto-sul",
        receipt(day, input_tokens=3_000_000, model="haiku"),
        receipt(day, output_tokens=5, model="haiku"),
        receipt(day, "turn", "anthropic", conversation="c1"),
    )


async def test_revenue_cost_and_margin(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        draft = await billed(desk, api)
        await desk.add("b-cars")
        await desk.central.write(spend)
        await api.post(f"/v1/billing/invoices/{draft['id']}/issue")
        await api.post("/v1/billing/prices", json={**PRICE, "from_day": "2026-01-01"})
        await api.post("/v1/billing/rates", json={"day": "2026-01-01", "usd_brl": "5.5"})
        found = (await api.get("/v1/billing/reports")).json()
        assert found["month"] == "2026-02"
        assert found["items"][0] == {
            "tenant": "auto-sul",
            "month": "2026-02",
            "invoiced_centavos": 14_950,
            "credited_centavos": 0,
            "revenue_centavos": 14_950,
            "vendor_cost_centavos": 1_650,
            "server_cost_centavos": 5_000,
            "cost_centavos": 6_650,
            "margin_centavos": 8_300,
            "unpriced": 1,
        }
        assert found["items"][1]["margin_centavos"] == -5_000
        assert (found["total"]["tenant"], found["total"]["margin_centavos"]) == ("", 3_300)
        [missing] = found["unpriced"]
        assert (missing["tenant"], missing["unit"], missing["quantity"]) == ("auto-sul", "output_tokens", 5)
        table = await api.get("/v1/billing/reports", params={"month": "2026-02", "format": "csv"})
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        assert table.text.splitlines()[1].startswith("auto-sul,2026-02,14950,0,14950,1650,5000,6650,8300,1")
        empty = (await api.get("/v1/billing/reports", params={"month": "2020-01"})).json()
        assert [one["revenue_centavos"] for one in empty["items"]] == [0, 0]


async def test_a_months_usage(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        await billed(desk, api)
        await desk.central.write(spend)
        [found] = (await api.get("/v1/billing/usage", params={"month": "2026-02"})).json()["items"]
        assert (found["plan"], found["answered_by"], found["dunning"]) == ("essencial", "full", "current")
        meters = {one["meter"]: (one["used"], one["included"], one["hard_limit"]) for one in found["meters"]}
        assert meters == {
            "conversations": (1, 300, 1000),
            "messages": (0, None, None),
            "tokens": (3_000_005, None, None),
            "voice_seconds": (0, None, None),
        }
        assert (await api.get("/v1/billing/usage", params={"tenant": "nobody"})).status_code == 404
        await desk.add("b-cars")
        first = (await api.get("/v1/billing/usage", params={"limit": 1})).json()
        second = (await api.get("/v1/billing/usage", params={"limit": 1, "after": first["next"]})).json()
        assert [one["tenant"] for one in first["items"] + second["items"]] == ["auto-sul", "b-cars"]
        assert second["next"] is None


async def test_corrections(desk: Control) -> None:
    await desk.add()
    body: dict[str, Any] = {"tenant": "auto-sul", "kind": "tokens", "provider": "anthropic", "reason": "em dobro"}
    async with desk.client(trusted=True) as api:
        made = await api.post(
            "/v1/billing/corrections", json={**body, "input_tokens": -7, "at": "2026-03-01T02:00:00Z"}
        )
        assert made.status_code == 201
        assert made.json()["day"] == "2026-02-28"
        [found] = (await api.get("/v1/billing/usage", params={"month": "2026-02"})).json()["items"]
        assert [one["used"] for one in found["meters"] if one["meter"] == "tokens"] == [-7]
        assert (await api.post("/v1/billing/corrections", json={**body, "tenant": "nobody"})).status_code == 404
        assert (await api.post("/v1/billing/corrections", json={**body, "reason": ""})).status_code == 422
