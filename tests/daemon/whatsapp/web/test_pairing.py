import base64
import contextlib
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import adv, pairing
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import LID, SERVER, Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.pairing import PairingRefused

NOISE = KeyPair.generate(b"\x01" * 32)
IDENTITY = KeyPair.generate(b"\x02" * 32)
PHONE = KeyPair.generate(b"\x03" * 32)
SECRET = b"\x04" * 32
JID = Jid("5551999990000", device=7)
HIDDEN = Jid("222333444555666", LID, 7)
DETAILS = adv.Details(raw_id=9, timestamp=1_700_000_000, key_index=3)


def success(**changed: Any) -> Node:
    said: dict[str, Any] = {
        "phone": PHONE,
        "companion": IDENTITY.public,
        "adv_secret": SECRET,
        "details": DETAILS,
        "jid": JID,
        "lid": HIDDEN,
        "random64": b"\x06" * 64,
        "platform": "smba",
        "business_name": "Auto Sul Veículos",
    }
    return pairing.pair_success("77", **(said | changed))


def complete(node: Node) -> pairing.Paired:
    return pairing.complete(node, identity=IDENTITY, adv_secret=SECRET, random64=b"\x05" * 64)


def with_child(node: Node, child: Node) -> Node:
    """The pair-success with one of its children replaced."""
    inner = node.child("pair-success")
    assert inner is not None
    children = tuple(child if one.tag == child.tag else one for one in inner.children())
    return evolve(node, content=(evolve(inner, content=children),))


# QR codes


def test_the_text_of_a_qr_code() -> None:
    text = pairing.qr_text("2@abc", noise=bytes(32), identity=b"\xff" * 32, adv_secret=b"\x01" * 32)
    keys = ",".join(base64.b64encode(key).decode() for key in (bytes(32), b"\xff" * 32, b"\x01" * 32))
    assert text == f"https://wa.me/settings/linked_devices#2@abc,{keys},1"


@given(st.text("abc,@+/=#:", min_size=1), st.sampled_from("0123456789ce"))
def test_a_qr_code_is_read_whatever_its_ref(ref: str, client_type: str) -> None:
    text = pairing.qr_text(
        ref, noise=NOISE.public, identity=IDENTITY.public, adv_secret=SECRET, client_type=client_type
    )
    assert pairing.read_qr(text) == pairing.QrCode(
        ref=ref, noise=NOISE.public, identity=IDENTITY.public, adv_secret=SECRET, client_type=client_type
    )


def test_an_old_qr_code_has_four_fields() -> None:
    new = pairing.qr_text("2@a,b", noise=NOISE.public, identity=IDENTITY.public, adv_secret=SECRET)
    old = new.removeprefix(pairing.QR_PREFIX).removesuffix(",1")
    assert pairing.read_qr(old) == evolve(pairing.read_qr(new), client_type="0")


QR = pairing.qr_text("r", noise=NOISE.public, identity=IDENTITY.public, adv_secret=SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        pairing.QR_PREFIX,
        QR.removesuffix(",1"),  # the new address asks for a client type
        QR + "23",
        QR.replace("#r,", "#,"),
        QR.replace("#r,", "#"),
        QR.replace("=", ""),
        QR.replace("=", "é"),
        "https://example.com/#" + QR,
    ],
)
def test_not_a_qr_code(text: str) -> None:
    with pytest.raises(Garbled):
        pairing.read_qr(text)


@given(st.text())
def test_reading_a_qr_code_raises_only_garbled(text: str) -> None:
    for candidate in (text, pairing.QR_PREFIX + text):
        with contextlib.suppress(Garbled):
            pairing.read_qr(candidate)


def test_the_secret_is_not_in_a_repr() -> None:
    assert "\\x04" not in repr(pairing.read_qr(QR))


def test_the_first_code_is_shown_longer() -> None:
    shown = pairing.qr_schedule(["a", "b", "c", "d", "e", "f"])
    assert [one.ref for one in shown] == ["a", "b", "c", "d", "e", "f"]
    assert [one.seconds for one in shown] == [60, 20, 20, 20, 20, 20]
    assert pairing.qr_schedule([]) == ()


# pair-device


def test_the_refs_of_an_offer() -> None:
    offer = pairing.pair_device("5", ["2@a,b", "c"])
    assert pairing.read_pair_device(offer) == ("2@a,b", "c")
    assert pairing.accepted(offer) == Node("iq", {"to": SERVER, "type": "result", "id": "5"})


