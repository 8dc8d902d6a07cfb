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

    def keyed_hash(self, tenant: str, text: str) -> bytes:
        """32 bytes that tell equal texts of one tenant apart from others and nothing more (tombstones)."""
        return hmac.digest(self._hash_key, _bound(tenant, text), hashlib.sha256)


def _bound(tenant: str, field: str) -> bytes:
    # The length first, so that no pair of names can be read as another pair.
    name = tenant.encode()
    return len(name).to_bytes(4) + name + field.encode()


def _derive(master_key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(master_key)
