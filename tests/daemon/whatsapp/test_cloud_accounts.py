from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.whatsapp.cloud_accounts import ACCOUNT_FIELDS, account_event, error_event, pause_sentence
from daemon.whatsapp.events import AccountEvent, Ignored
from daemon.whatsapp.graph_errors import GraphError

AT = datetime.fromtimestamp(1795000000, UTC)


def update(value: dict[str, Any]) -> AccountEvent:
    event = account_event("account_update", value, 1795000000, None)
    assert isinstance(event, AccountEvent)
    assert event.at == AT
    return event


def restriction(kind: str) -> dict[str, Any]:
    return {"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": kind}]}


@pytest.mark.parametrize(
    "value",
    [
        {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}},
        {"event": "DISABLED_UPDATE"},
        {"event": "ACCOUNT_DELETED"},
        {"event": "PARTNER_REMOVED"},
        {"event": "PARTNER_REMOVED", "disconnection_info": {"reason": "PRIMARY_INACTIVITY"}},
        {"event": "PARTNER_APP_UNINSTALLED"},
        {"event": "ACCOUNT_OFFBOARDED"},
        restriction("RESTRICTED_CUSTOMER_INITIATED_MESSAGING"),
    ],
)
def test_what_pauses_says_what_to_do(value: dict[str, Any]) -> None:
    event = update(value)
    assert ": " in event.pause
    assert event.pause.endswith(".")
    assert not event.resume
    assert event.detail == value


@pytest.mark.parametrize(
    ("value", "resume"),
    [
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}, True),
        ({"event": "ACCOUNT_RECONNECTED"}, True),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE"}}, False),
        ({"event": "PARTNER_ADDED"}, False),
        ({"event": "ACCOUNT_VIOLATION"}, False),
        (restriction("RESTRICTED_BIZ_INITIATED_MESSAGING"), False),
        ({"event": "SOMETHING_NEW"}, False),
        ({"event": ["x"], "restriction_info": 5}, False),
    ],
)
def test_what_does_not_pause(value: dict[str, Any], resume: bool) -> None:
    event = update(value)
    assert event.pause == ""
    assert event.resume is resume


@pytest.mark.parametrize("field", sorted(ACCOUNT_FIELDS - {"account_update"}))
def test_other_fields_never_pause(field: str) -> None:
    event = account_event(field, {"event": "DISABLED_UPDATE"}, None, AT)
    assert event == AccountEvent(event=f"{field}.DISABLED_UPDATE", at=AT, detail={"event": "DISABLED_UPDATE"})


def test_errors() -> None:
    event = error_event({"code": 190, "message": "expired"}, AT)
    assert isinstance(event, AccountEvent)
    assert event.event == "errors.190"
    assert "access token" in event.pause
    assert isinstance(error_event("x", AT), Ignored)


def test_the_sentence_of_a_pausing_error() -> None:
    assert pause_sentence(GraphError(code=131047)) == ""
    sentence = pause_sentence(GraphError(code=131042, details="Card declined"))
    assert sentence.startswith("The WhatsApp account has a payment problem (131042 Card declined): ")
