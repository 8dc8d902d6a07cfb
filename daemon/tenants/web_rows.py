"""One transaction of a tenant's session file, as the `web` channel sees it: what is secret is sealed here."""

from collections.abc import Sequence
from typing import Final, Literal, cast

from attrs import evolve

from daemon.channels.web.keys import Device, DeviceList, Inbound, Outbound, PrivacyToken
from daemon.tenants import web_device
from daemon.tenants.web_device import packed, unpacked
from daemon.tenants.web_seal import FileSeal
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.jid import HOSTED, HOSTED_LID, LID, PN, Jid
from daemon.whatsapp.web.record import PreKey
from shards.session import (
    addresses,
    device_lists,
    facts,
    failures,
    message_secrets,
    phone_requests,
    prekeys,
    privacy_tokens,
    retired,
    sessions,
)
from shards.session import inbound as received
from shards.session import outbound as sent
from shards.session.inbound import InboundRow
from shards.session.outbound import OutboundRow
from shards.session.privacy_tokens import TokenRow
from shards.session.sessions import Kind
from shards.shard import Tx

_OTHER_SERVER: Final = {PN: LID, LID: PN, HOSTED: HOSTED_LID, HOSTED_LID: HOSTED}
_BY_NUMBER: Final = (PN, HOSTED)


