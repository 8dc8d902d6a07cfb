import hashlib
from typing import Any

import pytest
from hypothesis import given

from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node, pack, unpack
from daemon.whatsapp.web.stanza import (
    INVALID_MESSAGE,
    NO_SECRET,
    NOT_CLEARED,
    UNREADABLE,
    UNRECOGNISED,
    AddressPair,
    Ignored,
    Incoming,
    Malformed,
    Own,
    ack,
    address_pair,
    as_lid,
    ciphertext_hash,
    clearing,
    delivered,
    history_received,
    person,
    scope,
    whole,
    without_ciphertext,
)
from tests.support.stanzas import CUSTOMER_LID, CUSTOMER_PN, OWN, nodes

ID = "3EB0C61F6E3D1C866357F9"
ENC = Node("enc", {"v": "2", "type": "msg"}, b"ciphertext")
OWN_LID = Jid("111222333", "lid")


def stanza(*children: Node, **attrs: Any) -> Node:
    return Node("message", {"id": ID, "t": "1700000000", "type": "text"} | attrs, children)


def incoming(*children: Node, **attrs: Any) -> Incoming:
    found = scope(stanza(*children, **attrs), OWN)
    assert isinstance(found, Incoming)
    return found


def customer(*children: Node, **attrs: Any) -> Incoming:
    return incoming(*(children or (ENC,)), **{"from": Jid("222333444", "lid", 7), **attrs})


def own_message(**attrs: Any) -> Incoming:
    return incoming(ENC, **{"from": OWN_LID, "recipient": CUSTOMER_LID, **attrs})


# --- who and where ----------------------------------------------------------------------------------------------------


def test_a_customers_message() -> None:
    enc = Node("enc", {"v": "2", "type": "pkmsg", "count": "2", "decrypt-fail": "hide"}, b"abc")
    identity = Node("device-identity", {}, b"signed")
    found = customer(enc, identity, sender_pn=CUSTOMER_PN, notify="Ana\u202e\x00  Lima", offline="0", edit="1")
    assert (found.id, found.at, found.name, found.edit) == (ID, 1700000000, "Ana Lima", "1")
    assert (found.chat, found.sender, found.alternate) == (CUSTOMER_LID, Jid("222333444", "lid", 7), CUSTOMER_PN)
    assert (found.lid, found.pn) == (CUSTOMER_LID, CUSTOMER_PN)
    assert not found.from_me
    assert not found.peer
    assert found.offline  # "0" is a place in the queue, not "no"
    assert found.device_identity == b"signed"
    (read,) = found.encs
    assert (read.type, read.body, read.count, read.hidden) == ("pkmsg", b"abc", 2, True)
    assert found.learned == AddressPair(lid_user="222333444", pn_user="5511988887777")


def test_a_live_message_from_a_number() -> None:
    found = customer(**{"from": CUSTOMER_PN, "sender_lid": CUSTOMER_LID})
    assert not found.offline
    assert (found.chat, found.alternate) == (CUSTOMER_PN, CUSTOMER_LID)
    assert (found.lid, found.pn) == (CUSTOMER_LID, CUSTOMER_PN)


def test_an_address_of_the_same_kind_is_no_alternate() -> None:
    found = customer(sender_pn=Jid("999", "lid"))
    assert (found.alternate, found.learned, found.pn) == (None, None, None)


def test_our_own_message_belongs_to_its_recipients_chat() -> None:
    found = own_message(peer_recipient_pn=CUSTOMER_PN, sender_pn=Jid("5500000000000"))
    assert found.from_me
    assert (found.chat, found.alternate, found.sender) == (CUSTOMER_LID, CUSTOMER_PN, OWN_LID)


def test_our_own_message_without_recipient_is_to_ourselves() -> None:
    found = incoming(ENC, **{"from": OWN.pn.bare})
    assert found.from_me
    assert OWN.has(found.chat)


def test_a_peer_message_comes_from_our_own_account_alone() -> None:
    assert incoming(ENC, **{"from": OWN.pn.bare, "category": "peer"}).peer
    assert not customer(category="peer").peer


