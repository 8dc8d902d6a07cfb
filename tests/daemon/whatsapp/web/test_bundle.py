import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import bundle, xeddsa
from daemon.whatsapp.web.bundle import Bundle
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import LID, Jid
from daemon.whatsapp.web.node import Node, pack, unpack
from daemon.whatsapp.web.queries import QueryRefused
from daemon.whatsapp.web.record import Me, PreKey, SignedPreKey

PHONE = Jid("222", LID)
COMPANION = Jid("222", LID, 7)
FIELDS: dict[str, bytes | tuple[Node, ...]] = {
    "registration": b"\x00\x00\x08\xae",
    "type": b"\x05",
    "identity": b"i" * 32,
    "skey": (Node("id", {}, b"\x00\x00\x01"), Node("value", {}, b"s" * 32), Node("signature", {}, b"g" * 64)),
    "key": (Node("id", {}, b"\x00\x00\x2a"), Node("value", {}, b"k" * 32)),
}
EXPECTED = Bundle(
    registration_id=2222,
    identity=b"i" * 32,
    signed_id=1,
    signed_public=b"s" * 32,
    signature=b"g" * 64,
    prekey=(42, b"k" * 32),
)


def user(jid: Jid, **fields: bytes | tuple[Node, ...] | None) -> Node:
    """A user of the answer, some fields other than usual or (None) missing."""
    children = {**FIELDS, **fields}
    return Node("user", {"jid": jid}, tuple(Node(tag, {}, each) for tag, each in children.items() if each is not None))


def answer(*users: Node) -> Node:
    return Node("iq", {"type": "result"}, (Node("list", {}, users),))


def test_one_query_asks_for_many_devices() -> None:
    query = bundle.query([PHONE, COMPANION])
    assert query.attrs == {"type": "get", "xmlns": "encrypt", "to": Jid()}
    key = query.child("key")
    assert key is not None
    assert [each.attrs for each in key.children("user")] == [{"jid": PHONE}, {"jid": COMPANION}]


def test_a_query_may_say_that_the_identity_changed() -> None:
    key = bundle.query([PHONE], changed_identity=True).child("key")
    assert key is not None
    assert key.children()[0].get("reason") == "identity"


def test_bundles_are_found_by_the_address_they_come_with() -> None:
    read = bundle.read(answer(user(COMPANION, registration=b"\x00\x00\x00\x07"), user(PHONE)))
    assert read == {COMPANION: evolve(EXPECTED, registration_id=7), PHONE: EXPECTED}


def test_a_peer_may_have_run_out_of_prekeys() -> None:
    assert bundle.read(answer(user(PHONE, key=None))) == {PHONE: evolve(EXPECTED, prekey=None)}


def test_a_companions_device_identity_is_kept() -> None:
    proof: dict[str, bytes | tuple[Node, ...] | None] = {"device-identity": b"signed"}
    read = bundle.read(answer(user(COMPANION, **proof)))
    assert read[COMPANION].device_identity == b"signed"


UNUSABLE: list[dict[str, bytes | tuple[Node, ...] | None]] = [
    {"registration": b"\x01"},
    {"registration": None},
    {"type": b"\x06"},
    {"identity": b"i" * 33},
    {"identity": None},
    {"skey": None},
    {"skey": (Node("id", {}, b"\x01"), Node("value", {}, b"s" * 32), Node("signature", {}, b"g" * 64))},
    {"skey": (Node("id", {}, b"\x00\x00\x01"), Node("value", {}, b"s" * 31), Node("signature", {}, b"g" * 64))},
    {"skey": (Node("id", {}, b"\x00\x00\x01"), Node("value", {}, b"s" * 32), Node("signature", {}, b"g" * 63))},
    {"key": (Node("id", {}, b"\x00\x00\x2a"),)},
    {"key": (Node("value", {}, b"k" * 32),)},
    {"error": (Node("text", {}, b""),)},
]


@pytest.mark.parametrize("fields", UNUSABLE)
def test_an_unusable_bundle_costs_only_its_device(fields: dict[str, bytes | tuple[Node, ...] | None]) -> None:
    assert bundle.read(answer(user(PHONE, **fields), user(COMPANION))) == {COMPANION: EXPECTED}


def test_a_user_without_an_address_is_left_out() -> None:
    assert bundle.read(answer(evolve(user(PHONE), attrs={}), user(COMPANION))) == {COMPANION: EXPECTED}


def test_an_answer_that_is_none_is_garbled() -> None:
    with pytest.raises(Garbled):
        bundle.read(Node("iq", {"type": "result"}))
    with pytest.raises(QueryRefused):
        bundle.read(Node("iq", {"type": "error"}, (Node("error", {"code": "503"}),)))


def test_the_keys_of_a_retry_receipt_are_a_bundle() -> None:
    keys = evolve(user(PHONE, registration=None), tag="keys", attrs={})
    registration = Node("registration", {}, FIELDS["registration"])
    assert bundle.read_retry(Node("receipt", {"type": "retry"}, (registration, keys))) == EXPECTED
    assert bundle.read_retry(Node("receipt", {"type": "retry"}, (registration,))) is None
    with pytest.raises(Garbled, match="registration"):
        bundle.read_retry(Node("receipt", {"type": "retry"}, (keys,)))
    with pytest.raises(Garbled, match="signed prekey"):
        bundle.read_retry(Node("receipt", {"type": "retry"}, (registration, Node("keys"))))


def test_our_own_bundle_is_put_up_and_proves_itself() -> None:
    me = Me(KeyPair.generate(b"i" * 32), 0x01020304)
    signed = SignedPreKey.signed(me.identity, 3, KeyPair.generate(b"s" * 32), b"z" * 64)
    prekeys = [PreKey(id_, KeyPair.generate(bytes([id_ & 0xFF]) * 32)) for id_ in (1, 0xFFFFFF)]
    sent = unpack(pack(bundle.upload(me, signed, prekeys)))
    assert sent.attrs == {"type": "set", "xmlns": "encrypt", "to": Jid()}
    # What the server hands out is made of the same parts.
    listed = sent.child("list")
    assert listed is not None
    ids = [key.children("id")[0].data for key in listed.children("key")]
    assert ids == [b"\x00\x00\x01", b"\xff\xff\xff"]
    parts = tuple(child for child in sent.children() if child.tag != "list")
    handed_out = Node("user", {"jid": PHONE}, (*parts, listed.children("key")[1]))
    read = bundle.read(answer(handed_out))[PHONE]
    assert (read.registration_id, read.identity) == (me.registration_id, me.identity.public)
    assert read.prekey == (0xFFFFFF, prekeys[1].pair.public)
    assert xeddsa.verify(read.identity, b"\x05" + read.signed_public, read.signature)


CONTENT = st.none() | st.binary(max_size=70) | st.sampled_from(list(FIELDS.values()))
TAGS = st.sampled_from(["registration", "type", "identity", "skey", "key", "device-identity", "error", "keys"])
CHILDREN = st.lists(st.builds(lambda tag, each: Node(tag, {}, each), TAGS, CONTENT), max_size=8).map(tuple)


@given(CHILDREN)
def test_arbitrary_users_and_receipts_are_garbled_at_worst(children: tuple[Node, ...]) -> None:
    read = bundle.read(answer(Node("user", {"jid": PHONE}, children)))
    assert all(len(each.identity) == 32 and len(each.signature) == 64 for each in read.values())
    try:
        found = bundle.read_retry(Node("receipt", {}, (*children, Node("keys", {}, children))))
    except Garbled:
        return
    assert found is not None
