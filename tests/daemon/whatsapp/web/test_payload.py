import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web import payload
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import LID, Jid
from daemon.whatsapp.web.record import SignedPreKey
from daemon.whatsapp.web.xeddsa import sign

IDENTITY = KeyPair.generate(b"\x01" * 32)
PAIR = KeyPair.generate(b"\x02" * 32)
SIGNED = SignedPreKey(id=1, pair=PAIR, signature=sign(IDENTITY.private, b"\x05" + PAIR.public, b"\x03" * 64))
VERSION = (2, 3000, 1045649367)


def registered(signed: SignedPreKey = SIGNED) -> bytes:
    return payload.registration(version=VERSION, registration_id=12345, identity=IDENTITY.public, signed_prekey=signed)


def test_a_registration_says_what_the_server_needs() -> None:
    said = wa.ClientPayload.FromString(registered())
    pairing = said.devicePairingData
    assert (said.passive, said.pull, said.username, said.device) == (False, False, 0, 0)
    assert said.HasField("passive")
    assert said.HasField("pull")
    assert (said.connectType, said.connectReason) == (1, 1)
    assert said.userAgent.platform == 14
    assert said.webInfo.HasField("webSubPlatform")
    assert pairing.eRegid == bytes.fromhex("00003039")
    assert pairing.eKeytype == b"\x05"
    assert pairing.eIdent == IDENTITY.public
    assert pairing.eSkeyId == b"\x00\x00\x01"
    assert pairing.buildHash == hashlib.md5(b"2.3000.1045649367").digest()


def test_the_server_reads_a_registration() -> None:
    read = payload.read(registered())
    assert read == payload.Registration(
        registration_id=12345,
        identity=IDENTITY.public,
        signed_prekey_id=1,
        signed_prekey=PAIR.public,
        signature=SIGNED.signature,
        build_hash=payload.build_hash(VERSION),
        device_props=payload.DEVICE_PROPS,
        version=VERSION,
    )


def test_device_props_never_change() -> None:
    """Paired devices keep what they registered with; a change here is a new kind of device."""
    assert payload.DEVICE_PROPS.hex() == "0a0973686f77726f6f6d641206080110001800180120002a0718800420012801"


def test_a_login_names_the_device() -> None:
    packed = payload.login(version=VERSION, jid=Jid("5551999990000", device=7))
    said = wa.ClientPayload.FromString(packed)
    assert (said.username, said.device, said.passive, said.pull) == (5551999990000, 7, True, True)
    assert (said.lc, said.lidDbMigrated) == (1, True)
    assert not said.HasField("devicePairingData")
    assert payload.read(packed) == payload.Login(
        jid=Jid("5551999990000", device=7), passive=True, pull=True, version=VERSION
    )


@pytest.mark.parametrize("jid", [Jid("5551999990000"), Jid("", device=7), Jid("x1", device=7), Jid("9" * 30, device=1)])
def test_only_a_companion_logs_in(jid: Jid) -> None:
    with pytest.raises(Garbled):
        payload.login(version=VERSION, jid=jid)


def test_a_hidden_address_does_not_log_in() -> None:
    with pytest.raises(Garbled):
        payload.login(version=VERSION, jid=Jid("222333444555666", LID, 7))


def test_the_server_refuses_a_prekey_the_identity_did_not_sign() -> None:
    forged = SignedPreKey(id=1, pair=PAIR, signature=bytes(64))
    with pytest.raises(Garbled, match="not signed"):
        payload.read(registered(forged))


@pytest.mark.parametrize("name", ["eRegid", "eKeytype", "eIdent", "eSkeyId", "eSkeyVal", "eSkeySig"])
def test_the_server_refuses_a_registration_that_lacks_a_key(name: str) -> None:
    said = wa.ClientPayload.FromString(registered())
    setattr(said.devicePairingData, name, b"")
    with pytest.raises(Garbled, match="wrong types or lengths"):
        payload.read(said.SerializeToString())


def test_the_server_refuses_a_payload_that_says_nothing() -> None:
    with pytest.raises(Garbled):
        payload.read(b"")


@pytest.mark.parametrize(
    ("page", "version"),
    [
        ('{"client_revision":1045649367,"x":1}', (2, 3000, 1045649367)),
        (r'JSON.parse("{\"client_revision\":1035194821,")', (2, 3000, 1035194821)),
        ('"client_revision": 7', (2, 3000, 7)),
        ('"client_revision":0', None),
        ('"client_revision":99999999999', None),
        ('"client_revision":4294967296', None),
        ("<html>challenge</html>", None),
    ],
)
def test_version_in_a_page(page: str, version: payload.Version | None) -> None:
    assert payload.version_in(page) == version


@given(st.binary(max_size=400))
def test_reading_raises_only_garbled(data: bytes) -> None:
    with contextlib.suppress(Garbled):
        payload.read(data)


@given(st.data())
def test_reading_a_damaged_registration_raises_only_garbled(data: st.DataObject) -> None:
    damaged = bytearray(registered())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(Garbled):
        payload.read(bytes(damaged))
