"""The readable part of a message, in the shapes the Cloud API's messages have, so that the desk sees no difference.

Addresses in messages (`url`, `thumbnailUrl` …) are the sender's word and never kept: files come from media hosts alone.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson
from google.protobuf.unknown_fields import UnknownFieldSet

from daemon.whatsapp import fields
from daemon.whatsapp.cloud_messages import Content, read_content
from daemon.whatsapp.web import envelope, vcard
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.media import Kind, Reference

MAX_CARDS: Final = 20
MAX_TITLE: Final = 1024
MAX_FILE: Final = 1 << 40

_ABOUT: Final = frozenset(  # says something about a message and is none
    ["messageContextInfo", "senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage"]
)
_SILENT: Final = frozenset(  # known, and nothing a salesperson would answer; an album's pictures come by themselves
    [
        "albumMessage",
        "callLogMesssage",
        "encReactionMessage",
        "keepInChatMessage",
        "limitSharingMessage",
        "pinInChatMessage",
        "pollUpdateMessage",
        "protocolMessage",
        "requestPhoneNumberMessage",
        "secretEncryptedMessage",
        "statusMentionMessage",
    ]
)
_UNSUPPORTED: Final = {
    "botForwardedMessage": "bot",
    "buttonsMessage": "buttons",
    "eventCoverImage": "event",
    "eventMessage": "event",
    "groupInviteMessage": "group_invite",
    "groupStatusMessageV2": "status",
    "highlyStructuredMessage": "template",
    "interactiveMessage": "interactive",
    "listMessage": "list",
    "orderMessage": "order",
    "placeholderMessage": "placeholder",
    "pollCreationMessage": "poll",
    "pollCreationMessageV2": "poll",
    "pollCreationMessageV3": "poll",
    "pollCreationMessageV4": "poll",
    "pollCreationMessageV5": "poll",
    "pollCreationMessageV6": "poll",
    "productMessage": "product",
    "questionMessage": "question",
    "questionReplyMessage": "question",
    "stickerPackMessage": "sticker_pack",
    "templateMessage": "template",
}


def read(message: wa.Message, network_id: str, *, hidden: bool = False) -> Content | None:
    """What an unwrapped message says; None if it says nothing. What cannot be read is of kind `unsupported`.

    `hidden`: the sender asked not to show what cannot be read (`decrypt-fail="hide"`), so unknown fields are nothing.
    """
    present = {each.name for each, _ in message.ListFields()} - _ABOUT
    for name, (word, reader) in _READERS.items():
        if name in present:
            said = reader(getattr(message, name), network_id)
            if said is not None or word == "text":
                return said
            return Content(kind="unsupported", content={"type": word})
    for name in sorted(present & _UNSUPPORTED.keys()):
        return Content(kind="unsupported", content={"type": _UNSUPPORTED[name]})
    # a kind newer than ours is shown as one, as phones do that are too old for it
    if not present and not hidden and len(UnknownFieldSet(message)) > 0:
        return Content(kind="unsupported", content={"type": "unknown"})
    return None


def context(message: wa.Message) -> wa.ContextInfo | None:
    """What an unwrapped message answers to and where it came from, whichever kind it is."""
    for descriptor, value in message.ListFields():
        kind = descriptor.message_type
        if kind is not None and "contextInfo" in kind.fields_by_name and value.HasField("contextInfo"):
            found: wa.ContextInfo = value.contextInfo
            return found
    return None


# Readers give None where what they need is missing or cannot be used.


def _conversation(said: Any, _: str) -> Content | None:
    body = envelope.text(said)
    return Content(kind="text", text=body, content={}) if body else None


def _extended(said: wa.ExtendedTextMessage, network_id: str) -> Content | None:
    return _conversation(said.text, network_id)


def _image(said: wa.ImageMessage, network_id: str) -> Content | None:
    return _media("image", "image", said, network_id, caption=said.caption)


def _video(said: wa.VideoMessage, network_id: str) -> Content | None:
    return _media("video", "video", said, network_id, caption=said.caption, animated=said.gifPlayback)


def _audio(said: wa.AudioMessage, network_id: str) -> Content | None:
    return _media("voice" if said.ptt else "audio", "audio", said, network_id, voice=said.ptt)


def _document(said: wa.DocumentMessage, network_id: str) -> Content | None:
    name = envelope.filename(said.fileName or said.title)
    return _media("document", "document", said, network_id, caption=said.caption, filename=name)


def _sticker(said: wa.StickerMessage, network_id: str) -> Content | None:
    return _media("sticker", "sticker", said, network_id, animated=said.isAnimated)


def _media(kind: str, place: Kind, said: Any, network_id: str, *, caption: Any = "", **more: Any) -> Content:
    text = envelope.text(caption)
    try:
        file = Reference(
            kind=place,
            direct_path=said.directPath,
            media_key=said.mediaKey,
            enc_sha256=said.fileEncSha256,
            sha256=said.fileSha256,
            size_bytes=said.fileLength if said.fileLength <= MAX_FILE else 0,
        )
    except Garbled:
        return Content(kind="unsupported", text=text, content={"type": kind})
    media = {"id": network_id, "mime_type": envelope.line(said.mimetype, 200), "sha256": file.sha256.hex()}
    kept = {name: value for name, value in (media | more).items() if value}
    return Content(kind=kind, text=text, content={"media": {**kept, "web": file.as_content()}})


def _location(said: wa.LocationMessage | wa.LiveLocationMessage, _: str) -> Content | None:
    latitude, longitude = said.degreesLatitude, said.degreesLongitude
    given = said.HasField("degreesLatitude") and said.HasField("degreesLongitude")
    if not (given and -90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    place: fields.Json = {"latitude": latitude, "longitude": longitude}
    if isinstance(said, wa.LiveLocationMessage):
        place["live"] = True
        parts = [envelope.text(said.caption, MAX_TITLE)]
    else:
        parts = [envelope.line(said.name, MAX_TITLE), envelope.line(said.address, MAX_TITLE)]
        place |= {name: part for name, part in zip(("name", "address"), parts, strict=True) if part}
    return Content(kind="location", text=", ".join(part for part in parts if part), content={"location": place})


def _contact(said: wa.ContactMessage, _: str) -> Content | None:
    return _cards([said])


def _contacts(said: wa.ContactsArrayMessage, _: str) -> Content | None:
    return _cards(said.contacts[:MAX_CARDS])


def _cards(given: list[wa.ContactMessage]) -> Content | None:
    cards = []
    for each in given:
        name, phones = vcard.read(envelope.text(each.vcard))
        cards.append({"name": name or envelope.line(each.displayName), "phones": phones, "origin": ""})
    if not any(card["name"] or card["phones"] for card in cards):
        return None
    lines = [", ".join([str(card["name"]), *card["phones"]]).removeprefix(", ") for card in cards]
    return Content(kind="contacts", text="\n".join(line for line in lines if line), content={"contacts": cards})


def _button(said: wa.ButtonsResponseMessage, _: str) -> Content | None:
    return _chosen("button_reply", said.selectedButtonId, said.selectedDisplayText)


def _list(said: wa.ListResponseMessage, _: str) -> Content | None:
    return _chosen("list_reply", said.singleSelectReply.selectedRowId, said.title, said.description)


def _template(said: wa.TemplateButtonReplyMessage, _: str) -> Content | None:
    return _chosen("template", said.selectedId, said.selectedDisplayText)


def _interactive(said: wa.InteractiveResponseMessage, _: str) -> Content | None:
    flow, title = said.nativeFlowResponseMessage, envelope.text(said.body.text)
    raw = envelope.text(flow.paramsJson)
    try:
        params = fields.record(orjson.loads(raw)) if raw else {}
    except orjson.JSONDecodeError:
        params = {}
    if isinstance(params.get("id"), str) or not raw:  # a choice; else a form with its answers
        return _chosen("button_reply", params.get("id"), title, params.get("description"))
    form = {"name": envelope.line(flow.name), "body": title, "response_json": raw}
    return read_content({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": form}}, [])


def _chosen(subtype: str, id_: Any, title: Any, description: Any = "") -> Content | None:
    texts = {"id": id_, "title": title, "description": description}
    kept = {name: found for name, value in texts.items() if (found := envelope.text(value, MAX_TITLE))}
    said = kept.get("title") or kept.get("id")
    return Content(kind="button", text=said, content={"button": {"type": subtype, **kept}}) if said else None


_READERS: Final[dict[str, tuple[str, Callable[[Any, str], Content | None]]]] = {
    "conversation": ("text", _conversation),
    "extendedTextMessage": ("text", _extended),
    "imageMessage": ("image", _image),
    "videoMessage": ("video", _video),
    "ptvMessage": ("video", _video),
    "audioMessage": ("audio", _audio),
    "documentMessage": ("document", _document),
    "stickerMessage": ("sticker", _sticker),
    "locationMessage": ("location", _location),
    "liveLocationMessage": ("location", _location),
    "contactMessage": ("contacts", _contact),
    "contactsArrayMessage": ("contacts", _contacts),
    "buttonsResponseMessage": ("button", _button),
    "listResponseMessage": ("button", _list),
    "templateButtonReplyMessage": ("button", _template),
    "interactiveResponseMessage": ("button", _interactive),
}
_ELSEWHERE: Final = frozenset([*envelope.WRAPPERS, "deviceSentMessage", "reactionMessage"])
assert _ABOUT | _SILENT | _ELSEWHERE | _UNSUPPORTED.keys() | _READERS.keys() == set(
    wa.Message.DESCRIPTOR.fields_by_name
)
