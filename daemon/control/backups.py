"""Copies, backup sets, restores, adoptions, and the comparison of receipts."""

from typing import Final

from attrs import asdict

from daemon.control.backup_ports import (
    BackupDetail,
    BackupReport,
    Backups,
    CopyReport,
    ReconcileLine,
    RestoreReport,
)
from daemon.control.call import Answer, Call, Route, dump, listed
from daemon.control.problems import refuse
from daemon.control.queries import NoQuery, ReconcileQuery
from daemon.control.shapes import AdoptIn, BackupIn, Nothing, RestoreIn
from shards import requests

_NOT_COUNTED: Final = ("tenant", "epoch", "restored_at", "last_message_at", "lost")


def _backups(call: Call) -> Backups:
    if call.services.backups is None:
        raise refuse(501, "this server makes no copies: run `showroomd serve`")
    return call.services.backups


async def _keep(call: Call, body: bytes) -> None:
    """Store the call's Idempotency-Key after its effect, which is in no one transaction."""
    stored = call.to_store(lambda _, __: body)
    if stored is not None:
        await call.services.central.write(lambda tx: requests.store(tx, stored, ""))


async def copy_now(call: Call) -> Answer:
    report = await _backups(call).copy_now()
    body = dump(report)
    await _keep(call, body)
    return Answer(body=body, target="copies", audit={"copied": report.copied, "failed": len(report.failed)})


async def create_backup(call: Call) -> Answer:
    wanted: BackupIn = call.body
    report = await _backups(call).begin(wanted.tenant)
    body = dump(report)
    await _keep(call, body)
    return Answer(body=body, target=report.id, audit={"tenant": wanted.tenant})


async def list_backups(call: Call) -> Answer:
    return listed(list(await _backups(call).sets()), None)


async def one_backup(call: Call) -> Answer:
    return Answer(body=dump(await _backups(call).one(call.args["b"])))


async def remove_backup(call: Call) -> Answer:
    await _backups(call).remove(call.args["b"])
    return Answer(target=call.args["b"])


async def restore_tenant(call: Call) -> Answer:
    wanted: RestoreIn = call.body
    backups = _backups(call)
    source = await backups.source(backup=wanted.backup, file=wanted.file, tenant=call.tenant)
    return await _restored(call, await backups.restore(call.tenant, source), wanted.backup or wanted.file)


async def adopt_tenant(call: Call) -> Answer:
    wanted: AdoptIn = call.body
    backups = _backups(call)
    source = await backups.source(backup="", file=wanted.file, tenant="")
    return await _restored(call, await backups.adopt(source), wanted.file)


async def _restored(call: Call, report: RestoreReport, source: str) -> Answer:
    body = dump(report)
    await _keep(call, body)
    counts = {name: value for name, value in asdict(report, recurse=False).items() if name not in _NOT_COUNTED}
    lost = {"lost_received": report.lost.received, "lost_sent": report.lost.sent}
    return Answer(body=body, target=report.tenant, audit={"from": source, "epoch": report.epoch, **counts, **lost})


async def reconcile(call: Call) -> Answer:
    query: ReconcileQuery = call.query
    return listed(list(await _backups(call).reconcile(query.tenant)), None)


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/copies",
        name="copyNow",
        tag="backups",
        summary="Bring `copies/` up to date now, instead of at the next round.",
        handler=copy_now,
        query=NoQuery,
        body=Nothing,
        body_optional=True,
        answer=CopyReport,
        reach="server",
        admin_only=True,
        action="copies.make",
        keeps_in_central=True,
    ),
    Route(
        method="POST",
        path="/v1/backups",
        name="createBackup",
        tag="backups",
        summary="Begin a dated backup set; follow it with `GET /v1/backups/{b}` or the `backup` events.",
        handler=create_backup,
        query=NoQuery,
        status=201,
        body=BackupIn,
        body_optional=True,
        answer=BackupReport,
        reach="server",
        admin_only=True,
        action="backup.create",
        keeps_in_central=True,
        conflicts=True,
    ),
    Route(
        method="GET",
        path="/v1/backups",
        name="listBackups",
        tag="backups",
        summary="The backup sets, newest first; those under way too.",
        handler=list_backups,
        query=NoQuery,
        answer=BackupReport,
        listed=True,
        reach="server",
        admin_only=True,
    ),
    Route(
        method="GET",
        path="/v1/backups/{b}",
        name="getBackup",
        tag="backups",
        summary="One backup set and its files.",
        handler=one_backup,
        query=NoQuery,
        answer=BackupDetail,
        reach="server",
        admin_only=True,
    ),
    Route(
        method="DELETE",
        path="/v1/backups/{b}",
        name="deleteBackup",
        tag="backups",
        summary="Remove a backup set.",
        handler=remove_backup,
        query=NoQuery,
        status=204,
        reach="server",
        admin_only=True,
        action="backup.delete",
        conflicts=True,
    ),
    Route(
        method="POST",
        path="/v1/tenants/{t}/restore",
        name="restoreTenant",
        tag="backups",
        summary="Put an older file in the place of the tenant's, which is kept aside; nothing old is sent or answered.",
        handler=restore_tenant,
        query=NoQuery,
        body=RestoreIn,
        answer=RestoreReport,
        reach="server",
        admin_only=True,
        action="tenant.restore",
        keeps_in_central=True,
        conflicts=True,
    ),
    Route(
        method="POST",
        path="/v1/adoptions",
        name="adoptTenant",
        tag="backups",
        summary="Take a tenant over from another server: its file, its routes, its usage.",
        handler=adopt_tenant,
        query=NoQuery,
        status=201,
        body=AdoptIn,
        answer=RestoreReport,
        reach="server",
        admin_only=True,
        action="tenant.adopt",
        keeps_in_central=True,
        conflicts=True,
    ),
    Route(
        method="GET",
        path="/v1/reconcile",
        name="reconcile",
        tag="backups",
        summary="Receipts of central against those of the tenants' files; what only central knows, by epoch.",
        handler=reconcile,
        query=ReconcileQuery,
        answer=ReconcileLine,
        listed=True,
        reach="server",
        admin_only=True,
    ),
)
