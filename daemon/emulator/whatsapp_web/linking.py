"""Sockets without an account: refs are offered, a phone scans one or a code is typed, and a companion is linked."""

import base64
from typing import Final

from attrs import define, field, frozen

from daemon.emulator.whatsapp_web.accounts import Device, SignedKey
from daemon.emulator.whatsapp_web.passkey_check import PasskeyCheck
from daemon.emulator.whatsapp_web.phone import Phone
from daemon.emulator.whatsapp_web.phone_keys import Entropy
from daemon.whatsapp.web import link_code, pairing
from daemon.whatsapp.web.adv import Details
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import SERVER
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.payload import Registration

REFS: Final = 6
RESTART: Final = Node("stream:error", {"code": "515"})


@frozen
class _Typed:
    """A code that was typed on a phone: the phone's ephemeral key, and the companion's as the code unwrapped it."""

    phone: Phone
    ephemeral: KeyPair = field(repr=False)
    companion_ephemeral: bytes


@define(eq=False)
class Candidate:
    """A device that waits to be linked, on one connection."""

    registration: Registration
    noise: bytes
    refs: tuple[str, ...]
    linked: Device | None = None
    _hello: link_code.CompanionHello | None = None
    _typed: _Typed | None = None
    _check: tuple[Phone, PasskeyCheck] | None = None
    _offered: tuple[Phone, Device] | None = None


