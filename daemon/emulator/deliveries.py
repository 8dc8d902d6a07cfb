"""Webhook bodies as Meta writes them, byte for byte in its style, for tests, journeys and benches."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from typing import Any, Final

from daemon.whatsapp.fields import Json

PHONE_NUMBER_ID: Final = "200000000000001"
WABA_ID: Final = "100000000000001"
PRICING: Final[Json] = {"billable": True, "pricing_model": "PMP", "category": "service", "type": "regular"}


def sign(secret: str, body: bytes) -> str:
    """The X-Hub-Signature-256 header for these bytes."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def new_wamid() -> str:
    """A message id that no other call gives."""
    return f"wamid.{secrets.token_urlsafe(24)}"


def delivery(*entries: Json) -> bytes:
    """One POST body of these entries: ASCII, with `/` escaped, as Meta writes it."""
    text = json.dumps({"object": "whatsapp_business_account", "entry": list(entries)}, separators=(",", ":"))
    return text.replace("/", "\\/").encode()


def entry(value: Json, *, field: str = "messages", waba_id: str = WABA_ID, time: int | None = None) -> Json:
    """One entry with one change."""
    head: Json = {"id": waba_id} if time is None else {"id": waba_id, "time": time}
    return {**head, "changes": [{"value": value, "field": field}]}


def value(phone_number_id: str = PHONE_NUMBER_ID, **members: Any) -> Json:
    """A change's value with its metadata; `members` are contacts, messages, statuses and the like."""
    metadata = {"display_phone_number": "551140000001", "phone_number_id": phone_number_id}
    return {"messaging_product": "whatsapp", "metadata": metadata, **members}


def message(
    kind: str,
    content: Any,
    *,
    phone: str = "5511955500101",
    user_id: str = "",
    name: str = "Cliente",
    phone_number_id: str = PHONE_NUMBER_ID,
    waba_id: str = WABA_ID,
    message_id: str = "",
    at: int = 1795000000,
    **members: Any,
) -> Json:
    """An entry with one customer's message of any type; `members` go into the message (context, referral, …)."""
    ids = {"wa_id": phone} if phone else {}
    froms = {"from": phone} if phone else {}
    if user_id:
        ids["user_id"] = froms["from_user_id"] = user_id
    item = {**froms, "id": message_id or new_wamid(), "timestamp": str(at), "type": kind, kind: content, **members}
    contact = {"profile": {"name": name}, **ids}
    return entry(value(phone_number_id, contacts=[contact], messages=[item]), waba_id=waba_id)


def text(said: str, *, reply_to: str = "", **who: Any) -> Json:
    """A text. Takes what `message` takes."""
    if reply_to:
        who["context"] = {"id": reply_to}
    return message("text", {"body": said}, **who)


def image(media_id: str, *, caption: str = "", url: str = "", sha256: str = "", **who: Any) -> Json:
    """A picture."""
    return message("image", _media(media_id, "image/jpeg", url, sha256, caption=caption), **who)


def audio(media_id: str, *, voice: bool = True, url: str = "", sha256: str = "", **who: Any) -> Json:
    """A voice note, or a sound file."""
    mime_type = "audio/ogg; codecs=opus" if voice else "audio/mpeg"
    return message("audio", _media(media_id, mime_type, url, sha256) | {"voice": voice}, **who)


def _media(media_id: str, mime_type: str, url: str, sha256: str, caption: str = "") -> Json:
    given = {"mime_type": mime_type, "sha256": sha256, "id": media_id, "url": url, "caption": caption}
    return {name: each for name, each in given.items() if each}


def status(
    wamid: str,
    word: str,
    *,
    our_id: str = "",
    phone: str = "5511955500101",
    phone_number_id: str = PHONE_NUMBER_ID,
    waba_id: str = WABA_ID,
    at: int = 1795000100,
    error: Json | None = None,
) -> Json:
    """An entry with one status. Pricing comes with `sent` and `delivered`, as from Meta."""
    item: Json = {"id": wamid, "status": word, "timestamp": str(at)}
    if phone:
        item["recipient_id"] = phone
    if our_id:
        item["biz_opaque_callback_data"] = our_id
    if word in ("sent", "delivered"):
        item["pricing"] = PRICING
    if error is not None:
        item["errors"] = [error]
    return entry(value(phone_number_id, statuses=[item]), waba_id=waba_id)


def echo(
    said: str, *, phone: str = "5511955500101", phone_number_id: str = PHONE_NUMBER_ID, at: int = 1795000300
) -> Json:
    """A person of the dealership wrote to the customer from the phone app."""
    item = {"from": "551140000001", "to": phone, "id": new_wamid(), "timestamp": str(at), "type": "text"}
    echoes: Sequence[Json] = [{**item, "text": {"body": said}}]
    return entry(value(phone_number_id, message_echoes=echoes), field="smb_message_echoes")
