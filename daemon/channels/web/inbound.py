"""From a message stanza to committed rows, and from those to the desk, in the order that loses nothing.

Everything here is a function of one open transaction of the session file. What a frame changed (the ratchet, a spent
prekey, an address learned) is committed together with what it said; only then is the stanza cleared at the server;
then the plaintext drains into the tenant's shard. A crash before the commit leaves the ratchet untouched and the
server sends the stanza again; a crash after it finds the stanza known by its ciphertext.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from attrs import evolve, field, frozen

from daemon.channels.web import chats, told
from daemon.channels.web.chats import canonical, session_device
from daemon.channels.web.keys import Device, Inbound, Rows
from daemon.channels.web.told import Taken
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
from daemon.whatsapp.web import content, envelope, protocol_messages, ratchet, retry, stanza
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import LID, PN, Jid
from daemon.whatsapp.web.node import unpack
from daemon.whatsapp.web.record import Me, SessionRecord
from daemon.whatsapp.web.stanza import Enc, Incoming, Own

MAX_KEYS_AN_HOUR: Final = 30
"""Requests with a fresh prekey that one device can make us send: each prekey stays until it is used."""
Fresh = Callable[[int], bytes]
"""So many random bytes."""

_HOUR_MS: Final = 3_600_000
_SAYS_NOTHING: Final = frozenset({"senderKeyDistributionMessage", "messageContextInfo"})


@frozen
class Drained:
    """A stored message as events. `seq` is its row's."""

    seq: int
    events: tuple[Event, ...]


@frozen(kw_only=True)
class _Opened:
    """A content that was decrypted."""

    hash: bytes  # of the ciphertext
    plain: bytes = field(repr=False)  # unpadded
    said: wa.Message | None = field(repr=False)  # None: it is no message
    fault: str = ""

    @property
    def speaks(self) -> bool:
        """Whether it is more than keys for some group."""
        return self.said is not None and any(each.name not in _SAYS_NOTHING for each, _ in self.said.ListFields())


