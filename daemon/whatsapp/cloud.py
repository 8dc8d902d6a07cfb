"""Webhooks of WhatsApp's Cloud API: signature, verification, and bytes to events. No I/O.

A delivery is split by tenant first (`split`); a part is plain JSON, so that it can be parked and read
later (`Part.dumps`, `Part.loads`), and gives the same events whenever `events_of` reads it.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NoReturn

import orjson
from attrs import frozen

from daemon.errors import ShowroomError
from daemon.whatsapp import fields
from daemon.whatsapp.cloud_accounts import ACCOUNT_FIELDS, account_event, error_event
from daemon.whatsapp.cloud_messages import message_event, people
from daemon.whatsapp.cloud_statuses import choice_event, echo_event, status_event
from daemon.whatsapp.events import Event, Ignored
from daemon.whatsapp.fields import Json

MAX_DEPTH: Final = 100
"""Of a change's JSON. Meta's nest about 10 deep."""

_NOT_ACTED_ON: Final = {
    "history": "history",
    "smb_app_state_sync": "address_book",
    "standby": "standby",
    "messaging_handovers": "handovers",
    "calls": "calls",
}
_NUMBER_FIELDS: Final = frozenset(("messages", "smb_message_echoes", "user_preferences", *_NOT_ACTED_ON))


class MalformedDelivery(ShowroomError):
    """The body is no webhook of WhatsApp's, or a parked part is damaged."""


def signature_ok(secret: str, body: bytes, header: str) -> bool:
    """Whether `header` (X-Hub-Signature-256) signs exactly these bytes with the app secret. Constant time."""
    scheme, _, signature = header.strip().partition("=")
    if scheme != "sha256" or not secret or not signature.isascii():
        return False
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature.lower())


def signature_of(secret: str, body: bytes) -> str:
    """The X-Hub-Signature-256 of these bytes."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def verification(query: Mapping[str, str], verify_token: str) -> str | None:
    """The challenge to answer to Meta's GET, as it came; None if the mode or the token is wrong."""
    if query.get("hub.mode") != "subscribe" or not verify_token:
        return None
    given = query.get("hub.verify_token", "")
    if not hmac.compare_digest(given.encode(errors="replace"), verify_token.encode()):
        return None
    return query.get("hub.challenge") or None


@frozen(kw_only=True)
class Part:
    """One change of a delivery: what it is about, and its JSON.

    Route by `phone_number_id`; where that is "", the part concerns every number of the account `waba_id`.
    """

    phone_number_id: str
    waba_id: str
    raw: Json  # {"id", "time", "field", "value"}

    def dumps(self) -> bytes:
        """The part as JSON, to be parked."""
        return orjson.dumps(self.raw)

    @classmethod
    def loads(cls, document: bytes) -> "Part":
        """A parked part. Raises `MalformedDelivery`."""
        raw = _parsed(document)
        part = _part(fields.record(raw), fields.record(raw))
        if isinstance(part, Ignored):
            raise MalformedDelivery(f"a parked part cannot be read ({part.detail})", "it can only be deleted")
        return part


@frozen(kw_only=True)
class Delivery:
    """One POST of Meta's, split. `ignored` is what cannot be given to any tenant."""

    parts: tuple[Part, ...]
    ignored: tuple[Ignored, ...] = ()


def split(body: bytes) -> Delivery:
    """Split a signed body by number and account, in order. Raises `MalformedDelivery` and nothing else."""
    envelope = fields.record(_parsed(body))
    if envelope.get("object") != "whatsapp_business_account" or not isinstance(envelope.get("entry"), list):
        raise MalformedDelivery(
            "the body is no WhatsApp webhook", "subscribe only the WhatsApp account to this address"
        )
    parts: list[Part] = []
    ignored: list[Ignored] = []
    for entry in envelope["entry"]:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        if not isinstance(changes, list):
            ignored.append(Ignored(reason="bad_item", detail="an entry without changes"))
            continue
        for change in changes:
            part = _part(entry, change)
            if isinstance(part, Part):
                parts.append(part)
            else:
                ignored.append(part)
    return Delivery(parts=tuple(parts), ignored=tuple(ignored))


