"""The latest whole copy of every file, in `copies/`: rounds over what changed, one file at a time, paced."""

from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio
from attrs import define, field, frozen

from daemon.backup.disk import DiskFloor
from daemon.clock import Now
from daemon.logs import get_logger
from shards.directory import ShardDirectory
from shards.errors import ShardError, ShardMissing, StorageFull
from shards.shard import Shard, Tx
from shards.snapshot import Snapshot

FOLDER: Final = "copies"
SCRATCH: Final = "copying"
"""Where copies grow: what stands in `copies/` is whole at any instant."""
TICK_SECONDS: Final = 5.0
SHARE: Final = 4
"""A round that took long is followed by a pause so many times as long, whatever the interval says."""
LATE_ROUNDS: Final = 3
CREDIT_SECONDS: Final = 0.5
"""Time without copying (checking, syncing) that may be made up for."""
SLACK_SECONDS: Final = 2.0
"""A file whose time is less than this behind its copy's may have changed after it."""

Progress = Callable[[str, int], None]
"""Told of each file that is copied or found up to date: its tenant ("" is central), and bytes."""

_log = get_logger("copies")


@define
class Round:
    """What a round did."""

    copied: int = 0
    bytes: int = 0
    seconds: float = 0.0
    failed: dict[str, str] = field(factory=dict)


@frozen
class Paths:
    """Where the files and their copies are."""

    data_dir: Path

    def copy(self, tenant: str) -> Path:
        """The copy of a tenant's file; "" is central."""
        return self.data_dir / FOLDER / (f"shards/{tenant}.db" if tenant else "central.db")

    def scratch(self, tenant: str) -> Path:
        """Where that copy grows."""
        return self.data_dir / SCRATCH / f"{tenant or '+central'}.db"


