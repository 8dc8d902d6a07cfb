import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import devices
from daemon.whatsapp.web.devices import Person
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import GROUP, HOSTED_LID, LID, PN, Jid
from daemon.whatsapp.web.node import Attr, Node
from daemon.whatsapp.web.queries import QueryRefused

VECTOR = json.loads(Path("tests/data/whatsapp-web/test-vectors.json").read_text())["phash"]
CUSTOMER = Jid("222", LID)


def user(jid: Attr, *listed: dict[str, Attr], lid: str = "") -> Node:
    found = Node("device-list", {}, tuple(Node("device", attrs) for attrs in listed))
    told = (Node("lid", {"val": lid}),) if lid else ()
    return Node("user", {"jid": jid}, (Node("devices", {}, (found, Node("key-index-list", {"ts": "1"}))), *told))


def answer(*users: Node) -> Node:
    usync = Node("usync", {}, (Node("result"), Node("list", {}, users)))
    return Node("iq", {"type": "result"}, (usync,))


def test_a_query_names_people_and_what_it_wants_of_them() -> None:
    query = devices.query([CUSTOMER, Jid("111", LID)], sid="7", context="background", lids=True)
    assert query.attrs == {"type": "get", "xmlns": "usync", "to": Jid()}
    usync = query.child("usync")
    assert usync is not None
    assert usync.attrs == {"sid": "7", "mode": "query", "last": "true", "index": "0", "context": "background"}
    wanted, listed = usync.child("query"), usync.child("list")
    assert wanted is not None
    assert [(each.tag, each.attrs) for each in wanted.children()] == [("devices", {"version": "2"}), ("lid", {})]
    assert listed is not None
    assert [each.jid("jid") for each in listed.children("user")] == [CUSTOMER, Jid("111", LID)]


def test_hidden_ids_are_asked_for_only_where_wanted() -> None:
    usync = devices.query([CUSTOMER], sid="7").child("usync")
    assert usync is not None
    wanted = usync.child("query")
    assert wanted is not None
    assert [each.tag for each in wanted.children()] == ["devices"]
    assert usync.get("context") == "message"


def test_the_phone_and_its_companions_are_read() -> None:
    read = devices.read(answer(user(CUSTOMER, {"id": "0"}, {"id": "7", "key-index": "1"})))
    assert read == {CUSTOMER: Person((CUSTOMER, Jid("222", LID, 7)))}


def test_hosted_devices_live_on_a_server_of_their_own() -> None:
    read = devices.read(answer(user(CUSTOMER, {"id": "0"}, {"id": "99", "key-index": "1", "is_hosted": "true"})))
    assert read[CUSTOMER].devices == (CUSTOMER, Jid("222", HOSTED_LID, 99))


def test_a_companion_without_a_key_index_is_not_linked() -> None:
    read = devices.read(answer(user(CUSTOMER, {"id": "0"}, {"id": "7"})))
    assert read[CUSTOMER].devices == (CUSTOMER,)


def test_a_number_comes_with_its_hidden_id() -> None:
    number = Jid("5551999", PN)
    assert devices.read(answer(user(number, {"id": "0"}, lid="222@lid")))[number].lid == CUSTOMER
    for wrong in ("5551999@s.whatsapp.net", "nobody", "@lid"):
        assert devices.read(answer(user(number, {"id": "0"}, lid=wrong)))[number].lid is None


def test_whoever_the_server_tells_nothing_of_is_left_out() -> None:
    error = Node("user", {"jid": Jid("333", LID)}, (Node("devices", {}, (Node("error", {"code": "404"}),)),))
    silent = Node("user", {"jid": Jid("444", LID)})
    nobody = user("", {"id": "0"})
    group = user(Jid("555", GROUP), {"id": "0"})
    empty = user(Jid("666", LID))
    read = devices.read(answer(error, silent, nobody, group, empty, user(CUSTOMER, {"id": "0"})))
    assert list(read) == [CUSTOMER]


def test_devices_that_cannot_be_are_left_out_and_none_is_told_twice() -> None:
    strange: list[dict[str, Attr]] = [{"id": each, "key-index": "1"} for each in ("x", "-1", "65536", "", "7", "7")]
    read = devices.read(answer(user(CUSTOMER, {"id": "0"}, *strange)))
    assert read[CUSTOMER].devices == (CUSTOMER, Jid("222", LID, 7))


def test_an_answer_that_is_none_is_garbled() -> None:
    for node in (Node("iq", {"type": "result"}), Node("iq", {"type": "result"}, (Node("usync"),))):
        with pytest.raises(Garbled):
            devices.read(node)
    with pytest.raises(QueryRefused):
        devices.read(Node("iq", {"type": "error"}, (Node("error", {"code": "429"}),)))


def test_the_published_vector_of_the_participant_hash() -> None:
    assert devices.phash(Jid.parse(text) for text in VECTOR["devices"]) == VECTOR["phash"]
    assert devices.phash([]) == VECTOR["empty"]


@given(st.permutations([Jid.parse(text) for text in VECTOR["devices"]]))
def test_the_participant_hash_knows_no_order(listed: list[Jid]) -> None:
    assert devices.phash(listed) == VECTOR["phash"]


ATTRS = st.dictionaries(st.sampled_from(["id", "key-index", "is_hosted", "jid", "val"]), st.text(max_size=6))


@given(st.lists(ATTRS, max_size=4), st.text(max_size=20))
def test_arbitrary_users_are_read_or_left_out(listed: list[dict[str, Attr]], lid: str) -> None:
    for person in devices.read(answer(user(CUSTOMER, *listed, lid=lid))).values():
        assert person.devices
        assert {each.user for each in person.devices} == {"222"}
