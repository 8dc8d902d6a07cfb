"""A stanza of one device in, stanzas for devices out."""

import pytest
from attrs import evolve

from daemon.emulator.whatsapp_web.accounts import Account, Accounts, Device
from daemon.emulator.whatsapp_web.exchange import Exchange
from daemon.emulator.whatsapp_web.queries import Delivery, Queries
from daemon.whatsapp.web.jid import LID, PN, Jid
from daemon.whatsapp.web.node import Attr, Node
from tests.daemon.emulator.whatsapp_web.people import NOW, companion


class People:
    """Ana and Beto, each with a phone (device 0) and a companion."""

    def __init__(self) -> None:
        accounts = Accounts()
        self.ana = accounts.add(Account("5551990000001", "111", "Ana"))
        self.beto = accounts.add(Account("5551990000002", "222", "Beto"))
        self.phones = {}
        for account in (self.ana, self.beto):
            phone = evolve(companion(account), number=0, noise=b"")
            account.link(phone)
            self.phones[account.name] = phone
        self.web, self.other_web = (next(account.companions()) for account in (self.ana, self.beto))
        self.exchange = Exchange(accounts, Queries(accounts))

    def say(self, device: Device, node: Node) -> list[Delivery]:
        return self.exchange.receive(device, node, NOW)


@pytest.fixture
def people() -> People:
    return People()


def enc(kind: str = "msg") -> Node:
    return Node("enc", {"v": "2", "type": kind}, b"sealed")


def message(to: Jid, *devices: Jid, kind: str = "msg", extra: tuple[Node, ...] = (), **attrs: Attr) -> Node:
    participants = tuple(Node("to", {"jid": device}, (enc(kind),)) for device in devices)
    return Node(
        "message", {"id": "M1", "to": to, "type": "text", **attrs}, (Node("participants", {}, participants), *extra)
    )


def test_a_message_is_acked_and_reaches_each_device(people: People) -> None:
    everybody = (Jid("222", LID), Jid("222", LID, 1), Jid("111", LID))
    ack, *copies = people.say(people.web, message(Jid("222", LID), *everybody))
    assert ack.device is people.web
    assert dict(ack.node.attrs) == {"class": "message", "id": "M1", "from": Jid("222", LID), "t": str(NOW)}
    assert [copy.device for copy in copies] == [people.phones["Beto"], people.other_web, people.phones["Ana"]]
    assert all(copy.kept for copy in copies)
    first, own = copies[0].node, copies[2].node
    assert first.attrs["from"] == Jid("111", LID, 1)
    assert (first.attrs["sender_pn"], first.get("notify"), first.get("addressing_mode")) == (
        people.ana.pn,
        "Ana",
        "lid",
    )
    assert (own.attrs["recipient"], own.attrs["peer_recipient_pn"]) == (Jid("222", LID), people.beto.pn)


def test_by_number_the_alternate_name_is_the_hidden_id(people: People) -> None:
    to = Jid("5551990000002", PN)
    _, copy = people.say(people.web, message(to, to))
    assert copy.node.attrs["from"] == Jid("5551990000001", PN, 1)
    assert copy.node.attrs["sender_lid"] == people.ana.lid
    people.ana.lid_known = False
    _, copy = people.say(people.web, message(to, to))
    assert "sender_lid" not in copy.node.attrs


def test_a_stale_device_list_is_told_by_the_hash(people: People) -> None:
    ack, *_ = people.say(people.web, message(Jid("222", LID), Jid("222", LID)))
    assert ack.node.get("phash").startswith("2:")


@pytest.mark.parametrize(
    ("node", "error"),
    [
        (message(Jid("999", LID), Jid("999", LID)), "404"),
        (message(Jid("222", LID, 1), Jid("222", LID, 1)), "400"),
        (message(Jid("222", LID), Jid("222", LID), Jid("5551990000001", PN)), "400"),
        (message(Jid("222", LID), Jid("222", LID), kind="pkmsg"), "479"),
        (Node("message", {"id": "M1", "to": Jid("222", LID)}), "404"),
        (Node("message", {"id": "M1", "to": Jid("222", LID), "category": "peer"}, (enc(),)), "479"),
    ],
)
def test_what_the_network_does_not_take(people: People, node: Node, error: str) -> None:
    (ack,) = people.say(people.web, node)
    assert ack.node.get("error") == error


def test_a_first_message_carries_who_vouches_for_the_sender(people: People) -> None:
    proof = Node("device-identity", {}, b"proof")
    to = Jid("222", LID)
    _, copy = people.say(people.web, message(to, to, kind="pkmsg", extra=(proof,)))
    assert copy.node.child("device-identity") == proof
    _, copy = people.say(people.web, message(to, to, extra=(proof,)))
    assert copy.node.child("device-identity") is None