def _part(entry: Json, change: Any) -> Part | Ignored:
    change = fields.record(change)
    field, value = fields.text(change.get("field"), 128), change.get("value")
    if not field or not isinstance(value, dict):
        return Ignored(reason="bad_item", detail="a change without field or value")
    if not fields.depth_within(value, MAX_DEPTH):
        return Ignored(reason="bad_item", detail=f"{field} is nested too deeply")
    waba_id = fields.identifier(entry.get("id"))
    if field == "account_update":
        # Partner events carry our own business as entry id, and the account they are about inside.
        waba_id = fields.identifier(fields.record(value.get("waba_info")).get("waba_id")) or waba_id
    phone_number_id = fields.identifier(fields.record(value.get("metadata")).get("phone_number_id"))
    if not phone_number_id and (field in _NUMBER_FIELDS or not waba_id):
        return Ignored(reason="unroutable", detail=field)
    raw = {"id": waba_id, "time": fields.number(entry.get("time")), "field": field, "value": value}
    return Part(phone_number_id=phone_number_id, waba_id=waba_id, raw=raw)


def events_of(part: Part, received_at: datetime | None = None) -> list[Event]:
    """The events of a part, in order. Never raises: an unusable item is `Ignored` and its neighbours stay.

    `received_at` (aware) stands in where Meta names no usable time; without it that is `fields.UNKNOWN_TIME`.
    """
    field, value = part.raw["field"], part.raw["value"]
    if field == "messages":
        return list(_messages(value, received_at))
    if field == "smb_message_echoes":
        known = people(value)
        return _each(value, "message_echoes", lambda echo: echo_event(echo, known, received_at))
    if field == "user_preferences":
        known = people(value)
        return _each(value, "user_preferences", lambda choice: choice_event(choice, known, received_at))
    if field in ACCOUNT_FIELDS:
        return [account_event(field, value, part.raw["time"], received_at)]
    if field in _NOT_ACTED_ON:
        return [Ignored(reason=_NOT_ACTED_ON[field], detail=part.phone_number_id)]
    return [Ignored(reason="unknown_field", detail=field)]


def _messages(value: Json, received_at: datetime | None) -> Iterator[Event]:
    known = people(value) if value.get("messages") else {}
    yield from _each(value, "messages", lambda message: message_event(message, known, value, received_at))
    yield from _each(value, "statuses", lambda status: status_event(status, received_at))
    used = bool(value.get("messages") or value.get("statuses"))
    for item in fields.items(value.get("errors")):
        event = error_event(item, received_at)
        if used and getattr(event, "pause", "") == "":
            event = Ignored(reason="value_error", detail=getattr(event, "event", ""))
        yield event


def _each(value: Json, name: str, read: Callable[[Json], Event]) -> list[Event]:
    """`read` of every object in the array `name`; what is no object is counted."""
    found = value.get(name)
    if found is not None and not isinstance(found, list):
        return [Ignored(reason="bad_item", detail=f"{name} is not a list")]
    return [
        read(item) if isinstance(item, dict) else Ignored(reason="bad_item", detail=f"an item of {name}")
        for item in found or ()
    ]


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    # orjson refuses a text that ends in half an emoji (an escaped lone surrogate); one such text must not lose
    # the other messages of the batch.
    try:
        parsed = json.loads(body, parse_constant=_no_constant, parse_int=_bounded_int, parse_float=_finite)
        return _mended(parsed) if fields.depth_within(parsed, MAX_DEPTH + 10) else None
    except (ValueError, RecursionError):
        raise MalformedDelivery("the body is not JSON", "only Meta posts here") from None


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _bounded_int(digits: str) -> int | float:
    return int(digits) if len(digits) < 19 else _finite(digits)


def _finite(digits: str) -> float:
    found = float(digits)
    if found in (float("inf"), float("-inf")):
        raise ValueError(digits[:40])
    return found


def _mended(value: Any) -> Any:
    """Without the lone surrogates, which cannot be written as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if isinstance(value, dict):
        return {_mended(key): _mended(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_mended(each) for each in value]
    return value