def take(rows: Rows, message: Incoming, own: Own, device: Device, fresh: Fresh, *, available: bool = False) -> Taken:
    """Decrypt a message, keep what it said and what it changed, and say what to send back.

    Never raises for what a stranger wrote. Raises as `rows` does; then nothing was changed and nothing may be sent.
    """
    taken = Taken()
    if (pair := message.learned) is not None:
        taken.note(chats.learn(rows, own, lid_user=pair.lid_user, pn_user=pair.pn_user))
    chat = canonical(rows, message.chat)
    if not message.encs:
        if message.phone_knows_more(rows.now_ms // 1000) and _phone_may_help(rows, message, own, chat):
            _count(rows, message, chat, reason=0)
            taken.ask_phone = True
        taken.answers.extend(stanza.clearing(message.stanza, own))
        return taken
    opened: list[_Opened] = []
    failed: tuple[Enc, ratchet.SessionError] | None = None
    used_before = False
    for enc in message.encs:
        hash_ = stanza.ciphertext_hash(enc, message.sender)
        if rows.inbound(hash_) is not None:
            continue
        try:
            opened.append(_read(hash_, _decrypted(rows, message, enc, own, device, fresh, taken)))
        except ratchet.DuplicateMessage:
            used_before = True
        except ratchet.SessionError as error:
            failed = (enc, error)
    if opened:
        _know_device(rows, message)
    for each in sorted(opened, key=lambda each: not each.speaks):  # the first is the message
        _keep(rows, message, own, chat, each, taken)
    known = rows.inbound_of(chat, message.id) is not None
    if failed is not None and not known:
        _failed(rows, message, own, device, chat, *failed, fresh, taken)
        return taken
    if used_before and not known:  # the ratchet has moved past it, and we do not have it
        taken.note("a message whose key was used before is not in the file")
        _count(rows, message, chat, reason=0)
        taken.ask_phone = _phone_may_help(rows, message, own, chat)
    if opened and not message.from_me and all(each.said is None for each in opened):
        taken.answers.append(stanza.ack(message.stanza, own, error=stanza.INVALID_MESSAGE))
    else:
        taken.answers.insert(0, stanza.delivered(message, available=available))
    return taken


def _know_device(rows: Rows, message: Incoming) -> None:
    """Somebody who writes from a device that is not on their list has linked it since: the list is looked up again,
    else the answer would not reach that device."""
    person = stanza.person(message.sender)
    if person is None:
        return
    for each in {person, canonical(rows, person)}:
        known = rows.devices(each)
        if known is not None and message.sender.device not in known.devices:
            rows.forget_devices(each)


def _decrypted(rows: Rows, message: Incoming, enc: Enc, own: Own, device: Device, fresh: Fresh, taken: Taken) -> bytes:
    """The padded plaintext; the session that yielded it is saved. Raises as the ratchet does."""
    address = session_device(rows, message.sender).address
    me = Me(device.identity, device.registration_id)
    record = _record(rows, address)
    turn = KeyPair.generate(fresh(32))
    if enc.type == "msg":
        if record is None:
            raise ratchet.NoSession(f"no session with {address}")
        record, plain = ratchet.decrypt_message(me, record, enc.body, new_ratchet=turn)
        rows.save_session(address, record.to_bytes())
        return plain
    parsed = ratchet.read_prekey_message(enc.body)
    known = rows.identity(address)
    if known is not None and known != parsed.identity:
        if own.is_phone(message.sender):
            # our phone's identity was proven when it linked us; with another one it would have had to link us again
            raise ratchet.InvalidKey("a message in our phone's name, under another identity")
        record = None
    prekey = rows.prekey(parsed.prekey_id) if parsed.prekey_id is not None else None
    record, plain, used = ratchet.decrypt_prekey_message(
        me, record, parsed, signed=device.signed_prekey, prekey=prekey, new_ratchet=turn
    )
    if rows.save_identity(address, parsed.identity) is not None:
        taken.note("the sender's identity has changed: another phone, or WhatsApp set up anew")
    rows.save_session(address, record.to_bytes())
    if used and parsed.prekey_id is not None:
        rows.spend_prekey(parsed.prekey_id)
    return plain


def _record(rows: Rows, address: str) -> SessionRecord | None:
    stored = rows.session(address)
    return SessionRecord.from_bytes(stored) if stored is not None else None


def _read(hash_: bytes, padded: bytes) -> _Opened:
    try:
        plain = ratchet.unpad(padded)
        return _Opened(hash=hash_, plain=plain, said=envelope.parse(plain))
    except Garbled as error:
        return _Opened(hash=hash_, plain=b"", said=None, fault=str(error))


def _keep(rows: Rows, message: Incoming, own: Own, chat: Jid, opened: _Opened, taken: Taken) -> None:
    """Store what a message said, or carry out what another device of ours told us."""
    row = Inbound(
        hash=opened.hash,
        chat=chat,
        sender=message.sender,
        id=message.id,
        stanza=told.kept_stanza(name=message.name, hidden=any(enc.hidden for enc in message.encs)),
        at=chats.sane_seconds(message.at, rows.now_ms) * 1000,
    )
    proof = evolve(row, drained=True)
    said = opened.said
    if said is None:
        taken.note(f"a message cannot be read: {opened.fault}")
        rows.store_inbound(proof)
        return
    rows.failure_resolved(chat=chat, id_=message.id)
    rows.phone_answered(chat, message.id)
    if rows.inbound_of(chat, message.id) is not None:  # our phone was quicker: the first one counts
        rows.store_inbound(proof)
        return
    try:
        news = protocol_messages.news(said, own_account=message.from_me, own_phone=own.is_phone(message.sender))
        secret, lifetime = content.secret_of(said), content.disappearing(said)
    except Garbled as error:
        taken.note(f"forged: {error}" if isinstance(error, Untrusted) else f"a message cannot be read: {error}")
        rows.store_inbound(proof)
        return
    if news is not None:
        rows.store_inbound(proof)
        told.carry_out(rows, message, own, news, taken)
        return
    if secret:
        rows.save_secret(chat, message.sender, message.id, secret)
    if own.has(chat) or (message.from_me and rows.outbound_of(message.id) is not None):
        rows.store_inbound(proof)  # a note to ourselves, or a message that this device sent
        return
    if message.from_me and not _is_for(rows, content.destination(said), chat):
        taken.note("our other device wrote to one chat and named another")
    if lifetime is not None:
        chats.set_lifetime(rows, chat, lifetime, at=row.at // 1000)
    rows.store_inbound(evolve(row, plaintext=opened.plain))
    taken.stored = True


def _is_for(rows: Rows, named: str, chat: Jid) -> bool:
    try:
        return not named or canonical(rows, Jid.parse(named)) == chat
    except Garbled:
        return False


# --- what could not be decrypted --------------------------------------------------------------------------------------


def _phone_may_help(rows: Rows, message: Incoming, own: Own, chat: Jid) -> bool:
    """Whether our phone may have a message that we miss. Each is asked for once, see `outbound.ask_phone`."""
    late = message.at and rows.now_ms // 1000 - message.at > stanza.ASK_PHONE_WITHIN_SECONDS
    return not (message.peer or late or own.has(chat)) and rows.inbound_of(chat, message.id) is None


def _count(rows: Rows, message: Incoming, chat: Jid, *, reason: int) -> int:
    at = chats.sane_seconds(message.at, rows.now_ms) * 1000
    return rows.count_failure(chat=chat, sender=message.sender, id_=message.id, at=at, reason=reason)


def _failed(
    rows: Rows,
    message: Incoming,
    own: Own,
    device: Device,
    chat: Jid,
    enc: Enc,
    error: ratchet.SessionError,
    fresh: Fresh,
    taken: Taken,
) -> None:
    """Note it, ask the sender for it again, and our phone too; give up after a few times."""
    failures = _count(rows, message, chat, reason=error.reason)
    taken.note(f"a message could not be decrypted (attempt {failures}): {error}")
    taken.ask_phone = _phone_may_help(rows, message, own, chat)
    count = retry.count_of(failures, enc.count)
    if count is not None:
        address = session_device(rows, message.sender).address
        wanted = retry.wants_keys(count, session=rows.session(address) is not None)
        taken.answers.append(
            retry.retry_receipt(
                message,
                count=count,
                registration_id=device.registration_id,
                reason=error.reason,
                keys=_fresh_keys(rows, device, address, fresh) if wanted else None,
            )
        )
    taken.answers.extend(stanza.clearing(message.stanza, own))


def _fresh_keys(rows: Rows, device: Device, address: str, fresh: Fresh) -> retry.FreshKeys | None:
    """What the sender begins anew with; None for one that had very many."""
    hour, fact = rows.now_ms // _HOUR_MS, f"keys_given.{address}"
    then, given = map(int, (rows.fact(fact) or b"0 0").split())
    given = given + 1 if then == hour else 1
    if given > MAX_KEYS_AN_HOUR:
        return None
    rows.set_fact(fact, f"{hour} {given}".encode())
    prekey = rows.add_prekeys([KeyPair.generate(fresh(32))], uploaded=True)[0]
    return retry.FreshKeys(
        identity=device.identity.public, prekey=prekey, signed=device.signed_prekey, account=device.account
    )


# --- into the shard ---------------------------------------------------------------------------------------------------


def to_deliver(rows: Rows, own: Own, limit: int) -> list[Drained]:
    """The next stored messages as events, in the order they came."""
    return [Drained(row.seq, tuple(_events(rows, row, own))) for row in rows.to_drain(limit)]


def _events(rows: Rows, row: Inbound, own: Own) -> list[Event]:
    try:
        node, said = unpack(row.stanza), envelope.parse(row.plaintext)
        target = content.sealed_edit(said)
        common: dict[str, Any] = {
            "network_id": content.network_id(row.id, str(row.chat)),
            "at": datetime.fromtimestamp(row.at / 1000, UTC),
            "hidden": any(each.get("decrypt-fail") == "hide" for each in node.children("enc")),
            "secret": (rows.secret(row.chat, target) or b"") if target else b"",
        }
        if own.has(row.sender):
            events = content.own(said, to=_sender(rows, row.chat), addresses=_addresses_of_ours(own), **common)
        else:
            customer = _sender(rows, row.chat, name=envelope.line(node.get("notify")))
            events = content.read(said, sender=customer, addresses=_addresses(customer), **common)
    except Garbled as error:  # it was looked at before it was stored; a newer program may look more closely
        return [Ignored(reason="bad_item", detail=str(error))]
    return [_as_stored(rows, row.chat, event) for event in events]


def _as_stored(rows: Rows, chat: Jid, event: Event) -> Event:
    """With the message it speaks of under that message's own network id, whatever the chat's address was then."""
    match event:
        case MessageReceived(reply_to=str(target)):
            return evolve(event, reply_to=_named(rows, chat, target))
        case ReactionReceived(target=target) | MessageEdited(target=target) | MessageRevoked(target=target):
            return evolve(event, target=_named(rows, chat, target))
        case HumanAnswered(content={"target": str(target)}):
            return evolve(event, content=event.content | {"target": _named(rows, chat, target)})
    return event


def _named(rows: Rows, chat: Jid, network_id: str) -> str:
    id_, _, _ = network_id.partition("/")
    if (received := rows.inbound_of(chat, id_)) is not None:
        return content.network_id(id_, str(received.chat))
    sent = rows.outbound_of(id_)
    if sent is not None and sent.chat in chats.addresses(rows, chat):
        return content.network_id(id_, str(sent.chat))
    return network_id


def _sender(rows: Rows, chat: Jid, *, name: str = "") -> Sender:
    if chat.server == LID:
        return Sender(lid=chat.user, phone=rows.pn_of(chat.user) or "", name=name)
    return Sender(phone=chat.user, lid=rows.lid_of(chat.user) or "", name=name)


def _addresses(customer: Sender) -> tuple[str, ...]:
    found = ((customer.lid, LID), (customer.phone, PN))
    return tuple(str(Jid(user, server)) for user, server in found if user)


def _addresses_of_ours(own: Own) -> tuple[str, ...]:
    return tuple(str(each.bare) for each in (own.lid, own.pn) if each is not None)
