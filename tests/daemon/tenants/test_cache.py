from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from daemon.tenants import cache as subject
from daemon.tenants.cache import VehicleCache
from shards.directory import ShardHandle
from shards.tenant import stock
from tests.support.stock_shard import car, closed, shard_on_disk


class Counted:
    """A shard's handle that counts what is read."""

    def __init__(self, handle: ShardHandle) -> None:
        self.handle = handle
        self.reads = 0
        self.glances = 0
        self.before_reads: Any = None

    async def read(self, work: Any) -> Any:
        self.reads += 1
        found = await self.handle.read(work)
        if self.before_reads is not None:
            self.before_reads()
        return found

    async def glance(self, work: Any) -> Any:
        self.glances += 1
        found = await self.handle.glance(work)
        if self.before_reads is not None:
            self.before_reads()
        return found


@pytest.fixture
async def shard(tmp_path: Path) -> AsyncIterator[Counted]:
    handle = await shard_on_disk(tmp_path)
    for number in range(6):
        await handle.write(lambda tx, n=number: stock.put(tx, car("Fiat", "Uno", f"v{n}", year_model=2015 + n)))
    yield Counted(handle)
    await closed(handle)


def cache_of(shard: Any, **options: Any) -> VehicleCache:
    return VehicleCache(shard, **options)


async def test_it_is_filled_on_demand_and_keeps_the_order(shard: Counted) -> None:
    cache = cache_of(shard)
    assert cache.age_seconds is None
    assert [vehicle.id for vehicle in await cache.get(["v3", "nobody", "v1", "v3"])] == ["v3", "v1"]
    assert [vehicle.id for vehicle in await cache.get(["v1", "v3"])] == ["v1", "v3"]
    assert shard.glances == 1
    assert len(cache) == 2


async def test_it_is_bounded_and_forgets_the_least_used(shard: Counted) -> None:
    cache = cache_of(shard, capacity=3)
    await cache.get(["v0", "v1", "v2"])
    await cache.get(["v0"])
    await cache.get(["v3"])
    assert len(cache) == 3
    glances = shard.glances
    await cache.get(["v0", "v2", "v3"])
    assert shard.glances == glances
    await cache.get(["v1"])
    assert shard.glances == glances + 1


async def test_the_summary_is_read_once(shard: Counted) -> None:
    cache = cache_of(shard)
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(cache.summary)
    assert (await cache.summary()).total == 6
    assert (shard.glances, shard.reads) == (1, 0)


async def test_a_large_stock_is_summed_up_in_a_thread(shard: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    few = (await cache_of(shard).summary()).total
    for limit, reads in ((few, 0), (few - 1, 1)):
        monkeypatch.setattr(subject, "SMALL_STOCK", limit)
        assert (await cache_of(shard).summary()).total == few
        assert shard.reads == reads


async def test_invalidating_shows_what_was_written(shard: Counted) -> None:
    cache = cache_of(shard)
    await cache.get(["v1"])
    await cache.summary()
    await shard.handle.write(lambda tx: stock.remove(tx, "v1"))
    assert len(await cache.get(["v1"])) == 1
    cache.invalidate()
    assert cache.age_seconds is None
    assert await cache.get(["v1"]) == ()
    assert (await cache.summary()).total == 5


async def test_what_was_read_before_a_write_is_not_kept(shard: Counted) -> None:
    cache = cache_of(shard)
    shard.before_reads = cache.invalidate
    assert len(await cache.get(["v1"])) == 1
    assert (await cache.summary()).total == 6
    await cache.refresh()
    assert len(cache) == 0
    assert cache.age_seconds is None
    shard.before_reads = None
    glances = shard.glances
    await cache.summary()
    assert shard.glances == glances + 1


async def test_refreshing_fills_it_with_the_hot_ones_and_its_age_shows(shard: Counted) -> None:
    now = 100.0
    cache = cache_of(shard, capacity=2, monotonic=lambda: now)
    await cache.refresh()
    now = 130.0
    assert cache.age_seconds == 30.0
    assert [vehicle.id for vehicle in await cache.get(["v5", "v4"])] == ["v5", "v4"]
    assert shard.glances == 0
    await cache.get(["v0"])
    assert cache.age_seconds == 30.0, "the oldest counts"
    await cache.refresh()
    assert cache.age_seconds == 0.0
