"""Open shards for a test, in memory of nobody else."""

from pathlib import Path

import apsw
import trio

from shards.shard import Shard, Tx
from tests.support.tenancy import now


def fresh(path: Path, kind: str) -> Shard:
    """A new, migrated file; the caller closes it."""
    return Shard.open(path, kind, create=True, limiter=trio.CapacityLimiter(1), now=now)


def open_tx(shard: Shard) -> Tx:
    """A transaction for synchronous tests: everything in it is visible to itself."""
    connection: apsw.Connection = shard._writer
    return Tx(connection, now())
