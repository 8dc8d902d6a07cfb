"""What a decrypted message says, as events the desk understands.

A network id is `<id>/<chat>`: an id alone is its sender's choice and unique only within the chat. What a message says
of another one (reply, reaction, edit, deletion) therefore only ever reaches into its own chat.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from itertools import product
from typing import Any, Final, Literal

from attrs import frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daemon.whatsapp import fields
from daemon.whatsapp.cloud_messages import Content
from daemon.whatsapp.events import (
    Event,
    HumanAnswered,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    ReactionReceived,
    Sender,
)
from daemon.whatsapp.web import body, envelope
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.curve import hkdf
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.protocol_messages import refused

SECRET_BYTES: Final = 32
LONGEST_EXPIRATION: Final = 365 * 86_400
MAX_RAW: Final = 2048
"""Bytes of an ad's opaque fields that are kept."""


@frozen
class Disappearing:
    """How long messages of a chat live (seconds; 0: for good), and when that was set (unix seconds)."""

    seconds: int
    set_at: int


@frozen(kw_only=True)
class Change:
    """What a message does to another one of its chat."""

    kind: Literal["reaction", "edit", "revoke"]
    target: str  # network id
    text: str = ""  # the emoji, or the new words


def network_id(id_: str, chat: str) -> str:
    """The id under which a message stands in the shard; `chat` is the bare JID. Raises `Garbled` for an id that
    could be taken for another one."""
    if not envelope.message_id(id_):
        raise Garbled(f"{id_[:40]!r} is no message id")
    return f"{id_}/{chat}"


def read(
    message: wa.Message,
    *,
    network_id: str,
    sender: Sender,
    at: datetime,
    hidden: bool = False,
    secret: bytes = b"",
    addresses: Sequence[str] = (),
) -> list[Event]:
    """A customer's message as events; none if it says nothing.

    `hidden`: the stanza says `decrypt-fail="hide"`. `secret`: that of the message `sealed_edit` names; `addresses`:
    the customer's bare JIDs, by LID and by number, which an encrypted edit is bound to. Raises `Garbled` for more
    wrappers than any app makes. What only devices of our own may say comes back as `Ignored` ("forged").
    """
    reason = refused(message, own_account=False, own_phone=False)
    if reason:
        return [Ignored(reason="forged", detail=reason)]
    inner = envelope.unwrapped(message)
    if _is_change(inner):
        change = _change(inner, network_id, secret, addresses)
        return [_changed(change, network_id, sender, at) if change else _unusable(network_id)]
    said = body.read(inner, network_id, hidden=hidden)
    context = body.context(inner)
    referral = _referral(context)
    if said is None and referral is not None:  # who clicked an ad is a customer, whatever else they say
        said = Content(kind="unsupported", content={"type": "ad"})
    if said is None:
        return []
    return [
        MessageReceived(
            network_id=network_id,
            sender=sender,
            at=at,
            kind=said.kind,
            text=said.text,
            content=said.content | _circumstances(context),
            reply_to=_reply_to(context, network_id),
            referral=referral,
        )
    ]


def own(
    message: wa.Message,
    *,
    network_id: str,
    to: Sender,
    at: datetime,
    hidden: bool = False,
    secret: bytes = b"",
    addresses: Sequence[str] = (),
) -> list[Event]:
    """A message that another device of our own account sent to a customer: a person answered.

    Only to be called when the session that decrypted it is with a device of ours; `addresses` are our bare JIDs, the
    rest is as with `read`. Messages between our devices are nothing here: `protocol_messages.news` reads those.
    """
    reason = refused(message, own_account=True, own_phone=True)
    if reason:
        return [Ignored(reason="forged", detail=reason)]
    inner = envelope.unwrapped(message)
    if _is_change(inner):
        change = _change(inner, network_id, secret, addresses)
        if change is None:
            return [_unusable(network_id)]
        said = Content(kind=change.kind, text=change.text, content={"target": change.target})
    elif (found := body.read(inner, network_id, hidden=hidden)) is not None:
        said = found
    else:
        return []
    return [HumanAnswered(network_id=network_id, to=to, at=at, kind=said.kind, text=said.text, content=said.content)]


def destination(message: wa.Message) -> str:
    """The chat a message of our own names; to be compared with the stanza's `recipient`. "" if it names none."""
    return envelope.line(message.deviceSentMessage.destinationJid)


def secret_of(message: wa.Message) -> bytes:
    """The secret that later edits of this message are encrypted with: 32 bytes, or none. Raises `Garbled`."""
    for layer in envelope.layers(message):
        secret = layer.messageContextInfo.messageSecret
        if len(secret) == SECRET_BYTES:
            return secret
    return b""


def sealed_edit(message: wa.Message) -> str:
    """The id of the message (of the same chat) that this one edits in encrypted form; "" if it does not."""
    inner = envelope.unwrapped(message)
    return _target(inner.secretEncryptedMessage.targetMessageKey) if _is_sealed_edit(inner) else ""


def disappearing(message: wa.Message) -> Disappearing | None:
    """How long messages of this chat live from now on, where the message says so. Raises `Garbled`."""
    inner = envelope.unwrapped(message)
    said = inner.protocolMessage
    if said.HasField("type") and said.type == wa.ProtocolMessage.EPHEMERAL_SETTING:
        found = Disappearing(said.ephemeralExpiration, said.ephemeralSettingTimestamp)
    elif (context := body.context(inner)) is not None and context.expiration:
        found = Disappearing(context.expiration, context.ephemeralSettingTimestamp)
    else:
        return None
    return found if found.seconds <= LONGEST_EXPIRATION and found.set_at >= 0 else None


def _unusable(network_id: str) -> Ignored:
    return Ignored(reason="bad_item", detail=f"{network_id} changes a message that it does not name or may not change")


