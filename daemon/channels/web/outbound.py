"""From a message of ours to committed ciphertext, in the order that loses nothing and never reuses a key.

Everything here is a function of one open transaction of the session file: the advanced sessions, the bytes of the node
and the plaintext (for those who ask again) are committed together, before a byte is written to the socket. What was
encrypted once is sent again byte for byte until the server has it.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from attrs import evolve, frozen

from daemon.channels.web import chats
from daemon.channels.web.chats import canonical, session_device
from daemon.channels.web.inbound import Fresh
from daemon.channels.web.keys import Device, Outbound, PrivacyToken, Rows
from daemon.channels.web.told import NCT_SALT, PLACEHOLDER
from daemon.whatsapp.web import compose, devices, envelope, outgoing, privacy, ratchet, retry
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.bundle import Bundle
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Untrusted
from daemon.whatsapp.web.jid import LID, Jid
from daemon.whatsapp.web.node import Node, pack
from daemon.whatsapp.web.outgoing import DeviceContent
from daemon.whatsapp.web.receipts import RetryRequest
from daemon.whatsapp.web.record import Me, SessionRecord
from daemon.whatsapp.web.stanza import Incoming, Own, person

DEVICES_FRESH_MS: Final = 5 * 60_000
"""A list of somebody's devices is looked up again after so long; notifications come sooner."""


@frozen(kw_only=True)
class Draft:
    """What is to be sent, and to whom: a person's bare address as the chat uses it now."""

    our_id: str
    chat: Jid
    message: wa.Message


@frozen
class Missing:
    """What must be fetched before the message can be encrypted."""

    lists: tuple[Jid, ...] = ()  # people whose devices are not known
    bundles: tuple[Jid, ...] = ()  # devices without a session


@frozen
class Unreachable:
    """None of the recipient's devices can be written to."""


