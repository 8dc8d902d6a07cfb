"""What holds for every route: bodies, idempotency, audit, errors."""

import pytest
import trio

from daemon.control.call import Limits
from shards.errors import ShardUnavailable
from tests.conftest import Logs
from tests.support.control import AUTO_SUL, Control, control

SAY = "/v1/tenants/auto-sul/sandbox/messages"
BODY = {"from": "maria", "text": "oi"}


async def test_a_repeat_is_answered_the_same_and_does_nothing(desk: Control) -> None:
    await desk.add()
    key = {"Idempotency-Key": "k-1"}
    async with desk.client(trusted=True) as api:
        first = await api.post(SAY, json=BODY, headers=key)
        again = await api.post(SAY, json=BODY, headers=key)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert len((await api.get(SAY, params={"from": "maria"})).json()["items"]) == 1
        other = await api.post(SAY, json={**BODY, "text": "tchau"}, headers=key)
        assert other.status_code == 422
        assert other.json()["errors"][0]["path"] == "header.Idempotency-Key"


async def test_a_key_belongs_to_its_token_and_path(desk: Control) -> None:
    await desk.add()
    await desk.add("other")
    key = {"Idempotency-Key": "k-1"}
    async with desk.client(trusted=True) as api, desk.client(await desk.token()) as second:
        answers = [
            await api.post(SAY, json=BODY, headers=key),
            await second.post(SAY, json=BODY, headers=key),
            await api.post(SAY.replace("auto-sul", "other"), json=BODY, headers=key),
        ]
    assert len({answer.json()["id"] for answer in answers}) == 3


async def test_two_at_once_with_one_key_have_one_effect(desk: Control) -> None:
    await desk.add()
    answers = []

    async def post() -> None:
        answers.append(await api.post(SAY, json=BODY, headers={"Idempotency-Key": "k"}))

    async with desk.client(trusted=True) as api:
        async with trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(post)
        assert len((await api.get(SAY, params={"from": "maria"})).json()["items"]) == 1
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 5


async def test_every_post_honours_the_key(desk: Control) -> None:
    key = {"Idempotency-Key": "k"}
    async with desk.client(trusted=True) as api:
        for path, body in (
            ("/v1/tenants", AUTO_SUL),
            ("/v1/tenants/auto-sul/suspend", {"reason": "x"}),
            ("/v1/tenants/auto-sul/resume", {}),
            ("/v1/tenants/auto-sul/restart", {}),
            ("/v1/tokens", {"name": "crm", "role": "viewer"}),
        ):
            first = await api.post(path, json=body, headers=key)
            again = await api.post(path, json=body, headers=key)
            assert first.status_code < 300, first.text
            assert again.headers.get("idempotency-replayed") == "true", path
            assert again.status_code == first.status_code
            if path != "/v1/tokens":
                assert again.json() == first.json(), path
            else:
                assert again.json() == {**first.json(), "token": None}
        assert desk.tenancy.restarts == ["auto-sul"]
        thread = f"/v1/tenants/auto-sul/conversations/{await desk.say('oi')}"
        for path, body in (
            ("/takeover", {"minutes": 5}),
            ("/release", {}),
            ("/messages", {"text": "Oi, aqui é o Paulo"}),
        ):
            first = await api.post(thread + path, json=body, headers=key)
            again = await api.post(thread + path, json=body, headers=key)
            assert first.status_code < 300, first.text
            assert again.headers.get("idempotency-replayed") == "true", path
            assert again.json() == first.json(), path


async def test_a_refused_call_keeps_no_key(desk: Control) -> None:
    await desk.add()
    key = {"Idempotency-Key": "k"}
    async with desk.client(trusted=True) as api:
        path = "/v1/tenants/auto-sul/conversations/none/takeover"
        assert (await api.post(path, json={}, headers=key)).status_code == 404
        again = await api.post(path, json={}, headers=key)
        assert again.status_code == 404
        assert "idempotency-replayed" not in again.headers


@pytest.mark.parametrize("key", ["", "x" * 256, "é"])
async def test_a_key_that_is_none(desk: Control, key: str) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        answer = await api.post(SAY, json=BODY, headers={"Idempotency-Key": key.encode()})
    assert answer.status_code == 422