class SealedRows:
    """`daemon.channels.web.keys.Rows` on a session file. Everything that opens or seals raises `SealBroken`.

    Where a chat is asked for, the person's other address (number or LID) finds it as well: which of the two a stanza
    uses may change between a message and what refers to it.
    """

    def __init__(self, tx: Tx, seal: FileSeal) -> None:
        self.now_ms = tx.now_ms
        self._tx = tx
        self._seal = seal

    # our device

    def device(self) -> Device | None:
        """Our companion device."""
        return web_device.load(self._tx, self._seal)

    def save_device(self, device: Device) -> None:
        """Make it, or replace all of it."""
        web_device.save(self._tx, self._seal, device)

    def retire_device(self, reason: str) -> None:
        """Put its keys aside, as they are: also those that another master key sealed. What it had encrypted is never
        sent again; a message that was not acknowledged by then is `failed`."""
        retired.put_aside(self._tx, reason, self._seal.take_over())
        sent.abandon(self._tx)

    # Signal sessions and identities

    def session(self, address: str) -> bytes | None:
        """The session's record."""
        sealed = sessions.record(self._tx, address)
        return None if sealed is None else self._seal.open(f"sessions.{address}", sealed)

    def save_session(self, address: str, record: bytes) -> None:
        """Replace it."""
        sessions.save_record(self._tx, address, self._seal.seal(f"sessions.{address}", record))

    def identity(self, address: str) -> bytes | None:
        """The identity seen there."""
        sealed = sessions.identity(self._tx, address)
        return None if sealed is None else self._seal.open(f"identities.{address}", sealed)

    def save_identity(self, address: str, identity: bytes) -> bytes | None:
        """Keep it with the time; the one it replaced, if that was another."""
        before = self.identity(address)
        if before == identity:
            return None
        sessions.save_identity(self._tx, address, self._seal.seal(f"identities.{address}", identity))
        return before

    def forget_session(self, address: str) -> None:
        """The identity stays."""
        sessions.forget_record(self._tx, address)

    def forget_person(self, person: Jid) -> None:
        """All sessions and identities of a person's devices, under both addresses, and the device list."""
        who = Jid(person.user, PN if person.server in _BY_NUMBER else LID)
        for known in {*self._both(who)}:
            hosted = evolve(known, server=HOSTED if known.server == PN else HOSTED_LID)
            sessions.forget_users(self._tx, (_signal_user(known), _signal_user(hosted)))
            device_lists.forget(self._tx, str(known))

    # one-time prekeys

    def prekey(self, id_: int) -> PreKey | None:
        """One that nobody has used yet."""
        sealed = prekeys.get(self._tx, id_)
        return None if sealed is None else self._prekey(id_, sealed)

    def _prekey(self, id_: int, sealed: bytes) -> PreKey:
        return PreKey(id_, unpacked(self._seal.open(f"prekeys.{id_}", sealed)))

    def spend_prekey(self, id_: int) -> None:
        """It is used, and gone."""
        prekeys.spend(self._tx, id_)

    def add_prekeys(self, pairs: Sequence[KeyPair], *, uploaded: bool = False) -> list[PreKey]:
        """Keep them, numbered on from the last."""
        made = [PreKey(*each) for each in zip(prekeys.next_ids(self._tx, len(pairs)), pairs, strict=True)]
        sealed = [(prekey.id, self._seal.seal(f"prekeys.{prekey.id}", packed(prekey.pair))) for prekey in made]
        prekeys.add(self._tx, sealed, uploaded=uploaded)
        return made

    def unsent_prekeys(self, limit: int) -> list[PreKey]:
        """The oldest that the network may not have."""
        return [self._prekey(id_, sealed) for id_, sealed in prekeys.unsent(self._tx, limit)]

    def prekeys_uploaded(self, ids: Sequence[int]) -> None:
        """The network has these."""
        prekeys.mark_uploaded(self._tx, ids)

    def prekeys_left(self) -> int:
        """How many of those that the network was given nobody has used yet."""
        return prekeys.left(self._tx)

    # addresses

    def lid_of(self, pn_user: str) -> str | None:
        """The LID of a number."""
        return addresses.lid_of(self._tx, pn_user)

    def pn_of(self, lid_user: str) -> str | None:
        """The number of a LID."""
        return addresses.pn_of(self._tx, lid_user)

    def learn_address(self, *, lid_user: str, pn_user: str) -> bool:
        """Note that they are one person, and move what is kept under the number to the LID. What was there already
        gives way, and device lists are merged. Whether anything changed."""
        changed = addresses.learn(self._tx, lid_user=lid_user, pn_user=pn_user)
        for server in _BY_NUMBER:
            old, new = Jid(pn_user, server), Jid(lid_user, _OTHER_SERVER[server])
            changed |= self._move("sessions", old, new) | self._move("identities", old, new)
            changed |= device_lists.move(self._tx, str(old), str(new))
            sessions.forget_users(self._tx, (_signal_user(old),))
        return changed

    def _move(self, kind: Kind, old: Jid, new: Jid) -> bool:
        save = sessions.save_record if kind == "sessions" else sessions.save_identity
        found = sessions.of_user(self._tx, kind, _signal_user(old))
        for address, sealed in found:
            to = evolve(new, device=int(address.rpartition(":")[2])).address
            save(self._tx, to, self._seal.seal(f"{kind}.{to}", self._seal.open(f"{kind}.{address}", sealed)))
        return bool(found)

    def _both(self, person: Jid) -> tuple[Jid, Jid]:
        """A person's address and their other one, or twice the one."""
        if (server := _OTHER_SERVER.get(person.server)) is None:
            return person, person
        of = addresses.lid_of if person.server in _BY_NUMBER else addresses.pn_of
        user = of(self._tx, person.user)
        return person, person if user is None else Jid(user, server, person.device)

    def _texts(self, chat: Jid) -> tuple[str, str]:
        one, other = self._both(chat)
        return str(one), str(other)

    # device lists

    def devices(self, person: Jid) -> DeviceList | None:
        """The devices a message to them is encrypted for."""
        found = device_lists.load(self._tx, str(person))
        return None if found is None else DeviceList(devices=found[0], fetched_at=found[1])

    def save_devices(self, person: Jid, devices: Sequence[int]) -> None:
        """Replace the list."""
        device_lists.save(self._tx, str(person), devices, fetched_at=self.now_ms)

    def forget_devices(self, person: Jid) -> None:
        """The list must be asked for again."""
        device_lists.forget(self._tx, str(person))

    # received

    def inbound(self, hash_: bytes) -> Inbound | None:
        """What a ciphertext became, if it ever came."""
        row = received.by_hash(self._tx, hash_)
        return None if row is None else _inbound(row)

    def inbound_of(self, chat: Jid, id_: str) -> Inbound | None:
        """The first content that a message had."""
        row = received.of_message(self._tx, self._texts(chat), id_)
        return None if row is None else _inbound(row)

    def store_inbound(self, inbound: Inbound) -> Inbound:
        """Keep it; with its number. One whose ciphertext came already is returned as it is kept."""
        row = InboundRow(
            seq=0,
            hash=inbound.hash,
            chat=str(inbound.chat),
            sender=str(inbound.sender),
            id=inbound.id,
            stanza=inbound.stanza,
            plaintext=inbound.plaintext,
            drained=inbound.drained,
            at=inbound.at,
        )
        return _inbound(received.store(self._tx, row))

    def to_drain(self, limit: int) -> list[Inbound]:
        """What the shard may not have, in order of arrival."""
        return [_inbound(row) for row in received.to_drain(self._tx, limit)]

    def drained(self, seqs: Sequence[int]) -> None:
        """The shard has these."""
        received.drained(self._tx, seqs)

    # stanzas that could not be decrypted

    def count_failure(self, *, chat: Jid, sender: Jid, id_: str, at: int, reason: int) -> int:
        """One failure more; how many of this sender's so far."""
        return failures.count(self._tx, chat=str(chat), sender=str(sender), id_=id_, at=at, reason=reason)

    def failure_resolved(self, *, chat: Jid, id_: str) -> None:
        """The message came after all."""
        failures.resolve(self._tx, chats=self._texts(chat), id_=id_)

    def failures(self) -> int:
        """How many messages were never resolved."""
        return failures.unresolved(self._tx)

    # sent

    def outbound(self, our_id: str) -> Outbound | None:
        """By the message's id in the shard; peer messages have none."""
        return self._outbound(sent.by_our_id(self._tx, our_id))

    def outbound_of(self, id_: str) -> Outbound | None:
        """By the network's id."""
        return self._outbound(sent.by_id(self._tx, id_))

    def _outbound(self, row: OutboundRow | None) -> Outbound | None:
        if row is None:
            return None
        return Outbound(
            our_id=row.our_id,
            id=row.id,
            chat=Jid.parse(row.chat),
            node=row.node,
            plaintext=row.plaintext and self._seal.open(f"outbound.{row.id}", row.plaintext),
            phash=row.phash,
            state=cast("Literal['encrypted', 'acked', 'failed']", row.state),
            at=row.at,
        )

    def save_outbound(self, outbound: Outbound) -> None:
        """Make it, or replace all of it. Raises `Conflict` if its message has another id at the network already."""
        plaintext = outbound.plaintext
        row = OutboundRow(
            id=outbound.id,
            our_id=outbound.our_id,
            chat=str(outbound.chat),
            node=outbound.node,
            plaintext=plaintext and self._seal.seal(f"outbound.{outbound.id}", plaintext),
            phash=outbound.phash,
            state=outbound.state,
            at=outbound.at,
        )
        sent.save(self._tx, row)

    def count_retry(self, id_: str, device: Jid) -> int:
        """A device asked for a message again; how often so far."""
        return sent.count_retry(self._tx, id_, str(device))

    # secrets of messages, privacy tokens, requests to our phone, app-state keys

    def secret(self, chat: Jid, id_: str) -> bytes | None:
        """The newest of a message."""
        row = message_secrets.find(self._tx, self._texts(chat), id_)
        return None if row is None else self._seal.open(f"message_secrets.{id_}.{row.chat}.{row.sender}", row.secret)

    def save_secret(self, chat: Jid, sender: Jid, id_: str, secret: bytes) -> None:
        """Replace the sender's."""
        sealed = self._seal.seal(f"message_secrets.{id_}.{chat}.{sender}", secret)
        message_secrets.save(self._tx, chat=str(chat), sender=str(sender), id_=id_, secret=sealed)

    def privacy_token(self, lid_user: str) -> PrivacyToken:
        """What is known of a contact; of an unknown one nothing."""
        row = privacy_tokens.load(self._tx, lid_user)
        if row is None:
            return PrivacyToken()
        token = self._seal.open(f"privacy_tokens.{lid_user}", row.token)
        return PrivacyToken(token=token, received_at=row.received_at, issued_at=row.issued_at)

    def save_privacy_token(self, lid_user: str, token: PrivacyToken) -> None:
        """Replace it."""
        sealed = self._seal.seal(f"privacy_tokens.{lid_user}", token.token)
        row = TokenRow(token=sealed, received_at=token.received_at, issued_at=token.issued_at)
        privacy_tokens.save(self._tx, lid_user, row)

    def ask_phone(self, request_id: str, kind: str, chat: Jid, id_: str) -> bool:
        """Note a request; False if the same thing was asked for in the last 14 days, answered or not."""
        return phone_requests.ask(self._tx, request_id=request_id, kind=kind, chats=self._texts(chat), id_=id_)

    def asked_phone(self, request_id: str, kind: str) -> tuple[tuple[Jid, str], ...]:
        """What that request asked for and was not answered yet; empty if it is none of ours."""
        return tuple((Jid.parse(chat), id_) for chat, id_ in phone_requests.pending(self._tx, request_id, kind))

    def phone_answered(self, chat: Jid, id_: str) -> None:
        """Nothing is awaited for this message any more."""
        phone_requests.answered(self._tx, chats=self._texts(chat), id_=id_)

    def save_app_state_key(self, key_id: bytes, key: bytes) -> None:
        """Keep it."""
        facts.save_app_state_key(self._tx, key_id, self._seal.seal(f"app_state_keys.{key_id.hex()}", key))

    # small facts

    def fact(self, key: str) -> bytes | None:
        """A fact about the device; they go with it."""
        sealed = facts.get(self._tx, key)
        return None if sealed is None else self._seal.open(f"facts.{key}", sealed)

    def set_fact(self, key: str, value: bytes | None) -> None:
        """Replace it; None forgets it."""
        if value is None:
            facts.forget(self._tx, key)
        else:
            facts.put(self._tx, key, self._seal.seal(f"facts.{key}", value))

    def tidy(self) -> None:
        """Forget what is past its time: sent plaintext after 7 days, spent requests after 14, proofs and retired keys
        after 60. What waits (to be drained, to be acknowledged) stays."""
        received.tidy(self._tx)
        failures.tidy(self._tx)
        sent.tidy(self._tx)
        message_secrets.tidy(self._tx)
        phone_requests.tidy(self._tx)
        retired.tidy(self._tx)


def _signal_user(person: Jid) -> str:
    return person.address.partition(":")[0]


def _inbound(row: InboundRow) -> Inbound:
    return Inbound(
        seq=row.seq,
        hash=row.hash,
        chat=Jid.parse(row.chat),
        sender=Jid.parse(row.sender),
        id=row.id,
        stanza=row.stanza,
        plaintext=row.plaintext,
        drained=row.drained,
        at=row.at,
    )
