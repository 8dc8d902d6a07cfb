"""In which zone each tenant's days are reckoned. A tenant that moves is reckoned anew from its next month on."""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shards.days import Calendar, Stretch, month_after
from shards.shard import Tx

FALLBACK: Final = "America/Sao_Paulo"


def calendar(tx: Tx, tenant: str) -> Calendar | None:
    """The tenant's days, None while nothing of it was ever counted."""
    found = tuple(
        Stretch(date.fromisoformat(from_day) if from_day else date.min, ZoneInfo(name))
        for from_day, name in tx.rows(
            "SELECT from_day, time_zone FROM billing_zones WHERE tenant = ? ORDER BY from_day", (tenant,)
        )
    )
    return Calendar(found) if found else None


def usable(time_zone: str) -> str:
    """The name, or the fallback for one that no clock knows."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return FALLBACK
    return time_zone


def keep(tx: Tx, tenant: str, time_zone: str) -> tuple[Calendar, bool]:
    """Note in which zone the tenant is now; its days, and whether they are known for the first time.

    A zone that differs holds from the first day of the next month: days that were counted stay as they are.
    """
    name = usable(time_zone)
    known = calendar(tx, tenant)
    if known is None:
        tx.run("INSERT INTO billing_zones (tenant, from_day, time_zone) VALUES (?, '', ?)", (tenant, name))
        return Calendar.of(name), True
    if known.stretches[-1].zone.key == name:
        return known, False
    coming = month_after(known.day_of(tx.now)).isoformat()
    tx.run("DELETE FROM billing_zones WHERE tenant = ? AND from_day >= ?", (tenant, coming))
    rest = calendar(tx, tenant)
    assert rest is not None
    if rest.stretches[-1].zone.key != name:
        tx.run("INSERT INTO billing_zones (tenant, from_day, time_zone) VALUES (?, ?, ?)", (tenant, coming, name))
    changed = calendar(tx, tenant)
    assert changed is not None
    return changed, False
