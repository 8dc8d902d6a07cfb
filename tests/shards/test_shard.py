"""One writer, shared commits, outcomes that are never in doubt."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio
import trio.testing

from shards import shard as subject
from shards.errors import ShardUnavailable, StorageFull, StorageReadOnly
from shards.fault import commit_fault
from shards.shard import MAX_BATCH, Shard, Tx
from tests.support.shards import HandClock, open_shard


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def shard(tmp_path: Path, clock: HandClock) -> Iterator[Shard]:
    made = open_shard(tmp_path / "a.db", clock)
    yield made
    made.close()


def put(tx: Tx, key: str, value: str = "x") -> int:
    return tx.run("INSERT INTO meta (key, value) VALUES (?, ?)", (key, value))


def count(tx: Tx) -> int:
    number: int = tx.value("SELECT count(*) FROM meta")
    return number


async def test_a_write_is_seen_by_both_ways_of_reading(shard: Shard) -> None:
    assert await shard.write(lambda tx: put(tx, "a")) == 1
    assert await shard.read(count) == 1
    assert await shard.glance(count) == 1


async def test_now_is_one_instant_in_a_transaction(shard: Shard, clock: HandClock) -> None:
    def look(tx: Tx) -> tuple[Any, int]:
        first = tx.now
        clock.move(5)
        return first, tx.now_ms

    at, ms = await shard.write(look)
    assert ms == int(at.timestamp() * 1000)


async def test_writes_that_wait_share_a_commit(shard: Shard) -> None:
    async with trio.open_nursery() as nursery:
        for number in range(MAX_BATCH + 1):
            nursery.start_soon(shard.write, lambda tx, number=number: put(tx, f"k{number}"))
    assert shard.writes == MAX_BATCH + 1
    assert shard.commits == 2, "the first alone, then all that had come meanwhile"


@pytest.mark.parametrize("brief", [False, True])
async def test_a_failing_write_undoes_itself_alone(shard: Shard, brief: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = []
    open_gate = threading.Event()
    monkeypatch.setattr(commit_fault, "reached", lambda moment: open_gate.wait())

    def spoilt(tx: Tx) -> None:
        put(tx, "spoilt")
        raise ValueError("no")

    async def fail() -> None:
        try:
            await shard.write(spoilt, brief=brief)
        except ValueError as error:
            failures.append(str(error))

    async def keep(key: str) -> None:
        assert await shard.write(lambda tx: put(tx, key), brief=brief) == 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, "before")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(keep, "first")
        nursery.start_soon(fail)
        nursery.start_soon(keep, "last")
        await trio.testing.wait_all_tasks_blocked()
        open_gate.set()
    assert failures == ["no"]
    assert shard.commits == 2, "one alone, then the three that waited for it"
    kept = await shard.read(lambda tx: sorted(key for (key,) in tx.rows("SELECT key FROM meta")))
    assert kept == ["before", "first", "last"]


@pytest.mark.parametrize("brief", [False, True])
async def test_a_write_that_fails_alone_leaves_nothing(shard: Shard, brief: bool) -> None:
    def spoilt(tx: Tx) -> None:
        put(tx, "spoilt")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await shard.write(spoilt, brief=brief)
    assert shard.commits == 0
    assert await shard.read(count) == 0
    assert await shard.write(lambda tx: put(tx, "next"), brief=brief) == 1


async def test_writes_are_taken_in_the_order_they_came(shard: Shard) -> None:
    order: list[int] = []
    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(shard.write, lambda tx, number=number: order.append(number))
            await trio.testing.wait_all_tasks_blocked()
    assert order == list(range(20))


async def test_a_waiting_write_may_be_cancelled_and_leaves_no_trace(shard: Shard) -> None:
    gate = trio.Event()
    entered = trio.Event()

    def slow(tx: Tx) -> None:
        trio.from_thread.run_sync(entered.set)
        trio.from_thread.run(gate.wait)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(shard.write, slow)
        await entered.wait()
        with trio.CancelScope() as scope:
            nursery.start_soon(shard.write, lambda tx: put(tx, "later"))
            scope.cancel()
            await shard.write(lambda tx: put(tx, "cancelled"))
        assert scope.cancelled_caught
        gate.set()
    assert await shard.read(lambda tx: [key for (key,) in tx.rows("SELECT key FROM meta")]) == ["later"]


async def test_a_write_that_was_picked_up_is_finished_though_cancelled(shard: Shard) -> None:
    gate, entered = trio.Event(), trio.Event()
    returned = []

    def slow(tx: Tx) -> str:
        put(tx, "kept")
        trio.from_thread.run_sync(entered.set)
        trio.from_thread.run(gate.wait)
        return "done"

    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            nursery.start_soon(_cancel_then_open, scope, entered, gate)
            returned.append(await shard.write(slow))
    assert returned == ["done"]
    assert await shard.glance(count) == 1


async def _cancel_then_open(scope: trio.CancelScope, entered: trio.Event, gate: trio.Event) -> None:
    await entered.wait()
    scope.cancel()
    gate.set()


async def test_a_read_does_not_wait_for_a_write(shard: Shard) -> None:
    gate, entered = trio.Event(), trio.Event()

    def slow(tx: Tx) -> None:
        put(tx, "unseen")
        trio.from_thread.run_sync(entered.set)
        trio.from_thread.run(gate.wait)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(shard.write, slow)
        await entered.wait()
        assert await shard.read(count) == 0
        assert await shard.glance(count) == 0
        gate.set()


async def test_readers_cannot_write(shard: Shard) -> None:
    with pytest.raises(ShardUnavailable):
        await shard.glance(lambda tx: put(tx, "no"))


async def test_a_full_disk_fails_all_of_the_batch_and_keeps_the_shard_usable(shard: Shard) -> None:
    await shard.write(lambda tx: put(tx, "before"))
    pages = shard._writer.pragma("page_count")
    shard._writer.pragma("max_page_count", pages)
    with pytest.raises(StorageFull, match="free some space"):
        await shard.write(lambda tx: put(tx, "large", "x" * 1_000_000))
    shard._writer.pragma("max_page_count", 1_000_000)
    await shard.write(lambda tx: put(tx, "after"))
    assert await shard.glance(count) == 2


async def test_a_clean_close_leaves_one_file(tmp_path: Path, clock: HandClock) -> None:
    shard = open_shard(tmp_path / "b.db", clock)
    await shard.write(lambda tx: put(tx, "a"))
    await shard.read(count)
    shard.close()
    assert [file.name for file in tmp_path.glob("b.db*")] == ["b.db"]


async def test_brief_writes_share_a_commit_and_fail_alone(shard: Shard) -> None:
    def spoilt(tx: Tx) -> None:
        put(tx, "spoilt")
        raise ValueError("no")

    async def fail() -> None:
        with pytest.raises(ValueError, match="no"):
            await shard.write(spoilt, brief=True)

    async with trio.open_nursery() as nursery:
        for key in ("a", "b", "c"):
            nursery.start_soon(lambda key=key: shard.write(lambda tx: put(tx, key), brief=True))
            nursery.start_soon(fail)
    assert await shard.read(lambda tx: [key for (key,) in tx.rows("SELECT key FROM meta ORDER BY key")]) == list("abc")
    assert shard.commits == 2


async def test_brief_and_other_writes_keep_their_order(shard: Shard) -> None:
    order: list[int] = []
    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(
                lambda number=number: shard.write(lambda tx: order.append(number), brief=number % 3 == 0)
            )
            await trio.testing.wait_all_tasks_blocked()
    assert order == list(range(20))


async def test_a_brief_write_that_changes_nothing_costs_no_commit(shard: Shard) -> None:
    assert await shard.write(count, brief=True) == 0
    assert (shard.commits, shard.writes) == (0, 0)
    await shard.write(lambda tx: put(tx, "a"), brief=True)
    assert (shard.commits, shard.writes) == (1, 1)


async def test_a_brief_write_is_finished_though_cancelled(shard: Shard) -> None:
    with trio.CancelScope() as scope:

        def cancel(tx: Tx) -> str:
            scope.cancel()
            put(tx, "kept")
            return "done"

        assert await shard.write(cancel, brief=True) == "done"
    assert await shard.glance(count) == 1


async def test_a_held_file_keeps_the_loop_going(shard: Shard) -> None:
    """A brief write waits in a thread while another program holds the file."""
    other = apsw.Connection(str(shard.path))
    other.execute("BEGIN IMMEDIATE")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: shard.write(lambda tx: put(tx, "late"), brief=True))
        await trio.testing.wait_all_tasks_blocked()
        assert await shard.glance(count) == 0
        other.execute("ROLLBACK")
    other.close()
    assert await shard.glance(count) == 1


async def test_a_full_disk_fails_a_brief_write_and_keeps_the_shard_usable(shard: Shard) -> None:
    shard._writer.pragma("max_page_count", shard._writer.pragma("page_count"))
    with pytest.raises(StorageFull, match="free some space"):
        await shard.write(lambda tx: put(tx, "large", "x" * 1_000_000), brief=True)
    shard._writer.pragma("max_page_count", 1_000_000)
    await shard.write(lambda tx: put(tx, "after"), brief=True)
    assert await shard.glance(count) == 1


def test_reads_are_not_compiled_anew_for_each_value(shard: Shard) -> None:
    found = shard._writer.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1)
    assert found == 1


async def test_a_write_alone_keeps_no_copies_of_the_pages_it_changes(shard: Shard) -> None:
    rows, text = 1_000, "x" * 3_000  # a page each

    def change(tx: Tx) -> None:
        tx.connection.executemany(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            ((f"{number:04}", text) for number in range(rows)),
        )

    await shard.write(change)
    text = "y" * 3_000
    in_use, _ = apsw.status(apsw.SQLITE_STATUS_MEMORY_USED, True)
    await shard.write(change)
    _, at_most = apsw.status(apsw.SQLITE_STATUS_MEMORY_USED)
    assert at_most - in_use < 1 << 20, f"{rows} pages were changed"


async def test_a_file_that_nobody_reads_meanwhile_needs_one_connection(shard: Shard) -> None:
    await shard.write(lambda tx: put(tx, "first"), brief=True)
    assert await shard.glance(count) == 1
    assert shard._reader is None
    await shard.read(count)
    assert shard._reader is not None


async def test_a_glance_waits_for_a_brief_commit_and_sees_it(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    open_gate, found = threading.Event(), []
    monkeypatch.setattr(commit_fault, "reached", lambda moment: open_gate.wait(10))

    async def look() -> None:
        found.append(await shard.glance(count))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: shard.write(lambda tx: put(tx, "first"), brief=True))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(look)
        await trio.testing.wait_all_tasks_blocked()
        assert found == []
        open_gate.set()
    assert found == [1]
    assert shard._reader is None


async def test_a_file_with_many_commits_is_read_beside_them(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_WAITS", 0)
    open_gate = threading.Event()
    monkeypatch.setattr(commit_fault, "reached", lambda moment: open_gate.wait(10))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: shard.write(lambda tx: put(tx, "first"), brief=True))
        await trio.testing.wait_all_tasks_blocked()
        assert await shard.glance(count) == 0
        open_gate.set()
    assert await shard.glance(count) == 1


async def test_a_glance_does_not_wait_for_a_long_write(shard: Shard) -> None:
    open_gate = threading.Event()

    def long(tx: Tx) -> None:
        put(tx, "first")
        open_gate.wait(10)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(shard.write, long)
        await trio.testing.wait_all_tasks_blocked()
        assert await shard.glance(count) == 0
        open_gate.set()
    assert await shard.glance(count) == 1


async def test_a_glance_cannot_write(shard: Shard) -> None:
    with pytest.raises(StorageReadOnly):
        await shard.glance(lambda tx: put(tx, "stray"))
    with pytest.raises(ValueError, match="no"):
        await shard.glance(raising)
    assert await shard.glance(count) == 0
    assert await shard.write(lambda tx: put(tx, "next"), brief=True) == 1


def raising(tx: Tx) -> None:
    """A read that ends with an error of its own."""
    count(tx)
    raise ValueError("no")
