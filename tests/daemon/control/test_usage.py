from shards.shard import Tx
from shards.tenant import usage
from tests.support.control import Control


def spend(tx: Tx) -> None:
    usage.record(tx, "tokens", "anthropic", model="haiku", conversation="c1", input_tokens=100, output_tokens=20)
    usage.record(tx, "tokens", "anthropic", model="haiku", conversation="c2", input_tokens=50, output_tokens=5)
    usage.record(tx, "message", "whatsapp", message="m1", messages=1, pricing_category="service")


async def test_a_tenants_own_receipts(desk: Control) -> None:
    await desk.add()
    await desk.tenancy.shard("auto-sul").write(spend)
    async with desk.client(trusted=True) as api:
        path = "/v1/tenants/auto-sul/usage"
        out = (await api.get(path, params={"to": "2026-04-01T00:00:00Z"})).json()
        assert (out["tenant"], out["from"], out["to"]) == (
            "auto-sul", "2026-03-02T00:00:00.000Z", "2026-04-01T00:00:00.000Z",
        )  # fmt: skip
        assert [(line["kind"], line["input_tokens"], line["receipts"]) for line in out["items"]] == [
            ("message", 0, 1),
            ("tokens", 150, 2),
        ]
        one = (await api.get(path, params={"to": "2026-04-01T00:00:00Z", "conversation": "c1"})).json()
        assert [line["input_tokens"] for line in one["items"]] == [100]
        assert (await api.get(path, params={"to": "2026-03-14T15:09:26Z"})).json()["items"] == []
        for query in ({"from": "2026-04-01T00:00:00Z"}, {"from": "yesterday"}, {"to": "2026-13-01T00:00:00Z"}):
            assert (await api.get(path, params=query)).status_code == 422


async def test_all_tenants_from_the_ledger(desk: Control) -> None:
    await desk.add("a-cars")
    await desk.add("b-cars")
    await desk.central.write(
        lambda tx: [
            tx.run(
                "INSERT INTO ledger VALUES (?, ?, 'e', ?, 'tokens', 'openai', 'mini', '',"
                " 10, 1, 0, 0, 0, 0, 0, '', '', 0)",
                (f"{tenant}-{number}", tenant, tx.now_ms - 1000),
            )
            for tenant in ("a-cars", "b-cars")
            for number in range(2)
        ]
    )
    async with desk.client(trusted=True) as api, desk.client(await desk.token("viewer", "b-cars")) as bound:
        first = (await api.get("/v1/usage", params={"limit": 1})).json()
        second = (await api.get("/v1/usage", params={"limit": 1, "after": first["next"]})).json()
        assert [(line["tenant"], line["input_tokens"]) for line in first["items"] + second["items"]] == [
            ("a-cars", 20),
            ("b-cars", 20),
        ]
        assert second["next"] is None
        assert {line["tenant"] for line in (await bound.get("/v1/usage")).json()["items"]} == {"b-cars"}
        assert (await api.get("/v1/usage", params={"tenant": "a-cars"})).json()["items"] == first["items"]
