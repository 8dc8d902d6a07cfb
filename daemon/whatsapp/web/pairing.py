"""Becoming a linked device by QR code: what the companion does, and what the phone that reads the code does.

The server sends refs, each becomes a QR code for a while; the phone that reads one answers through the server with a
signed identity ("pair-success"), the companion signs back, and reconnects with a login.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from attrs import field, frozen

from daemon.whatsapp.web import adv
from daemon.whatsapp.web.curve import KEY_BYTES, KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import HOSTED, HOSTED_LID, LID, PN, SERVER, Jid
from daemon.whatsapp.web.node import Attr, Node

QR_PREFIX: Final = "https://wa.me/settings/linked_devices#"
CLIENT_TYPE: Final = "1"
"""Chrome, as `payload.DEVICE_PROPS` says; other letters and digits are other icons on the phone."""

FIRST_QR_SECONDS: Final = 60.0
NEXT_QR_SECONDS: Final = 20.0

_MOST_REFS: Final = 32
_LONGEST_REF: Final = 1024
_LONGEST_NAME: Final = 256
_B64_KEY: Final = 44  # characters of 32 bytes in base64


class PairingRefused(Garbled):
    """A pairing that cannot go on; `code` and `text` are what the other side is told, `refusal` makes that answer."""

    def __init__(self, what: str, *, code: int = 500, text: str = "internal-error") -> None:
        super().__init__(what)
        self.code = code
        self.text = text


@frozen(kw_only=True)
class QrCode:
    """What a QR code says: the companion's public keys and the secret that proves the phone saw it."""

    ref: str
    noise: bytes
    identity: bytes
    adv_secret: bytes = field(repr=False)
    client_type: str = CLIENT_TYPE


@frozen
class ShownRef:
    """A ref and how long its QR code is shown, in seconds."""

    ref: str
    seconds: float


@frozen(kw_only=True)
class Paired:
    """What a pairing gave. It must be on disk before `reply` is sent: after that the phone thinks we have it."""

    jid: Jid  # by phone number, with our device number
    lid: Jid | None
    account: bytes = field(repr=False)  # serialised ADVSignedDeviceIdentity with both signatures
    key_index: int
    platform: str  # of the phone: "android", "iphone", "smba", …
    business_name: str
    phone_identity: bytes  # the public identity key of our own device 0
    reply: Node = field(repr=False)


def qr_text(ref: str, *, noise: bytes, identity: bytes, adv_secret: bytes, client_type: str = CLIENT_TYPE) -> str:
    """The text of the QR code for `ref`; keys are the 32 public bytes."""
    keys = (base64.b64encode(key).decode() for key in (noise, identity, adv_secret))
    return QR_PREFIX + ",".join((ref, *keys, client_type))


def read_qr(text: str) -> QrCode:
    """What the phone's camera sees. Raises `Garbled`.

    A ref may contain commas, so fields are counted from the right. Codes of before 2026 have neither the address in
    front nor the client type at the end.
    """
    fields_, client_type = text.removeprefix(QR_PREFIX), "0"
    if fields_ != text:
        fields_, comma, client_type = fields_.rpartition(",")
        if not comma or len(client_type) != 1:
            raise Garbled("a QR code does not end with a client type")
    ref, *keys = fields_.rsplit(",", 3)
    if not ref or len(keys) != 3:
        raise Garbled("a QR code does not hold a ref and three keys")
    noise, identity, adv_secret = map(_key_of_base64, keys)
    return QrCode(ref=ref, noise=noise, identity=identity, adv_secret=adv_secret, client_type=client_type)


def qr_schedule(refs: Sequence[str]) -> tuple[ShownRef, ...]:
    """How long each ref's code is shown; after the last one the server hangs up, and a new connection has new refs."""
    return tuple(ShownRef(ref, NEXT_QR_SECONDS if n else FIRST_QR_SECONDS) for n, ref in enumerate(refs))


def read_pair_device(node: Node) -> tuple[str, ...]:
    """The refs the server offers. Raises `Garbled` unless this is such an iq of the server's."""
    offer = _from_server(node).child("pair-device")
    refs = tuple(_ascii(child.data) for child in offer.children("ref")) if offer else ()
    if not 0 < len(refs) <= _MOST_REFS:
        raise Garbled(f"a pairing offer with {len(refs)} refs")
    return refs


def complete(node: Node, *, identity: KeyPair, adv_secret: bytes, random64: bytes) -> Paired:
    """Check the phone's answer and sign back.

    `identity` is our device's, `adv_secret` the one in the QR code (or made by the pairing code), `random64` fresh
    random bytes for the signature. Raises `PairingRefused`, whose answer to the server is `refusal`; nothing has
    changed then. Raises `Garbled` for what is no pair-success at all.
    """
    success = _from_server(node).child("pair-success")
    if success is None:
        raise Garbled("an iq that was taken for pair-success is none")
    jid, lid = _read_addresses(success)
    try:
        account = adv.disclose(_content(success, "device-identity"), adv_secret)
    except Untrusted as fault:
        raise PairingRefused(str(fault), code=401, text="hmac-mismatch") from fault
    except Garbled as fault:
        raise PairingRefused(str(fault)) from fault
    try:
        details = adv.check_account(account, device=identity.public)
    except Untrusted as fault:
        raise PairingRefused(str(fault), code=401, text="signature-mismatch") from fault
    except Garbled as fault:
        raise PairingRefused(str(fault)) from fault
    device_signature = adv.countersign(account, device=identity, random64=random64)
    signed = adv.Account(
        details=account.details,
        account_key=account.account_key,
        account_signature=account.account_signature,
        device_signature=device_signature,
    )
    return Paired(
        jid=jid,
        lid=lid,
        account=signed.to_bytes(),
        key_index=details.key_index,
        platform=_attr_of(success, "platform"),
        business_name=_attr_of(success, "biz"),
        phone_identity=account.account_key,
        reply=_pair_device_sign(node.get("id"), signed, details.key_index),
    )


