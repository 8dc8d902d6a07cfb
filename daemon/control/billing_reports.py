"""A month's usage by plan, its revenue, cost and margin, and corrections of the ledger."""

from datetime import timedelta
from functools import partial
from typing import Final

import attrs

from daemon.billing import invoicing
from daemon.billing.invoicing import Terms
from daemon.billing.periods import Period
from daemon.billing.plans import readings
from daemon.billing.pricing import Cost, cost
from daemon.billing.report import TenantMonth, report
from daemon.control.billing_call import changed, in_json, only, terms, today
from daemon.control.billing_shapes import (
    CorrectionIn,
    CorrectionOut,
    MeterOut,
    MonthQuery,
    ReportOut,
    ReportPage,
    ReportQuery,
    TenantUsageOut,
    UnpricedOut,
)
from daemon.control.call import Answer, Call, Route, dump, listed
from daemon.control.leads import CSV, to_csv, wants_csv
from daemon.control.queries import NoQuery
from shards.central import corrections, daily, dunning, invoices, plans, prices, subscriptions, tenants
from shards.central.dunning import Step
from shards.central.plans import METERS
from shards.shard import Tx

MOST_UNPRICED: Final = 500


async def usage(call: Call) -> Answer:
    query: MonthQuery = call.query
    tenant, settings = only(call, query.tenant), terms(call)

    def read(tx: Tx) -> tuple[list[TenantUsageOut], str | None]:
        rows = [tenants.one(tx, tenant)] if tenant else tenants.page(tx, after=query.after, limit=query.limit + 1)
        steps = dunning.steps(tx)
        shown = [_month(tx, row.id, query.month, settings, steps.get(row.id)) for row in rows[: query.limit]]
        return shown, rows[query.limit - 1].id if len(rows) > query.limit else None

    found, more = await call.services.central.read(read)
    collector = call.services.collector
    if collector is not None:
        found = [
            attrs.evolve(
                one,
                answered_by=collector.standings.of(one.tenant),
                reason=collector.standings.reason(one.tenant),
            )
            for one in found
        ]
    return listed(found, more)


def _month(tx: Tx, tenant: str, month: str, settings: Terms, step: Step | None) -> TenantUsageOut:
    day = invoicing.today(tx, tenant, settings)
    period = Period.parse(month) if month else Period.of(day)
    change = subscriptions.on(tx, tenant, min(day, period.end - timedelta(days=1)))
    plan = plans.get(tx, change.plan, change.version) if change is not None and change.plan is not None else None
    read = readings(daily.used(tx, tenant, period.first, period.end))
    meters = []
    for meter in METERS:
        said = plan.meters.get(meter) if plan is not None else None
        meters.append(
            MeterOut(
                meter=meter,
                used=read[meter],
                included=said.included if said else None,
                hard_limit=said.hard_limit if said else None,
            )
        )
    return TenantUsageOut(
        tenant=tenant,
        month=period.label,
        plan=plan.id if plan else None,
        version=plan.version if plan else None,
        meters=tuple(meters),
        answered_by="full",
        reason="",
        dunning=step.stage if step else "current",
    )


async def show_report(call: Call) -> Answer:
    query: ReportQuery = call.query
    last = Period.of(today(call).replace(day=1) - timedelta(days=1))
    period = Period.parse(query.month) if query.month else last
    server_cost = call.services.server_cost_centavos()
    costs, billed = await call.services.central.read(partial(_costs, period=period))
    lines = report(period.label, costs, billed, server_cost)
    items = [in_json(line, ReportOut) for line in lines]
    if wants_csv(query.format, call.request.headers.get("Accept", "")):
        headers = (("Content-Disposition", f'attachment; filename="showroomd-{period.label}.csv"'),)
        return Answer(body=to_csv(items, ReportOut), content_type=CSV, headers=headers)
    unpriced = [in_json(one, UnpricedOut, tenant=tenant) for tenant, found in costs.items() for one in found.unpriced]
    page = ReportPage(
        month=period.label,
        items=tuple(items),
        total=_total(period.label, lines),
        unpriced=tuple(unpriced[:MOST_UNPRICED]),
    )
    return Answer(body=dump(page))


def _costs(tx: Tx, period: Period) -> tuple[dict[str, Cost], dict[str, tuple[int, int]]]:
    """Everyone who is here, used something or was billed in the month."""
    billed = invoices.billed(tx, period.label)
    book = prices.book(tx)
    everyone = sorted({*tenants.ids(tx), *daily.tenants(tx, period.first, period.end), *billed})
    return {one: cost(daily.sums(tx, one, period.first, period.end), book) for one in everyone}, billed


def _total(month: str, lines: tuple[TenantMonth, ...]) -> ReportOut:
    sums = {
        one.name: sum(getattr(line, one.name) for line in lines)
        for one in attrs.fields(ReportOut)
        if one.name not in ("tenant", "month")
    }
    return ReportOut(tenant="", month=month, **sums)


async def correct(call: Call) -> Answer:
    body: CorrectionIn = call.body
    settings = terms(call)

    def work(tx: Tx) -> CorrectionOut:
        tenants.one(tx, body.tenant)
        fields = attrs.asdict(body, filter=lambda one, _: one.name not in ("tenant", "at", "reason"))
        at = tx.now_ms if body.at is None else int(body.at.timestamp() * 1000)
        event_id, day = corrections.correct(
            tx,
            body.tenant,
            settings.time_zone,
            {**fields, "at": at},
            reason=body.reason,
            actor=call.actor.audit_name,
        )
        return CorrectionOut(event_id=event_id, tenant=body.tenant, day=day.isoformat())

    return await changed(call, work, lambda made: made, target=body.tenant, audit={"reason": body.reason})


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/billing/usage",
        name="billingUsage",
        tag="billing",
        summary="What each tenant used this month, by its plan's meters, and who answers for it.",
        handler=usage,
        query=MonthQuery,
        answer=TenantUsageOut,
        listed=True,
        reach="list",
    ),
    Route(
        method="GET",
        path="/v1/billing/reports",
        name="billingReport",
        tag="billing",
        summary="Revenue, cost and margin of a month by tenant; JSON or CSV.",
        handler=show_report,
        query=ReportQuery,
        answer=ReportPage,
        also=("text/csv",),
        reach="server",
    ),
    Route(
        method="POST",
        path="/v1/billing/corrections",
        name="correctLedger",
        tag="billing",
        summary="Correct the ledger by a receipt of its own; nothing that is there is changed.",
        handler=correct,
        query=NoQuery,
        status=201,
        body=CorrectionIn,
        answer=CorrectionOut,
        reach="server",
        admin_only=True,
        action="ledger.correct",
        keeps_in_central=True,
    ),
)
