import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web.curve import KeyPair, dh, hkdf
from daemon.whatsapp.web.errors import Garbled, Untrusted

PRIVATE = st.binary(min_size=32, max_size=32)

# Points whose product with any clamped scalar is zero, in both spellings where there are two.
LOW_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    (2**255 - 20).to_bytes(32, "little"),
    (2**255 - 19).to_bytes(32, "little"),
    (2**255 - 18).to_bytes(32, "little"),
    (2**255).to_bytes(32, "little"),
]


def test_the_example_of_rfc_7748() -> None:
    alice = KeyPair.from_private(bytes.fromhex("77076d0a7318a57d3c16c17251b26645c6db8b9c9d8fe3a1d0b5b0b6c5a4c6ef"))
    bob = KeyPair.from_private(bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
    assert bob.public.hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert dh(alice.private, bob.public) == dh(bob.private, alice.public)


@given(PRIVATE, PRIVATE)
def test_another_implementation_agrees(ours: bytes, theirs: bytes) -> None:
    pair = KeyPair.generate(ours)
    other = X25519PrivateKey.from_private_bytes(theirs)
    assert X25519PrivateKey.from_private_bytes(ours).public_key().public_bytes_raw() == pair.public
    shared = other.exchange(X25519PublicKey.from_public_bytes(pair.public))
    assert dh(pair.private, other.public_key().public_bytes_raw()) == shared


@given(PRIVATE)
def test_private_keys_are_kept_clamped(private: bytes) -> None:
    pair = KeyPair.generate(private)
    assert pair.private[0] & 7 == 0
    assert pair.private[31] & 0xC0 == 0x40
    assert KeyPair.from_private(pair.private) == pair
    assert pair.private.hex() not in repr(pair)
    assert repr(pair.private) not in repr(pair)


@pytest.mark.parametrize("public", LOW_ORDER)
def test_a_key_that_fixes_the_secret_is_refused(public: bytes) -> None:
    with pytest.raises(Untrusted):
        dh(KeyPair.generate(b"k" * 32).private, public)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_another_length_are_garbled(length: int) -> None:
    with pytest.raises(Garbled):
        KeyPair.from_private(bytes(length))
    with pytest.raises(Garbled):
        dh(KeyPair.generate(b"k" * 32).private, bytes(length))


def test_hkdf_without_a_salt_is_the_third_example_of_rfc_5869() -> None:
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert hkdf(b"\x0b" * 22, salt=None, info=b"", length=42).hex() == expected
    assert hkdf(b"\x0b" * 22, salt=bytes(32), info=b"", length=42).hex() == expected
