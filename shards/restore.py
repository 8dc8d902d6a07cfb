"""Putting a prepared file in the place of another so that a crash leaves the one or the other, and can be resumed.

A restore is prepared in `restoring/<name>.preparing/`. Renaming that folder to `<name>.ready` decides it: what is
ready is always finished, by the process that prepared it or by the next one before it opens any file.
"""

import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw
from attrs import field, frozen

from shards.connection import open_writer, translated
from shards.errors import ShardCorrupt
from shards.fault import commit_fault
from shards.inspection import opened
from shards.migrate import migrate
from shards.shard import Tx
from shards.snapshot import sync

T = TypeVar("T")

FOLDER: Final = "restoring"
PREPARING: Final = ".preparing"
READY: Final = ".ready"
MOVES: Final = "moves.json"
LOGS: Final = ("-wal", "-shm")
MOST_LISTED: Final = 100_000
"""Lost messages that are named; more are counted."""


@frozen(kw_only=True)
class LostMessage:
    """A message that the restored file does not have. `at`: ms."""

    id: str
    network_id: str | None
    direction: str
    conversation: str
    at: int


@frozen(kw_only=True)
class Lost:
    """What the present file has and the restored one does not. `messages` names at most `MOST_LISTED`."""

    messages: tuple[LostMessage, ...] = ()
    received: int = 0
    sent: int = 0
    conversations: int = 0
    contacts: int = 0
    leads: int = 0
    appointments: int = 0


@frozen
class Held:
    """A conversation that a person has in the present file. `until`: ms, None: until released."""

    conversation: str
    until: int | None


@frozen(kw_only=True)
class Present:
    """What is read of the present file before it goes."""

    lost: Lost = Lost()
    held: tuple[Held, ...] = ()
    facts: dict[str, str] = field(factory=dict)


def prepare(path: Path, kind: str, work: Callable[[Tx], T], now: datetime) -> T:
    """Migrate a staged file and do `work` in one transaction; then it is one synced file. Blocks: in a thread.

    Raises `ShardUnavailable`, among them `ShardTooNew`, and what `work` raises.
    """
    connection = open_writer(path, create=False)
    try:
        with translated(path):
            migrate(connection, path, kind)
            with connection:
                value = work(Tx(connection, now))
                commit_fault.reached("before")
            commit_fault.reached("after")
            connection.pragma("journal_mode", "delete")
    finally:
        connection.close()
    sync(path)
    return value


def compare(present: Path, restored: Path, now_ms: int, facts: tuple[str, ...]) -> Present:
    """What the present file has that the restored one lacks. Both are closed. Raises `ShardUnavailable`.

    `facts`: the small facts whose present values are wanted.
    """
    with translated(present), opened(present) as connection:
        connection.pragma("query_only", False)
        connection.execute("ATTACH ? AS old", (f"file:{restored.absolute()}?immutable=1",))

        def count(table: str, more: str = "") -> int:
            missing = f"NOT EXISTS (SELECT 1 FROM old.{table} o WHERE o.id = t.id)"
            row = connection.execute(f"SELECT count(*) FROM main.{table} t WHERE {missing}{more}").fetchone()
            number: int = (row or (0,))[0]
            return number

        rows = connection.execute(
            "SELECT t.id, t.network_id, t.direction, c.id, t.at FROM main.messages t"
            " JOIN main.conversations c ON c.seq = t.conversation"
            " WHERE NOT EXISTS (SELECT 1 FROM old.messages o WHERE o.id = t.id)"
            " ORDER BY t.direction = 'out', t.seq LIMIT ?",  # customers' words first: only they can say them again
            (MOST_LISTED,),
        )
        lost = Lost(
            messages=tuple(
                LostMessage(id=id_, network_id=network_id, direction=direction, conversation=conversation, at=at)
                for id_, network_id, direction, conversation, at in rows
            ),
            received=count("messages", " AND t.direction = 'in'"),
            sent=count("messages", " AND t.direction = 'out'"),
            conversations=count("conversations"),
            contacts=count("contacts"),
            leads=count("leads"),
            appointments=count("appointments"),
        )
        held = connection.execute(
            "SELECT id, human_until FROM main.conversations WHERE state = 'human'"
            " AND (human_until IS NULL OR human_until > ?)",
            (now_ms,),
        )
        known = dict(connection.execute("SELECT key, value FROM main.meta"))
        return Present(
            lost=lost,
            held=tuple(Held(id_, until) for id_, until in held),
            facts={name: known.get(name, "") for name in facts},
        )