@pytest.mark.parametrize(
    "node",
    [
        pairing.pair_device("5", []),
        pairing.pair_device("5", ["x"] * 33),
        pairing.pair_device("5", [""]),
        pairing.pair_device("5", ["é"]),
        pairing.pair_device("", ["a"]),
        evolve(pairing.pair_device("5", ["a"]), tag="message"),
        Node("iq", {"from": JID, "type": "set", "id": "5"}, pairing.pair_device("5", ["a"]).content),
        Node("iq", {"from": SERVER, "type": "set", "id": "5"}),
    ],
)
def test_not_an_offer(node: Node) -> None:
    with pytest.raises(Garbled):
        pairing.read_pair_device(node)


# pair-success


def test_phone_and_companion_link_each_other() -> None:
    node = success()
    paired = complete(node)
    assert (paired.jid, paired.lid, paired.key_index) == (JID, HIDDEN, 3)
    assert (paired.platform, paired.business_name) == ("smba", "Auto Sul Veículos")
    assert paired.phone_identity == PHONE.public
    assert adv.check_companion(paired.account, device=IDENTITY.public, account_key=PHONE.public) == DETAILS

    assert (paired.reply.get("id"), paired.reply.get("type"), paired.reply.jid("to")) == ("77", "result", SERVER)
    account = pairing.read_pair_device_sign(paired.reply, companion=IDENTITY.public, phone=PHONE.public)
    assert account.to_bytes() == paired.account


def test_the_reply_leaves_the_accounts_key_out() -> None:
    signed = complete(success()).reply.child("pair-device-sign")
    identity = signed.child("device-identity") if signed else None
    assert identity is not None
    assert identity.get("key-index") == "3"
    message = wa.ADVSignedDeviceIdentity.FromString(identity.data)
    assert not message.HasField("accountSignatureKey")
    assert message.HasField("deviceSignature")


def test_a_hosted_account_and_one_without_a_hidden_address() -> None:
    paired = complete(success(details=evolve(DETAILS, hosted=True), lid=None))
    assert paired.lid is None
    pairing.read_pair_device_sign(paired.reply, companion=IDENTITY.public, phone=PHONE.public)


def test_a_phone_that_did_not_see_our_code() -> None:
    node = success(adv_secret=bytes(32))
    with pytest.raises(PairingRefused) as refused:
        complete(node)
    answer = pairing.refusal(node, refused.value)
    assert answer == Node(
        "iq",
        {"to": SERVER, "type": "error", "id": "77"},
        (Node("error", {"code": "401", "text": "hmac-mismatch"}),),
    )
    with pytest.raises(PairingRefused, match="hmac-mismatch") as seen:
        pairing.read_pair_device_sign(answer, companion=IDENTITY.public, phone=PHONE.public)
    assert seen.value.code == 401


def test_a_signature_for_another_device() -> None:
    with pytest.raises(PairingRefused) as refused:
        complete(success(companion=NOISE.public))
    assert (refused.value.code, refused.value.text) == (401, "signature-mismatch")


def test_an_account_signature_that_is_only_sixty_four_bytes() -> None:
    """A verification that ignores its own result would let this pass."""
    forged = evolve(
        adv.vouch(DETAILS, account=PHONE, device=IDENTITY.public, random64=bytes(64)), account_signature=b"\x07" * 64
    )
    node = with_child(success(), Node("device-identity", content=adv.enclose(forged, SECRET)))
    with pytest.raises(PairingRefused, match="did not sign"):
        complete(node)


@pytest.mark.parametrize(
    ("jid", "lid"),
    [
        (Jid("5551999990000"), None),
        (Jid("x", device=7), None),
        (HIDDEN, None),
        (JID, Jid("222333444555666", LID, 8)),
        (JID, JID),
    ],
)
def test_addresses_that_do_not_fit(jid: Jid, lid: Jid | None) -> None:
    with pytest.raises(PairingRefused) as refused:
        complete(success(jid=jid, lid=lid))
    assert (refused.value.code, refused.value.text) == (500, "internal-error")


def test_content_that_is_no_identity() -> None:
    for content in (b"", b"\xff\xff", adv.enclose(adv.Account(details=b"\xff", account_signature=b""), SECRET)):
        with pytest.raises(PairingRefused):
            complete(with_child(success(), Node("device-identity", content=content)))


