"""Messages of ours: what they hold, and how their stanza has to announce them.

Every message that a person sees carries a secret of 32 random bytes, given by the caller and kept: it lets the
customer's app bind later edits to it.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

from attrs import field, frozen

from daemon.whatsapp.web import envelope
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.content import SECRET_BYTES, Disappearing
from daemon.whatsapp.web.media import Encrypted, Kind, Reference

VOICE_TYPE: Final = "audio/ogg; codecs=opus"
"""Of a voice note, to the letter: phones do not play others."""
WAVEFORM_BYTES: Final = 64
MAX_REQUESTS: Final = 50


@frozen(kw_only=True)
class Shape:
    """How a stanza announces its message."""

    type: Literal["text", "media", "reaction"] = "text"
    mediatype: str = ""  # of each `enc`; "" for none
    edit: Literal["", "1", "7"] = ""
    hide: bool = False  # `decrypt-fail="hide"`: who cannot decrypt it shows nothing


@frozen(kw_only=True)
class Uploaded:
    """A file as it lies on the media hosts."""

    file: Reference
    mime_type: str
    url: str = ""
    at: int  # unix seconds

    @classmethod
    def of(
        cls, file: Encrypted, *, kind: Kind, media_key: bytes, mime_type: str, url: str, path: str, at: int
    ) -> "Uploaded":
        """A file after its upload; `url` and `path` are the host's answer. Raises `Garbled` if the path is none."""
        return cls(
            file=Reference(
                kind=kind,
                direct_path=path,
                media_key=media_key,
                enc_sha256=file.enc_sha256,
                sha256=file.sha256,
                size_bytes=file.size_bytes,
            ),
            mime_type=mime_type,
            url=url,
            at=at,
        )


@frozen(kw_only=True)
class Quoted:
    """The message ours answers to. Apps that have it show it by its id, others show `text`."""

    id: str
    author: str  # bare JID
    text: str


@frozen(kw_only=True)
class Key:
    """Which message is meant."""

    chat: str  # bare JID
    id: str
    from_me: bool

    def made(self) -> wa.MessageKey:
        """As messages carry it."""
        return wa.MessageKey(remoteJid=self.chat, fromMe=self.from_me, id=self.id)


@frozen(kw_only=True)
class Setting:
    """What a message inherits from its chat."""

    secret: bytes = field(repr=False)
    quoted: Quoted | None = None
    disappearing: Disappearing | None = None  # without it the message would stay for good on one side

    def __attrs_post_init__(self) -> None:
        if len(self.secret) != SECRET_BYTES:
            raise ValueError(f"a message's secret has {SECRET_BYTES} bytes, not {len(self.secret)}")


def text(words: str, setting: Setting) -> wa.Message:
    """A text; a bare one where nothing has to be said about it."""
    words = envelope.text(words)
    context = _context(setting)
    if context is None:
        return _finished(wa.Message(conversation=words), setting)
    return _finished(wa.Message(extendedTextMessage=wa.ExtendedTextMessage(text=words, contextInfo=context)), setting)


def image(
    uploaded: Uploaded, setting: Setting, *, caption: str = "", width: int = 0, height: int = 0, thumbnail: bytes = b""
) -> wa.Message:
    """A picture. `thumbnail`: a JPEG of some 32 pixels, shown until the picture is loaded."""
    return _finished(
        wa.Message(
            imageMessage=wa.ImageMessage(
                **_file(uploaded),
                caption=envelope.text(caption) or None,
                height=height or None,
                width=width or None,
                jpegThumbnail=thumbnail or None,
                contextInfo=_context(setting),
            )
        ),
        setting,
    )


def voice(uploaded: Uploaded, setting: Setting, *, seconds: int, waveform: bytes = b"") -> wa.Message:
    """A voice note: Ogg/Opus, mono. `waveform`: 64 amplitudes of 0 to 100, or none for a flat line."""
    if len(waveform) not in (0, WAVEFORM_BYTES) or any(level > 100 for level in waveform):
        raise ValueError(f"a waveform is {WAVEFORM_BYTES} bytes of 0 to 100")
    message = audio(uploaded, setting, seconds=seconds)
    message.audioMessage.ptt = True
    message.audioMessage.mimetype = VOICE_TYPE
    if waveform:
        message.audioMessage.waveform = waveform
    return message


def audio(uploaded: Uploaded, setting: Setting, *, seconds: int) -> wa.Message:
    """A sound file that is no voice note."""
    return _finished(
        wa.Message(
            audioMessage=wa.AudioMessage(
                **_file(uploaded),
                seconds=seconds,
                contextInfo=_context(setting),
            )
        ),
        setting,
    )


def document(uploaded: Uploaded, setting: Setting, *, filename: str, caption: str = "") -> wa.Message:
    """A file; one with a caption stands in a wrapper, as apps write it."""
    name, caption = envelope.filename(filename), envelope.text(caption)
    message = wa.Message(
        documentMessage=wa.DocumentMessage(
            **_file(uploaded),
            title=name,
            fileName=name,
            caption=caption or None,
            contextInfo=_context(setting),
        )
    )
    if caption:
        message = wa.Message(documentWithCaptionMessage=wa.FutureProofMessage(message=message))
    return _finished(message, setting)