# The swap


def begin(data_dir: Path, name: str) -> Path:
    """An empty folder to prepare a restore in; what an earlier try left there is gone."""
    folder = data_dir / FOLDER / f"{name}{PREPARING}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def abandon(folder: Path) -> None:
    """Nothing comes of it."""
    shutil.rmtree(folder, ignore_errors=True)


def decide(folder: Path, moves: list[tuple[str, str]], about: dict[str, Any]) -> Path:
    """From here on the new state holds, whatever crashes; the folder that `finish` takes.

    `moves`: (from, to), paths below the data directory, in this order; a source that is not there was moved
    already, and the last one is the prepared file. `about` is for whoever finishes it. Raises `OSError`: then
    nothing was decided.
    """
    document = folder / MOVES
    document.write_text(json.dumps({"moves": moves, "about": about}, ensure_ascii=False), "utf-8")
    sync(document)
    sync(folder)
    ready = folder.with_name(folder.name.removesuffix(PREPARING) + READY)
    commit_fault.reached("before")
    os.replace(folder, ready)
    sync(ready.parent)
    commit_fault.reached("after")
    return ready


def finish(data_dir: Path, ready: Path) -> dict[str, Any]:
    """Make the moves that are still to be made; what `decide` was told. Raises `OSError`, and may be called again."""
    try:
        document = json.loads((ready / MOVES).read_text("utf-8"))
    except ValueError as error:
        raise ShardCorrupt(f"{ready / MOVES} is damaged", "move that folder away, and restore again") from error
    moves = [(data_dir / source, data_dir / target) for source, target in document["moves"]]
    if moves[-1][0].exists():  # else all were made, and what stands in the first one's place is the new file
        for source, target in moves:
            _move(source, target)
    about: dict[str, Any] = document["about"]
    return about


def undo(data_dir: Path, ready: Path) -> bool:
    """Take a decision back whose moves failed; False when the new file is in its place already. Raises `OSError`."""
    moves = json.loads((ready / MOVES).read_text("utf-8"))["moves"]
    if not (data_dir / moves[-1][0]).exists():
        return False
    for source, target in reversed(moves[:-1]):
        if (data_dir / target).exists():
            os.replace(data_dir / target, data_dir / source)
    done(ready)
    return True


def done(ready: Path) -> None:
    """All that belongs to the restore is in its place: forget that it was under way."""
    commit_fault.reached("before")
    (ready / MOVES).unlink(missing_ok=True)
    shutil.rmtree(ready, ignore_errors=True)
    sync(ready.parent)
    commit_fault.reached("after")


def _move(source: Path, target: Path) -> None:
    if not source.exists():
        return
    if target.parent.name and not target.parent.exists():
        target.parent.mkdir(mode=0o700, parents=True)
    commit_fault.reached("before")
    os.replace(source, target)
    sync(target.parent)
    sync(source.parent)
    commit_fault.reached("after")


def unfinished(data_dir: Path) -> list[Path]:
    """The restores that are decided and not done; what was only being prepared is removed."""
    below = data_dir / FOLDER
    if not below.is_dir():
        return []
    for folder in below.glob(f"*{PREPARING}"):
        abandon(folder)
    found = []
    for folder in sorted(below.glob(f"*{READY}")):
        if (folder / MOVES).exists():
            found.append(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)  # a crash came while it was being removed
    return found


def fold(path: Path) -> None:
    """Fold a closed file's log into it, as a clean stop would have. Raises `ShardUnavailable`."""
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()
