"""Becoming a linked device by an eight-character code that the dealer types on the phone; both sides.

The code wraps each side's ephemeral key, so whoever does not know it cannot take part in the exchange that follows.
Deriving the wrapping key is slow on purpose (`code_key`, about 50 ms): run it in a thread.
"""

import hashlib
from typing import Final

from attrs import field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from daemon.whatsapp.web.curve import KEY_BYTES, KeyPair, dh, hkdf
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import PN, SERVER, Jid
from daemon.whatsapp.web.node import Attr, Node
from daemon.whatsapp.web.pairing import CLIENT_TYPE, PairingRefused

ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"
CODE_LENGTH: Final = 8
PBKDF2_ROUNDS: Final = 131072
WINDOW_SECONDS: Final = 160.0
"""From companion_hello to pair-success."""

SALT_BYTES: Final = 32
IV_BYTES: Final = 16
NONCE_BYTES: Final = 12
WRAPPED_BYTES: Final = SALT_BYTES + IV_BYTES + KEY_BYTES

PLATFORM_DISPLAY: Final = "Chrome (Linux)"
"""The server takes known browsers and systems only, so our own name cannot stand here."""

_REG: Final = "link_code_companion_reg"
_WRAPPED_COMPANION: Final = "link_code_pairing_wrapped_companion_ephemeral_pub"
_WRAPPED_PRIMARY: Final = "link_code_pairing_wrapped_primary_ephemeral_pub"
_REF: Final = "link_code_pairing_ref"
_BUNDLE: Final = "link_code_pairing_wrapped_key_bundle"
_BUNDLE_INFO: Final = b"link_code_pairing_key_bundle_encryption_key"
_GCM_TAG_BYTES: Final = 16
_BUNDLE_BYTES: Final = SALT_BYTES + NONCE_BYTES + 3 * KEY_BYTES + _GCM_TAG_BYTES
_MOST_DIGITS: Final = 15  # E.164
_LONGEST_REF: Final = 1024


@frozen(kw_only=True)
class PrimaryHello:
    """The phone's answer once the code was typed."""

    ref: bytes
    wrapped: bytes = field(repr=False)
    identity: bytes


@frozen(kw_only=True)
class CompanionHello:
    """What the server and the phone read of a companion that asks for a code."""

    phone: Jid
    wrapped: bytes = field(repr=False)
    noise: bytes
    platform_id: str
    platform_display: str


@frozen(kw_only=True)
class CompanionFinish:
    """The companion's last word; only the phone can open the bundle."""

    phone: Jid
    ref: bytes
    identity: bytes
    bundle: bytes = field(repr=False)


@frozen(kw_only=True)
class Finish:
    """What the companion sends last. `adv_secret` must be on disk before: pair-success is checked with it."""

    node: Node = field(repr=False)
    adv_secret: bytes = field(repr=False)


def code_from(random5: bytes) -> str:
    """Eight characters of `ALPHABET`, five bits each. Raises `Garbled` unless given 5 bytes."""
    if len(random5) != 5:
        raise Garbled(f"a pairing code is made of 5 bytes, not {len(random5)}")
    bits = int.from_bytes(random5, "big")
    return "".join(ALPHABET[bits >> shift & 31] for shift in range(35, -5, -5))


def shown(code: str) -> str:
    """As the phone asks for it: `XXXX-XXXX`."""
    return f"{code[:4]}-{code[4:]}"


def typed(text: str) -> str:
    """The code a person typed, with or without the dash. Raises `Garbled`."""
    code = "".join(text.upper().replace("-", " ").split())
    if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
        raise Garbled("a pairing code has 8 letters and digits, without 0, I, O and U")
    return code


def code_key(code: str, salt: bytes) -> bytes:
    """The key that wraps an ephemeral key: PBKDF2-HMAC-SHA256, 32 bytes. About 50 ms without the interpreter lock."""
    return hashlib.pbkdf2_hmac("sha256", code.encode(), salt, PBKDF2_ROUNDS, KEY_BYTES)


def wrap(key: bytes, public: bytes, *, salt: bytes, iv: bytes) -> bytes:
    """80 bytes: the salt of `key`, the iv, and the public key under AES-256-CTR."""
    return salt + iv + _ctr(key, iv, public)


