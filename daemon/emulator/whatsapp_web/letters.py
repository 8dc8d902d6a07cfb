"""Messages as a phone keeps them, and what their stanzas say of them."""

from typing import Final

from attrs import field, frozen

from daemon.emulator.whatsapp_web.accounts import Account, Device
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.jid import Jid

_MEDIA: Final = ("imageMessage", "videoMessage", "audioMessage", "documentMessage", "stickerMessage", "ptvMessage")


@frozen(kw_only=True)
class Letter:
    """A message the phone has, written or received. `at` in Unix seconds."""

    id: str
    chat: Account
    sender: Device
    message: wa.Message = field(repr=False)
    at: int

    @property
    def text(self) -> str:
        """What it says, if it is text."""
        return self.message.conversation or self.message.extendedTextMessage.text


@frozen(kw_only=True)
class Receipt:
    """What the phone learnt of messages of its own account: `kind` is "" for delivered."""

    ids: tuple[str, ...]
    sender: Jid
    kind: str


def file_of(message: wa.Message) -> tuple[bytes, str] | None:
    """Media key and direct path of a message's file."""
    for name in _MEDIA:
        if message.HasField(name):  # type: ignore[arg-type]
            content = getattr(message, name)
            return content.mediaKey, content.directPath
    return None


def media_type(message: wa.Message) -> str:
    """What a stanza says of the file in a message; "" if there is none."""
    if message.HasField("audioMessage"):
        return "ptt" if message.audioMessage.ptt else "audio"
    for name in ("image", "video", "document", "sticker"):
        if message.HasField(f"{name}Message"):  # type: ignore[arg-type]
            return name
    return ""


def stanza_type(message: wa.Message) -> str:
    """The `type` of a message's stanza."""
    if message.HasField("reactionMessage"):
        return "reaction"
    return "media" if media_type(message) else "text"
