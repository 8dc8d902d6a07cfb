"""What our own phone and our other devices tell us, carried out in the transaction that received it.

Who said it was settled before (`daemon.whatsapp.web.protocol_messages`): nothing here is for anybody else's word.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from attrs import define, evolve, field

from daemon.channels.web import chats
from daemon.channels.web.keys import Inbound, PrivacyToken, Rows
from daemon.whatsapp.web import content, envelope, history, stanza
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import LID, Jid
from daemon.whatsapp.web.node import Node, pack
from daemon.whatsapp.web.protocol_messages import (
    AddressPair,
    AddressPairs,
    AppStateKeys,
    HistoryNotification,
    News,
    PlaceholderAnswer,
)
from daemon.whatsapp.web.stanza import Incoming, Own

PLACEHOLDER: Final = "placeholder"
"""The kind of request to our phone for a message that came without its content."""
NCT_SALT: Final = "nct_salt"


@define
class Taken:
    """What is left to do once the transaction is on disk, in this order."""

    ask_phone: bool = False  # our phone is to be asked for this message
    answers: list[Node] = field(factory=list)  # clears the stanza at the server
    stored: bool = False  # something is to be drained
    notes: list[str] = field(factory=list)  # for the log; never what somebody wrote

    def note(self, note: str) -> None:
        """Something for the log, or "" for nothing."""
        if note:
            self.notes.append(note)


def carry_out(rows: Rows, message: Incoming, own: Own, told: News, taken: Taken) -> None:
    """Do what `told` asks for. Never raises for what it holds."""
    match told:
        case AddressPairs():
            _learn(rows, own, told.pairs, taken)
        case AppStateKeys():
            for key in told.keys:
                rows.save_app_state_key(key.id, key.value)
        case HistoryNotification():
            taken.answers.append(stanza.history_received(message, own))
            if told.inline:
                _learn_history(rows, own, told.inline, taken)
        case PlaceholderAnswer():
            for web in told.messages:
                _sent_again(rows, own, told.request_id, web, taken)


def kept_stanza(*, name: str, hidden: bool) -> bytes:
    """What of a stanza is read again when its message is drained, packed."""
    enc = (Node("enc", {"decrypt-fail": "hide"}),) if hidden else None
    return pack(Node("message", {"notify": name} if name else {}, enc))


def _learn(rows: Rows, own: Own, pairs: Iterable[AddressPair], taken: Taken) -> None:
    found = (chats.learn(rows, own, lid_user=pair.lid_user, pn_user=pair.pn_user) for pair in pairs)
    for note in {note for note in found if note}:
        taken.note(note)


def _learn_history(rows: Rows, own: Own, packed: bytes, taken: Taken) -> None:
    """Addresses, tokens and our own name, out of a piece of history."""
    try:
        found = history.read(packed)
    except Garbled as error:
        taken.note(f"a piece of history cannot be read: {error}")
        return
    _learn(rows, own, found.addresses, taken)
    for token in found.tokens:
        _keep_token(rows, token)
    if found.nct_salt:
        rows.set_fact(NCT_SALT, found.nct_salt)
    name = next((name for jid, name in found.push_names.items() if own.has(_person(jid))), "")
    device = rows.device()
    if name and device is not None and not device.name:
        rows.save_device(evolve(device, name=name))


def _keep_token(rows: Rows, told: history.Token) -> None:
    """A contact's token, if it is newer than the one we have; and when we last gave ours, as the account did."""
    person = _person(told.chat)
    chat = chats.canonical(rows, person) if person is not None else None
    if chat is None or chat.server != LID:
        return
    now = rows.now_ms // 1000
    kept = rows.privacy_token(chat.user)
    if kept.received_at < told.received_at <= now + chats.FORGIVEN_SECONDS:
        issued_at = max(kept.issued_at, told.issued_at if told.issued_at <= now else 0)
        rows.save_privacy_token(
            chat.user, PrivacyToken(token=told.token, received_at=told.received_at, issued_at=issued_at)
        )


def _person(text: str) -> Jid | None:
    try:
        return stanza.person(Jid.parse(text))
    except Garbled:
        return None


def _sent_again(rows: Rows, own: Own, request_id: str, web: wa.WebMessageInfo, taken: Taken) -> None:
    """A message out of our phone's answer: only one that this request asked for. One that came meanwhile is not waited
    for any more."""
    chat = next((chat for chat, id_ in rows.asked_phone(request_id, PLACEHOLDER) if id_ == web.key.id), None)
    if chat is None:
        taken.note("our phone sent a message that we are not waiting for")
        return
    rows.phone_answered(chat, web.key.id)
    if not web.HasField("message"):
        taken.note("our phone has not got the message that we asked it for")
        return
    try:
        secret = web.messageSecret if len(web.messageSecret) == content.SECRET_BYTES else content.secret_of(web.message)
    except Garbled as error:
        taken.note(f"a message that our phone sent again cannot be read: {error}")
        return
    serialised = web.message.SerializeToString()
    sender = own.beside(chat).bare if web.key.fromMe else chat
    if secret:
        rows.save_secret(chat, sender, web.key.id, secret)
    rows.failure_resolved(chat=chat, id_=web.key.id)
    rows.store_inbound(
        Inbound(
            hash=hashlib.sha256(f"{request_id}/{web.key.id}".encode() + serialised).digest(),
            chat=chat,
            sender=sender,
            id=web.key.id,
            stanza=kept_stanza(name=envelope.line(web.pushName), hidden=False),
            plaintext=serialised,
            at=chats.sane_seconds(web.messageTimestamp, rows.now_ms) * 1000,
        )
    )
    taken.stored = True
