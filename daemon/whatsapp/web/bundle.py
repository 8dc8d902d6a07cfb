"""Prekey bundles: what a session with a device that is offline starts from.

Asking for those of others, putting up our own, and reading the keys a retry receipt brings. Queries are made without an
id: the connection numbers them.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import field, frozen

from daemon.whatsapp.web.curve import KEY_BYTES
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import SERVER, Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.queries import result_of
from daemon.whatsapp.web.record import KEY_TYPE, Me, PreKey, SignedPreKey
from daemon.whatsapp.web.xeddsa import SIGNATURE_BYTES

_ID_BYTES: Final = 3
_REGISTRATION_BYTES: Final = 4


@frozen(kw_only=True)
class Bundle:
    """What one device publishes; nothing in it is verified before `ratchet.start`.

    Public keys are 32 bytes, the signature 64.
    """

    registration_id: int
    identity: bytes
    signed_id: int
    signed_public: bytes
    signature: bytes = field(repr=False)
    prekey: tuple[int, bytes] | None = None  # None: the server has none left
    device_identity: bytes = field(default=b"", repr=False)  # a companion's serialised ADVSignedDeviceIdentity


def query(devices: Iterable[Jid], *, changed_identity: bool = False) -> Node:
    """Ask for one bundle of each device; the server then strikes off their one-time prekeys."""
    reason = {"reason": "identity"} if changed_identity else {}
    users = tuple(Node("user", {"jid": device, **reason}) for device in devices)
    return Node("iq", {"type": "get", "xmlns": "encrypt", "to": SERVER}, (Node("key", {}, users),))


def read(answer: Node) -> dict[Jid, Bundle]:
    """The bundles by device. A device without a usable one is left out: the others are to get their message.

    Raises `Garbled` if the answer as a whole is none, `QueryRefused` if it is an error.
    """
    listed = result_of(answer).child("list")
    if listed is None:
        raise Garbled("the answer to a query for bundles has no list")
    bundles = {}
    for user in listed.children("user"):
        device = user.jid("jid")
        if device is None or user.child("error") is not None:
            continue
        try:
            bundles[device] = _read(user, _registration(user))
        except Garbled:
            continue
    return bundles


def read_retry(receipt: Node) -> Bundle | None:
    """The keys in a retry receipt; None if it brings none. Raises `Garbled`."""
    keys = receipt.child("keys")
    return None if keys is None else _read(keys, _registration(receipt))


def upload(me: Me, signed: SignedPreKey, prekeys: Sequence[PreKey]) -> Node:
    """Put up our bundle. The private keys must be stored before, and marked as uploaded after the result."""
    return Node(
        "iq",
        {"type": "set", "xmlns": "encrypt", "to": SERVER},
        (
            Node("registration", {}, me.registration_id.to_bytes(_REGISTRATION_BYTES)),
            Node("type", {}, KEY_TYPE),
            Node("identity", {}, me.identity.public),
            Node("list", {}, tuple(Node("key", {}, key_nodes(prekey.id, prekey.pair.public)) for prekey in prekeys)),
            Node("skey", {}, (*key_nodes(signed.id, signed.pair.public), Node("signature", {}, signed.signature))),
        ),
    )


def key_nodes(id_: int, public: bytes) -> tuple[Node, Node]:
    """What a `<key>` or `<skey>` holds: the id in 3 bytes, and the public key."""
    return Node("id", {}, id_.to_bytes(_ID_BYTES)), Node("value", {}, public)


def _read(node: Node, registration_id: int) -> Bundle:
    signed, prekey, companion = node.child("skey"), node.child("key"), node.child("device-identity")
    if signed is None:
        raise Garbled("a bundle without a signed prekey")
    kind = node.child("type")
    if kind is not None and kind.data != KEY_TYPE:
        raise Garbled(f"a bundle of keys of another type: {kind.data[:4].hex()}")
    signed_id, signed_public = _read_key(signed)
    return Bundle(
        registration_id=registration_id,
        identity=_exactly(node, "identity", KEY_BYTES),
        signed_id=signed_id,
        signed_public=signed_public,
        signature=_exactly(signed, "signature", SIGNATURE_BYTES),
        prekey=None if prekey is None else _read_key(prekey),
        device_identity=b"" if companion is None else companion.data,
    )


def _read_key(node: Node) -> tuple[int, bytes]:
    return int.from_bytes(_exactly(node, "id", _ID_BYTES)), _exactly(node, "value", KEY_BYTES)


def _registration(node: Node) -> int:
    return int.from_bytes(_exactly(node, "registration", _REGISTRATION_BYTES))


def _exactly(node: Node, tag: str, length: int) -> bytes:
    """The bytes of a child. Raises `Garbled` for any other length."""
    child = node.child(tag)
    found = b"" if child is None else child.data
    if len(found) != length:
        raise Garbled(f"{tag} of <{node.tag}> has {len(found)} bytes, not {length}")
    return found
