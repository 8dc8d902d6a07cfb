from attrs import evolve

from shards.session import device
from shards.session.device import DeviceRow
from tests.support.session import SessionFile

ROW = DeviceRow(
    noise=b"n",
    identity=b"i",
    signed_prekey=b"s",
    adv_secret=b"a",
    account=b"",
    signed_id=1,
    registration_id=16383,
    jid=None,
    lid=None,
    platform="",
    name="",
    routing_info=b"",
    paired_at=0,
)


def test_there_is_one_at_most_and_it_comes_back_whole(file: SessionFile) -> None:
    assert file(device.load) is None
    file(device.save, ROW)
    assert file(device.load) == ROW
    paired = evolve(ROW, jid="5511999990000:3@s.whatsapp.net", lid="222:3@lid", account=b"x", name="Loja", paired_at=9)
    file(device.save, paired)
    assert file(device.load) == paired
    assert file.value("SELECT count(*) FROM device") == 1


def test_keys_are_not_shown() -> None:
    assert "b'n'" not in repr(ROW)
    assert "b'a'" not in repr(ROW)
