"""Signal sessions: X3DH and the double ratchet, version 3, as pure functions from a record to a new record.

Nothing is changed by a message that fails: the record passed in stays what it was, and only a message whose MAC is
right yields a new one. The caller stores the new record together with what it was made for, before anything leaves
the machine. The formats are those of libsignal's version 3 (see Signal's "X3DH" and "Double Ratchet" specifications).
"""

import hmac
from typing import Final, Literal

from attrs import evolve, field, frozen
from google.protobuf.message import DecodeError

from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web import xeddsa
from daemon.whatsapp.web.bundle import Bundle
from daemon.whatsapp.web.curve import KeyPair, dh
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.key_schedule import (
    BLOCK_BYTES,
    MAC_BYTES,
    first_keys,
    mac,
    message_key,
    message_keys,
    next_chain_key,
    turn_root,
)
from daemon.whatsapp.web.record import (
    KEY_TYPE,
    MAX_SKIPPED,
    Me,
    Pending,
    PreKey,
    Receiver,
    Sender,
    Session,
    SessionRecord,
    SignedPreKey,
    Skipped,
)

Kind = Literal["msg", "pkmsg"]

_VERSION: Final = 3
_VERSION_BYTE: Final = b"\x33"  # ours, and the newest we know

_LAST_COUNTER: Final = 0xFFFFFFFF
# A new chain of an archived session may begin so many messages late: else a forger could have us work out 2000 keys
# for each of the 40.
_MAX_AHEAD_ARCHIVED: Final = 100


class SessionError(Garbled):
    """A message that cannot be decrypted; `reason` is the code that its sender is told in a retry receipt."""

    reason = 0


class NoSession(SessionError):
    """There is no session with that device."""

    reason = 1


class InvalidKey(SessionError):
    """A public key in the message is of no use."""

    reason = 2


class MissingPreKey(SessionError):
    """The message starts from a prekey that we do not have, or no longer."""

    reason = 3


class InvalidMessage(SessionError):
    """Not a message of version 3, or not what its own MAC vouches for."""

    reason = 4


class TooFarAhead(SessionError):
    """More messages would have been lost than we keep keys for."""

    reason = 6


class BadMac(SessionError):
    """No session with that device authenticates the message: forged, or out of step."""

    reason = 7


class DuplicateMessage(Exception):
    """The key of this message was used before: it was decrypted already. Not a failure."""


@frozen
class PreKeyMessage:
    """The first messages of a session: what it starts from, and the message itself."""

    prekey_id: int | None
    signed_id: int
    base: bytes
    identity: bytes
    registration_id: int
    message: bytes = field(repr=False)


@frozen
class _Message:
    ratchet: bytes
    counter: int
    ciphertext: bytes
    signed: bytes  # as received: version byte and body
    mac: bytes


def start(me: Me, bundle: Bundle, *, base: KeyPair, ratchet: KeyPair, record: SessionRecord | None) -> SessionRecord:
    """Begin a session from a peer's bundle; `base` and `ratchet` are fresh pairs.

    The sessions in `record` are archived, or dropped if the peer has another identity now. Raises `Untrusted` if the
    bundle's prekey is not signed by its identity or a key is unusable.
    """
    if not xeddsa.verify(bundle.identity, KEY_TYPE + bundle.signed_public, bundle.signature):
        raise Untrusted("the signed prekey of a bundle is not signed by the bundle's identity")
    prekey_id, prekey_public = bundle.prekey or (None, None)
    shared = [
        dh(me.identity.private, bundle.signed_public),
        dh(base.private, bundle.identity),
        dh(base.private, bundle.signed_public),
    ]
    if prekey_public is not None:
        shared.append(dh(base.private, prekey_public))
    root, _ = first_keys(shared)
    root, chain_key = turn_root(root, ratchet, bundle.signed_public)
    session = Session(
        registration_id=bundle.registration_id,
        base=base.public,
        root=root,
        sender=Sender(ratchet, chain_key),
        pending=Pending(prekey_id, bundle.signed_id),
    )
    return _with_new(record, bundle.identity, session)


