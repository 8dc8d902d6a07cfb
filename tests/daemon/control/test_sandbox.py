from pathlib import Path

import pytest

from daemon.control.call import Limits
from tests.support.control import Control, control

PATH = "/v1/tenants/auto-sul/sandbox/messages"
FILES = "/v1/tenants/auto-sul/sandbox/files"
WEBM = {"Content-Type": "audio/webm;codecs=opus"}


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


async def test_a_file_is_a_message(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        sent = await api.post(FILES, params={"from": "maria"}, content=b"sound", headers=WEBM)
        assert sent.status_code == 201
        assert (sent.json()["kind"], sent.json()["direction"]) == ("voice", "in")
        photo = {"Content-Type": "image/jpeg"}
        captioned = await api.post(FILES, params={"from": "maria", "text": "meu gol"}, content=b"x", headers=photo)
        assert (captioned.json()["kind"], captioned.json()["text"]) == ("image", "meu gol")
        items = (await api.get(PATH, params={"from": "maria"})).json()["items"]
    assert items == [sent.json(), captioned.json()]


async def test_the_same_file_under_the_same_key_is_sent_once(desk: Control) -> None:
    await desk.add()
    headers = {**WEBM, "Idempotency-Key": "k1"}
    async with desk.client(trusted=True) as api:
        first = await api.post(FILES, params={"from": "maria"}, content=b"sound", headers=headers)
        again = await api.post(FILES, params={"from": "maria"}, content=b"sound", headers=headers)
        other = await api.post(FILES, params={"from": "maria"}, content=b"another", headers=headers)
        items = (await api.get(PATH, params={"from": "maria"})).json()["items"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json() == items[0]
    assert (other.status_code, len(items)) == (422, 1)


async def test_other_types_and_nameless_senders_are_refused(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        page = await api.post(FILES, params={"from": "maria"}, content=b"x", headers={"Content-Type": "text/html"})
        assert page.status_code == 415
        nobody = await api.post(FILES, content=b"x", headers=WEBM)
        assert [error["path"] for error in nobody.json()["errors"]] == ["query.from"]


async def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with control(tmp_path, limits=Limits(file_bytes=100)) as desk:
        await desk.add()
        async with desk.client(trusted=True) as api:
            whole = await api.post(FILES, params={"from": "maria"}, content=bytes(100), headers=WEBM)
            assert whole.status_code == 201
            large = await api.post(FILES, params={"from": "maria"}, content=bytes(101), headers=WEBM)
            assert large.status_code == 413
