"""What others write reaches the shard exactly once, whatever crashes, comes twice, late, forged or by another way."""

import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve

from daemon.channels.web import chats, inbound
from daemon.channels.web.inbound import MAX_KEYS_AN_HOUR
from daemon.channels.web.keys import Outbound, Rows
from daemon.channels.web.told import NCT_SALT
from daemon.whatsapp.events import HumanAnswered, MessageEdited, MessageReceived, MessageRevoked
from daemon.whatsapp.web import compose, stanza
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.content import Disappearing
from daemon.whatsapp.web.jid import LID, Jid
from daemon.whatsapp.web.node import Node
from tests.support.web_devices import Crash, Network, WebDevice, When, network_on_disk, said

SHOP, SHOP_LID = Jid("5511900000001"), Jid("111", LID)
ANA, ANA_LID = Jid("5521988887777"), Jid("222", LID)
T = wa.ProtocolMessage


@define
class Cast:
    net: Network
    phone: WebDevice  # the dealership's
    web: WebDevice  # ours, linked to it
    ana: WebDevice


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[Cast]:
    async with network_on_disk(tmp_path) as net:
        phone, web = await net.join(SHOP.user, SHOP_LID.user), await net.join(SHOP.user, SHOP_LID.user, 12)
        await web.rows(lambda rows: rows.save_identity("111_1:0", phone.device.identity.public))
        yield Cast(net, phone, web, await net.join(ANA.user, ANA_LID.user))


def kinds(nodes: list[Node]) -> list[tuple[str, str]]:
    return [(node.tag, node.get("type") or node.get("error")) for node in nodes]


async def snapshot(device: WebDevice) -> dict[str, Any]:
    """All that a message could change beside its own proof."""

    def work(rows: Rows) -> dict[str, Any]:
        tx = rows._tx  # type: ignore[attr-defined]
        tables = "addresses app_state_keys facts message_secrets privacy_tokens phone_requests outbound device failures"
        return {table: list(tx.rows(f"SELECT * FROM {table}")) for table in tables.split()}

    return await device.rows(work)


async def stored(device: WebDevice) -> list[tuple[Any, ...]]:
    """(stanza, plaintext, drained) of everything received."""
    return await device.rows(
        lambda rows: list(rows._tx.rows("SELECT stanza, plaintext, drained FROM inbound"))  # type: ignore[attr-defined]
    )


# --- the usual way, and crashes on it ---------------------------------------------------------------------------------