def _changed(change: Change, network_id: str, sender: Sender, at: datetime) -> Event:
    if change.kind == "reaction":
        return ReactionReceived(network_id=network_id, sender=sender, at=at, target=change.target, emoji=change.text)
    if change.kind == "edit":
        return MessageEdited(network_id=network_id, sender=sender, at=at, target=change.target, text=change.text)
    return MessageRevoked(network_id=network_id, sender=sender, at=at, target=change.target)


def _is_change(inner: wa.Message) -> bool:
    # a type we do not know reads as 0, which would be REVOKE: it must be there
    said = inner.protocolMessage
    corrects = said.HasField("type") and said.type in (wa.ProtocolMessage.REVOKE, wa.ProtocolMessage.MESSAGE_EDIT)
    return corrects or inner.HasField("reactionMessage") or _is_sealed_edit(inner)


def _is_sealed_edit(inner: wa.Message) -> bool:
    return inner.secretEncryptedMessage.secretEncType == wa.SecretEncryptedMessage.MESSAGE_EDIT


def _change(inner: wa.Message, network_id: str, secret: bytes, addresses: Sequence[str]) -> Change | None:
    """None if the message names no other one, changes one of another author, or cannot be decrypted."""
    _, _, chat = network_id.partition("/")
    if inner.HasField("reactionMessage"):
        target = _target(inner.reactionMessage.key)
        emoji = envelope.line(inner.reactionMessage.text, 64)
        return Change(kind="reaction", target=f"{target}/{chat}", text=emoji) if target else None
    if _is_sealed_edit(inner):
        key = inner.secretEncryptedMessage.targetMessageKey
        edited = _unsealed(inner.secretEncryptedMessage, secret, addresses)
    else:
        key = inner.protocolMessage.key
        edited = inner.protocolMessage.editedMessage
    target = _target(key)
    if not target or not key.fromMe:  # from the view of whoever changes it
        return None
    if inner.HasField("protocolMessage") and inner.protocolMessage.type == wa.ProtocolMessage.REVOKE:
        return Change(kind="revoke", target=f"{target}/{chat}")
    said = body.read(_newest(edited), network_id) if edited is not None else None
    return Change(kind="edit", target=f"{target}/{chat}", text=said.text) if said else None


def _newest(edited: wa.Message) -> wa.Message:
    """The new content of an edit, which may stand in a protocol message of its own once more."""
    inner = envelope.unwrapped(edited)
    if inner.protocolMessage.HasField("editedMessage"):
        return envelope.unwrapped(inner.protocolMessage.editedMessage)
    return inner


def _unsealed(sealed: wa.SecretEncryptedMessage, secret: bytes, addresses: Sequence[str]) -> wa.Message | None:
    """HKDF(secret of the original, info = its id ‖ its author ‖ who edits ‖ "Message Edit"), AES-256-GCM. Which of the
    author's two addresses the app used is not said, so that both are tried."""
    if len(secret) != SECRET_BYTES or len(sealed.encIv) not in range(8, 129):
        return None
    id_ = _target(sealed.targetMessageKey)
    for author, editor in product(addresses, repeat=2):
        info = f"{id_}{author}{editor}Message Edit".encode()
        try:
            plain = AESGCM(hkdf(secret, salt=None, info=info, length=32)).decrypt(sealed.encIv, sealed.encPayload, None)
        except InvalidTag:
            continue
        return envelope.parse(plain)
    return None


def _target(key: wa.MessageKey) -> str:
    return envelope.message_id(key.id)


def _reply_to(context: wa.ContextInfo | None, network_id: str) -> str | None:
    """The message it answers, if that is of this chat: not a status, not a group."""
    if context is None:
        return None
    target = envelope.message_id(context.stanzaId)
    elsewhere = envelope.line(context.remoteJid).endswith(("@broadcast", "@g.us", "@newsletter"))
    _, _, chat = network_id.partition("/")
    return f"{target}/{chat}" if target and not elsewhere else None


def _circumstances(context: wa.ContextInfo | None) -> dict[str, Any]:
    if context is None:
        return {}
    entry = envelope.line(context.entryPointConversionSource)
    kept: dict[str, Any] = {"forwarded": True} if context.isForwarded else {}
    return kept | {"entry_point": entry} if entry else kept


def _referral(context: wa.ContextInfo | None) -> dict[str, Any] | None:
    """The ad a message came from, as the Cloud API words it, and what else its app says of it. All of it is the
    sender's word: proof of nothing."""
    if context is None:
        return None
    ad = context.externalAdReply
    told = {
        "source_type": envelope.line(ad.sourceType),
        "source_id": envelope.line(ad.sourceId),
        "ctwa_clid": envelope.line(ad.ctwaClid, MAX_RAW),
        "conversion_source": envelope.line(context.conversionSource),
        "conversion_data": _raw(context.conversionData),
        "ctwa_signals": envelope.line(context.ctwaSignals, MAX_RAW),
        "ctwa_payload": _raw(context.ctwaPayload),
    }
    entry = envelope.line(context.entryPointConversionSource)
    if not any(told.values()) and not entry.startswith("ctwa"):
        return None
    told |= {
        "headline": envelope.line(ad.title, MAX_RAW),
        "body": envelope.text(ad.body, MAX_RAW),
        "source_url": envelope.line(ad.sourceUrl, MAX_RAW),
        "ref": envelope.line(ad.ref, MAX_RAW),
        "source_app": envelope.line(ad.sourceApp),
        "entry_point": entry,
    }
    kept: dict[str, Any] = fields.bounded({name: value for name, value in told.items() if value}, limit=4096)
    return kept


def _raw(data: Any) -> str:
    return base64.b64encode(data[:MAX_RAW]).decode() if isinstance(data, bytes) else ""
