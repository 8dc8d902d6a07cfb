"""Stanzas of ours that are no queries: messages, what shows while we write, what says that we read."""

import hashlib
import struct
from collections.abc import Sequence
from typing import Final, Literal

from attrs import field, frozen

from daemon.whatsapp.web import envelope
from daemon.whatsapp.web.compose import Shape
from daemon.whatsapp.web.jid import LID, Jid
from daemon.whatsapp.web.node import Attr, Node
from daemon.whatsapp.web.stanza import Own, person

MAX_READ_IDS: Final = 256
OFFLINE_BATCH: Final = 200

_TEXT: Final = Shape()

ChatState = Literal["composing", "recording", "paused"]


@frozen(kw_only=True)
class DeviceContent:
    """A message's content, encrypted for one device."""

    device: Jid
    type: Literal["msg", "pkmsg"]
    body: bytes = field(repr=False)


def message_id(own: Own, *, now: int, random16: bytes) -> str:
    """A new message's id, 22 characters. Chosen and kept before the first attempt; all attempts share it.

    "3EB0" and nine bytes, upper hex, of SHA256(seconds as 64 bits ‖ "<own number>@c.us" ‖ 16 random bytes).
    """
    source = struct.pack(">Q", now) + f"{own.pn.user}@c.us".encode() + random16
    return "3EB0" + hashlib.sha256(source).digest()[:9].hex().upper()


def message(
    id_: str,
    to: Jid,
    contents: Sequence[DeviceContent],
    *,
    shape: Shape = _TEXT,
    recipient_pn: Jid | None = None,
    account: bytes = b"",
    token: Node | None = None,
) -> Node:
    """A message to a person's devices and our own others.

    `shape` is `compose.shape`'s; `recipient_pn` the number behind a LID; `account` our serialised
    ADVSignedDeviceIdentity, needed as soon as one content begins a session; `token` a privacy token's node. Raises
    `ValueError` for what the server refuses: a device as destination, no contents, LIDs beside numbers, no `account`.
    """
    if to != person(to):
        raise ValueError(f"a message goes to a person, and {to} is none")
    if not contents:
        raise ValueError("a message needs contents for at least one device")
    if any((who := person(each.device)) is None or who.server != to.server for each in contents):
        raise ValueError("the devices of one message are addressed like its chat, all by LID or all by number")
    devices = tuple(Node("to", {"jid": each.device}, (_enc(each, shape),)) for each in contents)
    attrs: dict[str, Attr] = {"id": id_, "to": to, "type": shape.type}
    if recipient_pn is not None and to.server == LID:
        attrs["peer_recipient_pn"] = recipient_pn.bare
    if shape.edit:
        attrs["edit"] = shape.edit
    children = [Node("participants", {}, devices), *_device_identity(contents, account)]
    return Node("message", attrs, (*children, token) if token is not None else tuple(children))


def peer_message(id_: str, own: Own, content: DeviceContent, *, account: bytes = b"", urgent: bool = False) -> Node:
    """A message to our own phone alone; `urgent` wakes it. Raises `ValueError` as `message` does."""
    if not own.is_phone(content.device):
        raise ValueError("a peer message goes to our own phone")
    attrs: dict[str, Attr] = {"id": id_, "to": own.pn.bare, "type": "text", "category": "peer"}
    if urgent:
        attrs["push_priority"] = "high_force"
    meta = Node("meta", {"appdata": "default"})
    return Node("message", attrs, (meta, _enc(content), *_device_identity((content,), account)))


def resent(
    id_: str,
    content: DeviceContent,
    *,
    at: str,
    count: int,
    shape: Shape = _TEXT,
    routing: dict[str, Attr] | None = None,
    account: bytes = b"",
) -> Node:
    """A message once more, for the one device that could not read it.

    `at` and `count` are those of its request, `routing` its `participant` and `recipient`. Raises `ValueError` as
    `message` does.
    """
    attrs: dict[str, Attr] = {"id": id_, "to": content.device, "type": shape.type, "device_fanout": "false"}
    attrs |= {"t": at} if at else {}
    attrs |= routing or {}
    if shape.edit:
        attrs["edit"] = shape.edit
    enc = _enc(content, shape, count=count)
    return Node("message", attrs, (enc, *_device_identity((content,), account)))


def _enc(content: DeviceContent, shape: Shape = _TEXT, *, count: int = 0) -> Node:
    attrs: dict[str, Attr] = {"v": "2", "type": content.type}
    if count:
        attrs["count"] = str(count)
    if shape.mediatype:
        attrs["mediatype"] = shape.mediatype
    if shape.hide:
        attrs["decrypt-fail"] = "hide"
    return Node("enc", attrs, content.body)


def _device_identity(contents: Sequence[DeviceContent], account: bytes) -> tuple[Node, ...]:
    if not any(each.type == "pkmsg" for each in contents):
        return ()
    if not account:
        raise ValueError("a message that begins a session carries our device's identity")
    return (Node("device-identity", {}, account),)


# --- what people see of us --------------------------------------------------------------------------------------------


def presence(*, available: bool, name: str) -> Node:
    """Available or not, under the name that strangers are shown. Raises `ValueError` without a name.

    While a linked device is available the phone is not told of new messages: leave it soon.
    """
    shown = envelope.line(name.replace("@", ""))
    if not shown:
        raise ValueError("a presence needs a name: set the tenant's, it is shown to customers")
    return Node("presence", {"type": "available" if available else "unavailable", "name": shown})


def chatstate(chat: Jid, state: ChatState, own: Own) -> Node:
    """Shows the customer that we write, speak, or stopped. Only seen while we are available; nothing comes back."""
    child = (
        Node("paused") if state == "paused" else Node("composing", {"media": "audio"} if state == "recording" else {})
    )
    return Node("chatstate", {"to": chat, "from": own.beside(chat).bare}, (child,))


def read(chat: Jid, ids: Sequence[str], *, now: int, voice: bool = False, private: bool = False) -> tuple[Node, ...]:
    """Read receipts for one person's messages, 256 ids a stanza; `voice` notes are "played".

    `private` is for accounts that show nobody what they read: it clears the count on our own devices alone.
    """
    kind = "played" if voice else "read"
    type_ = f"{kind}-self" if private else kind
    unique = tuple(dict.fromkeys(ids))
    batches = (unique[start : start + MAX_READ_IDS] for start in range(0, len(unique), MAX_READ_IDS))
    return tuple(_read(chat, batch, type_, now) for batch in batches)


def _read(chat: Jid, ids: Sequence[str], type_: str, now: int) -> Node:
    first, *rest = ids
    items = tuple(Node("item", {"id": each}) for each in rest)
    listed = (Node("list", {}, items),) if items else None
    return Node("receipt", {"id": first, "to": chat.bare, "type": type_, "t": str(now)}, listed)


def offline_batch(count: int = OFFLINE_BATCH) -> Node:
    """Asks for the next stanzas that waited while we were away; until the `<offline>` marker nothing new comes."""
    return Node("ib", {}, (Node("offline_batch", {"count": str(count)}),))


def media_wanted(
    message_id: str, chat: Jid, own: Own, *, encrypted: bytes, nonce: bytes, from_me: bool = False
) -> Node:
    """Asks our phone to upload an expired file again; `media.retry_request` makes `encrypted`."""
    proof = Node("encrypt", {}, (Node("enc_p", {}, encrypted), Node("enc_iv", {}, nonce)))
    wanted = Node("rmr", {"jid": chat.bare, "from_me": "true" if from_me else "false"})
    return Node("receipt", {"id": message_id, "to": own.pn.bare, "type": "server-error"}, (proof, wanted))
