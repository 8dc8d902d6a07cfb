import pytest

from tests.support.control import Control

PATH = "/v1/tenants/auto-sul/sandbox/messages"


async def test_talking_without_whatsapp(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        empty = await api.get(PATH, params={"from": "maria"})
        assert empty.json() == {"items": [], "next": None, "typing": False, "conversation": None}
        said = await api.post(PATH, json={"from": "maria", "text": "tem civic?"})
        assert said.status_code == 201
        page = (await api.get(PATH, params={"from": "maria"})).json()
        assert page["items"] == [said.json()]
        assert page["conversation"]["waiting"] is True
        assert page["typing"] is False
        await desk.tenancy.shard("auto-sul").write(
            lambda tx: tx.run(
                "INSERT INTO turns (conversation, generation, up_to, state, started_at)"
                " SELECT seq, 1, 1, 'running', 0 FROM conversations"
            )
        )
        assert (await api.get(PATH, params={"from": "maria"})).json()["typing"] is True
        assert (await api.get(PATH, params={"from": "joao"})).json()["items"] == []
        later = await api.get(PATH, params={"from": "maria", "after": said.json()["id"]})
        assert later.json()["items"] == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"text": "oi"}, "from"),
        ({"from": "maria"}, "text"),
        ({"from": "", "text": "oi"}, "from"),
        ({"from": "maria silva", "text": "oi"}, "from"),
        ({"from": "maria", "text": ""}, "text"),
        ({"from": "maria", "text": "x" * 20_001}, "text"),
        ({"from": "maria", "text": 1}, "text"),
        ({"from": "maria", "text": "oi", "sender": "x"}, "sender"),
    ],
)
async def test_bad_messages(desk: Control, body: dict[str, object], path: str) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        answer = await api.post(PATH, json=body)
    assert answer.status_code == 422
    assert [error["path"] for error in answer.json()["errors"]] == [path]


async def test_ten_thousand_characters_are_taken(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        assert (await api.post(PATH, json={"from": "maria", "text": "é" * 10_000})).status_code == 201
        assert (await api.get(PATH)).json()["errors"] == [{"path": "query.from", "message": "is required"}]
        assert (await api.get(PATH, params={"from": "joao", "after": "x"})).status_code == 422
