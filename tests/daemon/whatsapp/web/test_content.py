"""Events: whom a message may touch, what an ad leaves, who answered; and arbitrary messages."""

import base64
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.events import (
    Event,
    HumanAnswered,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    ReactionReceived,
    Sender,
)
from daemon.whatsapp.fields import UNKNOWN_TIME
from daemon.whatsapp.web import content, envelope
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.content import Disappearing
from daemon.whatsapp.web.curve import hkdf
from daemon.whatsapp.web.errors import Garbled
from tests.support.web_messages import FILE, messages

CHAT = "111@lid"
ID = f"3EB0AA/{CHAT}"
ANA = Sender(lid="111", phone="5511988887777", name="Ana")
BOTH = ("111@lid", "5511988887777@s.whatsapp.net")
SECRET = bytes(range(32))
Types = wa.ProtocolMessage


def read(message: wa.Message, **more: Any) -> Event:
    (event,) = content.read(message, network_id=ID, sender=ANA, at=UNKNOWN_TIME, **more)
    return event


def received(message: wa.Message) -> MessageReceived:
    event = read(message)
    assert isinstance(event, MessageReceived)
    return event


def own(message: wa.Message, **more: Any) -> list[Event]:
    copy = wa.Message(deviceSentMessage=wa.DeviceSentMessage(destinationJid=CHAT, message=message))
    return content.own(copy, network_id=ID, to=ANA, at=UNKNOWN_TIME, **more)


def extended(**context: Any) -> wa.Message:
    return wa.Message(extendedTextMessage=wa.ExtendedTextMessage(text="oi", contextInfo=wa.ContextInfo(**context)))


def correction(
    kind: wa.ProtocolMessage.Type.ValueType, *, from_me: bool = True, id_: str = "3EB0BB", **more: Any
) -> wa.Message:
    key = wa.MessageKey(remoteJid="999@lid", fromMe=from_me, id=id_, participant="998@lid")
    return wa.Message(protocolMessage=wa.ProtocolMessage(key=key, type=kind, **more))


def test_a_text() -> None:
    assert read(wa.Message(conversation="Tem Gol?")) == MessageReceived(
        network_id=ID, sender=ANA, at=UNKNOWN_TIME, kind="text", text="Tem Gol?"
    )


def test_nothing_said_is_no_event() -> None:
    for message in (wa.Message(), wa.Message(messageContextInfo=wa.MessageContextInfo())):
        assert content.read(message, network_id=ID, sender=ANA, at=UNKNOWN_TIME) == []
        assert own(message) == []


def test_network_ids() -> None:
    assert content.network_id("3EB0AA", CHAT) == ID
    for bad in ("", "a/b", "x" * 200):
        with pytest.raises(Garbled):
            content.network_id(bad, CHAT)


def test_a_reply_names_a_message_of_this_chat() -> None:
    assert received(extended(stanzaId="3EB0BB", participant="1@lid", remoteJid="222@lid")).reply_to == f"3EB0BB/{CHAT}"
    assert received(extended(stanzaId="3EB0BB", remoteJid="status@broadcast")).reply_to is None
    assert received(extended(stanzaId="3EB0BB", remoteJid="1203630@g.us")).reply_to is None
    assert received(extended(stanzaId="3EB0BB/222@lid")).reply_to is None
    assert received(extended()).reply_to is None


def test_forwarded() -> None:
    assert received(extended(isForwarded=True)).content == {"forwarded": True}
    assert received(extended(isForwarded=False)).content == {}