def test_a_hosted_device_writes_in_its_persons_chat() -> None:
    found = customer(**{"from": Jid("222333444", "hosted.lid", 99)})
    assert (found.chat, found.sender) == (CUSTOMER_LID, Jid("222333444", "hosted.lid", 99))


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        (Jid("120363", "g.us"), "group"),
        (Jid("status", "broadcast"), "status"),
        (Jid("1", "newsletter"), "newsletter"),
        (Jid("867051314767696", "bot"), "bot"),
        (Jid("0"), "WhatsApp itself"),
        (Jid(), "WhatsApp itself"),
        (Jid("1", "msgr"), "no person"),
    ],
)
def test_what_is_no_chat_of_two_people_is_ignored_with_a_plain_ack(sender: Jid, reason: str) -> None:
    member = Jid("222333444", "lid", 7)
    found = scope(stanza(ENC, **{"from": sender, "participant": member}), OWN)
    assert isinstance(found, Ignored)
    assert reason in found.reason
    (answer,) = found.answers
    assert answer == Node("ack", {"class": "message", "id": ID, "to": sender, "participant": member, "from": OWN.pn})


def test_our_own_message_to_no_person_is_ignored_and_still_cleared() -> None:
    found = scope(stanza(ENC, **{"from": OWN_LID, "recipient": Jid("1", "bot")}), OWN)
    assert isinstance(found, Ignored)
    assert found.answers[0].get("type") == "sender"


@pytest.mark.parametrize(
    ("attrs", "children", "code"),
    [
        ({"from": CUSTOMER_LID, "recipient": OWN_LID}, (ENC,), UNREADABLE),
        ({"from": OWN_LID, "recipient": "no@jid@at all"}, (ENC,), UNREADABLE),
        ({"from": "no@jid@at all"}, (ENC,), UNREADABLE),
        ({}, (ENC,), UNREADABLE),
        ({"from": CUSTOMER_LID, "id": "a/b"}, (ENC,), UNREADABLE),
        ({"from": CUSTOMER_LID}, (ENC,) * 17, UNREADABLE),
        ({"from": CUSTOMER_LID}, (Node("enc", {"v": "3", "type": "msg"}, b"x"),), UNRECOGNISED),
        ({"from": CUSTOMER_LID}, (Node("enc", {"v": "2", "type": "skmsg"}, b"x"),), UNRECOGNISED),
        ({"from": CUSTOMER_LID}, (Node("enc", {"v": "2", "type": "msg"}),), UNRECOGNISED),
        ({"from": CUSTOMER_LID}, (Node("enc", {"v": "2", "type": "msmsg"}, b"x"),), NO_SECRET),
    ],
)
def test_malformed_messages_are_nacked(attrs: dict[str, Any], children: tuple[Node, ...], code: int) -> None:
    found = scope(stanza(*children, **attrs), OWN)
    assert isinstance(found, Malformed)
    assert found.code == code
    (answer,) = found.answers
    if attrs.get("from") == OWN_LID:  # a nack would leave it in the queue
        assert (answer.tag, answer.get("type"), answer.get("error")) == ("receipt", "sender", "")
    else:
        assert (answer.tag, answer.get("error")) == ("ack", str(code))


def test_what_is_no_message_is_not_taken_for_one() -> None:
    found = scope(Node("status", {"id": "1", "from": Jid("1", "newsletter")}), OWN)
    assert isinstance(found, Malformed)
    assert found.answers[0].get("class") == "status"


def test_of_several_contents_those_we_know_are_read() -> None:
    found = customer(Node("enc", {"v": "2", "type": "skmsg"}, b"x"), ENC, ENC)
    assert [enc.body for enc in found.encs] == [b"ciphertext"] * 2


# --- pitfalls ---------------------------------------------------------------------------------------------------------


def test_pitfall_3_only_the_account_that_encrypted_it_makes_a_message_ours() -> None:
    assert not customer(participant=OWN_LID, notify="me", category="peer", peer_recipient_pn=OWN.pn.bare).from_me


