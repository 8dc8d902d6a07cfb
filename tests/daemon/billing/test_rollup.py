"""Each receipt once in central, whatever dies between the commits."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import trio
import trio.testing
from attrs import evolve

from daemon.billing import rollup as subject
from daemon.billing.rollup import PATIENCE_SECONDS, RETRY_SECONDS, ROUND_SECONDS, Rollup
from shards.central import ledger
from shards.directory import ShardDirectory
from shards.errors import ShardCorrupt, StorageFull
from shards.shard import Shard
from shards.tenant import identity, profile, tombstones, usage
from tests.support.failing import Failing
from tests.support.shards import HandClock, tenant_profile

FULL = StorageFull("the disk is full", "free some space")


class Crash(BaseException):
    """The process dies here."""


class Bench:
    """Central, a directory with some shards, and what the rollup said of its troubles."""

    def __init__(self, central: Shard, directory: ShardDirectory) -> None:
        self.central, self.directory = central, directory
        self.troubles: list[str] = []
        self.rollup = self.again()

    def again(self) -> Rollup:
        """As a new process has it."""
        self.rollup = Rollup(self.central, self.directory, self.troubles.append)
        return self.rollup

    async def spend(self, tenant: str, count: int = 1) -> None:
        handle = await self.directory.create(tenant)
        await handle.write(lambda tx: identity.establish(tx, tenant))
        for _ in range(count):
            await handle.write(lambda tx: usage.record(tx, "tokens", "anthropic", input_tokens=100, output_tokens=7))
        self.rollup.mark(tenant)

    async def totals(self, tenant: str) -> dict[str, int]:
        return await self.central.read(lambda tx: ledger.totals(tx, tenant))

    async def uncopied(self, tenant: str) -> int:
        return await self.directory.handle(tenant).read(lambda tx: len(usage.uncopied(tx, 10_000)))


@pytest.fixture
async def bench(tmp_path: Path, nursery: trio.Nursery) -> AsyncIterator[Bench]:
    limiter = trio.CapacityLimiter(4)
    clock = HandClock()
    central = Shard.open(tmp_path / "central.db", "central", create=True, limiter=limiter, now=clock)
    directory = ShardDirectory(tmp_path, limiter=limiter, now=clock)
    async with trio.open_nursery() as inner:
        await inner.start(directory.run)
        yield Bench(central, directory)
        inner.cancel_scope.cancel()
    central.close()


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(monkeypatch)


async def test_what_was_used_is_counted_once(bench: Bench) -> None:
    await bench.spend("auto-sul", 3)
    await bench.spend("auto-norte", 2)
    assert bench.rollup.waiting == 2
    assert await bench.rollup.round() == 5
    bench.rollup.mark("auto-sul")
    assert await bench.rollup.round() == 0
    assert await bench.totals("auto-sul") == {
        "receipts": 3,
        "input_tokens": 300,
        "output_tokens": 21,
        "messages": 0,
    }
    assert (await bench.totals("auto-norte"))["receipts"] == 2
    epoch = await bench.directory.handle("auto-sul").read(lambda tx: identity.fact(tx, "epoch"))
    named = await bench.central.read(lambda tx: tx.value("SELECT DISTINCT epoch FROM ledger WHERE tenant = 'auto-sul'"))
    assert named == epoch


@pytest.mark.parametrize(
    ("file", "counted"), [("central.db", 0), ("auto-sul.db", 3)], ids=["before central", "after central"]
)
async def test_a_crash_between_its_commits_repeats_work_and_no_receipt(
    bench: Bench, failing: Failing, file: str, counted: int
) -> None:
    await bench.spend("auto-sul", 3)
    failing.plan(file, Crash())
    with pytest.raises((Crash, BaseExceptionGroup)) as died:  # a group where shards are marked side by side
        await bench.rollup.round()
    assert died.errisinstance(Crash) or died.group_contains(Crash)
    failing.heal(file)
    assert (await bench.totals("auto-sul"))["receipts"] == counted
    assert await bench.uncopied("auto-sul") == 3
    again = bench.again()
    again.mark("auto-sul")  # as the tenant's start does
    await again.round()
    assert (await bench.totals("auto-sul"))["receipts"] == 3
    assert await bench.uncopied("auto-sul") == 0


async def test_central_that_cannot_be_written_is_a_trouble_and_no_end(bench: Bench, failing: Failing) -> None:
    await bench.spend("auto-sul", 3)
    failing.plan("central.db", FULL)
    assert await bench.rollup.round() == 0
    assert bench.troubles == ["receipts are not accounted for yet: the disk is full: free some space"]
    assert bench.rollup.waiting == 1, "nothing is forgotten"
    failing.heal("central.db")
    assert await bench.rollup.round() == 3
    assert bench.troubles[-1] == ""


async def test_a_shard_that_fails_holds_nobody_up(bench: Bench, failing: Failing) -> None:
    await bench.spend("auto-sul", 3)
    await bench.spend("auto-norte", 2)
    failing.plan("auto-sul.db", ShardCorrupt("damaged", "restore it"))
    await bench.rollup.round()
    assert (await bench.totals("auto-norte"))["receipts"] == 2
    assert await bench.uncopied("auto-norte") == 0
    assert bench.rollup.waiting == 1
    failing.heal("auto-sul.db")
    await bench.rollup.round()
    assert (await bench.totals("auto-sul"))["receipts"] == 3
    assert await bench.uncopied("auto-sul") == 0
    assert bench.rollup.waiting == 0


async def test_a_file_that_is_gone_is_forgotten(bench: Bench) -> None:
    bench.rollup.mark("nunca")
    assert await bench.rollup.round() == 0
    assert bench.rollup.waiting == 0


async def test_more_than_a_batch_takes_more_rounds(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "BATCH", 2)
    monkeypatch.setattr(subject, "FEW", 2)
    monkeypatch.setattr(subject, "SHARDS_AT_ONCE", 1)
    await bench.spend("auto-sul", 5)
    await bench.spend("auto-norte", 1)
    assert await bench.rollup.round() == 3
    assert await bench.rollup.round() == 2
    assert await bench.rollup.round() == 1
    assert (await bench.totals("auto-sul"))["receipts"] == 5


async def test_a_backlog_of_many_shards_is_taken_over_in_parts(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "RECEIPTS_AT_ONCE", 3)
    for tenant in ("auto-sul", "auto-norte", "auto-leste"):
        await bench.spend(tenant, 2)
    before = bench.central.commits
    assert await bench.rollup.round() == 6
    assert bench.central.commits == before + 2
    assert [await bench.uncopied(tenant) for tenant in ("auto-sul", "auto-norte", "auto-leste")] == [0, 0, 0]


async def test_what_is_copied_is_summed_by_the_tenants_day(bench: Bench) -> None:
    await bench.spend("auto-sul", 3)
    handle = bench.directory.handle("auto-sul")
    await handle.write(lambda tx: profile.save(tx, evolve(tenant_profile(), time_zone="Asia/Tokyo")))
    await bench.rollup.round()
    found = await bench.central.read(lambda tx: list(tx.rows("SELECT tenant, day, receipts, input_tokens FROM daily")))
    assert found == [("auto-sul", "2026-11-24", 3, 300)], "noon in São Paulo is the next day there"


async def test_a_tenant_is_drained_whole_before_it_goes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "BATCH", 2)
    monkeypatch.setattr(subject, "FEW", 2)
    await bench.spend("auto-sul", 5)
    await bench.rollup.drain("auto-sul")
    assert (await bench.totals("auto-sul"))["receipts"] == 5
    assert bench.rollup.waiting == 0


async def test_draining_what_is_broken_ends(bench: Bench, failing: Failing) -> None:
    await bench.spend("auto-sul", 1)
    failing.plan("auto-sul.db", ShardCorrupt("damaged", "restore it"))
    await bench.rollup.drain("auto-sul")
    assert (await bench.totals("auto-sul"))["receipts"] == 1
    failing.plan("central.db", FULL)
    with pytest.raises(StorageFull):
        await bench.rollup.drain("auto-sul")


async def test_tombstones_go_along(bench: Bench) -> None:
    await bench.spend("auto-sul", 0)
    handle = bench.directory.handle("auto-sul")
    await handle.write(lambda tx: tombstones.bury(tx, "opt_out", [b"a" * 32, b"b" * 32]))
    await handle.write(lambda tx: tombstones.bury(tx, "opt_in", [b"a" * 32]))
    await bench.rollup.round()
    found = await bench.central.read(
        lambda tx: list(tx.rows("SELECT tenant, kind, hash FROM tombstones ORDER BY kind, hash"))
    )
    assert found == [
        ("auto-sul", "opt_in", b"a" * 32),
        ("auto-sul", "opt_out", b"a" * 32),
        ("auto-sul", "opt_out", b"b" * 32),
    ]
    assert not await handle.read(usage.any_uncopied)


async def test_receipts_that_follow_one_another_go_in_one_visit_and_none_waits_long(
    bench: Bench, mock_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard is left alone while it has something new, `PATIENCE_SECONDS` long."""
    visited: list[tuple[float, Sequence[str]]] = []
    real, began = Rollup.round, trio.current_time()

    async def round_(self: Rollup, tenants: Sequence[str]) -> int:
        try:
            return await real(self, tenants)
        finally:
            if tenants:
                visited.append((trio.current_time() - began, tenants))
            done.set()

    monkeypatch.setattr(Rollup, "round", round_)
    done = trio.Event()
    await bench.spend("auto-sul")
    await bench.spend("auto-norte")
    async with trio.open_nursery() as nursery:
        await nursery.start(bench.rollup.run)
        for _ in range(int(PATIENCE_SECONDS / ROUND_SECONDS)):
            await trio.testing.wait_all_tasks_blocked()
            done = trio.Event()
            mock_clock.jump(ROUND_SECONDS / 2)
            await bench.spend("auto-sul")
            mock_clock.jump(ROUND_SECONDS / 2)
            await done.wait()
        nursery.cancel_scope.cancel()
    assert [tenants for _, tenants in visited] == [["auto-norte"], ["auto-sul"]]
    assert [at for at, _ in visited] == pytest.approx([ROUND_SECONDS, PATIENCE_SECONDS])
    assert (await bench.totals("auto-sul"))["receipts"] == 1 + PATIENCE_SECONDS / ROUND_SECONDS


