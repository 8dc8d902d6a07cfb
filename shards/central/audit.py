"""Who changed what, and when. Append only."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from shards.shard import Tx


@frozen(kw_only=True)
class AuditEntry:
    """One change. `actor`: `token:<id> <name>`, `admin-socket`, `cli` or `daemon`."""

    seq: int
    at: datetime
    actor: str
    action: str  # e.g. tenant.create
    tenant: str | None
    target: str
    detail: dict[str, Any]


def append(
    tx: Tx,
    *,
    actor: str,
    action: str,
    tenant: str | None = None,
    target: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Note a change. `detail` must hold no secret and nothing a customer wrote."""
    tx.run(
        "INSERT INTO audit (at, actor, action, tenant, target, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (tx.now_ms, actor, action, tenant, target, json.dumps(dict(detail or {}), ensure_ascii=False)),
    )


def page(tx: Tx, *, tenant: str | None = None, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
    """Entries, newest first, older than the entry `before`; of one tenant or of all."""
    where, values = ["1"], list[Any]()
    if tenant is not None:
        where.append("tenant = ?")
        values.append(tenant)
    if before is not None:
        where.append("seq < ?")
        values.append(before)
    sql = (
        "SELECT seq, at, actor, action, tenant, target, detail FROM audit"
        f" WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?"
    )
    return [
        AuditEntry(
            seq=seq,
            at=datetime.fromtimestamp(at / 1000, UTC),
            actor=actor,
            action=action,
            tenant=tenant_,
            target=target,
            detail=json.loads(detail),
        )
        for seq, at, actor, action, tenant_, target, detail in tx.rows(sql, (*values, limit))
    ]
