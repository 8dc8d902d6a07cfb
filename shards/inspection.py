"""A closed look at a file, whoever wrote it: what it is, whether it is whole, what it holds. Writes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import apsw
from attrs import frozen

from shards.connection import translated
from shards.errors import ShardCorrupt, ShardUnavailable
from shards.migrate import newest

MOST_FAULTS: Final = 10


@frozen(kw_only=True)
class FileFacts:
    """What a file says of itself. Times in ms; `faults` is empty for a whole file that was `checked`."""

    kind: str  # tenant | central
    schema: int
    tenant: str = ""
    epoch: str = ""
    messages: int = 0
    last_message_at: int | None = None
    tenants: tuple[str, ...] = ()  # of central: those that are not deleted
    faults: tuple[str, ...] = ()

    @property
    def too_new(self) -> bool:
        """Whether a later version of the program has migrated it."""
        return self.schema > newest(self.kind)


def facts(path: Path, *, check: bool = False) -> FileFacts:
    """What the file holds; with `check` every page and reference is looked at. Blocks: in a thread.

    The file must be at rest (a copy, or closed). Raises `ShardUnavailable` for what is no file of ours.
    """
    with opened(path) as connection:
        faults = tuple(_faults(connection)) if check else ()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        schema = connection.pragma("user_version")
        assert isinstance(schema, int)
        if {"tenants", "ledger"} <= tables:
            rows = connection.execute("SELECT id FROM tenants WHERE state IN ('active', 'suspended') ORDER BY id")
            return FileFacts(kind="central", schema=schema, tenants=tuple(id_ for (id_,) in rows), faults=faults)
        if not {"meta", "messages", "usage"} <= tables:
            raise ShardCorrupt(f"{path} is no file of showroomd", "name a copy of central.db or of a tenant's file")
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        count, last = connection.execute("SELECT count(*), max(stored_at) FROM messages").fetchone() or (0, None)
        return FileFacts(
            kind="tenant",
            schema=schema,
            tenant=meta.get("tenant", ""),
            epoch=meta.get("epoch", ""),
            messages=count,
            last_message_at=last,
            faults=faults,
        )


@contextmanager
def opened(path: Path) -> Iterator[apsw.Connection]:
    """A connection that cannot write, not even a log beside the file. Raises `ShardUnavailable`."""
    if not path.is_file():
        raise ShardUnavailable(f"there is no file {path}", "check the path")
    if (log := path.with_name(path.name + "-wal")).exists() and log.stat().st_size:
        raise ShardUnavailable(
            f"{path} has a log beside it: it is in use or was left by a kill", "take it from copies/ or from a backup"
        )
    with translated(path):
        # immutable: a file in WAL mode can be read where nothing may be written
        connection = apsw.Connection(
            f"file:{quote(str(path.absolute()))}?immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
        try:
            connection.pragma("trusted_schema", False)
            connection.pragma("query_only", True)
            yield connection
        finally:
            connection.close()


def _faults(connection: apsw.Connection) -> Iterator[str]:
    for (line,) in connection.execute(f"PRAGMA integrity_check({MOST_FAULTS})"):
        if line != "ok":
            yield f"integrity: {line}"
    for count, row in enumerate(connection.execute("PRAGMA foreign_key_check")):
        if count == MOST_FAULTS:
            return
        yield f"foreign key: row {row[1]} of {row[0]} leads to no row of {row[2]}"
