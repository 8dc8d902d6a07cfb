"""What the server tells us outside of messages: `<notification>`, `<ib>` and `<call>`.

Every notification and call is acknowledged, known or not (`stanza.clearing`); an `<ib>` never. What only the server, or
only our own account, may say is heard from nobody else.
"""

from collections.abc import Callable
from typing import Final

import orjson
from attrs import field, frozen

from daemon.whatsapp import fields
from daemon.whatsapp.web import envelope
from daemon.whatsapp.web.jid import SERVER, Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.privacy import Token, read_tokens
from daemon.whatsapp.web.stanza import AddressPair, Own, address_pair, person, whole

FEW_PREKEYS: Final = 5
"""With fewer left on the server, more are uploaded."""
MAX_JSON_BYTES: Final = 256 * 1024


@frozen
class PrekeyCount:
    """How many one-time prekeys the server still has."""

    left: int

    @property
    def low(self) -> bool:
        """Whether to upload more."""
        return self.left < FEW_PREKEYS


@frozen(kw_only=True)
class IdentityChanged:
    """Somebody set WhatsApp up anew: forget all sessions and devices of that person, under both addresses."""

    person: Jid


@frozen(kw_only=True)
class DevicesChanged:
    """Somebody linked or unlinked a device: the cached list of that person's devices is out of date."""

    person: Jid
    learned: AddressPair | None = None


@frozen
class OwnDevicesChanged:
    """The same for our own account."""


@frozen(kw_only=True)
class TokensGiven:
    """A contact gave us privacy tokens; the last is the newest."""

    person: Jid
    tokens: tuple[Token, ...]
    learned: AddressPair | None = None


@frozen(kw_only=True)
class MediaAnswer:
    """Our phone's answer to `outgoing.media_wanted`: for `media.read_retry_answer`, or that it has not got the file."""

    message_id: str
    gone: bool
    encrypted: bytes = field(default=b"", repr=False)
    nonce: bytes = field(default=b"", repr=False)


@frozen
class CodeEntered:
    """Somebody typed our linking code on the phone: for `link_code.read_primary_hello`."""

    notification: Node = field(repr=False)


@frozen
class PasskeyAsked:
    """Linking needs the account's passkey: for `passkey.asked`."""

    notification: Node = field(repr=False)


@frozen
class PasskeyContinued:
    """The phone went on after the passkey: for `passkey.confirm`."""

    notification: Node = field(repr=False)


@frozen(kw_only=True)
class Timelock:
    """WhatsApp limits, or no longer limits, whom the number may write to."""

    active: bool
    kind: str = ""
    ends_at: int | None = None  # seconds


@frozen(kw_only=True)
class OfflinePreview:
    """How much waited for us: if anything, ask for it (`outgoing.offline_batch`)."""

    count: int
    messages: int = 0


@frozen
class OfflineEnd:
    """All that waited has been delivered; from here on everything is live."""

    count: int


@frozen
class Routing:
    """Bytes to begin the next connection with."""

    info: bytes


@frozen
class LegacyPhone:
    """The QR code was scanned by a phone whose WhatsApp is too old to link devices."""


@frozen(kw_only=True)
class CallOffered:
    """Somebody rings. The phone answers, or nobody; we only tell."""

    caller: Jid
    call_id: str
    at: int
    video: bool = False
    learned: AddressPair | None = None


@frozen
class Unimportant:
    """Nothing for us."""

    kind: str


Notice = (
    PrekeyCount
    | IdentityChanged
    | DevicesChanged
    | OwnDevicesChanged
    | TokensGiven
    | MediaAnswer
    | CodeEntered
    | PasskeyAsked
    | PasskeyContinued
    | Timelock
    | OfflinePreview
    | OfflineEnd
    | Routing
    | LegacyPhone
    | CallOffered
    | Unimportant
)


def read(node: Node, own: Own | None) -> Notice:
    """What a `<notification>` or `<call>` means to us. `own` is None while we are not paired. Never raises."""
    if node.tag == "call":
        return _call(node)
    kind = node.get("type")
    reader = _READERS.get(kind) if node.tag == "notification" else None
    found = reader(node, own) if reader is not None else None
    return found if found is not None else Unimportant(envelope.line(kind, 40))


def read_ib(node: Node) -> tuple[Notice, ...]:
    """What an `<ib>` says, child by child. Never raises."""
    return tuple(_ib(child) for child in node.children())


