"""From a message stanza to committed rows, and from those to the desk, in the order that loses nothing.

Everything here is a function of one open transaction of the session file. What a frame changed (the ratchet, a spent
prekey, an address learned) is committed together with what it said; only then is the stanza cleared at the server;
then the plaintext drains into the tenant's shard. A crash before the commit leaves the ratchet untouched and the
server sends the stanza again; a crash after it finds the stanza known by its ciphertext.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from attrs import define, evolve, field, frozen

from daemon.channels.web.keys import Device, Inbound, PrivacyToken, Rows
from daemon.whatsapp.events import Event, Ignored, Sender
from daemon.whatsapp.web import content, envelope, history, protocol_messages, ratchet, retry, stanza
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import LID, PN, Jid
from daemon.whatsapp.web.node import Attr, Node, pack, unpack
from daemon.whatsapp.web.record import Me, SessionRecord
from daemon.whatsapp.web.stanza import Enc, Incoming, Own

PLACEHOLDER: Final = "placeholder"
"""The kind of request to our phone for a message that came without its content."""
MAX_SECONDS: Final = 1 << 34
"""Later times are nobody's."""
NCT_SALT: Final = "nct_salt"
Fresh = Callable[[int], bytes]
"""So many random bytes."""


@define
class Taken:
    """What is left to do once the transaction is on disk, in this order."""

    ask_phone: bool = False  # our phone is to be asked for this message
    answers: list[Node] = field(factory=list)  # clears the stanza at the server
    stored: bool = False  # something is to be drained
    notes: list[str] = field(factory=list)  # for the log; never what somebody wrote


@frozen
class Drained:
    """A stored message as events. `seq` is its row's."""

    seq: int
    events: tuple[Event, ...]


def canonical(rows: Rows, person: Jid) -> Jid:
    """The address a chat is known by: the LID wherever it is known."""
    if person.server == PN and (lid := rows.lid_of(person.user)) is not None:
        return Jid(lid, LID)
    return person


def session_device(rows: Rows, device: Jid) -> Jid:
    """The address under which sessions with a device are kept."""
    who = stanza.person(device)
    if who is not None and who.server == PN and (lid := rows.lid_of(who.user)) is not None:
        return stanza.as_lid(device, lid)
    return device


def disappearing_fact(chat: Jid) -> str:
    """Where it is kept how long messages of a chat live."""
    return f"disappearing.{chat}"