async def test_every_change_is_in_the_audit(desk: Control) -> None:
    await desk.add()
    id_, token = await desk.new_token()
    async with desk.client(token) as api:
        thread = await desk.say("oi")
        await api.patch("/v1/tenants/auto-sul", json={"channel": {"access_token": "EAAGsecret"}})
        await api.post(f"/v1/tenants/auto-sul/conversations/{thread}/takeover", json={"minutes": 3})
        await api.post(f"/v1/tenants/auto-sul/conversations/{thread}/messages", json={"text": "segredo do cliente"})
        await api.put("/v1/tenants/auto-sul/vehicles", json=[{"id": "1", "make": "Fiat", "model": "Uno"}])
        await api.get("/v1/tenants/auto-sul")
        await api.patch("/v1/tenants/auto-sul", json={"name": ""})
        answer = await api.get("/v1/audit")
    rows = answer.json()["items"]
    assert [row["action"] for row in rows] == [
        "vehicles.import",
        "message.write",
        "conversation.takeover",
        "tenant.change",
        "sandbox.message",
        "tenant.create",
    ]
    assert rows[0]["actor"] == f"token:{id_} a admin"
    assert rows[-1]["actor"] == "admin-socket"
    assert {row["tenant"] for row in rows} == {"auto-sul"}
    assert rows[2]["target"] == thread
    assert rows[2]["detail"] == {"minutes": 3}
    assert "EAAGsecret" not in answer.text
    assert "segredo" not in answer.text


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"from": NaN}', "application/json", 400),
        (b'"\\ud800"', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
        (b"[]", "application/json", 422),
        (b"{}", "application/json; charset=utf-8", 422),
        (b'{"from": "a", "text": "a\\u0000b"}', "application/json", 422),
        (b"[" * 5000, "application/json", 400),
    ],
)
async def test_bodies_that_cannot_be_taken(desk: Control, content: bytes, content_type: str, status: int) -> None:
    await desk.add()
    headers = {"Content-Type": content_type} if content_type else {}
    async with desk.client(trusted=True) as api:
        answer = await api.post(SAY, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "errors"}
    assert problem["status"] == status


async def test_a_body_over_its_limit(tmp_path: object) -> None:
    async with control(tmp_path, limits=Limits(json_bytes=100, stock_bytes=300)) as desk:  # type: ignore[arg-type]
        await desk.add("a-b")

        async def endless() -> object:
            for _ in range(50):
                yield b" " * 20

        async with desk.client(trusted=True) as api:
            path = "/v1/tenants/a-b/sandbox/messages"
            headers = {"Content-Type": "application/json"}
            assert (await api.post(path, content=b" " * 101, headers=headers)).status_code == 413
            assert (await api.post(path, content=endless(), headers=headers)).status_code == 413
            stock = "/v1/tenants/a-b/vehicles"
            assert (await api.put(stock, content=b" " * 301, headers=headers)).status_code == 413
            assert (await api.put(stock, content=endless(), headers=headers)).status_code == 413


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "query.limit"),
        ("limit=501", "query.limit"),
        ("limit=ten", "query.limit"),
        ("limit=1&limit=2", "query.limit"),
        ("after=%00", "query.after"),
        ("after=nonsense", "query.after"),
        ("colour=red", "query.colour"),
        ("state=asleep", "query.state"),
        ("waiting=perhaps", "query.waiting"),
    ],
)
async def test_bad_queries_are_named(desk: Control, query: str, path: str) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        answer = await api.get(f"/v1/tenants/auto-sul/conversations?{query}")
    assert answer.status_code == 422
    assert [error["path"] for error in answer.json()["errors"]] == [path]


async def test_storage_that_is_away_is_a_503(desk: Control) -> None:
    await desk.add()
    desk.tenancy.fails_with = ShardUnavailable("the disk failed", "check it")
    async with desk.client(trusted=True) as api:
        answer = await api.get("/v1/tenants/auto-sul/conversations")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["detail"] == "the disk failed: check it"


async def test_a_fault_of_ours_shows_its_id_and_nothing_else(desk: Control, logs: Logs) -> None:
    await desk.add()
    logs.expect_error("request failed")
    desk.tenancy.fails_with = ZeroDivisionError("secret inner thing")
    async with desk.client(trusted=True) as api:
        answer = await api.get("/v1/tenants/auto-sul/conversations")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.json()["id"] == logs.named("request failed")[0]["error_id"]


async def test_paths_and_methods(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        for path in ("/v1/nothing", "/v1/tenants/", "/nothing", "/v1//tenants", "/v1/tenants/auto-sul/"):
            answer = await api.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["content-type"] == "application/problem+json"
        wrong = await api.put("/v1/tenants/auto-sul")
        assert wrong.status_code == 405
        assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD", "PATCH", "DELETE"}
        assert (await api.options("/v1/tenants")).status_code == 405
        head = await api.head("/v1/tenants")
        assert (head.status_code, head.content) == (200, b"")


async def test_headers_of_every_answer(desk: Control) -> None:
    async with desk.client(trusted=True) as api:
        for path in ("/v1/tenants", "/v1/nothing", "/openapi.json", "/healthz", "/docs"):
            answer = await api.get(path, headers={"Origin": "https://evil.example"})
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert answer.headers["cache-control"] == "no-store", path
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_json_only_where_bodies_are_optional(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        path = "/v1/tenants/auto-sul/resume"
        assert (await api.post(path)).status_code == 200
        assert (await api.post(path, json={})).status_code == 200
        bad = await api.post(path, json={"force": True})
        assert bad.json()["errors"] == [{"path": "force", "message": "is not a field of this object"}]
