"""Stanzas that came in: whose message it is, decided before anything is decrypted, and what to send back.

The server keeps each stanza for us until this device clears it; what it never sees cleared it sends again after every
login, and may end the stream over. So each answer here exists for every stanza that has an id, however odd.
"""

import hashlib
from typing import Final, Literal

from attrs import evolve, field, frozen

from daemon.whatsapp.web import envelope
from daemon.whatsapp.web.jid import BOT, BROADCAST, GROUP, HOSTED, HOSTED_LID, LID, NEWSLETTER, PN, SERVER, Jid
from daemon.whatsapp.web.node import Attr, Node

UNREADABLE: Final = 487
"""Nack: the stanza cannot be understood."""
UNRECOGNISED: Final = 488
"""Nack: none of the stanza's contents is of a kind we know."""
INVALID_MESSAGE: Final = 491
"""Nack: decrypted, but not a message."""
NO_SECRET: Final = 495
"""Nack: a bot's message, which needs a secret we do not have."""

MAX_ENCS: Final = 16
ASK_PHONE_WITHIN_SECONDS: Final = 14 * 86_400
NOT_CLEARED: Final = frozenset(
    {"iq", "ib", "ack", "success", "failure", "stream:error", "xmlstreamend", "error", "presence", "chatstate"}
)
"""Stanzas that nothing is sent for (an iq has its own answer)."""

_PEOPLE: Final = {PN: PN, HOSTED: PN, LID: LID, HOSTED_LID: LID}
_NOT_ASKED: Final = frozenset({"bot_unavailable_fanout", "hosted_unavailable_fanout", "view_once_unavailable_fanout"})
_KINDS: Final = {
    GROUP: "a group",
    BROADCAST: "a status or broadcast list",
    NEWSLETTER: "a newsletter",
    BOT: "a bot",
    PN: "WhatsApp itself",
}


def person(jid: Jid | None) -> Jid | None:
    """Whose device this is: the bare Jid of a person, under the number or the LID. None for anything else."""
    if jid is None or jid.server not in _PEOPLE:
        return None
    found = Jid(jid.user, _PEOPLE[jid.server])
    return found if found.is_user else None


def as_lid(device: Jid, lid_user: str) -> Jid:
    """The same device under the person's LID: sessions are kept there wherever the LID is known."""
    hosted = device.server in (HOSTED, HOSTED_LID)
    return Jid(lid_user, HOSTED_LID if hosted else LID, device.device)


@frozen
class Own:
    """Our account under both its addresses, with our device's number."""

    pn: Jid
    lid: Jid | None = None

    def has(self, jid: Jid | None) -> bool:
        """Whether that is a device of our account. The server counts: `123@lid` is not `123@s.whatsapp.net`."""
        who = person(jid)
        return who is not None and (who == self.pn.bare or (self.lid is not None and who == self.lid.bare))

    def is_phone(self, jid: Jid | None) -> bool:
        """Whether that is our account's device 0, the phone."""
        return jid is not None and jid.device == 0 and self.has(jid)

    def beside(self, jid: Jid) -> Jid:
        """Our device by the kind of address `jid` has: participants of one stanza are all LIDs or all numbers."""
        who = person(jid)
        return self.lid if who is not None and who.server == LID and self.lid is not None else self.pn


@frozen
class AddressPair:
    """One person's two addresses, as the server put them side by side in a stanza's attributes."""

    lid_user: str
    pn_user: str


def address_pair(one: Jid | None, other: Jid | None) -> AddressPair | None:
    """The pair two addresses of one person make; None unless one is a LID and the other a number."""
    first, second = person(one), person(other)
    if first is None or second is None or first.server == second.server:
        return None
    lid, pn = (first, second) if first.server == LID else (second, first)
    return AddressPair(lid.user, pn.user)


@frozen(kw_only=True)
class Enc:
    """One encrypted content."""

    type: Literal["msg", "pkmsg"]
    body: bytes = field(repr=False)
    count: int = 0  # above 0: sent again because somebody asked
    hidden: bool = False  # a failure to decrypt it is not worth showing


