"""Proofs that a device belongs to an account ("ADV"): the phone signs the companion, the companion signs back.

Signatures are XEdDSA over a two-byte prefix, the details and the keys concerned, so that none can stand for another.
Hosted accounts (the Business Cloud's coexistence) have prefixes of their own.
"""

import hashlib
import hmac
from typing import Final

from attrs import field, frozen

from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.curve import KEY_BYTES, KeyPair
from daemon.whatsapp.web.errors import Untrusted
from daemon.whatsapp.web.protobuf import parse
from daemon.whatsapp.web.xeddsa import SIGNATURE_BYTES, sign, verify

SECRET_BYTES: Final = 32

_ACCOUNT: Final = b"\x06\x00"
_DEVICE: Final = b"\x06\x01"
_KEY_INDEXES: Final = b"\x06\x02"
_HOSTED_ACCOUNT: Final = b"\x06\x05"
_HOSTED_DEVICE: Final = b"\x06\x06"
_HOSTED_KEY_INDEXES: Final = b"\x06\x07"


@frozen(kw_only=True)
class Details:
    """What the phone says of a device it vouches for. `timestamp` in seconds."""

    raw_id: int
    timestamp: int
    key_index: int
    hosted: bool = False

    def to_bytes(self) -> bytes:
        """As it is signed."""
        identity = wa.ADVDeviceIdentity(rawId=self.raw_id, timestamp=self.timestamp, keyIndex=self.key_index)
        if self.hosted:
            identity.accountType = identity.deviceType = wa.HOSTED
        return identity.SerializeToString(deterministic=True)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Details":
        """Raises `Garbled`."""
        identity = parse(wa.ADVDeviceIdentity, data)
        return cls(
            raw_id=identity.rawId,
            timestamp=identity.timestamp,
            key_index=identity.keyIndex,
            hosted=identity.deviceType == wa.HOSTED,
        )


@frozen(kw_only=True)
class Account:
    """An `ADVSignedDeviceIdentity`: a device's details, and whose signatures vouch for it."""

    details: bytes
    account_key: bytes = b""  # the phone's identity; b"" where the reader is expected to know it
    account_signature: bytes = field(repr=False)
    device_signature: bytes = field(default=b"", repr=False)

    def to_bytes(self) -> bytes:
        """The message that goes with first messages and retry receipts, and back to the phone."""
        message = wa.ADVSignedDeviceIdentity(details=self.details, accountSignature=self.account_signature)
        if self.account_key:
            message.accountSignatureKey = self.account_key
        if self.device_signature:
            message.deviceSignature = self.device_signature
        return message.SerializeToString(deterministic=True)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Account":
        """Checks nothing yet. Raises `Garbled`."""
        message = parse(wa.ADVSignedDeviceIdentity, data)
        return cls(
            details=message.details,
            account_key=message.accountSignatureKey,
            account_signature=message.accountSignature,
            device_signature=message.deviceSignature,
        )


@frozen(kw_only=True)
class KeyIndexes:
    """Which of an account's devices are still valid; `timestamp` in seconds."""

    raw_id: int
    timestamp: int
    current: int
    valid: frozenset[int]

    def allows(self, key_index: int) -> bool:
        """Whether a device with this index belongs: it is listed, or was linked after the list was made."""
        return key_index in self.valid or key_index > self.current


def vouch(details: Details, *, account: KeyPair, device: bytes, random64: bytes) -> Account:
    """The phone's side: sign the device with this identity."""
    signed = details.to_bytes()
    prefix = _HOSTED_ACCOUNT if details.hosted else _ACCOUNT
    return Account(
        details=signed,
        account_key=account.public,
        account_signature=sign(account.private, prefix + signed + device, random64),
    )


def countersign(account: Account, *, device: KeyPair, random64: bytes) -> bytes:
    """The companion's own signature over what the phone signed, 64 bytes."""
    # 06 01 for hosted accounts too: a companion of ours is never the hosted device itself
    return sign(device.private, _DEVICE + account.details + device.public + account.account_key, random64)