def encrypt(me: Me, record: SessionRecord | None, plain: bytes) -> tuple[SessionRecord, Kind, bytes]:
    """The next message of the current session. Raises `NoSession` without one.

    A record must be used for one message only: the same key for another plaintext would give both away.
    """
    if record is None:
        raise NoSession("there is no session to encrypt with")
    session = record.current
    sender = session.sender
    cipher, mac_key = message_keys(message_key(sender.key))
    encryptor, pad_length = cipher.encryptor(), BLOCK_BYTES - len(plain) % BLOCK_BYTES
    signed = (
        _VERSION_BYTE
        + wa.SignalMessage(
            ratchetKey=KEY_TYPE + sender.ratchet.public,
            counter=sender.index,
            previousCounter=session.previous_counter,
            ciphertext=encryptor.update(plain + bytes([pad_length]) * pad_length) + encryptor.finalize(),
        ).SerializeToString()
    )
    body = signed + mac(mac_key, me.identity.public, record.identity, signed)
    moved = evolve(session, sender=Sender(sender.ratchet, next_chain_key(sender.key), sender.index + 1))
    record = record.advanced(0, moved)
    pending = session.pending
    if pending is None:
        return record, "msg", body
    first = wa.PreKeySignalMessage(
        preKeyId=pending.prekey_id,
        baseKey=KEY_TYPE + session.base,
        identityKey=KEY_TYPE + me.identity.public,
        message=body,
        registrationId=me.registration_id,
        signedPreKeyId=pending.signed_id,
    )
    return record, "pkmsg", _VERSION_BYTE + first.SerializeToString()


def decrypt_message(
    me: Me, record: SessionRecord | None, body: bytes, *, new_ratchet: KeyPair
) -> tuple[SessionRecord, bytes]:
    """The plaintext of a `msg`, with whichever session it belongs to, which is the current one from now.

    `new_ratchet` is a fresh pair. Raises a `SessionError`, or `DuplicateMessage` (told by the counter alone, so it
    says nothing about who sent this copy).
    """
    if record is None:
        raise NoSession("a message without a session")
    message = _read_message(body)
    # A ratchet key belongs to one session. Only for a new one must we try which session it continues.
    for position, session in enumerate(record.sessions):
        chain = session.receiver(message.ratchet)
        if chain is not None:
            chain, plain = _open(me, record.identity, chain, message)
            return record.advanced(position, session.with_receiver(chain)), plain
    for position, session in enumerate(record.sessions):
        if position > 0 and message.counter > _MAX_AHEAD_ARCHIVED:
            break
        try:
            session, plain = _turn(me, record.identity, session, message, new_ratchet)
        except BadMac:
            continue
        return record.advanced(position, session), plain
    raise BadMac("no session authenticates the message")


def read_prekey_message(body: bytes) -> PreKeyMessage:
    """Take a `pkmsg` apart. Raises `InvalidMessage` or `InvalidKey`."""
    try:
        parsed = wa.PreKeySignalMessage.FromString(_versioned(body))
    except DecodeError:
        raise InvalidMessage("a prekey message that cannot be parsed") from None
    if not parsed.HasField("signedPreKeyId"):
        raise InvalidMessage("a prekey message that names no signed prekey")
    return PreKeyMessage(
        prekey_id=parsed.preKeyId if parsed.HasField("preKeyId") else None,
        signed_id=parsed.signedPreKeyId,
        base=_public(parsed.baseKey),
        identity=_public(parsed.identityKey),
        registration_id=parsed.registrationId,
        message=parsed.message,
    )


def decrypt_prekey_message(
    me: Me,
    record: SessionRecord | None,
    parsed: PreKeyMessage,
    *,
    signed: SignedPreKey | None,
    prekey: PreKey | None,
    new_ratchet: KeyPair,
) -> tuple[SessionRecord, bytes, bool]:
    """The plaintext of a `pkmsg`, and whether it used up `prekey`, which must then go with the record's commit.

    `signed` and `prekey` are those it names, as far as we have them; `new_ratchet` is a fresh pair. The sessions in
    `record` are archived, or dropped if the peer has another identity now (compare `parsed.identity` with the one
    stored to notice). Raises a `SessionError`, or `DuplicateMessage`.
    """
    if record is not None and record.identity == parsed.identity and record.holds(parsed.base):
        record, plain = decrypt_message(me, record, parsed.message, new_ratchet=new_ratchet)
        return record, plain, False
    if signed is None or signed.id != parsed.signed_id:
        raise MissingPreKey(f"the signed prekey {parsed.signed_id} is not ours")
    if parsed.prekey_id is None:
        prekey = None
    elif prekey is None or prekey.id != parsed.prekey_id:
        raise MissingPreKey(f"the prekey {parsed.prekey_id} is spent, or was never ours")
    message = _read_message(parsed.message)
    try:
        shared = [
            dh(signed.pair.private, parsed.identity),
            dh(me.identity.private, parsed.base),
            dh(signed.pair.private, parsed.base),
        ]
        if prekey is not None:
            shared.append(dh(prekey.pair.private, parsed.base))
    except Untrusted as refused:
        raise InvalidKey(str(refused)) from None
    root, chain_key = first_keys(shared)
    # The sender chain only gives the first turn something to turn from: nothing is ever sent with it.
    session = Session(
        registration_id=parsed.registration_id,
        base=parsed.base,
        root=root,
        sender=Sender(signed.pair, chain_key),
    )
    session, plain = _turn(me, parsed.identity, session, message, new_ratchet)
    return _with_new(record, parsed.identity, session), plain, prekey is not None


