"""The handshake: byte for byte as everybody speaks it, and nobody who is not vouched for gets through."""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web import xeddsa
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.frame import INTRO, frame
from daemon.whatsapp.web.noise import WHATSAPP_ROOT, ClientHandshake, ServerHandshake, Transport, make_chain

VECTOR = {
    name: bytes.fromhex(value)
    for name, value in json.loads((Path(__file__).parents[3] / "data/whatsapp-web/test-vectors.json").read_bytes())[
        "noise"
    ].items()
    if isinstance(value, str)
}
NOW = 1_800_000_000
DAY = 86_400
RANDOM = bytes(range(128))


def key(name: str) -> KeyPair:
    return KeyPair.generate(hashlib.sha256(name.encode()).digest())


ROOT, INTERMEDIATE = key("root"), key("intermediate")
SERVER_STATIC, SERVER_EPHEMERAL = key("server static"), key("server ephemeral")
CLIENT_STATIC, CLIENT_EPHEMERAL = key("client static"), key("client ephemeral")
CHAIN = make_chain(
    ROOT, INTERMEDIATE, SERVER_STATIC.public, not_before=NOW - DAY, not_after=NOW + DAY, random128=RANDOM
)


def client(root_public: bytes = ROOT.public) -> ClientHandshake:
    return ClientHandshake(CLIENT_STATIC, CLIENT_EPHEMERAL, root_public)


def server(chain: bytes = CHAIN) -> ServerHandshake:
    return ServerHandshake(SERVER_STATIC, SERVER_EPHEMERAL, chain)


def connect(chain: bytes = CHAIN, *, now: int = NOW, root_public: bytes = ROOT.public) -> tuple[Transport, Transport]:
    """Client's and server's cipher after a handshake."""
    ours, theirs = client(root_public), server(chain)
    message, client_side = ours.finish(theirs.respond(ours.hello()), b"payload", now)
    payload, client_static, server_side = theirs.finish(message)
    assert (payload, client_static) == (b"payload", CLIENT_STATIC.public)
    return client_side, server_side


def test_the_vector() -> None:
    ours = ClientHandshake(
        KeyPair.from_private(VECTOR["client_static_private"]),
        KeyPair.from_private(VECTOR["client_ephemeral_private"]),
        VECTOR["root_public"],
    )
    hello = ours.hello()
    assert hello == VECTOR["client_hello"]
    assert INTRO + frame(hello) == VECTOR["first_ws_message"]
    finish, transport = ours.finish(VECTOR["server_hello"], VECTOR["client_payload"], NOW)
    assert finish == VECTOR["client_finish"]
    mirror = Transport(write_key=VECTOR["client_read_key"], read_key=VECTOR["client_write_key"])
    assert mirror.decrypt(transport.encrypt(b"up")) == b"up"
    assert transport.decrypt(mirror.encrypt(b"down")) == b"down"


def test_whatsapps_root_did_not_sign_the_vector() -> None:
    ours = ClientHandshake(
        KeyPair.from_private(VECTOR["client_static_private"]),
        KeyPair.from_private(VECTOR["client_ephemeral_private"]),
        WHATSAPP_ROOT,
    )
    ours.hello()
    with pytest.raises(Untrusted, match="not signed"):
        ours.finish(VECTOR["server_hello"], VECTOR["client_payload"], NOW)


def test_both_sides_understand_each_other() -> None:
    client_side, server_side = connect()
    for text in (b"", b"one", b"two" * 1000):
        assert server_side.decrypt(client_side.encrypt(text)) == text
        assert client_side.decrypt(server_side.encrypt(text)) == text


def test_the_same_text_is_never_the_same_payload() -> None:
    client_side, _ = connect()
    assert client_side.encrypt(b"x") != client_side.encrypt(b"x")


@pytest.mark.parametrize("fault", ["again", "skipped", "own", "empty", "short"])
def test_only_the_next_payload_decrypts(fault: str) -> None:
    client_side, server_side = connect()
    first, second = server_side.encrypt(b"one"), server_side.encrypt(b"two")
    if fault == "again":
        client_side.decrypt(first)
    given_ = {"again": first, "skipped": second, "own": client_side.encrypt(b"x"), "empty": b"", "short": first[:15]}
    with pytest.raises(Garbled, match="does not decrypt"):
        client_side.decrypt(given_[fault])


