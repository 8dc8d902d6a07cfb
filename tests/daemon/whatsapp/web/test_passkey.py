import base64
import contextlib
import hashlib
import hmac
import json
from typing import Any

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import link_code, passkey, payload
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.curve import KeyPair, dh, hkdf
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import SERVER, Jid
from daemon.whatsapp.web.node import Node

SECRET = b"\x01" * 32
NEW_SECRET = b"\x02" * 32
NONCE = b"\x03" * 32
PHONE_NONCE = b"\x04" * 32
EPHEMERAL = KeyPair.generate(b"\x05" * 32)
PHONE = KeyPair.generate(b"\x06" * 32)
CHALLENGE = "Y2hhbGxlbmdl"
OPTIONS = {
    "challenge": CHALLENGE,
    "timeout": 600000,
    "rpId": "whatsapp.com",
    "allowCredentials": [],
    "userVerification": "required",
}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def requested(options: Any = None, *, sender: Jid = SERVER) -> Node:
    content = json.dumps(OPTIONS if options is None else options).encode()
    child = Node("passkey_request_options", content=content)
    return Node("notification", {"from": sender, "type": "passkey_prologue_request", "id": "1"}, (child,))


def wanted(now: float = 1000.0) -> passkey.Asked:
    return passkey.asked(requested(), adv_secret=SECRET, now=now)


def result(**changed: Any) -> dict[str, Any]:
    client_data = {"type": "webauthn.get", "challenge": CHALLENGE, "origin": "https://web.whatsapp.com"}
    return {
        "id": b64(b"credential"),
        "rawId": b64(b"credential"),
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "response": {
            "clientDataJSON": b64(json.dumps(client_data).encode()),
            "authenticatorData": b64(b"data"),
            "signature": b64(b"signature"),
            "userHandle": None,
        },
    } | changed


def assertion() -> passkey.Assertion:
    return passkey.read_assertion(json.dumps(result()), wanted())


def proved(now: float = 1001.0) -> tuple[passkey.Proved, Node]:
    return passkey.prove(wanted(), assertion(), ref="2@ref", ephemeral=EPHEMERAL, nonce=NONCE, now=now)


def continued(public: bytes = PHONE.public, nonce: bytes = PHONE_NONCE, *, sender: Jid = SERVER) -> Node:
    identity = wa.PrimaryEphemeralIdentity(publicKey=public, nonce=nonce).SerializeToString()
    child = Node("primary_ephemeral_identity", content=identity)
    return Node("notification", {"from": sender, "type": "crsc_continuation", "id": "2"}, (child,))


def content_of(node: Node, *path: str) -> bytes:
    for tag in path:
        child = node.child(tag)
        assert child is not None, tag
        node = child
    return node.data


def test_what_is_asked() -> None:
    state = wanted()
    assert state.options == json.dumps(OPTIONS)  # as it came: what is added later stays
    assert (state.challenge, state.until, state.handoff_until) == (CHALLENGE, 1600.0, 1300.0)
    assert "run the command shown" in state.sentence
    assert state.command.count(state.options) == 1


def test_options_of_any_depth_are_kept_as_they_came() -> None:
    """A reader that goes deeper than its writer would fall over its own output."""
    deep = json.dumps(OPTIONS)[:-1] + ', "extensions": ' + "[" * 500 + "]" * 500 + "}"
    node = Node("iq", {"from": SERVER, "type": "result"}, (Node("passkey_request_options", content=deep.encode()),))
    assert passkey.asked(node, adv_secret=SECRET, now=0.0).options == deep


def test_the_device_type_is_that_of_the_registration() -> None:
    assert int(passkey.DEVICE_TYPE) == wa.DeviceProps.FromString(payload.DEVICE_PROPS).platformType


def test_a_request_without_a_sane_time_ends_all_the_same() -> None:
    for timeout in (None, "x", -1, 10**12):
        state = passkey.asked(requested(OPTIONS | {"timeout": timeout}), adv_secret=SECRET, now=0.0)
        assert 0 < state.until <= 3600


@pytest.mark.parametrize(
    "node",
    [
        requested(sender=Jid("5551988887777")),
        requested([]),
        requested({}),
        requested(OPTIONS | {"challenge": ""}),
        requested(OPTIONS | {"challenge": "é"}),
        requested(OPTIONS | {"challenge": 5}),
        requested(OPTIONS | {"rpId": "example.com"}),
        requested(OPTIONS | {"filler": "x" * 70000}),
        evolve(requested(), content=None),
        evolve(requested(), attrs={"from": SERVER, "type": "encrypt"}),
    ],
)
def test_not_a_request(node: Node) -> None:
    with pytest.raises(Garbled):
        passkey.asked(node, adv_secret=SECRET, now=0.0)


def test_the_proof_as_the_browser_gives_it() -> None:
    given = assertion()
    assert given.credential_id == b"credential"
    assert json.loads(given.json) == {key: value for key, value in result().items() if key != "authenticatorAttachment"}


def client_data(**said: str) -> dict[str, Any]:
    return {"response": result()["response"] | {"clientDataJSON": b64(json.dumps(said).encode())}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "missing or too long"),
        ("null", "not a JSON object"),
        ("[object Object]", "not a JSON object"),
        ("\ud800", "not a JSON object"),
        (json.dumps(result(type="password")), "copy it whole"),
        (json.dumps(result(response=None)), "copy it whole"),
        (json.dumps(result(rawId="")), "lacks rawId"),
        (json.dumps(result(rawId="é")), "lacks rawId"),
        (json.dumps(result(response=result()["response"] | {"signature": 1})), "lacks signature"),
        (json.dumps(result(**client_data(type="webauthn.create", challenge=CHALLENGE))), "not create"),
        (json.dumps(result(**client_data(type="webauthn.get", challenge="b3RoZXI"))), "older request"),
        (json.dumps(result(**client_data(type="webauthn.get"))), "older request"),
    ],
)
def test_a_proof_that_will_not_do_says_why(text: str, sentence: str) -> None:
    with pytest.raises(Garbled, match=sentence):
        passkey.read_assertion(text, wanted())