def accepted(node: Node) -> Node:
    """The empty result that answers an iq of the server's, pair-device for one."""
    return Node("iq", {"to": SERVER, "type": "result", "id": node.get("id")})


def refusal(node: Node, refused: PairingRefused) -> Node:
    """The answer to a pair-success that was refused."""
    error = Node("error", {"code": str(refused.code), "text": refused.text})
    return Node("iq", {"to": SERVER, "type": "error", "id": node.get("id")}, (error,))


# The phone's and the server's side


def pair_device(id_: str, refs: Sequence[str]) -> Node:
    """The server's offer."""
    offer = Node("pair-device", content=tuple(Node("ref", content=ref.encode()) for ref in refs))
    return Node("iq", {"from": SERVER, "type": "set", "id": id_, "xmlns": "md"}, (offer,))


def pair_success(
    id_: str,
    *,
    phone: KeyPair,
    companion: bytes,
    adv_secret: bytes,
    details: adv.Details,
    jid: Jid,
    lid: Jid | None,
    random64: bytes,
    platform: str = "android",
    business_name: str = "",
) -> Node:
    """What the phone sends to link the companion with this public identity.

    `phone` is the account's identity (of device 0), `jid` and `lid` the companion's addresses with the device number
    the server gave it, `adv_secret` what the QR code or the pairing code yielded.
    """
    account = adv.vouch(details, account=phone, device=companion, random64=random64)
    addresses: dict[str, Attr] = {"jid": jid} if lid is None else {"jid": jid, "lid": lid}
    children = [
        Node("device-identity", content=adv.enclose(account, adv_secret, hosted=details.hosted)),
        Node("device", addresses),
        Node("platform", {"name": platform}),
    ]
    if business_name:
        children.append(Node("biz", {"name": business_name}))
    return Node(
        "iq",
        {"from": SERVER, "type": "set", "id": id_, "xmlns": "md"},
        (Node("pair-success", content=tuple(children)),),
    )


def read_pair_device_sign(node: Node, *, companion: bytes, phone: bytes) -> adv.Account:
    """The companion's answer, as the phone checks it; both are public identities.

    Gives the account with the phone's key put back. Raises `PairingRefused` with the companion's own code for an error
    answer, `Untrusted` for wrong signatures, `Garbled` for anything else.
    """
    if node.get("type") == "error":
        error = node.child("error")
        text = error.get("text") if error else ""
        raise PairingRefused(f"the companion refused: {text}", code=error.int("code") if error else 500, text=text)
    signed = node.child("pair-device-sign")
    content = signed.child("device-identity") if signed else None
    if content is None:
        raise Garbled("a pair-device-sign without an identity")
    sent = adv.Account.from_bytes(content.data)
    if sent.account_key:
        raise Garbled("a pair-device-sign must leave the account's key out")
    account = adv.Account(
        details=sent.details,
        account_key=phone,
        account_signature=sent.account_signature,
        device_signature=sent.device_signature,
    )
    details = adv.check_account(account, device=companion)
    adv.check_device(account, device=companion)
    if content.int("key-index") != details.key_index:
        raise Garbled("a pair-device-sign names another key index than it signs")
    return account


def _pair_device_sign(id_: str, signed: adv.Account, key_index: int) -> Node:
    without_key = adv.Account(
        details=signed.details,
        account_signature=signed.account_signature,
        device_signature=signed.device_signature,
    )
    identity = Node("device-identity", {"key-index": str(key_index)}, without_key.to_bytes())
    return Node("iq", {"to": SERVER, "type": "result", "id": id_}, (Node("pair-device-sign", content=(identity,)),))


def _from_server(node: Node) -> Node:
    """Only the server may pair us: a person's stanza with the same content is refused."""
    if node.tag != "iq" or node.get("type") != "set" or node.jid("from") != SERVER or not node.get("id"):
        raise Garbled("pairing is for the server alone to offer")
    return node


def _read_addresses(success: Node) -> tuple[Jid, Jid | None]:
    device = success.child("device")
    jid = device.jid("jid") if device else None
    lid = device.jid("lid") if device else None
    if jid is None or not _is_companion(jid, PN, HOSTED):
        raise PairingRefused(f"pair-success links no device by phone number ({jid})")
    if lid is not None and not (_is_companion(lid, LID, HOSTED_LID) and lid.device == jid.device):
        raise PairingRefused(f"pair-success has a hidden address that does not fit ({lid} for {jid})")
    return jid, lid


def _is_companion(jid: Jid, *servers: str) -> bool:
    return jid.server in servers and jid.user.isascii() and jid.user.isdigit() and jid.device > 0


def _content(success: Node, tag: str) -> bytes:
    child = success.child(tag)
    return child.data if child else b""


def _attr_of(success: Node, tag: str) -> str:
    child = success.child(tag)
    name = child.get("name") if child else ""
    return "".join(character for character in name if character.isprintable())[:_LONGEST_NAME]


def _ascii(data: bytes) -> str:
    if not 0 < len(data) <= _LONGEST_REF or not data.isascii():
        raise Garbled("a pairing ref is not a short ASCII text")
    return data.decode("ascii")


def _key_of_base64(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True) if len(text) == _B64_KEY else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise Garbled("a QR code's key is not 32 bytes in base64")
    return key
