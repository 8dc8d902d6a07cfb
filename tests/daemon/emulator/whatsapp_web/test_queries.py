"""What the server answers to queries."""

import pytest

from daemon.emulator.whatsapp_web.accounts import Account, Accounts, Device
from daemon.emulator.whatsapp_web.queries import Delivery, MediaHost, Queries
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import LID, PN, SERVER, Jid
from daemon.whatsapp.web.node import Node
from tests.daemon.emulator.whatsapp_web.people import NOW, companion


@pytest.fixture
def queries() -> Queries:
    accounts = Accounts()
    accounts.add(Account("5551990000001", "111", "Ana"))
    accounts.add(Account("5551990000002", "222", "Beto"))
    return Queries(accounts, MediaHost("127.0.0.1:9", "secret"))


@pytest.fixture
def web(queries: Queries) -> Device:
    return companion(next(iter(queries.accounts)))


def iq(kind: str, xmlns: str, *content: Node) -> Node:
    return Node("iq", {"id": "7", "to": SERVER, "type": kind, "xmlns": xmlns}, content or None)


def answer(queries: Queries, web: Device, query: Node) -> Node:
    """The result alone."""
    first, *_ = queries.answer(web, query, NOW)
    assert first.device is web
    assert (first.node.get("id"), first.node.attrs["from"]) == ("7", SERVER)
    return first.node


def users(*jids: Jid) -> tuple[Node, ...]:
    return tuple(Node("user", {"jid": jid}) for jid in jids)


def test_prekeys_are_counted(queries: Queries, web: Device) -> None:
    count = answer(queries, web, iq("get", "encrypt", Node("count"))).child("count")
    assert count
    assert count.get("value") == "2"


def test_without_prekeys_there_is_no_digest(queries: Queries, web: Device) -> None:
    assert answer(queries, web, iq("get", "encrypt", Node("digest"))).child("digest")
    web.prekeys.clear()
    assert answer(queries, web, iq("get", "encrypt", Node("digest"))).child("digest") is None


def skey(number: int) -> Node:
    parts = (("id", number.to_bytes(3)), ("value", b"S" * 32), ("signature", b"G" * 64))
    return Node("skey", {}, tuple(Node(tag, {}, data) for tag, data in parts))


def test_keys_are_published_and_the_signed_one_replaced(queries: Queries, web: Device) -> None:
    key = Node("key", {}, (Node("id", {}, b"\0\0\x09"), Node("value", {}, b"9" * 32)))
    published = iq(
        "set",
        "encrypt",
        Node("registration", {}, b"\0\0\1\0"),
        Node("type", {}, b"\5"),
        Node("identity", {}, b"I" * 32),
        Node("list", {}, (key,)),
        skey(2),
    )
    assert answer(queries, web, published).get("type") == "result"
    assert (web.registration_id, web.identity, web.prekeys[9]) == (256, b"I" * 32, b"9" * 32)
    assert answer(queries, web, iq("set", "encrypt", Node("rotate", {}, (skey(3),)))).get("type") == "result"
    assert web.signed
    assert web.signed.id == 3


def test_half_a_bundle_is_refused(queries: Queries, web: Device) -> None:
    assert answer(queries, web, iq("set", "encrypt", skey(2))).get("type") == "error"
    assert answer(queries, web, iq("set", "encrypt", Node("rotate"))).get("type") == "error"
    with pytest.raises(Garbled, match="skey"):
        answer(queries, web, iq("set", "encrypt", Node("rotate", {}, (Node("skey"),))))


def test_a_bundle_is_handed_out_and_its_owner_told_when_few_are_left(queries: Queries, web: Device) -> None:
    query = iq("get", "encrypt", Node("key", {}, users(web.lid, Jid("222", LID), Jid("999", LID))))
    result, notice = queries.answer(web, query, NOW)
    listed = result.node.child("list")
    assert listed
    (user,) = listed.children("user")
    assert user.attrs["jid"] == web.lid
    assert {child.tag for child in user.children()} == {
        "registration", "type", "identity", "skey", "key", "device-identity"
    }  # fmt: skip
    assert notice.kept
    assert (notice.node.tag, notice.node.get("type")) == ("notification", "encrypt")


def usync(queries: Queries, web: Device, asked: tuple[Node, ...], *protocols: str) -> tuple[Node, ...]:
    query = Node("query", {}, tuple(Node(protocol) for protocol in protocols))
    result = answer(queries, web, iq("get", "usync", Node("usync", {"sid": "1"}, (query, Node("list", {}, asked)))))
    found = result.child("usync")
    listed = found.child("list") if found else None
    return listed.children("user") if listed else ()


