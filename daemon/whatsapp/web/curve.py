"""X25519 key pairs and HKDF-SHA256: what the handshake and the Signal sessions have in common.

X25519 is libsodium's: on raw keys it takes half the time of OpenSSL's, which derives the public key again at each use.
"""

from typing import Final

from attrs import field, frozen
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import CryptoError

from daemon.whatsapp.web.errors import Garbled, Untrusted

KEY_BYTES: Final = 32


@frozen
class KeyPair:
    """An X25519 pair: 32 bytes each, the private one clamped."""

    private: bytes = field(repr=False)
    public: bytes

    @classmethod
    def from_private(cls, private: bytes) -> "KeyPair":
        """The pair of a stored private key. Raises `Garbled` unless it has 32 bytes."""
        if len(private) != KEY_BYTES:
            raise Garbled(f"a private key has {KEY_BYTES} bytes, not {len(private)}")
        clamped = _clamp(private)
        return cls(clamped, crypto_scalarmult_base(clamped))

    @classmethod
    def generate(cls, random32: bytes) -> "KeyPair":
        """A new pair from 32 random bytes."""
        return cls.from_private(random32)


def dh(private: bytes, public: bytes) -> bytes:
    """The 32 bytes both sides of an X25519 exchange share.

    Raises `Garbled` for a public key that has not 32 bytes, `Untrusted` for one chosen so that the result is
    always zero (RFC 7748, section 6.1).
    """
    if len(public) != KEY_BYTES:
        raise Garbled(f"a public key has {KEY_BYTES} bytes, not {len(public)}")
    try:
        return crypto_scalarmult(private, public)
    except CryptoError:
        raise Untrusted("the public key has low order: any exchange with it is known to everybody") from None


def hkdf(ikm: bytes, *, salt: bytes | None, info: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256; no salt is 32 zero bytes."""
    return HKDF(SHA256(), length=length, salt=salt, info=info).derive(ikm)


def _clamp(private: bytes) -> bytes:
    """RFC 7748, section 5: a multiple of the cofactor, of fixed bit length."""
    key = bytearray(private)
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return bytes(key)
