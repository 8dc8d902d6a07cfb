"""From a message of ours to committed ciphertext, in the order that loses nothing and never reuses a key.

Everything here is a function of one open transaction of the session file: the advanced sessions, the bytes of the node
and the plaintext (for those who ask again) are committed together, before a byte is written to the socket. What was
encrypted once is sent again byte for byte until the server has it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import evolve, frozen

from daemon.channels.web.inbound import (
    NCT_SALT,
    PLACEHOLDER,
    Fresh,
    canonical,
    disappearing_fact,
    session_device,
)
from daemon.channels.web.keys import Device, Outbound, PrivacyToken, Rows
from daemon.whatsapp.web import compose, devices, envelope, outgoing, privacy, ratchet, retry
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.bundle import Bundle
from daemon.whatsapp.web.content import Disappearing
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Untrusted
from daemon.whatsapp.web.jid import LID, PN, Jid
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
    rows: Rows, draft: Draft, own: Own, device: Device, fresh: Fresh, bundles: Mapping[Jid, Bundle | None]
) -> Outbound | Missing | Unreachable:
    """Encrypt a message for each device of the recipient and our own others, or say what is missing for that.

    `bundles` are those fetched for it, None for devices the server gave none for. The same message is encrypted once
    whatever happens: a second call gives the first one's bytes, unless the server refused those. The id stays.
    """
    done = rows.outbound(draft.our_id)
    if done is not None and done.state != "failed":
        return done
    ours = own.beside(draft.chat)
    lists = {who: _fresh_devices(rows, who) for who in (draft.chat, ours.bare)}
    if unknown := tuple(who for who, found in lists.items() if found is None):
        return Missing(lists=unknown)
    theirs = [evolve(draft.chat, device=number) for number in lists[draft.chat] or ()]
    others = [evolve(ours.bare, device=number) for number in lists[ours.bare] or () if number != ours.device]
    without = [each for each in (*theirs, *others) if each not in bundles and _session(rows, each) is None]
    if without:
        return Missing(bundles=tuple(without))
    me = Me(device.identity, device.registration_id)
    plain = draft.message.SerializeToString()
    copy = compose.own_copy(draft.message, str(draft.chat)).SerializeToString()
    contents = [
        *_encrypted(rows, me, theirs, plain, bundles, fresh),
        *_encrypted(rows, me, others, copy, bundles, fresh),
    ]
    reached = {each.device for each in contents}
    if not reached.intersection(theirs):
        return Unreachable()
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


def lifetime(rows: Rows, chat: Jid) -> Disappearing | None:
    """How long messages of that chat live, where somebody set it: ours must say the same."""
    told = rows.fact(disappearing_fact(canonical(rows, chat)))
    if not told:
        return None
    seconds, set_at = told.split()
    return Disappearing(int(seconds), int(set_at))


def _fresh_devices(rows: Rows, who: Jid) -> tuple[int, ...] | None:
    found = rows.devices(who)
    if found is None or rows.now_ms - found.fetched_at > DEVICES_FRESH_MS:
        return None
    return found.devices


def _session(rows: Rows, device: Jid) -> SessionRecord | None:
    stored = rows.session(session_device(rows, device).address)
    return SessionRecord.from_bytes(stored) if stored is not None else None


def _encrypted(
    rows: Rows, me: Me, to: Iterable[Jid], plain: bytes, bundles: Mapping[Jid, Bundle | None], fresh: Fresh
) -> Iterable[DeviceContent]:
    for device in to:
        address = session_device(rows, device).address
        record = _session(rows, device) or _begun(rows, me, address, bundles.get(device), None, fresh)
        if record is None:
            continue  # a device that nobody can write to now is left out
        record, kind, body = ratchet.encrypt(me, record, ratchet.pad(plain, 1 + fresh(1)[0] % 15))
        rows.save_session(address, record.to_bytes())
        yield DeviceContent(device=device, type=kind, body=body)


def _begun(
    rows: Rows, me: Me, address: str, bundle: Bundle | None, record: SessionRecord | None, fresh: Fresh
) -> SessionRecord | None:
    """A new session from a bundle; None where there is no bundle or it proves nothing."""
    if bundle is None:
        return None
    base, turn = KeyPair.generate(fresh(32)), KeyPair.generate(fresh(32))
    try:
        begun = ratchet.start(me, bundle, base=base, ratchet=turn, record=record)
    except Untrusted:
        return None
    rows.save_identity(address, bundle.identity)
    return begun


def _number(rows: Rows, chat: Jid) -> Jid | None:
    if chat.server != LID or (pn := rows.pn_of(chat.user)) is None:
        return None
    return Jid(pn, PN)


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
    made_anew = _seconds(rows.fact(_anew(address)))
    facts = retry.Facts(
        sent_to=_both(rows, sent.chat) if sent is not None and sent.plaintext else (),
        known_device=_known(rows, request.device),
        this_device=request.device in (own.pn, own.lid),
        requests_before=rows.count_retry(request.id, request.device) - 1 if bundle is None else 0,
        resends_last_minute=resends_last_minute,
        session=record is not None,
        session_registration_id=record.current.registration_id if record is not None else None,
        session_made_anew_at=made_anew,
    )
    decided = retry.decide(request, facts, now=rows.now_ms // 1000)
    if isinstance(decided, retry.Ignore) or sent is None:
        return Again(why=decided.reason)
    me = Me(device.identity, device.registration_id)
    if decided.session != "keep":
        offered = keys if decided.session == "from_keys" else bundle
        if offered is None and decided.session == "fetch" and bundle is None:
            return Again(bundle_of=request.device, why=decided.reason)
        record = _begun(rows, me, address, offered, record, fresh)
        rows.set_fact(_anew(address), str(rows.now_ms // 1000).encode())
    if record is None:
        return Again(why="no session can be begun with that device")
    message = envelope.parse(sent.plaintext)
    said = compose.own_copy(message, str(sent.chat)) if request.own else message
    record, kind, body = ratchet.encrypt(me, record, ratchet.pad(said.SerializeToString(), 1 + fresh(1)[0] % 15))
    rows.save_session(address, record.to_bytes())
    content = DeviceContent(device=request.device, type=kind, body=body)
    node = retry.resend(request, content, shape=compose.shape(message), account=device.account)
    return Again(node=pack(node), why=decided.reason)


def _anew(address: str) -> str:
    return f"session_anew.{address}"


def _seconds(fact: bytes | None) -> int | None:
    return int(fact) if fact else None


def _both(rows: Rows, chat: Jid) -> tuple[Jid, ...]:
    """A person under both addresses."""
    if chat.server == LID:
        pn = rows.pn_of(chat.user)
        return (chat.bare, Jid(pn, PN)) if pn is not None else (chat.bare,)
    lid = rows.lid_of(chat.user)
    return (chat.bare, Jid(lid, LID)) if lid is not None else (chat.bare,)


def other_address(rows: Rows, chat: Jid) -> Jid | None:
    """The chat's address of the other kind, where it is known."""
    return next((each for each in _both(rows, chat) if each.server != chat.server), None)


