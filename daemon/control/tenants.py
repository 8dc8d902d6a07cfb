"""Tenants and their tasks: adding, changing, suspending, showing."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from daemon.control.auth import Actor
from daemon.control.call import Answer, Call, Route, dump, listed, plain
from daemon.control.ports import TenantReport, TenantRow
from daemon.control.problems import refuse
from daemon.control.queries import NoQuery, PageQuery
from daemon.control.rules import RULES
from daemon.control.shapes import (
    ChannelOut,
    Nothing,
    SuspendIn,
    TaskOut,
    TenantIn,
    TenantLine,
    TenantOut,
    TenantState,
)
from daemon.control.strict import FieldFault, structure
from shards.errors import ShardUnavailable
from shards.shard import Tx
from shards.tenant.profile import ChannelProfile, TenantProfile

TOKEN_FIELD: Final = "channel.access_token"  # noqa: S105 - the name of a field


def check_tenant(document: Any) -> tuple[TenantProfile, Mapping[str, str | None]]:
    """The profile and the secrets of a tenant's JSON, checked whole. Raises `BadRequestBody`.

    A secret that is not named is left alone, one that is null is removed.
    """
    made = structure(document, TenantIn, RULES)
    if made.channel.kind == "cloud" and not made.channel.phone_number_id:
        raise refuse(
            422,
            "the request has fields that cannot be taken",
            FieldFault("channel.phone_number_id", "is required for a cloud channel"),
        )
    values = {one.name: getattr(made, one.name) for one in attrs.fields(TenantProfile)}
    channel = {one.name: getattr(made.channel, one.name) for one in attrs.fields(ChannelProfile)}
    profile = TenantProfile(**{**values, "channel": ChannelProfile(**channel)})
    named = isinstance(document.get("channel"), dict) and "access_token" in document["channel"]
    return profile, {TOKEN_FIELD: made.channel.access_token} if named else {}


def merged(stored: Any, patch: Any) -> Any:
    """RFC 7396: objects are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(stored) if isinstance(stored, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def show(profile: TenantProfile, row: TenantRow, report: TenantReport, *, token_set: bool) -> TenantOut:
    """A tenant as it goes out."""
    return TenantOut(
        id=profile.id,
        name=profile.name,
        state=report.state,
        reason=report.reason,
        retry_at=report.retry_at,
        created_at=row.created_at,
        time_zone=profile.time_zone,
        address=profile.address,
        phone=profile.phone,
        channel=ChannelOut(
            kind=profile.channel.kind,
            phone_number_id=profile.channel.phone_number_id,
            waba_id=profile.channel.waba_id,
            access_token_set=token_set,
        ),
        assistant=profile.assistant,
        stock_feed=profile.stock_feed,
    )


async def _shown(call: Call, tenant: str) -> TenantOut:
    tenancy = call.services.tenancy
    row = await tenancy.row(tenant)
    profile = await tenancy.profile(tenant)
    secrets = await tenancy.secret_names(tenant)
    return show(profile, row, tenancy.report(tenant), token_set=TOKEN_FIELD in secrets)


async def create(call: Call) -> Answer:
    profile, secrets = check_tenant(call.body)
    given = {name: value for name, value in secrets.items() if value is not None}

    def render(tx: Tx, tenant: str) -> bytes:
        row = TenantRow(id=tenant, name=profile.name, state="active", reason="", created_at=tx.now)
        report = TenantReport(state="active")
        return dump(show(profile, row, report, token_set=bool(given)))

    await call.services.tenancy.create(profile, given, request=call.to_store(render))
    out = await _shown(call, profile.id)
    headers = (("Location", f"/v1/tenants/{profile.id}"),)
    detail = {"name": profile.name, "channel": profile.channel.kind, "secrets": sorted(given)}
    return Answer(body=dump(out), headers=headers, target=profile.id, audit=detail)


async def listing(call: Call) -> Answer:
    query: PageQuery = call.query
    tenancy, bound = call.services.tenancy, call.actor.tenant
    if bound is not None:
        rows = [await tenancy.row(bound)] if query.after < bound else []
    else:
        rows = await tenancy.rows(after=query.after, limit=query.limit + 1)
    reports = tenancy.all_reports()
    lines = [_line(row, reports.get(row.id)) for row in rows[: query.limit]]
    return listed(lines, lines[-1].id if len(rows) > query.limit else None)


def _line(row: TenantRow, report: TenantReport | None) -> TenantLine:
    return TenantLine(
        id=row.id,
        name=row.name,
        state=report.state if report else row.state,
        reason=report.reason if report else row.reason,
        created_at=row.created_at,
    )


async def get(call: Call) -> Answer:
    try:
        return Answer(body=dump(await _shown(call, call.tenant)))
    except ShardUnavailable as error:  # its file cannot be read: why not is what is asked for
        row, report = await call.services.tenancy.row(call.tenant), call.services.tenancy.report(call.tenant)
        report = report if report.reason else attrs.evolve(report, state="failed", reason=str(error))
        known = TenantProfile(id=row.id, name=row.name)  # all that central has of it
        return Answer(body=dump(show(known, row, report, token_set=False)))


async def change(call: Call) -> Answer:
    tenancy = call.services.tenancy
    if not isinstance(call.body, dict):
        raise refuse(422, "a tenant is changed by an object", FieldFault("", "must be an object"))
    stored = await tenancy.profile(call.tenant)
    document = merged(plain(stored), call.body)
    channel_patch = call.body.get("channel")
    if isinstance(channel_patch, dict) and channel_patch.get("access_token", "") is None:
        document["channel"]["access_token"] = None  # null removes a secret: here it must stay visible
    profile, secrets = check_tenant(document)
    if profile.id != call.tenant:
        raise refuse(422, "a tenant keeps its id", FieldFault("id", f"must be {call.tenant!r}, or be left out"))
    await tenancy.update(profile, secrets)
    detail = {"fields": sorted(call.body), "secrets": sorted(secrets)}
    return Answer(body=dump(await _shown(call, call.tenant)), audit=detail)


async def delete(call: Call) -> Answer:
    await call.services.tenancy.delete(call.tenant)
    return Answer()


async def suspend(call: Call) -> Answer:
    body: SuspendIn = call.body
    stored = call.to_store(_state_of("suspended", body.reason))
    report = await call.services.tenancy.suspend(call.tenant, body.reason, request=stored)
    return _state(call.tenant, report, {"reason": body.reason})


async def resume(call: Call) -> Answer:
    report = await call.services.tenancy.resume(call.tenant, request=call.to_store(_state_of("active", "")))
    return _state(call.tenant, report)


async def restart(call: Call) -> Answer:
    return _state(call.tenant, await call.services.tenancy.restart(call.tenant))


def _state_of(state: str, reason: str) -> Any:
    return lambda _tx, tenant: dump(TenantState(id=tenant, state=state, reason=reason, retry_at=None))


def _state(tenant: str, report: TenantReport, audit: Mapping[str, Any] | None = None) -> Answer:
    out = TenantState(id=tenant, state=report.state, reason=report.reason, retry_at=report.retry_at)
    return Answer(body=dump(out), audit=audit or {})


async def tenant_tasks(call: Call) -> Answer:
    await call.services.tenancy.row(call.tenant)
    return listed(_tasks(call.tenant, call.services.tenancy.report(call.tenant)), None)


async def all_tasks(call: Call) -> Answer:
    query: PageQuery = call.query
    reports = call.services.tenancy.all_reports()
    names = sorted(name for name in reports if name > query.after and _sees(call.actor, name))
    tasks = [task for name in names[: query.limit] for task in _tasks(name, reports[name])]
    return listed(tasks, names[query.limit - 1] if len(names) > query.limit else None)


def _sees(actor: Actor, tenant: str) -> bool:
    return actor.tenant in (None, tenant)


def _tasks(tenant: str, report: TenantReport) -> list[TaskOut]:
    return [
        TaskOut(
            tenant=tenant,
            name=task.name,
            state=task.state,
            since=task.since,
            reason=task.reason,
            retry_at=task.retry_at,
        )
        for task in report.tasks
    ]


_ONE: Final = "/v1/tenants/{t}"

ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/tenants",
        name="createTenant",
        tag="tenants",
        summary="Add a dealership; it is running when the answer comes.",
        handler=create,
        query=NoQuery,
        status=201,
        body=TenantIn,
        merge_patch=True,
        answer=TenantOut,
        reach="server",
        action="tenant.create",
        keeps_in_central=True,
        conflicts=True,
    ),
    Route(
        method="GET",
        path="/v1/tenants",
        name="listTenants",
        tag="tenants",
        summary="The dealerships, by id.",
        handler=listing,
        query=PageQuery,
        answer=TenantLine,
        listed=True,
        reach="list",
    ),
    Route(
        method="GET",
        path=_ONE,
        name="getTenant",
        tag="tenants",
        summary="One dealership: profile, state and reason.",
        handler=get,
        query=NoQuery,
        answer=TenantOut,
    ),
    Route(
        method="PATCH",
        path=_ONE,
        name="changeTenant",
        tag="tenants",
        summary="Merge changes into the profile (RFC 7396: null removes); the result is checked as a whole.",
        handler=change,
        query=NoQuery,
        body=TenantIn,
        merge_patch=True,
        answer=TenantOut,
        action="tenant.change",
        conflicts=True,
    ),
    Route(
        method="DELETE",
        path=_ONE,
        name="deleteTenant",
        tag="tenants",
        summary="Stop it and move its files aside; nothing is destroyed.",
        handler=delete,
        query=NoQuery,
        status=204,
        reach="server",
        action="tenant.delete",
    ),
    Route(
        method="POST",
        path=f"{_ONE}/suspend",
        name="suspendTenant",
        tag="tenants",
        summary="Stop answering; what customers write is still stored.",
        handler=suspend,
        query=NoQuery,
        body=SuspendIn,
        body_optional=True,
        answer=TenantState,
        reach="server",
        action="tenant.suspend",
        keeps_in_central=True,
    ),
    Route(
        method="POST",
        path=f"{_ONE}/resume",
        name="resumeTenant",
        tag="tenants",
        summary="Answer again.",
        handler=resume,
        query=NoQuery,
        body=Nothing,
        body_optional=True,
        answer=TenantState,
        reach="server",
        action="tenant.resume",
        keeps_in_central=True,
        conflicts=True,
    ),
    Route(
        method="POST",
        path=f"{_ONE}/restart",
        name="restartTenant",
        tag="tenants",
        summary="Stop and start the tenant's tasks.",
        handler=restart,
        query=NoQuery,
        body=Nothing,
        body_optional=True,
        answer=TenantState,
        action="tenant.restart",
        keeps_in_central=True,
        conflicts=True,
    ),
    Route(
        method="GET",
        path=f"{_ONE}/tasks",
        name="listTenantTasks",
        tag="tasks",
        summary="The tenant's living tasks.",
        handler=tenant_tasks,
        query=NoQuery,
        answer=TaskOut,
        listed=True,
    ),
    Route(
        method="GET",
        path="/v1/tasks",
        name="listTasks",
        tag="tasks",
        summary="The living tasks of all tenants; `limit` counts tenants.",
        handler=all_tasks,
        query=PageQuery,
        answer=TaskOut,
        listed=True,
        reach="list",
    ),
)
