import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import xeddsa
from daemon.whatsapp.web.curve import KeyPair

VECTORS = json.loads(Path("tests/data/whatsapp-web/test-vectors.json").read_text())["xeddsa"]
L = 2**252 + 27742317777372353535851937790883648493  # order of the base point


@pytest.mark.parametrize("vector", VECTORS)
def test_the_published_vectors(vector: dict[str, Any]) -> None:
    public, message, signature = (bytes.fromhex(vector[name]) for name in ("public", "message", "signature"))
    assert xeddsa.verify(public, message, signature) is vector["valid"]
    assert bool(signature[63] & 0x80) is vector["sign_bit"]
    ours = xeddsa.sign(bytes.fromhex(vector["private"]), message, b"z" * 64)
    assert bool(ours[63] & 0x80) is vector["sign_bit"]


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.binary(min_size=64, max_size=64))
def test_what_is_signed_is_verified(private: bytes, message: bytes, noise: bytes) -> None:
    pair = KeyPair.generate(private)
    assert xeddsa.verify(pair.public, message, xeddsa.sign(pair.private, message, noise))


@given(st.integers(0, 64 * 8 - 1))
def test_no_bit_of_a_signature_may_change(bit: int) -> None:
    pair = KeyPair.generate(b"k" * 32)
    signature = bytearray(xeddsa.sign(pair.private, b"message", b"z" * 64))
    signature[bit // 8] ^= 1 << bit % 8
    assert not xeddsa.verify(pair.public, b"message", bytes(signature))


def test_neither_message_nor_key_may_change() -> None:
    pair, other = KeyPair.generate(b"k" * 32), KeyPair.generate(b"o" * 32)
    signature = xeddsa.sign(pair.private, b"message", b"z" * 64)
    assert not xeddsa.verify(pair.public, b"massage", signature)
    assert not xeddsa.verify(other.public, b"message", signature)


def test_a_signature_has_one_spelling() -> None:
    """s and s + L are the same scalar; only the smaller one is a signature."""
    pair = KeyPair.generate(b"k" * 32)
    signature = xeddsa.sign(pair.private, b"message", b"z" * 64)
    sign_bit = signature[63] & 0x80
    s = int.from_bytes(signature[32:63] + bytes([signature[63] & 0x7F]), "little")
    longer = bytearray(signature[:32] + (s + L).to_bytes(32, "little"))
    longer[63] |= sign_bit
    assert not xeddsa.verify(pair.public, b"message", bytes(longer))


@pytest.mark.parametrize(
    ("public", "signature"),
    [
        (b"", bytes(64)),
        (b"k" * 31, bytes(64)),
        (b"k" * 32, b""),
        (b"k" * 32, bytes(63)),
        (b"k" * 32, b"\xff" * 64),
        (bytes(32), bytes(64)),  # of low order
        (b"\x01" + bytes(31), bytes(64)),
        ((2**255 - 20).to_bytes(32, "little"), bytes(64)),  # u = -1: no Edwards form
    ],
)
def test_what_cannot_be_a_signature_is_none(public: bytes, signature: bytes) -> None:
    assert xeddsa.verify(public, b"message", signature) is False


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_nobody_signs_by_chance(public: bytes, signature: bytes) -> None:
    assert not xeddsa.verify(public, b"message", signature)