def take(rows: Rows, message: Incoming, own: Own, device: Device, fresh: Fresh, *, available: bool = False) -> Taken:
    """Decrypt a message, keep what it said and what it changed, and say what to send back. Never raises for what a
    stranger wrote."""
    taken = Taken()
    if (pair := message.learned) is not None:
        rows.learn_address(lid_user=pair.lid_user, pn_user=pair.pn_user)
    chat = canonical(rows, message.chat)
    if not message.encs:
        taken.ask_phone = message.phone_knows_more(rows.now_ms // 1000) and rows.inbound_of(chat, message.id) is None
        taken.answers.extend(stanza.clearing(message.stanza, own))
        return taken
    worst: tuple[Enc, ratchet.SessionError] | None = None
    for enc in message.encs:
        hash_ = stanza.ciphertext_hash(enc, message.sender)
        if rows.inbound(hash_) is not None:
            continue
        try:
            plain = _opened(rows, message, enc, own, device, fresh)
        except ratchet.DuplicateMessage:
            # the ratchet has moved past it and we do not have it: only our phone does
            taken.ask_phone = taken.ask_phone or rows.inbound_of(chat, message.id) is None
            taken.notes.append("a message whose key was used before is not in the file")
        except ratchet.SessionError as error:
            worst = (enc, error)
        else:
            _keep(rows, message, own, chat, hash_, plain, taken)
    if worst is not None:
        _failed(rows, message, own, device, chat, *worst, fresh, taken)
    elif not taken.answers:
        taken.answers.append(stanza.delivered(message, available=available))
    return taken


def _opened(rows: Rows, message: Incoming, enc: Enc, own: Own, device: Device, fresh: Fresh) -> bytes:
    """The padded plaintext; the session that yielded it is saved. Raises as the ratchet does."""
    sender = session_device(rows, message.sender)
    address = sender.address
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
    rows.save_identity(address, parsed.identity)
    rows.save_session(address, record.to_bytes())
    if used and parsed.prekey_id is not None:
        rows.spend_prekey(parsed.prekey_id)
    return plain


def _record(rows: Rows, address: str) -> SessionRecord | None:
    stored = rows.session(address)
    return SessionRecord.from_bytes(stored) if stored is not None else None


def _keep(rows: Rows, message: Incoming, own: Own, chat: Jid, hash_: bytes, plain: bytes, taken: Taken) -> None:
    """Store what a message said, or carry out what another device of ours told us."""
    row = Inbound(
        hash=hash_,
        chat=chat,
        sender=message.sender,
        id=message.id,
        stanza=pack(_kept(message)),
        at=message.at * 1000 or rows.now_ms,
    )
    rows.failure_resolved(chat=chat, id_=message.id)
    if rows.inbound_of(chat, message.id) is not None:  # our phone was quicker: the first one counts
        rows.store_inbound(evolve(row, drained=True))
        return
    try:
        serialised = ratchet.unpad(plain)
        said = envelope.parse(serialised)
        told = None
        if message.from_me:
            told = protocol_messages.news(said, own_account=True, own_phone=own.is_phone(message.sender))
        secret = content.secret_of(said)
    except Garbled as error:
        taken.notes.append(f"a message cannot be read: {error}")
        rows.store_inbound(evolve(row, drained=True))
        if not message.from_me:
            taken.answers.append(stanza.ack(message.stanza, own, error=stanza.INVALID_MESSAGE))
        return
    if secret:
        rows.save_secret(chat, message.sender, message.id, secret)
    if (lifetime := content.disappearing(said)) is not None:
        rows.set_fact(disappearing_fact(chat), f"{lifetime.seconds} {lifetime.set_at}".encode())
    if told is not None:
        rows.store_inbound(evolve(row, drained=True))
        taken.answers.append(stanza.delivered(message))
        _told(rows, message, own, told, taken)
        return
    to_ourselves = message.from_me and own.has(message.chat)
    rows.store_inbound(evolve(row, plaintext=b"" if to_ourselves else serialised, drained=to_ourselves))
    taken.stored = taken.stored or not to_ourselves


def _kept(message: Incoming) -> Node:
    """The stanza as it is read again when the message is drained."""
    node = stanza.without_ciphertext(message.stanza)
    if any(enc.hidden for enc in message.encs):
        return evolve(node, content=(*node.children(), Node("enc", {"decrypt-fail": "hide"})))
    return node


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
    """Note it, ask the sender for it again, and at first our phone too; give up after a few times."""
    failures = rows.count_failure(
        chat=chat, sender=message.sender, id_=message.id, at=message.at * 1000 or rows.now_ms, reason=error.reason
    )
    count = retry.count_of(failures, enc.count)
    taken.notes.append(f"a message could not be decrypted (attempt {failures}): {error}")
    if count is not None:
        keys = None
        address = session_device(rows, message.sender).address
        if retry.wants_keys(count, session=rows.session(address) is not None):
            prekey = rows.add_prekeys([KeyPair.generate(fresh(32))], uploaded=True)[0]
            keys = retry.FreshKeys(
                identity=device.identity.public, prekey=prekey, signed=device.signed_prekey, account=device.account
            )
        taken.answers.append(
            retry.retry_receipt(
                message, count=count, registration_id=device.registration_id, reason=error.reason, keys=keys
            )
        )
        taken.ask_phone = taken.ask_phone or (count == 1 and not message.peer)
    taken.answers.extend(stanza.clearing(message.stanza, own))


def _told(rows: Rows, message: Incoming, own: Own, told: protocol_messages.News, taken: Taken) -> None:
    """What our own phone or another device of ours tells us."""
    match told:
        case protocol_messages.AddressPairs():
            for pair in told.pairs:
                rows.learn_address(lid_user=pair.lid_user, pn_user=pair.pn_user)
        case protocol_messages.AppStateKeys():
            for key in told.keys:
                rows.save_app_state_key(key.id, key.value)
        case protocol_messages.HistoryNotification():
            taken.answers.append(stanza.history_received(message, own))
            if told.inline:
                learn_history(rows, own, told.inline, taken)
        case protocol_messages.PlaceholderAnswer():
            taken.stored = _answered_by_phone(rows, own, told, taken) or taken.stored


def learn_history(rows: Rows, own: Own, packed: bytes, taken: Taken) -> None:
    """Addresses, tokens and our own name, out of a piece of history."""
    try:
        found = history.read(packed)
    except Garbled as error:
        taken.notes.append(f"a piece of history cannot be read: {error}")
        return
    for pair in found.addresses:
        rows.learn_address(lid_user=pair.lid_user, pn_user=pair.pn_user)
    for token in found.tokens:
        if (jid := _person(token.chat)) is not None and (chat := canonical(rows, jid)).server == LID:
            kept = rows.privacy_token(chat.user)
            if token.received_at > kept.received_at:
                issued = max(kept.issued_at, token.issued_at)
                rows.save_privacy_token(
                    chat.user, PrivacyToken(token=token.token, received_at=token.received_at, issued_at=issued)
                )
    if found.nct_salt:
        rows.set_fact(NCT_SALT, found.nct_salt)
    name = next((name for jid, name in found.push_names.items() if own.has(_person(jid))), "")
    device = rows.device()
    if name and device is not None and not device.name:
        rows.save_device(evolve(device, name=name))


def _person(text: str) -> Jid | None:
    try:
        return stanza.person(Jid.parse(text))
    except Garbled:
        return None


def _answered_by_phone(rows: Rows, own: Own, told: protocol_messages.PlaceholderAnswer, taken: Taken) -> bool:
    """Messages our phone sent again: only those we asked it for."""
    asked = {id_: chat for chat, id_ in rows.asked_phone(told.request_id, PLACEHOLDER)}
    stored = False
    for web in told.messages:
        chat = asked.get(web.key.id)
        if chat is None:
            taken.notes.append("our phone sent a message that we had not asked it for")
            continue
        rows.phone_answered(chat, web.key.id)
        rows.failure_resolved(chat=chat, id_=web.key.id)
        if not web.HasField("message") or rows.inbound_of(chat, web.key.id) is not None:
            continue
        serialised = web.message.SerializeToString()
        # written as the stanza it would have been
        attrs: dict[str, Attr] = {"id": web.key.id, "from": own.pn.bare if web.key.fromMe else chat}
        if web.key.fromMe:
            attrs["recipient"] = chat
        at = web.messageTimestamp if web.messageTimestamp < MAX_SECONDS else 0
        if secret := web.messageSecret or content.secret_of(web.message):
            rows.save_secret(chat, own.pn.bare if web.key.fromMe else chat, web.key.id, secret)
        attrs |= {"t": str(at), "notify": envelope.line(web.pushName)}
        node = Node("message", {name: value for name, value in attrs.items() if value})
        rows.store_inbound(
            Inbound(
                hash=hashlib.sha256(f"{told.request_id}/{web.key.id}".encode() + serialised).digest(),
                chat=chat,
                sender=own.pn.bare if web.key.fromMe else chat,
                id=web.key.id,
                stanza=pack(node),
                plaintext=serialised,
                at=at * 1000 or rows.now_ms,
            )
        )
        stored = True
    return stored


def to_deliver(rows: Rows, own: Own, limit: int) -> list[Drained]:
    """The next stored messages as events, in the order they came."""
    return [Drained(row.seq, tuple(_events(rows, row, own))) for row in rows.to_drain(limit)]


def _events(rows: Rows, row: Inbound, own: Own) -> list[Event]:
    node = unpack(row.stanza)
    try:
        said = envelope.parse(row.plaintext)
        from_me = own.has(row.sender)
        target = content.sealed_edit(said)
        common: dict[str, Any] = {
            "network_id": content.network_id(row.id, str(row.chat)),
            "at": datetime.fromtimestamp(row.at / 1000, UTC),
            "hidden": any(each.get("decrypt-fail") == "hide" for each in node.children("enc")),
            "secret": (rows.secret(row.chat, target) or b"") if target else b"",
        }
        if from_me:
            return content.own(said, to=_sender(rows, row.chat), addresses=_addresses_of_ours(own), **common)
        customer = _sender(rows, row.chat, name=envelope.line(node.get("notify")))
        return content.read(said, sender=customer, addresses=_addresses(customer), **common)
    except Garbled as error:  # it was looked at before it was stored; a newer program may look more closely
        return [Ignored(reason="bad_item", detail=str(error))]


def _sender(rows: Rows, chat: Jid, *, name: str = "") -> Sender:
    if chat.server == LID:
        return Sender(lid=chat.user, phone=rows.pn_of(chat.user) or "", name=name)
    return Sender(phone=chat.user, lid=rows.lid_of(chat.user) or "", name=name)


def _addresses(customer: Sender) -> tuple[str, ...]:
    found = ((customer.lid, LID), (customer.phone, PN))
    return tuple(str(Jid(user, server)) for user, server in found if user)


def _addresses_of_ours(own: Own) -> tuple[str, ...]:
    return tuple(str(each.bare) for each in (own.lid, own.pn) if each is not None)
