"""Statuses, echoes of the phone app and marketing choices of the Cloud API, one item to one event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from daemon.whatsapp import fields
from daemon.whatsapp.cloud_messages import address, named, person_of, read_content
from daemon.whatsapp.events import Event, HumanAnswered, Ignored, MarketingChoice, StatusReceived
from daemon.whatsapp.fields import Json
from daemon.whatsapp.graph_errors import read_error

_CHOICES: Final = {"stop": True, "resume": False, "signup": False}


def status_event(status: Json, received_at: datetime | None) -> Event:
    """One item of `statuses[]`. Never raises."""
    network_id = fields.identifier(status.get("id"))
    word = fields.text(status.get("status"), 64)
    if not network_id or not word:
        return Ignored(reason="bad_item", detail="a status without id or word")
    if status.get("recipient_participant_id") or status.get("recipient_type") == "group":
        return Ignored(reason="group", detail=network_id)
    pricing = fields.record(status.get("pricing"))
    errors = fields.items(status.get("errors"))
    error = read_error(errors[0]) if errors else None
    return StatusReceived(
        network_id=network_id,
        status=word,
        at=fields.moment(status.get("timestamp"), received_at),
        our_id=fields.text(status.get("biz_opaque_callback_data"), fields.MAX_ID),
        error_code=error.code if error else None,
        error=str(error) if error else "",
        pricing_category=fields.text(pricing.get("category"), 64),
        pricing_type=fields.text(pricing.get("type"), 64),
    )


def echo_event(echo: Json, known: Mapping[str, Json], received_at: datetime | None) -> Event:
    """One item of `message_echoes[]`: a person wrote from the phone app. Never raises."""
    network_id = fields.identifier(echo.get("id"))
    if not network_id:
        return Ignored(reason="bad_item", detail="an echo without id")
    if echo.get("group_id"):
        return Ignored(reason="group", detail=network_id)
    to = address(echo.get("to"), echo.get("to_user_id"))
    person = person_of(to, known)
    if person is not None:
        to = named(to, person)
    if not (to.phone or to.user_id):
        return Ignored(reason="bad_item", detail=f"echo {network_id} names no customer")
    kind, text, content = _echoed(echo)
    at = fields.moment(echo.get("timestamp"), received_at)
    return HumanAnswered(network_id=network_id, to=to, at=at, kind=kind, text=text, content=content)


def _echoed(echo: Json) -> tuple[str, str, Json]:
    kind = fields.text(echo.get("type"), 64)
    if kind not in ("edit", "revoke", "reaction"):
        said = read_content(echo, [])
        return said.kind, said.text, said.content
    body = fields.record(echo.get(kind))
    target = fields.identifier(body.get("original_message_id") or body.get("message_id"))
    content: Json = {"target": target} if target else {}
    if kind == "edit":
        said = read_content(fields.record(body.get("message")), [])
        return kind, said.text, content
    return kind, fields.text(body.get("emoji"), 64), content


def choice_event(choice: Json, known: Mapping[str, Json], received_at: datetime | None) -> Event:
    """One item of `user_preferences[]`. Never raises."""
    sender = address(choice.get("wa_id"), choice.get("user_id"))
    person = person_of(sender, known)
    if person is not None:
        sender = named(sender, person)
    if not (sender.phone or sender.user_id):
        return Ignored(reason="bad_item", detail="a preference names no customer")
    category = fields.text(choice.get("category"), 64)
    stopped = _CHOICES.get(fields.text(choice.get("value"), 64))
    if category != "marketing_messages" or stopped is None:
        return Ignored(reason="user_preference", detail=category)
    return MarketingChoice(sender=sender, at=fields.moment(choice.get("timestamp"), received_at), stopped=stopped)
