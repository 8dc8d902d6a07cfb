"""Which keys follow from which in a Signal session of version 3, from the first shared secrets to one message.

Labels and lengths are libsignal's; the shape is in Signal's "X3DH" and "Double Ratchet" specifications.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from daemon.whatsapp.web.curve import KeyPair, dh, hkdf
from daemon.whatsapp.web.record import KEY_TYPE

MAC_BYTES: Final = 8
BLOCK_BYTES: Final = 16  # of AES


def first_keys(shared: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Root key and first chain key from the shared secrets of X3DH, in the order DH1 … DH4."""
    return _pair(hkdf(b"\xff" * 32 + b"".join(shared), salt=None, info=b"WhisperText", length=64))


def turn_root(root: bytes, ours: KeyPair, theirs: bytes) -> tuple[bytes, bytes]:
    """The next root key, and the key of the chain that begins with it. Raises what `dh` raises."""
    return _pair(hkdf(dh(ours.private, theirs), salt=root, info=b"WhisperRatchet", length=64))


def next_chain_key(chain_key: bytes) -> bytes:
    """The chain one message on."""
    return hmac.digest(chain_key, b"\x02", hashlib.sha256)


def message_key(chain_key: bytes) -> bytes:
    """What the keys of the message at this point of the chain are made of."""
    return hmac.digest(chain_key, b"\x01", hashlib.sha256)


def message_keys(key: bytes) -> tuple[Cipher[CBC], bytes]:
    """The cipher of one message, without padding, and its MAC key."""
    keys = hkdf(key, salt=None, info=b"WhisperMessageKeys", length=80)
    return Cipher(AES(keys[:32]), CBC(keys[64:])), keys[32:64]


def mac(key: bytes, sender: bytes, receiver: bytes, signed: bytes) -> bytes:
    """8 bytes that vouch for a message between two identities."""
    return hmac.digest(key, KEY_TYPE + sender + KEY_TYPE + receiver + signed, hashlib.sha256)[:MAC_BYTES]


def _pair(keys: bytes) -> tuple[bytes, bytes]:
    return keys[:32], keys[32:]