def test_counters_are_not_used_twice() -> None:
    client_side, _ = connect()
    client_side._writes = client_side._reads = 2**32 - 1
    client_side.encrypt(b"the last one")
    with pytest.raises(Garbled, match="all its counters"):
        client_side.encrypt(b"x")
    client_side._reads = 2**32
    with pytest.raises(Garbled, match="all its counters"):
        client_side.decrypt(bytes(20))


# certificates


def certificate(
    issuer: KeyPair, subject: bytes, *, serial: int, issuer_serial: int, validity: tuple[int, int]
) -> wa.NoiseCertificate:
    details = wa.NoiseCertificateDetails(
        serial=serial, issuerSerial=issuer_serial, key=subject, notBefore=validity[0], notAfter=validity[1]
    ).SerializeToString()
    return wa.NoiseCertificate(details=details, signature=xeddsa.sign(issuer.private, details, RANDOM[:64]))


VALID = (NOW - DAY, NOW + DAY)


def chain(
    *,
    root: KeyPair = ROOT,
    leaf_issuer: KeyPair = INTERMEDIATE,
    intermediate_key: bytes = INTERMEDIATE.public,
    leaf_key: bytes = SERVER_STATIC.public,
    intermediate_issuer: int = 0,
    leaf_issuer_serial: int = 7,
    intermediate_validity: tuple[int, int] = VALID,
    leaf_validity: tuple[int, int] = VALID,
) -> wa.CertChain:
    """A good chain but for what is given."""
    return wa.CertChain(
        intermediate=certificate(
            root, intermediate_key, serial=7, issuer_serial=intermediate_issuer, validity=intermediate_validity
        ),
        leaf=certificate(leaf_issuer, leaf_key, serial=9, issuer_serial=leaf_issuer_serial, validity=leaf_validity),
    )


@pytest.mark.parametrize("now", [NOW - DAY, NOW, NOW + DAY])
def test_a_good_chain(now: int) -> None:
    connect(chain().SerializeToString(), now=now)
    connect(CHAIN, now=now)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (chain(root=key("another root")), "not signed"),
        (chain(leaf_issuer=key("another intermediate")), "not signed"),
        (chain(leaf_issuer=ROOT), "not signed"),
        (chain(intermediate_issuer=1), "names issuer 1, not 0"),
        (chain(leaf_issuer_serial=8), "names issuer 8, not 7"),
        (chain(leaf_issuer_serial=0), "names issuer 0, not 7"),
        (chain(intermediate_key=INTERMEDIATE.public[:31]), "without a key"),
        (chain(leaf_key=b""), "without a key"),
        (chain(leaf_key=key("another server").public), "another key"),
        (chain(intermediate_validity=(NOW + 1, NOW + DAY)), "not valid"),
        (chain(intermediate_validity=(NOW - DAY, NOW - 1)), "not valid"),
        (chain(leaf_validity=(NOW + 1, NOW + DAY)), "not valid"),
        (chain(leaf_validity=(NOW - DAY, NOW - 1)), "not valid"),
        (chain(leaf_validity=(0, 0)), "not valid"),
        (wa.CertChain(), "not signed"),
        (wa.CertChain(leaf=chain().leaf), "not signed"),
        (wa.CertChain(intermediate=chain().intermediate), "not signed"),
        (wa.CertChain(leaf=chain().intermediate, intermediate=chain().leaf), "not signed"),
    ],
)
def test_a_bad_chain(bad: wa.CertChain, what: str) -> None:
    with pytest.raises(Untrusted, match=what):
        connect(bad.SerializeToString())


@pytest.mark.parametrize("which", ["leaf", "intermediate"])
@pytest.mark.parametrize("part", ["details", "signature"])
def test_every_part_of_a_certificate_is_needed(which: str, part: str) -> None:
    bad = chain()
    getattr(bad, which).ClearField(part)
    with pytest.raises(Untrusted):
        connect(bad.SerializeToString())


