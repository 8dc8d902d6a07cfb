"""A copy of an open file, step by step: one read transaction of its own, checked before it takes its place."""

import os
from pathlib import Path
from typing import Final, Self

import apsw

from shards.connection import PAGE_CACHE_KIB, open_reader, translated
from shards.errors import ShardCorrupt, ShardUnavailable

PAGES_A_STEP: Final = 256


class Snapshot:
    """One copy under way. `begin`, `step` until it says so, `finish`; `abandon` at any time. All block: in a thread.

    The source must stay open elsewhere meanwhile (its writer folds the log away, a reader cannot).
    """

    def __init__(self, source: Path, scratch: Path) -> None:
        self._source, self._scratch = source, scratch
        scratch.touch(mode=0o600)
        self._began_ns = scratch.stat().st_mtime_ns
        self._reader = open_reader(source)
        try:
            self._writer = apsw.Connection(str(scratch))
            self._backup: apsw.Backup | None = None
        except BaseException:
            self._reader.close()
            raise

    @classmethod
    def begin(cls, source: Path, scratch: Path) -> Self:
        """Take the present state of `source`; the copy grows in `scratch`. Raises `ShardUnavailable`, `OSError`."""
        scratch.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove(scratch)
        with translated(source):
            made = cls(source, scratch)
            try:
                # we sync once, at the end
                made._writer.pragma("synchronous", "off")
                # written and read once from end to end: SQLite's own 2 MB would only stay behind in the thread's heap
                made._writer.pragma("cache_size", -PAGE_CACHE_KIB)
                # without a transaction of its own a backup begins again at each commit of the writer
                made._reader.execute("BEGIN")
                made._reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                made._backup = made._writer.backup("main", made._reader, "main")
            except BaseException:
                made.abandon()
                raise
            return made

    def step(self, pages: int = PAGES_A_STEP) -> int:
        """Copy so many pages; the bytes that were copied, 0 when everything is. Raises `ShardUnavailable`."""
        backup = self._backup
        assert backup is not None
        if backup.done:
            return 0
        with translated(self._scratch):
            before = backup.remaining
            backup.step(pages)
            copied = (before or backup.page_count) - backup.remaining
            return max(1, copied) * self._page_bytes

    @property
    def _page_bytes(self) -> int:
        size = self._reader.pragma("page_size")
        assert isinstance(size, int)
        return size

    def finish(self, target: Path) -> int:
        """Check the copy, sync it, and let it take `target`'s place; its bytes. Raises `ShardUnavailable`."""
        with translated(self._scratch):
            self._end_backup()
            self._writer.pragma("journal_mode", "delete")
            for row in self._writer.execute("PRAGMA integrity_check(1)"):
                if row != ("ok",):
                    raise ShardCorrupt(f"{self._source} is damaged ({row[0]})", "restore it from an earlier copy")
        self._close()
        # the time of a copy is when it was begun: what changes the source later has a later one
        os.utime(self._scratch, ns=(self._began_ns, self._began_ns))
        sync(self._scratch)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        size = self._scratch.stat().st_size
        self._scratch.replace(target)
        sync(target.parent)
        return size

    def abandon(self) -> None:
        """Let go, and leave nothing behind. Does nothing after `finish`."""
        self._end_backup()
        self._close()
        _remove(self._scratch)

    def _end_backup(self) -> None:
        if self._backup is not None:
            backup, self._backup = self._backup, None
            backup.close(True)

    def _close(self) -> None:
        self._reader.close()
        self._writer.close()


def sync(path: Path) -> None:
    """Have a file, or a folder's names, on the disk. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def stage(source: Path, target: Path) -> None:
    """Copy a file that nobody has open (a backup, a shard of a stopped daemon) to `target`, checked, one file.

    A log beside it is folded in. `source` is not touched. Raises `ShardUnavailable`, `OSError`.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove(target)
    for suffix in ("", "-wal"):
        beside = source.with_name(source.name + suffix)
        if suffix == "" or beside.exists():
            _pour(beside, target.with_name(target.name + suffix))
    with translated(source):
        connection = apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.pragma("trusted_schema", False)
            connection.pragma("journal_mode", "delete")
            for row in connection.execute("PRAGMA integrity_check(1)"):
                if row != ("ok",):
                    raise ShardCorrupt(f"{source} is damaged ({row[0]})", "take another copy")
            fault = connection.execute("PRAGMA foreign_key_check").fetchone()
            if fault is not None:
                raise ShardCorrupt(f"{source} is damaged (a row of {fault[0]} leads nowhere)", "take another copy")
        finally:
            connection.close()
    sync(target)


def _pour(source: Path, target: Path) -> None:
    try:
        with source.open("rb") as full, target.open("wb") as empty:
            while chunk := full.read(1 << 20):
                empty.write(chunk)
    except FileNotFoundError as error:
        raise ShardUnavailable(f"there is no file {source}", "check the path") from error
