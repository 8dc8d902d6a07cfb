"""A phone's Signal keys and sessions: one session with each device it talks to, by whatever name that is addressed."""

from collections.abc import Callable
from typing import Final

from attrs import define, field

from daemon.emulator.whatsapp_web.accounts import Device, Published, SignedKey
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web import ratchet
from daemon.whatsapp.web.bundle import Bundle
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.protobuf import parse
from daemon.whatsapp.web.record import Me, PreKey, SessionRecord, SignedPreKey

Entropy = Callable[[int], bytes]

PREKEYS: Final = 30
SIGNED_ID: Final = 1

Peer = tuple[str, int]  # the account's phone number, the device's number


@define(eq=False)
class PhoneKeys:
    """What a phone encrypts with. `entropy` gives so many random bytes."""

    entropy: Entropy
    identity: KeyPair = field(init=False, repr=False)
    registration_id: int = field(init=False)
    signed: SignedPreKey = field(init=False, repr=False)
    prekeys: dict[int, PreKey] = field(factory=dict, init=False, repr=False)
    sessions: dict[Peer, SessionRecord] = field(factory=dict, init=False, repr=False)
    _last_prekey: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.renew()

    @property
    def me(self) -> Me:
        """As the ratchet wants it."""
        return Me(self.identity, self.registration_id)

    def renew(self) -> None:
        """New keys, as after the app was installed anew: all sessions are gone."""
        self.identity = self._pair()
        self.registration_id = 1 + int.from_bytes(self.entropy(2)) % 0x3FFE
        self.signed = SignedPreKey.signed(self.identity, SIGNED_ID, self._pair(), self.entropy(64))
        self.prekeys.clear()
        self.sessions.clear()

    def publish(self, device: Device) -> None:
        """Have the server hand out our keys, with `PREKEYS` more prekeys."""
        device.identity = self.identity.public
        device.registration_id = self.registration_id
        device.signed = SignedKey(self.signed.id, self.signed.pair.public, self.signed.signature)
        for _ in range(PREKEYS):
            device.prekeys.update([self.fresh_prekey()])

    def fresh_prekey(self) -> tuple[int, bytes]:
        """A prekey that nobody was given yet: its id and public half."""
        self._last_prekey += 1
        self.prekeys[self._last_prekey] = PreKey(self._last_prekey, self._pair())
        return self._last_prekey, self.prekeys[self._last_prekey].pair.public

    def encrypt(self, to: Device, message: wa.Message) -> Node:
        """The `<enc>` for one device; a session is begun with its published bundle if there is none.

        Raises `Garbled` if the device published nothing.
        """
        peer = _peer(to)
        if peer not in self.sessions:
            bundle = to.take_bundle()
            if bundle is None:
                raise Garbled(f"{to.jid} has published no keys")
            self.begin(to, bundle)
        padded = ratchet.pad(message.SerializeToString(), 1 + self.entropy(1)[0] % 16)
        self.sessions[peer], kind, body = ratchet.encrypt(self.me, self.sessions[peer], padded)
        return Node("enc", {"v": "2", "type": kind}, body)

    def begin(self, to: Device, published: Published) -> None:
        """A new session from a bundle, beside those there are."""
        bundle = Bundle(
            registration_id=published.registration_id,
            identity=published.identity,
            signed_id=published.signed.id,
            signed_public=published.signed.public,
            signature=published.signed.signature,
            prekey=published.prekey,
        )
        record = self.sessions.get(_peer(to))
        self.sessions[_peer(to)] = ratchet.start(
            self.me, bundle, base=self._pair(), ratchet=self._pair(), record=record
        )

    def decrypt(self, sender: Device, enc: Node) -> wa.Message:
        """What a device wrote. Raises `ratchet.SessionError`, `ratchet.DuplicateMessage`, `Garbled`."""
        peer = _peer(sender)
        record = self.sessions.get(peer)
        if enc.get("type") == "pkmsg":
            first = ratchet.read_prekey_message(enc.data)
            prekey = self.prekeys.get(first.prekey_id) if first.prekey_id is not None else None
            record, padded, used = ratchet.decrypt_prekey_message(
                self.me, record, first, signed=self.signed, prekey=prekey, new_ratchet=self._pair()
            )
            if used and prekey is not None:
                del self.prekeys[prekey.id]
        else:
            record, padded = ratchet.decrypt_message(self.me, record, enc.data, new_ratchet=self._pair())
        self.sessions[peer] = record
        return parse(wa.Message, ratchet.unpad(padded))

    def forget(self, phone: str) -> None:
        """All sessions with the devices of an account."""
        for peer in [peer for peer in self.sessions if peer[0] == phone]:
            del self.sessions[peer]

    def _pair(self) -> KeyPair:
        return KeyPair.generate(self.entropy(32))


def _peer(device: Device) -> Peer:
    return device.account.phone, device.number
