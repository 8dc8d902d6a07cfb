"""Customers' files: which are wanted, which are here (by content hash)."""

import json
from collections.abc import Collection
from typing import Any, Final

from attrs import frozen

from shards.shard import Tx

HEAVY_KINDS: Final = ("video", "document")
"""Kinds of messages whose files are large and that no answer waits for."""

FILE_KINDS: Final = (*HEAVY_KINDS, "image", "voice", "audio")
"""Kinds of messages that come with a file to look at or to listen to."""

_OF_MESSAGE: Final = "json_extract(content, '$.media.hash')"
"""As in the index `messages_by_file`."""


@frozen(kw_only=True)
class Wanted:
    """A file that a message names and that is not here yet; `due_at` in ms."""

    message: int
    kind: str
    media: dict[str, Any]
    attempts: int
    due_at: int


def next_wanted(tx: Tx, *, heavy: bool) -> Wanted | None:
    """The file to fetch next, of the heavy kinds or of the others, due or not; None if none is wanted."""
    row = tx.row(
        "SELECT w.message, m.kind, m.content, w.attempts, w.due_at FROM media_wanted w"
        " JOIN messages m ON m.seq = w.message WHERE (m.kind IN (?, ?)) = ? ORDER BY w.due_at LIMIT 1",
        (*HEAVY_KINDS, int(heavy)),
    )
    if row is None:
        return None
    message, kind, content, attempts, due_at = row
    found = json.loads(content).get("media") or {}
    return Wanted(message=message, kind=kind, media=found, attempts=attempts, due_at=due_at)


def owed(tx: Tx, conversation: int) -> bool:
    """Whether what is to be answered in a conversation has files with it."""
    marks = ", ".join("?" * len(FILE_KINDS))
    found = tx.value(
        "SELECT 1 FROM messages m JOIN conversations c ON c.seq = m.conversation WHERE m.conversation = ?"
        f" AND m.seq > c.answered_seq AND m.direction = 'in' AND m.kind IN ({marks}) LIMIT 1",
        (conversation, *FILE_KINDS),
    )
    return found is not None


def any_wanted(tx: Tx, messages: Collection[int]) -> bool:
    """Whether a file of these messages is still to come."""
    marks = ", ".join("?" * len(messages))
    return tx.value(f"SELECT 1 FROM media_wanted WHERE message IN ({marks})", tuple(messages)) is not None


def hashes(tx: Tx, messages: Collection[int]) -> dict[int, str]:
    """The files of these messages that are here, by row number."""
    marks = ", ".join("?" * len(messages))
    rows = tx.rows(f"SELECT seq, {_OF_MESSAGE} FROM messages WHERE seq IN ({marks})", tuple(messages))
    return {seq: value for seq, value in rows if value}


def total_bytes(tx: Tx) -> int:
    """The size of all files together."""
    found: int = tx.value("SELECT coalesce(sum(bytes), 0) FROM media")
    return found


def store(tx: Tx, message: int, content_hash: str, mime_type: str, size: int) -> None:
    """The file is on disk under its hash. Changes nothing if it is not wanted any more (deleted, erased)."""
    if tx.value("SELECT 1 FROM media_wanted WHERE message = ?", (message,)) is None:
        return
    known(tx, content_hash, mime_type, size)
    tx.run("UPDATE messages SET content = json_set(content, '$.media.hash', ?) WHERE seq = ?", (content_hash, message))
    tx.run("DELETE FROM media_wanted WHERE message = ?", (message,))


def known(tx: Tx, content_hash: str, mime_type: str, size: int) -> None:
    """A file is on disk under its hash; the message that has it names it already, or is about to."""
    tx.run(
        "INSERT INTO media (hash, mime_type, bytes, stored_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (content_hash, mime_type, size, tx.now_ms),
    )


def has(tx: Tx, content_hash: str) -> bool:
    """Whether a file is one of ours."""
    return tx.value("SELECT 1 FROM media WHERE hash = ?", (content_hash,)) is not None


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


def unused(tx: Tx, limit: int = -1) -> list[str]:
    """Forget files that no message has (any more), all or some; their hashes, for the files to be removed."""
    found = [
        value
        for (value,) in tx.rows(
            f"SELECT hash FROM media WHERE NOT EXISTS (SELECT 1 FROM messages WHERE {_OF_MESSAGE} = hash"
            f" AND {_OF_MESSAGE} IS NOT NULL) ORDER BY hash LIMIT ?",
            (limit,),
        )
    ]
    tx.connection.executemany("DELETE FROM media WHERE hash = ?", ((value,) for value in found))
    return found
