"""Numbered `.sql` files, forward only, each in one transaction; the number is the file's `user_version`."""

from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path

import apsw
from attrs import frozen

from shards.errors import ShardTooNew


@frozen
class Migration:
    """One numbered step of a schema."""

    version: int
    name: str
    sql: str


@cache
def migrations(kind: str) -> tuple[Migration, ...]:
    """The steps for "tenant", "session" or "central" files, in order; they count from 1 without gaps."""
    folder = resources.files("shards") / "_migrations" / kind
    steps = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        number, _, name = file.name.partition("_")
        if file.name.endswith(".sql") and number.isdigit():
            steps.append(Migration(int(number), name.removesuffix(".sql"), file.read_text("utf-8")))
    assert [step.version for step in steps] == list(range(1, len(steps) + 1)), kind
    return tuple(steps)


def newest(kind: str) -> int:
    """The schema version this program knows."""
    return migrations(kind)[-1].version


def migrate(
    connection: apsw.Connection,
    path: Path,
    kind: str,
    before: Callable[[Path], None] | None = None,
) -> int:
    """Bring the file to the newest schema; the number of steps taken.

    `before` is called once, with the path, when a file that has a schema is about to change. A crash
    between two steps leaves a whole file of the version in between, and the next call goes on.
    Raises `ShardTooNew` for a file that a later program has migrated.
    """
    version = connection.pragma("user_version")
    assert isinstance(version, int)
    if version > newest(kind):
        raise ShardTooNew(
            f"{path} has schema {version}, this program knows {newest(kind)}",
            "install the showroomd version that wrote it, or a later one",
        )
    pending = migrations(kind)[version:]
    if pending and version and before is not None:
        before(path)
    for step in pending:
        with connection:
            connection.execute(step.sql)
            connection.pragma("user_version", step.version)
    return len(pending)
