"""Usage: what a tenant consumed, from its own receipts; what all did, from central."""

from datetime import datetime, timedelta
from typing import Final

from daemon.control.call import Answer, Call, Route, dump
from daemon.control.problems import refuse
from daemon.control.queries import LedgerQuery, UsageQuery
from daemon.control.shapes import UsageOut, UsagePage
from daemon.control.strict import FieldFault
from shards.central import views as central_views
from shards.tenant import tables

USUAL_PERIOD: Final = timedelta(days=30)


def _period(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    until = end or now
    since = start or until - USUAL_PERIOD
    if since >= until:
        raise refuse(
            422, "the request has fields that cannot be taken", FieldFault("query.from", "must be before `to`")
        )
    return since, until


async def tenant_usage(call: Call) -> Answer:
    query: UsageQuery = call.query
    since, until = _period(query.start, query.end, call.services.now())
    lines = await call.shard.read(
        lambda tx: tables.usage(tx, start=since, end=until, conversation_id=query.conversation)
    )
    return Answer(body=dump(UsageOut(tenant=call.tenant, start=since, end=until, items=tuple(lines))))


async def all_usage(call: Call) -> Answer:
    query: LedgerQuery = call.query
    since, until = _period(query.start, query.end, call.services.now())
    only = call.actor.tenant or query.tenant
    if query.tenant not in ("", only):
        raise refuse(403, "this token is bound to another tenant")
    lines, more = await call.services.central.read(
        lambda tx: central_views.usage(tx, start=since, end=until, tenant=only, after=query.after, limit=query.limit)
    )
    return Answer(body=dump(UsagePage(start=since, end=until, items=tuple(lines), next=more)))


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/tenants/{t}/usage",
        name="getTenantUsage",
        tag="usage",
        summary="What the tenant consumed, by kind, provider and model; at once.",
        handler=tenant_usage,
        query=UsageQuery,
        answer=UsageOut,
    ),
    Route(
        method="GET",
        path="/v1/usage",
        name="listUsage",
        tag="usage",
        summary="What all tenants consumed, as central has it; `limit` counts tenants.",
        handler=all_usage,
        query=LedgerQuery,
        answer=UsagePage,
        reach="list",
    ),
)
