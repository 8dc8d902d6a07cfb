"""Which plan each tenant has from which day on: dated changes, never rewritten."""

from datetime import date, timedelta
from typing import Any, Final

from attrs import frozen

from shards.central import daily, plans
from shards.errors import Conflict, Invalid, NotFound
from shards.shard import Tx

LONGEST_AGO_DAYS: Final = 366
"""A typing mistake in the year must not make an invoice for every month since."""


@frozen(kw_only=True)
class SubscriptionChange:
    """From `day` on the tenant has this plan, or none. Of one day the last change counts."""

    seq: int
    tenant: str
    day: date
    plan: str | None
    version: int | None
    trial_until: date | None = None  # the first day that is paid for


_COLUMNS: Final = "seq, tenant, day, plan, version, trial_until"


def _change(row: tuple[Any, ...]) -> SubscriptionChange:
    seq, tenant, day, plan, version, trial_until = row
    return SubscriptionChange(
        seq=seq,
        tenant=tenant,
        day=date.fromisoformat(day),
        plan=plan,
        version=version,
        trial_until=None if trial_until is None else date.fromisoformat(trial_until),
    )


def subscribe(tx: Tx, tenant: str, plan: str, day: date, version: int | None = None) -> SubscriptionChange:
    """Start a subscription, or change its plan. The trial of a plan is for tenants that never had one.

    Raises `NotFound` (tenant or plan), `Conflict` for a day that was billed and `Invalid` for one long ago.
    """
    wanted = plans.get(tx, plan, version)
    _check(tx, tenant, day)
    trial_until = _trial(tx, tenant, day, wanted.trial_days)
    return _append(tx, tenant, day, plan, wanted.version, trial_until)


def end(tx: Tx, tenant: str, day: date) -> SubscriptionChange:
    """The tenant has no plan from `day` on. Raises `NotFound` and `Conflict`."""
    _check(tx, tenant, day)
    if on(tx, tenant, day) is None:
        raise Conflict(f"{tenant!r} has no subscription on {day}", "see GET /v1/billing/subscriptions")
    return _append(tx, tenant, day, None, None, None)


def _check(tx: Tx, tenant: str, day: date) -> None:
    if tx.value("SELECT 1 FROM tenants WHERE id = ? AND state <> 'deleted'", (tenant,)) is None:
        raise NotFound(f"there is no tenant {tenant!r}", "list the tenants to find the id")
    if day < tx.now.date() - timedelta(days=LONGEST_AGO_DAYS):
        raise Invalid(f"{day} is more than a year ago", "choose a later day", path="day")
    closed = daily.billed_until(tx, tenant)
    if closed is not None and day < closed:
        raise Conflict(
            f"the days before {closed} were billed to {tenant!r}", "choose a later day, or give a credit note"
        )
    later = tx.value("SELECT max(day) FROM subscription_changes WHERE tenant = ?", (tenant,))
    if later is not None and later > day.isoformat():
        raise Conflict(f"{tenant!r} has a change on {later} already", "choose that day or a later one")


def _trial(tx: Tx, tenant: str, day: date, trial_days: int) -> date | None:
    """A running trial goes on with another plan; a first subscription begins one."""
    before = tx.row(
        "SELECT max(trial_until), count(*) FROM subscription_changes WHERE tenant = ? AND plan IS NOT NULL", (tenant,)
    )
    assert before is not None
    if before[1] == 0:
        return day + timedelta(days=trial_days) if trial_days else None
    return date.fromisoformat(before[0]) if before[0] is not None and before[0] > day.isoformat() else None


def _append(
    tx: Tx, tenant: str, day: date, plan: str | None, version: int | None, trial_until: date | None
) -> SubscriptionChange:
    tx.run(
        "INSERT INTO subscription_changes (tenant, day, plan, version, trial_until, at) VALUES (?, ?, ?, ?, ?, ?)",
        (tenant, day.isoformat(), plan, version, None if trial_until is None else trial_until.isoformat(), tx.now_ms),
    )
    return changes(tx, tenant)[-1]


def changes(tx: Tx, tenant: str) -> list[SubscriptionChange]:
    """All changes of a tenant, in the order in which they count."""
    sql = f"SELECT {_COLUMNS} FROM subscription_changes WHERE tenant = ? ORDER BY day, seq"
    return [_change(row) for row in tx.rows(sql, (tenant,))]


def on(tx: Tx, tenant: str, day: date) -> SubscriptionChange | None:
    """What counts on a day; None without a plan."""
    row = tx.row(
        f"SELECT {_COLUMNS} FROM subscription_changes WHERE tenant = ? AND day <= ?"
        " ORDER BY day DESC, seq DESC LIMIT 1",
        (tenant, day.isoformat()),
    )
    return None if row is None or row[3] is None else _change(row)


def tenants(tx: Tx) -> list[str]:
    """Everyone who ever had a plan, deleted tenants too: their last month is still to be billed."""
    return [tenant for (tenant,) in tx.rows("SELECT DISTINCT tenant FROM subscription_changes ORDER BY tenant")]


def page(tx: Tx, *, tenant: str = "", after: str = "", limit: int = 100) -> tuple[list[SubscriptionChange], str | None]:
    """Changes in the order in which they were made, of one tenant or all, and the cursor of the next page."""
    number = int(after) if after.isascii() and after.isdigit() and len(after) < 16 else 0
    rows = list(
        tx.rows(
            f"SELECT {_COLUMNS} FROM subscription_changes WHERE seq > ?1 AND (?2 = '' OR tenant = ?2)"
            " ORDER BY seq LIMIT ?3",
            (number, tenant, limit + 1),
        )
    )
    found = [_change(row) for row in rows[:limit]]
    return found, str(found[-1].seq) if len(rows) > limit else None
