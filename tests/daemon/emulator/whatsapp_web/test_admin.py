"""The server's controls."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from daemon.emulator.whatsapp_web.admin import COMMANDS, Admin, Refused
from daemon.emulator.whatsapp_web.rig import running
from daemon.whatsapp.web import messages_pb2 as wa
from tests.daemon.emulator.whatsapp_web.people import KeptLine, companion

ANA, BETO = "5551990000001", "5551990000002"


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[Admin]:
    async with running(tmp_path) as rig:
        admin = Admin(rig)
        admin.obey({"do": "add_account", "phone": ANA, "name": "Ana", "lid": "111"})
        admin.obey({"do": "add_account", "phone": BETO, "name": "Beto", "lid": "222"})
        yield admin


def letters(admin: Admin, phone: str, after: int = 0) -> list[dict[str, Any]]:
    found = admin.obey({"do": "letters", "phone": phone, "after": after})["letters"]
    assert isinstance(found, list)
    return found


async def test_people_write(admin: Admin) -> None:
    id_ = admin.obey({"do": "write", "phone": ANA, "to": BETO, "text": "oi"})["message_id"]
    raw = base64.b64encode(wa.Message(conversation="olá").SerializeToString()).decode()
    admin.obey({"do": "write", "phone": ANA, "to": BETO, "message": raw, "message_id": "M2"})
    assert [(one["id"], one["text"], one["from"], one["chat"]) for one in letters(admin, BETO)] == [
        (id_, "oi", ANA, ANA),
        ("M2", "olá", ANA, ANA),
    ]
    assert [one["id"] for one in letters(admin, BETO, after=1)] == ["M2"]
    admin.obey({"do": "read", "phone": BETO, "ids": [id_, "M2"]})
    receipts = admin.obey({"do": "receipts", "phone": ANA, "after": 2})["receipts"]
    assert receipts == [{"ids": [id_, "M2"], "from": "222@lid", "kind": "read"}]


@pytest.mark.parametrize(
    ("kind", "field"),
    [("image", "imageMessage"), ("audio", "audioMessage"), ("document", "documentWithCaptionMessage")],
)
async def test_people_send_files(admin: Admin, kind: str, field: str) -> None:
    file = base64.b64encode(b"content").decode()
    admin.obey({"do": "write", "phone": ANA, "to": BETO, "file": file, "kind": kind, "text": "veja"})
    message = wa.Message.FromString(base64.b64decode(letters(admin, BETO)[0]["message"]))
    assert message.HasField(field)  # type: ignore[arg-type]
    assert admin.obey({"do": "counts"})["files"] == 1


async def test_faults_and_blows(admin: Admin) -> None:
    network = admin.rig.network
    device, line = companion(network.phone(ANA).account), KeptLine()
    network.lines.open(device, line, 0)
    admin.obey({"do": "fault", "phone": ANA, "kind": "unavailable", "times": 0})
    assert network.lines.faults(device).take(frozenset({"unavailable"}))
    admin.obey({"do": "mend", "phone": ANA})
    assert network.lines.faults(device).take(frozenset({"unavailable"})) is None
    (shown,) = admin.obey({"do": "companions", "phone": ANA})["companions"]
    assert shown == {"jid": f"{ANA}:1@s.whatsapp.net", "live": True, "waiting": 0, "prekeys": 2, "version": ""}
    admin.obey({"do": "hide", "phone": ANA, "devices": [1]})
    assert [one.number for one in network.queries.listed(network.phone(ANA).account)] == [0]
    admin.obey({"do": "blow", "phone": ANA, "kind": "server_error"})
    assert line.closed
    admin.obey({"do": "gate", "gated": True})
    assert network.lines.gated


async def test_a_person_is_addressed_otherwise(admin: Admin) -> None:
    phone = admin.rig.network.phone(ANA)
    admin.obey({"do": "change", "phone": ANA, "addressing": "pn", "lid_known": False, "wants_passkey": True})
    admin.obey({"do": "change", "phone": ANA})
    assert (phone.account.addressing, phone.account.lid_known, phone.wants_passkey) == ("pn", False, True)


async def test_phones_and_files_change(admin: Admin) -> None:
    network = admin.rig.network
    identity = network.phone(ANA).keys.identity
    admin.obey({"do": "reinstall", "phone": ANA})
    assert network.phone(ANA).keys.identity != identity
    admin.obey({"do": "online", "phone": BETO, "online": False})
    admin.obey({"do": "write", "phone": ANA, "to": BETO, "text": "oi"})
    assert letters(admin, BETO) == []
    path = admin.rig.media.store.put(b"file")[1]
    admin.obey({"do": "expire", "path": path})
    admin.obey({"do": "refuse_files", "statuses": [503]})
    assert [admin.rig.media.store.answer("GET", path, b"")[0] for _ in range(2)] == [503, 410]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ({}, "no command None"),
        ({"do": "obey"}, "no command 'obey'"),
        ({"do": "_file"}, "no command '_file'"),
        ({"do": "scan", "phone": ANA}, "missing a required argument"),
        ({"do": "counts", "extra": 1}, "unexpected keyword"),
        ({"do": "scan", "phone": "1", "text": ""}, "no account 1"),
        ({"do": "scan", "phone": ANA, "text": "hello"}, "QR code"),
        ({"do": "enter_code", "phone": ANA, "code": "ABCD-EFGH"}, "no device waits"),
        ({"do": "add_account", "phone": ANA}, "exists already"),
        ({"do": "add_account", "phone": "3", "addressing": "email"}, "none of lid, pn"),
        ({"do": "fault", "phone": ANA, "kind": "flood"}, "none of"),
        ({"do": "blow", "phone": ANA, "kind": "cut"}, "no companion"),
        ({"do": "write", "phone": ANA, "to": BETO, "message": "%"}, "no base64"),
        ({"do": "write", "phone": ANA, "to": BETO, "file": "aGk=", "kind": "game"}, "none of"),
    ],
)
async def test_what_is_refused_is_told(admin: Admin, command: dict[str, object], why: str) -> None:
    with pytest.raises(Refused, match=why):
        admin.obey(command)


def test_each_command_says_what_it_does() -> None:
    assert all(getattr(Admin, name).__doc__ for name in COMMANDS)
