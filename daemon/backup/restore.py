"""Restoring one tenant while the others run, and taking one over from another server."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import trio
from attrs import asdict

from daemon.backup import rebirth
from daemon.backup.rebirth import Reborn
from daemon.channels.media import media_path
from daemon.clock import Now
from daemon.control.backup_ports import LostMessageReport, LostReport, RestoreReport
from daemon.logs import get_logger
from daemon.sealing import Sealer
from daemon.tenants import routing
from daemon.tenants.reception import Reception
from daemon.tenants.service import TenantService
from daemon.tenants.supervisor import Supervisor
from shards import restore as files
from shards.central import ledger, tenants
from shards.directory import ShardDirectory
from shards.errors import Conflict, Invalid, ShardCorrupt, ShardError, ShardTooNew, ShardUnavailable
from shards.inspection import facts
from shards.restore import Lost, Present
from shards.shard import Shard, Tx
from shards.snapshot import stage
from shards.tenant.profile import TenantProfile
from shards.tenant.tombstones import Tombstone

T = TypeVar("T")

ASIDE: Final = "aside"
"""Where files go that were restored over: nothing is destroyed."""
WHY: Final = "is being restored"

_log = get_logger("restore")


class _HalfWay(ShardUnavailable):
    """Decided, but not done: the tenant must not run on what is there now."""


class Restoring:
    """Restores and adoptions. Each is shielded from the moment the tenant is stopped until it runs again."""

    def __init__(
        self,
        *,
        central: Shard,
        directory: ShardDirectory,
        service: TenantService,
        supervisor: Supervisor,
        reception: Reception,
        sealer: Sealer,
        roll_up: Callable[[str], Awaitable[object]],
        account: Callable[[str], None],
        now: Now,
    ) -> None:
        """`roll_up(tenant)` brings all of its receipts to central now; `account(tenant)` says there will be some."""
        self._central = central
        self._directory = directory
        self._service = service
        self._supervisor = supervisor
        self._reception = reception
        self._sealer = sealer
        self._roll_up = roll_up
        self._account = account
        self._now = now
        self._data_dir = directory.data_dir

    async def restore(self, tenant: str, source: Path) -> RestoreReport:
        """Put the file `source` in the place of the tenant's. The tenant stops for it, the others do not notice.

        Raises `NotFound` for an unknown tenant, `Conflict` for another tenant's file, `ShardUnavailable` for one
        that is damaged or too new: then nothing has changed. May be cancelled until the tenant is stopped.
        """
        await self._service.row(tenant)
        async with self._service.change(tenant):
            row = await self._service.row(tenant)
            folder = await self._in_thread(partial(files.begin, self._data_dir, tenant))
            try:
                staged = folder / "shard.db"
                found = await self._staged(source, staged)
                rebirth.expect(found, tenant)
                await self._central.read(partial(_free_for, tenant=tenant, profile=found))
                with trio.CancelScope(shield=True):
                    report = await self._exchange(tenant, folder, staged, running=row.state == "active")
            except BaseException:
                with trio.CancelScope(shield=True):
                    await self._in_thread(partial(files.abandon, folder))
                raise
        await self._supervisor.tried(tenant)
        _log.info("restored", tenant=tenant, epoch=report.epoch, kept_aside=report.kept_aside)
        return report

    async def _exchange(self, tenant: str, folder: Path, staged: Path, *, running: bool) -> RestoreReport:
        may_start = running
        try:
            async with self._reception.held(tenant):
                await self._supervisor.stop(tenant)
                await self._save_receipts(tenant)
                async with self._directory.shut(tenant, WHY) as path:
                    report, media = await self._swap(tenant, folder, staged, path)
                self._directory.written.setdefault(tenant, trio.current_time())
                await self._service.learn(tenant)
        except _HalfWay:
            may_start = False
            raise
        finally:
            if may_start:
                self._supervisor.start(tenant)
        self._account(tenant)
        if not running:
            await self._replay(tenant)
        await self._in_thread(partial(_remove, [media_path(self._data_dir / "media", tenant, one) for one in media]))
        return report

    async def _save_receipts(self, tenant: str) -> None:
        """What the present file has not told central yet, opt-outs and erasures among it."""
        try:
            await self._roll_up(tenant)
        except ShardError as error:
            _log.warning("receipts_not_saved", tenant=tenant, reason=str(error))

    async def _replay(self, tenant: str) -> None:
        try:
            await self._reception.replay(tenant)
        except ShardError as error:
            _log.warning("still_parked", tenant=tenant, reason=str(error))

    async def _swap(self, tenant: str, folder: Path, staged: Path, path: Path) -> tuple[RestoreReport, tuple[str, ...]]:
        """With the tenant's file closed: compare, prepare, decide, move, and let central know."""
        present = await self._present(path, staged)
        reborn = await self._reborn(tenant, staged, present)
        aside = f"{ASIDE}/{tenant}-{self._now().astimezone(UTC):%Y%m%dT%H%M%SZ}-{reborn.epoch[:4]}"
        moves = [(f"shards/{path.name}{log}", f"{aside}/{path.name}{log}") for log in ("", *files.LOGS)]
        moves.append((f"{files.FOLDER}/{tenant}{files.READY}/{staged.name}", f"shards/{path.name}"))
        ready = await self._in_thread(partial(files.decide, folder, moves, {"tenant": tenant}))
        await self._finish(ready)
        try:
            await self._central.write(partial(routing.reroute, profile=reborn.profile))
        except ShardError as error:  # the tenant's start mends it
            _log.warning("route_not_restored", tenant=tenant, reason=str(error))
        report = _report(reborn, aside, present)
        await self._in_thread(partial(_keep_report, self._data_dir / aside, report))
        await self._in_thread(partial(files.done, ready))
        return report, reborn.media

    async def _finish(self, ready: Path) -> None:
        """Make the moves, or none of them."""
        try:
            await self._in_thread(partial(files.finish, self._data_dir, ready))
        except OSError as error:
            try:
                undone = await self._in_thread(partial(files.undo, self._data_dir, ready))
            except OSError:
                undone = False
            if undone:
                raise ShardUnavailable(
                    f"the files could not be exchanged ({error.strerror})", "check the disk and their mode"
                ) from error
            raise _HalfWay(
                f"the files could not be exchanged ({error.strerror})", "mend the disk and restart: that finishes it"
            ) from error

    async def _present(self, path: Path, staged: Path) -> Present | None:
        """What the file has that is about to go; None when it cannot be read."""
        try:
            await self._in_thread(partial(files.fold, path))
            return await self._in_thread(
                partial(files.compare, path, staged, int(self._now().timestamp() * 1000), rebirth.CARRIED)
            )
        except ShardUnavailable as error:
            _log.warning("present_file_unreadable", file=path.name, reason=str(error))
            return None

    async def _reborn(self, tenant: str, staged: Path, present: Present | None) -> Reborn:
        known = [Tombstone(*row) for row in await self._central.read(partial(ledger.graves, tenant=tenant))]
        work = partial(
            rebirth.begin_again,
            graves=known,
            keyed_hash=partial(self._sealer.keyed_hash, tenant),
            held=present.held if present is not None else (),
            facts=present.facts if present is not None else {},
        )
        return await self._in_thread(partial(files.prepare, staged, "tenant", work, self._now()))

    async def _staged(self, source: Path, staged: Path) -> TenantProfile:
        """Copy the file to where it is prepared, checked and migrated; whose it is. Raises `Invalid`."""
        try:
            await self._in_thread(partial(stage, source, staged))
            if (await self._in_thread(partial(facts, staged))).kind != "tenant":
                raise Invalid(f"{source.name} is a copy of central.db", "name a copy of a tenant's file", path="file")
            return await self._in_thread(partial(files.prepare, staged, "tenant", rebirth.who, self._now()))
        except (ShardCorrupt, ShardTooNew) as error:
            raise Invalid(error.what.replace(str(staged), source.name), error.remedy, path="file") from error

    # Adopting

    async def adopt(self, source: Path) -> RestoreReport:
        """Take over the tenant whose file `source` is: its rows, its routes, its usage.

        Raises `Conflict` when its id, its number or a file of its name is there already, `Invalid`,
        `ShardUnavailable`: then nothing has changed.
        """
        folder = await self._in_thread(partial(files.begin, self._data_dir, f"+adopting-{id(source):x}"))
        try:
            staged = folder / "shard.db"
            profile = await self._staged(source, staged)
            async with self._service.change(profile.id):
                with trio.CancelScope(shield=True):
                    report = await self._take_over(profile, folder, staged)
        except BaseException:
            with trio.CancelScope(shield=True):
                await self._in_thread(partial(files.abandon, folder))
            raise
        await self._supervisor.tried(profile.id)
        _log.info("adopted", tenant=profile.id, epoch=report.epoch)
        return report

    async def _take_over(self, profile: TenantProfile, folder: Path, staged: Path) -> RestoreReport:
        tenant, path = profile.id, self._directory.path(profile.id)
        await self._central.write(partial(_reserve, profile=profile))
        try:
            if path.exists():
                raise Conflict(f"there is a file {path.name} already", "move it away first")
            reborn = await self._reborn(tenant, staged, None)
            moves = [(f"{files.FOLDER}/{_ready(folder)}/{staged.name}", f"shards/{path.name}")]
            ready = await self._in_thread(partial(files.decide, folder, moves, {"tenant": tenant}))
        except (ShardError, OSError):
            await self._central.write(partial(tenants.forget_reservation, tenant=tenant))
            raise
        await self._finish(ready)
        await self._central.write(partial(tenants.set_state, tenant=tenant, state="active"))
        await self._in_thread(partial(files.done, ready))
        self._directory.written.setdefault(tenant, trio.current_time())
        await self._service.learn(tenant)
        self._supervisor.start(tenant)
        self._account(tenant)
        return _report(reborn, "", Present())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(work, limiter=self._directory.limiter)


