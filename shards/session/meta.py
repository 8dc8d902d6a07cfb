"""Whose file it is, which master key seals it, and the number of the newest prekey."""

from shards.shard import Tx


def get(tx: Tx, key: str) -> str | None:
    """`tenant`, `key_id` or `last_prekey`."""
    value: str | None = tx.value("SELECT value FROM meta WHERE key = ?", (key,))
    return value


def put(tx: Tx, key: str, value: str) -> None:
    """Replace it."""
    tx.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, value))
