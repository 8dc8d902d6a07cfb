import os
from pathlib import Path

import pytest
import trio
import trio.testing

from shards.errors import StorageFull
from shards.inspection import facts, opened
from tests.support.office import Office, office


def word(path: Path) -> str:
    with opened(path) as connection:
        row = connection.execute("SELECT value FROM meta WHERE key = 'word'").fetchone()
    return str(row[0]) if row else ""


def names(at: Office) -> list[str]:
    return sorted(str(path.relative_to(at.data_dir / "copies")) for path in (at.data_dir / "copies").rglob("*.*"))


async def test_only_what_changed_is_copied(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.add("aa")
        await at.add("bb")
        assert at.copies.age_seconds > 0
        first = await at.copies.round()
        assert (first.copied, first.failed) == (3, {})
        assert names(at) == ["central.db", "shards/aa.db", "shards/bb.db"]
        assert at.copies.age_seconds == 0
        assert (await at.copies.round()).copied == 0
        await at.remember("bb", "new")
        assert (await at.copies.round()).copied == 1
        assert word(at.copies.paths.copy("bb")) == "new"
        assert facts(at.copies.paths.copy("aa"), check=True).faults == ()


async def test_after_a_restart_the_files_times_say_what_changed(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.add("aa")
        await at.add("bb")
        await at.copies.round()
    for path in (tmp_path / "shards").iterdir():
        os.utime(path, (1_000_000_000, 1_000_000_000))
    async with office(tmp_path) as at:
        await at.remember("bb", "later")
        at.directory.written.clear()  # as if the process had been killed after it
        done = await at.copies.round()
        assert word(at.copies.paths.copy("bb")) == "later"
        assert done.copied == 2  # that one, and central


async def test_one_bad_file_keeps_its_copy_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.add("aa")
        await at.add("bb")
        await at.remember("aa", "good")
        await at.copies.round()
        await at.remember("bb", "new")
        await at.directory.release("aa")
        path = at.directory.path("aa")
        path.write_bytes(b"\xff" * path.stat().st_size)
        at.directory.written["aa"] = trio.current_time()
        done = await at.copies.round()
        assert list(done.failed) == ["aa"]
        assert "damaged" in done.failed["aa"]
        assert word(at.copies.paths.copy("aa")) == "good"
        assert word(at.copies.paths.copy("bb")) == "new"
        assert "aa" in at.directory.written, "it is tried again"


async def test_a_copy_waits_for_its_pace_and_may_be_cancelled(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    async with office(tmp_path, pace=1024) as at:
        await at.add("aa")
        began = trio.current_time()
        with trio.move_on_after(10) as scope:
            await at.copies.round()
        assert scope.cancelled_caught, "a file of more than 10 KB takes longer"
        assert trio.current_time() - began >= 10
        assert not list((tmp_path / "copying").iterdir())
        assert not at.copies.paths.copy("aa").exists()
        assert "aa" in at.directory.written


async def test_below_the_floor_nothing_is_copied(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.add("aa")
        at.free[0] = 1
        with pytest.raises(StorageFull):
            await at.copies.round()
        assert not (tmp_path / "copies").exists()
        assert "free some space" in at.troubles[-1]


async def test_rounds_come_by_themselves(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    async with office(tmp_path, interval=5) as at, trio.open_nursery() as nursery:
        await at.add("aa")
        await nursery.start(at.copies.run)
        await trio.sleep(7)
        assert at.copies.paths.copy("aa").exists()
        at.free[0] = 1
        await at.remember("aa", "later")
        await trio.sleep(7)
        assert word(at.copies.paths.copy("aa")) == "", "no room, and no crash"
        at.free[0] = 1 << 40
        await trio.sleep(7)
        assert word(at.copies.paths.copy("aa")) == "later"
        assert at.troubles[-1] == ""
        nursery.cancel_scope.cancel()


async def test_the_copy_of_a_deleted_tenant_goes_with_it(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.add("aa")
        await at.add("bb")
        await at.copies.round()
        await at.directory.release("aa")
        at.directory.path("aa").unlink()
        await at.copies.round()
        assert at.copies.paths.copy("aa").exists(), "its file is missing by accident: the copy is all there is"
        await at.central.write(lambda tx: tx.run("UPDATE tenants SET state = 'deleted' WHERE id = 'aa'"))
        await at.copies.round()
        assert names(at) == ["central.db", "shards/bb.db"]


async def test_what_a_deleted_tenant_wrote_is_not_waited_for(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.add("aa")
        await at.central.write(lambda tx: tx.run("UPDATE tenants SET state = 'deleted'"))
        assert "aa" in at.directory.written
        await at.copies.round()
        assert at.copies.age_seconds == 0
