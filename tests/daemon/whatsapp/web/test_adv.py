import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import adv
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.xeddsa import sign

VECTORS = Path(__file__).parents[3] / "data" / "whatsapp-web" / "test-vectors.json"
PHONE = KeyPair.generate(b"\x11" * 32)
DEVICE = KeyPair.generate(b"\x22" * 32)
STRANGER = KeyPair.generate(b"\x33" * 32)
DETAILS = adv.Details(raw_id=5, timestamp=1_700_000_000, key_index=2)
SECRET = b"\x44" * 32


@pytest.fixture(scope="module")
def vector() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(VECTORS.read_text())["adv"]
    return found


def vouched(details: adv.Details = DETAILS) -> adv.Account:
    return adv.vouch(details, account=PHONE, device=DEVICE.public, random64=b"\x55" * 64)


def linked(details: adv.Details = DETAILS) -> adv.Account:
    account = vouched(details)
    return evolve(account, device_signature=adv.countersign(account, device=DEVICE, random64=b"\x66" * 64))


def test_the_vector(vector: dict[str, Any]) -> None:
    device = KeyPair.from_private(bytes.fromhex(vector["companion_identity_private"]))
    account = adv.disclose(bytes.fromhex(vector["device_identity_content"]), bytes.fromhex(vector["adv_secret"]))
    assert account.account_key.hex() == vector["expected_account_signature_key"]
    details = adv.check_account(account, device=device.public)
    assert details.key_index == vector["expected_key_index"]
    signature = adv.countersign(account, device=device, random64=bytes(64))
    adv.check_device(evolve(account, device_signature=signature), device=device.public)


def test_the_vector_with_another_secret(vector: dict[str, Any]) -> None:
    with pytest.raises(Untrusted):
        adv.disclose(bytes.fromhex(vector["device_identity_content"]), bytes(32))


@pytest.mark.parametrize("hosted", [False, True])
def test_what_the_phone_encloses_the_companion_discloses(hosted: bool) -> None:
    details = evolve(DETAILS, hosted=hosted)
    account = adv.disclose(adv.enclose(vouched(details), SECRET, hosted=hosted), SECRET)
    assert adv.check_account(account, device=DEVICE.public) == details


def test_an_ordinary_hmac_does_not_serve_a_hosted_account() -> None:
    container = wa.ADVSignedDeviceIdentityHMAC.FromString(adv.enclose(vouched(), SECRET))
    container.accountType = wa.HOSTED
    with pytest.raises(Untrusted):
        adv.disclose(container.SerializeToString(), SECRET)


@pytest.mark.parametrize(
    "broken",
    [
        evolve(vouched(), account_signature=bytes(64)),
        evolve(vouched(), account_signature=b""),
        evolve(vouched(), account_key=STRANGER.public),
        evolve(vouched(), account_key=b""),
        evolve(vouched(), details=evolve(DETAILS, key_index=3).to_bytes()),
        evolve(vouched(), details=evolve(DETAILS, hosted=True).to_bytes()),
    ],
)
def test_an_account_that_did_not_sign(broken: adv.Account) -> None:
    with pytest.raises(Untrusted):
        adv.check_account(broken, device=DEVICE.public)


def test_a_signature_for_another_device() -> None:
    with pytest.raises(Untrusted):
        adv.check_account(vouched(), device=STRANGER.public)


@pytest.mark.parametrize("with_key", [False, True])
def test_a_companion_of_another_person(with_key: bool) -> None:
    account = linked() if with_key else evolve(linked(), account_key=b"")
    assert adv.check_companion(account.to_bytes(), device=DEVICE.public, account_key=PHONE.public) == DETAILS


@pytest.mark.parametrize(
    "blob",
    [
        vouched().to_bytes(),  # the device never signed
        evolve(linked(), account_key=STRANGER.public).to_bytes(),
        evolve(linked(), account_signature=linked().device_signature).to_bytes(),
    ],
)
def test_a_companion_that_a_server_made_up(blob: bytes) -> None:
    with pytest.raises(Untrusted):
        adv.check_companion(blob, device=DEVICE.public, account_key=PHONE.public)


def test_a_companion_of_another_phone() -> None:
    blob = evolve(linked(), account_key=b"").to_bytes()
    with pytest.raises(Untrusted):
        adv.check_companion(blob, device=DEVICE.public, account_key=STRANGER.public)


def key_indexes(*, signer: KeyPair = PHONE, prefix: bytes = b"\x06\x02", named: bytes = b"") -> bytes:
    listed = wa.ADVKeyIndexList(rawId=5, timestamp=1_700_000_000, currentIndex=4, validIndexes=[0, 2])
    details = listed.SerializeToString()
    signed = wa.ADVSignedKeyIndexList(
        details=details, accountSignature=sign(signer.private, prefix + details, bytes(64))
    )
    if named:
        signed.accountSignatureKey = named
    return signed.SerializeToString()


def test_key_indexes() -> None:
    indexes = adv.read_key_indexes(key_indexes(named=PHONE.public), account_key=PHONE.public)
    assert [index for index in range(7) if indexes.allows(index)] == [0, 2, 5, 6]


@pytest.mark.parametrize(
    "blob",
    [key_indexes(signer=STRANGER), key_indexes(prefix=b"\x06\x07"), key_indexes(named=STRANGER.public), b""],
)
def test_key_indexes_that_the_phone_did_not_sign(blob: bytes) -> None:
    with pytest.raises(Untrusted):
        adv.read_key_indexes(blob, account_key=PHONE.public)


@given(st.binary(max_size=300))
def test_everything_raises_only_garbled(data: bytes) -> None:
    for read in (
        lambda: adv.disclose(data, SECRET),
        lambda: adv.check_companion(data, device=DEVICE.public, account_key=PHONE.public),
        lambda: adv.read_key_indexes(data, account_key=PHONE.public),
        lambda: adv.check_account(evolve(vouched(), details=data), device=DEVICE.public),
    ):
        with pytest.raises(Garbled):
            read()


@given(st.integers(min_value=0), st.integers(1, 255))
def test_no_flipped_byte_is_overlooked(at: int, flip: int) -> None:
    damaged = bytearray(linked().to_bytes())
    damaged[at % len(damaged)] ^= flip
    try:
        details = adv.check_companion(bytes(damaged), device=DEVICE.public, account_key=PHONE.public)
    except Garbled:
        return
    assert details == DETAILS  # only the redundant copy of the account's key can go missing unnoticed
