"""Envelope, routing, signature, and that no JSON whatever raises."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.emulator import deliveries
from daemon.whatsapp import fields
from daemon.whatsapp.cloud import MalformedDelivery, Part, events_of, signature_of, signature_ok, split, verification
from daemon.whatsapp.events import AccountEvent, Event, Ignored, MessageReceived, StatusReceived

FIXTURES = Path(__file__).parents[2] / "data" / "cloud"
BODIES = [path.read_bytes() for path in sorted(FIXTURES.glob("*.json"))]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
WORDS = (
    "object entry id time changes field value metadata phone_number_id messages statuses contacts errors type text body"
    " from from_user_id timestamp context system interactive image audio order reaction edit revoke message_echoes"
    " user_preferences whatsapp_business_account account_update code event profile wa_id user_id BR.123 5511955500101"
    " smb_message_echoes button_reply nfm_reply response_json ban_info waba_info 1795000000"
)
words = st.sampled_from(re.split(" ", WORDS))
anything = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(), inner, max_size=6),
    max_leaves=25,
)


def read(body: bytes, received_at: datetime | None = None) -> list[Event]:
    delivery = split(body)
    return [*delivery.ignored, *(event for part in delivery.parts for event in events_of(part, received_at))]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        "sha256=zz",
        "sha1=" + "0" * 40,
        "sha256=é",
        "SHA256=" + "0" * 64,
        "sha256=" + "0" * 64,
    ],
)
def test_a_wrong_signature_is_refused(header: str) -> None:
    assert not signature_ok("secret", b"{}", header)


def test_a_signature_without_secret_is_never_right() -> None:
    assert not signature_ok("", b"{}", deliveries.sign("", b"{}"))


def test_parsed_and_written_again_is_another_body() -> None:
    body = (FIXTURES / "29_text_escaped_bytes.json").read_bytes()
    header = deliveries.sign("s", body)
    assert signature_ok("s", body, header)
    assert not signature_ok("s", orjson.dumps(orjson.loads(body)), header)


def test_verification() -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "tök", "hub.challenge": "0012"}
    assert verification(asked, "tök") == "0012"
    assert verification(asked, "other") is None
    assert verification(asked, "") is None
    assert verification({**asked, "hub.mode": "unsubscribe"}, "tök") is None
    assert verification({"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}, "") is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"NaN", b"\xff\xfe", b'{"object":"page","entry":[]}', b"[" * 5000],
)
def test_what_is_no_webhook_is_one_clear_error(body: bytes) -> None:
    with pytest.raises(MalformedDelivery):
        split(body)


def test_a_bad_item_leaves_its_neighbours() -> None:
    good = deliveries.text("oi")
    bad: list[Any] = [
        None,
        7,
        {},
        {"id": "1", "changes": "x"},
        {"id": "1", "changes": [None, {"field": "messages"}, {"field": "messages", "value": {"messages": []}}]},
        {"id": "1", "changes": [{"field": "messages", "value": deliveries.value(messages=[5, {"type": "text"}])}]},
        {"id": "1", "changes": [{"field": "new_thing", "value": {}}]},
    ]
    events = read(orjson.dumps({"object": "whatsapp_business_account", "entry": [*bad, good]}))
    assert [type(event) for event in events[-1:]] == [MessageReceived]
    assert [event.reason for event in events[:-1] if isinstance(event, Ignored)] == [
        "bad_item",
        "bad_item",
        "bad_item",
        "bad_item",
        "bad_item",
        "bad_item",
        "unroutable",
        "bad_item",
        "bad_item",
        "unknown_field",
    ]


def test_half_an_emoji_loses_nothing_else() -> None:
    body = deliveries.delivery(deliveries.text("corta XX"), deliveries.text("inteira 🚗"))
    events = read(body.replace(b"XX", b"\\ud83d"))
    assert [event.text for event in events if isinstance(event, MessageReceived)] == ["corta ?", "inteira 🚗"]
    for part in split(body.replace(b"XX", b"\\ud83d")).parts:
        assert Part.loads(part.dumps()) == part


def test_routing_by_number_else_by_account() -> None:
    update = {"event": "PARTNER_REMOVED", "waba_info": {"waba_id": "777", "owner_business_id": "1"}}
    body = deliveries.delivery(
        deliveries.text("oi", phone_number_id="42", waba_id="9"),
        deliveries.entry(update, field="account_update", waba_id="5"),
        deliveries.entry({"event": "x"}, field="security", waba_id="5"),
    )
    assert [(part.phone_number_id, part.waba_id) for part in split(body).parts] == [
        ("42", "9"),
        ("", "777"),
        ("", "5"),
    ]


def test_nesting_beyond_reason_is_ignored() -> None:
    nested: Any = "x"
    for _ in range(200):
        nested = [nested]
    body = deliveries.delivery(deliveries.entry(deliveries.value(messages=nested)), deliveries.text("oi"))
    assert [type(event) for event in read(body)] == [Ignored, MessageReceived]


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("history", "history"),
        ("standby", "standby"),
        ("calls", "calls"),
        ("messaging_handovers", "handovers"),
        ("smb_app_state_sync", "address_book"),
        ("tomorrow", "unknown_field"),
    ],
)
def test_fields_that_are_not_acted_on(field: str, reason: str) -> None:
    value = deliveries.value(standby={"messages": [{"id": "x"}]}, history=[{}])
    assert [event.reason for event in read(deliveries.delivery(deliveries.entry(value, field=field)))] == [reason]  # type: ignore[union-attr]


def test_errors_of_the_account_alone() -> None:
    errors = [{"code": 131042, "title": "Payment issue"}, {"code": 131016}, {"no": "code"}]
    paused, told, bad = read(deliveries.delivery(deliveries.entry(deliveries.value(errors=errors))), NOW)
    assert isinstance(paused, AccountEvent)
    assert "payment problem" in paused.pause
    assert paused.at == NOW
    assert isinstance(told, AccountEvent)
    assert not told.pause
    assert isinstance(bad, Ignored)


def test_errors_beside_a_message_belong_to_it() -> None:
    message = deliveries.message("interactive", None)
    value = message["changes"][0]["value"]
    del value["messages"][0]["interactive"]
    value["errors"] = [{"code": 131000, "title": "Something went wrong"}]
    received, beside = read(deliveries.delivery(message))
    assert isinstance(received, MessageReceived)
    assert received.kind == "unsupported"
    assert received.content["errors"][0]["code"] == 131000
    assert isinstance(beside, Ignored)


def test_a_thousand_updates_in_one_body() -> None:
    entries = [deliveries.status(f"wamid.{n}", "delivered") for n in range(500)]
    entries += [deliveries.text(f"oi {n}", phone=f"55119555{n:05}") for n in range(500)]
    events = read(deliveries.delivery(*entries))
    assert sum(isinstance(event, StatusReceived) for event in events) == 500
    assert sum(isinstance(event, MessageReceived) for event in events) == 500


def test_times_come_from_the_network_and_never_from_far_ahead() -> None:
    def at(timestamp: Any, received_at: datetime | None) -> datetime:
        item = {"id": "w", "timestamp": timestamp, "type": "text", "text": {"body": "x"}, "from": "5511955500101"}
        (event,) = read(deliveries.delivery(deliveries.entry(deliveries.value(messages=[item]))), received_at)
        assert isinstance(event, MessageReceived)
        return event.at

    late = int(NOW.timestamp()) - 600
    assert at(str(late), NOW) == datetime.fromtimestamp(late, UTC)
    assert at(late, NOW) == datetime.fromtimestamp(late, UTC)
    assert at(str(late + 86_400), NOW) == NOW
    assert at("soon", NOW) == NOW
    assert at(None, None) == fields.UNKNOWN_TIME
    assert at(True, None) == fields.UNKNOWN_TIME


def test_a_parked_part_gives_the_same_events() -> None:
    for body in BODIES:
        for part in split(body).parts:
            again = Part.loads(part.dumps())
            assert again == part
            assert events_of(again, NOW) == events_of(part, NOW)


def test_a_damaged_parked_part_is_said() -> None:
    for document in (b"", b"{}", b'{"field":"messages","value":{}}'):
        with pytest.raises(MalformedDelivery):
            Part.loads(document)


@given(anything)
@settings(max_examples=150, deadline=None)
def test_any_json_is_read_or_refused(value: Any) -> None:
    with suppress(MalformedDelivery):
        read(json.dumps(value).encode())


@given(st.binary(max_size=200))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(MalformedDelivery):
        read(body)


@given(
    st.sampled_from(BODIES), st.lists(st.tuples(st.randoms(use_true_random=False), anything), min_size=1, max_size=4)
)
@settings(max_examples=300, deadline=None)
def test_mutated_bodies_never_raise(body: bytes, changes: list[tuple[Any, Any]]) -> None:
    document = orjson.loads(body)
    for rng, replacement in changes:
        _mutate(document, rng, replacement)
    try:
        delivery = split(json.dumps(document).encode())
    except MalformedDelivery:
        return
    for part in delivery.parts:
        for event in events_of(part):
            _check(event)
        assert events_of(Part.loads(part.dumps())) == events_of(part)


def _mutate(document: Any, rng: Any, replacement: Any) -> None:
    """Replace or remove one member somewhere below the top level."""
    while True:
        keys = list(document) if isinstance(document, dict) else list(range(len(document)))
        if not keys:
            return
        key = rng.choice(keys)
        below = document[key]
        if isinstance(below, dict | list) and below and rng.random() < 0.85:
            document = below
            continue
        if rng.random() < 0.3:
            del document[key]
        else:
            document[key] = replacement
        return


def _check(event: Event) -> None:
    """What the desk relies on, whatever came."""
    orjson.dumps(getattr(event, "content", {}))
    sender = getattr(event, "sender", None) or getattr(event, "to", None)
    if sender is not None:
        assert sender.phone or sender.user_id
        assert sender.phone == "" or sender.phone.isdigit()
    text = getattr(event, "text", "")
    assert isinstance(text, str)
    assert len(text) <= fields.MAX_TEXT
    text.encode()
    assert getattr(event, "network_id", "x")
    at = getattr(event, "at", None)
    assert at is None or at.tzinfo is not None


@given(st.binary(max_size=200), st.text(min_size=1, max_size=20))
def test_what_we_sign_is_signed(body: bytes, secret: str) -> None:
    assert signature_ok(secret, body, signature_of(secret, body))
    assert not signature_ok(secret, body + b" ", signature_of(secret, body))
