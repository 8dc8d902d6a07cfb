"""What a shard that cannot be written has still to receive, in order."""

from shards.shard import Tx


def park(tx: Tx, tenant: str, document: bytes) -> None:
    """Keep one tenant's part of a delivery until its shard can be written."""
    tx.run("INSERT INTO parked (tenant, at, document) VALUES (?, ?, ?)", (tenant, tx.now_ms, document))


def oldest(tx: Tx, tenant: str, limit: int) -> list[tuple[int, bytes]]:
    """(row number, document), in the order they came."""
    return [
        (seq, document)
        for seq, document in tx.rows(
            "SELECT seq, document FROM parked WHERE tenant = ? ORDER BY seq LIMIT ?", (tenant, limit)
        )
    ]


def replayed(tx: Tx, tenant: str, up_to: int) -> None:
    """The shard has everything up to this row."""
    tx.run("DELETE FROM parked WHERE tenant = ? AND seq <= ?", (tenant, up_to))


def counts(tx: Tx) -> dict[str, int]:
    """Parked parts by tenant."""
    return dict(tx.rows("SELECT tenant, count(*) FROM parked GROUP BY tenant"))
