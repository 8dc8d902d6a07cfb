import pytest

from daemon.control.tenants import merged
from tests.support.control import AUTO_SUL, Control

FULL = {
    "id": "auto-sul",
    "name": "Auto Sul Veículos",
    "time_zone": "America/Sao_Paulo",
    "address": "Av. Farrapos, 1200, Porto Alegre",
    "phone": "+555133330000",
    "channel": {"kind": "cloud", "phone_number_id": "1063", "waba_id": "1022", "access_token": "EAAG123"},
    "assistant": {
        "providers": ["anthropic", "openai", "catalogue"],
        "persona": "Bia",
        "greeting": "Oi!",
        "voice": {"enabled": True, "voice_id": None},
        "hours": {"mon": ["08:00-18:00"], "sun": []},
        "finance_rate_percent_month": 1.69,
        "handover_minutes": 240,
    },
    "stock_feed": {"url": "https://loja.example/estoque.xml", "format": "auto", "every_minutes": 30},
}


async def test_a_tenant_goes_in_and_comes_out_without_its_secret(desk: Control) -> None:
    async with desk.client(await desk.token()) as api:
        made = await api.post("/v1/tenants", json=FULL)
        assert made.status_code == 201, made.text
        assert made.headers["location"] == "/v1/tenants/auto-sul"
        shown = await api.get("/v1/tenants/auto-sul")
    assert shown.json() == made.json()
    out = shown.json()
    assert out["channel"] == {
        "kind": "cloud",
        "phone_number_id": "1063",
        "waba_id": "1022",
        "access_token": None,
        "access_token_set": True,
    }
    assert "EAAG123" not in made.text
    assert out["state"] == "active"
    assert out["created_at"] == "2026-03-14T15:09:26.000Z"
    assert out["assistant"]["hours"] == {"mon": ["08:00-18:00"], "sun": []}


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"id": "Auto Sul"}, ["id"]),
        ({"name": ""}, ["name"]),
        ({"time_zone": "Mars/Olympus"}, ["time_zone"]),
        ({"phone": "51 3333"}, ["phone"]),
        ({"colour": "red", "name": 3}, ["colour", "name"]),
        ({"channel": {"kind": "pigeon"}}, ["channel.kind"]),
        ({"channel": {"kind": "cloud"}}, ["channel.phone_number_id"]),
        ({"channel": "cloud"}, ["channel"]),
        ({"assistant": {"providers": ["anthropic", "oracle"]}}, ["assistant.providers[1]"]),
        ({"assistant": {"providers": "catalogue"}}, ["assistant.providers"]),
        ({"assistant": {"providers": ["openai", "openai"]}}, ["assistant.providers"]),
        ({"assistant": {"hours": {"seg": ["08:00-18:00"]}}}, ["assistant.hours"]),
        ({"assistant": {"hours": {"mon": ["18:00-08:00"]}}}, ["assistant.hours"]),
        ({"assistant": {"holidays": ["25/12/2026"]}}, ["assistant.holidays[0]"]),
        ({"assistant": {"voice": {"enabled": "yes"}}}, ["assistant.voice.enabled"]),
        ({"assistant": {"finance_rate_percent_month": 21}}, ["assistant.finance_rate_percent_month"]),
        ({"assistant": {"handover_minutes": True}}, ["assistant.handover_minutes"]),
        ({"stock_feed": {"format": "auto"}}, ["stock_feed.url"]),
        ({"stock_feed": {"url": "ftp://loja.example/x"}}, ["stock_feed.url"]),
    ],
)
async def test_every_bad_field_is_named(desk: Control, change: dict[str, object], paths: list[str]) -> None:
    async with desk.client(trusted=True) as api:
        answer = await api.post("/v1/tenants", json={**AUTO_SUL, **change})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert sorted(error["path"] for error in answer.json()["errors"]) == sorted(paths)
    assert desk.tenancy.reports == {}


async def test_a_taken_id_is_a_conflict(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        answer = await api.post("/v1/tenants", json=AUTO_SUL)
    assert answer.status_code == 409
    assert "taken" in answer.json()["detail"]


async def test_patch_merges_and_checks_the_whole(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        await api.post("/v1/tenants", json=FULL)
        changed = await api.patch(
            "/v1/tenants/auto-sul",
            json={"name": "Sul", "assistant": {"persona": "Leo", "hours": {"sun": None}}, "stock_feed": None},
        )
        assert changed.status_code == 200, changed.text
        out = changed.json()
        assert (out["name"], out["assistant"]["persona"], out["assistant"]["greeting"]) == ("Sul", "Leo", "Oi!")
        assert out["assistant"]["hours"] == {"mon": ["08:00-18:00"]}
        assert out["stock_feed"] is None
        assert out["channel"]["access_token_set"] is True
        removed = await api.patch("/v1/tenants/auto-sul", json={"channel": {"access_token": None}})
        assert removed.json()["channel"]["access_token_set"] is False
        bad = await api.patch("/v1/tenants/auto-sul", json={"channel": {"phone_number_id": ""}})
        assert bad.status_code == 422
        assert bad.json()["errors"][0]["path"] == "channel.phone_number_id"
        renamed = await api.patch("/v1/tenants/auto-sul", json={"id": "other"})
        assert renamed.status_code == 422
        for document in ("[]", '"x"', "null"):
            answer = await api.patch(
                "/v1/tenants/auto-sul", content=document, headers={"Content-Type": "application/merge-patch+json"}
            )
            assert answer.status_code == 422
        assert (await api.get("/v1/tenants/auto-sul")).json()["name"] == "Sul"


async def test_the_list_is_paged(desk: Control) -> None:
    for id_ in ("c-cars", "a-cars", "b-cars"):
        await desk.add(id_)
    async with desk.client(trusted=True) as api:
        first = (await api.get("/v1/tenants", params={"limit": 2})).json()
        assert [item["id"] for item in first["items"]] == ["a-cars", "b-cars"]
        second = (await api.get("/v1/tenants", params={"limit": 2, "after": first["next"]})).json()
    assert [item["id"] for item in second["items"]] == ["c-cars"]
    assert second["next"] is None


async def test_life_of_a_tenant(desk: Control) -> None:
    await desk.add()
    one = "/v1/tenants/auto-sul"
    async with desk.client(trusted=True) as api:
        suspended = await api.post(f"{one}/suspend", json={"reason": "não pagou"})
        assert suspended.json() == {"id": "auto-sul", "state": "suspended", "reason": "não pagou", "retry_at": None}
        assert (await api.get(one)).json()["state"] == "suspended"
        assert (await api.post(f"{one}/resume")).json()["state"] == "active"
        assert (await api.post(f"{one}/restart")).status_code == 200
        assert desk.tenancy.restarts == ["auto-sul"]
        assert (await api.get(f"{one}/channel")).json()["state"] == "up"
        tasks = (await api.get(f"{one}/tasks")).json()["items"]
        assert tasks == (await api.get("/v1/tasks")).json()["items"]
        assert (tasks[0]["tenant"], tasks[0]["name"], tasks[0]["state"]) == ("auto-sul", "channel", "running")
        gone = await api.delete(one)
        assert (gone.status_code, gone.content) == (204, b"")
        assert "content-type" not in gone.headers
        for path in ("", "/tasks", "/channel", "/vehicles", "/conversations"):
            assert (await api.get(one + path)).status_code == 404, path


def test_merging_is_rfc_7396() -> None:
    cases = [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": "b"}, ["c"], ["c"]),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ]
    for stored, patch, result in cases:
        assert merged(stored, patch) == result
