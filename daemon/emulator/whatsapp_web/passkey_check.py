"""The passkey step before linking some accounts, from the server's and the phone's side.

It follows what `daemon.whatsapp.web.passkey` does on the companion's side, in the same order: options asked for, proof
and commitment, the phone's ephemeral key, the companion's nonce, and its keys under what both then share.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

import orjson
from attrs import define, field
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daemon.emulator.whatsapp_web.phone_keys import Entropy
from daemon.whatsapp.web import link_code
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.curve import KeyPair, dh, hkdf
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import SERVER
from daemon.whatsapp.web.node import Attr, Node
from daemon.whatsapp.web.protobuf import parse

TIMEOUT_MS: Final = 600_000


@define(eq=False)
class PasskeyCheck:
    """One attempt. `adv_secret` is the QR code's or the pairing code's; `code` what the phone shows to be compared.

    `code` is None until the companion has shown its nonce, and "" where it proved that the phone read its QR code.
    """

    entropy: Entropy = field(repr=False)
    adv_secret: bytes = field(repr=False)
    code: str | None = None
    _challenge: str = field(init=False)
    _ref: str = field(init=False)
    _nonce: bytes = field(init=False)
    _ephemeral: KeyPair = field(init=False)
    _companion: wa.CompanionEphemeralIdentity | None = None
    _signed_identity: bytes = b""
    _commitment: bytes = b""
    _handed_off: bool = False
    _revealed: bool = False

    def __attrs_post_init__(self) -> None:
        self._challenge = base64.urlsafe_b64encode(self.entropy(32)).decode().rstrip("=")
        self._ref = self.entropy(16).hex()
        self._nonce = self.entropy(32)
        self._ephemeral = KeyPair.generate(self.entropy(32))

    def ask(self, id_: str) -> Node:
        """The notification that a passkey is wanted."""
        attrs: dict[str, Attr] = {"from": SERVER, "type": "passkey_prologue_request", "id": id_}
        return Node("notification", attrs, (self.options(),))

    def options(self) -> Node:
        """What the browser is to be asked for."""
        options = {
            "challenge": self._challenge,
            "timeout": TIMEOUT_MS,
            "rpId": "whatsapp.com",
            "allowCredentials": [],
            "userVerification": "required",
        }
        return Node("passkey_request_options", {}, orjson.dumps(options))

    def ref(self) -> Node:
        """What the companion's proof is bound to."""
        return Node("ref", {}, self._ref.encode())

    def prove(self, prologue: Node, id_: str) -> Node:
        """The companion's proof; the phone's answer to it. Raises `Garbled`, `Untrusted`."""
        _check_assertion(_data(prologue, "webauthn_assertion"), _data(prologue, "credential_id"), self._challenge)
        payload = _data(prologue, "prologue_payload")
        parsed = parse(wa.ProloguePayload, payload)
        self._signed_identity, self._commitment = parsed.companionEphemeralIdentity, parsed.commitment.hash
        self._companion = parse(wa.CompanionEphemeralIdentity, self._signed_identity)
        if self._companion.ref != self._ref:
            raise Untrusted("the passkey's proof is bound to another ref")
        handoff = hkdf(self.adv_secret, salt=None, info=b"shortcake-passkey-handoff-v1", length=32)
        proof = prologue.child("pairing_handoff_proof")
        self._handed_off = proof is not None
        if proof and not hmac.compare_digest(proof.data, hmac.digest(handoff, payload, hashlib.sha256)):
            raise Untrusted("the proof that the phone read the QR code is wrong")
        identity = wa.PrimaryEphemeralIdentity(publicKey=self._ephemeral.public, nonce=self._nonce)
        content = Node("primary_ephemeral_identity", {}, identity.SerializeToString())
        return Node("notification", {"from": SERVER, "type": "crsc_continuation", "id": id_}, (content,))

    def reveal(self, nonce: bytes) -> None:
        """The companion shows what it committed to. Raises `Untrusted` if it is something else."""
        if hashlib.sha256(self._signed_identity + nonce).digest() != self._commitment:
            raise Untrusted("the companion's nonce is not what it committed to")
        digest = hashlib.sha256(nonce + self._ephemeral.public).digest()[:5]
        mixed = bytes(theirs ^ ours for theirs, ours in zip(digest, self._nonce, strict=False))
        self.code = "" if self._handed_off else link_code.code_from(mixed)
        self._revealed = True

    def open(self, content: bytes) -> wa.PairingRequest:
        """The companion's keys and its new ADV secret. Raises `Garbled`, `Untrusted`."""
        if self._companion is None or not self._revealed:
            raise Garbled("a pairing request before its nonce")
        request = parse(wa.EncryptedPairingRequest, content)
        salt = f"Companion Pairing {int(self._companion.deviceType)} with ref {self._ref}".encode()
        shared = dh(self._ephemeral.private, self._companion.publicKey)
        key = hkdf(shared, salt=salt, info=b"Pairing Information Encryption Key", length=32)
        try:
            plain = AESGCM(key).decrypt(request.iv, request.encryptedPayload, None)
        except (InvalidTag, ValueError):
            raise Untrusted("the pairing request is not encrypted with what was agreed on") from None
        return parse(wa.PairingRequest, plain)


def _check_assertion(given: bytes, credential_id: bytes, challenge: str) -> None:
    """Only what needs no knowledge of the passkey: that it answers this challenge, and names itself."""
    try:
        assertion = orjson.loads(given)
        client_data = orjson.loads(_unpadded(assertion["response"]["clientDataJSON"]))
        matches = client_data["challenge"] == challenge and _unpadded(assertion["rawId"]) == credential_id
    except (orjson.JSONDecodeError, KeyError, TypeError, binascii.Error):
        raise Garbled("the passkey's assertion cannot be read") from None
    if not matches:
        raise Untrusted("the passkey's assertion answers another challenge")


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _data(node: Node, tag: str) -> bytes:
    child = node.child(tag)
    return child.data if child else b""
