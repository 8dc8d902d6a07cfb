"""A whole copy of one SQLite file, made through its own connection. Runs in a worker thread."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from shards.connection import BUSY_TIMEOUT_MS, translated
from shards.errors import ShardUnavailable

FOLDER: Final = "before-migration"
PARTIAL: Final = ".partial"
SCRATCH: Final = "copying"


def copy_whole(source: Path, target: Path, scratch: Path | None = None) -> None:
    """Copy a database, its log included, to `target`: one file in journal mode DELETE, on disk, or nothing.

    While it is made it stands in `scratch` (on the same disk; beside `target` where none is given).

    Whoever writes `source` meanwhile is not held up and not in the copy. Raises `ShardUnavailable`.
    """
    partial = (scratch or target.parent) / f"{target.parent.name}-{target.name}{PARTIAL}"
    try:
        with translated(target):
            for folder in (target.parent, partial.parent):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial.unlink(missing_ok=True)
            try:
                _copy(source, partial)
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
            _sync(target.parent)
    except OSError as error:
        raise ShardUnavailable(
            f"{target} cannot be written ({error.strerror})", "check the disk and its mode"
        ) from error


def before_migration(data_dir: Path) -> Callable[[Path], None]:
    """For `Shard.open`: keeps the file as it was before its first step, named for the schema it had.

    `shards/auto-sul.db` goes to `copies/before-migration/shards/auto-sul-v1.db`. A copy that is there already
    (the step failed, or a crash came) is the older one and stays.
    """

    def keep(path: Path) -> None:
        below = path.parent.relative_to(data_dir)
        target = data_dir / "copies" / FOLDER / below / f"{path.stem}-v{_schema(path)}.db"
        if not target.exists():
            copy_whole(path, target, data_dir / SCRATCH)  # `copies/` holds whole files only, at any instant

    return keep


def _schema(path: Path) -> int:
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            version = connection.pragma("user_version")
            assert isinstance(version, int)
            return version
        finally:
            connection.close()


def _copy(source: Path, target: Path) -> None:
    reader = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        reader.set_busy_timeout(BUSY_TIMEOUT_MS)
        writer = apsw.Connection(str(target))
        try:
            with writer.backup("main", reader, "main") as backup:
                backup.step(-1)
            writer.pragma("journal_mode", "delete")
        finally:
            writer.close()
    finally:
        reader.close()
    _sync(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