def test_the_whole_way_with_a_code_to_compare() -> None:
    state, node = proved(now=1301.0)  # past the five minutes in which the QR code counts
    prologue = wa.ProloguePayload.FromString(content_of(node, "passkey_prologue", "prologue_payload"))
    identity = wa.CompanionEphemeralIdentity.FromString(prologue.companionEphemeralIdentity)
    assert (identity.publicKey, identity.deviceType, identity.ref) == (EPHEMERAL.public, 1, "2@ref")
    assert content_of(node, "passkey_prologue", "credential_id") == b"credential"
    inner = node.child("passkey_prologue")
    assert inner is not None
    assert inner.child("pairing_handoff_proof") is None

    confirming, shown = passkey.confirm(state, continued())
    nonce = content_of(shown, "companion_nonce")
    assert hashlib.sha256(prologue.companionEphemeralIdentity + nonce).digest() == prologue.commitment.hash
    digest = hashlib.sha256(nonce + PHONE.public).digest()
    code = link_code.code_from(bytes(4 ^ byte for byte in digest[:5]))
    assert confirming.code == code
    assert link_code.shown(code) in confirming.sentence

    request = passkey.request(
        confirming, noise=b"\x07" * 32, identity=b"\x08" * 32, adv_secret=NEW_SECRET, iv=b"\x09" * 12
    )
    sent = wa.EncryptedPairingRequest.FromString(content_of(request.node, "encrypted_pairing_request"))
    key = hkdf(
        dh(PHONE.private, identity.publicKey),
        salt=b"Companion Pairing 1 with ref 2@ref",
        info=b"Pairing Information Encryption Key",
        length=32,
    )
    inside = wa.PairingRequest.FromString(AESGCM(key).decrypt(sent.iv, sent.encryptedPayload, None))
    assert inside.companionPublicKey == b"\x07" * 32
    assert inside.companionIdentityKey == b"\x08" * 32
    assert inside.advSecret == request.adv_secret == NEW_SECRET


def test_the_secret_of_the_qr_code_spares_the_comparison() -> None:
    state, node = proved()
    prologue = content_of(node, "passkey_prologue", "prologue_payload")
    key = hkdf(SECRET, salt=None, info=b"shortcake-passkey-handoff-v1", length=32)
    proof = content_of(node, "passkey_prologue", "pairing_handoff_proof")
    assert proof == hmac.digest(key, prologue, "sha256")
    confirming, _ = passkey.confirm(state, continued())
    assert confirming.code == ""
    assert "by itself" in confirming.sentence


def test_every_state_tells_the_operator_what_to_do() -> None:
    state, _ = proved()
    confirming, _ = passkey.confirm(state, continued())
    request = passkey.request(confirming, noise=bytes(32), identity=bytes(32), adv_secret=NEW_SECRET, iv=bytes(12))
    sentences = {one.sentence for one in (wanted(), state, confirming, request)}
    assert len(sentences) == 4
    assert all(": " in sentence and sentence.isprintable() for sentence in sentences)


@pytest.mark.parametrize(
    ("node", "error"),
    [
        (continued(sender=Jid("5551988887777")), Garbled),
        (continued(public=PHONE.public[:31]), Garbled),
        (continued(nonce=b""), Garbled),
        (continued(public=bytes(32)), Untrusted),
        (evolve(continued(), content=None), Garbled),
    ],
)
def test_not_the_phones_answer(node: Node, error: type[Garbled]) -> None:
    with pytest.raises(error):
        passkey.confirm(proved()[0], node)


def test_the_ref_for_the_proof() -> None:
    answer = Node("iq", {"from": SERVER, "type": "result"}, (Node("ref", content=b"2@ref"),))
    assert passkey.read_ref(answer) == "2@ref"
    for content in (None, (Node("ref"),), (Node("ref", content=b"\xff"),)):
        with pytest.raises(Garbled):
            passkey.read_ref(evolve(answer, content=content))


def test_no_secret_is_in_a_repr() -> None:
    state, _ = proved()
    confirming, _ = passkey.confirm(state, continued())
    request = passkey.request(confirming, noise=bytes(32), identity=bytes(32), adv_secret=NEW_SECRET, iv=bytes(12))
    for shown in map(repr, (wanted(), assertion(), state, confirming, request)):
        assert "\\x" not in shown.replace(repr(EPHEMERAL.public), "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*result(), "challenge"]), inner),
    max_leaves=8,
)


@given(JSON)
def test_any_json_raises_only_garbled(value: Any) -> None:
    text = json.dumps(value)
    inner = b64(text.encode())
    for attempt in (
        text,
        json.dumps(result(response=value)),
        json.dumps(result(rawId=value)),
        json.dumps({"id": inner}),
    ):
        with contextlib.suppress(Garbled):
            passkey.read_assertion(attempt, wanted())
    with contextlib.suppress(Garbled):
        passkey.asked(requested(value), adv_secret=SECRET, now=0.0)


@given(st.binary(max_size=100))
def test_any_answer_raises_only_garbled(content: bytes) -> None:
    node = evolve(continued(), content=(Node("primary_ephemeral_identity", content=content),))
    with contextlib.suppress(Garbled):
        passkey.confirm(proved()[0], node)
