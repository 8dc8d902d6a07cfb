"""Customers' files: which are wanted, which are here (by content hash)."""

import json
from typing import Any

from attrs import frozen

from shards.shard import Tx


@frozen(kw_only=True)
class Wanted:
    """A file that a message names and that is not here yet; `due_at` in ms."""

    message: int
    media: dict[str, Any]
    attempts: int
    due_at: int


def next_wanted(tx: Tx) -> Wanted | None:
    """The file to fetch next, due or not; None if none is wanted."""
    row = tx.row(
        "SELECT w.message, m.content, w.attempts, w.due_at FROM media_wanted w JOIN messages m ON m.seq = w.message"
        " ORDER BY w.due_at LIMIT 1"
    )
    if row is None:
        return None
    message, content, attempts, due_at = row
    return Wanted(message=message, media=json.loads(content).get("media") or {}, attempts=attempts, due_at=due_at)


def store(tx: Tx, message: int, content_hash: str, mime_type: str, size: int) -> None:
    """The file is on disk under its hash. Changes nothing if it is not wanted any more (deleted, erased)."""
    if tx.value("SELECT 1 FROM media_wanted WHERE message = ?", (message,)) is None:
        return
    tx.run(
        "INSERT INTO media (hash, mime_type, bytes, stored_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (content_hash, mime_type, size, tx.now_ms),
    )
    tx.run("UPDATE messages SET content = json_set(content, '$.media.hash', ?) WHERE seq = ?", (content_hash, message))
    tx.run("DELETE FROM media_wanted WHERE message = ?", (message,))


def retry(tx: Tx, message: int, pause_ms: int) -> None:
    """It could not be fetched now."""
    tx.run(
        "UPDATE media_wanted SET attempts = attempts + 1, due_at = ? WHERE message = ?",
        (tx.now_ms + pause_ms, message),
    )


def give_up(tx: Tx, message: int, reason: str) -> None:
    """It will not be fetched; the message says why."""
    tx.run("UPDATE messages SET content = json_set(content, '$.media.error', ?) WHERE seq = ?", (reason, message))
    tx.run("DELETE FROM media_wanted WHERE message = ?", (message,))


def expired(tx: Tx, before: int, limit: int) -> list[str]:
    """Forget files that were stored before then (ms); their hashes, for the files to be removed."""
    hashes = [
        value
        for (value,) in tx.rows(
            "SELECT hash FROM media WHERE stored_at < ? ORDER BY stored_at LIMIT ?", (before, limit)
        )
    ]
    tx.connection.executemany("DELETE FROM media WHERE hash = ?", ((value,) for value in hashes))
    return hashes
