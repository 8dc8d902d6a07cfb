"""The passkey step that WhatsApp puts before linking some accounts (since June 2026), from the companion's side.

Asked → Proved → Confirming → a request sent, then pair-success as ever. A server cannot make the proof: a person who
can use the account's passkey makes it in a browser. Each state has a sentence that tells the operator what to do.
Known from other implementations only; never tried by us against WhatsApp's own servers.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Any, Final

import orjson
from attrs import field, frozen
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daemon.whatsapp.web import link_code
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.curve import KEY_BYTES, KeyPair, dh, hkdf
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import SERVER
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.protobuf import parse

RELYING_PARTY: Final = "whatsapp.com"
HANDOFF_SECONDS: Final = 300.0
"""How long the proof that the phone read our QR code spares comparing codes."""

DEVICE_TYPE: Final = wa.DPPT_CHROME
"""The platform of `payload.DEVICE_PROPS`."""
NONCE_BYTES: Final = 32
_LONGEST_JSON: Final = 65536
_CODE_BYTES: Final = 5
_MOST_SECONDS: Final = 3600.0

FETCH_OPTIONS: Final = Node("iq", {"to": SERVER, "type": "get", "xmlns": "md"}, (Node("passkey_request_options"),))
"""Asks for the options again, where the notification had none that could be read."""
FETCH_REF: Final = Node("iq", {"to": SERVER, "type": "get", "xmlns": "md"}, (Node("ref"),))


@frozen(kw_only=True)
class Asked:
    """WhatsApp wants a passkey. Times are seconds of the clock the caller reads."""

    options: str  # JSON for navigator.credentials.get(), binary fields in base64url
    challenge: str
    until: float
    handoff_key: bytes = field(repr=False)
    handoff_until: float

    @property
    def command(self) -> str:
        """What to type in the console of a browser's web.whatsapp.com tab; its result is for `read_assertion`."""
        return (
            "JSON.stringify(await navigator.credentials.get({publicKey:"
            f" PublicKeyCredential.parseRequestOptionsFromJSON({self.options})}}))"
        )

    @property
    def sentence(self) -> str:
        """For the operator."""
        return (
            "WhatsApp asks for this account's passkey before it links a device, and a server cannot make that proof:"
            " open web.whatsapp.com in a browser that can use the dealer's passkey, run the command shown here in its"
            " console and hand the result to the pairing; without a passkey the number cannot be linked, connect it"
            " through the Cloud API instead"
        )


@frozen(kw_only=True)
class Assertion:
    """A passkey's proof, as the browser gave it."""

    credential_id: bytes
    json: bytes = field(repr=False)


@frozen(kw_only=True)
class Proved:
    """The proof was sent; the phone answers next."""

    ephemeral: KeyPair = field(repr=False)
    nonce: bytes = field(repr=False)
    ref: str
    handed_off: bool  # no comparing of codes

    @property
    def sentence(self) -> str:
        """For the operator."""
        return "the passkey's proof was sent: keep WhatsApp open on the phone; if nothing follows, start pairing again"


@frozen(kw_only=True)
class Confirming:
    """The phone answered. `code` is to be compared with the phone's, "" where that is not needed."""

    key: bytes = field(repr=False)
    code: str

    @property
    def sentence(self) -> str:
        """For the operator."""
        if self.code:
            return f"confirm the pairing only if the phone shows the same code: {link_code.shown(self.code)}"
        return "the phone accepted the passkey: the pairing goes on by itself"


@frozen(kw_only=True)
class PairingRequest:
    """The last word. `adv_secret` replaces the QR code's and must be on disk before `node` is sent."""

    node: Node = field(repr=False)
    adv_secret: bytes = field(repr=False)

    @property
    def sentence(self) -> str:
        """For the operator."""
        return "the device's keys were sent to the phone: it ends the pairing; if it does not, start pairing again"


def asked(node: Node, *, adv_secret: bytes, now: float) -> Asked:
    """What the server wants, from its notification or its answer to `FETCH_OPTIONS`. Raises `Garbled`."""
    if node.jid("from") != SERVER or node.get("type") not in ("passkey_prologue_request", "result"):
        raise Garbled("a passkey is for the server alone to ask for")
    child = node.child("passkey_request_options")
    text = child.data if child else b""
    options = _record(text, "the options of a passkey request")
    challenge, milliseconds = options.get("challenge"), options.get("timeout")
    if not isinstance(challenge, str) or not _base64url(challenge):
        raise Garbled("a passkey request has no challenge")
    if options.get("rpId") != RELYING_PARTY:
        raise Garbled("a passkey request is for another site than whatsapp.com")
    seconds = milliseconds / 1000 if isinstance(milliseconds, int) and milliseconds > 0 else HANDOFF_SECONDS
    return Asked(
        options=text.decode(),
        challenge=challenge,
        until=now + min(seconds, _MOST_SECONDS),
        handoff_key=hkdf(adv_secret, salt=None, info=b"shortcake-passkey-handoff-v1", length=32),
        handoff_until=now + HANDOFF_SECONDS,
    )