def test_pitfall_4_plain_text_in_a_persons_chat_is_not_looked_at() -> None:
    found = customer(Node("plaintext", {}, b"forged"))
    assert found.encs == ()
    assert b"forged" not in pack(without_ciphertext(found.stanza))


def test_pitfall_6_addresses_are_compared_with_their_server() -> None:
    assert OWN.has(Jid("111222333", "lid", 3))
    assert OWN.has(Jid("5511900000001", "hosted", 99))
    assert not OWN.has(Jid("111222333"))
    assert not OWN.has(Jid("5511900000001", "lid"))
    assert not customer(**{"from": Jid("111222333")}).from_me


def test_pitfall_7_addresses_are_learned_from_two_kinds_of_address_alone() -> None:
    assert address_pair(CUSTOMER_PN, CUSTOMER_LID) == address_pair(CUSTOMER_LID, CUSTOMER_PN)
    assert address_pair(CUSTOMER_LID, Jid("9", "lid")) is None
    assert address_pair(CUSTOMER_LID, Jid("9", "g.us")) is None
    assert address_pair(CUSTOMER_LID, None) is None


def test_pitfall_9_a_name_is_one_short_line() -> None:
    name = customer(notify="a\nb" + "x" * 5000).name
    assert name.startswith("a b")
    assert len(name) <= 256


# --- messages without content -----------------------------------------------------------------------------------------


def test_a_message_without_content_is_asked_of_the_phone() -> None:
    ad = customer(Node("unavailable", {"type": "other"}))
    assert ad.unavailable == "other"
    assert ad.phone_knows_more(1700000000 + 14 * 86_400)
    assert not ad.phone_knows_more(1700000001 + 14 * 86_400)
    assert customer(Node("unavailable")).phone_knows_more(1700000000)
    assert customer(Node("meta")).phone_knows_more(1700000000)
    assert customer(Node("meta"), t="soon").phone_knows_more(1700000000)


@pytest.mark.parametrize(
    "kind", ["bot_unavailable_fanout", "hosted_unavailable_fanout", "view_once_unavailable_fanout"]
)
def test_what_no_linked_device_may_have_is_not_asked_for(kind: str) -> None:
    assert not customer(Node("unavailable", {"type": kind})).phone_knows_more(1700000000)


def test_a_message_with_content_is_not_asked_for() -> None:
    assert not customer(ENC, Node("unavailable", {"type": "other"})).phone_knows_more(1700000000)
    assert not incoming(Node("meta"), **{"from": OWN_LID, "category": "peer"}).phone_knows_more(1700000000)


# --- answers ----------------------------------------------------------------------------------------------------------


def test_a_customer_gets_one_or_two_ticks_at_the_device_that_wrote() -> None:
    device = Jid("222333444", "lid", 7)
    assert delivered(customer()) == Node("receipt", {"id": ID, "to": device, "type": "inactive"})
    assert delivered(customer(), available=True) == Node("receipt", {"id": ID, "to": device})


def test_receipts_between_our_own_devices() -> None:
    assert delivered(own_message()) == Node(
        "receipt", {"id": ID, "to": OWN_LID, "recipient": CUSTOMER_LID, "type": "sender"}
    )
    assert delivered(incoming(ENC, **{"from": OWN_LID})) == Node("receipt", {"id": ID, "to": OWN_LID, "type": "sender"})
    peer = incoming(ENC, **{"from": OWN_LID, "category": "peer"})
    assert delivered(peer, available=True) == Node("receipt", {"id": ID, "to": OWN_LID, "type": "peer_msg"})
    assert history_received(peer, OWN) == Node("receipt", {"id": ID, "to": OWN.pn.bare, "type": "hist_sync"})


@pytest.mark.parametrize("tag", ["receipt", "notification", "call", "status"])
def test_acks_copy_the_routing_as_it_came(tag: str) -> None:
    attrs: dict[str, Any] = {"participant": "odd text", "recipient": CUSTOMER_LID, "type": "x", "t": "1"}
    node = Node(tag, {"id": "7", "from": CUSTOMER_PN, **attrs})
    expected = {name: attrs[name] for name in ("participant", "recipient", "type")}
    assert clearing(node, None) == (Node("ack", {"class": tag, "id": "7", "to": CUSTOMER_PN, **expected}),)


