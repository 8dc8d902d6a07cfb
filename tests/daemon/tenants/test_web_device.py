from attrs import evolve

from daemon.channels.web.keys import Device
from daemon.tenants import web_device
from daemon.tenants.web_seal import FileSeal
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.record import SignedPreKey
from tests.support.session import SessionFile, pair, session_file

DEVICE = Device(
    noise=pair(1),
    identity=pair(2),
    registration_id=1234,
    signed_prekey=SignedPreKey(1, pair(3), bytes(range(64))),
    adv_secret=b"a" * 32,
)
PAIRED = evolve(
    DEVICE,
    jid=Jid("5511999990000", device=3),
    lid=Jid("222", "lid", 3),
    account=b"account",
    platform="android",
    name="Loja",
    routing_info=b"\x08\x03",
    paired_at=1_700_000_000_000,
)


def saved(file: SessionFile, device: Device) -> Device | None:
    file(lambda tx: web_device.save(tx, FileSeal(tx, file.sealer, claimed=False), device))
    return file(lambda tx: web_device.load(tx, FileSeal(tx, file.sealer, claimed=False)))


def test_a_device_comes_back_before_and_after_it_is_paired() -> None:
    with session_file() as file:
        assert file(lambda tx: web_device.load(tx, FileSeal(tx, file.sealer, claimed=False))) is None
        assert saved(file, DEVICE) == DEVICE
        assert saved(file, PAIRED) == PAIRED


def test_no_key_stands_in_the_row() -> None:
    with session_file() as file:
        saved(file, PAIRED)
        raw = b"".join(
            value if isinstance(value, bytes) else str(value).encode()
            for value in file(lambda tx: tx.row("SELECT * FROM device")) or ()
        )
    for secret in (
        PAIRED.noise.private,
        PAIRED.identity.private,
        PAIRED.signed_prekey.pair.private,
        PAIRED.adv_secret,
        PAIRED.account,
    ):
        assert secret not in raw