def pad(plain: bytes, length: int) -> bytes:
    """Hide the length of a serialised message before it is encrypted: `length` (1 … 16, random) bytes more."""
    if not 1 <= length <= 16:
        raise ValueError(f"padding is 1 to 16 bytes long, not {length}")
    return plain + bytes([length]) * length


def unpad(padded: bytes) -> bytes:
    """Undo `pad`. Raises `Garbled` if it is not padded."""
    length = padded[-1] if padded else 0
    if not 1 <= length <= len(padded) or padded[-length:] != bytes([length]) * length:
        raise Garbled("a decrypted message without its padding")
    return padded[:-length]


def _with_new(record: SessionRecord | None, identity: bytes, session: Session) -> SessionRecord:
    if record is None or record.identity != identity:
        return SessionRecord(identity, (session,))
    return record.opened(session)


def _turn(me: Me, identity: bytes, session: Session, message: _Message, new_ratchet: KeyPair) -> tuple[Session, bytes]:
    """Turn the ratchet for a key that is new to this session: a receiving chain with it, then a sending chain."""
    try:
        root, receiver_key = turn_root(session.root, session.sender.ratchet, message.ratchet)
        chain, plain = _open(me, identity, Receiver(message.ratchet, receiver_key), message)
        root, sender_key = turn_root(root, new_ratchet, message.ratchet)
    except Untrusted as refused:
        raise InvalidKey(str(refused)) from None
    turned = evolve(
        session.with_receiver(chain),
        root=root,
        sender=Sender(new_ratchet, sender_key),
        previous_counter=max(session.sender.index - 1, 0),
        pending=None,
    )
    return turned, plain


def _open(me: Me, identity: bytes, chain: Receiver, message: _Message) -> tuple[Receiver, bytes]:
    """Decrypt within a receiving chain, and move it on."""
    ahead = message.counter - chain.index
    if ahead < 0:
        skipped = next((each for each in chain.skipped if each.index == message.counter), None)
        if skipped is None:
            raise DuplicateMessage(f"message {message.counter} of its chain was decrypted before")
        plain = _unseal(me, identity, skipped.key, message)
        return evolve(chain, skipped=tuple(each for each in chain.skipped if each is not skipped)), plain
    if ahead > MAX_SKIPPED:
        raise TooFarAhead(f"{ahead} messages are missing before this one")
    key = chain.key
    for _ in range(ahead):
        key = next_chain_key(key)
    plain = _unseal(me, identity, message_key(key), message)
    # The keys skipped are worked out only now, that a forger may not make us do it.
    return Receiver(
        chain.ratchet,
        next_chain_key(key),
        message.counter + 1,
        chain.skipped + _skipped(chain, message.counter),
    ), plain


def _skipped(chain: Receiver, until: int) -> tuple[Skipped, ...]:
    keys, key = [], chain.key
    for index in range(chain.index, until):
        keys.append(Skipped(index, message_key(key)))
        key = next_chain_key(key)
    return tuple(keys)


def _unseal(me: Me, identity: bytes, key: bytes, message: _Message) -> bytes:
    cipher, mac_key = message_keys(key)
    if not hmac.compare_digest(mac(mac_key, identity, me.identity.public, message.signed), message.mac):
        raise BadMac("the message is not authenticated by its session")
    decryptor = cipher.decryptor()
    try:
        padded = decryptor.update(message.ciphertext) + decryptor.finalize()
        length = padded[-1]
    except (ValueError, IndexError):
        raise InvalidMessage("a message whose ciphertext is not made of whole blocks") from None
    if not 1 <= length <= BLOCK_BYTES or padded[-length:] != bytes([length]) * length:
        raise InvalidMessage("a message with broken padding")
    return padded[:-length]


def _read_message(body: bytes) -> _Message:
    signed, mac = body[:-MAC_BYTES], body[-MAC_BYTES:]
    try:
        parsed = wa.SignalMessage.FromString(_versioned(signed))
    except DecodeError:
        raise InvalidMessage("a message that cannot be parsed") from None
    if parsed.counter == _LAST_COUNTER:
        raise InvalidMessage("a message with the last of all counters")
    return _Message(_public(parsed.ratchetKey), parsed.counter, parsed.ciphertext, signed, mac)


def _versioned(body: bytes) -> bytes:
    """What follows the version byte: the message's version in its upper half, the sender's newest in the lower."""
    if not body or body[0] >> 4 != _VERSION:
        raise InvalidMessage(f"a message that is not of version {_VERSION}")
    return body[1:]


def _public(key: bytes) -> bytes:
    if len(key) != 33 or key[:1] != KEY_TYPE:
        raise InvalidKey("a public key in a message is not 33 bytes of type 5")
    return key[1:]
