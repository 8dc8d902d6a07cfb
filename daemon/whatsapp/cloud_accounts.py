"""News of the account, the number and its templates: which of it stops sending, and what the operator does then."""

from datetime import datetime
from typing import Final

from attrs import frozen

from daemon.whatsapp import fields
from daemon.whatsapp.events import AccountEvent, Event, Ignored
from daemon.whatsapp.fields import Json
from daemon.whatsapp.graph_errors import GraphError, reaction_to, read_error

ACCOUNT_FIELDS: Final = frozenset(
    (
        "account_update",
        "phone_number_quality_update",
        "business_capability_update",
        "message_template_status_update",
        "template_category_update",
        "message_template_quality_update",
        "message_template_components_update",
        "phone_number_name_update",
        "security",
        "account_alerts",
        "account_review_update",
    )
)

_PAUSES: Final = {
    "ACCOUNT_DELETED": "The WhatsApp account was deleted: connect the dealership's number to another account.",
    "PARTNER_REMOVED": (
        "The dealer's WhatsApp account no longer shares this number with our app: have the dealer connect it again"
        " and set the new channel.access_token."
    ),
    "PARTNER_APP_UNINSTALLED": (
        "The dealer removed our app from the WhatsApp account: have it installed again and set the new"
        " channel.access_token."
    ),
    "ACCOUNT_OFFBOARDED": (
        "The number was taken off the Cloud API: have the dealer connect it again in the WhatsApp Business app."
    ),
}
_DISABLED: Final = (
    "Meta disabled the WhatsApp account: see Business Support Home in Meta Business Suite and ask for a review."
)
_RESTRICTED: Final = (
    "Meta restricted replies from the WhatsApp account: see Business Support Home in Meta Business Suite."
)


@frozen
class _Verdict:
    pause: str = ""
    resume: bool = False


def account_event(field: str, value: Json, entry_time: object, received_at: datetime | None) -> Event:
    """One change of an account field. Never raises."""
    event = fields.text(value.get("event"), 64)
    verdict = _account_update(event, value) if field == "account_update" else _Verdict()
    return AccountEvent(
        event=f"{field}.{event}" if event else field,
        at=fields.moment(entry_time, received_at),
        pause=verdict.pause,
        resume=verdict.resume,
        detail=fields.bounded(value, limit=2048),
    )


def _account_update(event: str, value: Json) -> _Verdict:
    if event == "DISABLED_UPDATE":
        state = fields.text(fields.record(value.get("ban_info")).get("waba_ban_state"), 64)
        if state == "REINSTATE":
            return _Verdict(resume=True)
        return _Verdict(pause="" if state == "SCHEDULE_FOR_DISABLE" else _DISABLED)
    if event == "ACCOUNT_RESTRICTION":
        kinds = [
            fields.text(fields.record(each).get("restriction_type"), 64)
            for each in fields.items(value.get("restriction_info"))
        ]
        # A restriction of messages that the business begins leaves replies in an open window alone.
        return _Verdict(pause=_RESTRICTED if "RESTRICTED_CUSTOMER_INITIATED_MESSAGING" in kinds else "")
    if event == "PARTNER_REMOVED":
        why = fields.text(fields.record(value.get("disconnection_info")).get("reason"), 64)
        if why == "PRIMARY_INACTIVITY":
            return _Verdict(
                pause="The link to the phone app ended because the phone was not used: have the dealer open the"
                " WhatsApp Business app and connect the number again."
            )
    if event == "ACCOUNT_RECONNECTED":
        return _Verdict(resume=True)
    return _Verdict(pause=_PAUSES.get(event, ""))


def error_event(item: object, received_at: datetime | None) -> Event:
    """One item of a value's own `errors[]`: a fault of the account. Never raises."""
    error = read_error(item)
    if error is None:
        return Ignored(reason="bad_item", detail="an error without code")
    return AccountEvent(
        event=f"errors.{error.code}",
        at=fields.moment(None, received_at),
        pause=pause_sentence(error),
        detail={"code": error.code, "error": str(error)},
    )


def pause_sentence(error: GraphError) -> str:
    """What the operator reads when this error stops the channel; "" if it does not."""
    reaction = reaction_to(error.code, transient=error.transient)
    if reaction.do != "pause":
        return ""
    what = f"{reaction.meaning[:1].upper()}{reaction.meaning[1:]}"
    return f"{what} ({error}): {reaction.remedy}."
