"""What waits for a shard, in order."""

from collections.abc import Callable
from typing import Any

from shards.central import parked
from shards.shard import Tx

Central = Callable[..., Any]


def test_parts_wait_in_order_each_for_its_tenant(central: Central) -> None:
    for number in range(3):
        central(parked.park, "auto-sul", b"part %d" % number)
        central(parked.park, "auto-norte", b"other %d" % number)
    assert central(parked.counts) == {"auto-sul": 3, "auto-norte": 3}
    batch = central(parked.oldest, "auto-sul", 2)
    assert [document for _, document in batch] == [b"part 0", b"part 1"]
    assert central(parked.replayed, "auto-sul", batch[-1][0]) == central(parked.since, "auto-sul") is not None
    assert [document for _, document in central(parked.oldest, "auto-sul", 9)] == [b"part 2"]
    assert central(parked.counts) == {"auto-sul": 1, "auto-norte": 3}


def test_a_part_that_comes_while_others_are_replayed_is_kept(central: Central) -> None:
    central(parked.park, "auto-sul", b"a")
    [(seq, _)] = central(parked.oldest, "auto-sul", 9)
    central(parked.park, "auto-sul", b"b")
    central(parked.replayed, "auto-sul", seq)
    assert [document for _, document in central(parked.oldest, "auto-sul", 9)] == [b"b"]


def test_row_numbers_are_never_used_again(central: Central) -> None:
    """Else a part that came after a replay could be taken for replayed."""
    central(parked.park, "auto-sul", b"a")
    [(first, _)] = central(parked.oldest, "auto-sul", 9)
    central(parked.replayed, "auto-sul", first)
    central(parked.park, "auto-sul", b"b")
    assert central(parked.since, "auto-norte") is None
    [(second, _)] = central(parked.oldest, "auto-sul", 9)
    assert second > first


def test_nothing_waits_where_nothing_was_parked(central: Central) -> None:
    def look(tx: Tx) -> tuple[object, object]:
        return parked.counts(tx), parked.oldest(tx, "auto-sul", 9)

    assert central(look) == ({}, [])
