"""What customers are after, and the visits they asked for."""

from typing import Final

from shards.ids import new_id
from shards.shard import Tx

_LATE_MS: Final = 12 * 3_600_000
"""How long after its hour a visit may still be called off."""


def save(
    tx: Tx,
    contact: int,
    conversation: int,
    *,
    interest: str = "",
    vehicle: str | None = None,
    trade_in: str = "",
    budget_centavos: int | None = None,
    source: str = "",
) -> None:
    """Keep one lead a contact: what is newly said replaces, what is not said stays."""
    row = tx.row("SELECT seq FROM leads WHERE contact = ? ORDER BY seq DESC LIMIT 1", (contact,))
    values = (interest, vehicle, trade_in, budget_centavos, source)
    if row is None:
        tx.run(
            "INSERT INTO leads (id, contact, conversation, interest, vehicle, trade_in, budget_centavos, source,"
            " created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (new_id(tx.now_ms), contact, conversation, *values, tx.now_ms, tx.now_ms),
        )
    else:
        tx.run(
            "UPDATE leads SET interest = coalesce(nullif(?, ''), interest), vehicle = coalesce(?, vehicle),"
            " trade_in = coalesce(nullif(?, ''), trade_in), budget_centavos = coalesce(?, budget_centavos),"
            " source = coalesce(nullif(?, ''), source), changed_at = ? WHERE seq = ?",
            (*values, tx.now_ms, row[0]),
        )


def book(tx: Tx, contact: int, conversation: int, *, vehicle: str | None, starts_at: int | None, wish: str) -> str:
    """Note a visit; its public id. The same visit asked for again changes the open one."""
    row = tx.row(
        "SELECT seq, id FROM appointments WHERE contact = ? AND state = 'asked' AND vehicle IS ?"
        " ORDER BY seq DESC LIMIT 1",
        (contact, vehicle),
    )
    if row is not None:
        tx.run(
            "UPDATE appointments SET starts_at = coalesce(?, starts_at), wish = coalesce(nullif(?, ''), wish)"
            " WHERE seq = ?",
            (starts_at, wish, row[0]),
        )
        found: str = row[1]
        return found
    id_ = new_id(tx.now_ms)
    tx.run(
        "INSERT INTO appointments (id, contact, conversation, vehicle, starts_at, wish, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (id_, contact, conversation, vehicle, starts_at, wish, tx.now_ms),
    )
    return id_


def cancel(tx: Tx, contact: int, vehicle: str | None = None) -> int:
    """Call off the contact's open visits, of one vehicle or all of them; how many there were. Visits of earlier
    days were held or not: they stay as they are."""
    return tx.run(
        "UPDATE appointments SET state = 'cancelled' WHERE contact = ?1 AND state <> 'cancelled'"
        " AND (?2 IS NULL OR vehicle = ?2) AND (starts_at IS NULL OR starts_at > ?3)",
        (contact, vehicle, tx.now_ms - _LATE_MS),
    )
