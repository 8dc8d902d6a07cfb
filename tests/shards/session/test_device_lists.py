from shards.session import device_lists
from tests.support.session import SessionFile


def test_a_list_is_replaced_and_forgotten(file: SessionFile) -> None:
    assert file(device_lists.load, "222@lid") is None
    file(device_lists.save, "222@lid", [0, 7], fetched_at=1)
    file(device_lists.save, "222@lid", (), fetched_at=2)
    assert file(device_lists.load, "222@lid") == ((), 2)
    file(device_lists.forget, "222@lid")
    assert file(device_lists.load, "222@lid") is None


def test_moving_merges_and_is_fetched_again_the_sooner(file: SessionFile) -> None:
    assert not file(device_lists.move, "55@s.whatsapp.net", "222@lid")
    file(device_lists.save, "55@s.whatsapp.net", [0, 3], fetched_at=5)
    assert file(device_lists.move, "55@s.whatsapp.net", "222@lid")
    assert file(device_lists.load, "55@s.whatsapp.net") is None
    assert file(device_lists.load, "222@lid") == ((0, 3), 5)
    file(device_lists.save, "55@s.whatsapp.net", [9, 0], fetched_at=4)
    assert file(device_lists.move, "55@s.whatsapp.net", "222@lid")
    assert file(device_lists.load, "222@lid") == ((0, 3, 9), 4)