@frozen(kw_only=True)
class Incoming:
    """A message between two people, one of them us."""

    id: str
    chat: Jid  # bare, as addressed
    sender: Jid  # the device that encrypted it
    alternate: Jid | None = None  # the chat's other address
    from_me: bool = False
    peer: bool = False  # between our own devices
    encs: tuple[Enc, ...] = ()
    unavailable: str = ""  # the kind of a message that came without its content
    name: str = ""  # what the sender calls himself; anybody's text
    at: int = 0  # seconds, the server's time; 0 if it gave none
    offline: bool = False  # it waited for us
    edit: str = ""
    device_identity: bytes = field(default=b"", repr=False)  # a companion's serialised ADVSignedDeviceIdentity
    stanza: Node = field(repr=False)

    @property
    def lid(self) -> Jid | None:
        """The chat's LID, where the stanza gives it."""
        return next((each for each in (self.chat, self.alternate) if each is not None and each.is_lid), None)

    @property
    def pn(self) -> Jid | None:
        """The chat's number, where the stanza gives it."""
        return next((each for each in (self.chat, self.alternate) if each is not None and not each.is_lid), None)

    @property
    def learned(self) -> AddressPair | None:
        """The addresses to remember."""
        return address_pair(self.chat, self.alternate)

    def phone_knows_more(self, now: int) -> bool:
        """Whether to ask our phone for this message: it came without content (ads do), and is not too old."""
        if self.encs or self.peer or self.unavailable in _NOT_ASKED:
            return False
        return not self.at or now - self.at <= ASK_PHONE_WITHIN_SECONDS


@frozen(kw_only=True)
class Ignored:
    """No conversation between two people. Send `answers` and forget it."""

    reason: str
    answers: tuple[Node, ...]


@frozen(kw_only=True)
class Malformed:
    """Nothing a well-behaved peer sends. Log it, then send `answers`."""

    code: int
    reason: str
    answers: tuple[Node, ...]


Scope = Incoming | Ignored | Malformed


def scope(node: Node, own: Own) -> Scope:
    """What a `<message>` is to us. Never raises."""
    sender = node.jid("from")
    if node.tag != "message":
        return _malformed(node, own, UNRECOGNISED, f"<{node.tag[:40]}> is no message")
    if sender is None:
        return _malformed(node, own, UNREADABLE, "the message names no sender")
    who = person(sender)
    if who is None:
        return _ignored(node, own, _KINDS.get(sender.server, "somebody who is no person"))
    from_me = own.has(sender)
    recipient = node.jid("recipient")
    if "recipient" in node.attrs and (recipient is None or not from_me):
        return _malformed(node, own, UNREADABLE, "the message names a recipient that it cannot have")
    chat = person(recipient) if recipient is not None else who
    if chat is None:
        return _ignored(node, own, "our own message to no person")
    if not envelope.message_id(node.get("id")):
        return _malformed(node, own, UNREADABLE, "the message has no usable id")
    return _read(node, own, sender=sender, chat=chat, from_me=from_me)


def _read(node: Node, own: Own, *, sender: Jid, chat: Jid, from_me: bool) -> Scope:
    found = node.children("enc")
    encs = tuple(enc for each in found[:MAX_ENCS] if (enc := _enc(each)) is not None)
    if len(found) > MAX_ENCS:
        return _malformed(node, own, UNREADABLE, f"the message has {len(found)} contents")
    if found and not encs:
        bot = any(each.get("type") == "msmsg" for each in found)
        return _malformed(node, own, NO_SECRET if bot else UNRECOGNISED, "the message has no content we can read")
    prefix = "peer_recipient" if from_me else "sender"
    alternate = person(node.jid(f"{prefix}_pn" if chat.server == LID else f"{prefix}_lid"))
    if alternate is not None and alternate.server == chat.server:
        alternate = None
    missing, identity = node.child("unavailable"), node.child("device-identity")
    return Incoming(
        id=node.get("id"),
        chat=chat,
        sender=sender,
        alternate=alternate,
        from_me=from_me,
        peer=from_me and node.get("category") == "peer",
        encs=encs,
        unavailable=(missing.get("type") or "unavailable") if missing is not None and not encs else "",
        name=envelope.line(node.get("notify")),
        at=whole(node, "t"),
        offline="offline" in node.attrs,  # "0" is a value too
        edit=node.get("edit"),
        device_identity=identity.data if identity is not None else b"",
        stanza=node,
    )


