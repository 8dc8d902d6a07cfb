"""A dealership on the phone app, its customers on theirs: what a person would try."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.emulator.whatsapp_web.faults import Fault
from daemon.whatsapp.web import compose
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node
from tests.support.web_desk import WebDesk, said, web_desk

PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 400


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[WebDesk]:
    async with web_desk(tmp_path) as made:
        yield made


async def test_a_customer_is_answered_from_the_stock(desk: WebDesk) -> None:
    desk.write(desk.ana, "Oi, tem corolla?")
    [answer] = await desk.answered(desk.ana)
    assert "Corolla" in answer.text
    await desk.until(lambda: {one.kind for one in desk.ana.receipts} >= {"inactive", "read"})
    conversation, messages = await desk.only_conversation()
    assert conversation["channel"] == "web"
    assert conversation["contact"]["name"] == "Ana"
    kinds = {one["kind"]: one["value"] for one in conversation["contact"]["aliases"]}
    assert kinds == {"phone": desk.ana.account.phone, "lid": desk.ana.account.lid.user}
    assert [one["author"] for one in messages] == ["customer", "assistant"]
    # the dealer's own phone shows what the assistant said
    await desk.until(lambda: any(one.text == answer.text for one in desk.shop.letters.values()))


async def test_ticks_follow_the_customers_phone(desk: WebDesk) -> None:
    desk.write(desk.ana, "tem civic?")
    [answer] = await desk.answered(desk.ana)
    await desk.until_messages(lambda found: found[-1]["state"] == "delivered")
    desk.network.from_phone(desk.ana, desk.ana.mark_read(answer.id, now=desk.network.clock()))
    await desk.until_messages(lambda found: found[-1]["state"] == "read")


async def test_linking_with_a_code(tmp_path: Path) -> None:
    async with web_desk(tmp_path, linked=False) as desk:
        phone = desk.shop.account.phone
        shown = await desk.daemon.call("POST", "/v1/tenants/auto-sul/channel/pair", {"phone": f"+{phone}"})
        assert shown["qr"] is None
        await desk.until(lambda: desk.network.awaits_code(desk.shop))
        desk.network.enter_code(desk.shop, shown["pairing_code"])
        up = await desk.until_channel("up")
        assert (up["jid"] or "").startswith(phone)
        assert (up["qr"], up["pairing_code"]) == (None, None)
        desk.write(desk.ana, "bom dia")
        await desk.answered(desk.ana)


async def test_who_answers_on_the_phone_silences_the_assistant(desk: WebDesk) -> None:
    desk.write(desk.ana, "tem corolla?")
    await desk.answered(desk.ana)
    desk.network.write(desk.shop, desk.ana.account, said("Oi Ana, aqui é o Paulo!"))
    await desk.until_messages(lambda found: found[-1]["author"] == "human")
    conversation, _ = await desk.only_conversation()
    assert conversation["state"] == "human"
    desk.write(desk.ana, "oi Paulo, e o civic?")
    desk.write(desk.bia, "tem civic?")
    await desk.answered(desk.bia)
    assert [one.sender.number for one in desk.from_shop(desk.ana)] == [1, 0], "the device answered once, then the phone"
    await desk.daemon.call("POST", f"/v1/tenants/auto-sul/conversations/{conversation['id']}/release")
    await desk.answered(desk.ana, 3)


async def test_a_salesperson_writes_through_the_api(desk: WebDesk) -> None:
    desk.write(desk.ana, "oi")
    await desk.answered(desk.ana)
    conversation, _ = await desk.only_conversation()
    path = f"/v1/tenants/auto-sul/conversations/{conversation['id']}/messages"
    await desk.daemon.call("POST", path, {"text": "Aqui é o Paulo, tudo bem?"})
    await desk.until(lambda: any(one.text == "Aqui é o Paulo, tudo bem?" for one in desk.from_shop(desk.ana)))


async def test_what_came_while_we_were_away_is_answered_once(desk: WebDesk) -> None:
    await desk.daemon.kill()
    for n in range(5):
        desk.write(desk.ana, f"pergunta {n}")
    desk.write(desk.bia, "tem corolla?")
    await desk.daemon.start()
    await desk.answered(desk.bia)
    await desk.answered(desk.ana)
    found = {one["contact"]["name"]: await desk.messages(one) for one in await desk.conversations()}
    asked = [one["text"] for one in found["Ana"] if one["direction"] == "in"]
    assert asked == [f"pergunta {n}" for n in range(5)]
    await desk.until(lambda: not desk.network.companion(desk.shop.account.phone).waiting)


@pytest.mark.parametrize("kind", ["wrong_mac", "unknown_prekey"])
async def test_what_cannot_be_decrypted_is_asked_for_again(desk: WebDesk, kind: str) -> None:
    device = desk.network.companion(desk.shop.account.phone)
    desk.network.lines.faults(device).add(Fault(kind))  # type: ignore[arg-type]
    desk.write(desk.ana, "tem corolla?")
    await desk.answered(desk.ana)
    _, messages = await desk.only_conversation()
    assert [one["text"] for one in messages if one["direction"] == "in"] == ["tem corolla?"]


async def test_a_customer_who_lost_our_session_is_sent_it_again(desk: WebDesk) -> None:
    desk.write(desk.ana, "oi")
    await desk.answered(desk.ana)
    desk.ana.keys.sessions.clear()
    desk.ana.keys.prekeys.clear()
    conversation, _ = await desk.only_conversation()
    path = f"/v1/tenants/auto-sul/conversations/{conversation['id']}/messages"
    await desk.daemon.call("POST", path, {"text": "Consegue ler?"})
    await desk.until(lambda: any(one.text == "Consegue ler?" for one in desk.from_shop(desk.ana)))


async def test_an_advertisements_message_is_asked_of_the_phone(desk: WebDesk) -> None:
    device = desk.network.companion(desk.shop.account.phone)
    desk.network.lines.faults(device).add(Fault("unavailable"))
    desk.write(desk.ana, "vi o anúncio do corolla")
    [answer] = await desk.answered(desk.ana)
    assert "Corolla" in answer.text


async def test_a_customer_known_by_number_and_then_by_lid(tmp_path: Path) -> None:
    async with web_desk(tmp_path) as desk:
        leo = desk.network.add_account("5551999990003", name="Leo", addressing="pn", lid_known=False)
        desk.write(leo, "bom dia")
        await desk.answered(leo)
        leo.account.addressing, leo.account.lid_known = "lid", True
        desk.write(leo, "tem corolla?")
        answers = await desk.answered(leo, 2)
        assert "Corolla" in answers[-1].text
        [conversation] = await desk.conversations()
        assert {one["kind"] for one in conversation["contact"]["aliases"]} == {"phone", "lid"}


async def test_a_customer_with_a_new_phone(desk: WebDesk) -> None:
    desk.write(desk.ana, "oi")
    await desk.answered(desk.ana)
    desk.network.reinstall(desk.ana)
    desk.write(desk.ana, "troquei de celular, tem corolla?")
    await desk.until(lambda: any("Corolla" in one.text for one in desk.from_shop(desk.ana)))


async def test_pictures_replies_and_reactions_of_customers(desk: WebDesk) -> None:
    desk.write(desk.ana, "tem corolla?")
    [answer] = await desk.answered(desk.ana)
    uploaded = desk.whatsapp.media.store.upload("image", PICTURE, "image/jpeg", desk.network.clock())
    setting = compose.Setting(secret=bytes(32))
    desk.network.write(desk.ana, desk.shop.account, compose.image(uploaded, setting, caption="meu carro na troca"))
    found = await desk.until_messages(lambda all_: any(one["kind"] == "image" and one["media_url"] for one in all_))
    picture = next(one for one in found if one["kind"] == "image")
    assert picture["text"] == "meu carro na troca"
    fetched = await desk.daemon.admin.get(picture["media_url"])
    assert fetched.content == PICTURE
    lid = str(desk.shop.account.lid)
    quoted = wa.ContextInfo(stanzaId=answer.id, participant=lid, quotedMessage=said(answer.text))
    reply = wa.Message(extendedTextMessage=wa.ExtendedTextMessage(text="esse mesmo", contextInfo=quoted))
    desk.network.write(desk.ana, desk.shop.account, reply)
    found = await desk.until_messages(lambda all_: any(one["text"] == "esse mesmo" for one in all_))
    ours = next(one for one in found if one["author"] == "assistant")
    assert next(one for one in found if one["text"] == "esse mesmo")["reply_to"] == ours["id"]
    key = wa.MessageKey(remoteJid=lid, fromMe=False, id=answer.id)
    heart = wa.Message(reactionMessage=wa.ReactionMessage(key=key, text="❤️"))
    desk.network.write(desk.ana, desk.shop.account, heart)
    device = desk.network.companion(desk.shop.account.phone)
    await desk.until(lambda: not device.waiting)


async def test_the_phone_unlinks_us_and_links_again(desk: WebDesk) -> None:
    desk.write(desk.ana, "oi")
    await desk.answered(desk.ana)
    desk.network.lines.blow(desk.network.companion(desk.shop.account.phone), "device_removed")
    gone = await desk.until_channel("down")
    assert "unlinked" in gone["reason"]
    assert gone["jid"] is None
    await desk.link(desk.shop)
    desk.write(desk.ana, "tem corolla?")
    await desk.until(lambda: any("Corolla" in one.text for one in desk.from_shop(desk.ana)))
    [conversation] = await desk.conversations()
    assert conversation["contact"]["name"] == "Ana"


async def test_unlinking_by_the_operator(desk: WebDesk) -> None:
    shown = await desk.daemon.call("POST", "/v1/tenants/auto-sul/channel/logout")
    assert shown["jid"] is None
    await desk.until(lambda: not list(desk.shop.account.companions()))
    assert "no phone is linked" in (await desk.until_channel("down"))["reason"]


async def test_groups_and_statuses_are_left_alone(desk: WebDesk) -> None:
    device = desk.network.companion(desk.shop.account.phone)
    enc = Node("enc", {"v": "2", "type": "skmsg"}, b"sealed for a group")
    for n, place in enumerate((Jid("120363000000000001", "g.us"), Jid("status", "broadcast"))):
        attrs = {"id": f"3EB0GROUP{n}", "from": place, "participant": desk.ana.account.lid, "type": "text", "t": "1"}
        desk.network.push(device, Node("message", attrs, (enc,)), kept=True)
    await desk.until(lambda: not device.waiting)
    desk.write(desk.ana, "oi")
    await desk.answered(desk.ana)
    assert len(await desk.conversations()) == 1