def test_acks_of_messages_name_us_and_no_type() -> None:
    node = stanza(ENC, **{"from": CUSTOMER_PN})
    assert ack(node, OWN, error=INVALID_MESSAGE) == Node(
        "ack", {"class": "message", "id": ID, "to": CUSTOMER_PN, "from": OWN.pn, "error": "491"}
    )
    assert "from" not in ack(node, None).attrs


def test_an_undecryptable_message_of_our_own_is_cleared_by_its_receipt() -> None:
    assert clearing(own_message().stanza, OWN) == (delivered(own_message()),)
    assert clearing(customer().stanza, OWN)[0].tag == "ack"


@given(nodes())
def test_every_stanza_the_server_keeps_is_cleared(node: Node) -> None:
    answers = clearing(node, OWN)
    if node.tag in NOT_CLEARED or not node.get("id"):
        assert answers == ()
        return
    (answer,) = answers
    assert answer.get("id") == node.get("id")
    assert answer.get("to") == (node.get("from") if "from" in node.attrs else "s.whatsapp.net")
    if answer.tag == "ack":
        assert answer.get("class") == node.tag
    else:
        assert (answer.tag, node.tag) == ("receipt", "message")


@given(nodes("message"))
def test_any_message_has_a_scope_and_an_answer(node: Node) -> None:
    found = scope(node, OWN)
    if isinstance(found, Incoming):
        assert person(found.chat) == found.chat
        assert delivered(found).get("id") == node.get("id")
        assert found.from_me == OWN.has(found.sender)
        assert found.from_me or not found.peer
    else:
        assert [answer.get("id") for answer in found.answers] == ([node.get("id")] if node.get("id") else [])


@given(nodes("message"))
def test_a_stanza_kept_without_its_ciphertext_says_the_same(node: Node) -> None:
    found = scope(node, OWN)
    if not isinstance(found, Incoming):
        return
    again = scope(without_ciphertext(node), OWN)
    assert isinstance(again, Incoming)
    same = ("id", "chat", "sender", "alternate", "from_me", "peer", "name", "at", "offline", "edit")
    assert all(getattr(again, name) == getattr(found, name) for name in same)


# --- small things -----------------------------------------------------------------------------------------------------


def test_the_hash_of_a_ciphertext() -> None:
    (enc,) = customer().encs
    by_hand = hashlib.sha256(b"ciphertext\0msg\x00222333444:7@lid\0\0").digest()
    assert ciphertext_hash(enc, Jid("222333444", "lid", 7)) == by_hand
    assert ciphertext_hash(enc, CUSTOMER_PN) != by_hand


def test_a_device_by_its_lid() -> None:
    assert as_lid(Jid("5511988887777", device=4), "222333444") == Jid("222333444", "lid", 4)
    assert as_lid(Jid("5511988887777", "hosted", 99), "222333444") == Jid("222333444", "hosted.lid", 99)


def test_our_device_by_the_kind_of_the_chats_address() -> None:
    assert OWN.beside(CUSTOMER_LID) == OWN.lid
    assert OWN.beside(CUSTOMER_PN) == OWN.pn
    assert Own(OWN.pn).beside(CUSTOMER_LID) == OWN.pn
    assert OWN.is_phone(OWN_LID)
    assert not OWN.is_phone(OWN.lid)
    assert not OWN.is_phone(CUSTOMER_LID)
    assert not OWN.is_phone(None)


@pytest.mark.parametrize(("text", "value"), [("17", 17), ("", 0), ("-1", 0), ("1" * 13, 0), ("²", 0), ("1.5", 0)])
def test_numbers_in_attributes(text: str, value: int) -> None:
    assert whole(Node("x", {"t": text}), "t") == value


def test_what_is_kept_of_a_stanza_can_be_packed() -> None:
    kept = without_ciphertext(stanza(ENC, Node("unavailable", {"type": "other"}), **{"from": CUSTOMER_LID}))
    assert unpack(pack(kept)) == kept
    assert [child.tag for child in kept.children()] == ["unavailable"]
