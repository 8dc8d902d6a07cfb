"""Unmodified Baileys clients through our server: what one of them and a phone, or two of them, do with each other."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from daemon.emulator.whatsapp_web.faults import Fault
from daemon.emulator.whatsapp_web.letters import Letter
from daemon.emulator.whatsapp_web.phone import Phone
from daemon.emulator.whatsapp_web.rig import Rig, running
from daemon.whatsapp.web import compose, media
from daemon.whatsapp.web import messages_pb2 as wa
from tests.support.baileys_peer import Peer, baileys, link, logged_in, needs_baileys

pytestmark = needs_baileys

PICTURE = bytes(range(256)) * 700


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path) as rig:
        yield rig


@pytest.fixture
async def peer(rig: Rig, tmp_path: Path) -> AsyncIterator[Peer]:
    async with baileys(rig.url, tmp_path / "baileys", ca_file=rig.media.ca_file) as peer:
        yield peer


@pytest.fixture
def shop(rig: Rig) -> Phone:
    return rig.network.add_account("5551990000001", name="Auto Sul", lid_user="111222333444555")


@pytest.fixture
def customer(rig: Rig) -> Phone:
    return rig.network.add_account("5551990000002", name="Beto", lid_user="222333444555666")


def said(text: str) -> wa.Message:
    return wa.Message(conversation=text)


async def got(rig: Rig, phone: Phone, text: str) -> Letter:
    """The letter with that text, once the phone has it."""
    with trio.fail_after(30):
        await rig.network.until(lambda: any(letter.text == text for letter in phone.letters.values()))
    return next(letter for letter in phone.letters.values() if letter.text == text)


async def test_two_of_them_talk(rig: Rig, peer: Peer, shop: Phone, customer: Phone) -> None:
    await link(peer, rig.network, shop, socket="shop")
    await link(peer, rig.network, customer, socket="customer")
    await peer.text(str(shop.account.lid), "tem civic?", socket="customer")
    asked = await peer.event("message", socket="shop", where=lambda event: event["text"] == "tem civic?")
    assert asked["key"]["remoteJidAlt"] == "5551990000002@s.whatsapp.net"
    await peer.text(asked["key"]["remoteJid"], "Temos!", socket="shop", quote=asked["key"]["id"])
    answer = await peer.event("message", socket="customer", where=lambda event: event["text"] == "Temos!")
    assert wa.Message.FromString(base64.b64decode(answer["message"])).extendedTextMessage.contextInfo.stanzaId
    # both phones have both messages: their own from their companion, the other's as everybody has it
    for phone in (shop, customer):
        assert [(await got(rig, phone, text)).text for text in ("tem civic?", "Temos!")]


async def test_pairs_with_a_code(rig: Rig, peer: Peer, shop: Phone) -> None:
    await peer.open()
    await peer.event("qr")
    code = (await peer.call("pairing_code", phone="5551990000001"))["code"]
    with trio.fail_after(60):
        await rig.network.until(lambda: rig.network.awaits_code(shop))
    rig.network.enter_code(shop, code)
    await peer.event("paired")
    device = await logged_in(peer, rig.network, shop)
    assert str(device.jid) == "5551990000001:1@s.whatsapp.net"


async def test_a_phone_is_answered_and_receipts_reach_it(rig: Rig, peer: Peer, shop: Phone, customer: Phone) -> None:
    await link(peer, rig.network, shop)
    id_ = rig.network.write(customer, shop.account, said("oi"))
    event = await peer.event("message", where=lambda event: event["text"] == "oi")
    await peer.read(id_)
    with trio.fail_after(30):
        await rig.network.until(lambda: any(receipt.kind == "read" for receipt in customer.receipts))
    await peer.text(event["key"]["remoteJid"], "Olá, Beto!")
    assert (await got(rig, customer, "Olá, Beto!")).sender.account is shop.account
    assert {receipt.kind for receipt in customer.receipts} == {"", "inactive", "read"}


async def test_what_the_phone_writes_reaches_its_companion_as_our_own(
    rig: Rig, peer: Peer, shop: Phone, customer: Phone
) -> None:
    device = await link(peer, rig.network, shop)
    rig.network.write(shop, customer.account, said("já te respondo"))
    event = await peer.event("message", where=lambda event: event["text"] == "já te respondo")
    assert event["key"]["fromMe"]
    assert event["key"]["remoteJid"] == str(customer.account.lid)
    with trio.fail_after(30):
        await rig.network.until(lambda: not device.waiting)


async def test_files_both_ways(rig: Rig, peer: Peer, shop: Phone, customer: Phone) -> None:
    await link(peer, rig.network, shop)
    uploaded = rig.media.store.upload("image", PICTURE, "image/jpeg", rig.network.clock())
    id_ = rig.network.write(customer, shop.account, compose.image(uploaded, compose.Setting(secret=bytes(32))))
    event = await peer.event("message", where=lambda event: event["kind"] == "imageMessage")
    assert await peer.download(id_) == PICTURE
    voice = base64.b64encode(PICTURE).decode()
    content = {"audio": voice, "ptt": True, "seconds": 3, "mimetype": "audio/ogg; codecs=opus"}
    sent = await peer.send(event["key"]["remoteJid"], {**content, "waveform": base64.b64encode(bytes(64)).decode()})
    with trio.fail_after(30):
        await rig.network.until(lambda: sent in customer.letters)
    audio = customer.letters[sent].message.audioMessage
    stored = rig.media.store.files[audio.directPath.partition("?")[0]]
    decryptor = media.Decryptor(
        media.keys(audio.mediaKey, "audio"),
        enc_sha256=audio.fileEncSha256,
        sha256=audio.fileSha256,
        max_bytes=len(stored),
    )
    assert decryptor.feed(stored) + decryptor.finish() == PICTURE


async def test_a_reaction(rig: Rig, peer: Peer, shop: Phone, customer: Phone) -> None:
    await link(peer, rig.network, shop)
    id_ = rig.network.write(customer, shop.account, said("gostei do carro"))
    event = await peer.event("message", where=lambda event: event["text"] == "gostei do carro")
    await peer.react(event["key"]["remoteJid"], id_, "👍")
    with trio.fail_after(30):
        await rig.network.until(
            lambda: any(letter.message.reactionMessage.text == "👍" for letter in customer.letters.values())
        )
    reply = wa.Message(
        reactionMessage=wa.ReactionMessage(
            key=wa.MessageKey(remoteJid=str(customer.account.lid), fromMe=False, id=id_), text="❤️"
        )
    )
    rig.network.write(customer, shop.account, reply)
    assert (await peer.event("message", where=lambda event: event["kind"] == "reactionMessage"))["key"]["id"] != id_


async def test_what_came_while_it_was_away_is_delivered_once(
    rig: Rig, peer: Peer, shop: Phone, customer: Phone
) -> None:
    device = await link(peer, rig.network, shop)
    await peer.close()
    await peer.event("closed")
    with trio.fail_after(30):
        await rig.network.until(lambda: not rig.network.lines.live(device))
    for n in range(12):
        rig.network.write(customer, shop.account, said(f"mensagem {n}"))
    rig.network.lines.gated = True
    await peer.open()
    await logged_in(peer, rig.network, shop)
    texts = [(await peer.event("message", where=lambda event: event["text"]))["text"] for _ in range(12)]
    assert texts == [f"mensagem {n}" for n in range(12)]


@pytest.mark.parametrize("keys", ["log", "files"])
async def test_a_killed_one_comes_back(rig: Rig, tmp_path: Path, shop: Phone, customer: Phone, keys: str) -> None:
    async with baileys(rig.url, tmp_path / "baileys") as peer:
        await link(peer, rig.network, shop, keys=keys)
        await peer.text(str(customer.account.lid), "antes")
        await got(rig, customer, "antes")
    rig.network.write(customer, shop.account, said("você sumiu?"))
    async with baileys(rig.url, tmp_path / "baileys") as peer:
        await peer.open(keys=keys)
        await logged_in(peer, rig.network, shop)
        await peer.event("message", where=lambda event: event["text"] == "você sumiu?")
        await peer.text(str(customer.account.lid), "depois")
        await got(rig, customer, "depois")


@pytest.mark.parametrize("kind", ["wrong_mac", "unknown_prekey"])
async def test_what_cannot_be_decrypted_is_asked_for_again(
    rig: Rig, peer: Peer, shop: Phone, customer: Phone, kind: str
) -> None:
    device = await link(peer, rig.network, shop)
    rig.network.lines.faults(device).add(Fault(kind))  # type: ignore[arg-type]
    id_ = rig.network.write(customer, shop.account, said("tem foto?"))
    failed = await peer.event("undecryptable")
    assert failed["key"]["id"] == id_
    again = await peer.event("message", "update", where=lambda event: "tem foto?" in str(event.get("text")))
    assert again["key"]["id"] == id_


async def test_it_sends_again_what_a_phone_could_not_decrypt(
    rig: Rig, peer: Peer, shop: Phone, customer: Phone
) -> None:
    await link(peer, rig.network, shop)
    await peer.text(str(customer.account.lid), "primeira")
    await got(rig, customer, "primeira")
    customer.keys.sessions.clear()
    customer.keys.prekeys.clear()
    await peer.text(str(customer.account.lid), "segunda")
    assert (await got(rig, customer, "segunda")).sender.account is shop.account


async def test_an_advertisements_message_comes_from_the_phone(
    rig: Rig, peer: Peer, shop: Phone, customer: Phone
) -> None:
    device = await link(peer, rig.network, shop)
    rig.network.lines.faults(device).add(Fault("unavailable"))
    id_ = rig.network.write(customer, shop.account, said("vi o anúncio"))
    event = await peer.event("message", where=lambda event: event["text"] == "vi o anúncio")
    assert event["key"]["id"] == id_
    assert shop.asked == [id_]


async def test_by_phone_number_alone(rig: Rig, peer: Peer, shop: Phone) -> None:
    stranger = rig.network.add_account("5551990000003", addressing="pn", lid_known=False)
    await link(peer, rig.network, shop)
    rig.network.write(stranger, shop.account, said("bom dia"))
    event = await peer.event("message", where=lambda event: event["text"] == "bom dia")
    assert event["key"]["remoteJid"] == "5551990000003@s.whatsapp.net"
    await peer.text("5551990000003@s.whatsapp.net", "Bom dia!")
    await got(rig, stranger, "Bom dia!")


async def test_a_customer_with_a_new_phone(rig: Rig, peer: Peer, shop: Phone, customer: Phone) -> None:
    await link(peer, rig.network, shop)
    rig.network.write(customer, shop.account, said("oi"))
    await peer.event("message", where=lambda event: event["text"] == "oi")
    rig.network.reinstall(customer)
    rig.network.write(customer, shop.account, said("troquei de celular"))
    await peer.event("message", where=lambda event: event["text"] == "troquei de celular")
    await peer.text(str(customer.account.lid), "Anotado!")
    await got(rig, customer, "Anotado!")


async def test_it_is_told_why_it_may_not_log_in(rig: Rig, peer: Peer, shop: Phone) -> None:
    device = await link(peer, rig.network, shop)
    await peer.close()
    await peer.event("closed")
    rig.network.lines.faults(device).add(Fault("failure", "503"))
    await peer.open()
    assert (await peer.event("closed"))["code"] == 503
    await peer.open()
    await logged_in(peer, rig.network, shop)
    rig.network.lines.blow(device, "device_removed")
    assert (await peer.event("closed"))["code"] == 401


async def test_logging_out_unlinks_it(rig: Rig, peer: Peer, shop: Phone) -> None:
    device = await link(peer, rig.network, shop)
    await peer.call("logout")
    with trio.fail_after(30):
        await rig.network.until(lambda: device.number not in shop.account.devices)


async def test_the_memory_it_takes_can_be_read(rig: Rig, peer: Peer, shop: Phone) -> None:
    await link(peer, rig.network, shop)
    memory = await peer.memory()
    assert memory.sockets == 1
    assert 0 < memory.heap < memory.rss
