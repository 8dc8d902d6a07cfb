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
        if message.HasField(name):
            content = getattr(message, name)
            return content.mediaKey, content.directPath
    return None
