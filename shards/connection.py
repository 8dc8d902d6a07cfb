"""One SQLite connection: how it is opened, what its errors mean."""

import os
from pathlib import Path

import apsw

from shards.errors import (
    ShardCorrupt,
    ShardMissing,
    ShardUnavailable,
    StorageFull,
    StorageReadOnly,
)

BUSY_TIMEOUT_MS = 5_000
PAGE_CACHE_KIB = 256
STATEMENTS = 256
"""A statement stays compiled for so many executions of others; a message has about 110. With apsw's 100, at 100
dealerships, each message compiled some ten anew: 8.3 and 8.7 ms instead of 9.3 and 9.1, for 0.06 MB more each."""


def open_writer(path: Path, *, create: bool) -> apsw.Connection:
    """Open the one connection that may write `path`; the caller closes it.

    Raises a `ShardUnavailable` that says why the file cannot be written.
    """
    if not create and not path.exists():
        raise ShardMissing(f"{path} is missing", "restore it from a copy, or delete the tenant")
    with translated(path):
        flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
        connection = apsw.Connection(str(path), flags=flags, statementcachesize=STATEMENTS)
        try:
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            _pragmas(connection)
            # Readers go on while we write; a commit is one append and one sync.
            connection.pragma("journal_mode", "wal")
            # An acknowledged message must survive a power cut, not only a crash of the process.
            connection.pragma("synchronous", "full")
            # Restart the log at 2 MB, so that one burst does not leave a large -wal for good.
            connection.pragma("journal_size_limit", 2 * 1024 * 1024)
            if connection.readonly("main"):  # SQLite opens it all the same, and fails at the first write
                raise StorageReadOnly(
                    f"{path} cannot be written", "check owner, mode and mount options of the data directory"
                )
        except BaseException:
            connection.close()
            raise
        return connection


def open_reader(path: Path) -> apsw.Connection:
    """Open a read-only connection to a file whose writer is open; the caller closes it."""
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        _pragmas(connection)
        connection.pragma("query_only", True)
        return connection


def _pragmas(connection: apsw.Connection) -> None:
    # Without it a statement that might use a partial index is compiled anew for each value bound to it: 50 µs
    # instead of 5 for most reads of `messages`.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    # Thousands of files are open at once: keep each one's page cache small.
    connection.pragma("cache_size", -PAGE_CACHE_KIB)
    connection.pragma("foreign_keys", True)
    connection.pragma("temp_store", "memory")
    # A tampered file must not run code from its schema.
    connection.pragma("trusted_schema", False)


class translated:  # noqa: N801 - a context manager, in the manner of contextlib's
    """Turn SQLite's errors about the file into ours; errors of our own SQL pass unchanged.

    Not by `contextmanager`: each commit and each glance has one, at 0.3 µs instead of 1.5.
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, apsw.Error) and (ours := _translation(self._path, error)) is not None:
            raise ours from error


def _translation(path: Path, error: apsw.Error) -> ShardUnavailable | None:
    match error:
        case apsw.FullError() | apsw.TooBigError():
            return StorageFull(
                f"the disk under {path.parent} is full", "free some space; nothing acknowledged was lost"
            )
        case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.AuthError():
            return StorageReadOnly(
                f"{path} cannot be written", "check owner, mode and mount options of the data directory"
            )
        case apsw.CorruptError() | apsw.NotADBError() | apsw.FormatError():
            return ShardCorrupt(f"{path} is damaged ({error})", "restore it from a copy")
        case apsw.CantOpenError():
            if path.parent.is_dir() and not os.access(path.parent, os.W_OK):
                return StorageReadOnly(f"{path.parent} cannot be written", "check owner, mode and mount options")
            return ShardUnavailable(f"{path} cannot be opened ({error})", "check the path and its mode")
        case apsw.IOError():
            return ShardUnavailable(f"the disk failed under {path} ({error})", "check the disk and the kernel log")
        case apsw.BusyError() | apsw.LockedError():
            return ShardUnavailable(
                f"{path} is held by another process", "close the other program; only showroomd may write it"
            )
        case _:
            return None
