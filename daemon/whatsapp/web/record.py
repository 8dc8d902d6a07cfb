"""What a device keeps of a Signal session, and the compact bytes it is stored as.

Everything here is immutable: the ratchet makes new records from old ones, and a caller who drops the new one has
changed nothing. Our own identity is not part of a record; the sessions of a device go when its identity goes.
"""

import struct
from collections.abc import Iterator
from typing import Any, Final

from attrs import evolve, field, frozen

from daemon.whatsapp.web import xeddsa
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled

MAX_SKIPPED: Final = 2000  # message keys kept for what was overtaken, per session
MAX_RECEIVERS: Final = 5  # receiving chains per session
MAX_ARCHIVED: Final = 40  # sessions replaced by a newer one

KEY_TYPE: Final = b"\x05"  # stands before every public key inside Signal messages and signatures

_FORMAT: Final = 1


@frozen
class Me:
    """Our device, as sessions know it."""

    identity: KeyPair = field(repr=False)
    registration_id: int


@frozen
class PreKey:
    """A one-time prekey: whoever starts a session with us uses it up. `id` has 24 bits."""

    id: int
    pair: KeyPair = field(repr=False)


@frozen
class SignedPreKey:
    """The prekey that any number of sessions may start from; `signature` is our identity's over type and key."""

    id: int
    pair: KeyPair = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def signed(cls, identity: KeyPair, id_: int, pair: KeyPair, random64: bytes) -> "SignedPreKey":
        """`pair` made known under our identity."""
        return cls(id_, pair, xeddsa.sign(identity.private, KEY_TYPE + pair.public, random64))


@frozen
class Skipped:
    """The key of a message that was overtaken and may still come."""

    index: int
    key: bytes = field(repr=False)


@frozen
class Receiver:
    """A chain of message keys that the peer sends with, named by the peer's ratchet key."""

    ratchet: bytes
    key: bytes = field(repr=False)
    index: int = 0
    skipped: tuple[Skipped, ...] = ()  # oldest first


@frozen
class Sender:
    """The chain of message keys that we send with."""

    ratchet: KeyPair
    key: bytes = field(repr=False)
    index: int = 0


@frozen
class Pending:
    """Prekeys of the peer that every message names until the peer has answered."""

    prekey_id: int | None
    signed_id: int


@frozen(kw_only=True)
class Session:
    """One double ratchet. `base` is the initiator's public base key, which names the session on both sides."""

    registration_id: int  # the peer's
    base: bytes
    root: bytes = field(repr=False)
    sender: Sender
    receivers: tuple[Receiver, ...] = ()  # oldest first
    previous_counter: int = 0
    pending: Pending | None = None

    def receiver(self, ratchet: bytes) -> Receiver | None:
        """The chain of that ratchet key."""
        return next((chain for chain in self.receivers if chain.ratchet == ratchet), None)

    def with_receiver(self, chain: Receiver) -> "Session":
        """With this chain new or in place of its older self, and within the limits: the oldest give way."""
        known = self.receiver(chain.ratchet)
        chains = (
            (*self.receivers, chain)
            if known is None
            else tuple(chain if each is known else each for each in self.receivers)
        )
        return evolve(self, receivers=_limited(chains[-MAX_RECEIVERS:], MAX_SKIPPED))

    @property
    def skipped(self) -> int:
        """How many message keys wait for messages that were overtaken."""
        return sum(len(chain.skipped) for chain in self.receivers)


@frozen
class SessionRecord:
    """All sessions with one device of a peer: the current one first, then those it replaced, newest first."""

    identity: bytes  # the peer's, 32 bytes
    sessions: tuple[Session, ...]  # never empty

    @property
    def current(self) -> Session:
        """The session we send with."""
        return self.sessions[0]

    def holds(self, base: bytes) -> bool:
        """Whether a session was started with this base key."""
        return any(session.base == base for session in self.sessions)

    def opened(self, session: Session) -> "SessionRecord":
        """With a new session as the current one."""
        return evolve(self, sessions=(session, *_archived(self.sessions)))

    def advanced(self, position: int, session: Session) -> "SessionRecord":
        """With the session at `position` moved on, and current from now."""
        others = self.sessions[:position] + self.sessions[position + 1 :]
        return evolve(self, sessions=(session, *(_archived(others) if position else others)))

    def to_bytes(self) -> bytes:
        """For storage; some 300 bytes and 70 for each further receiving chain. Holds secrets."""
        parts = [_HEAD.pack(_FORMAT, self.identity, len(self.sessions))]
        for session in self.sessions:
            parts.extend(_packed(session))
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, stored: bytes) -> "SessionRecord":
        """Raises `Garbled` for anything `to_bytes` does not make."""
        source = _Source(stored)
        format_, identity, count = source.read(_HEAD)
        if format_ != _FORMAT:
            raise Garbled(f"a session record of format {format_}, this program reads {_FORMAT}")
        if not 1 <= count <= 1 + MAX_ARCHIVED:
            raise Garbled(f"a session record of {count} sessions")
        sessions = tuple(_read_session(source) for _ in range(count))
        if not source.exhausted:
            raise Garbled("a session record with bytes left over")
        return cls(identity, sessions)


