"""The daemon and unmodified Baileys, on one WhatsApp: a customer whose client is not ours."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import define

from daemon.whatsapp.web import messages_pb2 as wa
from tests.support.baileys_peer import Peer, baileys, link, needs_baileys
from tests.support.web_desk import WebDesk, web_desk

pytestmark = needs_baileys

PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 300
OGG = b"OggS" + bytes(range(256)) * 20


@define(eq=False)
class Chat:
    """Ana writes with Baileys to the shop."""

    desk: WebDesk
    ana: Peer
    to: str


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    async with (
        web_desk(tmp_path) as desk,
        baileys(desk.whatsapp.url, tmp_path / "ana", ca_file=desk.whatsapp.media.ca_file) as ana,
    ):
        await link(ana, desk.network, desk.ana)
        yield Chat(desk, ana, str(desk.shop.account.lid))


async def test_text_both_ways_with_ticks(chat: Chat) -> None:
    id_ = await chat.ana.text(chat.to, "Oi, tem corolla?")
    answer = await chat.ana.event("message", where=lambda event: "Corolla" in str(event.get("text")))
    assert not answer["key"]["fromMe"]
    assert answer["key"]["remoteJid"] == chat.to
    receipt = await chat.ana.event("receipt", "update", where=lambda event: event["key"]["id"] == id_)
    assert receipt["key"]["fromMe"]
    await chat.desk.until_messages(lambda found: found[-1]["state"] == "delivered")
    await chat.ana.read(answer["key"]["id"])
    found = await chat.desk.until_messages(lambda found: found[-1]["state"] == "read")
    assert [one["author"] for one in found] == ["customer", "assistant"]


async def test_picture_voice_reply_and_reaction(chat: Chat) -> None:
    await chat.ana.text(chat.to, "tem corolla?")
    answer = await chat.ana.event("message", where=lambda event: "Corolla" in str(event.get("text")))
    await chat.ana.send(chat.to, {"image": base64.b64encode(PICTURE).decode(), "caption": "o meu, na troca"})
    voice = {"audio": base64.b64encode(OGG).decode(), "ptt": True, "seconds": 2}
    await chat.ana.send(chat.to, {**voice, "mimetype": "audio/ogg; codecs=opus"})
    found = await chat.desk.until_messages(
        lambda all_: {one["kind"] for one in all_ if one["media_url"]} >= {"image", "voice"}
    )
    for kind, content in (("image", PICTURE), ("voice", OGG)):
        one = next(each for each in found if each["kind"] == kind)
        assert (await chat.desk.daemon.admin.get(one["media_url"])).content == content
    await chat.ana.text(chat.to, "gostei desse", quote=answer["key"]["id"])
    found = await chat.desk.until_messages(lambda all_: any(one["text"] == "gostei desse" for one in all_))
    quoted = next(one for one in found if one["author"] == "assistant" and "Corolla" in one["text"])
    assert next(one for one in found if one["text"] == "gostei desse")["reply_to"] == quoted["id"]
    await chat.ana.react(chat.to, answer["key"]["id"], "👍")
    device = chat.desk.network.companion(chat.desk.shop.account.phone)
    await chat.desk.until(lambda: not device.waiting)


async def test_a_salespersons_words_arrive(chat: Chat) -> None:
    await chat.ana.text(chat.to, "oi")
    await chat.ana.event("message", where=lambda event: not event["key"]["fromMe"])
    conversation, _ = await chat.desk.only_conversation()
    path = f"/v1/tenants/auto-sul/conversations/{conversation['id']}/messages"
    await chat.desk.daemon.call("POST", path, {"text": "Aqui é o Paulo, da Auto Sul"})
    event = await chat.ana.event("message", where=lambda event: event["text"] == "Aqui é o Paulo, da Auto Sul")
    said = wa.Message.FromString(base64.b64decode(event["message"]))
    assert len(said.messageContextInfo.messageSecret) == 32


async def test_a_customer_who_starts_over_is_understood(chat: Chat, tmp_path: Path) -> None:
    """Ana's client loses everything and is linked anew: a new device, new sessions on both sides."""
    await chat.ana.text(chat.to, "oi")
    await chat.ana.event("message", where=lambda event: not event["key"]["fromMe"])
    await chat.ana.call("logout")
    await chat.desk.until(lambda: not list(chat.desk.ana.account.companions()))
    url, ca_file = chat.desk.whatsapp.url, chat.desk.whatsapp.media.ca_file
    async with baileys(url, tmp_path / "again", ca_file=ca_file) as again:
        await link(again, chat.desk.network, chat.desk.ana)
        await again.text(chat.to, "tem corolla?")
        await again.event("message", where=lambda event: "Corolla" in str(event.get("text")))


async def test_across_restarts_of_the_daemon(chat: Chat) -> None:
    for n in range(3):
        await chat.ana.text(chat.to, f"tem corolla {n}?")
        await chat.desk.daemon.kill()
        await chat.desk.daemon.start()
    asked = [f"tem corolla {n}?" for n in range(3)]
    found = await chat.desk.until_messages(
        lambda all_: [one["text"] for one in all_ if one["author"] == "customer"] == asked
    )
    await chat.desk.until_messages(lambda all_: all_[-1]["author"] == "assistant" and all_[-1]["state"] == "delivered")
    assert len({one["id"] for one in found}) == len(found)