async def test_a_chat_in_both_directions(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    await cast.web.send("olá, tudo bem?", ANA_LID)
    await cast.ana.send("tem civic?", SHOP_LID)
    await cast.net.settle()
    assert cast.web.texts == cast.phone.texts == ["oi", "tem civic?"]
    assert cast.ana.texts == cast.phone.human == ["olá, tudo bem?"]
    first = cast.web.events[0]
    assert isinstance(first, MessageReceived)
    assert (first.sender.lid, first.sender.phone, first.sender.name) == (ANA_LID.user, ANA.user, "Ana da Silva")
    assert first.network_id.endswith("/222@lid")
    assert not cast.web.notes


async def test_after_the_drain_nothing_is_kept_but_the_proof(cast: Cast) -> None:
    await cast.ana.send("tem civic?", SHOP_LID)
    await cast.net.settle()
    assert await stored(cast.web) == [(b"", b"", 1)]


@pytest.mark.parametrize("crash", ["in", "committed", "written"])
async def test_a_crash_loses_nothing_and_tells_nothing_twice(cast: Cast, crash: When) -> None:
    await cast.ana.send("oi", SHOP_LID)
    (node,) = cast.web.queue
    with pytest.raises(Crash):
        await cast.web.handle(node, crash=crash)
    assert bool(cast.web.queue) is (crash != "written"), "cleared only once it is on disk"
    assert not cast.web.written or crash == "written"
    await cast.web.handle(evolve(node, attrs={**node.attrs, "offline": "0"}))
    await cast.web.run()
    await cast.ana.send("de novo", SHOP_LID)
    await cast.net.settle()
    assert cast.web.texts == ["oi", "de novo"]
    assert not cast.web.notes


async def test_a_stanza_that_comes_again_much_later_is_cleared_and_no_more(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    node = cast.web.queue[0]
    await cast.net.settle()
    before = await snapshot(cast.web)
    taken = await cast.web.handle(node)
    assert taken is not None
    assert kinds(taken.answers) == [("receipt", "")]
    assert not taken.stored
    assert not taken.ask_phone
    assert await snapshot(cast.web) == before
    assert cast.web.texts == ["oi"]


async def test_the_same_ciphertext_under_another_id_says_nothing_new(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    node = cast.web.queue[0]
    await cast.net.settle()
    await cast.web.handle(evolve(node, attrs={**node.attrs, "id": "3EB0OTHER"}))
    assert cast.web.texts == ["oi"]


async def test_a_key_used_before_whose_message_is_not_here_is_asked_of_our_phone(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    node = cast.web.queue[0]
    await cast.net.settle()
    await cast.web.rows(lambda rows: rows._tx.run("DELETE FROM inbound"))  # type: ignore[attr-defined]
    taken = await cast.web.handle(node)
    assert taken is not None
    assert taken.ask_phone
    assert kinds(taken.answers) == [("receipt", "")]
    assert await cast.web.rows(lambda rows: rows.failures()) == 1


async def test_odd_times_are_now(cast: Cast) -> None:
    for at in ("0", "999999999999", "-5", "x"):
        await cast.ana.raw(wa.Message(conversation=at), cast.web, t=at)
    await cast.web.run()
    assert [each.at for each in cast.web.events] == [cast.net.clock()] * 4  # type: ignore[union-attr]


# --- whose message it is ----------------------------------------------------------------------------------------------


async def test_what_the_phone_answers_is_a_person_s_answer(cast: Cast) -> None:
    await cast.phone.send("pode vir amanhã", ANA_LID)
    await cast.net.settle()
    (event,) = cast.web.events
    assert isinstance(event, HumanAnswered)
    assert (event.text, event.to.lid, event.to.phone) == ("pode vir amanhã", ANA_LID.user, "")
    assert kinds(cast.web.written) == [("receipt", "sender")]
    assert cast.web.written[0].jid("recipient") == ANA_LID


async def test_a_message_of_ours_that_comes_back_is_no_person_s_answer(cast: Cast) -> None:
    sent = await cast.web.send("olá", ANA_LID)
    message = compose.own_copy(wa.Message(conversation="olá"), str(ANA_LID))
    await cast.phone.raw(message, cast.web, id_=sent.id, recipient=ANA_LID)
    await cast.net.settle()
    assert cast.web.events == []


async def test_a_note_to_ourselves_is_nobody_s(cast: Cast) -> None:
    await cast.phone.send("comprar café", SHOP_LID)
    await cast.net.settle()
    assert cast.web.events == []
    assert await stored(cast.web) == [(b"", b"", 1)]


async def test_another_chat_named_inside_is_logged(cast: Cast) -> None:
    message = compose.own_copy(wa.Message(conversation="oi"), "999@lid")
    await cast.phone.raw(message, cast.web, recipient=ANA_LID)
    await cast.net.settle()
    assert cast.web.human == ["oi"]
    assert cast.web.notes == ["our other device wrote to one chat and named another"]


async def test_a_customer_s_second_device_writes_in_the_same_chat(cast: Cast) -> None:
    desktop = await cast.net.join(ANA.user, ANA_LID.user, 7)
    await cast.ana.send("oi", SHOP_LID)
    await desktop.send("aqui do computador", SHOP_LID)
    await cast.net.settle()
    assert cast.web.texts == ["oi", "aqui do computador"]
    assert {each.network_id.partition("/")[2] for each in cast.web.events} == {"222@lid"}  # type: ignore[union-attr]
    await cast.web.send("olá", ANA_LID)
    await cast.net.settle()
    assert cast.ana.texts == desktop.texts == ["olá"]


HISTORY = zlib.compress(
    wa.HistorySync(
        nctSalt=b"salt",
        phoneNumberToLidMappings=[wa.PhoneNumberToLIDMapping(pnJid="5533@s.whatsapp.net", lidJid="333@lid")],
        conversations=[
            wa.Conversation(id="333@lid", tcToken=b"t", tcTokenTimestamp=1_700_000_000, tcTokenSenderTimestamp=5),
            wa.Conversation(id="334@lid", tcToken=b"t", tcTokenTimestamp=2**64 - 1),
            wa.Conversation(id="335@lid", tcToken=b"t", tcTokenTimestamp=6, tcTokenSenderTimestamp=2**64 - 1),
        ],
        pushnames=[wa.Pushname(id=str(SHOP), pushname="Loja")],
    ).SerializeToString()
)
PAIRS = wa.LIDMigrationMappingSyncPayload(pnToLidMappings=[wa.LIDMigrationMapping(pn=5533, assignedLid=333)])
SELF_ONLY = {
    "history": said(
        type=T.HISTORY_SYNC_NOTIFICATION,
        historySyncNotification=wa.HistorySyncNotification(initialHistBootstrapInlinePayload=HISTORY),
    ),
    "keys": said(
        type=T.APP_STATE_SYNC_KEY_SHARE,
        appStateSyncKeyShare=wa.AppStateSyncKeyShare(
            keys=[
                wa.AppStateSyncKey(keyId=wa.AppStateSyncKeyId(keyId=b"1"), keyData=wa.AppStateSyncKeyData(keyData=b"k"))
            ]
        ),
    ),
    "addresses": said(
        type=T.LID_MIGRATION_MAPPING_SYNC,
        lidMigrationMappingSyncMessage=wa.LIDMigrationMappingSyncMessage(
            encodedMappingPayload=PAIRS.SerializeToString()
        ),
    ),
    "key request": said(type=T.APP_STATE_SYNC_KEY_REQUEST),
    "fatal": said(type=T.APP_STATE_FATAL_EXCEPTION_NOTIFICATION),
    "settings": said(type=T.INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC),
    "request": said(type=T.PEER_DATA_OPERATION_REQUEST_MESSAGE),
    "sent by us": compose.own_copy(
        wa.Message(
            extendedTextMessage=wa.ExtendedTextMessage(
                text="desconto!", contextInfo=wa.ContextInfo(expiration=86400, ephemeralSettingTimestamp=9)
            ),
            messageContextInfo=wa.MessageContextInfo(messageSecret=b"s" * 32),
        ),
        str(ANA_LID),
    ),
}


@pytest.mark.parametrize("kind", SELF_ONLY)
@pytest.mark.parametrize("attrs", [{}, {"category": "peer"}])
async def test_a_customer_cannot_speak_as_our_own_device(cast: Cast, kind: str, attrs: dict[str, str]) -> None:
    """CVE-2026-48063."""
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    before, events = await snapshot(cast.web), list(cast.web.events)
    await cast.ana.raw(SELF_ONLY[kind], cast.web, **attrs)
    await cast.net.settle()
    assert await snapshot(cast.web) == before
    assert cast.web.events == events
    assert any("forged" in note for note in cast.web.notes)


async def test_a_customer_cannot_answer_in_our_phone_s_place(cast: Cast) -> None:
    request = await placeholder(cast)
    before = await snapshot(cast.web)
    await cast.ana.raw(answer(request.id, "3EB0AD", "falso"), cast.web)
    await cast.web.run()
    assert await snapshot(cast.web) == before
    assert cast.web.texts == []


async def test_our_own_companion_cannot_answer_in_our_phone_s_place(cast: Cast) -> None:
    request = await placeholder(cast)
    desktop = await cast.net.join(SHOP.user, SHOP_LID.user, 3)
    await desktop.raw(answer(request.id, "3EB0AD", "falso"), cast.web, category="peer")
    await cast.web.run()
    assert cast.web.texts == []
    assert any("forged" in note for note in cast.web.notes)


async def test_our_phone_teaches_us(cast: Cast) -> None:
    for kind in ("addresses", "keys", "history"):
        await cast.phone.raw(SELF_ONLY[kind], cast.web, category="peer")
    await cast.net.settle()
    assert kinds(cast.web.written) == [("receipt", "peer_msg")] * 3 + [("receipt", "hist_sync")]

    def learned(rows: Rows) -> tuple[Any, ...]:
        device = rows.device()
        assert device is not None
        token = rows.privacy_token("333")
        return rows.lid_of("5533"), token.token, token.issued_at, rows.fact(NCT_SALT), device.name

    assert await cast.web.rows(learned) == ("333", b"t", 5, b"salt", "Loja")
    odd = await cast.web.rows(lambda rows: (rows.privacy_token("334").token, rows.privacy_token("335").issued_at))
    assert odd == (b"", 0)
    assert cast.web.events == []


async def test_our_own_addresses_are_never_mixed_with_a_customer_s(cast: Cast) -> None:
    await cast.ana.raw(wa.Message(conversation="oi"), cast.web, sender_pn=SHOP)
    await cast.web.run()
    assert await cast.web.rows(lambda rows: rows.lid_of(SHOP.user)) == SHOP_LID.user
    assert "ignored" in cast.web.notes[0]
    assert cast.web.texts == ["oi"]


async def test_nobody_else_is_our_phone(cast: Cast) -> None:
    """A session in our phone's name under another identity is refused, and what it says with it."""
    await cast.phone.send("oi", ANA_LID)
    await cast.net.settle()
    impostor = await cast.net.join(SHOP.user, SHOP_LID.user)
    await impostor.raw(SELF_ONLY["addresses"], cast.web, category="peer")
    taken = await cast.web.handle(cast.web.queue[0])
    assert taken is not None
    assert kinds(taken.answers) == [("receipt", "retry"), ("receipt", "peer_msg")]
    assert await cast.web.rows(lambda rows: rows.lid_of("5533")) is None


# --- addresses --------------------------------------------------------------------------------------------------------


async def test_a_chat_by_number_goes_on_by_lid(cast: Cast) -> None:
    cast.net.tells_addresses = False
    await cast.ana.send("oi", SHOP)
    await cast.net.settle()
    await cast.web.send("olá", ANA)
    await cast.net.settle()
    await cast.web.rows(lambda rows: chats.set_lifetime(rows, ANA, Disappearing(86400, 5), at=5))
    first = cast.web.events[0]
    assert isinstance(first, MessageReceived)
    assert first.network_id.endswith(f"/{ANA}")
    cast.net.tells_addresses = True
    reply = compose.Quoted(id=first.network_id.partition("/")[0], author=str(ANA), text="oi")
    await cast.ana.send(compose.text("e?", compose.Setting(secret=b"s" * 32, quoted=reply)), SHOP_LID)
    await cast.net.settle()
    second = cast.web.events[1]
    assert isinstance(second, MessageReceived)
    assert second.network_id.endswith("/222@lid")
    assert second.reply_to == first.network_id, "as the first one stands in the shard"
    await cast.web.send("já respondo", ANA_LID)
    await cast.net.settle()
    assert cast.web.texts == ["oi", "e?"]
    assert cast.ana.texts == ["olá", "já respondo"]
    assert not cast.web.notes
    assert await cast.web.rows(lambda rows: chats.lifetime(rows, ANA_LID)) == Disappearing(86400, 5)


async def test_a_message_that_comes_again_under_the_other_address_is_known(cast: Cast) -> None:
    cast.net.tells_addresses = False
    await cast.ana.send("oi", SHOP)
    node = cast.web.queue[0]
    await cast.net.settle()
    again = evolve(node, attrs={**node.attrs, "from": ANA_LID, "sender_pn": ANA})
    taken = await cast.web.handle(again)
    assert taken is not None
    assert not taken.ask_phone
    assert cast.web.texts == ["oi"]


async def test_corrections_find_their_message_across_addresses(cast: Cast) -> None:
    cast.net.tells_addresses = False
    sent = await cast.ana.send("tem siena?", SHOP)
    await cast.net.settle()
    cast.net.tells_addresses = True
    key = compose.Key(chat=str(SHOP_LID), id=sent.id, from_me=True)
    for message in (compose.edit(key, "tem civic?", at_ms=1), compose.revoke(key)):
        await cast.ana.send(message, SHOP_LID)
    await cast.net.settle()
    _, edited, revoked = cast.web.events
    assert isinstance(edited, MessageEdited)
    assert isinstance(revoked, MessageRevoked)
    assert edited.target == revoked.target == f"{sent.id}/{ANA}"


async def test_a_customer_with_a_new_phone_is_believed_and_noted(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    anew = await cast.net.join(ANA.user, ANA_LID.user)
    await anew.send("celular novo", SHOP_LID)
    await cast.net.settle()
    await cast.web.send("olá", ANA_LID)
    await cast.net.settle()
    assert cast.web.texts == ["oi", "celular novo"]
    assert anew.texts == ["olá"]
    assert any("identity has changed" in note for note in cast.web.notes)


async def test_a_customer_with_another_number_is_noted(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    await cast.ana.raw(wa.Message(conversation="mudei"), cast.web, sender_pn=Jid("5599"))
    await cast.web.run()
    assert cast.web.notes == ["a known customer has another number now"]
    assert cast.web.texts == ["oi", "mudei"]


# --- what cannot be decrypted -----------------------------------------------------------------------------------------


async def forget(device: WebDevice, address: str) -> None:
    await device.rows(lambda rows: rows.forget_session(address))


async def test_a_lost_session_heals_and_the_message_comes_once(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    await cast.web.send("olá", ANA_LID)
    await cast.net.settle()
    await forget(cast.web, "222_1:0")
    await cast.ana.send("ainda tem?", SHOP_LID)
    await cast.net.settle()
    assert cast.web.texts == ["oi", "ainda tem?"], "from the customer's device or from our phone, not from both"
    assert await cast.web.rows(lambda rows: rows.failures()) == 0
    (receipt,) = [node for node in cast.web.written if node.get("type") == "retry"]
    retry, keys = receipt.child("retry"), receipt.child("keys")
    assert retry is not None
    assert keys is not None, "there was no session at all"
    assert (retry.get("count"), retry.get("error")) == ("1", "1")
    await cast.ana.send("alô", SHOP_LID)
    await cast.net.settle()
    assert cast.web.texts[-1] == "alô"


async def garbled(cast: Cast, id_: str, **enc: str) -> Node:
    """A message of a session that exists, which does not open."""
    node = await cast.ana.raw(wa.Message(conversation="x"), cast.web, id_=id_)
    (child,) = node.children("enc")
    broken = evolve(child, attrs={**child.attrs, **enc}, content=child.data[:-1] + bytes([child.data[-1] ^ 1]))
    cast.web.queue.remove(node)
    return evolve(node, content=(broken,))


async def test_requests_to_send_again_count_up_bring_keys_and_end(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    await cast.web.send("olá", ANA_LID)
    await cast.net.settle()
    asked = []
    for _ in range(6):
        taken = await cast.web.handle(await garbled(cast, "3EB0BAD"))
        assert taken is not None
        assert taken.ask_phone
        assert taken.answers[-1].tag == "ack", "a request alone clears nothing"
        asked.append([(str(a.child("retry").get("count")), a.child("keys") is not None) for a in taken.answers[:-1]])  # type: ignore[union-attr]
    assert asked == [[("1", False)], [("2", True)], [("3", True)], [("4", True)], [], []]
    assert await cast.web.rows(lambda rows: rows.failures()) == 1
    requests = [node for node in cast.web.written if node.get("category") == "peer"]
    assert len({node.get("id") for node in requests}) == 1, "our phone is asked for it once, with the same bytes"
    assert len(set(map(repr, requests))) == 1
    cast.ana.queue.clear()
    await cast.ana.send("agora vai", SHOP_LID)
    await cast.net.settle()
    assert cast.web.texts == ["oi", "agora vai"]


async def test_a_content_sent_for_the_fourth_time_is_not_asked_for_again(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    taken = await cast.web.handle(await garbled(cast, "3EB0BAD", count="4"))
    assert taken is not None
    assert kinds(taken.answers) == [("ack", "")]
    assert taken.ask_phone


async def test_one_device_cannot_fill_our_file_with_prekeys(cast: Cast) -> None:
    given = 0
    for number in range(MAX_KEYS_AN_HOUR + 5):
        enc = Node("enc", {"v": "2", "type": "msg"}, b"\x33lixo")
        attrs = {"id": f"3EB0{number}", "from": ANA_LID, "t": str(cast.net.seconds)}
        taken = await cast.web.handle(Node("message", attrs, (enc,)))
        assert taken is not None
        given += taken.answers[0].child("keys") is not None
        cast.ana.queue.clear()
    assert given == MAX_KEYS_AN_HOUR
    cast.net.clock.move(3600)
    taken = await cast.web.handle(Node("message", {"id": "3EB0Z", "from": ANA_LID}, (enc,)))
    assert taken is not None
    assert taken.answers[0].child("keys") is not None


@pytest.mark.parametrize("plain", [b"", b"oi\x00", b"\x08\x01\x01", b"\xff\xff\x02\x02"])
async def test_what_is_no_message_is_refused_once_and_chat_goes_on(cast: Cast, plain: bytes) -> None:
    await cast.ana.raw(plain, cast.web)
    taken = await cast.web.handle(cast.web.queue[0])
    assert taken is not None
    assert kinds(taken.answers) == [("ack", str(stanza.INVALID_MESSAGE))]
    assert not cast.web.queue
    await cast.ana.raw(wa.Message(conversation="oi"), cast.web)
    await cast.web.run()
    assert cast.web.texts == ["oi"]


async def test_too_many_wrappers_are_nothing(cast: Cast) -> None:
    message = wa.Message(conversation="oi")
    for _ in range(12):
        message = wa.Message(ephemeralMessage=wa.FutureProofMessage(message=message))
    await cast.ana.raw(message, cast.web)
    await cast.web.run()
    assert cast.web.events == []
    assert any("wrapped" in note for note in cast.web.notes)


# --- several contents -------------------------------------------------------------------------------------------------


async def both(cast: Cast, *plains: wa.Message | bytes) -> Node:
    """One stanza with several contents."""
    encs = []
    for plain in plains:
        (enc,) = (await cast.ana.raw(plain, cast.web)).children("enc")
        encs.append(enc)
    cast.web.queue.clear()
    attrs = {"id": "3EB0BOTH", "from": ANA_LID, "t": str(cast.net.seconds)}
    return Node("message", attrs, tuple(encs))


KEYS_FOR_A_GROUP = wa.Message(senderKeyDistributionMessage=wa.SenderKeyDistributionMessage(groupId="1@g.us"))


@pytest.mark.parametrize("first", [KEYS_FOR_A_GROUP, b"\xff\xff\x02\x02"])
async def test_of_several_contents_the_one_that_speaks_counts(cast: Cast, first: wa.Message | bytes) -> None:
    node = await both(cast, first, wa.Message(conversation="oi"))
    taken = await cast.web.handle(node)
    assert taken is not None
    assert cast.web.texts == ["oi"]
    assert kinds(taken.answers) == [("receipt", "")]
    await cast.web.handle(node)
    assert cast.web.texts == ["oi"]


async def test_of_several_contents_one_that_opens_is_enough(cast: Cast) -> None:
    node = await both(cast, wa.Message(conversation="oi"), wa.Message(conversation="x"))
    good, bad = node.children("enc")
    bad = evolve(bad, content=bad.data[:-1] + bytes([bad.data[-1] ^ 1]))
    taken = await cast.web.handle(evolve(node, content=(bad, good)))
    assert taken is not None
    assert kinds(taken.answers) == [("receipt", "")]
    assert not taken.ask_phone
    assert cast.web.texts == ["oi"]


# --- asking our phone -------------------------------------------------------------------------------------------------


def empty(cast: Cast, id_: str = "3EB0AD", *, age: int = 0, kind: str = "", by: Jid = ANA_LID) -> Node:
    """A message without its content, as ads produce them."""
    attrs = {"id": id_, "from": by, "t": str(cast.net.seconds - age), "notify": "Ana"}
    return Node("message", attrs, (Node("unavailable", {"type": kind} if kind else {}),))


async def placeholder(cast: Cast, id_: str = "3EB0AD") -> Outbound:
    """Ask our phone for a message that came empty."""
    await cast.web.handle(empty(cast, id_))
    ((_, sent),) = [(n, n.get("id")) for n in cast.web.written if n.get("category") == "peer"]
    found = await cast.web.rows(lambda rows: rows.outbound_of(sent))
    assert found is not None
    return found


def answer(request_id: str, id_: str, text: str, *, from_me: bool = False, **more: Any) -> wa.Message:
    """What our phone answers."""
    web = wa.WebMessageInfo(
        key=wa.MessageKey(remoteJid=str(ANA), id=id_, fromMe=from_me),
        message=wa.Message(conversation=text),
        messageTimestamp=1_700_000_000,
        pushName="Ana",
    )
    web.MergeFrom(wa.WebMessageInfo(**more))
    response = wa.PeerDataOperationRequestResponseMessage(
        stanzaId=request_id,
        peerDataOperationResult=[
            wa.PeerDataOperationResult(
                placeholderMessageResendResponse=wa.PlaceholderMessageResendResponse(
                    webMessageInfoBytes=web.SerializeToString()
                )
            )
        ],
    )
    return said(type=T.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE, peerDataOperationRequestResponseMessage=response)


async def test_a_message_that_came_empty_is_asked_of_our_phone_and_answered(cast: Cast) -> None:
    request = await placeholder(cast)
    assert cast.web.written[-1].tag == "ack"
    assert await cast.web.rows(lambda rows: rows.failures()) == 1
    await cast.phone.run()
    key = cast.phone.notes
    assert not key
    await cast.phone.raw(answer(request.id, "3EB0AD", "vi o anúncio", messageSecret=b"x" * 32), cast.web)
    await cast.web.run()
    (event,) = cast.web.events
    assert isinstance(event, MessageReceived)
    assert (event.text, event.network_id, event.sender.lid) == ("vi o anúncio", "3EB0AD/222@lid", "222")
    assert int(event.at.timestamp()) == 1_700_000_000
    assert await cast.web.rows(lambda rows: rows.failures()) == 0
    assert await cast.web.rows(lambda rows: rows.secret(ANA_LID, "3EB0AD")) == b"x" * 32
    await cast.phone.raw(answer(request.id, "3EB0AD", "outra vez"), cast.web)
    await cast.web.run()
    assert cast.web.texts == ["vi o anúncio"]


async def test_our_phone_s_answer_may_be_what_a_person_sent(cast: Cast) -> None:
    request = await placeholder(cast)
    await cast.phone.raw(answer(request.id, "3EB0AD", "bom dia", from_me=True), cast.web, category="peer")
    await cast.web.run()
    assert (cast.web.texts, cast.web.human) == ([], ["bom dia"])


@pytest.mark.parametrize("request_id", ["3EB0NONE", ""])
async def test_answers_nobody_asked_for_are_nothing(cast: Cast, request_id: str) -> None:
    await placeholder(cast)
    await cast.phone.raw(answer(request_id, "3EB0AD", "falso"), cast.web, category="peer")
    await cast.web.run()
    assert cast.web.events == []


async def test_only_the_message_that_was_asked_for_is_taken(cast: Cast) -> None:
    request = await placeholder(cast)
    await cast.phone.raw(answer(request.id, "3EB0OTHER", "falso"), cast.web, category="peer")
    await cast.web.run()
    assert cast.web.events == []
    assert any("not waiting for" in note for note in cast.web.notes)


async def test_an_answer_of_any_shape_stops_nothing(cast: Cast) -> None:
    request = await placeholder(cast)
    deep = wa.Message(conversation="x")
    for _ in range(12):
        deep = wa.Message(ephemeralMessage=wa.FutureProofMessage(message=deep))
    odd = answer(request.id, "3EB0AD", "", message=deep, messageTimestamp=2**64 - 1)
    await cast.phone.raw(odd, cast.web, category="peer")
    await cast.web.run()
    assert cast.web.events == []
    assert await cast.web.rows(lambda rows: rows.failures()) == 1


async def test_a_message_that_comes_itself_makes_the_phone_s_answer_late(cast: Cast) -> None:
    request = await placeholder(cast)
    await cast.ana.raw(wa.Message(conversation="oi"), cast.web, id_="3EB0AD")
    await cast.web.run()
    await cast.phone.raw(answer(request.id, "3EB0AD", "oi"), cast.web, category="peer")
    await cast.web.run()
    assert cast.web.texts == ["oi"]
    assert await cast.web.rows(lambda rows: rows.failures()) == 0


async def test_a_crash_before_the_empty_stanza_was_cleared_asks_again_with_the_same_bytes(cast: Cast) -> None:
    first = await placeholder(cast)
    written = cast.web.written[0]
    await cast.web.handle(empty(cast))
    assert cast.web.written[2] == written
    await cast.phone.run()
    assert await cast.web.rows(lambda rows: rows.outbound_of(first.id)) == first


@pytest.mark.parametrize(
    ("node_of", "why"),
    [
        (lambda cast: empty(cast, age=15 * 86_400), "too old"),
        (lambda cast: empty(cast, kind="view_once_unavailable_fanout"), "to be seen once, on the phone"),
        (lambda cast: empty(cast, by=SHOP_LID), "between our own devices"),
    ],
)
async def test_what_is_not_asked_of_our_phone(cast: Cast, node_of: Any, why: str) -> None:
    taken = await cast.web.handle(node_of(cast))
    assert taken is not None
    assert not taken.ask_phone, why
    assert taken.answers
    assert await cast.web.rows(lambda rows: rows.failures()) == 0


async def test_an_empty_copy_of_a_message_we_have_is_only_cleared(cast: Cast) -> None:
    sent = await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    taken = await cast.web.handle(empty(cast, sent.id))
    assert taken is not None
    assert not taken.ask_phone


# --- disappearing messages --------------------------------------------------------------------------------------------


async def test_the_newest_setting_of_a_chat_counts(cast: Cast) -> None:
    now = cast.net.seconds

    def under(seconds: int, set_at: int) -> wa.Message:
        context = wa.ContextInfo(expiration=seconds, ephemeralSettingTimestamp=set_at)
        return wa.Message(extendedTextMessage=wa.ExtendedTextMessage(text="oi", contextInfo=context))

    async def after(message: wa.Message) -> Disappearing | None:
        await cast.ana.raw(message, cast.web)
        await cast.web.run()
        return await cast.web.rows(lambda rows: chats.lifetime(rows, ANA_LID))

    assert await after(under(86_400, now - 50)) == Disappearing(86_400, now - 50)
    assert await after(under(604_800, now - 90)) == Disappearing(86_400, now - 50), "written before, come later"
    assert await after(under(604_800, now - 10)) == Disappearing(604_800, now - 10)
    assert await after(under(604_800, now * 1000)) == Disappearing(604_800, now), "no lasting claim on the chat"
    off = said(type=T.EPHEMERAL_SETTING, ephemeralExpiration=0)
    assert await after(off) == Disappearing(0, now)


# --- the file is read as it was written -------------------------------------------------------------------------------


async def test_a_row_that_cannot_be_read_does_not_hold_up_the_others(cast: Cast) -> None:
    for text in ("um", "dois", "três"):
        await cast.ana.raw(wa.Message(conversation=text), cast.web)
    for _ in range(3):
        with pytest.raises(Crash):
            await cast.web.handle(cast.web.queue[0], crash="written")
    spoil = "UPDATE inbound SET stanza = x'00ff' WHERE seq = 1; UPDATE inbound SET plaintext = x'ff' WHERE seq = 2"
    await cast.web.rows(lambda rows: [rows._tx.run(each) for each in spoil.split(";")])  # type: ignore[attr-defined]
    await cast.web.drain()
    assert cast.web.texts == ["três"]
    assert len(cast.web.events) == 3


async def test_the_order_is_that_of_arrival_however_many_are_drained_at_once(cast: Cast) -> None:
    texts = [str(number) for number in range(8)]
    for text in texts:
        await cast.ana.raw(wa.Message(conversation=text), cast.web)
    while cast.web.queue:
        with pytest.raises(Crash):
            await cast.web.handle(cast.web.queue[0], crash="written")
    seqs = await cast.web.rows(lambda rows: [each.seq for each in inbound.to_deliver(rows, cast.web.own, 100)])
    assert seqs == sorted(seqs)
    await cast.web.drain()
    assert cast.web.texts == texts