def _archived(sessions: tuple[Session, ...]) -> Iterator[Session]:
    """The newest of them. Together they keep no more message keys than one session may: however often a peer starts
    anew or changes from one session to another, its record stays small.
    """
    left = MAX_SKIPPED
    for session in sessions[:MAX_ARCHIVED]:
        kept = evolve(session, receivers=_limited(session.receivers, left))
        left -= kept.skipped
        yield kept


def _limited(chains: tuple[Receiver, ...], most: int) -> tuple[Receiver, ...]:
    """Without the oldest skipped keys beyond `most`."""
    surplus = sum(len(chain.skipped) for chain in chains) - most
    if surplus <= 0:
        return chains
    limited = []
    for chain in chains:
        limited.append(evolve(chain, skipped=chain.skipped[surplus:]) if surplus > 0 else chain)
        surplus -= len(chain.skipped)
    return tuple(limited)


# The format, little-endian: head, then for each session its fixed part, a pending part if the flags say so, and for
# each receiving chain its fixed part and its skipped keys.
_HEAD: Final = struct.Struct("<B32sB")  # format, identity, number of sessions
_SESSION: Final = struct.Struct("<I32s32sI32s32s32sIBB")
_PENDING: Final = struct.Struct("<II")  # signed prekey id, prekey id
_RECEIVER: Final = struct.Struct("<32s32sIH")
_SKIPPED: Final = struct.Struct("<I32s")

_HAS_PENDING: Final = 1
_HAS_PREKEY: Final = 2


def _packed(session: Session) -> Iterator[bytes]:
    sender, pending = session.sender, session.pending
    flags = 0
    if pending is not None:
        flags = _HAS_PENDING if pending.prekey_id is None else _HAS_PENDING | _HAS_PREKEY
    yield _SESSION.pack(
        session.registration_id,
        session.base,
        session.root,
        session.previous_counter,
        sender.ratchet.private,
        sender.ratchet.public,
        sender.key,
        sender.index,
        flags,
        len(session.receivers),
    )
    if pending is not None:
        yield _PENDING.pack(pending.signed_id, pending.prekey_id or 0)
    for chain in session.receivers:
        yield _RECEIVER.pack(chain.ratchet, chain.key, chain.index, len(chain.skipped))
        for skipped in chain.skipped:
            yield _SKIPPED.pack(skipped.index, skipped.key)


def _read_session(source: "_Source") -> Session:
    registration_id, base, root, previous, private, public, key, index, flags, chains = source.read(_SESSION)
    if flags not in (0, _HAS_PENDING, _HAS_PENDING | _HAS_PREKEY) or chains > MAX_RECEIVERS:
        raise Garbled(f"a session with flags {flags} and {chains} receiving chains")
    pending = None
    if flags:
        signed_id, prekey_id = source.read(_PENDING)
        pending = Pending(prekey_id if flags & _HAS_PREKEY else None, signed_id)
    session = Session(
        registration_id=registration_id,
        base=base,
        root=root,
        sender=Sender(KeyPair(private, public), key, index),
        receivers=tuple(_read_receiver(source) for _ in range(chains)),
        previous_counter=previous,
        pending=pending,
    )
    if session.skipped > MAX_SKIPPED:
        raise Garbled(f"a session with {session.skipped} skipped keys")
    return session


def _read_receiver(source: "_Source") -> Receiver:
    ratchet, key, index, count = source.read(_RECEIVER)
    return Receiver(ratchet, key, index, tuple(Skipped(*source.read(_SKIPPED)) for _ in range(count)))


class _Source:
    """Stored bytes, read from the front."""

    def __init__(self, stored: bytes) -> None:
        self._stored = stored
        self._at = 0

    def read(self, layout: struct.Struct) -> tuple[Any, ...]:
        try:
            values = layout.unpack_from(self._stored, self._at)
        except struct.error:
            raise Garbled("a session record that ends too soon") from None
        self._at += layout.size
        return values

    @property
    def exhausted(self) -> bool:
        return self._at == len(self._stored)
