"""Tenants as central knows them: their life, and which network numbers lead to them."""

from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from shards.errors import Conflict, NotFound
from shards.shard import Tx


@frozen(kw_only=True)
class TenantRow:
    """One tenant. `state`: reserved | active | suspended | deleted."""

    id: str
    name: str
    state: str
    reason: str
    created_at: datetime


_COLUMNS: Final = "id, name, state, reason, created_at"


def _tenant(row: tuple[str, str, str, str, int]) -> TenantRow:
    id_, name, state, reason, created_at = row
    return TenantRow(
        id=id_,
        name=name,
        state=state,
        reason=reason,
        created_at=datetime.fromtimestamp(created_at / 1000, UTC),
    )


def reserve(tx: Tx, tenant: str, name: str) -> None:
    """Take the id, before the shard is written. Raises `Conflict` if it is taken (deleted ids too)."""
    state = tx.value("SELECT state FROM tenants WHERE id = ?", (tenant,))
    if state == "deleted":
        raise Conflict(f"the id {tenant!r} belonged to a deleted tenant", "choose another id")
    if state is not None and state != "reserved":
        raise Conflict(f"the id {tenant!r} is taken", "choose another id, or change that tenant")
    tx.run(
        "INSERT INTO tenants (id, name, state, created_at, changed_at) VALUES (?, ?, 'reserved', ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, changed_at = excluded.changed_at",
        (tenant, name, tx.now_ms, tx.now_ms),
    )


def route(tx: Tx, tenant: str, *, phone_number_id: str, waba_id: str) -> None:
    """Replace what leads to the tenant. Raises `Conflict` if another tenant has the number."""
    tx.run("DELETE FROM routes WHERE tenant = ?", (tenant,))
    tx.run("DELETE FROM wabas WHERE tenant = ?", (tenant,))
    if phone_number_id:
        owner = tx.value("SELECT tenant FROM routes WHERE kind = 'phone_number_id' AND key = ?", (phone_number_id,))
        if owner is not None:
            raise Conflict(
                f"the number {phone_number_id} already leads to {owner!r}",
                "give each tenant a number of its own, or delete that tenant first",
            )
        tx.run(
            "INSERT INTO routes (kind, key, tenant) VALUES ('phone_number_id', ?, ?)",
            (phone_number_id, tenant),
        )
    if waba_id:
        tx.run("INSERT INTO wabas (waba_id, tenant) VALUES (?, ?)", (waba_id, tenant))


def set_state(tx: Tx, tenant: str, state: str, reason: str = "") -> None:
    """Move a tenant on. Raises `NotFound`."""
    if not tx.run(
        "UPDATE tenants SET state = ?, reason = ?, changed_at = ? WHERE id = ? AND state <> 'deleted'",
        (state, reason, tx.now_ms, tenant),
    ):
        raise NotFound(f"there is no tenant {tenant!r}", "list the tenants to find the id")


def rename(tx: Tx, tenant: str, name: str) -> None:
    """Keep central's copy of the name."""
    tx.run("UPDATE tenants SET name = ?, changed_at = ? WHERE id = ?", (name, tx.now_ms, tenant))


def forget_reservation(tx: Tx, tenant: str) -> None:
    """Undo a reservation whose shard was never written; does nothing to any other tenant."""
    if tx.value("SELECT 1 FROM tenants WHERE id = ? AND state = 'reserved'", (tenant,)) is None:
        return
    tx.run("DELETE FROM routes WHERE tenant = ?", (tenant,))
    tx.run("DELETE FROM wabas WHERE tenant = ?", (tenant,))
    tx.run("DELETE FROM tenants WHERE id = ?", (tenant,))


def delete(tx: Tx, tenant: str) -> None:
    """The id stays taken, the numbers are free."""
    set_state(tx, tenant, "deleted")
    tx.run("DELETE FROM routes WHERE tenant = ?", (tenant,))
    tx.run("DELETE FROM wabas WHERE tenant = ?", (tenant,))
    tx.run(
        "UPDATE operator_tokens SET revoked_at = coalesce(revoked_at, ?) WHERE tenant = ?",
        (tx.now_ms, tenant),
    )


def one(tx: Tx, tenant: str) -> TenantRow:
    """One tenant that is not deleted. Raises `NotFound`."""
    row = tx.row(f"SELECT {_COLUMNS} FROM tenants WHERE id = ? AND state <> 'deleted'", (tenant,))
    if row is None:
        raise NotFound(f"there is no tenant {tenant!r}", "list the tenants to find the id")
    return _tenant(row)


def ids(tx: Tx) -> list[str]:
    """The ids of all tenants, deleted ones and reservations left out."""
    return [id_ for (id_,) in tx.rows("SELECT id FROM tenants WHERE state IN ('active', 'suspended') ORDER BY id")]


def billed_as(tx: Tx, tenant: str) -> tuple[str, int | None]:
    """The name on its invoices, and since when (ms) it is deleted; None while it is not."""
    row = tx.row("SELECT name, iif(state = 'deleted', changed_at, NULL) FROM tenants WHERE id = ?", (tenant,))
    return (tenant, None) if row is None else (row[0], row[1])


def page(tx: Tx, *, after: str = "", limit: int = 100) -> list[TenantRow]:
    """Tenants by id, deleted ones left out."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM tenants WHERE id > ? AND state <> 'deleted' ORDER BY id LIMIT ?",
        (after, limit),
    )
    return [_tenant(row) for row in rows]


def by_phone_number_id(tx: Tx, phone_number_id: str) -> str | None:
    """Whose number this is."""
    found: str | None = tx.value(
        "SELECT tenant FROM routes WHERE kind = 'phone_number_id' AND key = ?", (phone_number_id,)
    )
    return found


def phone_number_ids(tx: Tx) -> list[str]:
    """Every number that leads to a tenant, sorted."""
    return [key for (key,) in tx.rows("SELECT key FROM routes WHERE kind = 'phone_number_id' ORDER BY key")]


def by_waba_id(tx: Tx, waba_id: str) -> list[str]:
    """All tenants with numbers in this WhatsApp Business Account."""
    return [tenant for (tenant,) in tx.rows("SELECT tenant FROM wabas WHERE waba_id = ? ORDER BY tenant", (waba_id,))]
