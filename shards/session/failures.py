"""Stanzas that could not be decrypted, and whether their message came in the end."""

from typing import Final

from shards.shard import Tx

KEPT_MS: Final = 60 * 24 * 3600 * 1000


def count(tx: Tx, *, chat: str, sender: str, id_: str, at: int, reason: int) -> int:
    """One failure more; how many of this stanza so far. `at`: the network's time in ms."""
    so_far: int = tx.value(
        "INSERT INTO failures VALUES (?, ?, ?, 1, ?, ?, ?, NULL) ON CONFLICT DO UPDATE"
        " SET count = count + 1, reason = excluded.reason RETURNING count",
        (chat, id_, sender, reason, at, tx.now_ms),
    )
    return so_far


def resolve(tx: Tx, *, chats: tuple[str, str], id_: str) -> None:
    """The message came after all, under either address of its chat."""
    tx.run(
        "UPDATE failures SET resolved_at = ? WHERE id = ? AND chat IN (?, ?) AND resolved_at IS NULL",
        (tx.now_ms, id_, *chats),
    )


def unresolved(tx: Tx) -> int:
    """How many messages never came."""
    found: int = tx.value("SELECT count(*) FROM (SELECT DISTINCT id, chat FROM failures WHERE resolved_at IS NULL)")
    return found


def tidy(tx: Tx) -> None:
    """Forget them after 60 days."""
    tx.run("DELETE FROM failures WHERE first_seen <= ?", (tx.now_ms - KEPT_MS,))