def salt_of(wrapped: bytes) -> bytes:
    """The salt that `code_key` needs. Raises `Garbled`."""
    if len(wrapped) != WRAPPED_BYTES:
        raise Garbled(f"a wrapped key has {WRAPPED_BYTES} bytes, not {len(wrapped)}")
    return wrapped[:SALT_BYTES]


def unwrap(key: bytes, wrapped: bytes) -> bytes:
    """The public key inside; with a wrong code it is a wrong key, and nothing says so yet. Raises `Garbled`."""
    end_of_iv = len(salt_of(wrapped)) + IV_BYTES
    return _ctr(key, wrapped[SALT_BYTES:end_of_iv], wrapped[end_of_iv:])


# The companion's side


def phone_jid(phone: str) -> Jid:
    """The account to link, from the phone's digits with country code. Raises `Garbled`."""
    if not (phone.isascii() and phone.isdigit() and 7 <= len(phone) <= _MOST_DIGITS) or phone.startswith("0"):
        raise Garbled("a phone to pair with is written as its digits with the country code, like 5551999990000")
    return Jid(user=phone, server=PN)


def companion_hello(*, phone: Jid, wrapped: bytes, noise: bytes) -> Node:
    """Asks the server to have the phone ask for the code. The answer is read by `read_ref`; the id is the sender's."""
    return _request(
        phone,
        "companion_hello",
        Node(_WRAPPED_COMPANION, content=wrapped),
        Node("companion_server_auth_key_pub", content=noise),
        Node("companion_platform_id", content=CLIENT_TYPE.encode()),
        Node("companion_platform_display", content=PLATFORM_DISPLAY.encode()),
        Node("link_code_pairing_nonce", content=b"\x00"),
        show_notification=True,
    )


def read_ref(answer: Node) -> bytes:
    """The ref the server gave this pairing. Raises `PairingRefused` with the server's code, `Garbled`."""
    if answer.get("type") == "error":
        error = answer.child("error")
        code, text = (error.int("code"), error.get("text")) if error else (500, "")
        raise PairingRefused(f"WhatsApp refused to pair by code ({code} {text})", code=code, text=text)
    registration = answer.child(_REG)
    return _short(registration, _REF)


def read_primary_hello(notification: Node, *, ref: bytes) -> PrimaryHello:
    """The notification that the code was typed. Raises `Garbled`, also for another pairing's ref."""
    if notification.tag != "notification" or notification.get("type") != _REG:
        raise Garbled("a stanza that was taken for a pairing code's notification is none")
    registration = notification.child(_REG)
    hello = PrimaryHello(
        ref=_short(registration, _REF),
        wrapped=_exact(registration, _WRAPPED_PRIMARY, WRAPPED_BYTES),
        identity=_exact(registration, "primary_identity_pub", KEY_BYTES),
    )
    if hello.ref != ref:
        raise Garbled("a pairing code's notification belongs to another pairing")
    return hello


def companion_finish(
    hello: PrimaryHello,
    *,
    key: bytes,
    phone: Jid,
    ephemeral: KeyPair,
    identity: KeyPair,
    adv_random: bytes,
    salt: bytes,
    nonce: bytes,
) -> Finish:
    """Answer the phone with our keys, and make the new ADV secret.

    `key` is `code_key` of the phone's salt (`salt_of(hello.wrapped)`); `adv_random` and `salt` are 32 fresh random
    bytes, `nonce` 12. Raises `Garbled`, `Untrusted` for keys of low order.
    """
    shared = dh(ephemeral.private, unwrap(key, hello.wrapped))
    bundle = identity.public + hello.identity + adv_random
    sealed = AESGCM(_bundle_key(shared, salt)).encrypt(nonce, bundle, None)
    node = _request(
        phone,
        "companion_finish",
        Node(_BUNDLE, content=salt + nonce + sealed),
        Node("companion_identity_public", content=identity.public),
        Node(_REF, content=hello.ref),
    )
    return Finish(node=node, adv_secret=_adv_secret(shared, dh(identity.private, hello.identity), adv_random))


# The phone's and the server's side


