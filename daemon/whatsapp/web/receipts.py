"""What others tell us about messages: receipts, and the server's ack of ours."""

from collections.abc import Collection
from typing import Final, Literal

from attrs import evolve, field, frozen

from daemon.whatsapp.web import envelope
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Attr, Node
from daemon.whatsapp.web.stanza import Own, person, whole

MAX_IDS: Final = 1024
MAX_USERS: Final = 256

Status = Literal["delivered", "read", "played"]
_STATUSES: Final[dict[str, Status]] = {
    "": "delivered",
    "inactive": "delivered",  # to a linked device that nobody looks at
    "read": "read",
    "played": "played",
}
_SEEN_BY_US: Final = frozenset({"read", "read-self", "played", "played-self"})


@frozen(kw_only=True)
class Progress:
    """Messages of ours came further. Order: delivered, read, played; an earlier one after a later means nothing."""

    ids: tuple[str, ...]
    who: Jid  # the person, bare
    status: Status
    at: int = 0  # seconds; 0 if not told


@frozen(kw_only=True)
class Opened:
    """A person of ours looked at messages of that chat, on the phone or on another device."""

    ids: tuple[str, ...]
    chat: Jid
    at: int = 0


@frozen(kw_only=True)
class RetryRequest:
    """A device could not decrypt a message of ours and asks for it again."""

    id: str
    device: Jid
    own: bool  # one of our own account's
    count: int
    at: str  # the message's time, to be given back as it is
    registration_id: int | None = None
    keys: Node | None = field(default=None, repr=False)  # a fresh bundle of the device
    routing: dict[str, Attr] = field(factory=dict)  # participant and recipient, to be given back


@frozen(kw_only=True)
class Undelivered:
    """Messages of ours that did not reach `who`."""

    ids: tuple[str, ...]
    who: Jid
    reason: str


@frozen
class Unimportant:
    """Nothing to do but to acknowledge it."""

    reason: str


Receipt = Progress | Opened | RetryRequest | Undelivered | Unimportant


def read(node: Node, own: Own) -> tuple[Receipt, ...]:
    """What a `<receipt>` says. Never raises; each receipt is acknowledged whatever it says (`stanza.clearing`)."""
    sender, kind = node.jid("from"), node.get("type")
    who = person(sender)
    if sender is None or who is None:
        return (Unimportant("a receipt from a group, a list or nobody"),)
    ids = _ids(node)
    if not ids:
        return (Unimportant("a receipt without a usable id"),)
    if kind == "retry":
        return (_retry(node, sender, own=own.has(sender)),)
    if own.has(sender):
        return (_of_our_own(node, ids, kind),)
    if kind == "server-error":
        return (Undelivered(ids=ids, who=who, reason="their device could not fetch the file"),)
    if (error := node.child("error")) is not None:
        reason = envelope.line(f"{error.get('type')} {error.get('reason')}")
        return (Undelivered(ids=ids, who=who, reason=f"their device refused it ({reason})"),)
    if kind not in _STATUSES:
        return (Unimportant(f"a receipt of type {envelope.line(kind, 40)!r}"),)
    grouped = _grouped(node, _STATUSES[kind])
    return grouped or (Progress(ids=ids, who=who, status=_STATUSES[kind], at=whole(node, "t")),)


def _of_our_own(node: Node, ids: tuple[str, ...], kind: str) -> Receipt:
    chat = person(node.jid("recipient"))
    if chat is None or kind not in _SEEN_BY_US:
        return Unimportant("a receipt between our own devices")
    return Opened(ids=ids, chat=chat, at=whole(node, "t"))


def _retry(node: Node, device: Jid, *, own: bool) -> RetryRequest | Unimportant:
    retry = node.child("retry")
    if retry is None or retry.get("id", node.get("id")) != node.get("id"):
        return Unimportant("a request to send again that names no message")
    registration = node.child("registration")
    known = registration is not None and len(registration.data) == 4
    return RetryRequest(
        id=node.get("id"),
        device=device,
        own=own,
        count=max(1, whole(retry, "count")),
        at=retry.get("t") if whole(retry, "t") else "",
        registration_id=int.from_bytes(registration.data, "big") if registration is not None and known else None,
        keys=node.child("keys"),
        routing={name: node.attrs[name] for name in ("participant", "recipient") if name in node.attrs},
    )