def test_an_ad_in_the_cloud_apis_words() -> None:
    ad = wa.ExternalAdReplyInfo(
        title="Civic 2022",
        body="Só esta semana",
        sourceType="ad",
        sourceId="1202100",
        sourceUrl="https://fb.me/x",
        ctwaClid="ARx",
        ref="junho",
        sourceApp="instagram",
        thumbnailUrl="https://evil.example/",
        mediaUrl="https://evil.example/",
    )
    event = received(extended(externalAdReply=ad, entryPointConversionSource="ctwa_ad", conversionData=b"\x00\xff"))
    assert event.referral == {
        "headline": "Civic 2022",
        "body": "Só esta semana",
        "source_type": "ad",
        "source_id": "1202100",
        "source_url": "https://fb.me/x",
        "ctwa_clid": "ARx",
        "ref": "junho",
        "source_app": "instagram",
        "entry_point": "ctwa_ad",
        "conversion_data": base64.b64encode(b"\x00\xff").decode(),
    }


@pytest.mark.parametrize(
    "context",
    [
        {"conversionSource": "FB_Ads"},
        {"conversionData": b"x"},
        {"entryPointConversionSource": "ctwa_ad"},
        {"ctwaSignals": "s"},
        {"ctwaPayload": b"x"},
    ],
)
def test_an_ad_that_says_little(context: dict[str, Any]) -> None:
    assert received(extended(**context)).referral


def test_a_link_or_a_search_is_no_ad() -> None:
    assert (
        received(extended(externalAdReply=wa.ExternalAdReplyInfo(title="Olha", sourceUrl="https://x"))).referral is None
    )
    found = received(extended(entryPointConversionSource="global_search_new_chat"))
    assert found.referral is None
    assert found.content == {"entry_point": "global_search_new_chat"}


def test_who_clicked_an_ad_is_a_customer_even_without_words() -> None:
    context = wa.ContextInfo(externalAdReply=wa.ExternalAdReplyInfo(ctwaClid="ARx"))
    event = received(wa.Message(extendedTextMessage=wa.ExtendedTextMessage(contextInfo=context)))
    assert (event.kind, event.content, event.referral) == ("unsupported", {"type": "ad"}, {"ctwa_clid": "ARx"})


def test_a_reaction() -> None:
    key = wa.MessageKey(remoteJid="999@lid", id="3EB0BB")
    for emoji in ("👍", ""):
        event = read(wa.Message(reactionMessage=wa.ReactionMessage(key=key, text=emoji)))
        assert event == ReactionReceived(
            network_id=ID, sender=ANA, at=UNKNOWN_TIME, target=f"3EB0BB/{CHAT}", emoji=emoji
        )


def test_a_deletion_reaches_only_into_its_own_chat() -> None:
    event = read(correction(Types.REVOKE))
    assert event == MessageRevoked(network_id=ID, sender=ANA, at=UNKNOWN_TIME, target=f"3EB0BB/{CHAT}")


def test_nobody_changes_what_another_wrote() -> None:
    new = wa.Message(conversation="dou desconto")
    for message in (
        correction(Types.REVOKE, from_me=False),
        correction(Types.MESSAGE_EDIT, from_me=False, editedMessage=new),
        correction(Types.REVOKE, id_="3EB0BB/222@lid"),
        correction(Types.REVOKE, id_=""),
        correction(Types.MESSAGE_EDIT),
        wa.Message(reactionMessage=wa.ReactionMessage(text="👍")),
    ):
        event = read(message)
        assert isinstance(event, Ignored)
        assert event.reason == "bad_item"


def test_a_type_we_do_not_know_is_no_deletion() -> None:
    unknown = wa.ProtocolMessage.FromString(b"\x10\x63")  # type 99
    unknown.key.id, unknown.key.fromMe = "3EB0BB", True
    assert unknown.type == Types.REVOKE  # what protobuf says of it
    assert content.read(wa.Message(protocolMessage=unknown), network_id=ID, sender=ANA, at=UNKNOWN_TIME) == []