def seal(
    rows: Rows,
    draft: Draft,
    own: Own,
    device: Device,
    fresh: Fresh,
    bundles: Mapping[Jid, Bundle | None],
    *,
    looked_up: Collection[Jid] = (),
) -> Outbound | Missing | Unreachable:
    """Encrypt a message for each device of the recipient and our own others, or say what is missing for that.

    `bundles` are those fetched for it, None for devices the server gave none for; `looked_up` are people whose devices
    were asked for: of those the server told nothing about, the recipient is out of reach and we go without. The same
    message is encrypted once whatever happens: a second call gives the first one's bytes, unless the server refused
    those. The id stays.
    """
    done = rows.outbound(draft.our_id)
    if done is not None and done.state != "failed":
        return done
    ours = evolve(own.beside(draft.chat), device=own.pn.device)
    lists = {who: _devices(rows, who, stale=who in looked_up) for who in (draft.chat, ours.bare)}
    if unknown := tuple(who for who, found in lists.items() if found is None and who not in looked_up):
        return Missing(lists=unknown)
    theirs = [evolve(draft.chat, device=number) for number in lists[draft.chat] or ()]
    others = [evolve(ours.bare, device=number) for number in lists[ours.bare] or () if number != ours.device]
    without = [each for each in (*theirs, *others) if each not in bundles and _session(rows, each) is None]
    if without:
        return Missing(bundles=tuple(without))
    me = Me(device.identity, device.registration_id)
    plain = draft.message.SerializeToString()
    copy = compose.own_copy(draft.message, str(draft.chat)).SerializeToString()
    contents = list(_encrypted(rows, me, own, theirs, plain, bundles, fresh))
    if not contents:
        return Unreachable()
    contents.extend(_encrypted(rows, me, own, others, copy, bundles, fresh))
    id_ = done.id if done is not None else outgoing.message_id(own, now=rows.now_ms // 1000, random16=fresh(16))
    node = outgoing.message(
        id_,
        draft.chat,
        contents,
        shape=compose.shape(draft.message),
        recipient_pn=_number(rows, draft.chat),
        account=device.account,
        token=_token(rows, draft.chat),
    )
    sealed = Outbound(
        our_id=draft.our_id,
        id=id_,
        chat=draft.chat,
        node=pack(node),
        plaintext=plain,
        phash=devices.phash([*theirs, *others, ours]),
        at=rows.now_ms,
    )
    rows.save_outbound(sealed)
    return sealed


def _devices(rows: Rows, who: Jid, *, stale: bool) -> tuple[int, ...] | None:
    found = rows.devices(who)
    if found is None or (rows.now_ms - found.fetched_at > DEVICES_FRESH_MS and not stale):
        return None
    return found.devices


def _session(rows: Rows, device: Jid) -> SessionRecord | None:
    stored = rows.session(session_device(rows, device).address)
    return SessionRecord.from_bytes(stored) if stored is not None else None


def _encrypted(
    rows: Rows, me: Me, own: Own, to: Iterable[Jid], plain: bytes, bundles: Mapping[Jid, Bundle | None], fresh: Fresh
) -> Iterable[DeviceContent]:
    for device in to:
        record = _session(rows, device) or _begun(rows, me, own, device, bundles.get(device), None, fresh)
        if record is not None:  # a device that nobody can write to now is left out
            yield _content(rows, me, device, record, plain, fresh)


def _content(rows: Rows, me: Me, device: Jid, record: SessionRecord, plain: bytes, fresh: Fresh) -> DeviceContent:
    """The next message of a session, which is saved as it is after it."""
    record, kind, body = ratchet.encrypt(me, record, ratchet.pad(plain, 1 + fresh(1)[0] % 15))
    rows.save_session(session_device(rows, device).address, record.to_bytes())
    return DeviceContent(device=device, type=kind, body=body)


def _begun(
    rows: Rows, me: Me, own: Own, device: Jid, bundle: Bundle | None, record: SessionRecord | None, fresh: Fresh
) -> SessionRecord | None:
    """A new session from a bundle; None where there is no bundle or it proves nothing."""
    address = session_device(rows, device).address
    if bundle is None:
        return None
    if own.is_phone(device) and rows.identity(address) not in (None, bundle.identity):
        return None  # our phone proved another identity when it linked us
    base, turn = KeyPair.generate(fresh(32)), KeyPair.generate(fresh(32))
    try:
        begun = ratchet.start(me, bundle, base=base, ratchet=turn, record=record)
    except Untrusted:
        return None
    rows.save_identity(address, bundle.identity)
    return begun


def _number(rows: Rows, chat: Jid) -> Jid | None:
    return chats.other_address(rows, chat) if chat.server == LID else None


def _token(rows: Rows, chat: Jid) -> Node | None:
    chat = canonical(rows, chat)
    if chat.server != LID:
        return None
    kept = rows.privacy_token(chat.user)
    return privacy.token_node(
        chat, token=kept.token, at=kept.received_at, now=rows.now_ms // 1000, nct_salt=rows.fact(NCT_SALT) or b""
    )


def acked(rows: Rows, our_id: str) -> None:
    """The server has it: its bytes are not needed any more."""
    found = rows.outbound(our_id)
    if found is not None:
        rows.save_outbound(evolve(found, state="acked", node=b""))


def refused(rows: Rows, our_id: str) -> None:
    """The server did not take it as it was. Nobody has seen it: it may be encrypted anew, otherwise addressed."""
    found = rows.outbound(our_id)
    if found is not None:
        rows.save_outbound(evolve(found, state="failed", node=b""))


def token_due(rows: Rows, chat: Jid, own: Own) -> bool:
    """Whether it is time to give that person our privacy token."""
    chat = canonical(rows, chat)
    if chat.server != LID:
        return False
    issued = rows.privacy_token(chat.user).issued_at
    return privacy.should_issue(chat, own, issued_at=issued, now=rows.now_ms // 1000)


def token_issued(rows: Rows, chat: Jid) -> None:
    """It was given."""
    chat = canonical(rows, chat)
    kept = rows.privacy_token(chat.user)
    rows.save_privacy_token(chat.user, evolve(kept, issued_at=rows.now_ms // 1000))


def token_received(rows: Rows, who: Jid, token: privacy.Token) -> None:
    """Somebody gave us theirs; the newest counts."""
    who = canonical(rows, who)
    if who.server != LID:
        return
    kept = rows.privacy_token(who.user)
    if token.at >= kept.received_at:
        rows.save_privacy_token(
            who.user, PrivacyToken(token=token.token, received_at=token.at, issued_at=kept.issued_at)
        )


def identity_changed(rows: Rows, who: Jid, own: Own) -> None:
    """Somebody set WhatsApp up anew: sessions, identities and devices are forgotten, and they are given our token
    again after the next message, if they had it."""
    if own.has(who):  # a new phone of ours links us anew; until then its proven identity stays
        for each in chats.addresses(rows, who):
            rows.forget_devices(each)
        return
    rows.forget_person(who)
    chat = canonical(rows, who)
    kept = rows.privacy_token(chat.user)
    if chat.server == LID and kept.issued_at:
        rows.save_privacy_token(chat.user, evolve(kept, issued_at=0))


# --- somebody could not read one of ours ------------------------------------------------------------------------------


@frozen
class Again:
    """How a request to send a message again is answered: with a node, once a bundle is there, or not at all."""

    node: bytes = b""
    bundle_of: Jid | None = None
    why: str = ""


def again(
    rows: Rows,
    request: RetryRequest,
    own: Own,
    device: Device,
    fresh: Fresh,
    *,
    resends_last_minute: int,
    keys: Bundle | None,
    bundle: Bundle | None,
) -> Again:
    """Decide about a request, and encrypt the message once more for that one device. `keys` are the request's own,
    `bundle` was fetched because an earlier call asked for it."""
    sent = rows.outbound_of(request.id)
    address = session_device(rows, request.device).address
    record = _session(rows, request.device)
    before = rows.count_retry(request.id, request.device) - 1 if sent is not None and bundle is None else 0
    facts = retry.Facts(
        sent_to=chats.addresses(rows, sent.chat) if sent is not None and sent.plaintext else (),
        known_device=_known(rows, request.device),
        this_device=request.device in (own.pn, own.lid),
        requests_before=before,
        resends_last_minute=resends_last_minute,
        session=record is not None,
        session_registration_id=record.current.registration_id if record is not None else None,
        session_made_anew_at=int(rows.fact(_anew(address)) or 0) or None,
    )
    decided = retry.decide(request, facts, now=rows.now_ms // 1000)
    if isinstance(decided, retry.Ignore) or sent is None:
        return Again(why=decided.reason)
    if not sent.our_id and not own.is_phone(request.device):
        return Again(why="it was for our phone alone")
    me = Me(device.identity, device.registration_id)
    if decided.session != "keep":
        offered = keys if decided.session == "from_keys" else bundle
        if offered is None and decided.session == "fetch":
            return Again(bundle_of=request.device, why=decided.reason)
        record = _begun(rows, me, own, request.device, offered, record, fresh)
        if record is None:
            return Again(why="the keys of that device are of no use")
        rows.set_fact(_anew(address), str(rows.now_ms // 1000).encode())
    assert record is not None  # without one it is not kept
    message = envelope.parse(sent.plaintext)
    said = compose.own_copy(message, str(sent.chat)) if request.own and sent.our_id else message
    encrypted = _content(rows, me, request.device, record, said.SerializeToString(), fresh)
    node = retry.resend(request, encrypted, shape=compose.shape(message), account=device.account)
    if not sent.our_id:
        node = evolve(node, attrs={**node.attrs, "category": "peer"})
    return Again(node=pack(node), why=decided.reason)


def _anew(address: str) -> str:
    return f"session_anew.{address}"


def _known(rows: Rows, device: Jid) -> bool:
    """Whether the device is on its person's list, as far as we have one; who has a session with us was on it."""
    who = person(device)
    if who is None:
        return False
    if _session(rows, device) is not None:
        return True
    lists = [rows.devices(each) for each in chats.addresses(rows, who)]
    return any(found is not None and device.device in found.devices for found in lists)


# --- our own phone ----------------------------------------------------------------------------------------------------


def ask_phone(
    rows: Rows, message: Incoming, own: Own, device: Device, fresh: Fresh, bundle: Bundle | None
) -> Outbound | Missing:
    """Ask our own phone for a message that did not reach us whole. What is missing for it is said as by `seal`.

    Each message is asked for once: its stanza may come again before we cleared it, and then the same bytes go again.
    """
    id_ = _request_id(message, own)
    done = rows.outbound_of(id_)
    if done is not None and done.node:
        return done
    phone = (own.lid or own.pn).bare
    me = Me(device.identity, device.registration_id)
    record = _session(rows, phone) or _begun(rows, me, own, phone, bundle, None, fresh)
    if record is None:
        return Missing(bundles=(phone,))
    chat = canonical(rows, message.chat)
    rows.ask_phone(id_, PLACEHOLDER, chat, message.id)
    key = compose.Key(chat=str(chat), id=message.id, from_me=message.from_me)
    said = compose.placeholder_request([key]).SerializeToString()
    encrypted = _content(rows, me, phone, record, said, fresh)
    node = outgoing.peer_message(id_, own, encrypted, account=device.account, urgent=True)
    asked = Outbound(our_id="", id=id_, chat=phone, node=pack(node), plaintext=said, at=rows.now_ms)
    rows.save_outbound(asked)
    return asked


def _request_id(message: Incoming, own: Own) -> str:
    """The same for the same message, that a crash between asking and clearing does not make us ask twice."""
    source = hashlib.sha256(f"{PLACEHOLDER} {message.id}".encode()).digest()[:16]
    return outgoing.message_id(own, now=message.at, random16=source)
