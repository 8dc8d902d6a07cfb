"""A phone's Signal keys and sessions."""

import pytest

from daemon.emulator.whatsapp_web.phone import Phone
from daemon.emulator.whatsapp_web.phone_keys import PREKEYS
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.ratchet import DuplicateMessage, NoSession
from tests.daemon.emulator.whatsapp_web.people import companion, network, said


@pytest.fixture
def ana() -> Phone:
    return network(1).add_account("5551990000001")


@pytest.fixture
def beto() -> Phone:
    return network(2).add_account("5551990000002")


def test_a_conversation(ana: Phone, beto: Phone) -> None:
    first = ana.keys.encrypt(beto.device, said("oi"))
    again = ana.keys.encrypt(beto.device, said("tem civic?"))
    assert (first.get("type"), again.get("type")) == ("pkmsg", "pkmsg")
    assert beto.keys.decrypt(ana.device, again).conversation == "tem civic?"
    assert beto.keys.decrypt(ana.device, first).conversation == "oi"
    answer = beto.keys.encrypt(ana.device, said("temos"))
    assert answer.get("type") == "msg"
    assert ana.keys.decrypt(beto.device, answer).conversation == "temos"
    with pytest.raises(DuplicateMessage):
        ana.keys.decrypt(beto.device, answer)


def test_a_prekey_is_spent_once(ana: Phone, beto: Phone) -> None:
    assert len(beto.keys.prekeys) == PREKEYS
    enc = ana.keys.encrypt(beto.device, said("oi"))
    beto.keys.decrypt(ana.device, enc)
    assert len(beto.keys.prekeys) == PREKEYS - 1
    assert len(beto.device.prekeys) == PREKEYS - 1


def test_new_keys_end_old_sessions(ana: Phone, beto: Phone) -> None:
    beto.keys.decrypt(ana.device, ana.keys.encrypt(beto.device, said("oi")))
    answer = beto.keys.encrypt(ana.device, said("olá"))
    identity = ana.keys.identity
    ana.keys.renew()
    assert ana.keys.identity != identity
    with pytest.raises(NoSession):
        ana.keys.decrypt(beto.device, answer)


def test_one_persons_sessions_are_forgotten(ana: Phone, beto: Phone) -> None:
    other = network(3).add_account("5551990000003")
    for phone in (beto, other):
        ana.keys.encrypt(phone.device, said("oi"))
    ana.keys.forget(beto.account.phone)
    assert [peer[0] for peer in ana.keys.sessions] == [other.account.phone]


def test_a_device_without_keys_cannot_be_written_to(ana: Phone, beto: Phone) -> None:
    device = companion(beto.account)
    device.signed = None
    with pytest.raises(Garbled, match="published no keys"):
        ana.keys.encrypt(device, said("oi"))
