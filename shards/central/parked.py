"""What a shard has still to receive, in order: it cannot be written, or more came than could be taken in."""

from shards.shard import Tx


def park(tx: Tx, tenant: str, document: bytes) -> None:
    """Keep one tenant's part of a delivery until its shard takes it."""
    tx.run("INSERT INTO parked (tenant, at, document) VALUES (?, ?, ?)", (tenant, tx.now_ms, document))


def oldest(tx: Tx, tenant: str, limit: int) -> list[tuple[int, bytes]]:
    """(row number, document), in the order they came."""
    return [
        (seq, document)
        for seq, document in tx.rows(
            "SELECT seq, document FROM parked WHERE tenant = ? ORDER BY seq LIMIT ?", (tenant, limit)
        )
    ]


def replayed(tx: Tx, tenant: str, up_to: int) -> int | None:
    """The shard has everything up to this row; since when (ms) the oldest that is left has waited."""
    tx.run("DELETE FROM parked WHERE tenant = ? AND seq <= ?", (tenant, up_to))
    return since(tx, tenant)


def since(tx: Tx, tenant: str) -> int | None:
    """When (ms) the tenant's oldest part was parked; None if it has none."""
    found: int | None = tx.value("SELECT at FROM parked WHERE tenant = ? ORDER BY seq LIMIT 1", (tenant,))
    return found


def counts(tx: Tx) -> dict[str, int]:
    """Parked parts by tenant."""
    return dict(tx.rows("SELECT tenant, count(*) FROM parked GROUP BY tenant"))
