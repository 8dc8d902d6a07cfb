"""Copies and backup sets over real files, with tenants that do not run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from attrs import define, field

from daemon.backup.copies import Copies
from daemon.backup.disk import DiskFloor
from daemon.backup.sets import BackupSets
from shards.directory import ShardDirectory
from shards.shard import Shard
from shards.tenant import identity, profile
from tests.support.shards import HandClock, tenant_profile


@define
class Office:
    """The parts, and what they said."""

    data_dir: Path
    central: Shard
    directory: ShardDirectory
    clock: HandClock
    floor: DiskFloor
    copies: Copies
    sets: BackupSets
    free: list[int]
    troubles: list[str] = field(factory=list)
    events: list[dict[str, Any]] = field(factory=list)

    async def add(self, tenant: str) -> None:
        handle = await self.directory.create(tenant)
        made = tenant_profile(tenant)
        await handle.write(lambda tx: (identity.establish(tx, tenant), profile.save(tx, made)))
        await self.central.write(
            lambda tx: tx.run("INSERT INTO tenants VALUES (?, ?, 'active', '', 1, 1)", (tenant, made.name))
        )

    async def remember(self, tenant: str, word: str) -> None:
        await self.directory.handle(tenant).write(lambda tx: identity.set_fact(tx, "word", word))


@asynccontextmanager
async def office(data_dir: Path, *, keep: int = 2, interval: float = 60.0, pace: float = 1e9) -> AsyncIterator[Office]:
    clock, limiter = HandClock(), trio.CapacityLimiter(4)
    central = await trio.to_thread.run_sync(
        lambda: Shard.open(data_dir / "central.db", "central", create=True, limiter=limiter, now=clock)
    )
    directory = ShardDirectory(data_dir, limiter=limiter, now=clock)
    free = [1 << 40]
    troubles: list[str] = []
    events: list[dict[str, Any]] = []
    floor = DiskFloor(data_dir, 1 << 30, troubles.append, free=lambda _: free[0])
    copies = Copies(
        central=central,
        directory=directory,
        floor=floor,
        interval_seconds=interval,
        bytes_per_second=pace,
        trouble=troubles.append,
        show_age=lambda _: None,
        now=clock,
    )
    sets = BackupSets(copies, data_dir, keep=keep, publish=lambda _, data: events.append(dict(data)), now=clock)
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        await nursery.start(sets.run)
        yield Office(data_dir, central, directory, clock, floor, copies, sets, free, troubles, events)
        nursery.cancel_scope.cancel()
    await trio.to_thread.run_sync(central.close)