def _enc(node: Node) -> Enc | None:
    """Version 3 is another product's; "skmsg" has no place between two people."""
    kind = node.get("type")
    if node.get("v") != "2" or not node.data or (kind != "msg" and kind != "pkmsg"):
        return None
    return Enc(
        type="pkmsg" if kind == "pkmsg" else "msg",
        body=node.data,
        count=whole(node, "count"),
        hidden=node.get("decrypt-fail") == "hide",
    )


def whole(node: Node, name: str) -> int:
    """A number that somebody else wrote into an attribute; 0 if it is absent or none."""
    text = node.get(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0


def without_ciphertext(node: Node) -> Node:
    """The stanza's attributes and small children: what is kept beside the decrypted content."""
    return evolve(node, content=tuple(each for each in node.children() if each.tag in ("unavailable", "verified_name")))


def ciphertext_hash(enc: Enc, sender: Jid) -> bytes:
    """Finds a redelivered content again: SHA256(ciphertext ‖ 00 ‖ kind ‖ 00 ‖ sender ‖ 00 00)."""
    return hashlib.sha256(b"\0".join((enc.body, enc.type.encode(), str(sender).encode(), b"", b""))).digest()


# --- what is sent back ------------------------------------------------------------------------------------------------


def ack(node: Node, own: Own | None, *, error: int | None = None) -> Node:
    """`<ack>` for a stanza; `error` makes it a nack. `own` is None while we are not paired.

    Routing attributes are copied as they came. Acks of messages name us, as WhatsApp Web's do.
    """
    attrs: dict[str, Attr] = {"class": node.tag, "id": node.get("id"), "to": node.attrs.get("from", SERVER)}
    copied = ("participant", "recipient") if node.tag == "message" else ("participant", "recipient", "type")
    attrs |= {name: node.attrs[name] for name in copied if name in node.attrs}
    if node.tag == "message" and own is not None:
        attrs["from"] = own.pn
    if error is not None:
        attrs["error"] = str(error)
    return Node("ack", attrs)


def delivered(message: Incoming, *, available: bool = False) -> Node:
    """The delivery receipt that clears a message once it is committed.

    Only while we are `available` does the sender see the second tick.
    """
    if message.from_me:
        return _own_receipt(message.stanza)
    return _receipt(message.stanza, "" if available else "inactive")


def history_received(message: Incoming, own: Own) -> Node:
    """What the phone waits for after each notification about its history, beside `delivered`."""
    return Node("receipt", {"id": message.id, "to": own.pn.bare, "type": "hist_sync"})


def clearing(node: Node, own: Own | None) -> tuple[Node, ...]:
    """What makes the server forget any stanza, without saying that we read it; nothing for those it does not keep.

    Our account's own messages to others need their receipt: a bare ack would leave them in the queue for ever.
    """
    if node.tag in NOT_CLEARED or not node.get("id"):
        return ()
    if own is not None and _is_fan_out(node, own):
        return (_own_receipt(node),)
    return (ack(node, own),)


def _own_receipt(node: Node) -> Node:
    if node.get("category") == "peer":
        return _receipt(node, "peer_msg")
    return _receipt(node, "sender", "recipient")


def _receipt(node: Node, type_: str, *copied: str) -> Node:
    attrs: dict[str, Attr] = {"id": node.get("id"), "to": node.attrs.get("from", SERVER)}
    attrs |= {name: node.attrs[name] for name in copied if name in node.attrs}
    return Node("receipt", attrs | {"type": type_} if type_ else attrs)


def _is_fan_out(node: Node, own: Own) -> bool:
    return node.tag == "message" and own.has(node.jid("from"))


def _ignored(node: Node, own: Own, reason: str) -> Ignored:
    return Ignored(reason=reason, answers=clearing(node, own))


def _malformed(node: Node, own: Own, code: int, reason: str) -> Malformed:
    answers = clearing(node, own)
    if answers and not _is_fan_out(node, own):
        answers = (ack(node, own, error=code),)
    return Malformed(code=code, reason=reason, answers=answers)
