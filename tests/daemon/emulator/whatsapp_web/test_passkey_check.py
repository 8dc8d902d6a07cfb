"""The passkey step, with the companion's side of the protocol."""

import base64
import random

import orjson
import pytest
from attrs import evolve

from daemon.emulator.whatsapp_web.passkey_check import PasskeyCheck
from daemon.whatsapp.web import passkey
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import SERVER
from daemon.whatsapp.web.node import Node

SECRET, NEW_SECRET, NOISE, IDENTITY = (letter * 32 for letter in (b"a", b"b", b"n", b"i"))
EPHEMERAL = KeyPair.generate(b"e" * 32)
NONCE = b"c" * 32


@pytest.fixture
def check() -> PasskeyCheck:
    return PasskeyCheck(random.Random(11).randbytes, SECRET)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def assertion(wanted: passkey.Asked) -> passkey.Assertion:
    """What a browser gives."""
    client_data = orjson.dumps({"type": "webauthn.get", "challenge": wanted.challenge})
    response = {"clientDataJSON": b64(client_data), "authenticatorData": b64(b"x"), "signature": b64(b"y")}
    given = {"id": b64(b"id"), "rawId": b64(b"id"), "type": "public-key", "response": response}
    return passkey.read_assertion(orjson.dumps(given).decode(), wanted)


def proved(check: PasskeyCheck, *, secret: bytes = SECRET, now: float = 0) -> tuple[passkey.Proved, Node]:
    wanted = passkey.asked(check.ask("1"), adv_secret=secret, now=0)
    ref = passkey.read_ref(Node("iq", {"from": SERVER, "type": "result"}, (check.ref(),)))
    state, node = passkey.prove(wanted, assertion(wanted), ref=ref, ephemeral=EPHEMERAL, nonce=NONCE, now=now)
    return state, node.children()[0]


@pytest.mark.parametrize(("now", "compared"), [(0, False), (passkey.HANDOFF_SECONDS + 1, True)])
def test_both_sides_agree(check: PasskeyCheck, now: float, compared: bool) -> None:
    state, prologue = proved(check, now=now)
    confirming, revealed = passkey.confirm(state, check.prove(prologue, "2"))
    check.reveal(revealed.children()[0].data)
    assert check.code == confirming.code
    assert bool(check.code) == compared
    last = passkey.request(confirming, noise=NOISE, identity=IDENTITY, adv_secret=NEW_SECRET, iv=b"v" * 12)
    asked = check.open(last.node.children()[0].data)
    assert (asked.companionPublicKey, asked.companionIdentityKey, asked.advSecret) == (NOISE, IDENTITY, NEW_SECRET)


def test_who_did_not_show_the_qr_code_proves_nothing(check: PasskeyCheck) -> None:
    _, prologue = proved(check, secret=b"z" * 32)
    with pytest.raises(Untrusted, match="QR code"):
        check.prove(prologue, "2")


def test_other_proofs_are_refused(check: PasskeyCheck) -> None:
    _, prologue = proved(check)
    other = PasskeyCheck(random.Random(12).randbytes, SECRET)
    with pytest.raises(Untrusted, match="challenge"):
        other.prove(prologue, "2")
    parts = tuple(
        evolve(part, content=b"{}") if part.tag == "webauthn_assertion" else part for part in prologue.children()
    )
    with pytest.raises(Garbled, match="cannot be read"):
        check.prove(Node("passkey_prologue", {}, parts), "2")


def test_the_nonce_must_be_the_one_committed_to(check: PasskeyCheck) -> None:
    state, prologue = proved(check)
    confirming, revealed = passkey.confirm(state, check.prove(prologue, "2"))
    last = passkey.request(confirming, noise=NOISE, identity=IDENTITY, adv_secret=NEW_SECRET, iv=b"v" * 12)
    with pytest.raises(Garbled, match="before its nonce"):
        check.open(last.node.children()[0].data)
    with pytest.raises(Untrusted, match="committed"):
        check.reveal(b"d" * 32)
    check.reveal(revealed.children()[0].data)
    with pytest.raises(Untrusted, match="agreed"):
        check.open(last.node.children()[0].data[:-1] + b"\0")
