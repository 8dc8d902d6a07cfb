import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import adv, link_code, pairing
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import LID, SERVER, Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.pairing import PairingRefused

VECTORS = Path(__file__).parents[3] / "data" / "whatsapp-web" / "test-vectors.json"
ACCOUNT = Jid("5551999990000")
NOISE = KeyPair.generate(b"\x01" * 32)
IDENTITY = KeyPair.generate(b"\x02" * 32)
EPHEMERAL = KeyPair.generate(b"\x03" * 32)
PHONE = KeyPair.generate(b"\x04" * 32)
PHONE_EPHEMERAL = KeyPair.generate(b"\x05" * 32)
# Keys of the code are given here, not derived: deriving is slow, and the vector covers it.
OUR_KEY, PHONE_KEY = b"\x06" * 32, b"\x07" * 32
WRAPPED = link_code.wrap(OUR_KEY, EPHEMERAL.public, salt=b"\x08" * 32, iv=b"\x09" * 16)
PHONE_WRAPPED = link_code.wrap(PHONE_KEY, PHONE_EPHEMERAL.public, salt=b"\x0a" * 32, iv=b"\x0b" * 16)
REF = b"3@ref"


def notification(ref: bytes = REF, wrapped: bytes = PHONE_WRAPPED, identity: bytes = PHONE.public) -> Node:
    return link_code.primary_hello("9", ref=ref, wrapped=wrapped, identity=identity)


def finish(key: bytes = PHONE_KEY, node: Node | None = None) -> link_code.Finish:
    return link_code.companion_finish(
        link_code.read_primary_hello(node or notification(), ref=REF),
        key=key,
        phone=ACCOUNT,
        ephemeral=EPHEMERAL,
        identity=IDENTITY,
        adv_random=b"\x0c" * 32,
        salt=b"\x0d" * 32,
        nonce=b"\x0e" * 12,
    )


def opened(
    said: link_code.CompanionFinish, *, companion_ephemeral: bytes = EPHEMERAL.public, phone: KeyPair = PHONE
) -> bytes:
    return link_code.open_bundle(said, phone=phone, ephemeral=PHONE_EPHEMERAL, companion_ephemeral=companion_ephemeral)


def test_the_vector() -> None:
    vector: dict[str, str] = json.loads(VECTORS.read_text())["pairing_code"]
    salt, iv, public = (bytes.fromhex(vector[name]) for name in ("salt", "iv", "ephemeral_public"))
    key = link_code.code_key(vector["code"], salt)
    assert key.hex() == vector["pbkdf2_key"]
    wrapped = link_code.wrap(key, public, salt=salt, iv=iv)
    assert wrapped.hex() == vector["wrapped"]
    assert link_code.salt_of(wrapped) == salt
    assert link_code.unwrap(key, wrapped) == public
    assert vector["base32_alphabet"] == link_code.ALPHABET


@pytest.mark.parametrize("wrapped", [b"", WRAPPED[:-1], WRAPPED + b"\x00"])
def test_a_wrapped_key_has_eighty_bytes(wrapped: bytes) -> None:
    with pytest.raises(Garbled, match="80 bytes"):
        link_code.unwrap(OUR_KEY, wrapped)


@pytest.mark.parametrize(
    ("random5", "code"),
    [("0000000000", "11111111"), ("ffffffffff", "ZZZZZZZZ"), ("0044 32 14c7", "12345678"), ("8000000000", "H1111111")],
)
def test_codes(random5: str, code: str) -> None:
    assert link_code.code_from(bytes.fromhex(random5)) == code


def test_a_code_is_made_of_five_bytes() -> None:
    with pytest.raises(Garbled):
        link_code.code_from(bytes(4))


@given(st.binary(min_size=5, max_size=5))
def test_a_code_is_typed_as_it_is_shown(random5: bytes) -> None:
    code = link_code.code_from(random5)
    shown = link_code.shown(code)
    assert len(shown) == 9
    assert link_code.typed(shown) == link_code.typed(shown.lower()) == link_code.typed(f" {code} ") == code


@pytest.mark.parametrize("text", ["", "ABCD", "ABCD-123", "ABCD-12345", "ABCD-123O", "ABCD-123I", "ABCD-123é"])
def test_not_a_code(text: str) -> None:
    with pytest.raises(Garbled, match="8 letters and digits"):
        link_code.typed(text)


@pytest.mark.parametrize("phone", ["", "+5551999990000", "051999990000", "123456", "1" * 16, "5551 99999", "٥٥٥١٩٩٩٩"])
def test_not_a_phone(phone: str) -> None:
    with pytest.raises(Garbled, match="country code"):
        link_code.phone_jid(phone)


def test_the_request_for_a_code() -> None:
    node = link_code.companion_hello(phone=link_code.phone_jid("5551999990000"), wrapped=WRAPPED, noise=NOISE.public)
    registration = node.child("link_code_companion_reg")
    assert registration is not None
    assert (node.get("type"), node.get("xmlns"), node.jid("to")) == ("set", "md", SERVER)
    assert registration.get("should_show_push_notification") == "true"
    nonce = registration.child("link_code_pairing_nonce")
    assert nonce is not None
    assert nonce.data == b"\x00"
    assert link_code.read_companion_hello(node) == link_code.CompanionHello(
        phone=ACCOUNT,
        wrapped=WRAPPED,
        noise=NOISE.public,
        platform_id="1",
        platform_display="Chrome (Linux)",
    )
    assert link_code.read_ref(link_code.ref_answer(node, REF)) == REF


