from typing import Any

import pytest
from hypothesis import given

from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.receipts import (
    ACKS,
    Ack,
    Opened,
    Progress,
    RetryRequest,
    Undelivered,
    Unimportant,
    meaning_of,
    read,
    read_ack,
)
from tests.support.stanzas import CUSTOMER_LID, OWN, nodes

DEVICE = Jid("222333444", "lid", 7)
OWN_PHONE = OWN.pn.bare


def receipt(*children: Node, **attrs: Any) -> Node:
    routing: dict[str, Any] = {"id": "3EB0AA", "from": DEVICE, "t": "1700000000"}
    return Node("receipt", routing | attrs, children)


def listed(*ids: str) -> Node:
    return Node("list", {}, tuple(Node("item", {"id": each}) for each in ids))


@pytest.mark.parametrize(
    ("attrs", "status"),
    [
        ({}, "delivered"),
        ({"type": "inactive"}, "delivered"),
        ({"type": "read"}, "read"),
        ({"type": "played"}, "played"),
    ],
)
def test_our_message_came_further(attrs: dict[str, str], status: Any) -> None:
    assert read(receipt(**attrs), OWN) == (Progress(ids=("3EB0AA",), who=CUSTOMER_LID, status=status, at=1700000000),)


def test_several_messages_at_once_each_named_once() -> None:
    (found,) = read(receipt(listed("3EB0BB", "3EB0AA", "not/an id", "3EB0CC"), type="read"), OWN)
    assert isinstance(found, Progress)
    assert found.ids == ("3EB0AA", "3EB0BB", "3EB0CC")


def test_a_list_has_an_end() -> None:
    (found,) = read(receipt(listed(*map(str, range(5000)))), OWN)
    assert isinstance(found, Progress)
    assert len(found.ids) == 1025


def test_people_grouped_by_message() -> None:
    users = (Node("user", {"jid": CUSTOMER_LID, "t": "5"}), Node("user", {"jid": Jid("1", "g.us")}))
    found = read(receipt(Node("participants", {"key": "3EB0DD"}, users), type="read"), OWN)
    assert found == (Progress(ids=("3EB0DD",), who=CUSTOMER_LID, status="read", at=5),)


def test_the_person_at_the_phone_opened_a_chat() -> None:
    for type_ in ("read", "read-self", "played-self"):
        found = read(receipt(listed("B2"), **{"from": OWN_PHONE, "recipient": CUSTOMER_LID, "type": type_}), OWN)
        assert found == (Opened(ids=("3EB0AA", "B2"), chat=CUSTOMER_LID, at=1700000000),)


@pytest.mark.parametrize(
    "attrs",
    [
        {"from": OWN_PHONE},
        {"from": OWN_PHONE, "type": "sender", "recipient": CUSTOMER_LID},
        {"from": OWN_PHONE, "type": "hist_sync"},
        {"from": OWN_PHONE, "type": "read"},
        {"from": OWN_PHONE, "type": "read", "recipient": Jid("1", "g.us")},
        {"type": "peer_msg"},
        {"type": "novel"},
        {"from": Jid("120363", "g.us"), "participant": DEVICE},
        {"from": "nobody at all"},
        {"id": "a/b"},
    ],
)
def test_what_says_nothing_about_our_messages(attrs: dict[str, Any]) -> None:
    (found,) = read(receipt(**attrs), OWN)
    assert isinstance(found, Unimportant)
    assert found.reason


def test_pitfall_6_a_customer_with_our_digits_is_not_us() -> None:
    (found,) = read(receipt(**{"from": Jid("111222333"), "type": "read", "recipient": CUSTOMER_LID}), OWN)
    assert isinstance(found, Progress)


def test_messages_that_did_not_arrive() -> None:
    (file,) = read(receipt(type="server-error"), OWN)
    assert file == Undelivered(ids=("3EB0AA",), who=CUSTOMER_LID, reason="their device could not fetch the file")
    (lid,) = read(receipt(Node("error", {"reason": "lid", "type": "feature-incapable"})), OWN)
    assert isinstance(lid, Undelivered)
    assert "feature-incapable lid" in lid.reason


def test_a_device_asks_for_a_message_again() -> None:
    keys = Node("keys", {}, (Node("identity", {}, b"i" * 32),))
    retry = Node("retry", {"count": "2", "id": "3EB0AA", "t": "1699999999", "v": "1"})
    registration = Node("registration", {}, b"\0\0\1\2")
    assert read(receipt(retry, registration, keys, type="retry"), OWN) == (
        RetryRequest(
            id="3EB0AA", device=DEVICE, own=False, count=2, at="1699999999", registration_id=258, keys=keys, routing={}
        ),
    )
    (own,) = read(receipt(retry, **{"from": OWN_PHONE, "recipient": CUSTOMER_LID, "type": "retry"}), OWN)
    assert isinstance(own, RetryRequest)
    assert own.own
    assert own.routing == {"recipient": CUSTOMER_LID}


def test_a_request_with_odd_parts() -> None:
    (found,) = read(receipt(Node("retry", {"count": "x"}), Node("registration", {}, b"12345"), type="retry"), OWN)
    assert isinstance(found, RetryRequest)
    assert (found.count, found.at, found.registration_id, found.keys) == (1, "", None, None)


@pytest.mark.parametrize("children", [(), (Node("retry", {"id": "another"}),)])
def test_a_request_that_names_no_message(children: tuple[Node, ...]) -> None:
    (found,) = read(receipt(*children, type="retry"), OWN)
    assert isinstance(found, Unimportant)


@given(nodes("receipt"))
def test_any_receipt_is_read(node: Node) -> None:
    found = read(node, OWN)
    assert found
    for each in found:
        if isinstance(each, Progress | Opened | Undelivered):
            assert each.ids
            assert all("/" not in id_ for id_ in each.ids)


# --- acks -------------------------------------------------------------------------------------------------------------


def test_the_ack_of_a_message() -> None:
    node = Node("ack", {"class": "message", "id": "3EB0AA", "t": "17", "error": "479", "phash": "2:abc"})
    assert read_ack(node) == Ack(id="3EB0AA", error="479", phash="2:abc", at=17)
    assert read_ack(Node("ack", {"class": "receipt", "id": "3EB0AA"})) is None
    assert read_ack(Node("receipt", {"class": "message", "id": "3EB0AA"})) is None
    assert read_ack(Node("ack", {"class": "message"})) is None


@pytest.mark.parametrize(
    ("error", "do"),
    [
        ("", "accepted"),
        ("400", "switch_addressing"),
        ("479", "rebuild"),
        ("401", "refused"),
        ("404", "refused"),
        ("406", "refused"),
        ("463", "refused"),
        ("420", "again"),
        ("429", "again"),
        ("500", "again"),
        ("503", "again"),
        ("599", "again"),
        ("418", "refused"),
        ("no number", "refused"),
        ("²", "refused"),
    ],
)
def test_what_an_ack_asks_for(error: str, do: str) -> None:
    meaning = meaning_of(error)
    assert meaning.do == do
    assert (meaning.seconds > 0) == (do == "again")
    assert meaning.meaning


def test_what_helps_once_is_done_once() -> None:
    assert meaning_of("400", {"switch_addressing"}).do == "refused"
    assert meaning_of("479", {"rebuild"}).do == "refused"
    assert meaning_of("479", {"switch_addressing"}).do == "rebuild"
    assert meaning_of("503", {"again"}).do == "again"


def test_strangers_are_never_written_to_again() -> None:
    assert meaning_of("463").trouble
    assert meaning_of("463").remedy
    assert [code for code, meaning in ACKS.items() if meaning.trouble] == [463]
