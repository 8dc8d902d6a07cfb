"""What others write reaches the shard exactly once, whatever crashes, comes twice, late, forged or by another way."""

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daemon.channels.web import chats, inbound
from daemon.channels.web.inbound import MAX_KEYS_AN_HOUR
from daemon.whatsapp.events import HumanAnswered, MessageEdited, MessageReceived, MessageRevoked
from daemon.whatsapp.web import compose, stanza
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.content import Disappearing
from daemon.whatsapp.web.curve import hkdf
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Attr, Node
from tests.daemon.channels.web.conftest import ANA, ANA_LID, SHOP, SHOP_LID, Cast, kinds, snapshot, stored
from tests.support.web_devices import SECRET, Crash, WebDevice, When

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
    assert not cast.web.notes


@pytest.mark.parametrize(("days", "asked"), [(0, True), (14, True), (15, False)])
async def test_a_key_used_before_whose_message_is_not_here_is_asked_of_our_phone(
    cast: Cast, days: int, *, asked: bool
) -> None:
    await cast.ana.send("oi", SHOP_LID)
    node = cast.web.queue[0]
    await cast.net.settle()
    await cast.web.rows(lambda rows: rows._tx.run("DELETE FROM inbound"))  # type: ignore[attr-defined]
    cast.net.clock.move(days * 86_400)
    taken = await cast.web.handle(node)
    assert taken is not None
    assert taken.ask_phone is asked
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
    await cast.phone.raw(wa.Message(conversation="comprar café"), cast.web)
    await cast.web.run()
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


async def test_a_device_linked_since_the_last_answer_gets_the_next_one(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    await cast.web.send("olá", ANA_LID)  # the list of her devices is known now
    desktop = await cast.net.join(ANA.user, ANA_LID.user, 7)
    await desktop.send("agora do computador", SHOP_LID)
    await cast.net.settle()
    await cast.web.send("certo", ANA_LID)
    await cast.net.settle()
    assert desktop.texts == ["certo"]


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
    await impostor.raw(wa.Message(conversation="eu"), cast.web)
    taken = await cast.web.handle(cast.web.queue[0])
    assert taken is not None
    assert kinds(taken.answers) == [("receipt", "retry"), ("receipt", "sender")]
    assert cast.web.human == ["oi"]


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


async def test_an_encrypted_edit_opens_with_the_secret_of_its_message(cast: Cast) -> None:
    sent = await cast.ana.send("tem siena?", SHOP_LID)
    await cast.net.settle()
    key = hkdf(SECRET, salt=None, info=f"{sent.id}{ANA_LID}{ANA_LID}Message Edit".encode(), length=32)
    words = wa.Message(conversation="tem civic?").SerializeToString()
    hidden = wa.SecretEncryptedMessage(
        targetMessageKey=wa.MessageKey(id=sent.id, fromMe=True),
        encPayload=AESGCM(key).encrypt(bytes(12), words, None),
        encIv=bytes(12),
        secretEncType=wa.SecretEncryptedMessage.MESSAGE_EDIT,
    )
    await cast.ana.send(wa.Message(secretEncryptedMessage=hidden), SHOP_LID)
    await cast.net.settle()
    edited = cast.web.events[1]
    assert isinstance(edited, MessageEdited)
    assert (edited.text, edited.target) == ("tem civic?", f"{sent.id}/222@lid")


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
    await cast.web.send("olá", ANA_LID)
    await cast.net.settle()
    taken = await cast.web.handle(await garbled(cast, "3EB0BAD", count="4"))
    assert taken is not None
    assert kinds(taken.answers) == [("ack", "")]
    assert taken.ask_phone


async def test_one_device_cannot_fill_our_file_with_prekeys(cast: Cast) -> None:
    given = 0
    for number in range(MAX_KEYS_AN_HOUR + 5):
        enc = Node("enc", {"v": "2", "type": "msg"}, b"\x33lixo")
        attrs: dict[str, Attr] = {"id": f"3EB0{number}", "from": ANA_LID, "t": str(cast.net.seconds)}
        taken = await cast.web.handle(Node("message", attrs, (enc,)))
        assert taken is not None
        given += taken.answers[0].child("keys") is not None
        cast.ana.queue.clear()
    assert given == MAX_KEYS_AN_HOUR
    cast.net.clock.move(3600)
    taken = await cast.web.handle(Node("message", {"id": "3EB0Z", "from": ANA_LID}, (enc,)))
    assert taken is not None
    assert taken.answers[0].child("keys") is not None


@pytest.mark.parametrize("plain", [b"", b"oi\x00", b"\x0a\x05\x01", b"\xff\xff\x02\x02"])
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
    attrs: dict[str, Attr] = {"id": "3EB0BOTH", "from": ANA_LID, "t": str(cast.net.seconds)}
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