@pytest.mark.parametrize("which", ["leaf", "intermediate"])
@given(st.integers(0, 511), st.integers(0, 2))
@settings(max_examples=30)
def test_a_corrupted_signature(which: str, bit: int, lengthen: int) -> None:
    bad = chain()
    signature = bytearray(getattr(bad, which).signature)
    signature[bit // 8] ^= 1 << bit % 8
    getattr(bad, which).signature = bytes(signature) + bytes(lengthen)
    with pytest.raises(Untrusted, match="not signed"):
        connect(bad.SerializeToString())


def test_signatures_of_any_64_bytes() -> None:
    bad = chain()
    bad.leaf.signature = bad.intermediate.signature = bytes(64)
    with pytest.raises(Untrusted):
        connect(bad.SerializeToString())


def test_details_that_are_signed_but_none() -> None:
    bad = chain()
    bad.leaf.details = b"\xff"
    bad.leaf.signature = xeddsa.sign(INTERMEDIATE.private, b"\xff", RANDOM[:64])
    with pytest.raises(Garbled):
        connect(bad.SerializeToString())


def test_a_chain_that_is_none() -> None:
    with pytest.raises(Garbled):
        connect(b"\xff")


def test_another_root() -> None:
    with pytest.raises(Untrusted):
        connect(root_public=WHATSAPP_ROOT)
    with pytest.raises(Untrusted):
        connect(root_public=bytes(32))


def test_a_chain_takes_enough_randomness() -> None:
    with pytest.raises(ValueError, match="128"):
        make_chain(ROOT, INTERMEDIATE, SERVER_STATIC.public, not_before=0, not_after=1, random128=bytes(64))


# damage

LENGTHS = {"hello": 36, "response": 346, "finish": 77}


def goes_through(which: str, damage: Callable[[bytes], bytes]) -> bool:
    """Whether a handshake succeeds in which one message was damaged on its way."""

    def carried(name: str, message: bytes) -> bytes:
        assert len(message) == LENGTHS[name]
        return damage(message) if name == which else message

    ours, theirs = client(), server()
    try:
        response = carried("response", theirs.respond(carried("hello", ours.hello())))
        finish, _ = ours.finish(response, b"payload", NOW)
        theirs.finish(carried("finish", finish))
    except Garbled:
        return False
    return True


def changed(message: bytes, at: int, change: int) -> bytes:
    return message[:at] + bytes([message[at] ^ change]) + message[at + 1 :]


def cut(message: bytes, end: int) -> bytes:
    return message[:end]


@pytest.mark.parametrize("which", LENGTHS)
def test_no_handshake_succeeds_with_a_byte_changed(which: str) -> None:
    assert goes_through(which, bytes)
    for at in range(LENGTHS[which]):
        assert not goes_through(which, partial(changed, at=at, change=0x01)), at
        assert not goes_through(which, partial(changed, at=at, change=0x80)), at


@given(st.data())
def test_no_handshake_succeeds_with_any_byte_changed_in_any_way(data: st.DataObject) -> None:
    which = data.draw(st.sampled_from(sorted(LENGTHS)))
    at, change = data.draw(st.integers(0, LENGTHS[which] - 1)), data.draw(st.integers(1, 255))
    assert not goes_through(which, partial(changed, at=at, change=change))


@pytest.mark.parametrize("which", LENGTHS)
def test_no_handshake_succeeds_with_a_message_cut(which: str) -> None:
    for end in range(LENGTHS[which]):
        assert not goes_through(which, partial(cut, end=end)), end


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    ours, theirs = client(), server()
    ours.hello()
    with pytest.raises(Garbled):
        ours.finish(data, b"payload", NOW)
    with pytest.raises(Garbled):
        theirs.respond(data)
    theirs = server()
    theirs.respond(client().hello())
    with pytest.raises(Garbled):
        theirs.finish(data)


@pytest.mark.parametrize("public", [bytes(32), (1).to_bytes(32, "little"), b"x" * 31, b"x" * 33, b""])
def test_keys_that_are_none(public: bytes) -> None:
    hello = wa.HandshakeMessage(clientHello=wa.ClientHello(ephemeral=public)).SerializeToString()
    with pytest.raises(Garbled):
        server().respond(hello)
    response = wa.HandshakeMessage.FromString(server().respond(client().hello()))
    response.serverHello.ephemeral = public
    with pytest.raises(Garbled):
        client().finish(response.SerializeToString(), b"payload", NOW)


@pytest.mark.parametrize("part", ["ephemeral", "static", "payload"])
def test_a_response_without_one_of_its_parts(part: Literal["ephemeral", "static", "payload"]) -> None:
    ours = client()
    response = wa.HandshakeMessage.FromString(server().respond(ours.hello()))
    response.serverHello.ClearField(part)
    with pytest.raises(Garbled, match="three parts"):
        ours.finish(response.SerializeToString(), b"payload", NOW)


def test_keys_are_not_shown() -> None:
    assert CLIENT_STATIC.private.hex() not in repr(client())
    assert repr(CLIENT_STATIC.private) not in repr(client())
