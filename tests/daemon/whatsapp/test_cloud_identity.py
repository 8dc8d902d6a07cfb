from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.whatsapp.cloud_identity import identity_change
from daemon.whatsapp.events import IdentityChanged, Ignored, Sender

AT = datetime(2026, 11, 22, tzinfo=UTC)
OLD, NEW = "BR.101", "BR.177"
OLD_PHONE, NEW_PHONE = "5511955500101", "5511955500177"


def change(kind: str, system: dict[str, Any], **message: Any) -> object:
    return identity_change({"id": "wamid.x", **message, "system": {"type": kind, **system}}, AT)


@pytest.mark.parametrize(
    ("kind", "system", "message", "old", "new"),
    [
        (
            "user_changed_number",
            {"wa_id": NEW_PHONE, "user_id": NEW, "previous_user_id": OLD},
            {"from": OLD_PHONE},
            Sender(phone=OLD_PHONE, user_id=OLD),
            Sender(phone=NEW_PHONE, user_id=NEW),
        ),
        (
            "customer_changed_number",
            {"new_wa_id": NEW_PHONE, "customer": OLD_PHONE},
            {},
            Sender(phone=OLD_PHONE),
            Sender(phone=NEW_PHONE),
        ),
        (
            "user_changed_user_id",
            {"user_id": NEW, "previous_user_id": OLD, "parent_user_id": "BR.ENT.1"},
            {"from": None},
            Sender(user_id=OLD),
            Sender(user_id=NEW),
        ),
        (  # before the previous ids existed, they stood only in the sentence
            "user_changed_user_id",
            {"user_id": NEW, "body": f"User Ana changed from {OLD} to {NEW}"},
            {},
            Sender(user_id=OLD),
            Sender(user_id=NEW),
        ),
        (  # a name that imitates the sentence changes nothing
            "user_changed_number",
            {
                "wa_id": NEW_PHONE,
                "body": f"User x changed from 5511900000000 to 1 changed from {OLD_PHONE} to {NEW_PHONE}",
            },
            {"from": ""},
            Sender(phone=OLD_PHONE),
            Sender(phone=NEW_PHONE),
        ),
        (  # same phone, new user id
            "user_changed_user_id",
            {"user_id": NEW, "previous_user_id": OLD, "wa_id": OLD_PHONE},
            {"from": OLD_PHONE},
            Sender(user_id=OLD),
            Sender(phone=OLD_PHONE, user_id=NEW),
        ),
    ],
)
def test_changes(kind: str, system: dict[str, Any], message: dict[str, Any], old: Sender, new: Sender) -> None:
    assert change(kind, system, **message) == IdentityChanged(old=old, new=new, at=AT)


@pytest.mark.parametrize("system", [{}, {"user_id": NEW}, {"body": "User changed from x to y"}, {"wa_id": 5}])
def test_what_cannot_be_resolved_is_said(system: dict[str, Any]) -> None:
    assert change("user_changed_user_id", system) == Ignored(reason="unresolved_identity", detail="wamid.x")


def test_other_notices_are_counted() -> None:
    notice = change("customer_identity_changed", {"identity": {"hash": "x"}})
    assert notice == Ignored(reason="system", detail="customer_identity_changed")
