"""The layers round what a message says, and text fields that may hold anything."""

import re
from collections.abc import Iterator
from typing import Any, Final

from daemon.whatsapp import fields
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web import protobuf
from daemon.whatsapp.web.errors import Garbled

MAX_DEPTH: Final = 8
"""Wrappers round a message, and no more."""
MAX_NAME: Final = 256

WRAPPERS: Final = (
    "botInvokeMessage",
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "lottieStickerMessage",
    "documentWithCaptionMessage",
    "editedMessage",
    "groupMentionedMessage",
    "associatedChildMessage",
    "spoilerMessage",
)
# C0 and C1 controls, marks that turn the direction of writing, line separators, lone surrogates
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_ID: Final = re.compile(r"[!-.0-~]{1,128}", re.ASCII)  # printable, without "/" and blanks


def parse(plain: bytes) -> wa.Message:
    """A decrypted and unpadded message. Raises `Garbled`."""
    return protobuf.parse(wa.Message, plain)


def layers(message: wa.Message) -> Iterator[wa.Message]:
    """The message and what its wrappers hold, outermost first, through a `deviceSentMessage` too.

    Raises `Garbled` once there are more than `MAX_DEPTH` wrappers.
    """
    for _ in range(MAX_DEPTH + 1):
        yield message
        inner = _inner(message)
        if inner is None:
            return
        message = inner
    raise Garbled(f"the message is wrapped more than {MAX_DEPTH} times")


def unwrapped(message: wa.Message) -> wa.Message:
    """What the message says, without wrappers. Raises `Garbled` as `layers` does."""
    *_, innermost = layers(message)
    return innermost


def _inner(message: wa.Message) -> wa.Message | None:
    if message.HasField("deviceSentMessage"):
        return message.deviceSentMessage.message
    for name in WRAPPERS:
        if message.HasField(name):
            inner: wa.Message = getattr(message, name).message
            return inner
    return None


def text(value: Any, limit: int = fields.MAX_TEXT) -> str:
    """A text field of several lines, cut to size. (Fields that are not UTF-8 come out of protobuf as bytes.)"""
    if isinstance(value, bytes):
        value = value[: limit * 4].decode("utf-8", "replace")
    return fields.text(value, limit)


def line(value: Any, limit: int = MAX_NAME) -> str:
    """A text field of one line (a name, a title): without control characters, cut to size."""
    return " ".join(_CONTROLS.sub(" ", text(value, limit)).split())


def filename(value: Any) -> str:
    """A name that is safe to show and to save under: no folders, no control characters; "" if nothing is left."""
    name = line(value, 4096).replace("\\", "/").rpartition("/")[2].strip(". ")
    stem, dot, suffix = name.rpartition(".")
    if len(name) <= 120:
        return name
    return f"{stem[: 119 - len(suffix)]}.{suffix}" if dot and len(suffix) <= 10 else name[:120]


def message_id(value: Any) -> str:
    """An id chosen by a sender; "" unless it is printable and without "/"."""
    found = text(value, 129)
    return found if _ID.fullmatch(found) else ""
