"""Opt-outs and erasures on their way to central."""

from shards.tenant import tombstones
from shards.tenant.tombstones import Tombstone
from tests.support.desk_rows import Desk


def test_each_alias_is_buried_and_copied_once(desk: Desk) -> None:
    desk(tombstones.bury, "opt_out", [b"a", b"b"])
    desk.clock.move(1)
    desk(tombstones.bury, "erasure", [b"a"])
    found = desk(tombstones.uncopied, 10)
    assert [stone for _, stone in found] == [
        Tombstone("opt_out", b"a", desk.clock.ms - 1000),
        Tombstone("opt_out", b"b", desk.clock.ms - 1000),
        Tombstone("erasure", b"a", desk.clock.ms),
    ]
    desk(tombstones.copied, [seq for seq, _ in found[:2]])
    assert [stone.kind for _, stone in desk(tombstones.uncopied, 10)] == ["erasure"]
    assert len(desk(tombstones.uncopied, 0)) == 0


def test_nobody_is_nothing(desk: Desk) -> None:
    desk(tombstones.bury, "opt_in", [])
    assert desk(tombstones.uncopied, 10) == []
