"""Fresh files, and a transaction on them for tests that need no event loop."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import apsw

from shards.migrate import migrate
from shards.shard import Tx

MOMENT = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


@contextmanager
def memory(kind: str, now: datetime = MOMENT) -> Iterator[Tx]:
    """An open transaction on a migrated "tenant" or "central" file in memory."""
    connection = apsw.Connection(":memory:")
    try:
        migrate(connection, Path(":memory:"), kind)
        connection.pragma("foreign_keys", True)
        yield Tx(connection, now)
    finally:
        connection.close()