@pytest.mark.parametrize(
    ("new", "text"),
    [
        (wa.Message(conversation="até 90 mil"), "até 90 mil"),
        (wa.Message(extendedTextMessage=wa.ExtendedTextMessage(text="até 90 mil")), "até 90 mil"),
        (wa.Message(imageMessage=wa.ImageMessage(**FILE, caption="esse aqui")), "esse aqui"),
    ],
)
def test_an_edit_bare_and_wrapped(new: wa.Message, text: str) -> None:
    edit = correction(Types.MESSAGE_EDIT, editedMessage=new)
    wrapped = wa.Message(editedMessage=wa.FutureProofMessage(message=edit))
    for message in (edit, wrapped):
        event = read(message)
        assert event == MessageEdited(network_id=ID, sender=ANA, at=UNKNOWN_TIME, target=f"3EB0BB/{CHAT}", text=text)


def sealed(new: wa.Message, author: str, editor: str) -> wa.Message:
    key = hkdf(SECRET, salt=None, info=f"3EB0BB{author}{editor}Message Edit".encode(), length=32)
    return wa.Message(
        secretEncryptedMessage=wa.SecretEncryptedMessage(
            targetMessageKey=wa.MessageKey(fromMe=True, id="3EB0BB"),
            encPayload=AESGCM(key).encrypt(b"n" * 12, new.SerializeToString(), None),
            encIv=b"n" * 12,
            secretEncType=wa.SecretEncryptedMessage.MESSAGE_EDIT,
        )
    )


@pytest.mark.parametrize("author", BOTH)
@pytest.mark.parametrize("editor", BOTH)
@pytest.mark.parametrize("inner", [False, True])
def test_an_encrypted_edit_under_either_address(author: str, editor: str, inner: bool) -> None:
    new = wa.Message(conversation="até 90 mil")
    message = sealed(correction(Types.MESSAGE_EDIT, editedMessage=new) if inner else new, author, editor)
    assert content.sealed_edit(message) == "3EB0BB"
    event = read(message, secret=SECRET, addresses=BOTH)
    assert event == MessageEdited(
        network_id=ID, sender=ANA, at=UNKNOWN_TIME, target=f"3EB0BB/{CHAT}", text="até 90 mil"
    )


def test_an_encrypted_edit_that_cannot_be_read_changes_nothing() -> None:
    message = sealed(wa.Message(conversation="x"), BOTH[0], BOTH[0])
    for more in ({}, {"secret": SECRET}, {"secret": bytes(32), "addresses": BOTH}, {"secret": b"x", "addresses": BOTH}):
        assert isinstance(read(message, **more), Ignored)
    message.secretEncryptedMessage.encIv = b""
    assert isinstance(read(message, secret=SECRET, addresses=BOTH), Ignored)
    message.secretEncryptedMessage.secretEncType = wa.SecretEncryptedMessage.POLL_EDIT
    assert content.sealed_edit(message) == ""
    assert content.read(message, network_id=ID, sender=ANA, at=UNKNOWN_TIME) == []


def test_a_message_wrapped_too_deep_is_garbled() -> None:
    message = wa.Message(conversation="oi")
    for _ in range(9):
        message = wa.Message(ephemeralMessage=wa.FutureProofMessage(message=message))
    with pytest.raises(Garbled):
        read(message)


def test_a_forged_own_message_is_not_read() -> None:
    copy = wa.Message(deviceSentMessage=wa.DeviceSentMessage(message=wa.Message(conversation="vendido por mil")))
    event = read(copy)
    assert event == Ignored(reason="forged", detail="deviceSentMessage that is not of our own device")


def test_a_person_answered_from_the_phone() -> None:
    assert own(wa.Message(conversation="Já te chamo")) == [
        HumanAnswered(network_id=ID, to=ANA, at=UNKNOWN_TIME, kind="text", text="Já te chamo")
    ]
    (event,) = own(wa.Message(imageMessage=wa.ImageMessage(**FILE, caption="esse")))
    assert isinstance(event, HumanAnswered)
    assert (event.kind, event.text, event.content["media"]["id"]) == ("image", "esse", ID)


