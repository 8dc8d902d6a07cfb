"""Binary nodes: byte for byte as everybody writes them, back again, and no harm from any bytes."""

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.whatsapp.web import node as module
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import DOMAINS, GROUP, INTEROP, LID, MESSENGER, PN, SERVER, Jid
from daemon.whatsapp.web.node import MAX_DEPTH, MAX_INFLATED, MAX_ITEMS, Attr, Node, pack, unpack
from daemon.whatsapp.web.tokens import ENCODED

VECTORS = json.loads((Path(__file__).parents[3] / "data/whatsapp-web/test-vectors.json").read_bytes())["binary_nodes"]
ADDRESSES = {"to", "from", "jid", "participant", "recipient"}

texts = (
    st.sampled_from(sorted(ENCODED))
    | st.from_regex(r"[0-9.-]{1,130}", fullmatch=True)
    | st.from_regex(r"[0-9A-F]{1,130}", fullmatch=True)
    | st.text(min_size=1, max_size=40)
    | st.just("é" * 200)
).filter(lambda text: text != "")
numbers = st.from_regex(r"[0-9]{1,16}", fullmatch=True)
jids = st.one_of(
    st.builds(Jid, numbers, st.sampled_from(list(DOMAINS.values())), st.integers(0, 255)),
    st.builds(Jid.in_domain, numbers, st.integers(0, 255), st.integers(0, 255)),
    st.builds(Jid, numbers, st.just(MESSENGER), st.integers(0, 65535)),
    st.builds(
        lambda integrator, user, device: Jid(f"{integrator}-{user}", INTEROP, device),
        st.integers(0, 65535),
        numbers,
        st.integers(0, 65535),
    ),
    st.builds(Jid, numbers | st.just("status"), st.sampled_from([GROUP, "broadcast", "new.server"])),
    st.just(SERVER),
)
attrs = st.dictionaries(texts, texts | jids, max_size=5)
leaves = st.builds(Node, texts, attrs, st.none() | st.binary(max_size=300))
nodes = st.recursive(
    leaves,
    lambda inner: st.builds(Node, texts, attrs, st.lists(inner, min_size=1, max_size=4).map(tuple)),
    max_leaves=8,
)


def from_json(data: dict[str, Any]) -> Node:
    found: dict[str, Attr] = {
        name: Jid.parse(value) if name in ADDRESSES else value for name, value in data["attrs"].items()
    }
    match data.get("content"):
        case None:
            return Node(data["tag"], found)
        case {"hex": content}:
            return Node(data["tag"], found, bytes.fromhex(content))
        case list(children):
            return Node(data["tag"], found, tuple(map(from_json, children)))
        case other:
            raise AssertionError(other)


def body(text: str) -> Node:
    """The node of a body given in hex."""
    return unpack(bytes.fromhex("00" + text))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["node"]["tag"])
def test_as_everybody_writes_them(vector: dict[str, Any]) -> None:
    node, encoded = from_json(vector["node"]), bytes.fromhex(vector["encoded"])
    assert pack(node) == encoded
    assert unpack(encoded) == node


@given(nodes)
def test_there_and_back(node: Node) -> None:
    assert unpack(pack(node)) == node


@given(nodes)
def test_there_and_back_compressed(node: Node) -> None:
    assert unpack(b"\x02" + zlib.compress(pack(node)[1:])) == node


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for frame in (data, b"\0\xf8" + data, b"\2" + zlib.compress(data)):
        try:
            node = unpack(frame)
        except Garbled:
            continue
        assert unpack(pack(node)) == node


@settings(max_examples=300)
@given(nodes, st.data())
def test_no_damage_raises_anything_else(node: Node, data: st.DataObject) -> None:
    frame = bytearray(pack(node))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(frame) - 1))
        match data.draw(st.sampled_from(["change", "cut", "insert"])):
            case "change":
                frame[at] = data.draw(st.integers(0, 255))
            case "cut":
                del frame[at:]
            case _:
                frame[at:at] = data.draw(st.binary(min_size=1, max_size=4))
        if not frame:
            break
    try:
        found = unpack(bytes(frame))
    except Garbled:
        return
    try:
        again = pack(found)
    except Garbled:
        return  # deeper or larger than we write
    assert unpack(again) == found


@settings(max_examples=20)
@given(nodes)
def test_every_shorter_frame_is_garbled(node: Node) -> None:
    frame = pack(node)
    for end in range(len(frame)):
        with pytest.raises(Garbled):
            unpack(frame[:end])


