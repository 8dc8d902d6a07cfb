"""Drawing and issuing invoices, as functions of an open transaction of central."""

from datetime import UTC, date, datetime, timedelta

from attrs import frozen

from daemon.billing import invoice, pix
from daemon.billing.periods import Period, months
from daemon.billing.pix import Pix
from daemon.billing.proration import segments
from shards.central import daily, invoices, plans, subscriptions, tenants, zones
from shards.central.invoices import Draft, Invoice
from shards.central.subscriptions import SubscriptionChange
from shards.days import Calendar
from shards.errors import Invalid
from shards.shard import Tx


@frozen(kw_only=True)
class Terms:
    """What the operator's settings say of invoices."""

    issuer: str = ""
    pix_key: str = ""
    pix_name: str = ""
    pix_city: str = ""
    due_days: int = 10
    draft_hours: float = 24.0
    time_zone: str = zones.FALLBACK  # of the operator's own days, and of tenants of which nothing was counted yet


@frozen
class Due:
    """A month of a tenant that is over and has no invoice."""

    tenant: str
    period: Period


def calendar_of(tx: Tx, tenant: str, terms: Terms) -> Calendar:
    """The tenant's days."""
    return zones.calendar(tx, tenant) or Calendar.of(terms.time_zone)


def today(tx: Tx, tenant: str, terms: Terms) -> date:
    """Which day it is for the tenant."""
    return calendar_of(tx, tenant, terms).day_of(tx.now)


def due(tx: Tx, terms: Terms) -> list[Due]:
    """Every month that is over, had a plan and was never begun to be billed (void ones were), oldest first."""
    found: list[Due] = []
    for tenant in subscriptions.tenants(tx):
        calendar = calendar_of(tx, tenant, terms)
        changes = _changes(tx, tenant, calendar)
        current = Period.of(calendar.day_of(tx.now))
        last = current if changes[-1].plan is not None else min(current, Period.of(changes[-1].day))
        known = invoices.periods(tx, tenant)
        found += [
            Due(tenant, period)
            for period in months(Period.of(changes[0].day), last)
            if period.label not in known and period < current and segments(period, changes)
        ]
    return sorted(found, key=lambda one: (one.period, one.tenant))


def draw(tx: Tx, tenant: str, period: Period, terms: Terms) -> str:
    """Draw the tenant's invoice for a month, or draw its draft anew; the invoice's id.

    Raises `Conflict` when it is issued and `Invalid` for a month without a plan or that is not over.
    """
    calendar = calendar_of(tx, tenant, terms)
    if calendar.start(period.end) > tx.now:
        raise Invalid(f"{period.label} is not over for {tenant!r}", "wait for its end", path="period")
    cut = segments(period, _changes(tx, tenant, calendar)) if subscriptions.changes(tx, tenant) else ()
    if not cut and period.label not in invoices.periods(tx, tenant):
        raise Invalid(f"{tenant!r} had no plan in {period.label}", "choose another month", path="period")
    known = {(one.plan, one.version): plans.get(tx, one.plan, one.version) for one in cut}
    lines = invoice.lines(period, cut, known, lambda one: daily.used(tx, tenant, one.first, one.end))
    name, _ = tenants.billed_as(tx, tenant)
    draft = Draft(
        tenant=tenant,
        period=period.label,
        first_day=period.first,
        end_day=period.end,
        start=calendar.start(period.first),
        end=calendar.start(period.end),
        time_zone=calendar.zone_on(period.first).key,
        tenant_name=name,
        lines=lines,
    )
    return invoices.draw(tx, draft)


def issue(tx: Tx, id_: str, terms: Terms) -> Invoice:
    """Draw a draft a last time, number and freeze it; one of nothing is paid at once. Raises `Conflict`, `NotFound`."""
    found = invoices.get(tx, id_)
    draw(tx, found.tenant, Period.parse(found.period), terms)
    number, total = invoices.next_number(tx), invoices.get(tx, id_).total_centavos
    txid = f"FATURA{number:06}"
    invoices.issue(
        tx,
        id_,
        number=number,
        due_day=today(tx, found.tenant, terms) + timedelta(days=terms.due_days),
        txid=txid,
        pix=_pix(terms, total, txid),
        issuer=terms.issuer,
    )
    if total == 0:
        invoices.set_state(tx, id_, "paid", "nothing is owed")
    return invoices.get(tx, id_)


def is_ripe(draft: Invoice, now: datetime, terms: Terms) -> bool:
    """Whether a draft has been there for the operator to look at for long enough."""
    return now >= max(draft.end, draft.drawn_at) + timedelta(hours=terms.draft_hours)


def _pix(terms: Terms, total_centavos: int, txid: str) -> str:
    if not terms.pix_key or total_centavos <= 0:
        return ""
    return pix.encode(
        Pix(
            key=terms.pix_key,
            name=terms.pix_name or terms.issuer,
            city=terms.pix_city,
            amount_centavos=total_centavos,
            txid=txid,
        )
    )


def _changes(tx: Tx, tenant: str, calendar: Calendar) -> list[SubscriptionChange]:
    """The tenant's changes; one that was deleted has no plan from the day after on."""
    changes = subscriptions.changes(tx, tenant)
    _, deleted_at = tenants.billed_as(tx, tenant)
    if deleted_at is None or not changes:
        return changes
    gone = calendar.day_of(datetime.fromtimestamp(deleted_at / 1000, UTC)) + timedelta(days=1)
    end = SubscriptionChange(seq=changes[-1].seq + 1, tenant=tenant, day=gone, plan=None, version=None)
    return [one for one in changes if one.day < gone] + [end]
