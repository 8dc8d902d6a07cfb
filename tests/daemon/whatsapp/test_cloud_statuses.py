from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.whatsapp.cloud_statuses import choice_event, echo_event, status_event
from daemon.whatsapp.events import HumanAnswered, Ignored, MarketingChoice, Sender, StatusReceived

AT = datetime.fromtimestamp(1795000000, UTC)
TIME = {"timestamp": "1795000000"}
TO = Sender(phone="5511955500101")


def test_a_failed_status_keeps_code_and_details() -> None:
    error = {"code": 131026, "title": "Undeliverable", "error_data": "as a plain string"}
    status = status_event({"id": "w", "status": "failed", **TIME, "errors": [error]}, None)
    assert status == StatusReceived(
        network_id="w", status="failed", at=AT, error_code=131026, error="131026 as a plain string"
    )


@pytest.mark.parametrize("word", ["played", "warehoused"])
def test_other_words_are_kept(word: str) -> None:
    status = status_event({"id": "w", "status": word, **TIME}, None)
    assert status == StatusReceived(network_id="w", status=word, at=AT)


@pytest.mark.parametrize("status", [{}, {"id": "w"}, {"status": "read"}, {"id": [], "status": "read"}])
def test_a_status_of_nothing(status: dict[str, Any]) -> None:
    event = status_event(status, None)
    assert isinstance(event, Ignored)
    assert event.reason == "bad_item"


def test_statuses_of_groups_are_ignored() -> None:
    status = {"id": "w", "status": "read", "recipient_id": "g", "recipient_participant_id": "5511955500101"}
    assert status_event(status, None) == Ignored(reason="group", detail="w")


@pytest.mark.parametrize("broken", [None, "x", 5, [], {"category": 5}])
def test_pricing_may_be_anything(broken: Any) -> None:
    status = status_event({"id": "w", "status": "sent", "pricing": broken, "errors": broken, **TIME}, None)
    assert status == StatusReceived(network_id="w", status="sent", at=AT)


@pytest.mark.parametrize(
    ("echo", "kind", "text", "content"),
    [
        ({"type": "text", "text": {"body": "oi"}}, "text", "oi", {}),
        ({"type": "revoke", "revoke": {"original_message_id": "t"}}, "revoke", "", {"target": "t"}),
        (
            {"type": "edit", "edit": {"original_message_id": "t", "message": {"type": "text", "text": {"body": "n"}}}},
            "edit",
            "n",
            {"target": "t"},
        ),
        ({"type": "reaction", "reaction": {"message_id": "t", "emoji": "👍"}}, "reaction", "👍", {"target": "t"}),
        ({"type": "image", "image": {"id": "5"}}, "image", "", {"media": {"id": "5"}}),
        ({}, "unsupported", "", {"type": ""}),
    ],
)
def test_echoes(echo: dict[str, Any], kind: str, text: str, content: dict[str, Any]) -> None:
    event = echo_event({"id": "a", "to": "5511955500101", **TIME, **echo}, {}, None)
    assert event == HumanAnswered(network_id="a", to=TO, at=AT, kind=kind, text=text, content=content)


def test_an_echo_may_name_its_customer_by_user_id_alone() -> None:
    event = echo_event({"id": "a", "to": "", "to_user_id": "BR.1", "type": "text", **TIME}, {}, None)
    assert isinstance(event, HumanAnswered)
    assert event.to == Sender(user_id="BR.1")
    assert isinstance(echo_event({"id": "a", "to": ""}, {}, None), Ignored)
    assert isinstance(echo_event({"to": "5511955500101"}, {}, None), Ignored)
    assert echo_event({"id": "a", "group_id": "g"}, {}, None) == Ignored(reason="group", detail="a")


@pytest.mark.parametrize(("value", "stopped"), [("stop", True), ("resume", False), ("signup", False)])
def test_marketing(value: str, stopped: bool) -> None:
    choice = {"wa_id": "5511955500101", "category": "marketing_messages", "value": value, **TIME}
    assert choice_event(choice, {}, None) == MarketingChoice(sender=TO, at=AT, stopped=stopped)


@pytest.mark.parametrize("choice", [{"value": "maybe"}, {"category": "news"}, {"wa_id": ""}, {"value": []}])
def test_other_preferences_change_nothing(choice: dict[str, Any]) -> None:
    given = {"wa_id": "5511955500101", "category": "marketing_messages", "value": "stop", **choice}
    assert isinstance(choice_event(given, {}, None), Ignored)
