"""Files opened on demand, never more than the limit, and one tenant's trouble stays its own."""

import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from shards.directory import IDLE_SECONDS, SWEEP_SECONDS, ShardDirectory, check_tenant_id
from shards.errors import Invalid, ShardCorrupt, ShardMissing, ShardUnavailable
from shards.memory import SpareMemory
from shards.shard import Shard, Tx
from tests.support.shards import HandClock


def value(sql: str, tx: Tx) -> Any:
    return tx.value(sql)


def directory(path: Path, limit: int = 3) -> ShardDirectory:
    return ShardDirectory(path, limiter=trio.CapacityLimiter(4), limit=limit, now=HandClock())


@pytest.mark.parametrize("name", ["", "a", "-ab", "Ab", "a/b", "..", "a" * 64, "ação", "a_b", "a\n"])
def test_names_that_are_no_file_names_are_refused(name: str) -> None:
    with pytest.raises(Invalid):
        check_tenant_id(name)


@pytest.mark.parametrize("name", ["ab", "auto-sul", "0x", "a" * 63])
def test_good_names_pass(name: str) -> None:
    assert check_tenant_id(name) == name


async def test_at_most_the_limit_is_open_and_the_least_recently_used_goes(tmp_path: Path) -> None:
    shards = directory(tmp_path)
    async with trio.open_nursery() as nursery:
        await nursery.start(shards.run)
        handles = [await shards.create(f"t{number}") for number in range(6)]
        assert shards.open_count == 3
        for handle in handles * 2:
            await handle.write(lambda tx: tx.run("INSERT OR REPLACE INTO meta VALUES ('a', 'b')"))
            assert shards.open_count <= 3
        nursery.cancel_scope.cancel()
    assert shards.open_count == 0
    assert not list(tmp_path.glob("**/*-wal"))


async def test_who_comes_when_all_are_in_use_waits(tmp_path: Path) -> None:
    shards = directory(tmp_path, limit=1)
    async with trio.open_nursery() as nursery:
        await nursery.start(shards.run)
        first, second = await shards.create("t1"), await shards.create("t2")
        gate, entered = trio.Event(), trio.Event()
        done = []

        def slow(_: object) -> None:
            trio.from_thread.run_sync(entered.set)
            trio.from_thread.run(gate.wait)

        async def other() -> None:
            done.append(await second.glance(lambda tx: tx.value("SELECT 1")))

        async with trio.open_nursery() as inner:
            inner.start_soon(first.write, slow)
            await entered.wait()
            inner.start_soon(other)
            await trio.testing.wait_all_tasks_blocked()
            assert not done
            gate.set()
        assert done == [1]
        nursery.cancel_scope.cancel()


