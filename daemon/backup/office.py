"""Copies, backup sets and restores behind the control API (`daemon.control.backup_ports.Backups`)."""

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import trio
from attrs import define, field

from daemon.backup.copies import Copies
from daemon.backup.disk import MIB, DiskFloor
from daemon.backup.reconcile import reconcile
from daemon.backup.restore import ASIDE, Restoring
from daemon.backup.sets import FOLDER as BACKUPS
from daemon.backup.sets import BackupSets
from daemon.billing.rollup import Rollup
from daemon.control.backup_ports import BackupDetail, BackupReport, CopyReport, ReconcileLine, RestoreReport
from daemon.errors import ShowroomError
from daemon.tenants.reception import Reception
from daemon.tenants.service import TenantService
from daemon.tenants.supervisor import Supervisor
from daemon.tenants.surroundings import Surroundings
from shards.directory import ShardDirectory
from shards.errors import Invalid, NotFound, ShardError, ShardUnavailable
from shards.shard import Shard

T = TypeVar("T")

INCOMING: Final = "incoming"
"""Where a command puts a file that the daemon is to take."""
READABLE: Final = ("copies", BACKUPS, INCOMING, ASIDE, "deleted")
"""Folders of the data directory whose files may be restored and adopted."""


@define(eq=False)
class _Errand:
    """Work that goes on when the one who asked for it goes away."""

    work: Callable[[], Coroutine[Any, Any, Any]]
    done: trio.Event = field(factory=trio.Event)
    value: Any = None
    error: Exception | None = None


class BackupOffice:
    """The one implementation of `Backups`. `run` as a task: without it nothing is made."""

    def __init__(
        self,
        *,
        central: Shard,
        directory: ShardDirectory,
        service: TenantService,
        copies: Copies,
        sets: BackupSets,
        restoring: Restoring,
    ) -> None:
        self._central = central
        self._directory = directory
        self._service = service
        self._copies = copies
        self._sets = sets
        self._restoring = restoring
        self._data_dir = directory.data_dir
        self._errands, self._wanted = trio.open_memory_channel[_Errand](64)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Make sets, restore and adopt as asked, until cancelled; what is past its decision then is finished first."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._sets.run)
            task_status.started()
            async for errand in self._wanted:
                nursery.start_soon(self._carry_out, errand)

    async def _carry_out(self, errand: _Errand) -> None:
        try:
            errand.value = await errand.work()
        except (ShardError, ShowroomError, OSError) as error:
            errand.error = error
        finally:
            if errand.value is None and errand.error is None:
                errand.error = ShardUnavailable("the daemon is stopping", "ask again when it runs")
            errand.done.set()

    async def _ask(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        errand = _Errand(work)
        await self._errands.send(errand)
        await errand.done.wait()
        if isinstance(errand.error, OSError):
            raise ShardUnavailable(f"the disk does not do it ({errand.error.strerror})", "check its space and modes")
        if errand.error is not None:
            raise errand.error
        value: T = errand.value
        return value

    async def copy_now(self) -> CopyReport:
        """Copy every file that changed, now. Raises `StorageFull` below the floor."""
        made = await self._ask(self._copies.round)
        return CopyReport(
            copied=made.copied,
            bytes=made.bytes,
            seconds=round(made.seconds, 3),
            failed=made.failed,
            age_seconds=round(self._copies.age_seconds, 3),
        )

    async def begin(self, tenant: str | None) -> BackupReport:
        """Begin a set; it is made in the background."""
        if tenant is not None:
            await self._service.row(tenant)
        return await self._sets.begin(tenant)

    async def sets(self) -> list[BackupReport]:
        """All sets, newest first."""
        return await self._sets.all()

    async def one(self, id_: str) -> BackupDetail:
        """One set and its files."""
        return await self._sets.one(id_)

    async def remove(self, id_: str) -> None:
        """Remove a set."""
        await self._sets.remove(id_)

    async def source(self, *, backup: str, file: str, tenant: str) -> Path:
        """The file that is meant: `tenant`'s in the set `backup`, or `file` below the data directory."""
        if bool(backup) == bool(file):
            raise Invalid("either a backup or a file must be named", "give one of the two", path="file")
        work = partial(self._sets.file, backup, tenant) if backup else partial(self._named, file)
        return await trio.to_thread.run_sync(work, limiter=self._directory.limiter)

    def _named(self, file: str) -> Path:
        try:
            path = (self._data_dir / file).resolve()
            inside = path.relative_to(self._data_dir.resolve())
        except (ValueError, OSError):
            inside = Path()
        if inside.parts[:1] == () or inside.parts[0] not in READABLE:
            raise Invalid(
                "the file must be in a folder of the data directory",
                f"put it into {INCOMING}/, or name one in {', '.join(READABLE)}",
                path="file",
            )
        if not path.is_file():
            raise Invalid(f"there is no file {inside} in the data directory", "check its name", path="file")
        return path

    async def restore(self, tenant: str, source: Path) -> RestoreReport:
        """Put a file in the place of the tenant's."""
        return await self._ask(partial(self._restoring.restore, tenant, source))

    async def adopt(self, source: Path) -> RestoreReport:
        """Take a tenant over from another server."""
        return await self._ask(partial(self._restoring.adopt, source))

    async def reconcile(self, tenant: str) -> list[ReconcileLine]:
        """Compare receipts, of one tenant or of all ("")."""
        if tenant:
            await self._service.row(tenant)
            return [await reconcile(self._central, self._directory, tenant)]
        lines, after = [], ""
        while page := await self._service.rows(after=after, limit=500):
            after = page[-1].id
            for row in page:
                try:
                    lines.append(await reconcile(self._central, self._directory, row.id))
                except NotFound:
                    continue  # deleted meanwhile
        return lines


def build(
    around: Surroundings,
    *,
    central: Shard,
    service: TenantService,
    supervisor: Supervisor,
    reception: Reception,
    rollup: Rollup,
    floor: DiskFloor,
    trouble: Callable[[str], None],
) -> tuple[Copies, BackupOffice]:
    """The copier and the office on it; both are to be run. `trouble` is told of copies that fail."""
    storage = around.config.storage
    copies = Copies(
        central=central,
        directory=around.directory,
        floor=floor,
        interval_seconds=storage.copy_every_seconds,
        bytes_per_second=storage.copy_mb_per_second * MIB,
        trouble=trouble,
        show_age=around.metrics.copy_age,
        now=around.now,
    )
    sets = BackupSets(copies, around.data_dir, keep=storage.keep_backups, publish=around.events.publish, now=around.now)
    restoring = Restoring(
        central=central,
        directory=around.directory,
        service=service,
        supervisor=supervisor,
        reception=reception,
        sealer=around.sealer,
        roll_up=rollup.drain,
        account=around.receipts,
        now=around.now,
    )
    around.metrics.sample_gauge("disk_low", "1 while there is no room for files and copies.", lambda: floor.low)
    around.metrics.sample_gauge("disk_free_bytes", "Free space under the data directory.", lambda: floor.free)
    office = BackupOffice(
        central=central,
        directory=around.directory,
        service=service,
        copies=copies,
        sets=sets,
        restoring=restoring,
    )
    return copies, office