def test_a_person_cannot_pair_us() -> None:
    node = success()
    with pytest.raises(Garbled, match="server alone"):
        complete(evolve(node, attrs={**node.attrs, "from": Jid("5551988887777")}))


def test_an_iq_that_is_no_pair_success() -> None:
    with pytest.raises(Garbled, match="is none"):
        complete(pairing.pair_device("1", ["a"]))


def test_a_name_is_one_printable_line() -> None:
    paired = complete(success(business_name="Auto\n\x1b[31mSul" + "x" * 1000))
    assert paired.business_name.startswith("Auto[31mSul")
    assert len(paired.business_name) == 256


@given(st.integers(min_value=0), st.integers(1, 255))
def test_a_flipped_byte_of_the_identity_is_refused(at: int, flip: int) -> None:
    node = success()
    inner = node.child("pair-success")
    identity = inner.child("device-identity") if inner else None
    assert identity is not None
    damaged = bytearray(identity.data)
    damaged[at % len(damaged)] ^= flip
    with pytest.raises(PairingRefused):
        complete(with_child(node, evolve(identity, content=bytes(damaged))))


@given(st.binary(max_size=200))
def test_any_identity_is_refused_or_garbled(content: bytes) -> None:
    with pytest.raises(PairingRefused):
        complete(with_child(success(), Node("device-identity", content=content)))


# What the phone checks


def replied(account: adv.Account, key_index: str = "3") -> Node:
    identity = Node("device-identity", {"key-index": key_index}, account.to_bytes())
    return Node("iq", {"type": "result", "id": "77"}, (Node("pair-device-sign", content=(identity,)),))


def signed() -> adv.Account:
    account = adv.vouch(DETAILS, account=PHONE, device=IDENTITY.public, random64=bytes(64))
    signature = adv.countersign(account, device=IDENTITY, random64=bytes(64))
    return evolve(account, device_signature=signature, account_key=b"")


def test_the_phone_takes_a_good_signature() -> None:
    read = pairing.read_pair_device_sign(replied(signed()), companion=IDENTITY.public, phone=PHONE.public)
    assert read == evolve(signed(), account_key=PHONE.public)


@pytest.mark.parametrize(
    ("node", "error"),
    [
        (replied(evolve(signed(), device_signature=b"\x01" * 64)), Untrusted),
        (replied(evolve(signed(), account_signature=b"\x01" * 64)), Untrusted),
        (replied(evolve(signed(), account_key=PHONE.public)), Garbled),
        (replied(signed(), key_index="4"), Garbled),
        (replied(signed(), key_index="x"), Garbled),
        (Node("iq", {"type": "result"}), Garbled),
        (Node("iq", {"type": "error"}), PairingRefused),
    ],
)
def test_the_phone_refuses(node: Node, error: type[Garbled]) -> None:
    with pytest.raises(error):
        pairing.read_pair_device_sign(node, companion=IDENTITY.public, phone=PHONE.public)


def any_node() -> st.SearchStrategy[Node]:
    """Trees of the tags and attributes that pairing reads, in any order."""
    tags = st.sampled_from(
        [
            "iq",
            "pair-device",
            "ref",
            "pair-success",
            "device-identity",
            "device",
            "platform",
            "biz",
            "pair-device-sign",
            "error",
        ]
    )
    values = st.sampled_from(["", "set", "result", "error", "x", "7", SERVER, JID, HIDDEN, Jid("a")])
    attrs = st.dictionaries(
        st.sampled_from(["from", "type", "id", "jid", "lid", "name", "code", "text", "key-index"]), values
    )
    leaf = st.builds(Node, tags, attrs, st.none() | st.binary(max_size=20))
    return st.recursive(leaf, lambda inner: st.builds(Node, tags, attrs, st.lists(inner, max_size=3).map(tuple)))


@given(any_node(), st.booleans())
def test_any_stanza_raises_only_garbled(node: Node, offered: bool) -> None:
    if offered:
        node = Node("iq", {"from": SERVER, "type": "set", "id": "1"}, (evolve(node, tag="pair-success"),))
    for read in (
        pairing.read_pair_device,
        complete,
        lambda given: pairing.read_pair_device_sign(given, companion=IDENTITY.public, phone=PHONE.public),
    ):
        with contextlib.suppress(Garbled):
            read(node)
