import hashlib
from typing import Any

import pytest

from daemon.whatsapp.web.compose import Shape
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node, pack, unpack
from daemon.whatsapp.web.outgoing import (
    DeviceContent,
    chatstate,
    media_wanted,
    message,
    message_id,
    offline_batch,
    peer_message,
    presence,
    read,
    resent,
)
from daemon.whatsapp.web.stanza import Own
from tests.support.stanzas import CUSTOMER_LID, CUSTOMER_PN, OWN

PHONE = DeviceContent(device=CUSTOMER_LID, type="msg", body=b"one")
LAPTOP = DeviceContent(device=Jid("222333444", "lid", 7), type="pkmsg", body=b"two")
OWN_PHONE = DeviceContent(device=Jid("111222333", "lid"), type="msg", body=b"three")
IMAGE = Shape(type="media", mediatype="image")


def test_a_message_for_all_devices_of_both_sides() -> None:
    token = Node("tctoken", {}, b"known")
    made = message(
        "3EB0AA",
        CUSTOMER_LID,
        (PHONE, LAPTOP, OWN_PHONE),
        shape=IMAGE,
        recipient_pn=CUSTOMER_PN,
        account=b"account",
        token=token,
    )
    assert made.attrs == {"id": "3EB0AA", "to": CUSTOMER_LID, "type": "media", "peer_recipient_pn": CUSTOMER_PN}
    devices, identity, last = made.children()
    assert [(each.jid("jid"), each.children()[0]) for each in devices.children("to")] == [
        (CUSTOMER_LID, Node("enc", {"v": "2", "type": "msg", "mediatype": "image"}, b"one")),
        (Jid("222333444", "lid", 7), Node("enc", {"v": "2", "type": "pkmsg", "mediatype": "image"}, b"two")),
        (Jid("111222333", "lid"), Node("enc", {"v": "2", "type": "msg", "mediatype": "image"}, b"three")),
    ]
    assert (identity.tag, identity.data, last) == ("device-identity", b"account", token)
    assert unpack(pack(made)) == made


def test_a_correction_hides_that_it_could_not_be_read() -> None:
    made = message("3EB0AA", CUSTOMER_LID, (PHONE,), shape=Shape(edit="7", hide=True), account=b"account")
    assert (made.get("type"), made.get("edit")) == ("text", "7")
    assert [child.tag for child in made.children()] == ["participants"]  # no session begins: no identity
    assert made.children()[0].children()[0].children()[0].get("decrypt-fail") == "hide"