def _ib(child: Node) -> Notice:
    if child.tag == "offline_preview":
        return OfflinePreview(count=whole(child, "count"), messages=whole(child, "message"))
    if child.tag == "offline":
        return OfflineEnd(whole(child, "count"))
    if child.tag == "downgrade_webclient":
        return LegacyPhone()
    info = child.child("routing_info") if child.tag == "edge_routing" else None
    return Routing(info.data) if info is not None and info.data else Unimportant(envelope.line(child.tag, 40))


def _call(node: Node) -> Notice:
    offer, sender = node.child("offer"), node.jid("from")
    caller = person(sender)
    if offer is None or caller is None:
        return Unimportant("call")
    other = offer.jid("caller_lid") or offer.jid("caller_pn")
    return CallOffered(
        caller=caller,
        call_id=envelope.message_id(offer.get("call-id")),
        at=whole(node, "t"),
        video=offer.child("video") is not None,
        learned=address_pair(caller, other),
    )


def _encrypt(node: Node, own: Own | None) -> Notice | None:
    sender, count = node.jid("from"), node.child("count")
    if count is not None:
        return PrekeyCount(whole(count, "value")) if sender == SERVER else None
    who = person(sender)
    return IdentityChanged(person=who) if who is not None and node.child("identity") is not None else None


def _devices(node: Node, own: Own | None) -> Notice | None:
    who = person(node.jid("from"))
    if who is None:
        return None
    if own is not None and own.has(who):
        return OwnDevicesChanged()
    return DevicesChanged(person=who, learned=address_pair(who, node.jid("lid")))


def _account_sync(node: Node, own: Own | None) -> Notice | None:
    ours = own is not None and own.has(node.jid("from"))
    return OwnDevicesChanged() if ours and node.child("devices") is not None else None


def _privacy_token(node: Node, own: Own | None) -> Notice | None:
    who, tokens = person(node.jid("from")), read_tokens(node)
    if who is None or not tokens:
        return None
    return TokensGiven(person=who, tokens=tokens, learned=address_pair(who, node.jid("sender_lid")))


def _media_retry(node: Node, own: Own | None) -> Notice | None:
    id_ = envelope.message_id(node.get("id"))
    if not id_ or own is None or not own.has(node.jid("from")):
        return None
    proof = node.child("encrypt")
    data, nonce = (proof.child("enc_p"), proof.child("enc_iv")) if proof is not None else (None, None)
    if data is None or nonce is None:
        return MediaAnswer(message_id=id_, gone=True)
    return MediaAnswer(message_id=id_, gone=False, encrypted=data.data, nonce=nonce.data)


def _link_code(node: Node, own: Own | None) -> Notice | None:
    return CodeEntered(node) if node.child("link_code_companion_reg") is not None else None


def _passkey_asked(node: Node, own: Own | None) -> Notice | None:
    return PasskeyAsked(node) if node.jid("from") == SERVER else None


def _passkey_continued(node: Node, own: Own | None) -> Notice | None:
    return PasskeyContinued(node) if node.jid("from") == SERVER else None


def _mex(node: Node, own: Own | None) -> Notice | None:
    """JSON in any of the children; other changes come this way too."""
    sender = node.jid("from")
    if person(sender) is not None and (own is None or not own.has(sender)):
        return None
    for child in (node, *node.children()):
        limits = fields.record(
            fields.record(_json(child.data).get("data")).get("xwa2_notify_account_reachout_timelock")
        )
        if limits:
            ends_at = fields.number(limits.get("time_enforcement_ends"))
            return Timelock(
                active=limits.get("is_active") is True,
                kind=envelope.line(limits.get("enforcement_type"), 80),
                ends_at=ends_at if ends_at and 0 < ends_at < 1 << 34 else None,
            )
    return None


def _json(data: bytes) -> fields.Json:
    if not data or len(data) > MAX_JSON_BYTES:
        return {}
    try:
        return fields.record(orjson.loads(data))
    except orjson.JSONDecodeError:
        return {}


_READERS: Final[dict[str, Callable[[Node, Own | None], Notice | None]]] = {
    "encrypt": _encrypt,
    "devices": _devices,
    "account_sync": _account_sync,
    "privacy_token": _privacy_token,
    "mediaretry": _media_retry,
    "link_code_companion_reg": _link_code,
    "passkey_prologue_request": _passkey_asked,
    "crsc_continuation": _passkey_continued,
    "mex": _mex,
}
"""Those not listed (server_sync, picture, status, business, w:gp2, …) need no more than their ack."""