@define(eq=False)
class Linking:
    """All candidates. `entropy` gives so many random bytes."""

    entropy: Entropy
    _candidates: list[Candidate] = field(factory=list)
    _made: int = 0

    def arrive(self, registration: Registration, noise: bytes) -> tuple[Candidate, Node]:
        """A device without an account connected: what it is offered."""
        refs = tuple(f"2@{base64.b64encode(self.entropy(48)).decode()}" for _ in range(REFS))
        candidate = Candidate(registration, noise, refs)
        self._candidates.append(candidate)
        return candidate, pairing.pair_device(self._id(), refs)

    def leave(self, candidate: Candidate) -> None:
        """Its connection ended."""
        self._candidates.remove(candidate)

    def scan(self, phone: Phone, text: str, now: int) -> tuple[Candidate, Node]:
        """A phone reads a QR code: what the candidate it belongs to is sent. Raises `Garbled`."""
        code = pairing.read_qr(text)
        candidate = next((one for one in self._candidates if code.ref in one.refs), None)
        if candidate is None or (candidate.noise, candidate.registration.identity) != (code.noise, code.identity):
            raise Garbled("the QR code belongs to no device that is connected; it may have expired")
        return candidate, self._vouch(phone, candidate, code.adv_secret, now)

    def awaits_code(self, phone: Phone) -> bool:
        """Whether a candidate shows a code for this phone."""
        return any(one._hello and one._hello.phone == phone.account.pn for one in self._candidates)

    def passkey(self, phone: Phone) -> PasskeyCheck | None:
        """The passkey step that linking to this phone is in, if there is one."""
        return next((one._check[1] for one in self._candidates if one._check and one._check[0] is phone), None)

    def enter_code(self, phone: Phone, text: str) -> tuple[Candidate, Node]:
        """A person types the code that a companion shows. Slow on purpose: 100 ms. Raises `Garbled`."""
        code = link_code.typed(text)
        candidate, hello = next(
            ((one, one._hello) for one in self._candidates if one._hello and one._hello.phone == phone.account.pn),
            (None, None),
        )
        if candidate is None or hello is None:
            raise Garbled("no device waits for a code of this phone")
        ephemeral = KeyPair.generate(self.entropy(32))
        companion = link_code.unwrap(link_code.code_key(code, link_code.salt_of(hello.wrapped)), hello.wrapped)
        salt = self.entropy(link_code.SALT_BYTES)
        wrapped = link_code.wrap(
            link_code.code_key(code, salt), ephemeral.public, salt=salt, iv=self.entropy(link_code.IV_BYTES)
        )
        candidate._typed = _Typed(phone, ephemeral, companion)
        identity = phone.keys.identity.public
        return candidate, link_code.primary_hello(
            self._id(), ref=_code_ref(candidate), wrapped=wrapped, identity=identity
        )

    def said(self, candidate: Candidate, node: Node, now: int) -> list[Node]:
        """What a candidate is answered; once it is `linked` the connection ends. Raises `Garbled`."""
        if node.tag != "iq":
            return []
        if node.get("type") == "result" or node.get("type") == "error":
            return self._result(candidate, node)
        stage = node.child("link_code_companion_reg")
        match stage.get("stage") if stage else "":
            case "companion_hello":
                candidate._hello = link_code.read_companion_hello(node)
                return [link_code.ref_answer(node, _code_ref(candidate))]
            case "companion_finish" if candidate._typed:
                return [_result_of(node), self._finish(candidate, candidate._typed, node, now)]
            case _:
                return self._with_passkey(candidate, node, now)

    def _finish(self, candidate: Candidate, typed: _Typed, node: Node, now: int) -> Node:
        finish = link_code.read_companion_finish(node)
        secret = link_code.open_bundle(
            finish,
            phone=typed.phone.keys.identity,
            ephemeral=typed.ephemeral,
            companion_ephemeral=typed.companion_ephemeral,
        )
        return self._vouch(typed.phone, candidate, secret, now)

    def _vouch(self, phone: Phone, candidate: Candidate, adv_secret: bytes, now: int) -> Node:
        """The phone links the companion, or a passkey is asked for first."""
        if not phone.wants_passkey:
            return self._success(phone, candidate, adv_secret, now)
        check = PasskeyCheck(self.entropy, adv_secret)
        candidate._check = (phone, check)
        return check.ask(self._id())

    def _with_passkey(self, candidate: Candidate, node: Node, now: int) -> list[Node]:
        """The companion's part of the passkey step."""
        child = node.children()[0] if node.children() else Node("none")
        if candidate._check is None:
            return [_result_of(node)]
        phone, check = candidate._check
        match child.tag:
            case "passkey_request_options":
                return [_result_of(node, check.options())]
            case "ref":
                return [_result_of(node, check.ref())]
            case "passkey_prologue":
                return [_result_of(node), check.prove(child, self._id())]
            case "companion_nonce":
                check.reveal(child.data)
                return [_result_of(node)]
            case "encrypted_pairing_request":
                asked = check.open(child.data)
                ours = (asked.companionPublicKey, asked.companionIdentityKey)
                if ours != (candidate.noise, candidate.registration.identity):
                    raise Untrusted("the companion pairs with other keys than it registered with")
                return [_result_of(node), self._success(phone, candidate, asked.advSecret, now)]
            case _:
                return [_result_of(node)]

    def _success(self, phone: Phone, candidate: Candidate, adv_secret: bytes, now: int) -> Node:
        number, key_index = phone.account.reserve()
        said = candidate.registration
        device = Device(
            phone.account,
            number,
            candidate.noise,
            key_index,
            identity=said.identity,
            registration_id=said.registration_id,
            signed=SignedKey(said.signed_prekey_id, said.signed_prekey, said.signature),
        )
        candidate._offered = (phone, device)
        return pairing.pair_success(
            self._id(),
            phone=phone.keys.identity,
            companion=said.identity,
            adv_secret=adv_secret,
            details=Details(raw_id=phone.raw_id, timestamp=now, key_index=key_index),
            jid=device.jid,
            lid=device.lid,
            random64=self.entropy(64),
            platform=phone.platform,
            business_name=phone.account.name if phone.business else "",
        )

    def _result(self, candidate: Candidate, node: Node) -> list[Node]:
        """The companion's signature, which links it; other results mean nothing."""
        if candidate._offered is None or (node.get("type") == "result" and node.child("pair-device-sign") is None):
            return []
        phone, device = candidate._offered
        signed = pairing.read_pair_device_sign(node, companion=device.identity, phone=phone.keys.identity.public)
        device.device_identity = signed.to_bytes()
        phone.account.link(device)
        candidate.linked = device
        return [RESTART]

    def _id(self) -> str:
        self._made += 1
        return f"link-{self._made}"


def _code_ref(candidate: Candidate) -> bytes:
    return candidate.refs[0].encode()


def _result_of(node: Node, *content: Node) -> Node:
    return Node("iq", {"from": SERVER, "type": "result", "id": node.get("id")}, content)