@pytest.mark.parametrize(
    ("hex_body", "what"),
    [
        ("", "too soon"),
        ("00", "without a tag"),
        ("f800", "without a tag"),
        ("19", "no list"),
        ("fc0178", "no list"),
        ("f80100", "empty tag"),
        ("f801fc00", "empty tag"),
        ("f80119 00", "after the end"),
        ("f8f0" + "19" * 20, "more than there can be"),
        ("f9ffff 19", "more than there can be"),
        ("f80319 0008", "without a name"),
        ("f80519 0808 0808", "twice"),
        ("f80319 08f801", "no string"),  # a list as a value
        ("f80319 f4 08", "no string"),  # 244 means nothing
        ("f803f701 00 1908 08", "no string"),  # an address as a tag
        ("f80219 ffff", "too soon"),
        ("f80219 fc05 0102", "too soon"),
        ("f80219 fd0fffff 01", "too soon"),
        ("f80219 feffffffff 01", "too soon"),
        ("f80219 ff80", "less than no character"),
        ("f80219 ff011c", "something else"),
        ("f80219 ff011f", "something else"),  # the filler where nothing is to be filled
        ("f80319 11fa0000", "no server"),
        ("f80319 11f70007 00", "no user"),
        ("f80319 11fafc033a3a3a03", "no user"),
        ("f80319 11fafc03325f3103", "no user"),  # 2_1: would share a session with 2@lid
        ("f80319 11f6ff81190007 03", "on 's.whatsapp.net'"),
        ("f80319 11f5ff811900070001 03", "on 's.whatsapp.net'"),
    ],
)
def test_garbled(hex_body: str, what: str) -> None:
    with pytest.raises(Garbled, match=what):
        body(hex_body)


def test_no_frame_at_all() -> None:
    with pytest.raises(Garbled, match="empty"):
        unpack(b"")


@pytest.mark.parametrize(
    ("hex_body", "content"),
    [
        ("f80219 00", None),
        ("f80219 f800", None),
        ("f80219 fc00", b""),
        ("f80219 fd000002 6869", b"hi"),
        ("f80219 fdf00002 6869", b"hi"),  # only 20 bits count
        ("f80219 fe00000002 6869", b"hi"),
        ("f80219 04", b"type"),
        ("f80219 ec00", b"read-self"),
        ("f80219 ff8322123f", b"22123"),
        ("f80219 fb02abcd", b"ABCD"),
        ("f80219 fb822abc", b"2AB"),
        ("f80219 ff00", b""),
        ("f80219 f70107ff0122", b"22:7@lid"),
        ("f80219 f90001 f80156", (Node("ping"),)),
    ],
)
def test_content_in_every_way_it_may_come(hex_body: str, content: bytes | tuple[Node, ...] | None) -> None:
    assert body(hex_body).content == content


@pytest.mark.parametrize(
    ("hex_value", "value"),
    [
        ("f70107ff8822233344455566 6f", Jid("222333444555666", LID, 7)),
        ("f70000ff0122", Jid("22")),
        ("f78063ff0122", Jid("22", "hosted", 99)),
        ("f78163ff0122", Jid("22", "hosted.lid", 99)),
        ("f70507ff0122", Jid("22.5", PN, 7)),
        ("fa0003", SERVER),
        ("faff0122fc04632e7573", Jid("22")),  # c.us
        ("f6ff01220102fc046d736772", Jid("22", MESSENGER, 0x102)),
        ("f5ff012201020003fc07696e7465726f70", Jid("3-22", INTEROP, 0x102)),
    ],
)
def test_addresses(hex_value: str, value: Jid) -> None:
    assert body("f80319 11" + hex_value).attrs == {"to": value}


def test_an_empty_attribute_is_none() -> None:
    assert body("f80319 08 00") == body("f80319 08 fc00") == Node("iq")
    assert pack(Node("iq", {"id": ""})) == pack(Node("iq")) == bytes.fromhex("00f80119")
    assert pack(Node("iq", content=())) == pack(Node("iq"))
    assert pack(Node("iq", content=b"")) == bytes.fromhex("00f80219fc00")


def test_a_name_cut_inside_a_character_does_not_cost_the_message() -> None:
    assert body("f80319 08 fc03 4ac3a9c3"[:-2]).get("id") == "Jé"
    assert body("f80319 08 fc02 4ac3").get("id") == "J\ufffd"


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("ABCDEF", "fb03abcdef"),
        ("abcdef", "fc06616263646566"),
        ("-", "edf7"),  # a word of the dictionaries
        ("--.", "ff82aabf"),
        ("1.2-3", "ff831b2a3f"),
        ("ABC", "fb82abcf"),
        ("1" * 127, "ffc0" + "11" * 63 + "1f"),
        ("1" * 128, "fc80" + "31" * 128),
        ("٣", "fc02d9a3"),
        ("7\n", "fc02370a"),
    ],
)
def test_strings(text: str, encoded: str) -> None:
    assert pack(Node("iq", {"id": text})) == bytes.fromhex("00f8031908" + encoded)


@pytest.mark.parametrize(
    ("size", "head"),
    [(0xFF, "fcff"), (0x100, "fd000100"), (0xFFFFF, "fd0fffff"), (0x100000, "fe00100000")],
)
def test_lengths(size: int, head: str) -> None:
    packed = pack(Node("iq", content=bytes(size)))
    assert packed.startswith(bytes.fromhex("00f80219" + head))
    assert unpack(packed).data == bytes(size)


