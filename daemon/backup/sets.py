"""Dated sets in `backups/`: hard links to the copies of one moment, customers' files, and a manifest."""

import os
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio
from attrs import define, evolve, field

from daemon import __version__
from daemon.backup import manifest as manifests
from daemon.backup.copies import FOLDER as COPIES
from daemon.backup.copies import Copies
from daemon.backup.manifest import PARTIAL, SET_ID, BackupBroken, Manifest
from daemon.clock import Now
from daemon.control.backup_ports import BackupDetail, BackupFile, BackupReport
from daemon.errors import ShowroomError
from daemon.logs import get_logger
from shards.errors import Conflict, NotFound, ShardError, ShardUnavailable
from shards.inspection import facts
from shards.snapshot import sync

FOLDER: Final = "backups"
TELL_SECONDS: Final = 1.0
"""Between two events of one backup's progress."""

_log = get_logger("backup")


@define
class _Job:
    """A set that is being made, or that could not be."""

    report: BackupReport
    told_at: float = -TELL_SECONDS
    seen: set[str] = field(factory=set)


class BackupSets:
    """Makes the sets one after the other, in its `run` task; keeps the newest `keep` of each kind."""

    def __init__(
        self,
        copies: Copies,
        data_dir: Path,
        *,
        keep: int,
        publish: Callable[[str, Mapping[str, Any]], None],
        now: Now,
    ) -> None:
        self._copies = copies
        self._data_dir = data_dir
        self._root = data_dir / FOLDER
        self._keep = keep
        self._publish = publish
        self._now = now
        self._jobs: dict[str, _Job] = {}
        self._given: set[str] = set()  # ids of this second: a set may be carried away within it
        self._queue, self._wanted = trio.open_memory_channel[str](8)
        self._limiter = trio.CapacityLimiter(1)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Make what is asked for, until cancelled; a set that is not done then is removed at the next start."""
        await self._in_thread(self._sweep)
        task_status.started()
        async for id_ in self._wanted:
            job = self._jobs[id_]
            try:
                await self._make(job)
            except (ShardError, ShowroomError, OSError) as error:
                job.report = evolve(job.report, state="failed", error=str(error), ended_at=self._now())
                _log.warning("backup_failed", id=id_, reason=str(error))
                await self._in_thread(partial(shutil.rmtree, self._partial(id_), ignore_errors=True))
            else:
                del self._jobs[id_]
            self._tell(job, always=True)

    def _sweep(self) -> None:
        for path in self._root.glob(f"*{PARTIAL}") if self._root.is_dir() else ():
            shutil.rmtree(path, ignore_errors=True)

    def _partial(self, id_: str) -> Path:
        return self._root / f"{id_}{PARTIAL}"

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await trio.to_thread.run_sync(work, limiter=self._limiter)

    # Asking

    async def begin(self, tenant: str | None) -> BackupReport:
        """Begin a set; it is made by `run`. Raises `Conflict` when too many wait."""
        taken = {report.id for report in await self.all()} | self._given
        now = self._now()
        report = BackupReport(
            id=manifests.set_id(now, tenant, taken),
            state="running",
            tenant=tenant,
            started_at=now,
            ended_at=None,
            done=0,
            total=0,
            bytes=0,
            error="",
            folder="",
        )
        try:
            self._queue.send_nowait(report.id)
        except trio.WouldBlock:
            raise Conflict("other backups are being made", "wait until they are done") from None
        for id_ in [id_ for id_, job in self._jobs.items() if job.report.state == "failed"][:-8]:
            del self._jobs[id_]
        self._jobs[report.id] = _Job(report)
        self._given = {report.id, *(id_ for id_ in self._given if id_[:15] == report.id[:15])}
        return report

    async def all(self) -> list[BackupReport]:
        """Every set, newest first; those that are being made and the last that failed too."""
        made: list[Manifest] = await self._in_thread(self._manifests)
        reports = {manifest.id: self._report(manifest) for manifest in made}
        reports |= {id_: job.report for id_, job in self._jobs.items()}
        return sorted(reports.values(), key=lambda report: (report.started_at, report.id), reverse=True)

    async def one(self, id_: str) -> BackupDetail:
        """One set and its files. Raises `NotFound`."""
        if (job := self._jobs.get(id_)) is not None:
            return BackupDetail(backup=job.report, files=(), media_files=0, media_bytes=0)
        manifest: Manifest = await self._in_thread(partial(self._manifest, id_))
        return BackupDetail(
            backup=self._report(manifest),
            files=manifest.files,
            media_files=manifest.media_files,
            media_bytes=manifest.media_bytes,
        )

    async def remove(self, id_: str) -> None:
        """Remove a set that is made. Raises `NotFound`, `Conflict`."""
        if (job := self._jobs.get(id_)) is not None and job.report.state == "running":
            raise Conflict(f"the backup {id_} is being made", "wait until it is done")
        if self._jobs.pop(id_, None) is None:
            await self._in_thread(partial(self._manifest, id_))
            await self._in_thread(partial(self._remove, id_))

    def file(self, id_: str, tenant: str) -> Path:
        """A tenant's file in a set. Raises `NotFound`. Blocks a little: it reads a manifest."""
        manifest = self._manifest(id_)
        for file in manifest.files:
            if file.kind == "tenant" and file.tenant == tenant:
                return self._root / id_ / file.path
        raise NotFound(f"the backup {id_} has no file of {tenant}", "choose another backup")

    def _manifests(self) -> list[Manifest]:
        found = []
        for path in sorted(self._root.iterdir()) if self._root.is_dir() else ():
            if SET_ID.fullmatch(path.name):
                try:
                    found.append(manifests.read(path))
                except BackupBroken as error:
                    _log.warning("backup_unreadable", id=path.name, reason=str(error))
        return found

    def _manifest(self, id_: str) -> Manifest:
        if not SET_ID.fullmatch(id_) or not (self._root / id_).is_dir():
            raise NotFound(f"there is no backup {id_!r}", "list the backups to find the id")
        try:
            return manifests.read(self._root / id_)
        except BackupBroken as error:
            raise ShardUnavailable(error.what, error.remedy) from error

    def _report(self, manifest: Manifest) -> BackupReport:
        return BackupReport(
            id=manifest.id,
            state="done",
            tenant=manifest.tenant,
            started_at=manifest.started_at,
            ended_at=manifest.ended_at,
            done=len(manifest.files),
            total=len(manifest.files),
            bytes=manifest.bytes,
            error="",
            folder=str(self._root / manifest.id),
        )

    # Making

    async def _make(self, job: _Job) -> None:
        report = job.report
        only = None if report.tenant is None else [report.tenant]
        known = await self._copies.tenants()
        job.report = evolve(report, total=(len(known) if only is None else 1) + 1)
        self._tell(job, always=True)
        folder = self._partial(report.id)
        done = await self._copies.round(tenants=only, progress=partial(self._progress, job))
        if lacking := {name: why for name, why in done.failed.items() if not self._copies.has(name)}:
            name, why = next(iter(lacking.items()))
            raise ShardUnavailable(f"there is no copy of {name} ({why})", "mend that one, then back up again")
        await self._in_thread(partial(self._link, folder, only))
        files = []
        for path in await self._in_thread(partial(_databases, folder)):
            files.append(await self._in_thread(partial(manifests.described, folder, path)))
        media_files, media_bytes = await self._in_thread(partial(self._link_media, folder, files))
        manifest = Manifest(
            id=report.id,
            version=__version__,
            tenant=report.tenant,
            started_at=report.started_at,
            ended_at=self._now(),
            files=tuple(files),
            media_files=media_files,
            media_bytes=media_bytes,
        )
        await self._in_thread(partial(self._keep_set, folder, manifest))
        job.report = self._report(manifest)
        _log.info("backed_up", id=manifest.id, files=len(files), bytes=manifest.bytes)

    def _progress(self, job: _Job, tenant: str, size: int) -> None:
        job.report = evolve(job.report, done=job.report.done + 1, bytes=job.report.bytes + size)
        self._tell(job)

    def _tell(self, job: _Job, *, always: bool = False) -> None:
        at = trio.current_time()
        if always or at - job.told_at >= TELL_SECONDS:
            job.told_at = at
            report = job.report
            self._publish(
                "backup",
                {
                    "backup": report.id,
                    "state": report.state,
                    "done": report.done,
                    "total": report.total,
                    "bytes": report.bytes,
                    "error": report.error,
                },
            )

    def _link(self, folder: Path, only: list[str] | None) -> None:
        """Central last, then whatever tenant it knows that was made meanwhile: nobody is left out."""
        copies = self._data_dir / COPIES
        (folder / "shards").mkdir(mode=0o700, parents=True)
        names = sorted(path.name for path in (copies / "shards").glob("*.db"))
        for name in names:
            if only is None or name.removesuffix(".db") in only:
                link(copies / "shards" / name, folder / "shards" / name)
        if only is None:
            link(copies / "central.db", folder / "central.db")
            for tenant in facts(folder / "central.db").tenants:
                target = folder / "shards" / f"{tenant}.db"
                if not target.exists() and (copy := copies / "shards" / f"{tenant}.db").exists():
                    link(copy, target)

    def _link_media(self, folder: Path, files: list[BackupFile]) -> tuple[int, int]:
        count = size = 0
        for tenant in sorted(file.tenant for file in files if file.kind == "tenant"):
            root = self._data_dir / "media" / tenant
            for path in sorted(root.glob("[0-9a-f][0-9a-f]/*")) if root.is_dir() else ():
                target = folder / "media" / tenant / path.parent.name / path.name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                try:
                    link(path, target)
                except FileNotFoundError:
                    continue  # its time was over meanwhile
                count, size = count + 1, size + target.stat().st_size
        return count, size

    def _keep_set(self, folder: Path, manifest: Manifest) -> None:
        manifests.write(folder, manifest)
        sync(folder / "shards")
        sync(folder)
        folder.replace(self._root / manifest.id)
        sync(self._root)
        prune(self._root, self._keep, manifest.tenant)

    def _remove(self, id_: str) -> None:
        remove_set(self._root, id_)


def link(source: Path, target: Path) -> None:
    """The same bytes under another name; copied where the file system knows no links. Raises `OSError`."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)
        sync(target)


def _databases(folder: Path) -> list[str]:
    shards = sorted(f"shards/{path.name}" for path in (folder / "shards").glob("*.db"))
    return [*(["central.db"] if (folder / "central.db").exists() else []), *shards]


def prune(root: Path, keep: int, tenant: str | None) -> list[str]:
    """Remove the oldest sets (of all tenants, or of that one) beyond `keep`; their ids. Blocks."""
    ids = sorted(path.name for path in root.iterdir() if SET_ID.fullmatch(path.name))
    mine = [id_ for id_ in ids if id_.partition("-of-")[2] == (tenant or "")]
    gone = mine[: max(0, len(mine) - keep)]
    for id_ in gone:
        remove_set(root, id_)
    return gone


def remove_set(root: Path, id_: str) -> None:
    """Remove one, so that half of it is never taken for a set. Blocks. Raises `OSError`."""
    doomed = root / f"{id_}{PARTIAL}"
    (root / id_).replace(doomed)
    shutil.rmtree(doomed, ignore_errors=True)
