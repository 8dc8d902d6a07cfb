"""Inbound messages of the Cloud API: one item of `messages[]` to one event."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from attrs import evolve, frozen

from daemon.whatsapp import fields, phones
from daemon.whatsapp.cloud_identity import identity_change
from daemon.whatsapp.events import (
    Event,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    ReactionReceived,
    Sender,
)
from daemon.whatsapp.fields import Json
from daemon.whatsapp.graph_errors import read_error

MEDIA_TYPES: Final = ("image", "video", "audio", "document", "sticker")
_FLOW_PLUMBING: Final = ("flow_token", "version", "wa_flow_response_params")


@frozen(kw_only=True)
class Content:
    """What can be read of a message, whoever wrote it."""

    kind: str
    text: str = ""
    content: Json


def people(value: Json) -> dict[str, Json]:
    """The `contacts[]` of a webhook by each of their ids (phones also in lookup form)."""
    found: dict[str, Json] = {}
    for item in fields.items(value.get("contacts")):
        person = fields.record(item)
        for name in ("wa_id", "user_id"):
            key = fields.identifier(person.get(name))
            if key:
                found.setdefault(key, person)
                found.setdefault(phones.canonical(key), person)
    return found


def named(sender: Sender, person: Json) -> Sender:
    """`sender` with the names and the missing ids of their entry in `contacts[]`."""
    profile = fields.record(person.get("profile"))
    ids = address(person.get("wa_id"), person.get("user_id"))
    return evolve(
        sender,
        phone=sender.phone or ids.phone,
        user_id=sender.user_id or ids.user_id,
        name=fields.text(profile.get("name"), 256),
        username=fields.text(profile.get("username"), 256),
    )


def address(*values: Any) -> Sender:
    """Who is meant by these values, each told by its shape and not by its field: absent, null and "" count alike."""
    phone = user_id = ""
    for value in values:
        given = fields.identifier(value)
        if not given:
            continue
        if phones.is_user_id(given):
            user_id = user_id or given
        else:
            phone = phone or phones.phone_digits(given)
    return Sender(phone=phone, user_id=user_id)


def person_of(sender: Sender, known: Mapping[str, Json]) -> Json | None:
    """The entry of `contacts[]` that belongs to `sender`, by id and never by position."""
    for key in (sender.user_id, sender.phone, phones.canonical(sender.phone)):
        if key and key in known:
            return known[key]
    return None


def message_event(message: Json, known: Mapping[str, Json], value: Json, received_at: datetime | None) -> Event:
    """One item of `messages[]`. Never raises: what cannot be used is `Ignored`, with the reason."""
    kind = fields.text(message.get("type"), 64)
    network_id = fields.identifier(message.get("id"))
    if not network_id:
        return Ignored(reason="bad_item", detail=f"a message of type {kind!r} without id")
    if message.get("group_id"):
        return Ignored(reason="group", detail=network_id)
    at = fields.moment(message.get("timestamp"), received_at)
    if kind == "system":
        return identity_change(message, at)
    sender = address(message.get("from"), message.get("from_user_id"))
    person = person_of(sender, known)
    if person is None and not (sender.phone or sender.user_id) and not value.get("statuses"):
        people_named = {id(each): each for each in known.values()}
        person = next(iter(people_named.values())) if len(people_named) == 1 else None
    if person is not None:
        sender = named(sender, person)
    if not (sender.phone or sender.user_id):
        return Ignored(reason="bad_item", detail=f"message {network_id} names no sender")
    if kind == "reaction":
        reaction = fields.record(message.get("reaction"))
        target = fields.identifier(reaction.get("message_id"))
        if not target:
            return Ignored(reason="bad_item", detail=f"reaction {network_id} names no message")
        emoji = fields.text(reaction.get("emoji"), 64)
        return ReactionReceived(network_id=network_id, sender=sender, at=at, target=target, emoji=emoji)
    if kind in ("edit", "revoke"):
        return _correction(kind, message, network_id, sender, at)
    if kind == "request_welcome":
        return Ignored(reason="request_welcome", detail=network_id)
    if kind not in _READERS and kind != "unsupported" and person is None and not message.get("errors"):
        return Ignored(reason="unknown_type", detail=kind)
    said = read_content(message, fields.items(value.get("errors")))
    context = fields.record(message.get("context"))
    referral = fields.record(message.get("referral"))
    return MessageReceived(
        network_id=network_id,
        sender=sender,
        at=at,
        kind=said.kind,
        text=said.text,
        content=said.content | _context(context),
        reply_to=fields.identifier(context.get("id")) or None,
        referral=fields.bounded(referral, limit=4096) if referral else None,
    )


def _correction(kind: str, message: Json, network_id: str, sender: Sender, at: datetime) -> Event:
    body = fields.record(message.get(kind))
    target = fields.identifier(body.get("original_message_id"))
    if not target:
        return Ignored(reason="bad_item", detail=f"{kind} {network_id} names no message")
    if kind == "revoke":
        return MessageRevoked(network_id=network_id, sender=sender, at=at, target=target)
    said = read_content(fields.record(body.get("message")), [])
    return MessageEdited(network_id=network_id, sender=sender, at=at, target=target, text=said.text)


def _context(context: Json) -> Json:
    kept: Json = {}
    if context.get("forwarded") is True or context.get("frequently_forwarded") is True:
        kept["forwarded"] = True
    product = fields.record(context.get("referred_product"))
    if product:
        kept["referred_product"] = fields.picked(product, "catalog_id", "product_retailer_id", limit=256)
    return kept


def read_content(message: Json, value_errors: list[Any]) -> Content:
    """The readable part of a message of any type; what has no readable part is of kind `unsupported`."""
    kind = fields.text(message.get("type"), 64)
    reader = _READERS.get(kind)
    said = reader(message) if reader else None
    if said is not None:
        return said
    told = fields.text(fields.record(message.get("unsupported")).get("type"), 64)
    content: Json = {"type": told or kind}
    errors = [read_error(error) for error in fields.items(message.get("errors")) or value_errors]
    kept = [{"code": error.code, "error": str(error)} for error in errors[:5] if error is not None]
    if kept:
        content["errors"] = kept
    return Content(kind="unsupported", content=content)


# Readers give None where the type's own object is missing or cannot be used.


def _text(message: Json) -> Content | None:
    body = fields.text(fields.record(message.get("text")).get("body"))
    return Content(kind="text", text=body, content={}) if body else None


def _media(message: Json) -> Content | None:
    kind = message["type"]
    media = fields.record(message.get(kind))
    kept = fields.picked(media, "id", "mime_type", "sha256", "url", "filename")
    kept["id"] = fields.identifier(media.get("id"))
    if not kept["id"] and not kept.get("url"):
        return None
    for flag in ("voice", "animated"):
        if isinstance(media.get(flag), bool):
            kept[flag] = media[flag]
    if kind == "audio" and kept.get("voice"):
        kind = "voice"
    return Content(kind=kind, text=fields.text(media.get("caption")), content={"media": kept})


def _location(message: Json) -> Content | None:
    place = fields.record(message.get("location"))
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if not (_is_degree(latitude, 90) and _is_degree(longitude, 180)):
        return None
    kept = fields.picked(place, "latitude", "longitude", "name", "address", "url", limit=1024)
    parts = [kept[name] for name in ("name", "address") if isinstance(kept.get(name), str)]
    return Content(kind="location", text=", ".join(parts), content={"location": kept})


def _is_degree(value: Any, most: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


def _contacts(message: Json) -> Content | None:
    cards: list[Json] = []
    own_phone = ""
    for item in fields.items(message.get("contacts"))[:20]:
        card = fields.record(item)
        name = fields.record(card.get("name"))
        entries = [fields.record(entry) for entry in fields.items(card.get("phones"))[:10]]
        numbers = [fields.text(entry.get("phone"), 64) or fields.text(entry.get("wa_id"), 64) for entry in entries]
        origin = fields.text(card.get("origin") or message.get("origin"), 64)
        full_name = fields.text(name.get("formatted_name") or name.get("first_name"), 256)
        cards.append({"name": full_name, "phones": [each for each in numbers if each], "origin": origin})
        if origin == "contact_request" and entries and not own_phone:
            own_phone = address(entries[0].get("wa_id"), entries[0].get("phone")).phone
    if not cards:
        return None
    content: Json = {"contacts": cards}
    if own_phone:
        content["own_phone"] = own_phone
    lines = [", ".join([each for each in (card["name"], *card["phones"]) if each]) for card in cards]
    return Content(kind="contacts", text="\n".join(line for line in lines if line), content=content)


def _button(message: Json) -> Content | None:
    button = fields.record(message.get("button"))
    title = fields.text(button.get("text"), 1024)
    payload = fields.text(button.get("payload"), 1024)
    if not (title or payload):
        return None
    content: Json = {"button": {"type": "template", "id": payload, "title": title}}
    return Content(kind="button", text=title or payload, content=content)


def _interactive(message: Json) -> Content | None:
    interactive = fields.record(message.get("interactive"))
    subtype = fields.text(interactive.get("type"), 64)
    answer = fields.record(interactive.get(subtype))
    if not answer:
        return None
    if subtype == "nfm_reply":
        return _flow(answer)
    chosen = {"type": subtype, **fields.picked(answer, "id", "title", "description", limit=1024)}
    title = chosen.get("title") or chosen.get("id")
    return Content(kind="button", text=title, content={"button": chosen}) if isinstance(title, str) else None


def _flow(answer: Json) -> Content:
    """A Flow's form: its answers stand as JSON inside a string."""
    raw = fields.text(answer.get("response_json"))
    try:
        answers = fields.bounded(orjson.loads(raw)) if raw else {}
    except orjson.JSONDecodeError:
        answers = {}
    button: Json = {"type": "nfm_reply", "response": answers if isinstance(answers, dict) else {}}
    if raw and not button["response"]:
        button["response_json"] = raw
    name = fields.text(answer.get("name"), 256)
    if name:
        button["title"] = name
    lines = [
        f"{key}: {value}"
        for key, value in button["response"].items()
        if key not in _FLOW_PLUMBING and isinstance(value, str | int | float) and value != ""
    ]
    said = "\n".join(lines) or fields.text(answer.get("body"))
    return Content(kind="button", text=said[: fields.MAX_TEXT], content={"button": button})


def _order(message: Json) -> Content | None:
    order = fields.record(message.get("order"))
    if not order:
        return None
    lines = [
        fields.picked(fields.record(line), "product_retailer_id", "quantity", "item_price", "currency", limit=256)
        for line in fields.items(order.get("product_items"))[: fields.MAX_ITEMS]
    ]
    content: Json = {"order": {**fields.picked(order, "catalog_id", limit=256), "items": lines}}
    return Content(kind="order", text=fields.text(order.get("text")), content=content)


_READERS: Final[dict[str, Callable[[Json], Content | None]]] = {
    "text": _text,
    **dict.fromkeys(MEDIA_TYPES, _media),
    "location": _location,
    "contacts": _contacts,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
}
