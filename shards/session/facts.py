"""Small things that belong to the device, and the keys of the account's app state. Values come and go sealed."""

from shards.shard import Tx


def get(tx: Tx, key: str) -> bytes | None:
    """A fact."""
    found: bytes | None = tx.value("SELECT value FROM facts WHERE key = ?", (key,))
    return found


def put(tx: Tx, key: str, value: bytes) -> None:
    """Replace it."""
    tx.run("INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, value))


def forget(tx: Tx, key: str) -> None:
    """As if it had never been known."""
    tx.run("DELETE FROM facts WHERE key = ?", (key,))


def save_app_state_key(tx: Tx, key_id: bytes, key: bytes) -> None:
    """Keep it, or replace the one of that id."""
    tx.run("INSERT OR REPLACE INTO app_state_keys VALUES (?, ?)", (key_id, key))
