"""From tenant id to open shard: opening on demand, closing when idle, never more than the limit."""

import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Self, TypeVar

import trio
from attrs import define, field

from shards.errors import Invalid, ShardUnavailable
from shards.memory import SpareMemory
from shards.shard import Shard, Tx, utc_now

T = TypeVar("T")

IDLE_SECONDS: Final = 60.0
SWEEP_SECONDS: Final = 15.0
FOLDERS: Final = {"tenant": "shards", "session": "sessions"}
"""Where the files of each kind stand, below the data directory."""
TENANT_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")


def check_tenant_id(tenant: str) -> str:
    """The id itself if it may name a tenant and its file. Raises `Invalid`."""
    if not TENANT_ID.fullmatch(tenant):
        raise Invalid(
            f"{tenant!r} is not a tenant id",
            "use 2 to 63 of a-z, 0-9 and '-', beginning with a letter or digit",
            path="id",
        )
    return tenant


@define(eq=False)
class _Slot:
    """One tenant's place in the directory, open or closed."""

    opening: trio.Lock = field(factory=trio.Lock)
    shard: Shard | None = None
    users: int = 0
    last_used: float = 0.0


class ShardDirectory:
    """All files of a kind in a data directory, one a tenant, at most `limit` of them open. One a kind and process."""

    def __init__(
        self,
        data_dir: Path,
        *,
        kind: Literal["tenant", "session"] = "tenant",
        limiter: trio.CapacityLimiter,
        limit: int = 1024,
        now: Callable[[], datetime] = utc_now,
        before_migration: Callable[[Path], None] | None = None,
        spare: SpareMemory | None = None,
    ) -> None:
        """`kind` names folder (`FOLDERS`) and migrations; directories of one process share `spare`."""
        self.data_dir = data_dir
        self.kind: Final = kind
        self.limiter = limiter
        self._limit = limit
        self._now = now
        self._before_migration = before_migration
        self._spare = spare or SpareMemory()
        self.written: dict[str, float] = {}
        """Tenants with writes since their last copy, and when (the loop's clock) the first was; the copier's."""
        self._slots: dict[str, _Slot] = {}
        self._shut: dict[str, str] = {}
        self._open: OrderedDict[str, _Slot] = OrderedDict()  # least recently used first
        self._closed_commits = self._closed_writes = 0
        self._freed = trio.Event()  # set and replaced whenever a slot loses its last user

    def path(self, tenant: str) -> Path:
        """Where the tenant's file is, or would be. Raises `Invalid`."""
        return self.data_dir / FOLDERS[self.kind] / f"{check_tenant_id(tenant)}.db"

    @property
    def open_count(self) -> int:
        """How many shards are open now."""
        return len(self._open)

    @property
    def commits(self) -> int:
        """Transactions of all shards since the start."""
        return self._closed_commits + sum(slot.shard.commits for slot in self._open.values() if slot.shard)

    @property
    def writes(self) -> int:
        """Writes of all shards since the start; several may share one commit."""
        return self._closed_writes + sum(slot.shard.writes for slot in self._open.values() if slot.shard)

    def handle(self, tenant: str) -> "ShardHandle":
        """The one way to a tenant's rows. Opens nothing yet. Raises `Invalid`."""
        check_tenant_id(tenant)
        return ShardHandle(self, tenant)

    async def create(self, tenant: str) -> "ShardHandle":
        """Make the tenant's empty, migrated file if it is not there. Raises `ShardUnavailable`."""
        await self._borrow(tenant, create=True)
        self._give_back(tenant)
        return self.handle(tenant)

    async def _borrow(self, tenant: str, *, create: bool = False) -> Shard:
        """The open shard, which stays open until `_give_back`. Raises `ShardUnavailable`.

        Not a context manager: with one, and a lock in `Shard.glance`, the smallest read took 12 µs instead of 5.
        """
        if tenant in self._shut:
            raise ShardUnavailable(f"the file of {tenant} {self._shut[tenant]}", "try again in a moment")
        slot = self._slots.get(tenant)
        if slot is None:
            slot = self._slots[tenant] = _Slot()
        slot.users += 1
        if slot.shard is not None:
            self._open.move_to_end(tenant)
            return slot.shard
        try:
            async with slot.opening:
                return slot.shard or await self._open_slot(tenant, slot, create=create)
        except BaseException:
            self._give_back(tenant)
            raise

    def _give_back(self, tenant: str) -> None:
        slot = self._slots[tenant]
        slot.users -= 1
        slot.last_used = trio.current_time()
        if not slot.users:
            if slot.shard is None and not slot.opening.locked():
                del self._slots[tenant]
            self._freed.set()
            self._freed = trio.Event()

    async def _open_slot(self, tenant: str, slot: _Slot, *, create: bool) -> Shard:
        await self._make_room()
        self._open[tenant] = slot
        try:
            path = self.path(tenant)
            with trio.CancelScope(shield=True):
                slot.shard = opened = await trio.to_thread.run_sync(self._opened, path, create, limiter=self.limiter)
            return opened
        finally:
            if slot.shard is None:
                del self._open[tenant]

    def _opened(self, path: Path, create: bool) -> Shard:
        """In a worker thread. A new file is its owner's alone; SQLite gives the log beside it the same mode."""
        if create:
            with suppress(OSError):  # SQLite fails at the same, and its error is translated
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.touch(mode=0o600)
        return Shard.open(
            path,
            self.kind,
            create=create,
            limiter=self.limiter,
            now=self._now,
            before_migration=self._before_migration,
        )

    async def _make_room(self) -> None:
        while len(self._open) >= self._limit:
            idle = next((tenant for tenant, slot in self._open.items() if self._closable(slot)), None)
            if idle is not None:
                await self._close(idle)
            else:
                await self._freed.wait()

    def _closable(self, slot: _Slot) -> bool:
        return slot.shard is not None and not slot.users

    async def _close(self, tenant: str) -> None:
        slot = self._open.pop(tenant)
        shard, slot.shard = slot.shard, None
        assert shard is not None
        self._closed_commits += shard.commits
        self._closed_writes += shard.writes
        with trio.CancelScope(shield=True):
            async with slot.opening:  # who comes meanwhile waits here, and opens the file anew
                await trio.to_thread.run_sync(shard.close, limiter=self.limiter)
        self._spare.left()
        if not slot.users:
            self._slots.pop(tenant, None)

    async def release(self, tenant: str) -> None:
        """Close the tenant's file now (before a move or a restore). Waits until nobody uses it."""
        while (slot := self._slots.get(tenant)) is not None:
            if self._closable(slot):
                await self._close(tenant)
            elif slot.shard is not None or slot.users:
                await self._freed.wait()
            elif slot.opening.locked():  # another is still closing it
                async with slot.opening:
                    pass
            else:
                return

    @asynccontextmanager
    async def shut(self, tenant: str, why: str) -> AsyncIterator[Path]:
        """Keep the tenant's file closed, to exchange it. Waits until nobody uses it; may be cancelled meanwhile.

        Whoever asks for it is told `why` ("is being restored") by a `ShardUnavailable`.
        """
        self._shut[check_tenant_id(tenant)] = why
        try:
            await self.release(tenant)
            yield self.path(tenant)
        finally:
            del self._shut[tenant]

    async def run(self, *, task_status: trio.TaskStatus[Self] = trio.TASK_STATUS_IGNORED) -> None:
        """Close what was idle for `IDLE_SECONDS`, until cancelled; then close everything."""
        task_status.started(self)
        try:
            while True:
                await trio.sleep(SWEEP_SECONDS)
                horizon = trio.current_time() - IDLE_SECONDS
                for tenant, slot in list(self._open.items()):
                    if self._closable(slot) and slot.last_used <= horizon:
                        await self._close(tenant)
                await self._spare.give_back(self.limiter)
        finally:
            with trio.CancelScope(shield=True):
                for tenant, slot in list(self._open.items()):
                    if self._closable(slot):
                        await self._close(tenant)