async def test_an_idle_shard_is_closed(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    shards = directory(tmp_path)
    async with trio.open_nursery() as nursery:
        await nursery.start(shards.run)
        await shards.create("t1")
        assert shards.open_count == 1
        await trio.sleep(IDLE_SECONDS + 2 * SWEEP_SECONDS)
        assert shards.open_count == 0
        nursery.cancel_scope.cancel()


async def test_a_file_is_exchanged_only_when_a_closing_under_way_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards, go, order = directory(tmp_path), threading.Event(), list[str]()
    await shards.create("a-1")
    close = Shard.close

    def slow_close(shard: Shard) -> None:
        assert go.wait(60)
        close(shard)
        order.append("closed")

    monkeypatch.setattr(Shard, "close", slow_close)

    async def exchange() -> None:
        async with shards.shut("a-1", "is being restored"):
            order.append("exchanged")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(shards.release, "a-1")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(exchange)
        await trio.testing.wait_all_tasks_blocked()
        assert order == []
        go.set()
    assert order == ["closed", "exchanged"]


async def test_release_waits_for_its_users(tmp_path: Path) -> None:
    shards = directory(tmp_path)
    async with trio.open_nursery() as nursery:
        await nursery.start(shards.run)
        handle = await shards.create("t1")
        gate, entered, released = trio.Event(), trio.Event(), trio.Event()

        def slow(_: object) -> None:
            trio.from_thread.run_sync(entered.set)
            trio.from_thread.run(gate.wait)

        async def release() -> None:
            await shards.release("t1")
            released.set()

        async with trio.open_nursery() as inner:
            inner.start_soon(handle.write, slow)
            await entered.wait()
            inner.start_soon(release)
            await trio.testing.wait_all_tasks_blocked()
            assert not released.is_set()
            gate.set()
        assert shards.open_count == 0
        nursery.cancel_scope.cancel()


async def test_a_missing_file_is_not_made_by_reading(tmp_path: Path) -> None:
    shards = directory(tmp_path)
    with pytest.raises(ShardMissing, match="restore it"):
        await shards.handle("t1").glance(lambda tx: None)
    assert not list(tmp_path.iterdir())


async def test_a_damaged_file_fails_alone(tmp_path: Path) -> None:
    shards = directory(tmp_path)
    async with trio.open_nursery() as nursery:
        await nursery.start(shards.run)
        good = await shards.create("good")
        shards.path("bad").write_bytes(b"this is no database" * 1000)
        with pytest.raises(ShardCorrupt, match="restore it from a copy"):
            await shards.handle("bad").glance(lambda tx: None)
        assert await good.glance(lambda tx: tx.value("SELECT 1")) == 1
        assert shards.open_count == 1
        nursery.cancel_scope.cancel()


async def test_reopening_while_it_closes_waits_for_the_close(tmp_path: Path) -> None:
    """Two tasks on a limit of one take turns: every write of either is kept."""
    shards = directory(tmp_path, limit=1)
    async with trio.open_nursery() as nursery:
        await nursery.start(shards.run)
        handles = [await shards.create("t1"), await shards.create("t2")]

        async def write(number: int) -> None:
            for turn in range(15):
                await handles[number].write(
                    lambda tx, turn=turn: tx.run("INSERT INTO meta VALUES (?, 'x')", (f"k{turn}",))
                )

        async with trio.open_nursery() as inner:
            inner.start_soon(write, 0)
            inner.start_soon(write, 1)
        for handle in handles:
            assert await handle.glance(lambda tx: tx.value("SELECT count(*) FROM meta")) == 15
        nursery.cancel_scope.cancel()


async def test_commits_are_counted_over_closings(tmp_path: Path) -> None:
    shards = directory(tmp_path, limit=1)
    async with trio.open_nursery() as nursery:
        await nursery.start(shards.run)
        for tenant in ("t1", "t2", "t1"):
            handle = await shards.create(tenant)
            await handle.write(lambda tx: tx.run("INSERT OR REPLACE INTO meta VALUES ('a', 'b')"))
        assert (shards.commits, shards.writes) == (3, 3)
        nursery.cancel_scope.cancel()
    assert (shards.commits, shards.writes) == (3, 3)


async def test_each_kind_has_its_folder_and_its_schema(tmp_path: Path) -> None:
    shards = directory(tmp_path)
    sessions = ShardDirectory(tmp_path, kind="session", limiter=trio.CapacityLimiter(4), limit=1, now=HandClock())
    async with trio.open_nursery() as nursery:
        await nursery.start(shards.run)
        await nursery.start(sessions.run)
        names = "SELECT group_concat(name) FROM sqlite_schema WHERE name IN ('conversations', 'prekeys')"
        for each, table in ((shards, "conversations"), (sessions, "prekeys")):
            handle = await each.create("t1")
            assert await handle.glance(partial(value, names)) == table
        assert (shards.path("t1"), sessions.path("t1")) == (tmp_path / "shards/t1.db", tmp_path / "sessions/t1.db")
        assert (shards.open_count, sessions.open_count) == (1, 1)
        nursery.cancel_scope.cancel()


async def test_a_file_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "shards").write_text("no folder")
    with pytest.raises(ShardUnavailable, match="cannot be opened"):
        await directory(tmp_path).create("t1")


async def test_memory_goes_back_after_idle_files_were_closed(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    given_back: list[int] = []
    spare = SpareMemory(lambda: given_back.append(shards.open_count))
    shards = ShardDirectory(tmp_path, limiter=trio.CapacityLimiter(4), now=HandClock(), spare=spare)
    async with trio.open_nursery() as nursery:
        await nursery.start(shards.run)
        await shards.create("t1")
        await shards.create("t2")
        await trio.sleep(IDLE_SECONDS - SWEEP_SECONDS)
        assert not given_back
        await trio.sleep(10 * IDLE_SECONDS)
        assert given_back == [0]
        nursery.cancel_scope.cancel()