def test_what_a_person_did_to_a_message_is_told_apart_from_an_answer() -> None:
    key = wa.MessageKey(id="3EB0BB", fromMe=False)
    for message, kind, text in (
        (wa.Message(reactionMessage=wa.ReactionMessage(key=key, text="👍")), "reaction", "👍"),
        (correction(Types.REVOKE), "revoke", ""),
        (correction(Types.MESSAGE_EDIT, editedMessage=wa.Message(conversation="oi")), "edit", "oi"),
    ):
        target = {"target": f"3EB0BB/{CHAT}"}
        assert own(message) == [
            HumanAnswered(network_id=ID, to=ANA, at=UNKNOWN_TIME, kind=kind, text=text, content=target)
        ]
    assert isinstance(own(correction(Types.REVOKE, id_=""))[0], Ignored)


def test_own_messages_that_are_no_answers() -> None:
    share = Types(type=Types.APP_STATE_SYNC_KEY_SHARE, appStateSyncKeyShare=wa.AppStateSyncKeyShare())
    assert own(wa.Message(protocolMessage=share)) == []
    twice = wa.Message(deviceSentMessage=wa.DeviceSentMessage(message=wa.Message(conversation="oi")))
    assert own(twice) == [Ignored(reason="forged", detail="deviceSentMessage that is not of our own device")]


def test_the_destination_of_an_own_message() -> None:
    copy = wa.Message(deviceSentMessage=wa.DeviceSentMessage(destinationJid=CHAT))
    assert content.destination(copy) == CHAT
    assert content.destination(wa.Message()) == ""


def test_the_secret_wherever_it_stands() -> None:
    info = wa.MessageContextInfo(messageSecret=SECRET)
    inner = wa.Message(conversation="oi", messageContextInfo=info)
    assert content.secret_of(inner) == SECRET
    assert content.secret_of(wa.Message(ephemeralMessage=wa.FutureProofMessage(message=inner))) == SECRET
    assert content.secret_of(wa.Message(messageContextInfo=wa.MessageContextInfo(messageSecret=b"short"))) == b""
    assert content.secret_of(wa.Message(conversation="oi")) == b""


def test_disappearing_messages() -> None:
    assert content.disappearing(extended(expiration=604800, ephemeralSettingTimestamp=9)) == Disappearing(604800, 9)
    setting = Types(type=Types.EPHEMERAL_SETTING, ephemeralExpiration=0, ephemeralSettingTimestamp=10)
    assert content.disappearing(wa.Message(protocolMessage=setting)) == Disappearing(0, 10)
    assert content.disappearing(wa.Message(conversation="oi")) is None
    assert content.disappearing(extended(expiration=4_000_000_000)) is None


@given(messages())
def test_arbitrary_messages_become_bounded_events_or_are_garbled(message: wa.Message) -> None:
    check_bounded(message)


@given(messages(), st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=4))
def test_so_do_messages_whose_bytes_were_changed(message: wa.Message, changes: list[tuple[int, int]]) -> None:
    plain = bytearray(message.SerializeToString() or b"\x00")
    for at, byte in changes:
        plain[at % len(plain)] = byte
    try:
        changed = envelope.parse(bytes(plain))
    except Garbled:
        return
    check_bounded(changed)


def check_bounded(message: wa.Message) -> None:
    try:
        content.disappearing(message)
        content.sealed_edit(message)
        content.secret_of(message)
        events = content.read(message, network_id=ID, sender=ANA, at=UNKNOWN_TIME, secret=SECRET, addresses=BOTH)
        events += content.own(message, network_id=ID, to=ANA, at=UNKNOWN_TIME, secret=SECRET, addresses=BOTH)
    except Garbled:
        return
    assert len(events) <= 2
    for event in events:
        if isinstance(event, Ignored):
            continue
        assert event.network_id == ID
        for target in (getattr(event, "target", ID), getattr(event, "reply_to", None) or ID):
            assert target.endswith(f"/{CHAT}")
            assert target.count("/") == 1
        assert len(getattr(event, "text", "")) <= 65_536
        kept = orjson.dumps([getattr(event, "content", {}), getattr(event, "referral", None)])
        assert len(kept) < 500_000
        assert b"\\u0000" not in kept
