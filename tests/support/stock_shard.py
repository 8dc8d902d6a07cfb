"""A dealership's stock in memory or on disk, for tests of what reads and writes it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import trio

from shards.directory import ShardDirectory, ShardHandle
from shards.migrate import migrate
from shards.shard import Tx
from shards.tenant import stock
from shards.tenant.vehicle import Vehicle

NOW = datetime(2026, 11, 20, 13, 30, tzinfo=UTC)


def memory_tx(vehicles: Iterable[Vehicle] = ()) -> Tx:
    """An open transaction on a migrated file in memory that has these vehicles."""
    connection = apsw.Connection(":memory:")
    migrate(connection, Path("memory"), "tenant")
    tx = Tx(connection, NOW)
    for vehicle in vehicles:
        stock.put(tx, vehicle)
    return tx


async def shard_on_disk(folder: Path, tenant: str = "auto-sul") -> ShardHandle:
    """A new shard under `folder`; its directory must run or be cleaned up by `closed`."""
    directory = ShardDirectory(folder, limiter=trio.CapacityLimiter(2), now=lambda: NOW)
    return await directory.create(tenant)


async def closed(shard: ShardHandle) -> None:
    """Close the shard's file."""
    await shard._directory.release(shard.tenant)


def car(make: str, model: str, id_: str = "", **fields: Any) -> Vehicle:
    """An invented vehicle; its id is made of its names when none is given."""
    return Vehicle(id=id_ or f"{make}-{model}".lower().replace(" ", "-"), make=make, model=model, **fields)
