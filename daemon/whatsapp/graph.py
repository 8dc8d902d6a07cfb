"""What we ask of the Graph API and what it answers: request bodies and response parsing, no I/O."""

from typing import Any, Final

import orjson
from attrs import frozen

from daemon.errors import ShowroomError
from daemon.whatsapp import fields, phones
from daemon.whatsapp.fields import Json
from daemon.whatsapp.graph_errors import GraphError, read_error

MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
MAX_CALLBACK_DATA: Final = 512
MAX_VOICE_NOTE_BYTES: Final = 512 * 1024
"""Above, the customer sees a download button in place of the play button."""
MAX_BYTES: Final = {"image": 5 << 20, "voice": 16 << 20, "video": 16 << 20, "document": 100 << 20}
IMAGE_TYPES: Final = ("image/jpeg", "image/png")


class CannotExpress(ShowroomError):
    """The message cannot be put into a request that WhatsApp would take; nothing was sent."""


@frozen(kw_only=True)
class Accepted:
    """Meta took the message over. `wa_id` is the number it really wrote to: it may differ from the one we gave."""

    wamid: str
    wa_id: str = ""
    user_id: str = ""


@frozen(kw_only=True)
class File:
    """A file to send: uploaded before (`media_id`), or at a public address that Meta fetches (`link`)."""

    media_id: str = ""
    link: str = ""

    def body(self) -> Json:
        """The file's members. Raises `CannotExpress` if it is neither uploaded nor at a public address."""
        if self.media_id:
            return {"id": self.media_id}
        if not self.link.startswith(("https://", "http://")) or len(self.link) > 2048:
            raise CannotExpress("the file has no public address", "give an http(s) link or upload it first")
        return {"link": self.link}


def _envelope(kind: str, phone: str, user_id: str, our_id: str, reply_to: str | None) -> Json:
    body: Json = {"messaging_product": "whatsapp", "recipient_type": "individual", "type": kind}
    body.update(recipient(phone, user_id))
    if our_id:
        if len(our_id) > MAX_CALLBACK_DATA:
            raise CannotExpress(f"the message id has more than {MAX_CALLBACK_DATA} characters")
        body["biz_opaque_callback_data"] = our_id
    if reply_to:
        body["context"] = {"message_id": reply_to}
    return body


def recipient(phone: str, user_id: str) -> Json:
    """The member that names the recipient. Raises `CannotExpress` without a usable id.

    A user id never goes into `to`: Meta answers 200, dials its digits and delivers nothing.
    """
    if phone:
        digits = phones.phone_digits(phone)
        if not digits:
            raise CannotExpress("the recipient's phone is not a phone", "correct the contact")
        return {"to": phones.e164(digits)}
    if not phones.is_user_id(user_id):
        raise CannotExpress("the recipient has neither phone nor user id", "the customer must write first")
    return {"recipient": user_id}


def text(phone: str, user_id: str, said: str, *, our_id: str = "", reply_to: str | None = None) -> Json:
    """A text message. Raises `CannotExpress` if it is empty or has more than 4096 characters: split it before."""
    said = _clean(said)
    if not said.strip() or len(said) > MAX_TEXT:
        raise CannotExpress(f"a text must have 1 to {MAX_TEXT} characters and this has {len(said)}")
    return {**_envelope("text", phone, user_id, our_id, reply_to), "text": {"body": said}}


def image(
    phone: str, user_id: str, file: File, *, caption: str = "", our_id: str = "", reply_to: str | None = None
) -> Json:
    """A picture with its caption. Raises `CannotExpress`."""
    return {
        **_envelope("image", phone, user_id, our_id, reply_to),
        "image": {**file.body(), **_caption(caption)},
    }


def document(
    phone: str,
    user_id: str,
    file: File,
    *,
    filename: str = "",
    caption: str = "",
    our_id: str = "",
    reply_to: str | None = None,
) -> Json:
    """A document with name and caption. Raises `CannotExpress`."""
    named = {"filename": _clean(filename)[:240]} if _clean(filename) else {}
    return {
        **_envelope("document", phone, user_id, our_id, reply_to),
        "document": {**file.body(), **named, **_caption(caption)},
    }


def voice(phone: str, user_id: str, file: File, *, our_id: str = "", reply_to: str | None = None) -> Json:
    """A voice note; the file must be Ogg with Opus, mono. Raises `CannotExpress`."""
    return {
        **_envelope("audio", phone, user_id, our_id, reply_to),
        "audio": {**file.body(), "voice": True},
    }


def reaction(phone: str, user_id: str, target: str, emoji: str, *, our_id: str = "") -> Json:
    """A reaction to the message `target`; an empty emoji takes it back. Raises `CannotExpress`."""
    return {
        **_envelope("reaction", phone, user_id, our_id, None),
        "reaction": {"message_id": target, "emoji": emoji},
    }


def read(wamid: str, *, typing: bool) -> Json:
    """Mark a customer's message (and those before it) read and, with `typing`, show that an answer is coming."""
    body: Json = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
    if typing:
        body["typing_indicator"] = {"type": "text"}
    return body


def _clean(said: str) -> str:
    """Without what cannot be written as UTF-8: a model may leave half an emoji."""
    return fields.text(said, len(said))


def _caption(caption: str) -> Json:
    caption = _clean(caption)
    if len(caption) > MAX_CAPTION:
        raise CannotExpress(f"a caption has at most {MAX_CAPTION} characters and this has {len(caption)}")
    return {"caption": caption} if caption.strip() else {}


def parsed(body: bytes) -> Any:
    """A response's JSON, or None if it is not JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def accepted(body: bytes) -> Accepted | None:
    """What a 2xx answer to a message says; None if it names no message id."""
    answer = fields.record(parsed(body))
    messages, contacts = fields.items(answer.get("messages")), fields.items(answer.get("contacts"))
    wamid = fields.identifier(fields.record(messages[0]).get("id")) if messages else ""
    if not wamid:
        return None
    contact = fields.record(contacts[0]) if contacts else {}
    user_id = fields.identifier(contact.get("user_id"))
    return Accepted(
        wamid=wamid,
        wa_id=phones.phone_digits(fields.identifier(contact.get("wa_id"))),
        user_id=user_id if phones.is_user_id(user_id) else "",
    )


def error(body: bytes) -> GraphError | None:
    """The Graph error of an answer; None if it carries none."""
    return read_error(fields.record(parsed(body)).get("error"))
