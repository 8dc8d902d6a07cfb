"""Who is known to the server."""

import json
from pathlib import Path

import pytest

from daemon.emulator.whatsapp_web.accounts import Account, Accounts, Device, claim_of, device_hash
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node
from tests.daemon.emulator.whatsapp_web.people import companion

VECTORS = json.loads((Path(__file__).parents[3] / "data" / "whatsapp-web" / "test-vectors.json").read_text("utf-8"))
ANA = Account("5551990000001", "111222333444555", "Ana")


def test_an_account_is_found_by_both_names() -> None:
    accounts = Accounts()
    ana = accounts.add(Account("5551990000001", "111", "Ana"))
    assert accounts.find(Jid("5551990000001")) is ana
    assert accounts.find(Jid("111", "lid", 7)) is ana
    assert accounts.find(Jid("111")) is None
    assert accounts.by_phone("5551990000001") is ana
    assert list(accounts) == [ana]


@pytest.mark.parametrize(("phone", "lid"), [("5551990000001", "222"), ("5551990000002", "111")])
def test_a_name_belongs_to_one(phone: str, lid: str) -> None:
    accounts = Accounts()
    accounts.add(Account("5551990000001", "111", "Ana"))
    with pytest.raises(ValueError, match="exists already"):
        accounts.add(Account(phone, lid, "Beto"))
    assert accounts.counts()["accounts"] == 1


def test_a_bundle_uses_up_a_prekey_until_there_is_none() -> None:
    device = companion(Account("5551990000001", "111", "Ana"))
    given = [device.take_bundle() for _ in range(3)]
    assert [bundle and bundle.prekey for bundle in given] == [(5, b"5" * 32), (6, b"6" * 32), None]
    assert all(bundle and bundle.identity == b"i" * 32 for bundle in given)
    assert Device(ANA, 9).take_bundle() is None


def test_numbers_of_devices_are_never_given_twice() -> None:
    account = Account("5551990000001", "111", "Ana")
    first = companion(account)
    account.unlink(first)
    second = companion(account)
    assert (first.number, second.number) == (1, 2)
    assert list(account.companions()) == [second]


def test_what_waits_is_cleared_by_tag_id_and_sender() -> None:
    device = companion(Account("5551990000001", "111", "Ana"))
    sender = Jid("222", "lid", 7)
    node = Node("message", {"id": "A", "from": sender})
    device.keep(node)
    device.keep(Node("message", {"id": "B", "from": sender}))
    device.keep(node)
    assert not device.clear("receipt", "A", sender)
    assert not device.clear("message", "A", sender.bare)
    assert not device.clear("message", "A", None)
    assert device.clear("message", "A", sender)
    assert [waiting.get("id") for waiting in device.backlog()] == ["B"]
    assert claim_of(node) == ("message", "A", sender)


def test_addresses() -> None:
    device = companion(ANA)
    assert str(device.address("lid")) == f"111222333444555:{device.number}@lid"
    assert str(device.address("s.whatsapp.net")) == f"5551990000001:{device.number}@s.whatsapp.net"


def test_the_hash_of_devices() -> None:
    vector = VECTORS["phash"]
    assert device_hash([Jid.parse(text) for text in vector["devices"]]) == vector["phash"]
    assert device_hash([]) == "2:47DEQpj8"
