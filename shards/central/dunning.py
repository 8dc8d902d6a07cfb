"""How far the reminding of each tenant has gone, and which marks of its limits the operator was told of."""

from datetime import UTC, datetime

from attrs import frozen

from shards.shard import Tx


@frozen(kw_only=True)
class Step:
    """Where a tenant stands: current | reminded | human_only | suspended, since when and why."""

    tenant: str
    stage: str
    invoice: str = ""
    reason: str = ""
    at: datetime


def steps(tx: Tx) -> dict[str, Step]:
    """The last step of every tenant that has one."""
    rows = tx.rows(
        "SELECT tenant, stage, invoice, reason, at FROM dunning_steps"
        " WHERE seq IN (SELECT max(seq) FROM dunning_steps GROUP BY tenant)"
    )
    return {
        tenant: Step(
            tenant=tenant, stage=stage, invoice=invoice, reason=reason, at=datetime.fromtimestamp(at / 1000, UTC)
        )
        for tenant, stage, invoice, reason, at in rows
    }


def step(tx: Tx, tenant: str, stage: str, *, invoice: str = "", reason: str = "") -> None:
    """Move a tenant on, or back."""
    tx.run(
        "INSERT INTO dunning_steps (tenant, stage, invoice, reason, at) VALUES (?, ?, ?, ?, ?)",
        (tenant, stage, invoice, reason, tx.now_ms),
    )


def notice(tx: Tx, tenant: str, period: str, meter: str, percent: int) -> bool:
    """Note that a mark was reached; False if it was noted before."""
    return bool(
        tx.run(
            "INSERT INTO limit_notices (tenant, period, meter, percent, at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (tenant, period, meter, percent, tx.now_ms),
        )
    )


def noticed(tx: Tx, tenant: str, period: str, meter: str, percent: int) -> bool:
    """Whether the operator was told of a mark."""
    sql = "SELECT 1 FROM limit_notices WHERE tenant = ? AND period = ? AND meter = ? AND percent = ?"
    return tx.value(sql, (tenant, period, meter, percent)) is not None