def test_a_message_again_goes_to_one_device(people: People) -> None:
    node = Node("message", {"id": "M1", "to": Jid("222", LID, 1), "device_fanout": "false"}, (enc(),))
    _, copy = people.say(people.web, node)
    assert copy.device is people.other_web
    own = Node("message", {"id": "M1", "to": Jid("111", LID, 1), "recipient": Jid("222", LID)}, (enc(),))
    _, copy = people.say(people.phones["Ana"], own)
    assert (copy.device, copy.node.attrs["recipient"]) == (people.web, Jid("222", LID))


def test_a_peer_message_says_so(people: People) -> None:
    node = Node("message", {"id": "M1", "to": people.ana.pn, "category": "peer"}, (enc(),))
    _, copy = people.say(people.web, node)
    assert (copy.device, copy.node.get("category")) == (people.phones["Ana"], "peer")
    assert "recipient" not in copy.node.attrs


def receipt(to: Jid, kind: str = "", **attrs: Attr) -> Node:
    return Node("receipt", {"id": "M1", "to": to, "type": kind, **attrs})


@pytest.mark.parametrize("kind", ["", "inactive", "read"])
def test_a_receipt_clears_and_is_passed_on(people: People, kind: str) -> None:
    sender = Jid("222", LID, 1)
    people.web.keep(Node("message", {"id": "M1", "from": sender}))
    ack, *passed = people.say(people.web, receipt(sender, kind))
    assert ack.node.get("class") == "receipt"
    assert not people.web.waiting
    told = [one for one in passed if one.device.account is people.beto]
    assert [one.device for one in told] == list(people.beto.devices.values())
    assert told[0].node.attrs["from"] == Jid("111", LID, 0 if kind == "read" else 1)
    others = [one for one in passed if one.device.account is people.ana]
    assert [one.node.get("recipient") for one in others] == (["222@lid"] if kind == "read" else [])


def test_all_messages_of_a_list_are_cleared(people: People) -> None:
    sender = Jid("222", LID)
    for id_ in ("M1", "M2", "M3"):
        people.web.keep(Node("message", {"id": id_, "from": sender}))
    listed = (Node("list", {}, (Node("item", {"id": "M2"}),)),)
    people.say(people.web, Node("receipt", {"id": "M1", "to": sender, "type": "read"}, listed))
    assert [node.get("id") for node in people.web.backlog()] == ["M3"]


def test_a_retry_clears_nothing_and_reaches_the_writing_device(people: People) -> None:
    sender = Jid("222", LID, 1)
    people.web.keep(Node("message", {"id": "M1", "from": sender}))
    _, passed = people.say(people.web, receipt(sender, "retry"))
    assert people.web.waiting
    assert (passed.device, passed.node.attrs["from"]) == (people.other_web, Jid("111", LID, 1))


def test_our_own_messages_are_cleared_by_a_sender_receipt_alone(people: People) -> None:
    phone = Jid("111", LID)
    people.web.keep(Node("message", {"id": "M1", "from": phone, "recipient": Jid("222", LID)}))
    people.say(people.web, Node("ack", {"class": "message", "id": "M1", "to": phone}))
    assert people.web.waiting
    people.say(people.web, receipt(phone, "sender", recipient=Jid("222", LID)))
    assert not people.web.waiting


@pytest.mark.parametrize("tag", ["message", "receipt", "notification"])
def test_an_ack_clears(people: People, tag: str) -> None:
    people.web.keep(Node(tag, {"id": "M1", "from": Jid("222", LID)}))
    assert people.say(people.web, Node("ack", {"class": tag, "id": "M1", "to": Jid("222", LID)})) == []
    assert not people.web.waiting


def test_typing_is_shown_and_forgotten(people: People) -> None:
    shown = people.say(people.web, Node("chatstate", {"to": Jid("222", LID)}, (Node("composing"),)))
    assert [one.device for one in shown] == list(people.beto.devices.values())
    assert not any(one.kept for one in shown)


def test_a_phone_answers_about_a_file_through_the_server(people: People) -> None:
    to = {"to": Jid("5551990000001", PN, 1), "id": "M1", "type": "mediaretry"}
    (told,) = people.say(people.phones["Ana"], Node("notification", to, (Node("rmr"),)))
    assert (told.device, told.node.attrs["from"]) == (people.web, people.ana.pn)
    assert people.say(people.phones["Beto"], Node("notification", to)) == []
    assert people.say(people.web, Node("notification", to)) == []


def test_presence_and_the_like_are_swallowed(people: People) -> None:
    assert people.say(people.web, Node("presence", {"type": "available"})) == []
