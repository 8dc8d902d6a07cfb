"""What our phone was asked to send again: each thing once."""

from typing import Final

from shards.shard import Tx

KEPT_MS: Final = 14 * 24 * 3600 * 1000


def ask(tx: Tx, *, request_id: str, kind: str, chats: tuple[str, str], id_: str) -> bool:
    """Note a request, under the first address of the chat; False if the thing was asked for under either."""
    if tx.value("SELECT 1 FROM phone_requests WHERE id = ? AND chat IN (?, ?) AND kind = ?", (id_, *chats, kind)):
        return False
    tx.run(
        "INSERT INTO phone_requests (request_id, kind, chat, id, asked_at) VALUES (?, ?, ?, ?, ?)",
        (request_id, kind, chats[0], id_, tx.now_ms),
    )
    return True


def pending(tx: Tx, request_id: str, kind: str) -> list[tuple[str, str]]:
    """(chat, id) of what that request asked for and was not answered, in that order."""
    return [
        (chat, id_)
        for chat, id_ in tx.rows(
            "SELECT chat, id FROM phone_requests WHERE request_id = ? AND kind = ? AND answered_at IS NULL"
            " ORDER BY seq",
            (request_id, kind),
        )
    ]


def answered(tx: Tx, *, chats: tuple[str, str], id_: str) -> None:
    """The phone's answer came, or the message did by another way."""
    tx.run(
        "UPDATE phone_requests SET answered_at = ? WHERE id = ? AND chat IN (?, ?) AND answered_at IS NULL",
        (tx.now_ms, id_, *chats),
    )


def tidy(tx: Tx) -> None:
    """Forget them after 14 days."""
    tx.run("DELETE FROM phone_requests WHERE asked_at <= ?", (tx.now_ms - KEPT_MS,))