class Copies:
    """Makes the copies. `run` as a task; `round` from anywhere, one at a time."""

    def __init__(
        self,
        *,
        central: Shard,
        directory: ShardDirectory,
        floor: DiskFloor,
        interval_seconds: float,
        bytes_per_second: float,
        trouble: Callable[[str], None],
        show_age: Callable[[float], None],
        now: Now,
    ) -> None:
        """`trouble` gets a sentence while copies fail or are late, "" otherwise; `show_age` gets seconds."""
        self._central = central
        self._directory = directory
        self._floor = floor
        self._interval = interval_seconds
        self._pace = bytes_per_second
        self._paid_until = float("-inf")
        self._trouble = trouble
        self._show_age = show_age
        self._now = now
        self.paths = Paths(directory.data_dir)
        self._central_writes = -1
        self._central_since: float | None = None
        self._compared = False
        self._lock = trio.Lock()
        # of its own: the writers' threads are not for this
        self._limiter = trio.CapacityLimiter(1)
        self.last: Round | None = None

    @property
    def age_seconds(self) -> float:
        """How long ago the oldest change was made that is in no copy yet; 0 when there is none."""
        since = list(self._directory.written.values())
        if self._central_since is not None:
            since.append(self._central_since)
        return max(0.0, trio.current_time() - min(since)) if since else 0.0

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """A round every interval, until cancelled; longer apart when there is much to copy."""
        task_status.started()
        due = trio.current_time() + self._interval
        while True:
            await trio.sleep(min(TICK_SECONDS, max(0.05, due - trio.current_time())))
            self._look_at_central()
            self._show_age(self.age_seconds)
            if trio.current_time() < due:
                continue
            try:
                await self.round()
            except ShardError as error:
                self.last = Round(failed={"anything": str(error)})
                _log.warning("round_failed", reason=str(error))
            spent = self.last.seconds if self.last is not None else 0.0
            due = trio.current_time() + max(self._interval, SHARE * spent)
            self._judge()

    def _look_at_central(self) -> None:
        if self._central.writes != self._central_writes and self._central_since is None:
            self._central_since = trio.current_time()

    def _judge(self) -> None:
        failed = self.last.failed if self.last is not None else {}
        age = self.age_seconds
        if self._floor.low:
            self._trouble("")  # the floor's own sentence says it
        elif failed:
            name, reason = next(iter(failed.items()))
            more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
            self._trouble(f"no new copy of {name}{more}: {reason}")
        elif age > LATE_ROUNDS * self._interval:
            self._trouble(f"the oldest change that is in no copy is {age / 60:.0f} minutes old")
        else:
            self._trouble("")

    async def round(self, *, tenants: Collection[str] | None = None, progress: Progress | None = None) -> Round:
        """Copy what changed (of `tenants`, or of all), central last: it holds at least what the copied shards hold.

        Files that fail are named in the result, and their earlier copies stay. Raises `StorageFull` when free
        space is below the floor. May be cancelled between two steps; then the earlier copy stays.
        """
        async with self._lock:
            began = trio.current_time()
            result = Round()
            await self._floor.look()
            if self._floor.low:
                raise StorageFull("there is no room for copies", "free some space")
            known = await self._central.read(_tenants)
            await self._compare(known)
            wanted = sorted(known if tenants is None else known & set(tenants))
            for tenant in wanted:
                if tenant in self._directory.written or not self.paths.copy(tenant).exists():
                    await self._one(tenant, result)
                if progress is not None:
                    progress(tenant, _size(self.paths.copy(tenant)))
            await self._copy_central(result)
            if progress is not None:
                progress("", _size(self.paths.copy("")))
            if tenants is None:
                await trio.to_thread.run_sync(self._prune, known, limiter=self._limiter)
                for gone in self._directory.written.keys() - known:
                    del self._directory.written[gone]
            result.seconds = trio.current_time() - began
            self.last = result
            _log.info("copied", files=result.copied, bytes=result.bytes, seconds=round(result.seconds, 2))
            return result

    async def tenants(self) -> frozenset[str]:
        """The tenants that are copied."""
        return await self._central.read(_tenants)

    def has(self, tenant: str) -> bool:
        """Whether there is a copy, be it an old one ("central.db" is central)."""
        return self.paths.copy("" if tenant == "central.db" else tenant).exists()

    async def _compare(self, known: Collection[str]) -> None:
        """Once after the start: which files changed since their copies were made, by their times."""
        if not self._compared:
            changed = await trio.to_thread.run_sync(self._stale, known, limiter=self._limiter)
            for tenant in changed:
                self._directory.written.setdefault(tenant, trio.current_time())
            self._compared = True

    def _stale(self, known: Collection[str]) -> list[str]:
        found = []
        for tenant in known:
            path, copy = self._directory.path(tenant), self.paths.copy(tenant)
            times = [_time(path), _time(path.with_name(path.name + "-wal"))]
            if not copy.exists() or max(times) > _time(copy) - SLACK_SECONDS:
                found.append(tenant)
        return found

    async def _one(self, tenant: str, result: Round) -> None:
        # forgotten before it is read: what is written from here on may or may not be in this copy
        since = self._directory.written.pop(tenant, None)
        try:
            async with self._directory.handle(tenant).kept_open() as path:
                await self._copy(tenant, path, result)
        except ShardMissing as error:
            self._failed(tenant, error, result)
        except (ShardError, OSError) as error:
            self._again(tenant, since)
            self._failed(tenant, error, result)
        except trio.Cancelled:
            self._again(tenant, since)
            raise

    def _again(self, tenant: str, since: float | None) -> None:
        if since is not None:
            self._directory.written[tenant] = since

    async def _copy_central(self, result: Round) -> None:
        self._look_at_central()
        writes, since = self._central.writes, self._central_since
        if writes == self._central_writes and self.paths.copy("").exists():
            return
        self._central_since = None
        try:
            await self._copy("", self._central.path, result)
        except (ShardError, OSError) as error:
            self._central_since = since
            self._failed("central.db", error, result)
        else:
            self._central_writes = writes

    def _failed(self, name: str, error: Exception, result: Round) -> None:
        result.failed[name] = str(error)
        _log.warning("copy_failed", file=name, reason=str(error))

    async def _copy(self, tenant: str, path: Path, result: Round) -> None:
        """One file, step by step, not faster than the pace. Leaves nothing behind when it fails or is cancelled."""
        size = (await trio.to_thread.run_sync(path.stat, limiter=self._limiter)).st_size
        if not self._floor.room(size):
            raise StorageFull(f"a copy of {path.name} needs {size >> 20} MB more than there is room for", "free space")
        target, scratch = self.paths.copy(tenant), self.paths.scratch(tenant)
        snapshot = await self._in_thread(partial(Snapshot.begin, path, scratch))
        try:
            while step := await self._in_thread(snapshot.step):
                self._paid_until = max(self._paid_until, trio.current_time() - CREDIT_SECONDS) + step / self._pace
                await trio.sleep_until(self._paid_until)
            result.bytes += await self._in_thread(partial(snapshot.finish, target))
        except BaseException:
            with trio.CancelScope(shield=True):
                await self._in_thread(snapshot.abandon)
            raise
        result.copied += 1

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await trio.to_thread.run_sync(work, limiter=self._limiter)

    def _prune(self, known: Collection[str]) -> None:
        """Copies of tenants that were deleted go: what they left is in `deleted/`."""
        for path in (self.paths.data_dir / FOLDER / "shards").glob("*.db"):
            if path.stem not in known and not self._directory.path(path.stem).exists():
                path.unlink(missing_ok=True)


def _tenants(tx: Tx) -> frozenset[str]:
    return frozenset(id_ for (id_,) in tx.rows("SELECT id FROM tenants WHERE state IN ('active', 'suspended')"))


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