def _ids(node: Node) -> tuple[str, ...]:
    """The stanza's id and those of its list, each once; some phones list the newest first, some the oldest."""
    listed = node.child("list")
    items = listed.children("item")[:MAX_IDS] if listed is not None else ()
    found = (envelope.message_id(each.get("id")) for each in (node, *items))
    return tuple(dict.fromkeys(each for each in found if each))


def _grouped(node: Node, status: Status) -> tuple[Progress, ...]:
    """`<participants key=id><user jid t/></participants>`: one message, several people."""
    return tuple(
        Progress(ids=(id_,), who=who, status=status, at=whole(user, "t"))
        for group in node.children("participants")[:MAX_USERS]
        if (id_ := envelope.message_id(group.get("key")))
        for user in group.children("user")[:MAX_USERS]
        if (who := person(user.jid("jid"))) is not None
    )


# --- the server's ack of a message of ours ----------------------------------------------------------------------------

Do = Literal["accepted", "refused", "again", "rebuild", "switch_addressing"]
"""accepted: the server has it (one tick) · refused: this message never · again: the same stanza later · rebuild: once,
for fresh device lists, with the same id · switch_addressing: once, by number instead of LID or the other way round."""


@frozen(kw_only=True)
class AckMeaning:
    """What an ack's error means for the message it names."""

    do: Do
    meaning: str
    remedy: str = ""
    trouble: bool = False  # the number is watched: stop sending (`pace.Pace.trouble`)
    seconds: float = 0.0  # before the next attempt


@frozen(kw_only=True)
class Ack:
    """The server's word on a stanza of ours."""

    id: str
    error: str = ""
    phash: str = ""  # of the devices it should have been encrypted for, where that is known better
    at: int = 0


_ACCEPTED: Final = AckMeaning(do="accepted", meaning="WhatsApp took the message over")
_BUSY: Final = AckMeaning(do="again", meaning="WhatsApp asks to wait before it takes the message", seconds=30.0)
_FAILED: Final = AckMeaning(do="again", meaning="WhatsApp's server failed to take the message", seconds=5.0)
_REFUSED: Final = AckMeaning(do="refused", meaning="WhatsApp refused the message")

ACKS: Final[dict[int, AckMeaning]] = {
    400: AckMeaning(do="switch_addressing", meaning="WhatsApp does not accept this kind of address for the chat"),
    401: evolve(_REFUSED, meaning="WhatsApp does not allow this account to write to the chat"),
    403: evolve(_REFUSED, meaning="WhatsApp forbids this account to write to the chat"),
    404: evolve(_REFUSED, meaning="WhatsApp knows nobody under this address"),
    405: evolve(_REFUSED, meaning="WhatsApp does not allow this kind of message in the chat"),
    406: evolve(_REFUSED, meaning="WhatsApp does not accept this message in the chat"),
    420: _BUSY,
    429: evolve(_BUSY, meaning="WhatsApp says the number writes too fast", seconds=60.0),
    463: AckMeaning(
        do="refused",
        meaning="WhatsApp lets this number write only to people it knows",
        remedy="write to new customers from the phone for a while; each further attempt prolongs the limit",
        trouble=True,
    ),
    479: AckMeaning(do="rebuild", meaning="WhatsApp finds the message's devices or addresses out of date"),
    500: _FAILED,
    503: _FAILED,
}
"""By the ack's `error`. 463 is never tried again: each attempt counts as one more stranger written to."""


def read_ack(node: Node) -> Ack | None:
    """The ack of a message; None for any other stanza."""
    if node.tag != "ack" or node.get("class") != "message" or not node.get("id"):
        return None
    return Ack(id=node.get("id"), error=node.get("error"), phash=node.get("phash"), at=whole(node, "t"))


def meaning_of(error: str, tried: Collection[Do] = ()) -> AckMeaning:
    """What to do about an ack's `error` ("" is none), `tried` being what was done for this message before.

    What helps once or not at all is not proposed again. Unknown errors of the server's (5xx) may pass.
    """
    if not error:
        return _ACCEPTED
    code = int(error) if error.isascii() and error.isdigit() and len(error) <= 6 else 0
    meaning = ACKS.get(code, _FAILED if 500 <= code <= 599 else _REFUSED)
    if meaning.do in ("rebuild", "switch_addressing") and meaning.do in tried:
        return evolve(meaning, do="refused", meaning=f"{meaning.meaning}, also after another attempt")
    return meaning