def test_many_children() -> None:
    node = Node("list", content=tuple(Node("item") for _ in range(300)))
    assert pack(node)[3:7].hex()[2:] == "f9012c"
    assert unpack(pack(node)) == node


@pytest.mark.parametrize(
    ("node", "what"),
    [
        (Node(""), "without a tag"),
        (Node("iq", {"": "x"}), "without a name"),
        (Node("iq", {"id": "\ud800"}), "half a character"),
        (Node("list", content=(Node("x"),) * 65536), "65535 fit"),
        (Node("iq", {"to": Jid("222", PN, 256)}), "one byte"),
        (Node("iq", {"to": Jid("222.256", PN)}), "one byte"),
        (Node("iq", {"to": Jid("222", PN, -1)}), "no such device"),
        (Node("iq", {"to": Jid("222", MESSENGER, 65536)}), "no such device"),
        (Node("iq", {"to": Jid("222", GROUP, 7)}), "has no devices"),
        (Node("iq", {"to": Jid("65536-2", INTEROP, 7)}), "has no devices"),
        (Node("iq", {"to": Jid("", LID, 7)}), "has no devices"),
    ],
)
def test_what_cannot_be_written(node: Node, what: str) -> None:
    with pytest.raises(Garbled, match=what):
        pack(node)


def nested(depth: int) -> Node:
    node = Node("x")
    for _ in range(depth - 1):
        node = Node("x", content=(node,))
    return node


def test_depth() -> None:
    assert unpack(pack(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(Garbled, match="nodes inside nodes"):
        pack(nested(MAX_DEPTH + 1))
    with pytest.raises(Garbled, match="nodes inside nodes"):
        unpack(b"\0" + b"\xf8\x02\x19\xf8\x01" * 100_000)


def test_a_frame_of_very_many_nodes() -> None:
    row = b"\xf8\x02\x19\xf9\xff\xff" + b"\xf8\x01\x19" * 65535
    rows = MAX_ITEMS // 65535 + 1
    with pytest.raises(Garbled, match="more than there can be"):
        unpack(b"\0\xf8\x02\x19\xf8" + bytes([rows]) + row * rows)


def test_inflating_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = b"\2" + zlib.compress(b"\xf8\x02\x19\xfe" + struct.pack(">I", MAX_INFLATED) + bytes(MAX_INFLATED), 1)
    assert len(bomb) < 1_000_000
    with pytest.raises(Garbled, match="inflates to more"):
        unpack(bomb)
    node = Node("iq", content=bytes(1000))
    monkeypatch.setattr(module, "MAX_INFLATED", len(pack(node)) - 1)
    assert unpack(b"\2" + zlib.compress(pack(node)[1:])) == node


@pytest.mark.parametrize("damage", ["tail", "cut", "noise", "empty"])
def test_compression_must_be_whole(damage: str) -> None:
    whole = zlib.compress(pack(Node("iq", {"id": "7"}))[1:])
    data = {"tail": whole + b"x", "cut": whole[:-1], "noise": b"x" + whole, "empty": b""}[damage]
    with pytest.raises(Garbled, match=r"compressed frame|does not inflate"):
        unpack(b"\2" + data)


NODE = Node(
    "message",
    {"id": "3A0", "t": "1700000000", "from": Jid("222", LID, 7), "to": "222@lid", "n": "-2", "v": "no@@address"},
    (Node("enc", {"v": "1"}, b"one"), Node("x"), Node("enc", {"v": "2"}, b"two")),
)


def test_looking_into_a_node() -> None:
    assert NODE.get("from") == "222:7@lid"
    assert NODE.get("missing") == ""
    assert NODE.get("missing", "x") == "x"
    assert NODE.jid("from") == Jid("222", LID, 7)
    assert NODE.jid("to") == Jid("222", LID)
    assert NODE.jid("v") is None
    assert NODE.jid("missing") is None
    assert [child.data for child in NODE.children("enc")] == [b"one", b"two"]
    assert len(NODE.children()) == 3
    first = NODE.child("enc")
    assert first is not None
    assert first.data == b"one"
    assert NODE.child("missing") is None
    assert NODE.data == b""
    assert first.children() == ()
    assert first.child("x") is None


def test_numbers_in_a_node() -> None:
    assert NODE.int("t") == 1700000000
    assert NODE.int("n") == -2
    assert NODE.int("missing", 7) == 7
    for name in ("missing", "v", "from"):
        with pytest.raises(Garbled, match=name):
            NODE.int(name)
    with pytest.raises(Garbled):
        NODE.int("v", 7)
    for strange in ("٣", "1_0", " 1", "1" * 20, "1\n"):
        with pytest.raises(Garbled):
            Node("x", {"n": strange}).int("n")


def test_a_node_may_be_logged_without_its_keys() -> None:
    shown = repr(Node("keys", content=(Node("value", content=b"secret"),)))
    assert "secret" not in shown
    assert "<6 bytes>" in shown