def check_account(account: Account, *, device: bytes) -> Details:
    """Raises `Untrusted` unless the account's key signed this device, `Garbled` for what is none."""
    details = Details.from_bytes(account.details)
    if len(account.account_key) != KEY_BYTES or len(account.account_signature) != SIGNATURE_BYTES:
        raise Untrusted("the account's key or signature is missing")
    prefix = _HOSTED_ACCOUNT if details.hosted else _ACCOUNT
    if not verify(account.account_key, prefix + account.details + device, account.account_signature):
        raise Untrusted("the account did not sign this device")
    return details


def check_device(account: Account, *, device: bytes) -> None:
    """Raises `Untrusted` unless this device signed that it belongs to the account."""
    signed = account.details + device + account.account_key
    prefixes = (_DEVICE, _HOSTED_DEVICE)
    if not any(verify(device, prefix + signed, account.device_signature) for prefix in prefixes):
        raise Untrusted("the device did not sign that it belongs to this account")


def check_companion(blob: bytes, *, device: bytes, account_key: bytes) -> Details:
    """Whether another person's companion is theirs: both signatures, under the key we know of their phone.

    `blob` is the `device-identity` beside a bundle or a first message. Raises `Untrusted` (also where it names another
    account key than ours) and `Garbled`.
    """
    account = Account.from_bytes(blob)
    if account.account_key and account.account_key != account_key:
        raise Untrusted("the device names another phone than the one we know")
    known = Account(
        details=account.details,
        account_key=account_key,
        account_signature=account.account_signature,
        device_signature=account.device_signature,
    )
    details = check_account(known, device=device)
    check_device(known, device=device)
    return details


def read_key_indexes(blob: bytes, *, account_key: bytes) -> KeyIndexes:
    """The `key-index-list` of an account whose phone's identity is known. Raises `Untrusted`, `Garbled`."""
    signed = parse(wa.ADVSignedKeyIndexList, blob)
    listed = parse(wa.ADVKeyIndexList, signed.details)
    if signed.accountSignatureKey not in (b"", account_key):
        raise Untrusted("a list of devices names another phone than the one we know")
    prefix = _HOSTED_KEY_INDEXES if listed.accountType == wa.HOSTED else _KEY_INDEXES
    if not verify(account_key, prefix + signed.details, signed.accountSignature):
        raise Untrusted("the account did not sign this list of devices")
    return KeyIndexes(
        raw_id=listed.rawId,
        timestamp=listed.timestamp,
        current=listed.currentIndex,
        valid=frozenset(listed.validIndexes),
    )


def enclose(account: Account, secret: bytes, *, hosted: bool = False) -> bytes:
    """The phone's side: `account` under an HMAC that only whoever read our QR code can make."""
    details = account.to_bytes()
    container = wa.ADVSignedDeviceIdentityHMAC(details=details, hmac=_mac(secret, details, hosted=hosted))
    if hosted:
        container.accountType = wa.HOSTED
    return container.SerializeToString(deterministic=True)


def disclose(content: bytes, secret: bytes) -> Account:
    """The account inside a `device-identity` meant for us. Raises `Untrusted` for a wrong HMAC, `Garbled`."""
    container = parse(wa.ADVSignedDeviceIdentityHMAC, content)
    expected = _mac(secret, container.details, hosted=container.accountType == wa.HOSTED)
    if not hmac.compare_digest(expected, container.hmac):
        raise Untrusted("whoever sent this identity does not know the secret of our QR code")
    return Account.from_bytes(container.details)


def _mac(secret: bytes, details: bytes, *, hosted: bool) -> bytes:
    return hmac.digest(secret, (_HOSTED_ACCOUNT if hosted else b"") + details, hashlib.sha256)
