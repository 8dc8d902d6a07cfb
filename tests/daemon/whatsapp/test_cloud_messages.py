"""Shapes that break naive readers."""

from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.emulator import deliveries
from daemon.whatsapp.cloud import events_of, split
from daemon.whatsapp.cloud_messages import address
from daemon.whatsapp.events import (
    Event,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    ReactionReceived,
    Sender,
)

AT = datetime.fromtimestamp(1795000000, UTC)
USER = "BR.10000000000000000101"


def one(message: dict[str, Any], *contacts: dict[str, Any]) -> Event:
    item = {"id": "wamid.x", "timestamp": "1795000000", **message}
    value = deliveries.value(contacts=list(contacts), messages=[item])
    (event,) = [
        event for part in split(deliveries.delivery(deliveries.entry(value))).parts for event in events_of(part)
    ]
    return event


def received(message: dict[str, Any], *contacts: dict[str, Any]) -> MessageReceived:
    event = one({"from": "5511955500101", **message}, *contacts)
    assert isinstance(event, MessageReceived), event
    return event


def test_a_video_that_was_too_large_has_no_video() -> None:
    event = received({"type": "video", "errors": [{"code": 131052, "title": "Media download error"}]})
    assert (event.kind, event.text) == ("unsupported", "")
    assert event.content == {"type": "video", "errors": [{"code": 131052, "error": "131052 Media download error"}]}


def test_a_lost_first_message_from_an_ad_is_still_a_lead() -> None:
    event = received({"type": "unsupported", "errors": [{"code": 131060}], "referral": {"source_id": "9"}})
    assert event.kind == "unsupported"
    assert event.referral == {"source_id": "9"}


@pytest.mark.parametrize("missing", [{}, {"from": None}, {"from": ""}, {"from": USER}])
def test_a_missing_phone_however_it_is_missing(missing: dict[str, Any]) -> None:
    event = one(
        {"from_user_id": USER, "type": "text", "text": {"body": "oi"}, **missing},
        {"profile": {"name": "Ana"}, "user_id": USER},
    )
    assert isinstance(event, MessageReceived)
    assert event.sender == Sender(user_id=USER, name="Ana")


def test_a_message_that_names_its_sender_only_in_contacts() -> None:
    event = one({"from": "", "type": "text", "text": {"body": "oi"}}, {"wa_id": "", "user_id": USER})
    assert isinstance(event, MessageReceived)
    assert event.sender == Sender(user_id=USER)


def test_two_possible_senders_are_no_sender() -> None:
    event = one(
        {"from": "", "type": "text", "text": {"body": "oi"}},
        {"user_id": USER},
        {"user_id": "BR.10000000000000000102"},
    )
    assert isinstance(event, Ignored)
    assert event.reason == "bad_item"


def test_contacts_are_matched_by_id_not_by_position() -> None:
    people = [
        {"profile": {"name": name}, "wa_id": phone} for name, phone in (("B", "5511955500102"), ("A", "5511955500101"))
    ]
    assert received({"type": "text", "text": {"body": "oi"}}, *people).sender.name == "A"


def test_a_contact_with_the_other_form_of_the_number_is_the_same() -> None:
    person = {"profile": {"name": "A"}, "wa_id": "551185500101", "user_id": USER}
    event = received({"from": "5511985500101", "type": "text", "text": {"body": "oi"}}, person)
    assert event.sender == Sender(phone="5511985500101", user_id=USER, name="A")


def test_groups_are_ignored() -> None:
    event = one({"from": "5511955500101", "group_id": "g", "type": "text", "text": {"body": "oi"}})
    assert event == Ignored(reason="group", detail="wamid.x")


def test_a_message_without_id_is_ignored() -> None:
    event = one({"id": "", "from": "5511955500101", "type": "text", "text": {"body": "oi"}})
    assert isinstance(event, Ignored)