def finish_all(data_dir: Path) -> list[dict[str, Any]]:
    """Before anything is opened: finish the restores that a crash cut off, forget those that were not decided.

    Central follows when the tenants start. Blocks. Raises `ShardCorrupt`, `OSError`.
    """
    finished = []
    for ready in files.unfinished(data_dir):
        about = files.finish(data_dir, ready)
        files.done(ready)
        _log.warning("restore_finished", **about)
        finished.append(about)
    return finished


def _ready(folder: Path) -> str:
    return folder.name.removesuffix(files.PREPARING) + files.READY


def _free_for(tx: Tx, tenant: str, profile: TenantProfile) -> None:
    """Raises `Conflict` when the number of the old profile leads to another tenant by now."""
    number, _ = routing.leads(profile)
    owner = tenants.by_phone_number_id(tx, number) if number else None
    if owner not in (None, tenant):
        raise Conflict(
            f"the number {number} in this file leads to {owner!r} now",
            "change that tenant's number, then restore again",
        )


def _reserve(tx: Tx, profile: TenantProfile) -> None:
    tenants.reserve(tx, profile.id, profile.name)
    routing.route(tx, profile)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _keep_report(folder: Path, report: RestoreReport) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = json.dumps(asdict(report), ensure_ascii=False, indent=1, default=str)
    (folder / "report.json").write_text(document, "utf-8")


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _report(reborn: Reborn, aside: str, present: Present | None) -> RestoreReport:
    lost = present.lost if present is not None else Lost()
    return RestoreReport(
        tenant=reborn.profile.id,
        epoch=reborn.epoch,
        restored_at=_moment(reborn.at_ms),
        last_message_at=None if reborn.last_message_at is None else _moment(reborn.last_message_at),
        kept_aside=aside,
        unknown_sends=reborn.unknown_sends,
        handed_over=reborn.handed_over,
        opted_out=reborn.opted_out,
        opted_in=reborn.opted_in,
        erased=reborn.erased,
        lost=LostReport(
            known=present is not None,
            received=lost.received,
            sent=lost.sent,
            conversations=lost.conversations,
            contacts=lost.contacts,
            leads=lost.leads,
            appointments=lost.appointments,
            messages=tuple(
                LostMessageReport(
                    id=one.id,
                    network_id=one.network_id,
                    direction=one.direction,
                    conversation=one.conversation,
                    at=_moment(one.at),
                )
                for one in lost.messages
            ),
        ),
    )