def read_companion_hello(node: Node) -> CompanionHello:
    """A companion's request for a code. Raises `Garbled`."""
    registration, phone = _read_request(node, "companion_hello")
    return CompanionHello(
        phone=phone,
        wrapped=_exact(registration, _WRAPPED_COMPANION, WRAPPED_BYTES),
        noise=_exact(registration, "companion_server_auth_key_pub", KEY_BYTES),
        platform_id=_short(registration, "companion_platform_id").decode("utf-8", "replace"),
        platform_display=_short(registration, "companion_platform_display").decode("utf-8", "replace"),
    )


def ref_answer(node: Node, ref: bytes) -> Node:
    """The server's answer to companion_hello."""
    registration = Node(_REG, {"stage": "companion_hello"}, (Node(_REF, content=ref),))
    return Node("iq", {"from": SERVER, "type": "result", "id": node.get("id")}, (registration,))


def primary_hello(id_: str, *, ref: bytes, wrapped: bytes, identity: bytes) -> Node:
    """The notification for the companion: the phone's wrapped ephemeral key and its identity."""
    registration = Node(
        _REG,
        {"stage": "primary_hello"},
        (
            Node(_REF, content=ref),
            Node(_WRAPPED_PRIMARY, content=wrapped),
            Node("primary_identity_pub", content=identity),
        ),
    )
    return Node("notification", {"from": SERVER, "type": _REG, "id": id_}, (registration,))


def read_companion_finish(node: Node) -> CompanionFinish:
    """The companion's last word. Raises `Garbled`."""
    registration, phone = _read_request(node, "companion_finish")
    return CompanionFinish(
        phone=phone,
        ref=_short(registration, _REF),
        identity=_exact(registration, "companion_identity_public", KEY_BYTES),
        bundle=_exact(registration, _BUNDLE, _BUNDLE_BYTES),
    )


def open_bundle(finish: CompanionFinish, *, phone: KeyPair, ephemeral: KeyPair, companion_ephemeral: bytes) -> bytes:
    """The ADV secret both sides now share; the phone signs and encloses pair-success with it.

    `companion_ephemeral` is what `unwrap` gave of companion_hello. Raises `Untrusted` where the code was wrong or a
    key was exchanged on the way.
    """
    shared = dh(ephemeral.private, companion_ephemeral)
    salt, sealed = finish.bundle[:SALT_BYTES], finish.bundle[SALT_BYTES:]
    try:
        bundle = AESGCM(_bundle_key(shared, salt)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except InvalidTag:
        raise Untrusted("the code typed on the phone is not the companion's") from None
    companion, primary, adv_random = bundle[:KEY_BYTES], bundle[KEY_BYTES : 2 * KEY_BYTES], bundle[2 * KEY_BYTES :]
    if companion != finish.identity or primary != phone.public:
        raise Untrusted("the companion pairs with other keys than it shows")
    return _adv_secret(shared, dh(phone.private, companion), adv_random)


def _bundle_key(shared: bytes, salt: bytes) -> bytes:
    return hkdf(shared, salt=salt, info=_BUNDLE_INFO, length=32)


def _adv_secret(shared: bytes, identities: bytes, adv_random: bytes) -> bytes:
    return hkdf(shared + identities + adv_random, salt=None, info=b"adv_secret", length=32)


def _ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    cipher = Cipher(AES(key), CTR(iv)).encryptor()
    return cipher.update(data) + cipher.finalize()


def _request(phone: Jid, stage: str, *children: Node, show_notification: bool = False) -> Node:
    attrs: dict[str, Attr] = {"jid": phone, "stage": stage}
    if show_notification:
        attrs["should_show_push_notification"] = "true"
    return Node("iq", {"to": SERVER, "type": "set", "xmlns": "md"}, (Node(_REG, attrs, children),))


def _read_request(node: Node, stage: str) -> tuple[Node, Jid]:
    registration = node.child(_REG)
    phone = registration.jid("jid") if registration else None
    if registration is None or registration.get("stage") != stage or phone is None or phone.server != PN:
        raise Garbled(f"a {stage} names no phone to pair with")
    return registration, phone


def _short(parent: Node | None, tag: str) -> bytes:
    child = parent.child(tag) if parent else None
    if child is None or not 0 < len(child.data) <= _LONGEST_REF:
        raise Garbled(f"a pairing by code without {tag}")
    return child.data


def _exact(parent: Node | None, tag: str, length: int) -> bytes:
    data = _short(parent, tag)
    if len(data) != length:
        raise Garbled(f"{tag} has {len(data)} bytes instead of {length}")
    return data
