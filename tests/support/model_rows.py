"""`Rows` in plain Python: what the session file is compared with."""

from collections.abc import Sequence

from attrs import define, evolve, field

from daemon.channels.web.keys import Device, DeviceList, Inbound, Outbound, PrivacyToken
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.jid import LID, PN, Jid
from daemon.whatsapp.web.record import PreKey

DAY_MS = 24 * 3600 * 1000
LAST_PREKEY = 0xFFFFFF


@define
class ModelRows:
    """Everything in dictionaries; `now_ms` is moved by hand. Knows people by number and LID alone."""

    now_ms: int = 0
    device_: Device | None = None
    sessions: dict[str, bytes] = field(factory=dict)
    identities: dict[str, bytes] = field(factory=dict)
    prekeys: dict[int, tuple[PreKey, bool]] = field(factory=dict)
    last_prekey: int = 0
    lids: dict[str, str] = field(factory=dict)  # by number
    lists: dict[Jid, DeviceList] = field(factory=dict)
    received: list[tuple[Inbound, int]] = field(factory=list)  # and when it was stored
    numbered: int = 0
    failed: dict[tuple[Jid, str], dict[Jid, int]] = field(factory=dict)
    failed_at: dict[tuple[Jid, str, Jid], int] = field(factory=dict)
    resolved: set[tuple[Jid, str, Jid]] = field(factory=set)
    sent: dict[str, tuple[Outbound, int]] = field(factory=dict)
    retries: dict[tuple[str, Jid], tuple[int, int]] = field(factory=dict)
    secrets: list[tuple[Jid, Jid, str, bytes, int]] = field(factory=list)
    tokens: dict[str, PrivacyToken] = field(factory=dict)
    asked: list[list[object]] = field(factory=list)  # request, kind, chat, id, when, whether answered
    facts: dict[str, bytes] = field(factory=dict)
    app_state_keys: dict[bytes, bytes] = field(factory=dict)

    def device(self) -> Device | None:
        return self.device_

    def save_device(self, device: Device) -> None:
        self.device_ = device

    def retire_device(self, reason: str) -> None:
        self.device_ = None
        for each in (self.sessions, self.identities, self.prekeys, self.lists, self.tokens):
            each.clear()
        for other in (self.secrets, self.asked, self.facts, self.app_state_keys, self.retries):
            other.clear()
        for id_, (one, at) in self.sent.items():
            state = "failed" if one.state == "encrypted" else one.state
            self.sent[id_] = (evolve(one, state=state, node=b"", plaintext=b""), at)

    def session(self, address: str) -> bytes | None:
        return self.sessions.get(address)

    def save_session(self, address: str, record: bytes) -> None:
        self.sessions[address] = record

    def identity(self, address: str) -> bytes | None:
        return self.identities.get(address)

    def save_identity(self, address: str, identity: bytes) -> bytes | None:
        before, self.identities[address] = self.identities.get(address), identity
        return None if before == identity else before

    def forget_session(self, address: str) -> None:
        self.sessions.pop(address, None)

    def forget_person(self, person: Jid) -> None:
        for jid in self._both(person.bare):
            self.lists.pop(jid, None)
            for kept in (self.sessions, self.identities):
                for address in list(kept):
                    if address.partition(":")[0] == jid.address.partition(":")[0]:
                        del kept[address]

    def prekey(self, id_: int) -> PreKey | None:
        return self.prekeys[id_][0] if id_ in self.prekeys else None

    def spend_prekey(self, id_: int) -> None:
        self.prekeys.pop(id_, None)

    def add_prekeys(self, pairs: Sequence[KeyPair], *, uploaded: bool = False) -> list[PreKey]:
        made = [PreKey(self.last_prekey + number, pair) for number, pair in enumerate(pairs, 1)]
        self.last_prekey += len(pairs)
        assert self.last_prekey <= LAST_PREKEY
        self.prekeys |= {prekey.id: (prekey, uploaded) for prekey in made}
        return made

    def unsent_prekeys(self, limit: int) -> list[PreKey]:
        return [prekey for prekey, uploaded in self.prekeys.values() if not uploaded][:limit]

    def prekeys_uploaded(self, ids: Sequence[int]) -> None:
        for id_ in ids:
            if id_ in self.prekeys:
                self.prekeys[id_] = (self.prekeys[id_][0], True)

    def prekeys_left(self) -> int:
        return sum(uploaded for _, uploaded in self.prekeys.values())

    def lid_of(self, pn_user: str) -> str | None:
        return self.lids.get(pn_user)

    def pn_of(self, lid_user: str) -> str | None:
        return next((pn for pn, lid in self.lids.items() if lid == lid_user), None)

    def learn_address(self, *, lid_user: str, pn_user: str) -> bool:
        changed = self.lids.get(pn_user) != lid_user
        self.lids = {pn: lid for pn, lid in self.lids.items() if lid != lid_user} | {pn_user: lid_user}
        for kept in (self.sessions, self.identities):
            for address in list(kept):
                user, _, device = address.partition(":")
                if user == pn_user:
                    kept[f"{lid_user}_1:{device}"] = kept.pop(address)
                    changed = True
        if (old := self.lists.pop(Jid(pn_user), None)) is not None:
            new = self.lists.get(Jid(lid_user, LID), DeviceList(devices=(), fetched_at=old.fetched_at))
            devices = (*new.devices, *(device for device in old.devices if device not in new.devices))
            fetched_at = min(old.fetched_at, new.fetched_at)
            self.lists[Jid(lid_user, LID)] = DeviceList(devices=devices, fetched_at=fetched_at)
            changed = True
        return changed

    def devices(self, person: Jid) -> DeviceList | None:
        return self.lists.get(person)

    def save_devices(self, person: Jid, devices: Sequence[int]) -> None:
        self.lists[person] = DeviceList(devices=tuple(devices), fetched_at=self.now_ms)

    def forget_devices(self, person: Jid) -> None:
        self.lists.pop(person, None)

    def inbound(self, hash_: bytes) -> Inbound | None:
        return next((one for one, _ in self.received if one.hash == hash_), None)

    def inbound_of(self, chat: Jid, id_: str) -> Inbound | None:
        return next((one for one, _ in self.received if one.id == id_ and one.chat in self._both(chat)), None)

    def store_inbound(self, inbound: Inbound) -> Inbound:
        if (kept := self.inbound(inbound.hash)) is not None:
            return kept
        self.numbered += 1
        made = evolve(inbound, seq=self.numbered)
        if made.drained:
            made = evolve(made, stanza=b"", plaintext=b"")
        self.received.append((made, self.now_ms))
        return made

    def to_drain(self, limit: int) -> list[Inbound]:
        return [one for one, _ in self.received if not one.drained][:limit]

    def drained(self, seqs: Sequence[int]) -> None:
        self.received = [
            (evolve(one, drained=True, stanza=b"", plaintext=b"") if one.seq in seqs else one, at)
            for one, at in self.received
        ]

    def count_failure(self, *, chat: Jid, sender: Jid, id_: str, at: int, reason: int) -> int:
        senders = self.failed.setdefault((chat, id_), {})
        senders[sender] = senders.get(sender, 0) + 1
        self.failed_at.setdefault((chat, id_, sender), self.now_ms)
        return senders[sender]

    def failure_resolved(self, *, chat: Jid, id_: str) -> None:
        for jid in self._both(chat):
            self.resolved |= {(jid, id_, sender) for sender in self.failed.get((jid, id_), ())}

    def failures(self) -> int:
        return sum(
            any((chat, id_, sender) not in self.resolved for sender in senders)
            for (chat, id_), senders in self.failed.items()
        )

    def outbound(self, our_id: str) -> Outbound | None:
        return next((one for one, _ in self.sent.values() if our_id and one.our_id == our_id), None)

    def outbound_of(self, id_: str) -> Outbound | None:
        return self.sent[id_][0] if id_ in self.sent else None

    def save_outbound(self, outbound: Outbound) -> None:
        self.sent[outbound.id] = (outbound, self.sent[outbound.id][1] if outbound.id in self.sent else self.now_ms)

    def count_retry(self, id_: str, device: Jid) -> int:
        self.retries[id_, device] = (self.retries.get((id_, device), (0, 0))[0] + 1, self.now_ms)
        return self.retries[id_, device][0]

    def secret(self, chat: Jid, id_: str) -> bytes | None:
        found = [one[3] for one in self.secrets if one[2] == id_ and one[0] in self._both(chat)]
        return found[-1] if found else None

    def save_secret(self, chat: Jid, sender: Jid, id_: str, secret: bytes) -> None:
        self.secrets = [one for one in self.secrets if one[:3] != (chat, sender, id_)]
        self.secrets.append((chat, sender, id_, secret, self.now_ms))

    def privacy_token(self, lid_user: str) -> PrivacyToken:
        return self.tokens.get(lid_user, PrivacyToken())

    def save_privacy_token(self, lid_user: str, token: PrivacyToken) -> None:
        self.tokens[lid_user] = token

    def ask_phone(self, request_id: str, kind: str, chat: Jid, id_: str) -> bool:
        if any(one[1] == kind and one[2] in self._both(chat) and one[3] == id_ for one in self.asked):
            return False
        self.asked.append([request_id, kind, chat, id_, self.now_ms, False])
        return True

    def asked_phone(self, request_id: str, kind: str) -> tuple[tuple[Jid, str], ...]:
        return tuple(
            (one[2], one[3])  # type: ignore[misc]
            for one in self.asked
            if one[:2] == [request_id, kind] and not one[5]
        )

    def phone_answered(self, chat: Jid, id_: str) -> None:
        for one in self.asked:
            if one[2] in self._both(chat) and one[3] == id_:
                one[5] = True

    def save_app_state_key(self, key_id: bytes, key: bytes) -> None:
        self.app_state_keys[key_id] = key

    def fact(self, key: str) -> bytes | None:
        return self.facts.get(key)

    def set_fact(self, key: str, value: bytes | None) -> None:
        if value is None:
            self.facts.pop(key, None)
        else:
            self.facts[key] = value

    def tidy(self) -> None:
        def old(at: int, days: int) -> bool:
            return at <= self.now_ms - days * DAY_MS

        self.received = [(one, at) for one, at in self.received if not (one.drained and old(at, 60))]
        for (chat, id_, sender), at in list(self.failed_at.items()):
            if old(at, 60):
                del self.failed_at[chat, id_, sender], self.failed[chat, id_][sender]
                self.resolved.discard((chat, id_, sender))
        for id_, (one, at) in list(self.sent.items()):
            if one.state != "encrypted" or not one.our_id:
                if old(at, 60):
                    del self.sent[id_]
                elif old(at, 7):
                    self.sent[id_] = (evolve(one, plaintext=b""), at)
        self.retries = {key: found for key, found in self.retries.items() if not old(found[1], 7)}
        self.secrets = [one for one in self.secrets if not old(one[4], 60)]
        self.asked = [one for one in self.asked if not old(int(str(one[4])), 14)]

    def _both(self, jid: Jid) -> tuple[Jid, ...]:
        other = self.lid_of(jid.user) if jid.server == PN else self.pn_of(jid.user)
        if other is None:
            return (jid,)
        return jid, Jid(other, LID if jid.server == PN else PN, jid.device)
