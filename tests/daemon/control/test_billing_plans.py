"""Plans, subscriptions and prices over HTTP. The clock of these tests stands at 14 March 2026."""

from typing import Any

import pytest

from tests.support.control import Control

PLAN: dict[str, Any] = {
    "id": "essencial",
    "name": "Essencial",
    "monthly_centavos": 29_900,
    "meters": {"conversations": {"included": 300, "price": "0.35", "hard_limit": 1000}},
}
PRICE = {
    "provider": "anthropic",
    "unit": "input_tokens",
    "currency": "USD",
    "price": "1.00",
    "per": 1_000_000,
    "from_day": "2026-03-01",
}


async def test_plans_have_versions(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        headers = {"Idempotency-Key": "one"}
        made = await api.post("/v1/billing/plans", json=PLAN, headers=headers)
        assert made.status_code == 201
        assert (await api.post("/v1/billing/plans", json=PLAN, headers=headers)).json() == made.json()
        assert made.json()["meters"] == {
            "conversations": {"included": 300, "price": "0.35", "per": 1, "hard_limit": 1000}
        }
        await api.post("/v1/billing/plans", json={**PLAN, "monthly_centavos": 39_900})
        listed = (await api.get("/v1/billing/plans")).json()["items"]
        assert [(one["version"], one["monthly_centavos"]) for one in listed] == [(1, 29_900), (2, 39_900)]
        page = (await api.get("/v1/billing/plans", params={"limit": 1})).json()
        rest = (await api.get("/v1/billing/plans", params={"after": page["next"]})).json()
        assert page["items"] + rest["items"] == listed
        assert (await api.get("/v1/audit")).json()["items"][0]["action"] == "plan.add"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": "A b"}, "id"),
        ({"monthly_centavos": 1.5}, "monthly_centavos"),
        ({"monthly_centavos": -1}, "monthly_centavos"),
        ({"over_limit": "nothing"}, "over_limit"),
        ({"meters": {"cars": {}}}, "meters.cars"),
        ({"meters": {"tokens": {"price": "0,35"}}}, "meters.tokens.price"),
        ({"meters": {"tokens": {"price": "1\n"}}}, "meters.tokens.price"),
        ({"meters": {"tokens": {"price": 0.35}}}, "meters.tokens.price"),
        ({"meters": {"tokens": {"per": 0}}}, "meters.tokens.per"),
        ({"meters": {"tokens": {"hard_limit": 0}}}, "meters.tokens.hard_limit"),
    ],
)
async def test_bad_plans(desk: Control, change: dict[str, Any], path: str) -> None:
    async with desk.client(trusted=True) as api:
        answer = await api.post("/v1/billing/plans", json={**PLAN, **change})
    assert answer.status_code == 422
    assert [one["path"] for one in answer.json()["errors"]] == [path]


async def test_a_subscription_starts_changes_and_ends(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        await api.post("/v1/billing/plans", json={**PLAN, "trial_days": 7})
        path = "/v1/billing/subscriptions"
        started = (await api.post(path, json={"tenant": "auto-sul", "plan": "essencial"})).json()
        assert started == {
            "tenant": "auto-sul",
            "day": "2026-03-14",
            "plan": "essencial",
            "version": 1,
            "trial_until": "2026-03-21",
        }
        await api.post("/v1/billing/plans", json={**PLAN, "id": "ouro"})
        changed = await api.post(path, json={"tenant": "auto-sul", "plan": "ouro", "day": "2026-03-20"})
        assert changed.json()["trial_until"] == "2026-03-21"
        early = await api.post(path, json={"tenant": "auto-sul", "plan": "ouro", "day": "2026-03-01"})
        assert early.status_code == 409
        ended = await api.post(f"{path}/end", json={"tenant": "auto-sul", "day": "2026-03-31"})
        assert (ended.json()["plan"], ended.json()["day"]) == (None, "2026-03-31")
        listed = (await api.get(path, params={"tenant": "auto-sul"})).json()["items"]
        assert [one["plan"] for one in listed] == ["essencial", "ouro", None]
        for body, status in (
            ({"tenant": "nobody", "plan": "ouro"}, 404),
            ({"tenant": "auto-sul", "plan": "prata"}, 404),
            ({"tenant": "auto-sul", "plan": "ouro", "day": "2026-02-30"}, 422),
            ({"tenant": "auto-sul", "plan": "ouro", "day": "20260401"}, 422),
        ):
            assert (await api.post(path, json=body)).status_code == status, body


async def test_the_price_book(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        made = await api.post("/v1/billing/prices", json=PRICE)
        assert made.status_code == 201
        assert made.json() == {**PRICE, "seq": 1, "model": "", "pricing_category": "", "pricing_type": ""}
        assert (await api.get("/v1/billing/prices")).json()["items"] == [made.json()]
        rate = (await api.post("/v1/billing/rates", json={"day": "2026-03-01", "usd_brl": "5.4321"})).json()
        assert (await api.get("/v1/billing/rates", params={"after": "x"})).json()["items"] == [rate]
        assert (await api.get("/v1/billing/rates", params={"after": "1"})).json()["items"] == []
        for change in ({"unit": "cars"}, {"currency": "EUR"}, {"price": "1e3"}, {"from_day": "soon"}):
            assert (await api.post("/v1/billing/prices", json={**PRICE, **change})).status_code == 422


async def test_who_may(desk: Control) -> None:
    await desk.add()
    async with (
        desk.client(await desk.token("viewer")) as viewer,
        desk.client(await desk.token("admin", "auto-sul")) as bound,
    ):
        assert (await viewer.get("/v1/billing/plans")).status_code == 200
        assert (await viewer.post("/v1/billing/plans", json=PLAN)).status_code == 403
        assert (await bound.post("/v1/billing/plans", json=PLAN)).status_code == 403
        assert (await bound.get("/v1/billing/prices")).status_code == 403
        assert (await bound.get("/v1/billing/subscriptions")).status_code == 200
        assert (await bound.get("/v1/billing/subscriptions", params={"tenant": "b-cars"})).status_code == 403