class ShardHandle:
    """One tenant's rows and nobody else's. Small; opens the file when it is used."""

    def __init__(self, directory: ShardDirectory, tenant: str) -> None:
        self._directory = directory
        self.tenant = tenant

    async def write(self, work: Callable[[Tx], T], *, brief: bool = False) -> T:
        """As `Shard.write`."""
        shard = await self._directory._borrow(self.tenant)
        try:
            return await shard.write(work, brief=brief)
        finally:
            self._directory.written.setdefault(self.tenant, trio.current_time())
            self._directory._give_back(self.tenant)

    async def read(self, work: Callable[[Tx], T]) -> T:
        """As `Shard.read`: in a worker thread."""
        shard = await self._directory._borrow(self.tenant)
        try:
            return await shard.read(work)
        finally:
            self._directory._give_back(self.tenant)

    async def glance(self, work: Callable[[Tx], T]) -> T:
        """As `Shard.glance`: in the event loop, point reads only."""
        shard = await self._directory._borrow(self.tenant)
        try:
            return await shard.glance(work)
        finally:
            self._directory._give_back(self.tenant)

    @asynccontextmanager
    async def kept_open(self) -> AsyncIterator[Path]:
        """The file, open as long as somebody copies it. Raises `ShardUnavailable`."""
        shard = await self._directory._borrow(self.tenant)
        try:
            yield shard.path
        finally:
            self._directory._give_back(self.tenant)