async def test_what_a_visit_left_is_fetched_without_a_pause(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "BATCH", 2)
    monkeypatch.setattr(subject, "FEW", 2)
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await trio.lowlevel.checkpoint()

    await bench.spend("auto-sul", 5)
    assert await bench.rollup.round() == 2
    monkeypatch.setattr(trio, "sleep", pause)
    async with trio.open_nursery() as nursery:
        await nursery.start(bench.rollup.run)
        while bench.rollup.waiting or await bench.uncopied("auto-sul"):
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert pauses == [0, 0]
    assert (await bench.totals("auto-sul"))["receipts"] == 5


async def test_the_task_waits_for_a_mark_and_longer_after_a_failure(
    bench: Bench, failing: Failing, mock_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[float] = []
    real = Rollup.round

    async def round_(self: Rollup, tenants: Sequence[str]) -> int:
        rounds.append(trio.current_time())
        try:
            return await real(self, tenants)
        finally:
            done.set()

    monkeypatch.setattr(Rollup, "round", round_)
    done = trio.Event()
    await bench.spend("auto-sul")
    bench.again()
    async with trio.open_nursery() as nursery:
        await nursery.start(bench.rollup.run)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(ROUND_SECONDS * 10)
        await trio.testing.wait_all_tasks_blocked()
        assert rounds == [], "nothing to do, nothing done"
        failing.plan("central.db", FULL)
        bench.rollup.mark("auto-sul")
        for pause in (ROUND_SECONDS, RETRY_SECONDS):
            began = trio.current_time()
            done = trio.Event()
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(pause)
            await done.wait()
            assert rounds[-1] == pytest.approx(began + pause)
            failing.heal("central.db")
        nursery.cancel_scope.cancel()
    assert (await bench.totals("auto-sul"))["receipts"] == 1
