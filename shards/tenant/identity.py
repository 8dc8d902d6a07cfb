"""Who this file is: the tenant's id, its epoch, and small facts that outlive the process."""

from attrs import frozen

from shards.ids import new_epoch
from shards.shard import Tx


@frozen(kw_only=True)
class FileIdentity:
    """`epoch` changes at each restore and adoption; `restored_at` is 0 for a file that never was restored."""

    tenant: str
    epoch: str
    restored_at: int


def establish(tx: Tx, tenant: str) -> None:
    """Name a new file. Does nothing to one that has a name."""
    for key, value in (("tenant", tenant), ("epoch", new_epoch()), ("created_at", str(tx.now_ms))):
        tx.run("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (key, value))


def load(tx: Tx) -> FileIdentity:
    """The file's identity, empty fields where it was never established."""
    return FileIdentity(
        tenant=fact(tx, "tenant"), epoch=fact(tx, "epoch"), restored_at=int(fact(tx, "restored_at") or 0)
    )


def fact(tx: Tx, key: str) -> str:
    """A small fact, or ""."""
    return tx.value("SELECT value FROM meta WHERE key = ?", (key,)) or ""


def set_fact(tx: Tx, key: str, value: str) -> None:
    """Keep a small fact; an empty value forgets it."""
    if value:
        tx.run(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )
    else:
        tx.run("DELETE FROM meta WHERE key = ?", (key,))


def sealed(tx: Tx, field: str) -> tuple[str, bytes] | None:
    """(key id, sealed value) of a secret."""
    row = tx.row("SELECT key_id, value FROM sealed WHERE field = ?", (field,))
    return (row[0], row[1]) if row else None


def seal(tx: Tx, field: str, key_id: str, value: bytes) -> None:
    """Store a sealed secret in place of the one before."""
    tx.run(
        "INSERT INTO sealed (field, key_id, value) VALUES (?, ?, ?)"
        " ON CONFLICT (field) DO UPDATE SET key_id = excluded.key_id, value = excluded.value",
        (field, key_id, value),
    )


def unseal(tx: Tx, field: str) -> None:
    """Forget a secret."""
    tx.run("DELETE FROM sealed WHERE field = ?", (field,))


def sealed_fields(tx: Tx) -> frozenset[str]:
    """Which secrets are set."""
    return frozenset(field for (field,) in tx.rows("SELECT field FROM sealed"))