@pytest.mark.parametrize(
    ("to", "contents", "complaint"),
    [
        (Jid("222333444", "lid", 7), (PHONE,), "goes to a person"),
        (Jid("1", "g.us"), (PHONE,), "goes to a person"),
        (CUSTOMER_LID, (), "at least one"),
        (CUSTOMER_LID, (PHONE, DeviceContent(device=OWN.pn.bare, type="msg", body=b"x")), "all by LID or all"),
        (CUSTOMER_PN, (PHONE,), "all by LID or all"),
        (CUSTOMER_LID, (LAPTOP,), "identity"),
    ],
)
def test_what_the_server_would_refuse_is_not_made(to: Jid, contents: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        message("3EB0AA", to, contents)


def test_a_hosted_device_is_addressed_beside_its_kind() -> None:
    hosted = DeviceContent(device=Jid("222333444", "hosted.lid", 99), type="msg", body=b"x")
    assert message("3EB0AA", CUSTOMER_LID, (PHONE, hosted)).get("to") == str(CUSTOMER_LID)


def test_a_peer_message_has_one_content_for_our_phone() -> None:
    made = peer_message("3EB0AA", OWN, OWN_PHONE, urgent=True)
    assert made.attrs == {
        "id": "3EB0AA",
        "to": OWN.pn.bare,
        "type": "text",
        "category": "peer",
        "push_priority": "high_force",
    }
    assert made.children() == (
        Node("meta", {"appdata": "default"}),
        Node("enc", {"v": "2", "type": "msg"}, b"three"),
    )
    assert "push_priority" not in peer_message("3EB0AA", OWN, OWN_PHONE).attrs


@pytest.mark.parametrize("device", [CUSTOMER_LID, Jid("111222333", "lid", 12), Jid("111222333")])
def test_a_peer_message_goes_to_nobody_else(device: Jid) -> None:
    with pytest.raises(ValueError, match="our own phone"):
        peer_message("3EB0AA", OWN, DeviceContent(device=device, type="msg", body=b"x"))


def test_a_message_sent_again() -> None:
    routing: Any = {"recipient": CUSTOMER_LID}
    made = resent("3EB0AA", LAPTOP, at="1700000000", count=2, shape=IMAGE, routing=routing, account=b"account")
    assert made == Node(
        "message",
        {
            "id": "3EB0AA",
            "to": LAPTOP.device,
            "type": "media",
            "device_fanout": "false",
            "t": "1700000000",
            "recipient": CUSTOMER_LID,
        },
        (
            Node("enc", {"v": "2", "type": "pkmsg", "count": "2", "mediatype": "image"}, b"two"),
            Node("device-identity", {}, b"account"),
        ),
    )
    assert resent("3EB0AA", PHONE, at="", count=1, shape=Shape(edit="1")).get("edit") == "1"
    assert "t" not in resent("3EB0AA", PHONE, at="", count=1).attrs


def test_an_id_looks_like_the_official_ones() -> None:
    made = message_id(OWN, now=1700000000, random16=bytes(16))
    source = (1700000000).to_bytes(8, "big") + b"5511900000001@c.us" + bytes(16)
    assert made == "3EB0" + hashlib.sha256(source).hexdigest()[:18].upper()
    assert len(made) == 22
    assert made != message_id(OWN, now=1700000000, random16=b"\1" * 16)


def test_presence_shows_a_name_without_at_signs() -> None:
    assert presence(available=True, name="Loja @Sul\n") == Node("presence", {"type": "available", "name": "Loja Sul"})
    assert presence(available=False, name="Loja").get("type") == "unavailable"
    with pytest.raises(ValueError, match="needs a name"):
        presence(available=True, name="@\n")


def test_typing_and_speaking() -> None:
    assert chatstate(CUSTOMER_LID, "composing", OWN) == Node(
        "chatstate", {"to": CUSTOMER_LID, "from": Jid("111222333", "lid")}, (Node("composing"),)
    )
    assert chatstate(CUSTOMER_PN, "recording", OWN).children() == (Node("composing", {"media": "audio"}),)
    assert chatstate(CUSTOMER_PN, "paused", Own(OWN.pn)).children() == (Node("paused"),)


def test_reading_is_told_in_stanzas_of_256() -> None:
    ids = [f"{number:X}" for number in range(300)]
    first, second = read(Jid("222333444", "lid", 7), [*ids, "0"], now=1700000000)
    assert first.attrs == {"id": "0", "to": CUSTOMER_LID, "type": "read", "t": "1700000000"}
    told = [
        [node.get("id"), *(item.get("id") for item in node.children()[0].children("item"))] for node in (first, second)
    ]
    assert [len(each) for each in told] == [256, 44]
    assert told[0] + told[1] == ids


@pytest.mark.parametrize(
    ("voice", "private", "type_"),
    [(False, False, "read"), (True, False, "played"), (False, True, "read-self"), (True, True, "played-self")],
)
def test_kinds_of_reading(voice: bool, private: bool, type_: str) -> None:
    (made,) = read(CUSTOMER_LID, ["3A0"], now=1, voice=voice, private=private)
    assert (made.get("type"), made.content) == (type_, None)


def test_nothing_read_says_nothing() -> None:
    assert read(CUSTOMER_LID, [], now=1) == ()


def test_asking_for_what_waited() -> None:
    assert offline_batch() == Node("ib", {}, (Node("offline_batch", {"count": "200"}),))


def test_asking_the_phone_for_a_file() -> None:
    made = media_wanted("3A0", CUSTOMER_LID, OWN, encrypted=b"proof", nonce=b"n" * 12)
    assert made.attrs == {"id": "3A0", "to": OWN.pn.bare, "type": "server-error"}
    proof, wanted = made.children()
    assert [each.data for each in proof.children()] == [b"proof", b"n" * 12]
    assert wanted.attrs == {"jid": CUSTOMER_LID, "from_me": "false"}
