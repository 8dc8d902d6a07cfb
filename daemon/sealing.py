"""Sealing what must not leak with a copied shard: AES-256-GCM under keys derived from the master key."""

import hashlib
import hmac
import os
from typing import Final

from attrs import field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daemon.errors import SealBroken

NONCE_BYTES: Final = 12


@frozen
class Sealed:
    """A value as it stands in a shard: the id of the key, then nonce and ciphertext."""

    key_id: str
    value: bytes = field(repr=False)


class Sealer:
    """Seals and opens with one master key; safe to share between threads."""

    def __init__(self, master_key: bytes) -> None:
        """`master_key`: 32 bytes. Each use gets a key of its own by HKDF."""
        if len(master_key) != 32:
            raise ValueError(f"a master key has 32 bytes, not {len(master_key)}")
        self.key_id: Final = _derive(master_key, b"showroomd key id")[:8].hex()
        self._seal = AESGCM(_derive(master_key, b"showroomd sealed values"))
        self._hash_key = _derive(master_key, b"showroomd tombstones")
        self._tenants_key = _derive(master_key, b"showroomd keys of tenants")

    def seal(self, tenant: str, field: str, text: str) -> Sealed:
        """Seal `text` so that it opens only as this field of this tenant."""
        nonce = os.urandom(NONCE_BYTES)
        return Sealed(self.key_id, nonce + self._seal.encrypt(nonce, text.encode(), _bound(tenant, field)))

    def open(self, tenant: str, field: str, sealed: Sealed) -> str:
        """The text. Raises `SealBroken` for another key, another tenant or field, or altered bytes."""
        if sealed.key_id != self.key_id:
            raise SealBroken(
                f"{field} of {tenant} is sealed with master key {sealed.key_id}, this is {self.key_id}",
                "start with that master key, or set the value anew",
            )
        try:
            nonce, body = sealed.value[:NONCE_BYTES], sealed.value[NONCE_BYTES:]
            return self._seal.decrypt(nonce, body, _bound(tenant, field)).decode()
        except (InvalidTag, ValueError):
            raise SealBroken(
                f"{field} of {tenant} was altered or copied from elsewhere", "set the value anew"
            ) from None

    def of_tenant(self, tenant: str) -> "TenantSealer":
        """A sealer for the many small values of one tenant's session file."""
        return TenantSealer(tenant, self.key_id, _derive(self._tenants_key, tenant.encode()))

    def keyed_hash(self, tenant: str, text: str) -> bytes:
        """32 bytes that tell equal texts of one tenant apart from others and nothing more (tombstones)."""
        return hmac.digest(self._hash_key, _bound(tenant, text), hashlib.sha256)


class TenantSealer:
    """Seals bytes of one tenant, under a key of its own; safe to share between threads.

    A session file seals at every message. Random nonces of 96 bits are good for 2^32 values of one key (NIST SP
    800-38D, 8.3): a busy tenant takes decades, all of them together would take weeks.
    """

    def __init__(self, tenant: str, key_id: str, key: bytes) -> None:
        """`key_id` is the master key's."""
        self.tenant: Final = tenant
        self.key_id: Final = key_id
        self._seal = AESGCM(key)

    def seal(self, field: str, value: bytes) -> bytes:
        """Nonce and ciphertext, which open only as this field of this tenant."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, value, field.encode())

    def open(self, field: str, sealed: bytes) -> bytes:
        """The value. Raises `SealBroken` for another key, another tenant or field, or altered bytes."""
        try:
            return self._seal.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], field.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(
                f"{field} of {self.tenant} was altered or copied from elsewhere", "unlink the phone and pair it again"
            ) from None


def _bound(tenant: str, field: str) -> bytes:
    # The length first, so that no pair of names can be read as another pair.
    name = tenant.encode()
    return len(name).to_bytes(4) + name + field.encode()


def _derive(master_key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(master_key)