def _known(rows: Rows, device: Jid) -> bool:
    """Whether the device is on its person's list, as far as we have one; who has a session with us was on it."""
    who = person(device)
    if who is None:
        return False
    if _session(rows, device) is not None:
        return True
    lists = [rows.devices(each) for each in _both(rows, who)]
    return any(found is not None and device.device in found.devices for found in lists)


# --- our own phone ----------------------------------------------------------------------------------------------------


def ask_phone(
    rows: Rows, message: Incoming, own: Own, device: Device, fresh: Fresh, bundle: Bundle | None
) -> Outbound | Missing:
    """Ask our own phone for a message that did not reach us whole. What is missing for it is said as by `seal`."""
    phone = (own.lid or own.pn).bare
    me = Me(device.identity, device.registration_id)
    address = session_device(rows, phone).address
    record = _session(rows, phone) or _begun(rows, me, address, bundle, None, fresh)
    if record is None:
        return Missing(bundles=(phone,))
    chat = canonical(rows, message.chat)
    key = compose.Key(chat=str(chat), id=message.id, from_me=message.from_me)
    said = compose.placeholder_request([key]).SerializeToString()
    record, kind, body = ratchet.encrypt(me, record, ratchet.pad(said, 1 + fresh(1)[0] % 15))
    rows.save_session(address, record.to_bytes())
    id_ = outgoing.message_id(own, now=rows.now_ms // 1000, random16=fresh(16))
    rows.ask_phone(id_, PLACEHOLDER, chat, message.id)
    content = DeviceContent(device=phone, type=kind, body=body)
    node = outgoing.peer_message(id_, own, content, account=device.account, urgent=True)
    return Outbound(our_id="", id=id_, chat=phone, node=pack(node), plaintext=said, at=rows.now_ms)