def location(latitude: float, longitude: float, setting: Setting, *, name: str = "", address: str = "") -> wa.Message:
    """A place, in degrees."""
    place = wa.LocationMessage(
        degreesLatitude=latitude,
        degreesLongitude=longitude,
        name=envelope.line(name) or None,
        address=envelope.line(address, 1024) or None,
        contextInfo=_context(setting),
    )
    return _finished(wa.Message(locationMessage=place), setting)


def reaction(key: Key, emoji: str, *, at_ms: int) -> wa.Message:
    """A reaction to a message; an empty emoji takes it back. `at_ms`: unix milliseconds."""
    return wa.Message(reactionMessage=wa.ReactionMessage(key=key.made(), text=emoji, senderTimestampMs=at_ms))


def revoke(key: Key) -> wa.Message:
    """Deletes a message of ours for everyone."""
    said = wa.ProtocolMessage(key=key.made(), type=wa.ProtocolMessage.REVOKE)
    return wa.Message(protocolMessage=said)


def edit(key: Key, words: str, *, at_ms: int) -> wa.Message:
    """New words for a text of ours, within some 15 minutes. `at_ms`: unix milliseconds."""
    said = wa.ProtocolMessage(
        key=key.made(),
        type=wa.ProtocolMessage.MESSAGE_EDIT,
        editedMessage=wa.Message(conversation=envelope.text(words)),
        timestampMs=at_ms,
    )
    return wa.Message(editedMessage=wa.FutureProofMessage(message=wa.Message(protocolMessage=said)))


def own_copy(message: wa.Message, chat: str) -> wa.Message:
    """What our own other devices are given of a message to `chat` (the JID the stanza goes to)."""
    copy = wa.Message(deviceSentMessage=wa.DeviceSentMessage(destinationJid=chat, message=message))
    if message.HasField("messageContextInfo"):
        copy.messageContextInfo.CopyFrom(message.messageContextInfo)
    return copy


def placeholder_request(keys: Sequence[Key]) -> wa.Message:
    """Asks our own phone for messages that did not reach us; goes to it alone, as a peer message."""
    if not 0 < len(keys) <= MAX_REQUESTS:
        raise ValueError(f"between 1 and {MAX_REQUESTS} messages are asked for at once, not {len(keys)}")
    asked = wa.PeerDataOperationRequestMessage(
        peerDataOperationRequestType=wa.PLACEHOLDER_MESSAGE_RESEND,
        placeholderMessageResendRequest=[wa.PlaceholderMessageResendRequest(messageKey=key.made()) for key in keys],
    )
    return wa.Message(
        protocolMessage=wa.ProtocolMessage(
            type=wa.ProtocolMessage.PEER_DATA_OPERATION_REQUEST_MESSAGE, peerDataOperationRequestMessage=asked
        )
    )


def shape(message: wa.Message) -> Shape:
    """How the stanza of a message announces it; also of one read back from the file. Raises `Garbled`."""
    inner = envelope.unwrapped(message)
    if inner.HasField("reactionMessage"):
        return Shape(type="reaction", hide=True)
    if inner.HasField("protocolMessage"):
        correction = inner.protocolMessage.type if inner.protocolMessage.HasField("type") else None
        if correction == wa.ProtocolMessage.REVOKE:
            return Shape(edit="7", hide=True)
        if correction == wa.ProtocolMessage.MESSAGE_EDIT:
            return Shape(edit="1", hide=True)
        return Shape()
    for name, mediatype in _MEDIATYPES.items():
        if inner.HasField(name):
            return Shape(type="media", mediatype=mediatype)
    if inner.HasField("videoMessage"):
        return Shape(type="media", mediatype="gif" if inner.videoMessage.gifPlayback else "video")
    if inner.HasField("audioMessage"):
        return Shape(type="media", mediatype="ptt" if inner.audioMessage.ptt else "audio")
    return Shape()


_MEDIATYPES: Final[dict[Literal["imageMessage", "documentMessage", "stickerMessage", "contactMessage"], str]] = {
    "imageMessage": "image",
    "documentMessage": "document",
    "stickerMessage": "sticker",
    "contactMessage": "vcard",
}


def _file(uploaded: Uploaded) -> dict[str, Any]:
    """The fields that every message with a file has."""
    return {
        "url": uploaded.url or None,
        "mimetype": uploaded.mime_type,
        "directPath": uploaded.file.direct_path,
        "mediaKey": uploaded.file.media_key,
        "mediaKeyTimestamp": uploaded.at,
        "fileSha256": uploaded.file.sha256,
        "fileEncSha256": uploaded.file.enc_sha256,
        "fileLength": uploaded.file.size_bytes,
    }


def _context(setting: Setting) -> wa.ContextInfo | None:
    quoted, lifetime = setting.quoted, setting.disappearing
    if quoted is None and not (lifetime and lifetime.seconds):
        return None
    context = wa.ContextInfo()
    if quoted is not None:
        context.stanzaId = quoted.id
        context.participant = quoted.author
        context.quotedMessage.conversation = envelope.text(quoted.text)
    if lifetime and lifetime.seconds:
        context.expiration = lifetime.seconds
        context.ephemeralSettingTimestamp = lifetime.set_at
    return context


def _finished(message: wa.Message, setting: Setting) -> wa.Message:
    message.messageContextInfo.messageSecret = setting.secret
    return message
