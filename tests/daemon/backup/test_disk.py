from pathlib import Path

from daemon.backup.disk import MIB, DiskFloor, free_bytes


async def test_below_the_floor_there_is_room_for_nothing_until_well_above_it(tmp_path: Path) -> None:
    said: list[str] = []
    free = [1000 * MIB]
    floor = DiskFloor(tmp_path, 512 * MIB, said.append, free=lambda _: free[0])
    await floor.look()
    assert (floor.low, floor.room(400 * MIB), floor.room(500 * MIB)) == (False, True, False)
    assert said == []
    free[0] = 500 * MIB
    await floor.look()
    assert floor.low
    assert not floor.room()
    assert said[-1].startswith("only 500 MB are free")
    assert "free some space" in said[-1]
    free[0] = 540 * MIB
    await floor.look()
    assert floor.low, "it does not flicker"
    free[0] = 600 * MIB
    await floor.look()
    assert not floor.low
    assert said[-1] == ""


async def test_a_disk_that_cannot_be_seen_changes_nothing(tmp_path: Path) -> None:
    floor = DiskFloor(tmp_path / "none", 1, lambda _: None)
    await floor.look()
    assert not floor.low
    assert free_bytes(tmp_path) > 0