def read_assertion(text: str, wanted: Asked) -> Assertion:
    """The JSON a person brings back from the browser. Raises `Garbled` with a sentence that says what is wrong."""
    given = _record(text.encode("utf-8", "replace"), "the passkey's result")
    response = given.get("response")
    if given.get("type") != "public-key" or not isinstance(response, dict):
        raise Garbled("the passkey's result is not the JSON of navigator.credentials.get(): copy it whole")
    credential_id = _binary(given, "rawId")
    client_data = _record(_binary(response, "clientDataJSON"), "the passkey's clientDataJSON")
    for name in ("authenticatorData", "signature"):
        _binary(response, name)
    if client_data.get("type") != "webauthn.get":
        raise Garbled("the passkey was not used to log in: call navigator.credentials.get(), not create()")
    challenge = client_data.get("challenge")
    if not isinstance(challenge, str) or challenge.rstrip("=") != wanted.challenge.rstrip("="):
        raise Garbled(
            "the passkey answers an older request: call navigator.credentials.get() with the options shown now"
        )
    kept = {
        "id": given["rawId"],
        "rawId": given["rawId"],
        "type": "public-key",
        "response": {
            "clientDataJSON": response["clientDataJSON"],
            "authenticatorData": response["authenticatorData"],
            "signature": response["signature"],
            "userHandle": _user_handle(response),
        },
    }
    return Assertion(credential_id=credential_id, json=orjson.dumps(kept))


def read_ref(answer: Node) -> str:
    """The ref in the answer to `FETCH_REF`. Raises `Garbled`."""
    child = answer.child("ref")
    data = child.data if child else b""
    if not 0 < len(data) <= 1024 or not data.isascii():
        raise Garbled("the server gave no ref for the passkey's proof")
    return data.decode("ascii")


def prove(
    wanted: Asked, assertion: Assertion, *, ref: str, ephemeral: KeyPair, nonce: bytes, now: float
) -> tuple[Proved, Node]:
    """The state and the iq that carries the proof. `nonce` is 32 fresh random bytes, committed to now, shown later."""
    identity = wa.CompanionEphemeralIdentity(
        publicKey=ephemeral.public, deviceType=DEVICE_TYPE, ref=ref
    ).SerializeToString(deterministic=True)
    commitment = wa.CompanionCommitment(hash=hashlib.sha256(identity + nonce).digest())
    prologue = wa.ProloguePayload(companionEphemeralIdentity=identity, commitment=commitment).SerializeToString(
        deterministic=True
    )
    children = [
        Node("credential_id", content=assertion.credential_id),
        Node("webauthn_assertion", content=assertion.json),
        Node("prologue_payload", content=prologue),
    ]
    handed_off = now < wanted.handoff_until
    if handed_off:
        proof = hmac.digest(wanted.handoff_key, prologue, hashlib.sha256)
        children.append(Node("pairing_handoff_proof", content=proof))
    proved = Proved(ephemeral=ephemeral, nonce=nonce, ref=ref, handed_off=handed_off)
    return proved, _set(Node("passkey_prologue", content=tuple(children)))


def confirm(proved: Proved, notification: Node) -> tuple[Confirming, Node]:
    """The phone's answer ("crsc_continuation"): the state, and the iq that shows our nonce. Raises `Garbled`."""
    if notification.jid("from") != SERVER:
        raise Garbled("a passkey's answer comes through the server alone")
    child = notification.child("primary_ephemeral_identity")
    phone = parse(wa.PrimaryEphemeralIdentity, child.data if child else b"")
    if len(phone.publicKey) != KEY_BYTES or len(phone.nonce) != NONCE_BYTES:
        raise Garbled("the phone's answer to the passkey has no key or no nonce of 32 bytes")
    salt = f"Companion Pairing {int(DEVICE_TYPE)} with ref {proved.ref}".encode()
    shared = dh(proved.ephemeral.private, phone.publicKey)
    digest = hashlib.sha256(proved.nonce + phone.publicKey).digest()
    mixed = bytes(ours ^ theirs for ours, theirs in zip(digest[:_CODE_BYTES], phone.nonce, strict=False))
    confirming = Confirming(
        key=hkdf(shared, salt=salt, info=b"Pairing Information Encryption Key", length=32),
        code="" if proved.handed_off else link_code.code_from(mixed),
    )
    return confirming, _set(Node("companion_nonce", content=proved.nonce))


def request(confirming: Confirming, *, noise: bytes, identity: bytes, adv_secret: bytes, iv: bytes) -> PairingRequest:
    """Hand the phone our public keys and a new ADV secret (32 fresh random bytes); `iv` is 12 random bytes.

    Only after a person confirmed the code, where there is one.
    """
    plain = wa.PairingRequest(companionPublicKey=noise, companionIdentityKey=identity, advSecret=adv_secret)
    sealed = AESGCM(confirming.key).encrypt(iv, plain.SerializeToString(deterministic=True), None)
    content = wa.EncryptedPairingRequest(encryptedPayload=sealed, iv=iv).SerializeToString(deterministic=True)
    return PairingRequest(node=_set(Node("encrypted_pairing_request", content=content)), adv_secret=adv_secret)


def _set(child: Node) -> Node:
    return Node("iq", {"to": SERVER, "type": "set", "xmlns": "md"}, (child,))


def _record(data: bytes, what: str) -> dict[str, Any]:
    if not 0 < len(data) <= _LONGEST_JSON:
        raise Garbled(f"{what} are missing or too long")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise Garbled(f"{what} are not a JSON object")
    return value


def _binary(record: dict[str, Any], name: str) -> bytes:
    value = record.get(name)
    data = _base64url(value) if isinstance(value, str) else b""
    if not data:
        raise Garbled(f"the passkey's result lacks {name} (base64url): copy the whole JSON")
    return data


def _user_handle(response: dict[str, Any]) -> str | None:
    handle = response.get("userHandle")
    return handle if isinstance(handle, str) else None


def _base64url(text: str) -> bytes:
    """The bytes, padded or not; b"" for anything else."""
    unpadded = text.rstrip("=")
    try:
        return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
