"""What the server does wrong on request."""

import zlib

import pytest

from daemon.emulator.whatsapp_web.accounts import Device
from daemon.emulator.whatsapp_web.faults import BOMB_BYTES, CHANGES, DELIVERED, Fault, Faults, bomb, changed
from daemon.emulator.whatsapp_web.phone import Phone
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.node import Node, unpack
from daemon.whatsapp.web.ratchet import BadMac, MissingPreKey
from tests.daemon.emulator.whatsapp_web.people import network, said


def test_a_fault_happens_as_often_as_it_was_asked_for() -> None:
    faults = Faults()
    faults.add(Fault("duplicate", times=2))
    faults.add(Fault("swap"))
    assert faults.take(CHANGES) is None
    assert [fault.kind for _ in range(4) if (fault := faults.take(DELIVERED))] == ["duplicate", "duplicate", "swap"]
    faults.add(Fault("wrong_mac", times=0))
    assert all(faults.take(CHANGES) for _ in range(5))
    faults.clear()
    assert faults.take(CHANGES) is None


def letter(*, first: bool) -> tuple[Node, Phone, Device]:
    """A message as it was encrypted for Beto's phone: the first of a session, or one of a known one."""
    people = network()
    ana, beto = people.add_account("5551990000001"), people.add_account("5551990000002")
    if not first:
        people.write(ana, beto.account, said("oi"))
        people.write(beto, ana.account, said("oi"))
    enc = ana.keys.encrypt(beto.device, said("tudo bem?"))
    return Node("message", {"id": "M1"}, (enc,)), beto, ana.device


@pytest.mark.parametrize(
    ("kind", "first", "error"),
    [("wrong_mac", True, BadMac), ("wrong_mac", False, BadMac), ("unknown_prekey", True, MissingPreKey)],
)
def test_such_a_message_fails_as_it_should(kind: str, first: bool, error: type[Garbled]) -> None:
    node, beto, sender = letter(first=first)
    (enc,) = changed(node, kind).children("enc")
    assert enc.get("type") == ("pkmsg" if first else "msg")
    with pytest.raises(error):
        beto.keys.decrypt(sender, enc)
    (whole,) = node.children("enc")
    assert beto.keys.decrypt(sender, whole).conversation == "tudo bem?"


def test_content_that_is_missing_or_not_encrypted() -> None:
    node, _, _ = letter(first=True)
    assert [child.tag for child in changed(node, "unavailable").children()] == ["unavailable"]
    assert [child.tag for child in changed(node, "plaintext").children()] == ["plaintext"]
    assert changed(node, "empty").children() == ()
    known, _, _ = letter(first=False)
    assert changed(known, "unknown_prekey") == known
    assert changed(Node("message"), "wrong_mac") == Node("message")


def test_the_bomb_is_small_and_refused() -> None:
    packed = bomb()
    assert len(packed) < 1 << 20
    assert zlib.decompressobj().decompress(packed[1:], 1024) == bytes(1024)
    assert len(packed) * 100 < BOMB_BYTES
    with pytest.raises(Garbled, match="more than"):
        unpack(packed)
