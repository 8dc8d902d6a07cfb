"""What edits and reactions of a message are derived from. Secrets come and go sealed."""

from typing import Final

from attrs import field, frozen

from shards.shard import Tx

KEPT_MS: Final = 60 * 24 * 3600 * 1000


@frozen
class SecretRow:
    """A sealed secret, and the chat address it was kept (and sealed) under."""

    chat: str
    sender: str
    secret: bytes = field(repr=False)


def find(tx: Tx, chats: tuple[str, str], id_: str) -> SecretRow | None:
    """The newest of a message, under either address of its chat."""
    row = tx.row(
        "SELECT chat, sender, secret FROM message_secrets WHERE id = ? AND chat IN (?, ?) ORDER BY seq DESC",
        (id_, *chats),
    )
    return None if row is None else SecretRow(*row)


def save(tx: Tx, *, chat: str, sender: str, id_: str, secret: bytes) -> None:
    """Replace the sender's."""
    tx.run(
        "INSERT OR REPLACE INTO message_secrets (chat, sender, id, secret, stored_at) VALUES (?, ?, ?, ?, ?)",
        (chat, sender, id_, secret, tx.now_ms),
    )


def tidy(tx: Tx) -> None:
    """Forget them after 60 days."""
    tx.run("DELETE FROM message_secrets WHERE stored_at <= ?", (tx.now_ms - KEPT_MS,))