@pytest.mark.parametrize("emoji", [{}, {"emoji": ""}, {"emoji": None}])
def test_a_reaction_taken_back(emoji: dict[str, Any]) -> None:
    event = one({"from": "5511955500101", "type": "reaction", "reaction": {"message_id": "wamid.t", **emoji}})
    assert event == ReactionReceived(
        network_id="wamid.x", sender=Sender(phone="5511955500101"), at=AT, target="wamid.t", emoji=""
    )


def test_edit_and_revoke() -> None:
    sender = Sender(phone="5511955500101")
    inner = {"type": "text", "text": {"body": "até 80 mil"}, "context": {"id": "wamid.unreliable"}}
    edited = one(
        {"from": "5511955500101", "type": "edit", "edit": {"original_message_id": "wamid.t", "message": inner}}
    )
    assert edited == MessageEdited(network_id="wamid.x", sender=sender, at=AT, target="wamid.t", text="até 80 mil")
    revoked = one({"from": "5511955500101", "type": "revoke", "revoke": {"original_message_id": "wamid.t"}})
    assert revoked == MessageRevoked(network_id="wamid.x", sender=sender, at=AT, target="wamid.t")
    assert isinstance(one({"from": "5511955500101", "type": "revoke", "revoke": {}}), Ignored)
    assert isinstance(one({"from": "5511955500101", "type": "reaction"}), Ignored)


@pytest.mark.parametrize("kind", ["text", "image", "audio", "location", "contacts", "button", "interactive", "order"])
def test_a_type_without_its_object_asks_for_text(kind: str) -> None:
    assert received({"type": kind}).content == {"type": kind}
    assert received({"type": kind, kind: []}).kind == "unsupported"


def test_unknown_types() -> None:
    contact = {"wa_id": "5511955500101"}
    assert received({"type": "hologram"}, contact).kind == "unsupported"
    assert one({"from": "5511955500101", "type": "hologram"}) == Ignored(reason="unknown_type", detail="hologram")
    welcome = one({"from": "5511955500101", "type": "request_welcome"}, contact)
    assert welcome == Ignored(reason="request_welcome", detail="wamid.x")


def test_a_flow_with_broken_json_keeps_what_came() -> None:
    answer = {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": "{broken"}}
    event = received({"type": "interactive", "interactive": answer})
    assert event.text == "Sent"
    assert event.content["button"]["response_json"] == "{broken"


def test_an_interactive_answer_without_words_is_unsupported() -> None:
    answer = {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}}
    assert received({"type": "interactive", "interactive": answer}).kind == "unsupported"


def test_the_phone_a_customer_shared_on_request() -> None:
    card = {"origin": "contact_request", "phones": [{"phone": "+55 11 95550-0101", "wa_id": "5511955500101"}]}
    event = one({"from_user_id": USER, "type": "contacts", "contacts": [card]})
    assert isinstance(event, MessageReceived)
    assert event.content["own_phone"] == "5511955500101"
    other = received({"type": "contacts", "contacts": [{**card, "origin": "other"}]})
    assert "own_phone" not in other.content


@pytest.mark.parametrize("place", [{}, {"latitude": "x", "longitude": 1}, {"latitude": 91, "longitude": 0}])
def test_a_location_that_is_none(place: dict[str, Any]) -> None:
    assert received({"type": "location", "location": place}).kind == "unsupported"


def test_long_texts_are_cut() -> None:
    assert len(received({"type": "text", "text": {"body": "a" * 100_000}}).text) == 65_536


def test_address_goes_by_shape() -> None:
    assert address(USER, "+55 11 95550-0101") == Sender(phone="5511955500101", user_id=USER)
    assert address(5511955500101, None, "") == Sender(phone="5511955500101")
    assert address("status@broadcast", {}, []) == Sender()


def test_the_product_that_was_quoted() -> None:
    context = {"referred_product": {"catalog_id": "c", "product_retailer_id": "v-1"}, "frequently_forwarded": True}
    event = received({"type": "text", "text": {"body": "esse"}, "context": context})
    assert event.content == {
        "forwarded": True,
        "referred_product": {"catalog_id": "c", "product_retailer_id": "v-1"},
    }
    assert event.reply_to is None
