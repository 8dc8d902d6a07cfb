"""XEdDSA: Ed25519 signatures made and checked with X25519 keys.

As WhatsApp uses it (not the later XEdDSA of Signal's specification): the Edwards key keeps its sign, which travels in
the topmost bit of the signature.
"""

import hashlib
from typing import Final

from nacl.bindings import (
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_sign_open,
)
from nacl.exceptions import BadSignatureError

SIGNATURE_BYTES: Final = 64

_PRIME: Final = 2**255 - 19
_SIGN_BIT: Final = 0x80
_NONCE_PREFIX: Final = b"\xfe" + b"\xff" * 31


def sign(private: bytes, message: bytes, random64: bytes) -> bytes:
    """64 bytes. `private` is a clamped X25519 key, `random64` must be fresh for every signature."""
    public = crypto_scalarmult_ed25519_base_noclamp(private)
    nonce = _scalar(_NONCE_PREFIX + private + message + random64)
    commitment = crypto_scalarmult_ed25519_base_noclamp(nonce)
    challenge = _scalar(commitment + public + message)
    answer = crypto_core_ed25519_scalar_add(nonce, crypto_core_ed25519_scalar_mul(challenge, private))
    return commitment + answer[:31] + bytes([answer[31] | public[31] & _SIGN_BIT])


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of this X25519 key signed the message. False for anything malformed, too."""
    if len(public) != 32 or len(signature) != SIGNATURE_BYTES:
        return False
    edwards = _edwards(public, sign=signature[63] & _SIGN_BIT)
    if edwards is None:
        return False
    plain = signature[:63] + bytes([signature[63] & ~_SIGN_BIT])
    try:
        crypto_sign_open(plain + message, edwards)
    except BadSignatureError:
        return False
    return True


def _edwards(public: bytes, *, sign: int) -> bytes | None:
    """The Ed25519 form of an X25519 key: y = (u - 1) / (u + 1), RFC 7748 section 4.1. None where it has none."""
    u = int.from_bytes(public, "little") & (1 << 255) - 1
    if (u + 1) % _PRIME == 0:
        return None
    y = (u - 1) * pow(u + 1, -1, _PRIME) % _PRIME
    key = bytearray(y.to_bytes(32, "little"))
    key[31] |= sign
    return bytes(key)


def _scalar(preimage: bytes) -> bytes:
    return crypto_core_ed25519_scalar_reduce(hashlib.sha512(preimage).digest())