def test_devices_and_hidden_ids_are_told(queries: Queries, web: Device) -> None:
    asked = users(Jid("5551990000001", PN), Jid("999", LID))
    (user,) = usync(queries, web, asked, "devices", "lid")
    lid, devices = user.child("lid"), user.child("devices")
    assert lid
    assert lid.attrs["val"] == Jid("111", LID)
    listed = devices.child("device-list") if devices else None
    assert listed
    assert [dict(one.attrs) for one in listed.children("device")] == [{"id": "1", "key-index": "1"}]


def test_a_hidden_device_and_an_unknown_id_are_left_out(queries: Queries, web: Device) -> None:
    web.account.lid_known = False
    queries.hidden[web.account.pn] = {1}
    (user,) = usync(queries, web, users(Jid("111", LID)), "devices", "lid")
    assert user.child("lid") is None
    devices = user.child("devices")
    listed = devices.child("device-list") if devices else None
    assert listed
    assert listed.children() == ()


def test_who_has_whatsapp(queries: Queries, web: Device) -> None:
    asked = tuple(Node("user", {}, (Node("contact", {}, phone),)) for phone in (b"+5551990000002", b"+5551990000009"))
    here, gone = usync(queries, web, asked, "contact")
    assert [one.get("type") for user in (here, gone) if (one := user.child("contact"))] == ["in", "out"]


def test_where_files_go(queries: Queries, web: Device) -> None:
    found = answer(queries, web, iq("set", "w:m", Node("media_conn"))).child("media_conn")
    assert found
    host = found.child("host")
    assert host
    assert (found.get("auth"), host.get("hostname")) == ("secret", "127.0.0.1:9")
    queries.media = None
    assert answer(queries, web, iq("set", "w:m", Node("media_conn"))).get("type") == "error"


def test_a_token_reaches_the_contact(queries: Queries, web: Device) -> None:
    beto = companion(queries.accounts.find(Jid("222", LID)) or web.account)
    token = Node("token", {"jid": Jid("222", LID), "t": "5", "type": "trusted_contact"})
    _, told = queries.answer(web, iq("set", "privacy", Node("tokens", {}, (token,))), NOW)
    assert (told.device, told.kept, told.node.attrs["from"]) == (beto, True, Jid("111", LID))
    tokens = told.node.child("tokens")
    given = tokens.child("token") if tokens else None
    assert given
    assert (given.get("t"), given.attrs["jid"], len(given.data)) == ("5", Jid("222", LID), 16)


def test_a_companion_may_be_removed_by_its_own_account_alone(queries: Queries, web: Device) -> None:
    other = companion(queries.accounts.find(Jid("222", LID)) or web.account)
    theirs = iq("set", "md", Node("remove-companion-device", {"jid": other.jid}))
    assert answer(queries, web, theirs).get("type") == "error"
    result, last = queries.answer(web, iq("set", "md", Node("remove-companion-device", {"jid": web.jid})), NOW)
    assert result.node.get("type") == "result"
    assert (last.device, last.closing, last.node.tag) == (web, True, "stream:error")
    assert not list(web.account.companions())


def test_the_small_ones(queries: Queries, web: Device) -> None:
    assert answer(queries, web, iq("get", "w:p")).get("type") == "result"
    assert answer(queries, web, iq("get", "privacy", Node("privacy"))).child("privacy")
    assert answer(queries, web, iq("get", "w:profile:picture", Node("picture"))).get("type") == "error"
    state = Node("sync", {}, (Node("collection", {"name": "regular", "version": "1"}),))
    assert answer(queries, web, iq("set", "w:sync:app:state", state)).child("sync")
    assert answer(queries, web, iq("set", "no such thing")).get("type") == "result"
    assert queries.answer(web, iq("result", ""), NOW) == []


def test_changes_of_an_account_are_told(queries: Queries, web: Device) -> None:
    second = companion(web.account)
    (told,) = queries.devices_changed(web.account, "add", second, NOW)
    assert (told.device, told.node.get("type")) == (web, "devices")
    beto = companion(queries.accounts.find(Jid("222", LID)) or web.account)
    changed: list[Delivery] = queries.identity_changed(web.account, NOW)
    assert [one.device for one in changed] == [beto]
    assert changed[0].node.child("identity")