def test_a_request_that_the_server_refuses() -> None:
    error = Node("error", {"code": "429", "text": "rate-overlimit"})
    with pytest.raises(PairingRefused, match="429 rate-overlimit") as refused:
        link_code.read_ref(Node("iq", {"type": "error"}, (error,)))
    assert refused.value.code == 429


def test_both_sides_share_the_adv_secret_and_pair() -> None:
    said = finish()
    read = link_code.read_companion_finish(said.node)
    assert (read.phone, read.ref, read.identity) == (ACCOUNT, REF, IDENTITY.public)
    secret = opened(read, companion_ephemeral=link_code.unwrap(OUR_KEY, WRAPPED))
    assert secret == said.adv_secret
    success = pairing.pair_success(
        "1",
        phone=PHONE,
        companion=read.identity,
        adv_secret=secret,
        details=adv.Details(raw_id=1, timestamp=1, key_index=1),
        jid=Jid("5551999990000", device=3),
        lid=Jid("222", LID, 3),
        random64=bytes(64),
    )
    paired = pairing.complete(success, identity=IDENTITY, adv_secret=said.adv_secret, random64=bytes(64))
    assert paired.phone_identity == PHONE.public


def test_a_wrong_code_on_either_side() -> None:
    with pytest.raises(Untrusted, match="code typed"):
        opened(link_code.read_companion_finish(finish(key=OUR_KEY).node))
    with pytest.raises(Untrusted, match="code typed"):
        opened(
            link_code.read_companion_finish(finish().node),
            companion_ephemeral=link_code.unwrap(PHONE_KEY, WRAPPED),
        )


def test_an_identity_that_was_exchanged_on_the_way() -> None:
    read = link_code.read_companion_finish(finish().node)
    with pytest.raises(Untrusted, match="other keys"):
        opened(evolve(read, identity=NOISE.public))
    elsewhere = finish(node=notification(identity=NOISE.public))
    with pytest.raises(Untrusted, match="other keys"):
        opened(link_code.read_companion_finish(elsewhere.node))


def test_secrets_are_not_in_a_repr() -> None:
    assert repr(finish()) == "Finish()"


@pytest.mark.parametrize(
    "node",
    [
        notification(ref=b"3@other"),
        notification(ref=b""),
        notification(wrapped=PHONE_WRAPPED[1:]),
        notification(identity=PHONE.public + b"\x00"),
        evolve(notification(), attrs={"from": SERVER, "type": "encrypt"}),
        evolve(notification(), tag="message"),
        evolve(notification(), content=()),
    ],
)
def test_not_our_notification(node: Node) -> None:
    with pytest.raises(Garbled):
        link_code.read_primary_hello(node, ref=REF)


def test_stages_are_not_confused() -> None:
    hello = link_code.companion_hello(phone=ACCOUNT, wrapped=WRAPPED, noise=NOISE.public)
    with pytest.raises(Garbled):
        link_code.read_companion_finish(hello)
    with pytest.raises(Garbled):
        link_code.read_companion_hello(finish().node)


def nodes() -> st.SearchStrategy[Node]:
    """Stanzas of a pairing by code with their parts mixed up."""
    tags = [
        "link_code_pairing_ref",
        "link_code_pairing_wrapped_primary_ephemeral_pub",
        "primary_identity_pub",
        "link_code_pairing_wrapped_companion_ephemeral_pub",
        "companion_server_auth_key_pub",
        "companion_platform_id",
        "companion_platform_display",
        "link_code_pairing_wrapped_key_bundle",
        "companion_identity_public",
    ]
    content = st.sampled_from([b"", bytes(32), bytes(80), bytes(156), b"\xff"]) | st.binary(max_size=100)
    child = st.builds(lambda tag, data: Node(tag, content=data), st.sampled_from(tags), content)
    attrs: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [{}, {"jid": ACCOUNT, "stage": "companion_hello"}, {"jid": "x", "stage": "companion_finish"}, {"jid": SERVER}]
    )
    registration = st.builds(
        lambda attrs, children: Node("link_code_companion_reg", attrs, tuple(children)),
        attrs,
        st.lists(child, max_size=9),
    )
    return st.builds(
        lambda tag, kind, inner: Node(tag, {"from": SERVER, "type": kind}, tuple(inner)),
        st.sampled_from(["iq", "notification"]),
        st.sampled_from(["error", "result", "link_code_companion_reg"]),
        st.lists(registration | st.builds(Node, st.just("error"), st.just({"code": "x"})), max_size=2),
    )


@given(nodes())
def test_every_reader_raises_only_garbled(node: Node) -> None:
    for read in (
        link_code.read_ref,
        link_code.read_companion_hello,
        link_code.read_companion_finish,
        lambda given: finish(node=given),
    ):
        with contextlib.suppress(Garbled):
            read(node)


@given(st.binary(min_size=80, max_size=80), st.binary(min_size=156, max_size=156))
def test_no_made_up_bundle_opens(wrapped: bytes, bundle: bytes) -> None:
    said = link_code.CompanionFinish(phone=ACCOUNT, ref=REF, identity=IDENTITY.public, bundle=bundle)
    with pytest.raises(Garbled):
        opened(said, companion_ephemeral=link_code.unwrap(OUR_KEY, wrapped))
