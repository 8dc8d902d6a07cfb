"""Messages that could not be decrypted: asking for one again, and being asked.

Both directions are where a stranger could make us work or talk: so each has its limits, and a message is only ever sent
again to somebody it was for.
"""

from typing import Final, Literal

from attrs import field, frozen

from daemon.whatsapp.web.bundle import key_nodes
from daemon.whatsapp.web.compose import Shape
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Attr, Node
from daemon.whatsapp.web.outgoing import DeviceContent, resent
from daemon.whatsapp.web.receipts import RetryRequest
from daemon.whatsapp.web.record import PreKey, SignedPreKey
from daemon.whatsapp.web.stanza import Incoming, person

MAX_COUNT: Final = 5
"""Nobody asks, and nobody is answered, for the fifth time (WhatsApp Web's limit)."""
MAX_REQUESTS: Final = 10
"""Requests answered for one message and device, whatever they count."""
MAX_RESENDS_A_MINUTE: Final = 20
"""For one chat."""
SESSION_KEPT_SECONDS: Final = 3600
"""A device's wish makes us begin a new session at most this often."""


# --- we ask -----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class FreshKeys:
    """What the sender begins a new session with. The prekey is new, stored, and marked as uploaded."""

    identity: bytes
    prekey: PreKey = field(repr=False)
    signed: SignedPreKey = field(repr=False)
    account: bytes = field(repr=False)  # serialised ADVSignedDeviceIdentity


def count_of(failures: int, enc_count: int) -> int | None:
    """The number of the next request, `failures` being how often this message failed, now included; None: give up.

    A content that says it was sent for the k-th time is asked for the k+1st time, even if we forgot.
    """
    count = max(failures, enc_count + 1, 1)
    return count if count < MAX_COUNT else None


def wants_keys(count: int, *, session: bool) -> bool:
    """Whether that request carries fresh keys: from the second on, and at once where there is no session at all."""
    return count >= 2 or not session


def retry_receipt(
    message: Incoming, *, count: int, registration_id: int, reason: int = 0, keys: FreshKeys | None = None
) -> Node:
    """Asks the sender's device to send a message again. It clears nothing: `stanza.clearing` goes after it.

    `reason` is a `SessionError`'s.
    """
    stanza = message.stanza
    attrs: dict[str, Attr] = {"id": message.id, "to": stanza.attrs["from"], "type": "retry"}
    attrs |= {name: stanza.attrs[name] for name in ("participant", "recipient") if name in stanza.attrs}
    if message.peer:
        attrs["category"] = "peer"
    told: dict[str, Attr] = {"count": str(count), "id": message.id, "t": str(message.at), "v": "1"}
    if reason:
        told["error"] = str(reason)
    children = [Node("retry", told), Node("registration", {}, registration_id.to_bytes(4, "big"))]
    if keys is not None:
        children.append(_keys(keys))
    return Node("receipt", attrs, tuple(children))


def _keys(keys: FreshKeys) -> Node:
    signed = keys.signed
    return Node(
        "keys",
        {},
        (
            Node("type", {}, b"\x05"),
            Node("identity", {}, keys.identity),
            Node("key", {}, key_nodes(keys.prekey.id, keys.prekey.pair.public)),
            Node("skey", {}, (*key_nodes(signed.id, signed.pair.public), Node("signature", {}, signed.signature))),
            Node("device-identity", {}, keys.account),
        ),
    )


# --- we are asked -----------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Facts:
    """What we know about a request, gathered by the caller."""

    sent_to: tuple[Jid, ...]  # whom that message was for, bare, under LID and number; empty: not a message of ours
    known_device: bool  # the device is on its person's list
    this_device: bool = False  # the request names this very device as the asking one
    requests_before: int = 0  # of this device for this message
    resends_last_minute: int = 0  # in this chat
    session: bool = True
    session_registration_id: int | None = None
    session_made_anew_at: int | None = None  # seconds; the last time for a request


@frozen(kw_only=True)
class Resend:
    """Encrypt it again for that device. session: as it is · from the request's keys · from a fetched bundle."""

    session: Literal["keep", "from_keys", "fetch"]
    reason: str


@frozen(kw_only=True)
class Ignore:
    """Acknowledge the request, no more."""

    reason: str


def decide(request: RetryRequest, facts: Facts, *, now: int) -> Resend | Ignore:
    """Whether and how to answer a request to send a message again. `now` in seconds.

    The keys of a request are not verified here; where they turn out false the request is ignored.
    """
    if not facts.sent_to:
        return Ignore(reason="we sent no such message, or too long ago")
    if facts.this_device:
        return Ignore(reason="it is said to come from this very device")
    if not request.own and person(request.device) not in facts.sent_to:
        return Ignore(reason="the message was for somebody else")
    if not facts.known_device:
        return Ignore(reason="the device is not on that person's list")
    if request.count >= MAX_COUNT or facts.requests_before >= MAX_REQUESTS:
        return Ignore(reason="it was asked for too often")
    if facts.resends_last_minute >= MAX_RESENDS_A_MINUTE:
        return Ignore(reason="too many messages were sent again in this chat within a minute")
    return _session(request, facts, now)


def _session(request: RetryRequest, facts: Facts, now: int) -> Resend:
    anew: Literal["from_keys", "fetch"] = "fetch" if request.keys is None else "from_keys"
    if not facts.session:
        return Resend(session=anew, reason="there is no session with the device")
    told, known = request.registration_id, facts.session_registration_id
    if told is not None and known is not None and told != known:
        return Resend(session=anew, reason="the device was set up anew")
    made = facts.session_made_anew_at
    if made is not None and now - made < SESSION_KEPT_SECONDS:
        return Resend(session="keep", reason="the session was made anew within the hour")
    if request.keys is None and request.count < 2:
        return Resend(session="keep", reason="a first failure may be chance")
    return Resend(session=anew, reason="the device cannot read this session")


def resend(request: RetryRequest, content: DeviceContent, shape: Shape, *, account: bytes = b"") -> Node:
    """The message once more, under its id, for the asking device alone. Raises `ValueError` as `outgoing.message`."""
    if content.device != request.device:
        raise ValueError("a message is sent again to the device that asked")
    return resent(
        request.id,
        content,
        at=request.at,
        count=request.count,
        shape=shape,
        routing=request.routing,
        account=account,
    )
