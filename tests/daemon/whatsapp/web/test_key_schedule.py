import pytest

from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Untrusted
from daemon.whatsapp.web.key_schedule import (
    BLOCK_BYTES,
    MAC_BYTES,
    first_keys,
    mac,
    message_key,
    message_keys,
    next_chain_key,
    turn_root,
)

# The numbers themselves are held by the published session in test_ratchet.py.


def test_both_sides_turn_the_root_alike() -> None:
    ours, theirs = KeyPair.generate(b"o" * 32), KeyPair.generate(b"t" * 32)
    assert turn_root(b"r" * 32, ours, theirs.public) == turn_root(b"r" * 32, theirs, ours.public)
    assert turn_root(b"r" * 32, ours, theirs.public) != turn_root(b"s" * 32, ours, theirs.public)
    with pytest.raises(Untrusted):
        turn_root(b"r" * 32, ours, bytes(32))


def test_the_order_of_the_shared_secrets_matters() -> None:
    assert first_keys([b"a" * 32, b"b" * 32]) != first_keys([b"b" * 32, b"a" * 32])


def test_no_two_keys_of_a_chain_are_the_same() -> None:
    key, seen = b"c" * 32, set()
    for _ in range(10):
        seen |= {key, message_key(key)}
        key = next_chain_key(key)
    assert len(seen) == 20


def test_a_message_has_a_cipher_and_a_mac_key_of_its_own() -> None:
    cipher, mac_key = message_keys(b"m" * 32)
    encryptor, decryptor = cipher.encryptor(), cipher.decryptor()
    block = b"b" * BLOCK_BYTES
    assert decryptor.update(encryptor.update(block)) == block
    assert mac_key != message_keys(b"n" * 32)[1]


def test_a_mac_says_who_writes_to_whom() -> None:
    one, other = b"1" * 32, b"2" * 32
    vouched = mac(b"k" * 32, one, other, b"message")
    assert len(vouched) == MAC_BYTES
    assert vouched != mac(b"k" * 32, other, one, b"message")
    assert vouched != mac(b"k" * 32, one, other, b"massage")
