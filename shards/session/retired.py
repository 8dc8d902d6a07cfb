"""What an unlinked device leaves: its keys put aside as they were sealed, the rest forgotten."""

from typing import Final

from shards.shard import Tx

KEPT_MS: Final = 60 * 24 * 3600 * 1000
_ASIDE: Final = (  # table, what names the row, the sealed value
    *(("device", f"'{column}'", column) for column in ("noise", "identity", "signed_prekey", "adv_secret", "account")),
    ("device", "'jid'", "CAST(coalesce(jid, '') AS BLOB)"),  # this one in the clear
    ("sessions", "address", "record"),
    ("identities", "address", "identity"),
    ("prekeys", "id", "pair"),
    ("app_state_keys", "hex(key_id)", "key"),
    ("facts", "key", "value"),
)
_EMPTIED: Final = (
    *dict.fromkeys(table for table, _, _ in _ASIDE),
    "device_lists",
    "message_secrets",
    "privacy_tokens",
    "phone_requests",
)


def put_aside(tx: Tx, reason: str, key_id: str) -> None:
    """Empty everything that belonged to the device; what is known of people and messages stays."""
    for table, name, value in _ASIDE:
        tx.run(
            "INSERT INTO retired (at, reason, key_id, kind, name, value)"
            f" SELECT ?, ?, ?, '{table}', CAST({name} AS TEXT), {value} FROM {table}",
            (tx.now_ms, reason, key_id),
        )
    for table in _EMPTIED:
        tx.run(f"DELETE FROM {table}")


def tidy(tx: Tx) -> None:
    """Forget them after 60 days."""
    tx.run("DELETE FROM retired WHERE at <= ?", (tx.now_ms - KEPT_MS,))
