"""Corrections of the ledger: receipts of their own, with the reason beside them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from shards.central import daily, ledger, zones
from shards.days import DayFinder
from shards.ids import new_event_id
from shards.shard import Tx

EPOCH: Final = "correction"
"""As `reconcile` names what only central knows."""


def correct(
    tx: Tx, tenant: str, time_zone: str, quantities: Mapping[str, Any], *, reason: str, actor: str
) -> tuple[str, date]:
    """Add a receipt whose quantities may be below zero; its id, and the day of the daily sums it went to.

    `time_zone` is for a tenant of which nothing was counted yet.
    """
    calendar = zones.calendar(tx, tenant) or daily.calendar(tx, tenant, time_zone)
    event_id = new_event_id(tx.now_ms)
    receipt = {"conversation": "", "pricing_category": "", "pricing_type": "", **quantities, "event_id": event_id}
    daily.add(tx, tenant, calendar, ledger.append(tx, tenant, EPOCH, [receipt]))
    tx.run(
        "INSERT INTO corrections (event_id, reason, actor, at) VALUES (?, ?, ?, ?)",
        (event_id, reason, actor, tx.now_ms),
    )
    late = tx.value("SELECT day FROM ledger_late WHERE event_id = ?", (event_id,))
    return event_id, date.fromisoformat(late) if late else DayFinder(calendar)(receipt["at"])
